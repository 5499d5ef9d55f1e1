/*
 * A serial port of the machine, from the host's side.
 *
 * Output reaches observers byte by byte, at the very instruction that writes it (so that a run can be stopped there), and
 * listeners in larger pieces, at moments that the run determines. Input waits here until the machine is between two quanta;
 * that moment is what a recording notes, and from then on, virtual time decides when it enters the guest (see
 * devices/uart.ts). While the machine does not run, input takes effect when it runs next, before anything is executed.
 */

import type { Uart } from './devices/uart.ts';
import type { Stateful, StateStream } from './state.ts';

/** Called with what the guest wrote. */
export type OutputListener = (bytes: Uint8Array) => void;

export class SerialPort implements Stateful {
  readonly #observers = new Set<(byte: number) => void>();
  readonly #listeners = new Set<OutputListener>();
  readonly #drained = new Set<() => void>();
  readonly #onSend: () => void;
  #uart: Uart | undefined;
  #pending: number[] = [];
  /** Input that has not taken effect, and whether it is to replace what the device has queued. */
  #input: number[] = [];
  #discards = false;

  /** `onSend` is called when there is input to take. */
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
    for (const byte of bytes) this.#input.push(byte);
    this.#onSend();
  }

  /** Whether the guest takes input. What is sent before waits, and much of it may be lost when a driver starts. */
  get listening(): boolean {
    return this.#uart!.listening;
  }

  /** Bytes that were sent and have not entered the guest. */
  get queued(): number {
    return this.#input.length + (this.#discards ? 0 : this.#uart!.queued);
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
    this.#input = [];
    this.#discards = true;
    this.#onSend();
    this.received();
  }

  /** For the machine, between two quanta: lets the input take effect. Gives what there was, or null. */
  takeInput(): { readonly discards: boolean; readonly bytes: readonly number[] } | null {
    const [discards, bytes] = [this.#discards, this.#input];
    if (!discards && bytes.length === 0) return null;
    this.#discards = false;
    this.#input = [];
    if (discards) this.#uart!.discardQueue();
    if (bytes.length > 0) this.#uart!.enqueue(bytes);
    return { discards, bytes };
  }

  transferState(state: StateStream): void {
    this.#input = state.list(this.#input);
    this.#discards = state.flag(this.#discards);
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
