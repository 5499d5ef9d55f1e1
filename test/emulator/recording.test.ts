/*
 * Recordings: what is typed at random moments comes back at the same ones; what differs is found and named; files that
 * cannot be used are refused.
 */

import { afterEach, describe, expect, test } from 'vitest';
import { SNAPSHOT_FILE } from '../../emulator/file-kinds.ts';
import { type Machine, type MachineOptions, SnapshotError } from '../../emulator/machine.ts';
import { zlib } from '../../emulator/node/compression.ts';
import { RandomSlices } from '../../emulator/policies/random-slices.ts';
import { Random } from '../../emulator/random.ts';
import { readRecording, Recorder, type Recording, writeRecording } from '../../emulator/recording.ts';
import { replay } from '../../emulator/replay.ts';
import { readSnapshot, writeSnapshot } from '../../emulator/snapshot-file.ts';
import { buildKernel, collectOutput, createMachine } from './support.ts';

const serial = buildKernel('serial');
const stress = buildKernel('stress');
const race = buildKernel('race');
const machines: Machine[] = [];

async function create(kernel: Uint8Array, options: Partial<MachineOptions> = {}): Promise<Machine> {
  const machine = await createMachine(kernel, options);
  machines.push(machine);
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.destroy();
});

const text = (value: string) => new TextEncoder().encode(value);
const through = (recording: Recording) => readRecording(writeRecording(recording, zlib), zlib);

/** Types into the echo loop at random moments, from outside and from listeners, and records it. */
async function recordTyping(seed: number, options: Partial<MachineOptions> = {}) {
  const random = new Random(seed);
  const machine = await create(serial, { seed, ...options });
  const recorder = new Recorder(machine);
  const output = collectOutput(machine, 1);
  const port = machine.serial(1);
  let answers = 0;
  port.onOutput(() => {
    if (answers++ < 5) port.send(text(`answer ${answers} `));
  });
  let bytes = 0;
  const stop = port.onByte(() => {
    if (++bytes === 10) port.send(text('in the middle '));
  });
  machine.runSync({ untilOutput: { port: 0, pattern: 'echo\n' } });
  for (let i = 0; i < 20; i++) {
    machine.runSync({ instructions: random.below(3000) });
    if (random.below(5) === 0) port.discardInput();
    port.send(text(`line ${i} `));
  }
  const run = machine.run({ waitForInput: true });
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, random.below(4)));
    port.send(text(`waking ${i} `));
  }
  port.send(text('.'));
  const result = await run;
  port.send(text('too late for the guest, but not for its state'));
  stop();
  return { recording: through(recorder.finish(null, result)), hash: machine.stateHash(), output: output() };
}

describe('a recorded run', () => {
  test.each([1, 2, 3, 4])('with input at random moments comes out the same, seed %i', async (seed) => {
    const { recording, hash, output } = await recordTyping(seed);
    expect(recording.result).toMatchObject({ reason: 'exit' });
    for (const mode of ['fast', 'exact'] as const) {
      const machine = await create(serial, { seed, mode });
      const echoed = collectOutput(machine, 1);
      const { divergence, at } = await replay(machine, recording);
      expect(divergence).toBeUndefined();
      expect(at).toEqual(recording.checkpoints.at(-1)!.at);
      expect(machine.stateHash()).toBe(hash);
      expect(echoed()).toBe(output);
    }
  });

  test('of several CPUs, with checkpoints', async () => {
    const options = { cpus: 4, seed: 9, policy: (random: Random) => new RandomSlices(random, 5000) };
    const machine = await create(race, options);
    const recorder = new Recorder(machine);
    const result = machine.runSync({ instructions: 60_000_000 });
    const recording = through(recorder.finish(null, result));
    const other = await create(race, options);
    expect(await replay(other, recording)).toMatchObject({ divergence: undefined });
    expect(other.stateHash()).toBe(machine.stateHash());
  });

  test('is the same as without the recorder', async () => {
    const [recorded, plain] = [await create(stress), await create(stress)];
    const recorder = new Recorder(recorded);
    const result = recorded.runSync({ instructions: 3_500_000 });
    plain.runSync({ instructions: 3_500_000 });
    expect(recorder.finish(null, result).checkpoints.at(-1)!.hash).toBe(plain.stateHash());
  });

  test('ends in a shutdown as well as in an exit', async () => {
    const faults = buildKernel('faults');
    const machine = await create(faults, { commandLine: 'i' });
    const recorder = new Recorder(machine);
    const result = machine.runSync();
    expect(result.reason).toBe('shutdown');
    const recording = through(recorder.finish(null, result));
    const other = await create(faults, { commandLine: 'i' });
    expect((await replay(other, recording)).divergence).toBeUndefined();
  });

  test('begins with the machine', async () => {
    const machine = await create(stress);
    machine.runSync({ instructions: 1 });
    expect(() => new Recorder(machine)).toThrow(SnapshotError);
  });
});

