/*
 * A run is the same whether guest code is compiled or interpreted, wherever it is stopped in between, and on every
 * repetition; and another seed is another run only if there is something random in it.
 */

import { describe, expect, test } from 'vitest';
import type { Machine } from '../../emulator/machine.ts';
import { Random } from '../../emulator/random.ts';
import { buildKernel, createMachine } from './support.ts';

const stress = buildKernel('stress');
const compute = buildKernel('compute');
const TOTAL = 4_000_000;

/** State hashes after each part of a run, the parts being so many instructions long. */
async function hashes(kernel: Uint8Array, mode: 'fast' | 'exact', parts: readonly number[]): Promise<string[]> {
  const machine = await createMachine(kernel, { mode });
  const result = parts.map((instructions) => {
    expect(machine.runSync({ instructions })).toEqual({ reason: 'limit', instructions });
    return machine.stateHash();
  });
  await machine.destroy();
  return result;
}

function quarters(): number[] {
  return Array.from({ length: 4 }, () => TOTAL / 4);
}

describe.each([
  ['stress', stress],
  ['compute', compute],
])('%s', (_, kernel) => {
  test('compiled and interpreted runs are the same', async () => {
    expect(await hashes(kernel, 'fast', quarters())).toEqual(await hashes(kernel, 'exact', quarters()));
  });

  test('a run is the same every time', async () => {
    expect(await hashes(kernel, 'fast', quarters())).toEqual(await hashes(kernel, 'fast', quarters()));
  });

  test('stopping does not change a run', async () => {
    const random = new Random(7);
    const parts: number[] = [];
    for (let left = TOTAL; left > 0; left -= parts.at(-1)!) parts.push(Math.min(left, 1 + random.below(20_000)));
    const whole = await createMachine(kernel, { mode: 'fast' });
    whole.runSync({ instructions: TOTAL });
    const stopped = await createMachine(kernel, { mode: 'fast' });
    for (const instructions of parts) stopped.runSync({ instructions });
    expect(stopped.stateHash()).toBe(whole.stateHash());
    await whole.destroy();
    await stopped.destroy();
  });

  test('single steps are the same as one run', async () => {
    const steps = 5000;
    const [stepped, whole] = [await warm(kernel), await warm(kernel)];
    for (let i = 0; i < steps; i++) stepped.runSync({ instructions: 1 });
    whole.runSync({ instructions: steps });
    expect(stepped.stateHash()).toBe(whole.stateHash());
    await stepped.destroy();
    await whole.destroy();
  });
});

/** A machine whose hot code is compiled. */
async function warm(kernel: Uint8Array): Promise<Machine> {
  const machine = await createMachine(kernel, { mode: 'fast' });
  machine.runSync({ instructions: 1_500_000 });
  return machine;
}

test('the hash sees a changed byte, a changed register and a changed device', async () => {
  const machine = await createMachine(compute);
  machine.runSync({ instructions: 100_000 });
  const seen = new Set([machine.stateHash()]);
  machine.writePhysical(0x90_0001, Uint8Array.of(1));
  seen.add(machine.stateHash());
  machine.writePhysical(0x90_0001, Uint8Array.of(0));
  expect(seen.has(machine.stateHash())).toBe(true);
  machine.serial(2).send(Uint8Array.of(65));
  seen.add(machine.stateHash());
  machine.runSync({ instructions: 1 });
  seen.add(machine.stateHash());
  expect(seen.size).toBe(4);
  await machine.destroy();
});

test('time jumps while the CPU sleeps', async () => {
  const machine = await createMachine(buildKernel('clocks'));
  const result = machine.runSync({ instructions: 50_000_000 });
  expect(result.reason).toBe('exit');
  expect(machine.nanoseconds).toBeGreaterThan(1_000_000_000); // two seconds of the guest's clock
  expect(result.instructions).toBeLessThan(3_000_000);
  await machine.destroy();
});
