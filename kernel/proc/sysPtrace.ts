/*
 * The system call ptrace: its requests.
 *
 * All but TRACEME, ATTACH and SEIZE are about a tracee of the calling thread; all but KILL and INTERRUPT about one that
 * stands still. Else ESRCH, as if there were none.
 *
 * A tracee's memory is reached through its address space, whose reference is taken under (T) and used without it: that may
 * sleep. Registers are read and written under (T), by way of buffers of the kernel's.
 *
 * Single steps need a CPU with a working trap flag, which is tried once. Where there is none, PTRACE_SINGLESTEP is EIO.
 *
 * @source ptrace(2).
 */

import { EFAULT, EINVAL, EIO, EPERM, ESRCH } from '../abi/errno.ts';
import {
  FPREGS_SIZE,
  FPXREGS_SIZE,
  NT_PRSTATUS,
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_GETEVENTMSG,
  PTRACE_GETFPREGS,
  PTRACE_GETFPXREGS,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_GETSIGMASK,
  PTRACE_GET_SYSCALL_INFO,
  PTRACE_GETREGSET,
  PTRACE_INTERRUPT,
  PTRACE_KILL,
  PTRACE_O_MASK,
  PTRACE_PEEKDATA,
  PTRACE_PEEKTEXT,
  PTRACE_PEEKUSR,
  PTRACE_POKEDATA,
  PTRACE_POKETEXT,
  PTRACE_POKEUSR,
  PTRACE_SEIZE,
  PTRACE_SETFPREGS,
  PTRACE_SETFPXREGS,
  PTRACE_SETOPTIONS,
  PTRACE_SETREGS,
  PTRACE_SETREGSET,
  PTRACE_SETSIGINFO,
  PTRACE_SETSIGMASK,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
  type PtraceSyscallInfo,
  type UserRegisters,
} from '../abi/ptrace.ts';
import { NSIG, SIGKILL, type Siginfo, SIGSET_SIZE } from '../abi/signal.ts';
import { type IoVec } from '../abi/uio.ts';
import { current } from '../arch/x86/cpu.ts';
import { canSingleStep } from '../arch/x86/singleStep.ts';
import { copyFromUser, copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { ACCESS_FORCE, ACCESS_WRITE, accessProcessVm } from '../mm/accessVm.ts';
import { mmget, mmput } from '../mm/mm.ts';
import { type Mm } from '../mm/types.ts';
import { attachTracee, detachTracee, interruptTracee, linkTracee, resumeTracee } from './ptrace.ts';
import {
  fillSyscallInfo,
  getFpuImages,
  getRegisters,
  getRegisterSet,
  NEW_IMAGE,
  peekUser,
  pokeUser,
  registerSetSize,
  setNewFpu,
  setOldFpu,
  setRegisters,
  setRegisterSet,
} from './ptraceRegisters.ts';
import { isSwitchedOut, yieldCpu } from './scheduler.ts';
import { fillSiginfo } from './signalFrame.ts';
import { recalcSignalPending, sendKernelSignal, UNBLOCKABLE } from './signalSend.ts';
import { type SignalSet } from './signalState.ts';
import { type Task, TASK_TRACED, TRACE_SEIZED, TRACE_STEP, TRACE_SYSCALLS } from './task.ts';
import { findTask, firstThread, lockTasks, type TaskListLock } from './taskList.ts';

/** The caller's tracee `pid`, or null. */
function traceeOf(pid: u32, tasks: Held<TaskListLock>): Task | null {
  const task = findTask(pid, tasks);
  return task !== null && task.tracer === current() ? task : null;
}

/** The same if it stands still. */
function stoppedTracee(pid: u32, tasks: Held<TaskListLock>): Task | null {
  const task = traceeOf(pid, tasks);
  return task !== null && task.traceStatus !== 0 && task.state === TASK_TRACED ? task : null;
}

/** Waits until the tracee, which has said that it stops, has left its CPU, and its registers are in memory. 0 or -ESRCH. */
function awaitStop(pid: u32): i32 {
  for (;;) {
    {
      using tasks = lockTasks();
      const task = stoppedTracee(pid, tasks);
      if (task === null) return -ESRCH;
      if (isSwitchedOut(task)) return 0;
    }
    yieldCpu();
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Beginning.

/** The thread that has made the current process becomes the tracer of the current thread. */
function traceMe(): i32 {
  using tasks = lockTasks();
  const self = current();
  const parent = self.process.parent;
  if (self.tracer !== null || parent === null) return -EPERM;
  const maker = findTask(self.process.parentThread, tasks) ?? firstThread(parent, tasks);
  if (maker === null) return -EPERM;
  linkTracee(self, maker, 0, 0, tasks);
  return 0;
}

function attach(pid: u32, isSeized: boolean, address: u32, options: u32): i32 {
  if (isSeized && (address !== 0 || (options & ~PTRACE_O_MASK) !== 0)) return -EIO;
  using tasks = lockTasks();
  const task = findTask(pid, tasks);
  return task === null ? -ESRCH : attachTracee(task, isSeized, isSeized ? options : 0, tasks);
}

// ---------------------------------------------------------------------------------------------------------------------
// Memory.

/** The address space of a tracee that stands still, with a reference; null: no such tracee. */
function mmOfTracee(pid: u32): Mm | null {
  using tasks = lockTasks();
  const task = stoppedTracee(pid, tasks);
  const mm = task === null ? null : task.mm;
  if (mm !== null) mmget(mm);
  return mm;
}

function peek(pid: u32, address: u32, data: u32): i32 {
  const mm = mmOfTracee(pid);
  if (mm === null) return -ESRCH;
  let word: u32 = 0;
  const got = accessProcessVm(mm, address, ptr<u8>(addrOf(word)), 4, ACCESS_FORCE);
  mmput(mm);
  return got === 4 ? putUser32(data, word) : -EIO;
}

function poke(pid: u32, address: u32, data: u32): i32 {
  const mm = mmOfTracee(pid);
  if (mm === null) return -ESRCH;
  let word = data;
  const got = accessProcessVm(mm, address, ptr<u8>(addrOf(word)), 4, ACCESS_FORCE | ACCESS_WRITE);
  mmput(mm);
  return got === 4 ? 0 : -EIO;
}

// ---------------------------------------------------------------------------------------------------------------------
// What is copied out and in, by way of a buffer: the largest is that of the FPU.

class Buffer {
  bytes: FixedArray<u8, 624>; // FPU_FRAME_SIZE
}

/** Fills the buffer with what `request` reads. How many bytes (from `start` on), or -errno. */
function fillBuffer(request: u32, task: Task, buffer: Buffer, start: Ptr<u32>): i32 {
  switch (request) {
    case PTRACE_GETREGS:
      getRegisters(task, as<UserRegisters>(buffer));
      return i32(sizeof<UserRegisters>());
    case PTRACE_GETFPREGS:
      getFpuImages(task, buffer.bytes);
      return i32(FPREGS_SIZE);
    case PTRACE_GETFPXREGS:
      getFpuImages(task, buffer.bytes);
      start[0] = NEW_IMAGE;
      return i32(FPXREGS_SIZE);
    case PTRACE_GETEVENTMSG:
      ptr<u32>(buffer)[0] = task.traceMessage;
      return 4;
    case PTRACE_GETSIGINFO:
      if (!task.traceHasInfo) return -EINVAL;
      fillSiginfo(as<Siginfo>(buffer), task.traceInfo);
      return i32(sizeof<Siginfo>());
    case PTRACE_GETSIGMASK:
      ptr<SignalSet>(buffer)[0] = task.blocked;
      return i32(SIGSET_SIZE);
    default:
      return -EIO;
  }
}

function readOut(request: u32, pid: u32, data: u32): i32 {
  const buffer = zeroed<Inline<Buffer>>();
  let start: u32 = 0;
  let size: i32 = 0;
  {
    using tasks = lockTasks();
    const task = stoppedTracee(pid, tasks);
    if (task === null) return -ESRCH;
    size = fillBuffer(request, task, buffer, addrOf(start));
  }
  return size < 0 ? size : copyToUser(data, addrOf(buffer.bytes[start]), u32(size));
}

/** Bytes that `request` writes; 0: it is none of these. */
function sizeToWrite(request: u32): u32 {
  switch (request) {
    case PTRACE_SETREGS:
      return sizeof<UserRegisters>();
    case PTRACE_SETFPREGS:
      return FPREGS_SIZE;
    case PTRACE_SETFPXREGS:
      return FPXREGS_SIZE;
    case PTRACE_SETSIGINFO:
      return sizeof<Siginfo>();
    case PTRACE_SETSIGMASK:
      return SIGSET_SIZE;
    default:
      return 0;
  }
}

function setInfo(task: Task, record: Siginfo): i32 {
  if (!task.traceHasInfo) return -EINVAL;
  const info = task.traceInfo;
  info.signal = record.si_signo;
  info.code = record.si_code;
  info.pidOrAddress = record.si_pid;
  info.uid = record.si_uid;
  info.status = record.si_status;
  return 0;
}

function setMask(task: Task, mask: SignalSet): i32 {
  using held = task.process.signalLock.acquireIrqSave();
  task.blocked = mask & ~UNBLOCKABLE;
  recalcSignalPending(task, held);
  return 0;
}

function useBuffer(request: u32, task: Task, buffer: Buffer): i32 {
  switch (request) {
    case PTRACE_SETREGS:
      return setRegisters(task, as<UserRegisters>(buffer));
    case PTRACE_SETFPREGS:
      setOldFpu(task, buffer.bytes);
      return 0;
    case PTRACE_SETFPXREGS:
      return setNewFpu(task, buffer.bytes);
    case PTRACE_SETSIGINFO:
      return setInfo(task, as<Siginfo>(buffer));
    default:
      return setMask(task, ptr<SignalSet>(buffer)[0]);
  }
}

function writeIn(request: u32, pid: u32, data: u32, size: u32): i32 {
  const buffer = zeroed<Inline<Buffer>>();
  if (copyFromUser(buffer.bytes, data, size) < 0) return -EFAULT;
  using tasks = lockTasks();
  const task = stoppedTracee(pid, tasks);
  return task === null ? -ESRCH : useBuffer(request, task, buffer);
}

/**
 * GETREGSET, SETREGSET: as much of the set as the vector at `address` has room for, which it is told. The FPU's can be
 * set only as a whole.
 */
function exchangeSet(request: u32, pid: u32, name: u32, address: u32): i32 {
  const vector = zeroed<Inline<IoVec>>();
  if (copyFromUser(ptr<u8>(vector), address, sizeof<IoVec>()) < 0) return -EFAULT;
  const size = registerSetSize(name);
  if (size === 0 || (vector.iov_len & 3) !== 0) return -EINVAL;
  if (vector.iov_len > size) vector.iov_len = size;
  const buffer = zeroed<Inline<Buffer>>();
  let start: u32 = 0;
  {
    using tasks = lockTasks();
    const task = stoppedTracee(pid, tasks);
    if (task === null) return -ESRCH;
    start = getRegisterSet(task, name, buffer.bytes);
  }
  const set = addrOf(buffer.bytes[start]);
  if (request === PTRACE_GETREGSET) {
    if (copyToUser(vector.iov_base, set, vector.iov_len) < 0) return -EFAULT;
  } else {
    if (name !== NT_PRSTATUS && vector.iov_len !== size) return -EINVAL;
    if (copyFromUser(set, vector.iov_base, vector.iov_len) < 0) return -EFAULT;
    using tasks = lockTasks();
    const task = stoppedTracee(pid, tasks);
    const error = task === null ? -ESRCH : setRegisterSet(task, name, set);
    if (error < 0) return error;
  }
  return putUser32(address + offsetof<IoVec>('iov_len'), vector.iov_len) < 0 ? -EFAULT : 0;
}

/** GET_SYSCALL_INFO: stores at most `size` bytes at `data`, and tells how many there are. */
function tellSyscall(pid: u32, size: u32, data: u32): i32 {
  const info = zeroed<Inline<PtraceSyscallInfo>>();
  let length: u32 = 0;
  {
    using tasks = lockTasks();
    const task = stoppedTracee(pid, tasks);
    if (task === null) return -ESRCH;
    length = fillSyscallInfo(task, info);
  }
  return copyToUser(data, ptr<u8>(info), size < length ? size : length) < 0 ? -EFAULT : i32(length);
}

// ---------------------------------------------------------------------------------------------------------------------
// Going on.

function flagsToResume(request: u32): u32 {
  return request === PTRACE_SYSCALL ? TRACE_SYSCALLS : request === PTRACE_SINGLESTEP ? TRACE_STEP : 0;
}

/** CONT, SYSCALL, SINGLESTEP, DETACH: with a signal, or 0. */
function goOn(request: u32, pid: u32, signal: u32): i32 {
  if (signal > NSIG) return -EIO;
  if (request === PTRACE_SINGLESTEP && !canSingleStep()) return -EIO;
  using tasks = lockTasks();
  const task = stoppedTracee(pid, tasks);
  if (task === null) return -ESRCH;
  if (request === PTRACE_DETACH) detachTracee(task, i32(signal), tasks);
  else resumeTracee(task, i32(signal), flagsToResume(request), tasks);
  return 0;
}

/** KILL and INTERRUPT do not ask whether the tracee stands still. */
function disturb(request: u32, pid: u32): i32 {
  using tasks = lockTasks();
  const task = traceeOf(pid, tasks);
  if (task === null) return -ESRCH;
  if (request === PTRACE_KILL) {
    sendKernelSignal(task.process, SIGKILL, tasks);
  } else {
    if ((task.traceFlags & TRACE_SEIZED) === 0) return -EIO;
    interruptTracee(task, tasks);
  }
  return 0;
}

/** What needs no buffer: options, and words of `struct user`. */
function smallRequest(request: u32, pid: u32, address: u32, data: u32, result: Ptr<u32>): i32 {
  using tasks = lockTasks();
  const task = stoppedTracee(pid, tasks);
  if (task === null) return -ESRCH;
  if (request === PTRACE_PEEKUSR) return peekUser(task, address, result);
  if (request === PTRACE_POKEUSR) return pokeUser(task, address, data);
  if ((data & ~PTRACE_O_MASK) !== 0) return -EINVAL;
  task.traceOptions = data;
  return 0;
}

/** Requests to a tracee that stands still. */
function requestOf(request: u32, pid: u32, address: u32, data: u32): i32 {
  const size = sizeToWrite(request);
  if ((request === PTRACE_GETSIGMASK || request === PTRACE_SETSIGMASK) && address !== SIGSET_SIZE) return -EINVAL;
  if (size !== 0) return writeIn(request, pid, data, size);
  let word: u32 = 0;
  switch (request) {
    case PTRACE_PEEKTEXT:
    case PTRACE_PEEKDATA:
      return peek(pid, address, data);
    case PTRACE_POKETEXT:
    case PTRACE_POKEDATA:
      return poke(pid, address, data);
    case PTRACE_CONT:
    case PTRACE_SYSCALL:
    case PTRACE_SINGLESTEP:
    case PTRACE_DETACH:
      return goOn(request, pid, data);
    case PTRACE_PEEKUSR: {
      const error = smallRequest(request, pid, address, data, addrOf(word));
      return error < 0 ? error : putUser32(data, word);
    }
    case PTRACE_POKEUSR:
    case PTRACE_SETOPTIONS:
      return smallRequest(request, pid, address, data, addrOf(word));
    case PTRACE_GETREGSET:
    case PTRACE_SETREGSET:
      return exchangeSet(request, pid, address, data);
    case PTRACE_GET_SYSCALL_INFO:
      return tellSyscall(pid, address, data);
    default:
      return readOut(request, pid, data);
  }
}

/** ptrace(request, pid, address, data). The requests that peek store at `data` what the C library returns. */
export function sysPtrace(request: u32, pid: u32, address: u32, data: u32): i32 {
  if (request === PTRACE_TRACEME) return traceMe();
  if (request === PTRACE_ATTACH || request === PTRACE_SEIZE) {
    return attach(pid, request === PTRACE_SEIZE, address, data);
  }
  if (request === PTRACE_KILL || request === PTRACE_INTERRUPT) return disturb(request, pid);
  const error = awaitStop(pid);
  return error < 0 ? error : requestOf(request, pid, address, data);
}
