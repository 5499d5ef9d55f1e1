/*
 * Several CPUs: what the MP specification and the manual promise, by a kernel that prints the same under QEMU; determinism;
 * policies.
 */

import { describe, expect, test } from 'vitest';
import { RandomSlices } from '../../emulator/policies/random-slices.ts';
import { RoundRobin } from '../../emulator/policies/round-robin.ts';
import { Scripted } from '../../emulator/policies/scripted.ts';
import type { Policy, Slice } from '../../emulator/policy.ts';
import { Random } from '../../emulator/random.ts';
import type { StateStream } from '../../emulator/state.ts';
import { buildKernel, createMachine, runKernel, runUnderQemu } from './support.ts';

const smp = buildKernel('smp');
const race = buildKernel('race');

test('four CPUs do the same as under QEMU', async () => {
  const { output, reason } = await runKernel(smp, { cpus: 4 });
  expect(reason).toBe('exit');
  expect(output).toBe(runUnderQemu('smp', 4));
});

test('a CPU begins as the manual says, and keeps what an INIT does not touch', async () => {
  const { output, reason } = await runKernel(buildKernel('init'), { cpus: 2 });
  expect(reason).toBe('exit');
  const zeros = (count: number) => Array.from({ length: count }, () => '00000000').join(' ');
  const began = (processor: number, cr0: string, rest: readonly string[]) => [
    'started 1',
    `registers ${zeros(3)} 00000673 ${zeros(4)}`,
    `segments ${zeros(5)} 00000${processor}00`,
    `control and debug ${cr0} ${zeros(4)} ffff0ff0 00000400`,
    'idt 0000ffff 00000000 00000000',
    'gdt 0000ffff 00000000 00000000',
    ...rest,
    'signature in edx 1',
  ];
  expect(output.split('\n')).toEqual([
    'not by the second 0',
    ...began(8, '60000010', ['fpu 0000037f 00000000', `tsc, msrs ${zeros(3)}`]),
    ...began(9, '00000010', ['fpu 0000027f 00003800', 'tsc, msrs 00001000 00000008 00000777']),
    '',
  ]);
});

test('a run with several CPUs depends on the seed, and on nothing else', async () => {
  const options = { cpus: 3, seed: 5, policy: (random: Random) => new RandomSlices(random, 5000) };
  const fast = await runKernel(race, options);
  expect(await runKernel(race, options)).toEqual(fast);
  expect(await runKernel(race, { ...options, mode: 'exact' })).toEqual(fast);
  const other = await runKernel(race, { ...options, seed: 6 });
  expect(other.hash).not.toBe(fast.hash);
});

describe.each([1, 2, 8])('%i CPUs', (cpus) => {
  test('add up under a lock, and lose updates without', async () => {
    const policy = (random: Random) => new RandomSlices(random, 50);
    const { output, exitCode } = await runKernel(race, { cpus, policy });
    expect(exitCode).toBe(0);
    const [locked, unlocked] = Array.from(output.matchAll(/(\d+) of (\d+)/g), ([, sum, whole]) => [
      Number(sum),
      Number(whole),
    ]);
    expect(locked![0]).toBe(locked![1]);
    if (cpus === 1) expect(unlocked![0]).toBe(unlocked![1]);
    else expect(unlocked![0]).toBeLessThan(unlocked![1]!);
  });
});

test('a CPU that spins with PAUSE gives way', async () => {
  // With slices this long, the waiting CPU would use up the limit if its slices lasted.
  const policy = (random: Random) => new RoundRobin(random, 500_000_000);
  expect(await runKernel(race, { cpus: 2, policy })).toMatchObject({ reason: 'exit' });
});

describe('policies', () => {
  const random = () => new Random(3);
  const cpus = [0, 1, 2];
  const slices = (policy: Policy, runnable: readonly number[], count: number) =>
    Array.from({ length: count }, () => policy.next(runnable, 0));

  test('round robin takes turns, skips who cannot run, and varies its slices', () => {
    const policy = new RoundRobin(random(), 1000);
    expect(slices(policy, cpus, 4).map((slice) => slice.cpu)).toEqual([0, 1, 2, 0]);
    expect(slices(policy, [0, 2], 3).map((slice) => slice.cpu)).toEqual([2, 0, 2]);
    const lengths = slices(policy, cpus, 500).map((slice) => slice.instructions);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...lengths)).toBeLessThan(1500);
    expect(new Set(lengths).size).toBeGreaterThan(300);
  });

  test('random slices are of all scales, for all CPUs', () => {
    const found = slices(new RandomSlices(random(), 1 << 16), cpus, 2000);
    expect(new Set(found.map((slice) => slice.cpu))).toEqual(new Set(cpus));
    for (const scale of [1 << 6, 1 << 10, 1 << 14]) {
      expect(found.filter((slice) => slice.instructions < scale).length).toBeGreaterThan(20);
    }
    expect(Math.max(...found.map((slice) => slice.instructions))).toBeLessThanOrEqual(1 << 16);
  });

  test('a script is followed, then another policy goes on', () => {
    const script: Slice[] = [
      { cpu: 2, instructions: 7 },
      { cpu: 5, instructions: 1 },
      { cpu: 0, instructions: 3 },
    ];
    const policy = new Scripted(script, new RoundRobin(random(), 10));
    expect(policy.ignoresPause).toBe(true);
    expect(policy.next(cpus, 0)).toEqual(script[0]);
    expect(policy.next(cpus, 0)).toEqual(script[2]);
    expect(policy.ignoresPause).toBe(true);
    expect(policy.next(cpus, 0).cpu).toBe(0);
    expect(policy.ignoresPause).toBe(false);
    expect(policy.position).toBe(3);
  });

  test('a scripted machine does exactly what the script says', async () => {
    const log: number[][] = [];
    const script = Array.from({ length: 400 }, (_, i) => ({ cpu: i % 2, instructions: 1 + ((i * 7) % 13) }));
    const run = async () => {
      const policy = (r: Random) => {
        const inner = new Scripted(script, new RoundRobin(r, 1000));
        return {
          get ignoresPause() {
            return inner.ignoresPause;
          },
          transferState: (state: StateStream) => inner.transferState(state),
          next: (runnable: readonly number[], executed: number) => {
            if (inner.position < script.length) log.push([executed, runnable.length]);
            return inner.next(runnable, executed);
          },
        };
      };
      const machine = await createMachine(race, { cpus: 2, policy });
      machine.runSync({ instructions: 50_000 });
      const hash = machine.stateHash();
      await machine.destroy();
      return hash;
    };
    const first = await run();
    const firstLog = log.splice(0);
    expect(await run()).toBe(first);
    expect(log).toEqual(firstLog);
    expect(log.length).toBeGreaterThan(100);
  });
});
