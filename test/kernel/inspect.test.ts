/*
 * The kernel's memory seen from the host: what the views show, and that the checks find what is wrong.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkMemory } from '../../emulator/inspect/invariants.ts';
import { WildPointerError } from '../../emulator/inspect/kernelReader.ts';
import { describeMemory } from '../../emulator/inspect/report.ts';
import { ADDRESS } from '../../emulator/inspect/view.ts';
import type { Machine } from '../../emulator/machine.ts';
import { createGuest, memoryState } from '../support/guest.ts';

const KERNEL_BASE = 0xc0000000;

describe('a guest with a sleeping program', () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await createGuest({ cpus: 2, swapBytes: 1 << 20, exec: ['sleep 5 & echo ready; sleep 10'] });
    const run = await machine.run({ untilOutput: { port: 0, pattern: 'ready' }, instructions: 1e9 });
    expect(run.reason).toBe('output');
    await machine.run({ instructions: 300_000 }); // until both sleep
  });
  afterAll(() => machine.destroy());

  /** Changes a word of the kernel's, and what was there comes back after `look`. */
  function withWord(address: number, value: number, look: () => void): void {
    const physical = address - KERNEL_BASE;
    const before = machine.readPhysical(physical, 4);
    const after = new Uint8Array(4);
    new DataView(after.buffer).setUint32(0, value, true);
    machine.writePhysical(physical, after);
    try {
      look();
    } finally {
      machine.writePhysical(physical, before);
    }
  }

  const programs = () => memoryState(machine).addressSpaces();

  test('views show processes, frames and swap areas', () => {
    const state = memoryState(machine);
    expect(describeMemory(state, 'maps')).toMatch(
      /^pid 1 init: 1 threads, \d+ regions.*\n {2}08048000-[0-9a-f]{8} r-xp-f/m,
    );
    expect(describeMemory(state, 'maps')).toMatch(/^pid \d+ sleep: /m);
    expect(describeMemory(state, 'frames')).toMatch(/^\. +\d+ {2}free$/m);
    expect(describeMemory(state, 'swap')).toMatch(/^area 0 hdd: 0 of 255 slots in use/m);
  });

  test('nothing is wrong', () => {
    expect(checkMemory(memoryState(machine), true)).toEqual([]);
  });

  test('a region that is on the list and not in the tree is found', () => {
    const state = memoryState(machine);
    const mm = programs().at(-1)!;
    const root = mm[ADDRESS] + state.reader.offsetOf('Mm', 'mmapAvl');
    withWord(root, 0, () =>
      expect(checkMemory(state, true).join('\n')).toMatch(/the list has \d+ regions, the tree 0/),
    );
  });

  test('regions that overlap are found', () => {
    const state = memoryState(machine);
    const region = programs().at(-1)!.mmap!;
    const end = region[ADDRESS] + state.reader.offsetOf('Vma', 'vmEnd');
    withWord(end, region.vmNext!.vmStart + 4096, () => {
      expect(checkMemory(state, true).join('\n')).toMatch(/overlaps/);
    });
  });

  test('a hint that names a region of another address space is found', () => {
    const state = memoryState(machine);
    const mm = programs().at(-1)!;
    const hint = mm[ADDRESS] + state.reader.offsetOf('Mm', 'mmapCache');
    withWord(hint, programs().at(-2)!.mmap![ADDRESS], () => {
      expect(checkMemory(state, false).join('\n')).toMatch(/mmapCache is 0x[0-9a-f]+, no region of the list/);
    });
  });

  test('a count that does not fit the page tables is found', () => {
    const state = memoryState(machine);
    const mm = programs().at(-1)!;
    const mapped = [...state.mappings(mm)].find(({ frame }) => frame >= 0 && state.frame(frame).mapCount === 1)!;
    const page = state.frame(mapped.frame);
    const count = page[ADDRESS] + state.reader.offsetOf('Page', 'mapCount');
    withWord(count, 7, () => {
      expect(checkMemory(state, true).join('\n')).toContain(`frame ${mapped.frame}: mapCount is 7, 1 entries show it`);
    });
    const flags = page[ADDRESS] + state.reader.offsetOf('Page', 'flags');
    withWord(flags, state.reader.constant('mm/page:PAGE_FREE'), () => {
      expect(checkMemory(state, false).join('\n')).toContain(`frame ${mapped.frame} is free, and mapped 1 times`);
    });
  });

  test('a list that does not end, and a pointer to nowhere, are findings', () => {
    const state = memoryState(machine);
    const mm = programs().at(-1)!;
    const region = mm.mmap!;
    const next = region[ADDRESS] + state.reader.offsetOf('Vma', 'vmNext');
    withWord(next, region[ADDRESS], () => expect(checkMemory(state, false).join('\n')).toContain('does not end'));
    withWord(next, 0xf7fff000, () => expect(checkMemory(state, false).join('\n')).toContain('there is nothing at'));
    expect(() => state.reader.word(0xf7fff000)).toThrow(WildPointerError);
  });
});
