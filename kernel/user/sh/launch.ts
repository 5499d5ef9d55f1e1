/*
 * Making the shell's processes, and turning them into programs.
 */

import { EACCES, ENOENT, ENOEXEC, ENOTDIR } from '../../abi/errno.ts';
import { O_RDONLY, O_RDWR, X_OK } from '../../abi/fcntl.ts';
import { SIG_DFL, SIG_IGN, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU } from '../../abi/signal.ts';
import { S_IFMT, S_IFREG, type Stat64 } from '../../abi/stat.ts';
import { COLON, SLASH } from '../lib/characters.ts';
import { exit } from '../lib/crt.ts';
import { errorText } from '../lib/errors.ts';
import { access, close, dup2, open, read, stat } from '../lib/fileCalls.ts';
import { joinPath } from '../lib/files.ts';
import { flush, printError, stdout } from '../lib/output.ts';
import { execve, fork, getpid, setpgid, setSignal } from '../lib/processCalls.ts';
import { contains, stringLength, type StringList } from '../lib/strings.ts';
import { setForeground } from '../lib/terminal.ts';
import { take, takeCopy } from './arena.ts';
import { addMember, forgetJobs, type Job } from './jobs.ts';
import { shell } from './state.ts';
import { resetTraps } from './traps.ts';
import { environment, valueOf } from './variables.ts';

/** Exit statuses of commands that could not be executed. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
/** Bytes of a file that are looked at to tell a script from a damaged program. */
const SAMPLE: u32 = 64;

/**
 * Forks a process of `job`. Returns 0 in the child, which is set up as a process of the job, and no interactive shell
 * any more; in the parent, the pid, or an error that has been reported.
 */
export function forkMember(job: Job): i32 {
  flush(stdout);
  const pid = fork();
  if (pid < 0) {
    printError('sh: fork: %s\n', errorText(-pid));
    return pid;
  }
  if (pid === 0) {
    becomeMember(job);
    return 0;
  }
  if (shell.interactive) {
    if (job.group === 0) job.group = pid;
    setpgid(pid, job.group);
  }
  addMember(job, pid);
  return pid;
}

/** Both the shell and the child set the group, so that it is set whichever runs first; likewise the terminal's. */
function becomeMember(job: Job): void {
  if (shell.interactive) {
    const group = job.group === 0 ? getpid() : job.group;
    setpgid(0, group);
    if (job.foreground) setForeground(0, group);
    setSignal(SIGINT, SIG_DFL, 0, 0);
    setSignal(SIGQUIT, SIG_DFL, 0, 0);
    setSignal(SIGTSTP, SIG_DFL, 0, 0);
    setSignal(SIGTTIN, SIG_DFL, 0, 0);
    setSignal(SIGTTOU, SIG_DFL, 0, 0);
    setSignal(SIGTERM, SIG_DFL, 0, 0);
  } else if (!job.foreground) {
    setSignal(SIGINT, SIG_IGN, 0, 0);
    setSignal(SIGQUIT, SIG_IGN, 0, 0);
    const nothing = open(bytes('/dev/null'), O_RDWR, 0);
    if (nothing >= 0) moveTo(nothing, 0);
  }
  shell.interactive = false;
  shell.isSubshell = true;
  resetTraps();
  forgetJobs();
}

/** Moves descriptor `from` to number `to`. */
export function moveTo(from: i32, to: i32): void {
  if (from === to) return;
  dup2(from, to);
  close(from);
}

/** Turns the process into the program that `argv` names, looked for in PATH unless it has a slash. */
export function execute(argv: StringList): never {
  const name = argv[0]!;
  flush(stdout);
  let error: i32 = -ENOENT;
  if (contains(name, SLASH)) error = tryProgram(name, argv);
  else error = searchPath(name, argv);
  if (error === -ENOENT && !contains(name, SLASH)) printError('sh: %s: not found\n', name);
  else printError('sh: %s: %s\n', name, errorText(-error));
  exit(error === -ENOENT || error === -ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE);
}

/** Tries each directory of PATH. An error other than "not there" is remembered, and the search goes on. */
function searchPath(name: Ptr<u8>, argv: StringList): i32 {
  let error: i32 = -ENOENT;
  for (let place: u32 = 0; ; place++) {
    const candidate = candidateInPath(name, place);
    if (candidate === null) return error;
    const failed = tryProgram(candidate, argv);
    if (failed !== -ENOENT && failed !== -ENOTDIR) error = failed;
  }
}

/** The file that a command's name means: itself if it has a slash, else the first that can be executed. Or null. */
export function findProgram(name: Ptr<u8>): Ptr<u8> | null {
  if (contains(name, SLASH)) return isProgram(name) ? name : null;
  for (let place: u32 = 0; ; place++) {
    const candidate = candidateInPath(name, place);
    if (candidate === null || isProgram(candidate)) return candidate;
  }
}

function isProgram(path: Ptr<u8>): boolean {
  const status = zeroed<Inline<Stat64>>();
  if (stat(path, status) !== 0 || (status.st_mode & S_IFMT) !== S_IFREG) return false;
  return access(path, X_OK) === 0;
}

/** The name in directory number `place` of PATH, in the arena; null if there are not so many. */
function candidateInPath(name: Ptr<u8>, place: u32): Ptr<u8> | null {
  const variable = valueOf('PATH');
  const path = variable === null ? bytes('/bin') : variable;
  let at: u32 = 0;
  for (let skipped: u32 = 0; skipped < place; skipped++) {
    while (path[at] !== 0 && path[at] !== COLON) at++;
    if (path[at] === 0) return null;
    at++;
  }
  let length: u32 = 0;
  while (path[at + length] !== 0 && path[at + length] !== COLON) length++;
  const candidate = take(length + stringLength(name) + 2);
  const directory = takeCopy(path.add(at), length);
  joinPath(candidate, length + stringLength(name) + 2, directory, name);
  return candidate;
}

/** Executes a program; a text file that the kernel does not know how to execute is a script for this shell. */
function tryProgram(path: Ptr<u8>, argv: StringList): i32 {
  const error = execve(path, argv, environment());
  if (error !== -ENOEXEC || !isText(path)) return error;
  let count: u32 = 0;
  while (argv[count] !== null) count++;
  const shifted = ptr<Ptr<u8> | null>(take((count + 2) * 4));
  shifted[0] = bytes('sh');
  shifted[1] = path;
  for (let i: u32 = 1; i < count; i++) shifted[i + 1] = argv[i];
  const failed = execve(bytes('/bin/sh'), shifted, environment());
  return failed === -ENOENT ? -EACCES : failed;
}

/** Has the file no zero byte at its beginning? */
function isText(path: Ptr<u8>): boolean {
  const sample = zeroed<FixedArray<u8, 64>>();
  const fd = open(path, O_RDONLY, 0);
  if (fd < 0) return false;
  const got = read(fd, sample, SAMPLE);
  close(fd);
  for (let i: i32 = 0; i < got; i++) {
    if (sample[i] === 0) return false;
  }
  return got >= 0;
}
