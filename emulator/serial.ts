/*
 * A serial port of the machine, from the host's side.
 *
 * Output reaches observers byte by byte, at the very instruction that writes it (so that a run can be stopped there), and
 * listeners in larger pieces, whenever the machine comes up for air. Input is queued; when it enters the guest is decided
 * in virtual time (see devices/uart.ts), from the moment at which `send` was called. While the machine does not run, that
 * moment is exact; a call while it runs takes effect at the point where the run was interrupted to let the host work, and
 * that point is what a recording notes.
 */

import type { Uart } from './devices/uart.ts';

/** Called with what the guest wrote. */
export type OutputListener = (bytes: Uint8Array) => void;

export class SerialPort {
  readonly #observers = new Set<(byte: number) => void>();
  readonly #listeners = new Set<OutputListener>();
  readonly #drained = new Set<() => void>();
  readonly #onSend: () => void;
  #uart: Uart | undefined;
  #pending: number[] = [];

  /** `onSend` wakes a run that waits for input. */
  constructor(onSend: () => void) {
    this.#onSend = onSend;
  }

  /** Called once, by the machine, with the device behind the port. */
  attach(uart: Uart): void {
    this.#uart = uart;
  }

  /** Calls `listener` with the guest's output from now on. Returns the function that ends it. */
  onOutput(listener: OutputListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Like `onOutput`, but for each byte, while the guest executes the instruction that writes it. */
  onByte(observer: (byte: number) => void): () => void {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /** Queues input for the guest. */
  send(bytes: Uint8Array): void {
    this.#uart!.enqueue(bytes);
    this.#onSend();
  }

  /** Bytes that were sent and have not entered the guest. */
  get queued(): number {
    return this.#uart!.queued;
  }

  /** Resolves when at most `bytes` of the input wait outside the guest. Somebody must run the machine. */
  async drained(bytes = 0): Promise<void> {
    while (this.queued > bytes) {
      await new Promise<void>((resolve) => {
        const check = () => {
          if (this.queued > bytes) return;
          this.#drained.delete(check);
          resolve();
        };
        this.#drained.add(check);
      });
    }
  }

  /** Drops input that has not entered the guest. */
  discardInput(): void {
    this.#uart!.discardQueue();
    this.received();
  }

  /** From the device: the guest wrote a byte. */
  transmit(byte: number): void {
    this.#pending.push(byte);
    for (const observer of this.#observers) observer(byte);
  }

  /** From the device: a byte of the input entered the guest. */
  received(): void {
    for (const check of this.#drained) check();
  }

  /** Hands the collected output to the listeners. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = Uint8Array.from(this.#pending);
    this.#pending = [];
    for (const listener of this.#listeners) listener(bytes);
  }
}
