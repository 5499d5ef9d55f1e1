/*
 * The choice of a machine, read from and written to the page's address, so that a link names a whole run:
 * `?seed=7&memory=16&cpus=2`.
 */
import type { MachineChoice } from './protocol.ts';

export const SMALLEST_MEMORY = 8;
export const LARGEST_MEMORY = 512;
const MOST_CPUS = 8;
const LARGEST_SEED = 0xffff_ffff;

/** Reads a choice; what is missing or senseless becomes seed 1, 16 MB and one CPU. */
export function readChoice(search: string): MachineChoice {
  const parameters = new URLSearchParams(search);
  return {
    seed: wholeNumber(parameters.get('seed'), 0, LARGEST_SEED) ?? 1,
    memoryMegabytes: wholeNumber(parameters.get('memory'), SMALLEST_MEMORY, LARGEST_MEMORY) ?? 16,
    cpus: wholeNumber(parameters.get('cpus'), 1, MOST_CPUS) ?? 1,
  };
}

/** The query string that readChoice reads back. */
export function writeChoice(choice: MachineChoice): string {
  return `?seed=${choice.seed}&memory=${choice.memoryMegabytes}&cpus=${choice.cpus}`;
}

function wholeNumber(text: string | null, least: number, most: number): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}
