/*
 * How the parts of the machine show their state: once, for everything that needs it.
 *
 * A part has one method, `transferState`, that passes each of its fields through a stream, in a fixed order:
 *
 *   transferState(state: StateStream): void {
 *     this.#mask = state.number(this.#mask);
 *     state.array(this.#registers);
 *   }
 *
 * A StateWriter notes the values and hands them back; a StateReader hands out the ones that were noted. So the state hash,
 * snapshots and restoring cover the same fields: what is in one cannot be missing from another.
 *
 * Rules for a part: pass everything that its future depends on, and nothing that is derived from it; call nobody and change
 * nothing else, since the parts around it may not be restored yet. Timers belong to the clock, which passes them on itself.
 */

/** A part of the machine whose state is in snapshots and in the state hash. */
export interface Stateful {
  transferState(state: StateStream): void;
}

/** An array of a fixed length, whose elements are transferred in place. */
type NumberArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

export interface StateStream {
  /** Any double, infinities included. */
  number(value: number): number;
  flag(value: boolean): boolean;
  optional(value: number | undefined): number | undefined;
  /** All elements of an array whose length never changes. */
  array(values: NumberArray): void;
  /** Numbers, as many as there are. */
  list(values: readonly number[]): number[];
  /** Bytes, as many as there are: the way for large things. The result shares no memory with what is noted. */
  bytes(values: Uint8Array): Uint8Array;
}

/** What a StateWriter noted. Immutable; serves any number of readers. */
export interface StoredState {
  readonly numbers: Float64Array;
  readonly blobs: readonly Uint8Array[];
}

/** What a part passes on. */
export function storeState(part: Stateful): StoredState {
  const writer = new StateWriter();
  part.transferState(writer);
  return writer.stored();
}

/** Gives a part what was stored. Throws StateMismatchError if it does not fit; then, the part has some of it. */
export function readState(part: Stateful, stored: StoredState): void {
  const reader = new StateReader(stored);
  part.transferState(reader);
  reader.finish();
}

class StateWriter implements StateStream {
  readonly #numbers: number[] = [];
  readonly #blobs: Uint8Array[] = [];

  number(value: number): number {
    this.#numbers.push(value);
    return value;
  }

  flag(value: boolean): boolean {
    this.#numbers.push(Number(value));
    return value;
  }

  /** Whether there is a value, then the value. */
  optional(value: number | undefined): number | undefined {
    this.#numbers.push(Number(value !== undefined), value ?? 0);
    return value;
  }

  array(values: NumberArray): void {
    for (const value of values) this.#numbers.push(value);
  }

  list(values: readonly number[]): number[] {
    this.#numbers.push(values.length);
    for (const value of values) this.#numbers.push(value);
    return [...values];
  }

  bytes(values: Uint8Array): Uint8Array {
    this.#numbers.push(values.length);
    this.#blobs.push(values.slice());
    return values;
  }

  stored(): StoredState {
    return { numbers: Float64Array.from(this.#numbers), blobs: this.#blobs };
  }
}

/** The state does not fit the machine that reads it. */
export class StateMismatchError extends Error {
  override readonly name = 'StateMismatchError';
}

const TOO_SHORT = 'the stored state has less in it than this machine';

class StateReader implements StateStream {
  readonly #stored: StoredState;
  #at = 0;
  #blob = 0;

  constructor(stored: StoredState) {
    this.#stored = stored;
  }

  number(): number {
    const value = this.#stored.numbers[this.#at++];
    if (value === undefined) throw new StateMismatchError(TOO_SHORT);
    return value;
  }

  flag(): boolean {
    return this.number() !== 0;
  }

  optional(): number | undefined {
    const isThere = this.flag();
    const value = this.number();
    return isThere ? value : undefined;
  }

  array(values: NumberArray): void {
    const end = this.#at + values.length;
    const { numbers } = this.#stored;
    if (end > numbers.length) throw new StateMismatchError(TOO_SHORT);
    values.set(numbers.subarray(this.#at, end));
    this.#at = end;
  }

  list(): number[] {
    return Array.from({ length: this.#length() }, () => this.number());
  }

  bytes(): Uint8Array {
    const length = this.number();
    const blob = this.#stored.blobs[this.#blob++];
    if (blob?.length !== length) throw new StateMismatchError('the stored state is of other devices');
    return blob.slice();
  }

  /** Must follow the last transfer. Throws if something is left: the state is not of such a machine. */
  finish(): void {
    if (this.#at === this.#stored.numbers.length && this.#blob === this.#stored.blobs.length) return;
    throw new StateMismatchError('the stored state has more in it than this machine');
  }

  #length(): number {
    const length = this.number();
    if (length <= this.#stored.numbers.length - this.#at) return length;
    throw new StateMismatchError('the stored state is of other devices');
  }
}
