/*
 * Programs for the i386 on this computer. Linux for x86-64 runs them as they are, unless it is a guest of something that has
 * no 32-bit mode. There QEMU's emulator of single programs stands in for the processor; for Linux it cannot, and so what
 * compares our kernel with Linux has nothing to compare it with.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Whether this computer's Linux runs programs for the i386. */
export const runsI386 = spawnSync(join(inject('imageFolder'), 'bin', 'true')).status === 0;

/** The command that runs a program for the i386 which asks little of the system. */
export function i386Command(program: string): readonly [command: string, ...args: string[]] {
  return runsI386 ? [program] : ['qemu-i386', program];
}
