/*
 * A host for the interpreter that answers the few Linux system calls that a test program needs: write and exit.
 */

import type { Interpreter, Scalar } from './interpret.ts';

const SYS_EXIT = 1;
const SYS_WRITE = 4;
const SYS_EXIT_GROUP = 252;
const ENOSYS = 38;

/** Serves `int80`; other hardware is missing. What the program writes is collected, whatever the descriptor. */
export class LinuxHost {
  readonly #chunks: Uint8Array[] = [];

  /** For InterpreterOptions.hardware. */
  readonly hardware = (name: string, args: readonly Scalar[], interpreter: Interpreter): number | undefined => {
    if (name !== 'int80') return undefined;
    const [nr, first, second, third] = args.map(Number) as [number, number, number, number];
    switch (nr) {
      case SYS_WRITE: {
        const start = interpreter.memory.check(second, third >>> 0);
        this.#chunks.push(interpreter.memory.bytes.slice(start, start + (third >>> 0)));
        return third;
      }
      case SYS_EXIT:
      case SYS_EXIT_GROUP:
        return interpreter.exit(first & 0xff);
      default:
        return -ENOSYS;
    }
  };

  /** Everything written so far, as text. */
  get output(): string {
    const decoder = new TextDecoder();
    return this.#chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
  }
}
