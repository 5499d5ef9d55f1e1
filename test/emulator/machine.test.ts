/*
 * The machine's interface: options, the ways a run ends, memory, misuse.
 */

import { describe, expect, test } from 'vitest';
import { Machine } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { UnexpectedModuleError } from '../../emulator/v86/wasm-module.ts';
import { buildKernel, collectOutput, createMachine, MEMORY_BYTES, runKernel, runUnderQemu } from './support.ts';

const boot = buildKernel('boot');
const faults = buildKernel('faults');
const text = (value: string) => new TextEncoder().encode(value);

describe('what a machine is made of', () => {
  test('refuses impossible options', async () => {
    await expect(createMachine(boot, { cpus: 9 })).rejects.toThrow(/1 to 8 CPUs/);
    await expect(createMachine(boot, { memoryBytes: 12345 })).rejects.toThrow(/128 KiB/);
  });

  test('refuses another core', async () => {
    const core = await readCore();
    const other = Uint8Array.from(core);
    // The bound of v86's inner loop, 100003, as it stands in main_loop.
    const bound = other.findIndex((_, i) => [0x41, 0xa3, 0x8d, 0x06].every((byte, k) => other[i + k] === byte));
    other[bound + 1] = 0xa4;
    await expect(createMachine(boot, { wasm: () => Promise.resolve(other) })).rejects.toThrow(UnexpectedModuleError);
    const nothing = () => Promise.resolve(text('<!doctype html>'));
    await expect(createMachine(boot, { wasm: nothing })).rejects.toThrow(/not a WebAssembly binary/);
  });
});

describe('the end of a run', () => {
  const run = (commandLine: string) => runKernel(faults, { commandLine });

  test('exit, with 8 and 32 bits', async () => {
    expect(await run('q')).toMatchObject({ reason: 'exit', exitCode: 77 });
    expect(await run('x')).toMatchObject({ reason: 'exit', exitCode: 0x12345678 });
    expect(await run('d')).toMatchObject({ reason: 'exit', exitCode: 0x80 });
  });

  test.each(['i', 'p', 's'])('shutdown (%s)', async (commandLine) => {
    const { reason, message } = await run(commandLine);
    expect(reason).toBe('shutdown');
    expect(message).toMatch(/^the CPU shut down: .* \(eip 001[0-9a-f]{5} esp/);
  });

  test('exceptions during delivery, the double fault by both kinds of gate, and the triple fault', async () => {
    const doubleFault = buildKernel('doublefault');
    const fast = await runKernel(doubleFault);
    expect(fast.reason).toBe('shutdown');
    expect(fast.message).toMatch(/triple fault, by exception 11/);
    expect(fast.output).toMatch(/triple fault:$/);
    expect(fast.output).toBe(runUnderQemu('doublefault'));
    expect(await runKernel(doubleFault, { mode: 'exact' })).toEqual(fast);
  });

  test('a machine that shut down stays down', async () => {
    const machine = await createMachine(faults, { commandLine: 'i' });
    expect(machine.runSync().reason).toBe('shutdown');
    expect(machine.runSync()).toMatchObject({ reason: 'shutdown', instructions: 0 });
    await machine.destroy();
  });

  test.each(['h', 'w'])('halted (%s)', async (commandLine) => {
    expect(await run(commandLine)).toMatchObject({ reason: 'halted' });
  });

  test('limit, to the instruction', async () => {
    const machine = await createMachine(boot);
    expect(machine.runSync({ instructions: 1000 })).toEqual({ reason: 'limit', instructions: 1000 });
    expect(machine.runSync({ instructions: 1 })).toEqual({ reason: 'limit', instructions: 1 });
    expect(machine.runSync({ instructions: 0 })).toEqual({ reason: 'limit', instructions: 0 });
    expect(machine.instructions).toBe(1001);
    await machine.destroy();
  });

  test('output, to the byte', async () => {
    const machine = await createMachine(boot, { commandLine: 'lolower' });
    const output = collectOutput(machine, 0);
    expect(machine.runSync({ untilOutput: { port: 0, pattern: 'lower' } }).reason).toBe('output');
    expect(output()).toBe('command line: lolower');
    expect(machine.runSync({ untilOutput: { port: 0, pattern: text('lower') } }).reason).toBe('output');
    expect(output()).toBe('command line: lolower\nlower');
    expect(machine.runSync({ untilOutput: { port: 0, pattern: 'never' } }).reason).toBe('exit');
    await machine.destroy();
  });

  test('stopped, by a listener, at the byte', async () => {
    const machine = await createMachine(boot);
    let count = 0;
    machine.serial(0).onByte(() => {
      if (++count === 5) machine.stop();
    });
    expect(machine.runSync().reason).toBe('stopped');
    expect(count).toBe(5);
    await machine.destroy();
  });

  test('an asynchronous run yields to the host and does the same', async () => {
    const machine = await createMachine(buildKernel('stress'));
    const other = await createMachine(buildKernel('stress'));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await machine.run({ instructions: 3_000_000 });
    clearInterval(timer);
    other.runSync({ instructions: 3_000_000 });
    expect(ticks).toBeGreaterThan(0);
    expect(machine.stateHash()).toBe(other.stateHash());
    await machine.destroy();
    await other.destroy();
  });

  test('two runs at once are refused', async () => {
    const machine = await createMachine(faults, { commandLine: 'w' });
    const run = machine.run({ waitForInput: true });
    expect(() => machine.runSync()).toThrow(/running already/);
    machine.stop();
    expect((await run).reason).toBe('stopped');
    await machine.destroy();
  });

  test('an error in a listener ends the run and leaves the machine usable', async () => {
    const machine = await createMachine(boot);
    const unsubscribe = machine.serial(0).onByte(() => {
      throw new Error('listener');
    });
    expect(() => machine.runSync()).toThrow('listener');
    unsubscribe();
    expect(machine.runSync().reason).toBe('exit');
    await machine.destroy();
  });
});

test('physical memory can be read and written', async () => {
  const machine = await createMachine(boot);
  expect(machine.memory().length).toBe(MEMORY_BYTES);
  machine.writePhysical(0x80_0000, Uint8Array.of(1, 2, 3));
  expect(Array.from(machine.readPhysical(0x7f_ffff, 5))).toEqual([0, 1, 2, 3, 0]);
  expect(() => machine.readPhysical(MEMORY_BYTES - 1, 2)).toThrow(/beyond/);
  expect(() => machine.serial(4)).toThrow(/no serial port 4/);
  await machine.destroy();
});

test('code that the host writes is executed, compiled or not', async () => {
  const machine = await Machine.create({
    wasm: readCore,
    memoryBytes: MEMORY_BYTES,
    seed: 1,
    kernel: buildKernel('compute'),
  });
  machine.runSync({ instructions: 3_000_000 });
  // Every byte of the kernel's code becomes `hlt`: the next instruction sleeps, and so does the timer's handler.
  machine.writePhysical(0x10_0000, new Uint8Array(0x2000).fill(0xf4));
  expect(machine.runSync({ instructions: 100 })).toEqual({ reason: 'halted', instructions: 2 });
  await machine.destroy();
});
