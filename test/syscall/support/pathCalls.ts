/*
 * Every system call that takes a path, written so that one path decides how it ends: whatever else it is given is in order.
 */

import { type Argument, output, strings, text } from '../../../emulator/agent/arguments.ts';
import type { SyscallName } from '../../../emulator/agent/trace.ts';
import { AT_FDCWD, O_RDONLY, O_RDWR, O_WRONLY, W_OK } from '../../../kernel/abi/fcntl.ts';
import { S_IFIFO } from '../../../kernel/abi/stat.ts';

/** A call, and what it is given beside the path. */
export interface PathCall {
  readonly name: SyscallName;
  readonly args: (path: Argument) => readonly Argument[];
}

const ROOM = 512;
const NEW_NAME = text('not-there-yet');
const row = (name: SyscallName, args: PathCall['args']): PathCall => ({ name, args });
const rows = (names: readonly SyscallName[], args: PathCall['args']): PathCall[] =>
  names.map((name) => row(name, args));

/** Calls that want something that is there, and only look at it. */
export const readingCalls: readonly PathCall[] = [
  row('open', (path) => [path, O_RDONLY, 0]),
  row('openat', (path) => [AT_FDCWD, path, O_RDONLY, 0]),
  row('access', (path) => [path, 0]),
  row('faccessat', (path) => [AT_FDCWD, path, 0]),
  row('faccessat2', (path) => [AT_FDCWD, path, 0, 0]),
  ...rows(['chdir', 'chroot'], (path) => [path]),
  ...rows(['stat64', 'lstat64', 'oldstat', 'oldlstat', 'stat', 'lstat', 'statfs'], (path) => [path, output(ROOM)]),
  row('fstatat64', (path) => [AT_FDCWD, path, output(ROOM), 0]),
  row('statx', (path) => [AT_FDCWD, path, 0, 0x7ff, output(ROOM)]),
  row('statfs64', (path) => [path, 84, output(ROOM)]),
  row('readlink', (path) => [path, output(ROOM), ROOM]),
  row('readlinkat', (path) => [AT_FDCWD, path, output(ROOM), ROOM]),
  row('execve', (path) => [path, strings(['x']), strings([])]),
];

/** Calls that change what is there. */
export const changingCalls: readonly PathCall[] = [
  row('chmod', (path) => [path, 0o700]),
  row('fchmodat', (path) => [AT_FDCWD, path, 0o700]),
  row('fchmodat2', (path) => [AT_FDCWD, path, 0o700, 0]),
  ...rows(['chown', 'lchown', 'chown32', 'lchown32'], (path) => [path, -1, -1]),
  row('fchownat', (path) => [AT_FDCWD, path, -1, -1, 0]),
  row('truncate', (path) => [path, 0]),
  row('truncate64', (path) => [path, 0n]),
  ...rows(['utime', 'utimes'], (path) => [path, null]),
  row('futimesat', (path) => [AT_FDCWD, path, null]),
  ...rows(['utimensat', 'utimensat_time64'], (path) => [AT_FDCWD, path, null, 0]),
];

/** Calls that ask to write to what is there. */
export const writingCalls: readonly PathCall[] = [
  row('open', (path) => [path, O_WRONLY, 0]),
  row('openat', (path) => [AT_FDCWD, path, O_RDWR, 0]),
  row('access', (path) => [path, W_OK]),
  row('faccessat', (path) => [AT_FDCWD, path, W_OK]),
  row('faccessat2', (path) => [AT_FDCWD, path, W_OK, 0]),
];

/** Calls that make a name. */
export const makingCalls: readonly PathCall[] = [
  row('creat', (path) => [path, 0o600]),
  row('mkdir', (path) => [path, 0o700]),
  row('mkdirat', (path) => [AT_FDCWD, path, 0o700]),
  row('mknod', (path) => [path, S_IFIFO | 0o600, 0]),
  row('mknodat', (path) => [AT_FDCWD, path, S_IFIFO | 0o600, 0]),
  row('symlink', (path) => [NEW_NAME, path]),
  row('symlinkat', (path) => [NEW_NAME, AT_FDCWD, path]),
];

/** Calls that take a name away, or give it another. */
export const removingCalls: readonly PathCall[] = [
  ...rows(['rmdir', 'unlink'], (path) => [path]),
  row('unlinkat', (path) => [AT_FDCWD, path, 0]),
  row('link', (path) => [path, NEW_NAME]),
  row('linkat', (path) => [AT_FDCWD, path, AT_FDCWD, NEW_NAME, 0]),
  row('rename', (path) => [path, NEW_NAME]),
  row('renameat', (path) => [AT_FDCWD, path, AT_FDCWD, NEW_NAME]),
  row('renameat2', (path) => [AT_FDCWD, path, AT_FDCWD, NEW_NAME, 0]),
];

/** The second path of those that take two; the first one is that of a file that is there. */
export function newNameCalls(file: string): readonly PathCall[] {
  return [
    row('link', (path) => [text(file), path]),
    row('linkat', (path) => [AT_FDCWD, text(file), AT_FDCWD, path, 0]),
    row('rename', (path) => [text(file), path]),
    row('renameat', (path) => [AT_FDCWD, text(file), AT_FDCWD, path]),
    row('renameat2', (path) => [AT_FDCWD, text(file), AT_FDCWD, path, 0]),
  ];
}

/** All calls that take a path; the second path of those that take two has no entry of its own. */
export const pathCalls: readonly PathCall[] = [...readingCalls, ...changingCalls, ...makingCalls, ...removingCalls];
