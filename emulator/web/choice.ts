/*
 * The choice of a machine, read from and written to the page's address, so that a link names a whole run:
 * `?seed=7&memory=16`.
 */
import type { MachineChoice } from './protocol.ts';

export const SMALLEST_MEMORY = 8;
export const LARGEST_MEMORY = 512;
const LARGEST_SEED = 0xffff_ffff;

/** Reads a choice; what is missing or senseless becomes seed 1 and 16 MB. */
export function readChoice(search: string): MachineChoice {
  const parameters = new URLSearchParams(search);
  return {
    seed: wholeNumber(parameters.get('seed'), 0, LARGEST_SEED) ?? 1,
    memoryMegabytes: wholeNumber(parameters.get('memory'), SMALLEST_MEMORY, LARGEST_MEMORY) ?? 16,
  };
}

/** The query string that readChoice reads back. */
export function writeChoice(choice: MachineChoice): string {
  return `?seed=${choice.seed}&memory=${choice.memoryMegabytes}`;
}

function wholeNumber(text: string | null, least: number, most: number): number | null {
  if (text === null || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}
