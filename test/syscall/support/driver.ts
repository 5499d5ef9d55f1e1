/*
 * Runs a machine in the background of tests that talk to its agent.
 */

import { yieldToHost } from '../../../emulator/host.ts';
import type { Machine, RunResult } from '../../../emulator/machine.ts';

/** Guest instructions after which the host looks whether there is anything to do. */
const SLICE = 50_000;

/**
 * Runs a machine, and lets the tests react to each frame at once. (Machine.run would go on for some milliseconds, in which
 * a guest that waits for an answer sees a lot of its own time go by.)
 */
export class Driver {
  readonly #machine: Machine;
  #stopped = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Resolves when the machine ends, or after `stop`. */
  async run(): Promise<RunResult> {
    const frameEnd = { port: 1, pattern: new Uint8Array([0]) };
    for (;;) {
      const result = this.#machine.runSync({ instructions: SLICE, untilOutput: frameEnd });
      const goesOn = result.reason === 'limit' || result.reason === 'output' || result.reason === 'halted';
      if (!goesOn || this.#stopped) return result;
      await yieldToHost();
    }
  }

  stop(): void {
    this.#stopped = true;
  }
}
