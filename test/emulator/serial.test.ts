/*
 * Serial ports: the 16550 as the guest sees it, input from the host, and the binding for @serialport/stream.
 */

import { SerialPortStream } from '@serialport/stream';
import { afterEach, describe, expect, test } from 'vitest';
import type { Machine } from '../../emulator/machine.ts';
import { MachineBinding, type MachineBindingPort } from '../../emulator/node/serial-binding.ts';
import { buildKernel, collectOutput, createMachine } from './support.ts';

const kernel = buildKernel('serial');
const text = (value: string) => new TextEncoder().encode(value);
const machines: Machine[] = [];

/** A machine that has run up to its echo loop. */
async function echoing(): Promise<Machine> {
  const machine = await createMachine(kernel);
  machines.push(machine);
  machine.runSync({ untilOutput: { port: 0, pattern: 'echo\n' } });
  return machine;
}

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.destroy();
});

test('loopback, FIFO and interrupt causes', async () => {
  const machine = await createMachine(kernel);
  machines.push(machine);
  const output = collectOutput(machine, 0);
  machine.runSync({ untilOutput: { port: 0, pattern: 'echo\n' } });
  expect(output().split('\n')).toEqual([
    'empty 1',
    'ready 1',
    'came back 1',
    'overrun 0',
    'overrun 1',
    'sum 120',
    'modem inputs 15',
    'modem changes 15',
    'modem inputs 0',
    'below the trigger level 1',
    'at the trigger level 4',
    'data before transmitter 4',
    'transmitter 2',
    'read clears it 1',
    'scratch 1',
    'divisor 12',
    'echo',
    '',
  ]);
});

describe('input', () => {
  const message = `${'the quick brown fox jumps over the lazy dog, '.repeat(400)}.`;

  test('arrives whole and in order', async () => {
    const machine = await echoing();
    const echo = collectOutput(machine, 1);
    machine.serial(1).send(text(message));
    expect(machine.runSync()).toMatchObject({ reason: 'exit', exitCode: 0 });
    expect(echo()).toBe(message.toUpperCase());
  });

  test('is the same however it is chunked', async () => {
    const run = async (chunk: number) => {
      const machine = await echoing();
      const bytes = text(message);
      for (let at = 0; at < bytes.length; at += chunk) machine.serial(1).send(bytes.subarray(at, at + chunk));
      machine.runSync();
      return machine.stateHash();
    };
    const whole = await run(message.length);
    expect(await run(1)).toBe(whole);
    expect(await run(1000)).toBe(whole);
  });

  test('at another time is another run', async () => {
    const run = async (wait: number) => {
      const machine = await echoing();
      machine.runSync({ instructions: wait });
      machine.serial(1).send(text('x.'));
      machine.runSync();
      return machine.stateHash();
    };
    expect(await run(10)).toBe(await run(10));
    expect(await run(10)).not.toBe(await run(11));
  });

  test('wakes a run that waits for it', async () => {
    const machine = await echoing();
    const echo = collectOutput(machine, 1);
    const run = machine.run({ waitForInput: true });
    for (const part of ['one ', 'two ', 'three.']) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      machine.serial(1).send(text(part));
    }
    expect((await run).reason).toBe('exit');
    expect(echo()).toBe('ONE TWO THREE.');
  });

  test('can be dropped before it arrives', async () => {
    const machine = await echoing();
    const echo = collectOutput(machine, 1);
    machine.serial(1).send(text('lost'));
    machine.serial(1).discardInput();
    expect(machine.serial(1).queued).toBe(0);
    machine.serial(1).send(text('kept.'));
    machine.runSync();
    expect(echo()).toBe('KEPT.');
  });
});

