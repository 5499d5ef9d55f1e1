/*
 * The choice of a machine, read from and written to the page's address, so that a link names a whole run:
 * `?seed=7&memory=16&cpus=2`.
 */
import type { MachineChoice } from './protocol.ts';

const SMALLEST_MEMORY = 8;
const LARGEST_MEMORY = 512;
const MOST_CPUS = 8;
const LARGEST_SEED = 0xffff_ffff;

/** What may be chosen: the parameter's name, its bounds, and what is taken otherwise. */
const PARAMETERS = {
  seed: { least: 0, most: LARGEST_SEED, fallback: 1 },
  memory: { least: SMALLEST_MEMORY, most: LARGEST_MEMORY, fallback: 16 },
  cpus: { least: 1, most: MOST_CPUS, fallback: 1 },
} as const;

type Parameter = keyof typeof PARAMETERS;

/** Reads a choice; what is missing or senseless becomes seed 1, 16 MB and one CPU. */
export function readChoice(search: string): MachineChoice {
  const parameters = new URLSearchParams(search);
  const read = (name: Parameter): number => wholeNumber(parameters, name) ?? PARAMETERS[name].fallback;
  return { seed: read('seed'), memoryMegabytes: read('memory'), cpus: read('cpus') };
}

/** What readChoice found senseless, and took something else for: a sentence for each. */
export function explainRefused(search: string): string {
  const parameters = new URLSearchParams(search);
  const names = Object.keys(PARAMETERS) as Parameter[];
  const refused = names.filter((name) => parameters.has(name) && wholeNumber(parameters, name) === null);
  return refused
    .map((name) => {
      const { least, most, fallback } = PARAMETERS[name];
      return `The address asks for ${name}=${parameters.get(name)}, but it can be ${least} to ${most}: ${fallback} was taken.`;
    })
    .join(' ');
}

/** The query string that readChoice reads back. */
export function writeChoice(choice: MachineChoice): string {
  return `?seed=${choice.seed}&memory=${choice.memoryMegabytes}&cpus=${choice.cpus}`;
}

function wholeNumber(parameters: URLSearchParams, name: Parameter): number | null {
  const text = parameters.get(name);
  if (text === null || !/^\d+$/.test(text)) return null;
  const value = Number(text);
  return value >= PARAMETERS[name].least && value <= PARAMETERS[name].most ? value : null;
}