describe('a divergence', () => {
  const record = async (instructions: number) => {
    const machine = await create(stress);
    const recorder = new Recorder(machine);
    const result = machine.runSync({ instructions });
    return through(recorder.finish(null, result));
  };

  test('in memory is found at the next checkpoint, by its page', async () => {
    const recording = await record(3_500_000);
    const machine = await create(stress);
    machine.writePhysical(0xa0_0123, Uint8Array.of(1));
    const { divergence } = await replay(machine, recording);
    expect(divergence?.differences).toEqual(['RAM: 1 page, the first at 0xa00000']);
    expect(divergence?.repeats).toBe(true);
    expect(divergence?.after.instructions).toBe(3_000_000);
    expect(divergence?.before.instructions).toBe(3_500_000);
  });

  test('in registers is found at the next sample, by CPU and register', async () => {
    const recording = await record(5_000_000);
    const samples = recording.samples.map((sample, i) =>
      i < 2 ? sample : { ...sample, registers: { ...sample.registers, ebx: sample.registers.ebx ^ 1 } },
    );
    const machine = await create(stress);
    const { divergence } = await replay(machine, { ...recording, samples });
    expect(divergence?.after.instructions).toBe(2_000_000);
    expect(divergence?.before.instructions).toBe(3_000_000);
    expect(divergence?.differences[0]).toMatch(/^CPU 0: ebx 0x[0-9a-f]+ instead of 0x[0-9a-f]+$/);
  });

  test('by input that is missing is found', async () => {
    const { recording } = await recordTyping(5);
    const machine = await create(serial, { seed: 5 });
    const { divergence } = await replay(machine, { ...recording, inputs: recording.inputs.slice(0, -2) });
    expect(divergence?.differences.join()).toMatch(/nothing runs any more/);
  });
});

describe('files', () => {
  test('a snapshot from a file goes on in another machine', async () => {
    const options = { cpus: 2, policy: (random: Random) => new RandomSlices(random, 1000) };
    const machine = await create(race, options);
    machine.runSync({ instructions: 40_000 });
    const file = writeSnapshot(machine.snapshot(), zlib);
    expect(file.length).toBeLessThan(200_000);
    const other = await create(race, options);
    other.restore(readSnapshot(file, zlib));
    for (const m of [machine, other]) m.runSync({ instructions: 40_000 });
    expect(other.stateHash()).toBe(machine.stateHash());
  });

  test('that are damaged, foreign or of another version are refused', async () => {
    const machine = await create(stress);
    const file = writeSnapshot(machine.snapshot(), zlib);
    const changed = (at: number) => file.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const read = (bytes: Uint8Array) => () => readSnapshot(bytes, zlib);
    expect(read(file.slice(0, file.length / 2))).toThrow(/damaged or cut off/);
    expect(read(file.slice(0, 20))).toThrow(/damaged or cut off/);
    expect(read(changed(file.length - 100))).toThrow(/damaged or cut off/);
    const { version } = SNAPSHOT_FILE;
    const ofVersion = (other: number) => file.map((byte, i) => (i === 12 ? other : byte));
    expect(read(ofVersion(version - 1))).toThrow(/version \d+ of its format, .* use the older pagewright/);
    expect(read(ofVersion(version + 1))).toThrow(/version \d+ of its format, .* use the newer pagewright/);
    expect(read(text('#!/bin/sh'))).toThrow(/not a snapshot/);
    const { recording } = await recordTyping(6);
    expect(read(writeRecording(recording, zlib))).toThrow(/this is a recording, not a snapshot/);
    expect(() => readRecording(file, zlib)).toThrow(/this is a snapshot, not a recording/);
  });

  test('of another machine are refused, and nothing changes', async () => {
    const snapshot = (await create(stress)).snapshot();
    const refusal = async (kernel: Uint8Array, options: Partial<MachineOptions>, message: RegExp) => {
      const other = await create(kernel, options);
      const before = other.stateHash();
      expect(() => other.restore(snapshot)).toThrow(message);
      expect(() => other.restore(snapshot)).toThrow(SnapshotError);
      expect(other.stateHash()).toBe(before);
    };
    await refusal(stress, { cpus: 2 }, /it had 1 CPUs, this one has 2/);
    await refusal(stress, { memoryBytes: 8 << 20 }, /16384 KiB of memory, this one has 8192/);
    await refusal(race, {}, /its kernel was another one \(SHA-256 [0-9a-f]{16}/);
    await refusal(stress, { commandLine: 'quiet' }, /its command line was another one/);
    await refusal(stress, { modules: [{ data: text('x'), commandLine: 'm' }] }, /it had no module 'm'/);
    const policy = (random: Random) => new RandomSlices(random, 100);
    await refusal(stress, { policy }, /more in it than this machine: create the machine with the same policy/);
  });
});
