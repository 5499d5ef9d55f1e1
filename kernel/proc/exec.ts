/*
 * execve: another program in the same process.
 *
 * Idea. Build the new address space completely, beside the old one, and only then change over. While it is built, it is
 * already the task's (segments are read into it and arguments copied with the ordinary user copy functions), but the old
 * one is kept; whatever goes wrong, the task gets it back, and execve fails with an errno like any other call. There is no
 * point of no return before everything is in place.
 *
 *   open the file; scripts: open their interpreter instead (execScript.ts)
 *   copy arguments and environment to kernel memory
 *   check the ELF headers, of an interpreter, too   nothing has changed so far
 *   new address space: load segments, build stack    failure: change back
 *   end the other threads                            no way back
 *   drop the old one; reset signals, close-on-exec, registers
 *
 * The program has one thread, whose number is that of the process; what it shared with other processes (descriptors,
 * signal actions) it now has for itself.
 *
 * @source execve(2).
 */

import { EFAULT, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOMEM } from '../abi/errno.ts';
import { type Elf32Header } from '../abi/elf.ts';
import { NSIG, SIG_DFL, SIG_IGN, SIGCHLD, SIGSEGV } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { fpuInit, fpuRestore } from '../arch/x86/fpu.ts';
import { loadTls } from '../arch/x86/gdt.ts';
import { irqRestore, irqSave } from '../arch/x86/irqFlags.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { USER_CS, USER_DS } from '../arch/x86/segments.ts';
import { EFLAGS_FIXED, EFLAGS_IF, NOT_A_SYSCALL, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { strncpyFromUser } from '../arch/x86/userCopy.ts';
import { type File, getFile, putFile } from '../fs/file.ts';
import { closeOnExec, dupFiles, putFiles } from '../fs/fileTable.ts';
import { kernelRead, openExecutable } from '../fs/open.ts';
import { activateMm } from '../mm/activeMm.ts';
import { createMm, mmput } from '../mm/mm.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { type Mm } from '../mm/types.ts';
import { type ExecArguments } from './execArguments.ts';
import { type ElfImage, loadElf, PIE_BASE, readElf } from './execElf.ts';
import { chooseExecIds, type ExecIds, takeExecIds } from './execIds.ts';
import { closeInterpreter, type Interpreter, loadInterpreter, openInterpreter } from './execInterpreter.ts';
import { buildStack } from './execStack.ts';
import { HEAD_SIZE, isScript, MAX_NESTING, readScript, type Script } from './execScript.ts';
import { becomeOnlyThread, replaceMm } from './exit.ts';
import { deleteAllTimers } from './posixTimers.ts';
import { forceFatalSignal, killSelf } from './signalSend.ts';
import { createHandlers, putHandlers } from './signalState.ts';
import { traceExec } from './ptrace.ts';
import { setName, type Task, userFrame } from './task.ts';
import { lockTasks } from './taskList.ts';

/** Everything that one execve needs, in one block of memory: kernel stacks are small. */
class ExecState {
  /** What the caller wants to run, and what AT_EXECFN tells. */
  path: Ptr<u8>;
  file: File | null;
  head: FixedArray<u8, 256>; // HEAD_SIZE: the file's first bytes, zeroes behind its end
  script: Inline<Script>;
  strings: Inline<ExecArguments>;
  ids: Inline<ExecIds>;
  image: Inline<ElfImage>;
  interpreter: Interpreter | null;
}

/** Where arguments and environment come from: vectors of a program, or (for init) the kernel. */
class ExecSource {
  argv: u32; // user addresses
  envp: u32;
  isKernel: boolean; // argv is the path alone, the environment is the kernel's
}

// ---------------------------------------------------------------------------------------------------------------------
// The file.

/** Opens `path` and reads its first bytes. 0 or -errno. */
function openHead(state: ExecState, path: Ptr<u8>): i32 {
  let file: File | null = null;
  const error = openExecutable(path, ptr<File>(addrOf(file)));
  if (error < 0) return error;
  state.file = file;
  fillBytes(state.head, 0, HEAD_SIZE);
  const got = kernelRead(file!, 0, state.head, HEAD_SIZE);
  return got < 0 ? got : 0;
}

function closeHead(state: ExecState): void {
  if (state.file !== null) putFile(state.file);
  state.file = null;
  if (state.interpreter !== null) closeInterpreter(state.interpreter);
  state.interpreter = null;
}

/** Opens the program: the file itself, or what its first line says, as often as it takes. 0 or -errno. */
function openProgram(state: ExecState): i32 {
  let error = openHead(state, state.path);
  for (let depth: u32 = 0; error === 0 && isScript(state.head); depth++) {
    if (depth === MAX_NESTING) return -ELOOP;
    error = readScript(state.script, state.head, depth === 0 ? state.path : null);
    closeHead(state);
    if (error === 0) error = openHead(state, state.script.interpreter());
  }
  return error;
}

// ---------------------------------------------------------------------------------------------------------------------
// The strings.

/** Copies arguments and environment. A script's interpreter gets its own arguments in front, and the script's path. */
function gatherStrings(state: ExecState, source: ExecSource): i32 {
  const strings = state.strings;
  const script = state.script;
  let error: i32 = 0;
  for (let i: u32 = 0; error === 0 && i < script.count; i++) error = strings.addArgument(script.argument(i));
  if (error === 0 && source.isKernel) error = script.count === 0 ? strings.addArgument(state.path) : 0;
  if (error === 0 && !source.isKernel) error = strings.addUserArguments(source.argv, script.count === 0 ? 0 : 1);
  if (error === 0 && strings.argumentCount === 0) error = strings.addArgument(bytes(''));
  if (error === 0 && source.isKernel) error = addKernelEnvironment(strings);
  if (error === 0 && !source.isKernel) error = strings.addUserEnvironment(source.envp);
  return error === 0 ? strings.addFileName(state.path) : error;
}

/** What process 1 finds in its environment. */
function addKernelEnvironment(strings: ExecArguments): i32 {
  let error = strings.addVariable(bytes('HOME=/'));
  if (error === 0) error = strings.addVariable(bytes('PATH=/bin'));
  return error === 0 ? strings.addVariable(bytes('TERM=linux')) : error;
}

// ---------------------------------------------------------------------------------------------------------------------
// The change.

/** Makes `mm` the task's address space for the time of building, without telling anybody that the old one is gone. */
function borrowMm(task: Task, mm: Mm | null): void {
  using _tasks = lockTasks();
  task.mm = mm;
  activateMm(mm);
}

/** Builds the new address space. On success it is the task's, and `esp` is set; on failure nothing has changed. */
function buildImage(task: Task, state: ExecState, esp: Ptr<u32>): i32 {
  const fresh = createMm();
  if (fresh === null) return -ENOMEM;
  const old = task.mm;
  borrowMm(task, fresh);
  const interpreter = state.interpreter;
  let error = loadElf(fresh, state.file!, state.image);
  if (error === 0 && interpreter !== null) error = loadInterpreter(fresh, interpreter);
  const linker = interpreter === null ? 0 : interpreter.image.bias;
  if (error === 0) error = buildStack(fresh, state.image, state.strings, state.ids, linker, esp);
  borrowMm(task, old);
  if (error === -EFAULT) error = -ENOMEM; // the addresses are ours: what failed is a page
  if (error === 0) error = becomeOnlyThread();
  if (error === 0) error = unshareResources(task);
  if (error < 0) {
    mmput(fresh);
    return error;
  }
  fresh.program = getFile(state.file!);
  const dropped = replaceMm(task, fresh);
  if (dropped !== null) {
    if (dropped.peakRss > task.process.peakRss) task.process.peakRss = dropped.peakRss;
    mmput(dropped);
  }
  return 0;
}

/** A table of descriptors or of signal actions that other processes use as well is replaced by a copy. */
function unshareResources(task: Task): i32 {
  const process = task.process;
  const files = task.files!;
  const handlers = process.handlers;
  const ownFiles = files.count > 1 ? dupFiles(files) : files;
  const ownHandlers = handlers.count > 1 ? createHandlers(handlers) : handlers;
  {
    using _tasks = lockTasks();
    using _held = process.signalLock.acquireIrqSave();
    if (ownFiles !== null) task.files = ownFiles;
    if (ownHandlers !== null) process.handlers = ownHandlers;
  }
  if (ownFiles !== null && ownFiles !== files) putFiles(files);
  if (ownHandlers !== null && ownHandlers !== handlers) putHandlers(handlers);
  if (ownFiles !== null && ownHandlers !== null) return 0;
  killSelf(); // the other threads are gone: there is nothing to go back to
  return -ENOMEM;
}

/** Caught signals go back to their default, since the handlers are gone; ignored ones stay ignored. */
function resetSignals(task: Task): void {
  const process = task.process;
  using _held = process.signalLock.acquireIrqSave();
  for (let signal: u32 = 1; signal <= NSIG; signal++) {
    const action = process.handlers.actions[signal];
    if (action.handler !== SIG_IGN) action.handler = SIG_DFL;
    action.flags = 0;
    action.restorer = 0;
    action.mask = 0n;
  }
  task.altStack = 0;
  task.altStackSize = 0;
  task.altStackDisarms = false;
  task.restart.call = null;
}

/** The part of a path after its last slash: what ps shows. */
function baseName(path: Ptr<u8>): Ptr<u8> {
  let base = path;
  for (let i: u32 = 0; path[i] !== 0; i++) {
    if (path[i] === 47 && path[i + 1] !== 0) base = path.add(i + 1); // '/'
  }
  return base;
}

/** Registers and segments as a program expects them: all zero but EIP, ESP and the segments. */
function resetRegisters(task: Task, entry: u32, esp: u32): void {
  const flags = irqSave();
  for (let i: u32 = 0; i < 3; i++) task.tls[i] = 0n;
  loadTls(task.tls);
  fpuInit(task.fpu);
  fpuRestore(task.fpu);
  irqRestore(flags);
  const frame = userFrame(task);
  fillBytes(ptr<u8>(frame), 0, sizeof<TrapFrame>());
  frame.ds = USER_DS;
  frame.es = USER_DS;
  frame.ss = USER_DS;
  frame.cs = USER_CS;
  frame.eip = entry;
  frame.esp = esp;
  frame.eflags = EFLAGS_IF | EFLAGS_FIXED;
  frame.origEax = NOT_A_SYSCALL;
}

/** The new program is in place: forgets what belonged to the old one. */
function finish(task: Task, state: ExecState, esp: u32): void {
  closeOnExec(task.files!);
  deleteAllTimers(task.process);
  resetSignals(task);
  takeExecIds(task, state.ids);
  setName(task.name, baseName(state.path));
  const interpreter = state.interpreter;
  resetRegisters(task, interpreter === null ? state.image.entry : interpreter.image.entry, esp);
  using _tasks = lockTasks();
  task.process.isKernel = false;
  task.process.hasExeced = true;
  task.process.exitSignal = SIGCHLD;
}

function execWith(state: ExecState, source: ExecSource): i32 {
  const task = current();
  const tid = task.pid;
  let error = openProgram(state);
  if (error === 0) error = gatherStrings(state, source);
  if (error === 0) error = readElf(state.file!, as<Elf32Header>(state.head), PIE_BASE, state.image);
  if (error === 0) error = openInterpreter(state.file!, state.image, addrOf(state.interpreter));
  if (error === 0) chooseExecIds(task, state.file!.inode, state.ids);
  let esp: u32 = 0;
  const isLoading = error === 0;
  if (error === 0) error = buildImage(task, state, addrOf(esp));
  if (error === -ENOEXEC && isLoading) forceFatalSignal(SIGSEGV); // as if the old program were gone by now
  if (error === 0) {
    finish(task, state, esp);
    traceExec(tid);
  }
  return error;
}

/** Runs `path` (kernel memory) in the current task. 0: the task's user frame is the new program's; or -errno. */
function exec(path: Ptr<u8>, source: ExecSource): i32 {
  const state = allocate<ExecState>();
  if (state === null) return -ENOMEM;
  state.path = path;
  let error = state.strings.begin();
  if (error === 0) {
    error = execWith(state, source);
    closeHead(state);
    state.script.end();
    state.strings.end();
  }
  kfree(state);
  return error;
}

/** Turns the current kernel thread, which has files and directories, into the program `path`. Returns on failure. */
export function execKernel(path: Ptr<u8>): i32 {
  const source = zeroed<Inline<ExecSource>>();
  source.isKernel = true;
  return exec(path, source);
}

/** execve(path, argv, envp). */
export function sysExecve(path: u32, argv: u32, envp: u32): i32 {
  const copy = kmalloc(PAGE_SIZE);
  if (copy === null) return -ENOMEM;
  const source = zeroed<Inline<ExecSource>>();
  source.argv = argv;
  source.envp = envp;
  const length = strncpyFromUser(copy, path, PAGE_SIZE);
  let error: i32 = length < 0 ? -EFAULT : 0;
  if (length === 0) error = -ENOENT;
  if (length === i32(PAGE_SIZE)) error = -ENAMETOOLONG;
  if (error === 0) error = exec(copy, source);
  kfree(copy);
  return error;
}
