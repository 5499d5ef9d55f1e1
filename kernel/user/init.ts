/*
 * init: the first process. Brings the system up, takes in orphans, and shuts down when there is nothing left to do.
 *
 * If /etc/exec exists, it holds shell commands, each ended by a zero byte: init runs them on the console, one after the
 * other, and powers off with the status of the last. Otherwise it keeps two services running: a shell on the console, in
 * a session of its own, and the agent on the second serial line, if there is one. With the word `once` on the kernel's
 * command line, the end of the shell is the end of the machine, which powers off with the shell's status; the words
 * `rows=N` and `columns=N` say how large the console's window is, which a serial line cannot know.
 */

import { EBADF, EINTR, ENOMEM } from '../abi/errno.ts';
import { O_RDWR } from '../abi/fcntl.ts';
import { LINUX_REBOOT_CMD_RESTART2, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2 } from '../abi/reboot.ts';
import { SYS_reboot, SYS_swapon } from '../abi/syscallNumbers.ts';
import { type Stat64 } from '../abi/stat.ts';
import { type Winsize } from '../abi/termios.ts';
import { SPACE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { readFile } from './lib/files.ts';
import { close, dup2, open, stat, statusFlags } from './lib/fileCalls.ts';
import { malloc } from './lib/heap.ts';
import { flush, initOutput, printError, printTo, putByte, stdout, type Output } from './lib/output.ts';
import { execve, exitNow, fork, getpid, setsid, wait4 } from './lib/processCalls.ts';
import { parseNumber, startsWith, stringLength } from './lib/strings.ts';
import { drainOutput, makeUnattended, setControllingTerminal, setForeground, setWindowSize } from './lib/terminal.ts';

/** A service that could not be executed so many times in a row is given up. */
const PATIENCE: u32 = 5;
/** Exit status of a child that could not execute its program. */
const CANNOT_EXECUTE = 127;

class Service {
  name: string;
  /** 0 while it does not run. */
  pid: i32;
  failures: u32;
  start: () => never;
}

const shell = zeroed<Inline<Service>>();
const agent = zeroed<Inline<Service>>();
/** For the kernel's command line, and the message of the day. */
const text = zeroed<FixedArray<u8, 32768>>();
const environment = table<string | null, 5>('PATH=/bin', 'HOME=/', 'TERM=vt100', 'USER=root', null);

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(): i32 {
  openConsole();
  sizeConsole();
  turnOnSwap();
  runCommands();
  const once = runsOnce();
  shell.name = 'sh';
  shell.start = startShell;
  agent.name = 'agent';
  agent.start = startAgent;
  while (true) {
    keep(shell);
    keep(agent);
    const status = zeroed<FixedArray<u32, 1>>();
    const pid = wait4(-1, status, 0);
    if (pid < 0 && pid !== -EINTR) idle();
    if (once && pid === shell.pid) powerOff(statusOf(status[0]));
    note(shell, pid, status[0]);
    note(agent, pid, status[0]);
  }
}

/** `rows=N` and `columns=N` on the kernel's command line. */
function sizeConsole(): void {
  const size = zeroed<Inline<Winsize>>();
  size.ws_row = numberBehind('rows=');
  size.ws_col = numberBehind('columns=');
  if (size.ws_row !== 0 || size.ws_col !== 0) setWindowSize(0, size);
}

/** A number on the kernel's command line; 0 if it is not there, or senseless. */
function numberBehind(prefix: string): u16 {
  const number = zeroed<FixedArray<i32, 1>>();
  const text = wordBehind(prefix);
  if (text === null || !parseNumber(text, number) || number[0] < 0 || number[0] > 0xffff) return 0;
  return u16(number[0]);
}

/** `swap=DEVICE` on the kernel's command line. */
function turnOnSwap(): void {
  const name = wordBehind('swap=');
  if (name === null) return;
  const error = int80(SYS_swapon, u32(name), 0, 0, 0, 0, 0);
  if (error < 0) complain('init', name, error);
}

/** `once` on the kernel's command line. */
function runsOnce(): boolean {
  const rest = wordBehind('once');
  return rest !== null && rest[0] === 0;
}

/** The rest of the word on the kernel's command line that begins with `prefix`; null if there is none. */
function wordBehind(prefix: string): Ptr<u8> | null {
  const line = text;
  const length = readFile(bytes('/proc/cmdline'), line, 4096);
  for (let i: u32 = 0; i32(i) < length; i++) {
    if ((i !== 0 && line[i - 1] !== SPACE) || !startsWith(line.add(i), bytes(prefix))) continue;
    const rest = line.add(i + stringLength(bytes(prefix)));
    let end: u32 = 0;
    while (rest[end] > SPACE) end++;
    rest[end] = 0;
    return rest;
  }
  return null;
}

/** Standard input, output and error are the console, whether the kernel has opened it already or not. */
function openConsole(): void {
  if (statusFlags(0) !== -EBADF) return;
  const fd = open(bytes('/dev/console'), O_RDWR, 0);
  for (let target: i32 = 0; target < 3; target++) {
    if (fd >= 0 && fd !== target) dup2(fd, target);
  }
  if (fd > 2) close(fd);
}

// ---------------------------------------------------------------------------------------------------------------------
// Services.

/** Starts a service that does not run, unless it has proved hopeless. */
function keep(service: Service): void {
  if (service.pid !== 0 || service.failures >= PATIENCE) return;
  const pid = fork();
  if (pid === 0) service.start();
  if (pid < 0) complain('init', bytes(service.name), pid);
  else service.pid = pid;
}

/** Takes note of the death of process `pid`, if it was this service. */
function note(service: Service, pid: i32, status: u32): void {
  if (service.pid !== pid) return;
  service.pid = 0;
  if (status !== CANNOT_EXECUTE << 8) service.failures = 0;
  else service.failures++;
  if (service.failures === PATIENCE) printError('init: giving up on %s\n', service.name);
}

/** No children, and none can be made. */
function idle(): never {
  printError('init: no processes left\n');
  powerOff(1);
}

function startShell(): never {
  takeConsole();
  greet();
  const argv = zeroed<FixedArray<Ptr<u8> | null, 2>>();
  argv[0] = bytes('sh');
  execute(bytes('/bin/sh'), argv);
}

function startAgent(): never {
  const argv = zeroed<FixedArray<Ptr<u8> | null, 3>>();
  argv[0] = bytes('agent');
  argv[1] = bytes('/dev/ttyS1');
  setsid();
  const line = open(bytes('/dev/ttyS1'), O_RDWR, 0);
  if (line < 0) exitNow(CANNOT_EXECUTE);
  close(line);
  execute(bytes('/bin/agent'), argv);
}

/** Makes the caller leader of a session of its own that the console controls, and puts it into the foreground. */
function takeConsole(): void {
  setsid();
  setControllingTerminal(0);
  setForeground(0, getpid());
}

/** The message of the day. */
function greet(): void {
  const length = readFile(bytes('/etc/motd'), text, 32768);
  if (length <= 0) return;
  for (let i: i32 = 0; i < length; i++) putByte(stdout, text[i]);
  flush(stdout);
}

function execute(path: Ptr<u8>, argv: Ptr<Ptr<u8> | null>): never {
  complain('init', path, execve(path, argv, ptr(environment)));
  exitNow(CANNOT_EXECUTE);
}

// ---------------------------------------------------------------------------------------------------------------------
// Commands of the host.

/**
 * Runs the commands of the host, if there are any, then powers off. It sends them no input, and wants no CRs in the
 * output.
 */
function runCommands(): void {
  const path = bytes('/etc/exec');
  const file = zeroed<Inline<Stat64>>();
  if (stat(path, file) < 0) return;
  const size = u32(file.st_size);
  const commands = malloc(size + 1);
  const length: i32 = commands === null ? -ENOMEM : readFile(path, commands, size + 1);
  if (length <= 0) giveUp(length);
  makeUnattended(0);
  let status: i32 = 0;
  for (let at: u32 = 0; at < u32(length);) {
    const command = commands!.add(at);
    status = runCommand(command);
    at += stringLength(command) + 1;
  }
  powerOff(status);
}

/** Empty: the kernel had no room for what is in it. */
function giveUp(error: i32): never {
  if (error < 0) complain('init', bytes('/etc/exec'), error);
  else printError('init: /etc/exec is empty\n');
  powerOff(1);
}

/** Runs one command by the shell. Returns its status as a shell would tell it. */
function runCommand(command: Ptr<u8>): i32 {
  const child = fork();
  if (child === 0) {
    takeConsole();
    const argv = zeroed<FixedArray<Ptr<u8> | null, 4>>();
    argv[0] = bytes('sh');
    argv[1] = bytes('-c');
    argv[2] = command;
    execute(bytes('/bin/sh'), argv);
  }
  if (child < 0) {
    complain('init', command, child);
    return CANNOT_EXECUTE;
  }
  const status = zeroed<FixedArray<u32, 1>>();
  while (wait4(-1, status, 0) !== child) continue; // orphans come home, too
  return statusOf(status[0]);
}

/** A wait status as a shell would tell it. */
function statusOf(status: u32): i32 {
  const signal = status & 0x7f;
  return i32(signal !== 0 ? 128 + signal : (status >>> 8) & 0xff);
}

/** Switches the machine off, once all output has left; its host is told `status`. */
function powerOff(status: i32): never {
  drainOutput(0);
  const text = zeroed<FixedArray<u8, 16>>();
  const output = zeroed<Inline<Output>>();
  initOutput(output, -1);
  printTo(output, '%d', status);
  copyBytes(text, output.buffer, output.used);
  const command = LINUX_REBOOT_CMD_RESTART2;
  int80(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, u32(text), 0, 0);
  printError('init: cannot power off\n');
  exitNow(status);
}
