/*
 * Stock Linux in the soak: which machines it boots on, and what its console must have shown in the end.
 *
 * The folder is what images/linux/build.sh makes. Its first program (images/linux/init) prints how many processors there
 * are and the counts of their interrupts, and names trouble that the kernel has reported.
 */
import { join } from 'node:path';
import type { Random } from '../../../emulator/random.ts';
import type { OptionValues } from '../command.ts';

/** Booting takes about three thousand million; processors that wait for each other make it more. */
const LIMIT = 40e9;
/** What the first program prints when all else has been said. */
export const LINUX_READY = 'linux-ready';

/** The options of `pagewright run` for a boot. */
export function randomLinuxRun(random: Random, folder: string): OptionValues {
  return {
    bzimage: join(folder, 'vmlinuz'),
    initrd: [join(folder, 'initrd.cpio')],
    cmdline: 'console=ttyS0 acpi=off cryptomgr.notests',
    cpus: String([2, 4, 8][random.below(3)]),
    seed: String(random.next32()),
    until: LINUX_READY,
    limit: String(LIMIT),
  };
}

/** What is wrong with a boot on so many CPUs, by what the console showed; undefined if nothing is. */
export function linuxTrouble(console: string, cpus: number): string | undefined {
  if (!console.includes(LINUX_READY)) return 'the first program did not get to its end';
  if (!console.includes(`processors ${cpus}\r\n`)) return `it does not see ${cpus} processors`;
  const trouble = /^.*(?:lockup|rcu.* stall|self-detected|kernel trouble|BUG:).*$/m.exec(console);
  if (trouble !== null) return trouble[0];
  const counts = ['RES', 'CAL'].map((row) => {
    const line = new RegExp(`^ *${row}:((?: +[0-9]+){${cpus}}) `, 'm').exec(console);
    return line === null ? [] : line[1]!.trim().split(/ +/).map(Number);
  });
  const idle = Array.from({ length: cpus }, (_, cpu) => cpu).find((cpu) => !counts.some((row) => (row[cpu] ?? 0) > 0));
  return idle === undefined ? undefined : `no interrupt from another processor reached CPU ${idle}`;
}
