/*
 * The races of 1999 (kernel/mm/locking.md tells their story): names, build flags, and what happens when one is open.
 */
import * as numbers from '../../kernel/abi/races.ts';
import type { OutcomeKind } from './judge.ts';

export interface Race {
  /** Of the command line, and of the file with its schedule. */
  readonly name: string;
  /** In the kernel: kernel/abi/races.ts. */
  readonly number: number;
  /** The build constant that opens it. */
  readonly flag: string;
  readonly outcome: OutcomeKind;
}

const race = (name: string, outcome: OutcomeKind): Race => {
  const word = name.toUpperCase().replaceAll('-', '_');
  const number = new Map<string, number>(Object.entries(numbers)).get(`RACE_${word}`);
  if (number === undefined) throw new Error(`kernel/abi/races.ts has no RACE_${word}`);
  return { name, number, flag: `RACE_1999_${word}`, outcome };
};

export const RACES_1999: readonly Race[] = [
  race('scan', 'use after free'),
  race('split', 'torn VMA'),
  race('swapout', 'deadlock'),
  race('entry', 'lost page'),
  race('mlock', 'torn VMA'),
  race('move', 'use after free'),
  race('move-flags', 'use after free'),
  race('merge', 'use after free'),
  race('region', 'use after free'),
  race('rss', 'lost update'),
  race('ptrace', 'use after free'),
  race('stack', 'torn VMA'),
];

/**
 * The build constants of an image that can show these races: without the lock checker, which would end each run before
 * anything happens.
 */
export function raceDefines(races: readonly Race[]): Map<string, boolean> {
  const flags = races.map(({ flag }) => [flag, true] as const);
  return new Map([...flags, ['RACE_TEST', true], ['SLAB_DEBUG', true], ['LOCK_CHECKER', false]]);
}
