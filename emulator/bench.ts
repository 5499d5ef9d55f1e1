/*
 * Measurements of the machine's speed, for `npm run bench`. They use the host's time, and nothing that runs a guest for its
 * result uses them.
 */

import { V86 } from 'v86';
import { yieldToHost } from './host.ts';
import { Machine, type MachineOptions } from './machine.ts';

export interface SpeedOptions {
  readonly wasm: () => Promise<Uint8Array>;
  /** A multiboot image that works without end. */
  readonly kernel: Uint8Array;
  readonly memoryBytes: number;
  /** Executed before the measurement, so that hot code is compiled. */
  readonly warmUp: number;
  /** What is measured. */
  readonly instructions: number;
  /** Seconds that have been spent; of the processor, if the host can tell: others may use it too. */
  readonly seconds: () => number;
}

/** Parts of a measurement. The fastest counts: the host's compiler, which works beside the others, is done by then. */
const PARTS = 5;

/** Guest instructions per second of this machine. */
export async function measureMachine(
  options: SpeedOptions & Pick<MachineOptions, 'mode' | 'cpus' | 'policy'>,
): Promise<number> {
  const machine = await Machine.create({ ...options, seed: 1 });
  machine.runSync({ instructions: options.warmUp });
  const speed = await fastest(options, (instructions) =>
    Promise.resolve(machine.runSync({ instructions }).instructions),
  );
  await machine.destroy();
  return speed;
}

/** Guest instructions per second of v86 as it is, with its own loop and devices. */
export async function measureV86(options: SpeedOptions): Promise<number> {
  const wasm = Uint8Array.from(await options.wasm());
  const emulator = new V86({
    wasm_fn: async (imports) => (await WebAssembly.instantiate(wasm, imports)).instance.exports,
    memory_size: options.memoryBytes,
    multiboot: { buffer: Uint8Array.from(options.kernel).buffer },
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
    acpi: true,
    autostart: true,
  });
  await new Promise<void>((resolve) => {
    emulator.add_listener('emulator-ready', () => resolve());
  });
  // The counter has 32 bits: only differences count.
  const untilExecuted = async (instructions: number) => {
    let executed = 0;
    for (let last = emulator.get_instruction_counter(); executed < instructions;) {
      await yieldToHost();
      const now = emulator.get_instruction_counter();
      executed += (now - last) >>> 0;
      last = now;
    }
    return executed;
  };
  await untilExecuted(options.warmUp);
  const speed = await fastest(options, untilExecuted);
  await emulator.destroy();
  return speed;
}

/** Instructions per second in the fastest part. `run` executes about so many and tells how many they were. */
async function fastest(
  { instructions, seconds }: SpeedOptions,
  run: (instructions: number) => Promise<number>,
): Promise<number> {
  let best = 0;
  for (let part = 0; part < PARTS; part++) {
    const start = seconds();
    const executed = await run(instructions / PARTS);
    best = Math.max(best, executed / (seconds() - start));
  }
  return best;
}
