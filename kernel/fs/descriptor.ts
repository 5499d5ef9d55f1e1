/*
 * Descriptors of the current task, for system calls.
 */

import { current } from '../arch/x86/cpu.ts';
import { type File, getFile } from './file.ts';
import { cancel, findFile, install, reserve } from './fileTable.ts';

/** The file of descriptor `fd` with a reference, or null (callers return -EBADF). */
export function getFileOf(fd: u32): File | null {
  const table = current().files;
  return table === null ? null : findFile(table, fd);
}

/** Two descriptors at once, for pipes: 0 with `numbers` set, or -errno. The files' references stay the caller's. */
export function reservePair(onExec: boolean, numbers: Ptr<u32>): i32 {
  const table = current().files!;
  const first = reserve(table, 0, onExec);
  if (first < 0) return first;
  const second = reserve(table, 0, onExec);
  if (second < 0) {
    cancel(table, u32(first));
    return second;
  }
  numbers[0] = u32(first);
  numbers[1] = u32(second);
  return 0;
}

/** The second half: both get their files, with new references. */
export function installPair(numbers: Ptr<u32>, first: File, second: File): void {
  const table = current().files!;
  install(table, numbers[0], getFile(first));
  install(table, numbers[1], getFile(second));
}

/** The other second half: both are free again. */
export function cancelPair(numbers: Ptr<u32>): void {
  const table = current().files!;
  cancel(table, numbers[0]);
  cancel(table, numbers[1]);
}
