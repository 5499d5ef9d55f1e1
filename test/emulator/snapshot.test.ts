/*
 * Snapshots: wherever one is taken, the machine goes on as if nothing had happened, and whatever is restored from it does
 * the same as the machine it was taken of.
 *
 * The points and lengths are random but fixed by a seed; a failure names it.
 */

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Machine, MachineOptions, Snapshot } from '../../emulator/machine.ts';
import { RandomSlices } from '../../emulator/policies/random-slices.ts';
import { Random } from '../../emulator/random.ts';
import { buildKernel, createMachine } from './support.ts';

const kernels = Object.fromEntries(['stress', 'compute', 'race', 'serial'].map((name) => [name, buildKernel(name)]));
const machines: Machine[] = [];

async function create(name: string, options: Partial<MachineOptions> = {}): Promise<Machine> {
  const machine = await createMachine(kernels[name]!, options);
  machines.push(machine);
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.destroy();
});

/** Runs a machine in parts of random length; the state hash after each, and a hash of RAM that trusts nothing. */
function hashes(machine: Machine, random: Random, parts: number, longest: number): string[] {
  return Array.from({ length: parts }, () => {
    machine.runSync({ instructions: 1 + random.below(longest) });
    return `${machine.stateHash()} ${createHash('sha1').update(machine.memory()).digest('hex')}`;
  });
}

/** Whether RAM is what the snapshot says: by comparing all of it, not only what is known to have been written. */
function expectRam(machine: Machine, snapshot: Snapshot): void {
  const ram = machine.memory();
  const wrong = snapshot.ram.findIndex((page, i) => {
    const at = i * 4096;
    return Buffer.compare(ram.subarray(at, at + 4096), page ?? Buffer.alloc(4096)) !== 0;
  });
  expect(wrong).toBe(-1);
}

describe.each([
  ['stress', 1, 'fast'],
  ['stress', 1, 'exact'],
  ['compute', 1, 'fast'],
  ['race', 2, 'fast'],
  ['race', 8, 'fast'],
  ['race', 4, 'exact'],
] as const)('%s, %i CPUs, %s', (name, cpus, mode) => {
  const policy = (random: Random) => new RandomSlices(random, 3000);
  const start = { stress: 2_000_000, compute: 2_000_000, race: 60_000 }[name];

  test.each([1, 2, 3])('a snapshot at any point, seed %i', async (seed) => {
    const random = new Random(seed);
    const options = { cpus, mode, seed, policy };
    const [undisturbed, original, other] = [
      await create(name, options),
      await create(name, options),
      await create(name, options),
    ];
    const first = 1 + random.below(start);
    for (const machine of [undisturbed, original]) machine.runSync({ instructions: first });
    const snapshot = original.snapshot();
    expectRam(original, snapshot);

    const parts = () => new Random(seed + 100);
    const expected = hashes(undisturbed, parts(), 6, start / 4);
    expect(hashes(original, parts(), 6, start / 4)).toEqual(expected); // taking it has changed nothing
    for (let round = 0; round < 2; round++) {
      original.restore(snapshot);
      expectRam(original, snapshot);
      expect(hashes(original, parts(), 6, start / 4)).toEqual(expected);
    }
    other.restore(snapshot);
    expectRam(other, snapshot);
    expect(hashes(other, parts(), 6, start / 4)).toEqual(expected);
  });

  test('back and forth between snapshots', async () => {
    const machine = await create(name, { cpus, mode, policy });
    const random = new Random(11);
    const saved = Array.from({ length: 8 }, () => {
      machine.runSync({ instructions: 1 + random.below(start / 4) });
      return { snapshot: machine.snapshot(), hash: machine.stateHash() };
    });
    for (let round = 0; round < 30; round++) {
      const { snapshot, hash } = saved[random.below(saved.length)]!;
      machine.restore(snapshot);
      expect(machine.instructions).toBe(snapshot.instructions);
      expect(machine.stateHash()).toBe(hash);
      expectRam(machine, snapshot);
      machine.runSync({ instructions: 1 + random.below(start / 20) });
    }
  });
});

test('code that was compiled later does the same from the start as the interpreter', async () => {
  const [fast, exact] = [await create('stress', { mode: 'fast' }), await create('stress', { mode: 'exact' })];
  const powerOn = fast.snapshot();
  fast.runSync({ instructions: 3_500_000 });
  fast.restore(powerOn);
  expect(hashes(fast, new Random(5), 20, 20_000)).toEqual(hashes(exact, new Random(5), 20, 20_000));
});
