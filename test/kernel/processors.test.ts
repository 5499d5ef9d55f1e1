/*
 * The kernel on several CPUs: all of them start, on any board, and a run stays a function of its seed.
 */
import { expect, test } from 'vitest';
import { createGuest, replayCommand, runAndHash, runGuest } from '../support/guest.ts';

test.each([1, 2, 4, 8])('%i CPUs start, with 8 MB of memory', async (cpus) => {
  const options = { cpus, memoryBytes: 8 << 20, exec: ['cat /proc/cpuinfo'] };
  const run = await runGuest(options);
  expect(run.status, `${run.output}\n${replayCommand(options)}`).toBe(0);
  const numbers = [...run.output.matchAll(/^processor\t: (\d+)$/gm)].map((match) => Number(match[1]));
  expect(numbers).toEqual(Array.from({ length: cpus }, (_, i) => i));
});

test('a CPU that the MP table names and that is not there is left out', async () => {
  const machine = await createGuest({ cpus: 3 });
  try {
    // The second processor entry: the table's header has 44 bytes behind the pointer's 16, each entry 20.
    const entry = 0xff000 + 16 + 44 + 20;
    const sums = 0xff000 + 16 + 7;
    machine.writePhysical(entry + 1, Uint8Array.of(77));
    const [sum] = machine.readPhysical(sums, 1);
    machine.writePhysical(sums, Uint8Array.of((sum! - (77 - 1)) & 0xff));
    const console: Uint8Array[] = [];
    machine.serial(0).onOutput((bytes) => console.push(bytes.slice()));
    machine.runSync({ untilOutput: { port: 0, pattern: 'pagewright:/# ' }, instructions: 1e9 });
    const output = Buffer.concat(console).toString();
    expect(output).toContain('cpu: the one with APIC id 77 does not answer');
    expect(output).toContain('cpu: 2 of 3 run');
    expect(output).toContain('pagewright:/# ');
  } finally {
    await machine.destroy();
  }
});

test.each([
  [3, 'exact', 3],
  [4, 'fast', 4],
  [8, 'fast', 5],
] as const)('%i CPUs, %s: nothing gets lost when many processes run at once, seed %i', async (cpus, mode, seed) => {
  const options = { cpus, mode, seed, exec: ['torture --iterations 1 --jobs 6'] };
  const run = await runGuest(options);
  expect(run.status, `${run.output}\n${replayCommand(options)}`).toBe(0);
});

test('each CPU has its column and its line in /proc, and all of them work', async () => {
  const options = { cpus: 4, exec: ['torture --iterations 1 --jobs 6', 'cat /proc/interrupts /proc/stat'] };
  const { output, status } = await runGuest(options);
  expect(status, `${output}\n${replayCommand(options)}`).toBe(0);
  expect(output).toMatch(/^ {11}CPU0 {7}CPU1 {7}CPU2 {7}CPU3 {7}$/m);
  const row = (label: string): number[] => {
    const line = new RegExp(`^ *${label}:((?: +[0-9]+)+)`, 'm').exec(output);
    return line![1]!.trim().split(/ +/).map(Number);
  };
  expect(row('4')).toHaveLength(4);
  expect(row('NMI')).toEqual([0, 0, 0, 0]);
  for (const label of ['LOC', 'RES', 'TLB']) {
    expect(row(label), label).toHaveLength(4);
    for (const count of row(label)) expect(count, label).toBeGreaterThan(0);
  }
  expect(row('ERR')).toEqual([0]);
  const times = [...output.matchAll(/^cpu([0-3]?) (.*)$/gm)].map((match) => match[2]!.trim().split(' ').map(Number));
  expect(times).toHaveLength(5);
  const sums = times[0]!.map((_, field) => times.slice(1).reduce((sum, cpu) => sum + cpu[field]!, 0));
  expect(times[0]).toEqual(sums);
});

test('a run on several CPUs is a function of its seed, compiled or interpreted', async () => {
  const options = { cpus: 4, seed: 7, exec: ['cat /proc/cpuinfo', 'torture --iterations 1 --jobs 1 --threads 4'] };
  const first = await runAndHash(options);
  expect(first.status, `${first.output}\n${replayCommand(options)}`).toBe(0);
  expect(await runAndHash(options)).toEqual(first);
  expect(await runAndHash({ ...options, mode: 'exact' })).toEqual(first);
  expect((await runAndHash({ ...options, seed: 8 })).stateHash).not.toBe(first.stateHash);
});

test('a CPU with nothing to do helps where it may, though the busiest can be helped by nobody', async () => {
  const spin = (mask: number) => `taskset ${mask} yes >/dev/null &`;
  const exec = [
    `${spin(1)} ${spin(1)} ${spin(1)} ${spin(2)} A=$!; ${spin(2)} B=$!; sleep 0.1; taskset -p 6 $A; taskset -p 6 $B; sleep 1; cat /proc/stat`,
  ];
  const options = { cpus: 3, exec };
  const { output } = await runGuest(options);
  const [user, nice, system, idle] = /^cpu2 (.*)$/m.exec(output)![1]!.trim().split(' ').map(Number);
  expect(user! + nice! + system!, `${output}\n${replayCommand(options)}`).toBeGreaterThan(4 * idle!);
});
