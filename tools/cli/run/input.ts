/*
 * Input for the guest's console from a pipe or a file.
 *
 * It is typed as a person would: a line when the guest takes input and has nothing to say. Bytes that came before a driver
 * is ready would be lost, as on any serial line, and a line that came while a program still prints would be mixed with its
 * output. Silence is counted in instructions, so that a run from a file, or from a pipe that was filled before the start, is
 * the same whenever it is made.
 */

import { setTimeout } from 'node:timers/promises';
import type { SerialPort } from '../../../emulator/machine.ts';

const LINE_FEED = 0x0a;
/** What a terminal takes for the end of input, at the beginning of a line. */
const END_OF_INPUT = 0x04;
/** A guest that has been silent for so many instructions is asked for nothing else. */
export const SILENCE_INSTRUCTIONS = 2_000_000;
/** How long a writer may take for what counts as written before the start. */
const HEAD_START_MILLISECONDS = 100;

export class PipedInput {
  readonly #console: SerialPort;
  readonly #typesEnd: boolean;
  #lineIsOpen = false;
  #waiting: Buffer = Buffer.alloc(0);
  #spoke = false;
  #ended = false;
  readonly #detach: () => void;

  private constructor(console: SerialPort, stream: NodeJS.ReadStream, typesEnd: boolean, onArrival: () => void) {
    this.#console = console;
    this.#typesEnd = typesEnd;
    const unlisten = console.onByte(() => (this.#spoke = true));
    const onData = (data: Buffer): void => {
      this.#waiting = Buffer.concat([this.#waiting, data]);
      onArrival();
    };
    const onEnd = (): void => {
      this.#ended = true;
      onArrival();
    };
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.resume();
    this.#detach = () => {
      unlisten();
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.pause();
    };
  }

  /**
   * Takes over the stream, and waits a moment for what was written to it before. `onArrival` is called when there is more
   * input, or when it has ended. With `typesEnd`, the guest's terminal is told of the end of input by ^D, and again whenever
   * the guest is silent after it: each program that reads from the terminal takes one for itself.
   */
  static async open(
    console: SerialPort,
    stream: NodeJS.ReadStream,
    typesEnd: boolean,
    onArrival: () => void,
  ): Promise<PipedInput> {
    let ended: () => void = () => undefined;
    const input = new PipedInput(console, stream, typesEnd, () => {
      onArrival();
      if (input.#ended) ended();
    });
    await Promise.race([new Promise<void>((resolve) => (ended = resolve)), setTimeout(HEAD_START_MILLISECONDS)]);
    return input;
  }

  /** Whether all that will ever come has been typed. */
  get isOver(): boolean {
    return this.#ended && this.#waiting.length === 0;
  }

  /** Whether there is something to type. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Called after each stretch of SILENCE_INSTRUCTIONS, or when the guest sleeps: types a line if it is time. */
  type(guestSleeps: boolean): void {
    const isSilent = !this.#spoke;
    this.#spoke = false;
    if (!isSilent && !guestSleeps) return;
    if (!guestSleeps && (!this.#console.listening || this.#console.queued > 0)) return;
    const end = this.#waiting.indexOf(LINE_FEED) + 1;
    const line = end === 0 ? this.#waiting : this.#waiting.subarray(0, end);
    if (line.length === 0) {
      if (this.#ended && this.#typesEnd) this.#typeEnd();
      return;
    }
    this.#lineIsOpen = end === 0;
    this.#waiting = this.#waiting.subarray(line.length);
    this.#console.send(line);
  }

  #typeEnd(): void {
    this.#console.send(Uint8Array.from(this.#lineIsOpen ? [LINE_FEED, END_OF_INPUT] : [END_OF_INPUT]));
    this.#lineIsOpen = false;
  }

  close(): void {
    this.#detach();
  }
}