describe('the binding', () => {
  const open = (machine: Machine) =>
    new SerialPortStream({ binding: new MachineBinding(machine), path: 'ttyS1', baudRate: 115200 });

  /** The text that the stream delivers up to its first dot. */
  const untilDot = (port: SerialPortStream) =>
    new Promise<string>((resolve) => {
      let received = '';
      port.on('data', (bytes: Buffer) => {
        received += bytes.toString();
        if (received.endsWith('.')) resolve(received);
      });
    });

  const readUntilDot = async (binding: MachineBindingPort) => {
    const buffer = Buffer.alloc(8);
    let received = '';
    while (!received.endsWith('.')) {
      const { bytesRead } = await binding.read(buffer, 0, buffer.length);
      expect(bytesRead).toBeGreaterThan(0);
      received += buffer.toString('utf8', 0, bytesRead);
    }
    return received;
  };

  test('carries a stream both ways', async () => {
    const machine = await echoing();
    const port = open(machine);
    const answer = untilDot(port);
    const run = machine.run({ waitForInput: true });
    const message = `${'hello '.repeat(3000)}.`;
    port.write(message.slice(0, 1000));
    port.write(message.slice(1000));
    expect(await answer).toBe(message.toUpperCase());
    expect((await run).reason).toBe('exit');
  });

  test('paces a writer', async () => {
    const machine = await echoing();
    const binding = await new MachineBinding(machine).open({ path: 'ttyS1', baudRate: 115200 });
    let written = false;
    const write = binding.write(Buffer.alloc(20_000, 'a')).then(() => (written = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toBe(false); // nobody runs the machine
    const run = machine.run({ waitForInput: true });
    await write;
    expect(machine.serial(1).queued).toBeLessThanOrEqual(4096);
    await binding.drain();
    expect(machine.serial(1).queued).toBe(0);
    machine.stop();
    await run;
  });

  test('rejects what is pending as canceled when it is closed', async () => {
    const machine = await echoing();
    const binding = await new MachineBinding(machine).open({ path: 'ttyS1', baudRate: 115200 });
    const pending = [binding.read(Buffer.alloc(10), 0, 10), binding.write(Buffer.alloc(10_000)), binding.drain()].map(
      (promise) =>
        promise.then(
          () => 'done',
          (error: unknown) => (error as { canceled?: boolean }).canceled,
        ),
    );
    await binding.close();
    expect(await Promise.all(pending)).toEqual([true, true, true]);
    expect(binding.isOpen).toBe(false);
    await expect(binding.read(Buffer.alloc(1), 0, 1)).rejects.toMatchObject({ canceled: true });
    await expect(binding.get()).rejects.toMatchObject({ canceled: true });
    await expect(binding.close()).rejects.toThrow(/not open/);
  });

  test('closing a stream that reads is not a disconnection', async () => {
    const machine = await echoing();
    const port = open(machine);
    port.resume();
    await new Promise<void>((resolve) => port.once('open', () => resolve()));
    const closed = new Promise<unknown>((resolve) => port.once('close', resolve));
    port.close();
    expect(await closed).toBeNull();
  });

  test('reads what is there, at least one byte, at most what was asked for', async () => {
    const machine = await echoing();
    const binding = await new MachineBinding(machine).open({ path: 'ttyS1', baudRate: 115200 });
    machine.serial(1).send(text('abcdef.'));
    machine.runSync();
    const buffer = Buffer.alloc(8, '-');
    expect((await binding.read(buffer, 2, 1)).bytesRead).toBe(1);
    expect(buffer.toString()).toBe('--A-----');
    expect(await readUntilDot(binding)).toBe('BCDEF.');
  });

  test('lets several wait: each gets bytes of its own', async () => {
    const machine = await echoing();
    const binding = await new MachineBinding(machine).open({ path: 'ttyS1', baudRate: 115200 });
    const buffers = [Buffer.alloc(1), Buffer.alloc(1), Buffer.alloc(1)];
    const reads = Promise.all(buffers.map((buffer) => binding.read(buffer, 0, 1)));
    machine.serial(1).send(text('abc'));
    machine.runSync({ untilOutput: { port: 1, pattern: 'ABC' } });
    await reads;
    expect(buffers.map(String).sort()).toEqual(['A', 'B', 'C']);
  });

  test('flushes both ways', async () => {
    const machine = await echoing();
    const binding = await new MachineBinding(machine).open({ path: 'ttyS1', baudRate: 115200 });
    machine.serial(1).send(text('abc'));
    machine.runSync({ untilOutput: { port: 1, pattern: 'ABC' } });
    machine.serial(1).send(text('def'));
    await binding.flush();
    machine.serial(1).send(text('g.'));
    machine.runSync();
    expect(await readUntilDot(binding)).toBe('G.');
  });

  test('lists its ports, and opens each once', async () => {
    const binding = new MachineBinding(await echoing());
    expect((await binding.list()).map((port) => port.path)).toEqual(['ttyS0', 'ttyS1', 'ttyS2', 'ttyS3']);
    await expect(binding.open({ path: 'COM1', baudRate: 9600 })).rejects.toThrow(/ttyS0, ttyS1/);
    const port = await binding.open({ path: 'ttyS0', baudRate: 9600 });
    await expect(binding.open({ path: 'ttyS0', baudRate: 9600 })).rejects.toThrow(/open already/);
    await port.update({ baudRate: 115200 });
    expect(await port.getBaudRate()).toEqual({ baudRate: 115200 });
    expect(await port.get()).toEqual({ cts: true, dsr: true, dcd: true });
    await port.close();
    await (await binding.open({ path: 'ttyS0', baudRate: 9600 })).close();
  });
});
