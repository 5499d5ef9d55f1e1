/*
 * The interpreter's memory: flat, byte-addressed, little-endian.
 *
 *   0 .............. nothing, so that null pointers trap
 *   dataStart ...... the module's data, in its order, aligned as it asks
 *   ............... free: the host may put things there (allocate)
 *   size ........... the stack, growing down from here
 *   functionStart .. addresses of functions, one every 16 bytes: they can be called but not read
 */

import type { IrModule } from './types.ts';

/** Why a run ended before its time. */
export type TrapKind =
  | 'divide' // #DE
  | 'memory' // an address where nothing is
  | 'unreachable' // the `unreachable` terminator, ud2
  | 'call' // an indirect call of what is no function, or has another signature
  | 'stack' // calls too deep
  | 'steps' // the step limit
  | 'unsupported'; // machine code, or an intrinsic that the host does not supply

/** Thrown inside the interpreter; its callers see an Outcome. */
export class Trap extends Error {
  readonly kind: TrapKind;

  constructor(kind: TrapKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export const dataStart = 0x1000;
const functionStart = 0xf0000000;
const functionSpacing = 16;

export class Memory {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #addresses = new Map<string, number>();
  readonly #functions: readonly string[];
  /** The first byte after the data. */
  readonly #dataEnd: number;

  /** `symbols` gives the addresses of what the linker would define. */
  constructor(module: IrModule, size: number, symbols: ReadonlyMap<string, number>) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
    for (const [name, address] of symbols) this.#addresses.set(name, address);
    this.#functions = [...module.functions.keys()];
    this.#functions.forEach((name, index) => this.#addresses.set(name, functionStart + index * functionSpacing));
    this.#dataEnd = this.#placeData(module);
  }

  get dataEnd(): number {
    return this.#dataEnd;
  }

  /** The address of a function, a piece of data, or a symbol of the linker. */
  addressOf(symbol: string): number {
    const address = this.#addresses.get(symbol);
    if (address === undefined) throw new Trap('unsupported', `${symbol} has no address`);
    return address;
  }

  /** The function at this address, or null. */
  functionAt(address: number): string | null {
    const distance = (address >>> 0) - functionStart;
    if (distance < 0 || distance % functionSpacing !== 0) return null;
    return this.#functions[distance / functionSpacing] ?? null;
  }

  /** The index of the first byte; traps unless all `size` bytes exist. */
  check(address: number, size: number): number {
    const at = address >>> 0;
    if (at < dataStart || at + size > this.bytes.length) {
      throw new Trap('memory', `no memory at 0x${at.toString(16)} (${size} bytes)`);
    }
    return at;
  }

  /** The low `size` bytes (1, 2 or 4), extended. */
  load(address: number, size: number, signed: boolean): number {
    const at = this.check(address, size);
    if (size === 4) return this.#view.getInt32(at, true);
    if (size === 1) return signed ? this.#view.getInt8(at) : this.bytes[at]!;
    return signed ? this.#view.getInt16(at, true) : this.#view.getUint16(at, true);
  }

  store(address: number, size: number, value: number): void {
    const at = this.check(address, size);
    if (size === 4) this.#view.setInt32(at, value, true);
    else if (size === 1) this.bytes[at] = value;
    else this.#view.setInt16(at, value, true);
  }

  load64(address: number): bigint {
    return this.#view.getBigInt64(this.check(address, 8), true);
  }

  store64(address: number, value: bigint): void {
    this.#view.setBigInt64(this.check(address, 8), value, true);
  }

  /** `rep movsb`: byte by byte, forwards. */
  copy(target: number, source: number, count: number): void {
    const length = count >>> 0;
    if (length === 0) return;
    const to = this.check(target, length);
    const from = this.check(source, length);
    if (to <= from || to >= from + length) this.bytes.copyWithin(to, from, from + length);
    else for (let i = 0; i < length; i++) this.bytes[to + i] = this.bytes[from + i]!;
  }

  /** `rep stosb`. */
  fill(target: number, value: number, count: number): void {
    const length = count >>> 0;
    if (length === 0) return;
    const to = this.check(target, length);
    this.bytes.fill(value, to, to + length);
  }

  /** Places everything first, since data may point forwards. */
  #placeData(module: IrModule): number {
    let end = dataStart;
    for (const data of module.data.values()) {
      const start = Math.ceil(end / data.align) * data.align;
      this.#addresses.set(data.name, start);
      end = start + data.size;
    }
    if (end > this.bytes.length) throw new Error(`the data needs ${end} bytes of memory`);
    for (const data of module.data.values()) {
      const start = this.addressOf(data.name);
      if (data.bytes !== null) this.bytes.set(data.bytes, start);
      for (const { at, symbol, addend } of data.relocations) {
        this.#view.setInt32(start + at, (this.addressOf(symbol) + addend) | 0, true);
      }
    }
    return end;
  }
}
