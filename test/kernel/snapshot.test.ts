/*
 * Snapshots and recordings of the kernel at work, on one CPU and on several: processes that share, copy and swap pages
 * depend on accessed and dirty bits, and on what is left in the TLB.
 */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Machine } from '../../emulator/machine.ts';
import { zlib } from '../../emulator/node/compression.ts';
import { Random } from '../../emulator/random.ts';
import { readRecording, Recorder, writeRecording } from '../../emulator/recording.ts';
import { replay } from '../../emulator/replay.ts';
import { readSnapshot, writeSnapshot } from '../../emulator/snapshot-file.ts';
import { createGuest, type GuestOptions } from '../support/guest.ts';

const machines: Machine[] = [];

async function guest(options: GuestOptions): Promise<Machine> {
  const machine = await createGuest(options);
  machines.push(machine);
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.destroy();
});

/** The state hash after the guest has ended, and a hash of RAM that trusts nothing. */
function end(machine: Machine): string {
  expect(machine.runSync({ instructions: 2e9 })).toMatchObject({ reason: 'exit', exitCode: 0 });
  return `${machine.stateHash()} ${createHash('sha1').update(machine.memory()).digest('hex')}`;
}

describe.each([1, 4])('%i CPUs', (cpus) => {
  const options: GuestOptions = { cpus, seed: 3, exec: ['ls /bin; ps', 'torture --iterations 1'] };

  test('a snapshot anywhere leads to the same end', async () => {
    const random = new Random(cpus);
    const whole = await guest(options);
    const expected = end(whole);
    const length = whole.instructions;
    const machine = await guest(options);
    const other = await guest({ ...options, mode: 'exact' });
    const snapshots = [];
    for (let i = 0; i < 4; i++) {
      machine.runSync({ instructions: random.below(Math.floor(length / 4)) });
      snapshots.push(machine.snapshot());
    }
    expect(end(machine)).toBe(expected);
    for (const snapshot of snapshots.reverse()) {
      machine.restore(snapshot);
      expect(end(machine)).toBe(expected);
    }
    other.restore(readSnapshot(writeSnapshot(snapshots[0]!, zlib), zlib));
    expect(end(other)).toBe(expected);
  });

  test('a shell that was typed at is replayed', async () => {
    const random = new Random(cpus);
    const machine = await guest({ cpus, seed: 4 });
    const recorder = new Recorder(machine);
    const console = machine.serial(0);
    machine.runSync({ untilOutput: { port: 0, pattern: '# ' } });
    for (const line of ['echo one\n', 'ls /bi\u007fin | cat\n', 'sleep 0.01; ps\n', 'echo d', 'one\n']) {
      console.send(new TextEncoder().encode(line));
      machine.runSync({ instructions: random.below(3_000_000) });
    }
    const result = machine.runSync({ instructions: 20_000_000 });
    const recording = readRecording(writeRecording(recorder.finish(null, result), zlib), zlib);
    expect(recording.inputs.length).toBe(5);
    const other = await guest({ cpus, seed: 4, mode: 'exact' });
    expect((await replay(other, recording)).divergence).toBeUndefined();
    expect(other.stateHash()).toBe(machine.stateHash());
  });
});
