/*
 * Parallel moves, exhaustively: every way to fill up to five destinations from six sources and a constant.
 */

import { describe, expect, it } from 'vitest';
import { type Move, sequentialize } from '../../tools/compiler/backend/parallel-move.ts';

type Source = { readonly register: number } | { readonly constant: number };

const temporaryBase = 100;

/** Runs moves one after the other on a small machine in which register n holds the value n * 10 + 1. */
function execute(moves: readonly Move<Source>[]): Map<number, number> {
  const registers = new Map<number, number>();
  const read = (n: number): number => registers.get(n) ?? n * 10 + 1;
  for (const { from, to } of moves) registers.set(to, 'constant' in from ? from.constant : read(from.register));
  return registers;
}

function check(sources: readonly number[], sourceCount: number): number {
  const moves = sources.map((source, to): Move<Source> => {
    return { to, from: source === sourceCount ? { constant: -7 } : { register: source } };
  });
  let temporaries = 0;
  const sequence = sequentialize<Source>(
    moves,
    (source) => ('constant' in source ? -1 : source.register),
    () => temporaryBase + temporaries++,
    (register) => ({ register }),
  );
  const registers = execute(sequence);
  for (const { from, to } of moves) {
    const expected = 'constant' in from ? from.constant : from.register * 10 + 1;
    if ((registers.get(to) ?? to * 10 + 1) !== expected) throw new Error(`wrong for ${sources.join()}`);
  }
  // Nothing but destinations and temporaries may change.
  for (const [register] of registers) {
    if (register < temporaryBase && register >= moves.length)
      throw new Error(`clobbers ${register}: ${sources.join()}`);
  }
  return temporaries;
}

describe('parallel moves', () => {
  it('come out right in every combination of sources', () => {
    let checked = 0;
    const sourceCount = 6;
    for (let destinations = 1; destinations <= 5; destinations++) {
      const total = (sourceCount + 1) ** destinations;
      for (let code = 0; code < total; code++) {
        const sources = Array.from({ length: destinations }, (_, n) => {
          return Math.floor(code / (sourceCount + 1) ** n) % (sourceCount + 1);
        });
        check(sources, sourceCount);
        checked++;
      }
    }
    expect(checked).toBe(7 + 49 + 343 + 2401 + 16807);
  });

  it('need one temporary per cycle and none otherwise', () => {
    expect(check([1, 2, 3, 4, 5], 6)).toBe(0);
    expect(check([1, 0], 6)).toBe(1);
    expect(check([1, 2, 0], 6)).toBe(1);
    expect(check([1, 0, 3, 2], 6)).toBe(2);
    expect(check([1, 0, 0, 1], 6)).toBe(1);
    expect(check([0, 1, 2], 6)).toBe(0);
  });
});
