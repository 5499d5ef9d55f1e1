/*
 * The streams that carry the state of the machine's parts.
 */

import { expect, test } from 'vitest';
import { readState, StateMismatchError, type StateStream, storeState } from '../../emulator/state.ts';

/** A part with a field of every kind. */
class Part {
  count = 0;
  isOpen = false;
  limit: number | undefined;
  registers = new Uint32Array(3);
  queue: number[] = [];
  contents: Uint8Array = new Uint8Array(0);

  transferState(state: StateStream): void {
    this.count = state.number(this.count);
    this.isOpen = state.flag(this.isOpen);
    this.limit = state.optional(this.limit);
    state.array(this.registers);
    this.queue = state.list(this.queue);
    this.contents = state.bytes(this.contents);
  }
}

function filled(): Part {
  const part = new Part();
  part.count = Number.POSITIVE_INFINITY;
  part.isOpen = true;
  part.limit = 0;
  part.registers.set([1, 0xffff_ffff, 3]);
  part.queue = [2 ** 53, -1];
  part.contents = Uint8Array.of(7, 8);
  return part;
}

test('what is noted comes back, however often, and shares nothing with it', () => {
  const part = filled();
  const stored = storeState(part);
  expect(part).toEqual(filled());
  for (let round = 0; round < 2; round++) {
    const copy = new Part();
    readState(copy, stored);
    expect(copy).toEqual(filled());
    copy.contents[0] = 0;
    copy.queue.push(1);
    copy.registers[0] = 9;
  }
});

test('the state of another machine is refused', () => {
  const stored = storeState(filled());
  const read = (changed: Partial<typeof stored>) => () => readState(new Part(), { ...stored, ...changed });
  expect(read({ numbers: stored.numbers.slice(0, -1) })).toThrow(/less in it/);
  expect(read({ numbers: Float64Array.of(...stored.numbers, 0) })).toThrow(/more in it/);
  expect(read({ blobs: [new Uint8Array(3)] })).toThrow(StateMismatchError);
});
