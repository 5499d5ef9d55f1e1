/*
 * Reads live structures of the kernel out of the guest's memory.
 *
 * What lies where, the layout file of the build says: `layout` must be that of the image that runs. No contents are
 * cached and nothing is stopped: a View reads memory each time a field is asked for, so it is used while the machine stands
 * still. What the guest is in the middle of changing is seen half changed, as another CPU would see it.
 *
 * A wild pointer in the guest is not an error of the host: reading through it throws WildPointerError, which tells the
 * address, so that checks can report it.
 */

import { ADDRESS, type View } from './view.ts';

/** What of a layout file is needed here. */
export interface KernelLayout {
  readonly symbols: readonly { readonly name: string; readonly address: number; readonly size: number }[];
  readonly structs: readonly StructLayout[];
  readonly constants: Readonly<Record<string, number | string>>;
}

interface StructLayout {
  readonly name: string;
  readonly size: number;
  readonly fields: readonly { readonly name: string; readonly offset: number; readonly type: string }[];
}

/** The guest: a Machine, or anything else that has its memory. */
export interface GuestMemory {
  /** All of physical memory, as it is now. */
  memory(): Uint8Array;
}

/** The guest's memory has no byte at an address that was to be read. */
export class WildPointerError extends Error {
  readonly address: number;

  constructor(address: number) {
    super(`there is nothing at 0x${address.toString(16)}`);
    this.name = 'WildPointerError';
    this.address = address;
  }
}

/** The layout file does not have what was asked for: it is not of this kernel, or a name has changed. */
export class LayoutError extends Error {}

/** How to read one field: given the address of the field. */
type FieldReader = (address: number) => unknown;

const PRESENT = 1;
const PAGE_MASK = ~0xfff;
const SCALARS: Readonly<Record<string, (view: DataView, at: number) => unknown>> = {
  u8: (view, at) => view.getUint8(at),
  i8: (view, at) => view.getInt8(at),
  u16: (view, at) => view.getUint16(at, true),
  i16: (view, at) => view.getInt16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
  boolean: (view, at) => view.getUint8(at) !== 0,
};

export class KernelReader {
  readonly #guest: GuestMemory;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #constants: KernelLayout['constants'];
  readonly #structs: ReadonlyMap<string, StructLayout>;
  /** By struct name: an object whose getters read the fields. */
  readonly #prototypes = new Map<string, object>();
  readonly #kernelBase: number;
  readonly #directMapEnd: number;
  /** Of all of the guest's memory; memory that has grown is in another array. */
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(guest: GuestMemory, layout: KernelLayout) {
    this.#guest = guest;
    this.#symbols = new Map(layout.symbols.map(({ name, address }) => [name, address]));
    this.#constants = layout.constants;
    this.#structs = new Map(layout.structs.map((struct) => [shortName(struct.name), struct]));
    this.#kernelBase = this.constant('arch/x86/layout:KERNEL_BASE');
    this.#directMapEnd = this.#kernelBase + this.constant('arch/x86/layout:DIRECT_MAP_SIZE');
  }

  /** A constant of the kernel, named as in the layout file: `mm/types:VM_LOCKED`. */
  constant(name: string): number {
    const value = this.#constants[name];
    if (typeof value !== 'number') throw new LayoutError(`the kernel has no constant ${name}`);
    return value;
  }

  /** The address of a variable: `mm/mm:mmList`. */
  symbol(name: string): number {
    const address = this.#symbols.get(name);
    if (address === undefined) throw new LayoutError(`the kernel has no variable ${name}`);
    return address;
  }

  /** The structure of class `name` at an address. */
  at<T>(name: string, address: number): View<T> {
    const view = Object.create(this.#prototype(name)) as { [ADDRESS]: number };
    view[ADDRESS] = address;
    return view as View<T>;
  }

  /** The structure that the pointer variable `symbol` points to; null for a null pointer. */
  pointed<T>(name: string, symbol: string): View<T> | null {
    const address = this.word(this.symbol(symbol));
    return address === 0 ? null : this.at<T>(name, address);
  }

  /** Bytes of an instance. */
  sizeOf(name: string): number {
    return this.#struct(name).size;
  }

  /** Of a field within its class. */
  offsetOf(name: string, field: string): number {
    const found = this.#struct(name).fields.find((candidate) => candidate.name === field);
    if (found === undefined) throw new LayoutError(`${name} has no field ${field}`);
    return found.offset;
  }

  /**
   * The structures on a list (lib/list.ts) whose head is at `head`, linked by the field `link`. Throws if the list is
   * not one: longer than `limit`, or with a link that does not lead back.
   */
  *list<T>(name: string, link: string, head: number, limit = 1_000_000): Generator<View<T>> {
    const offset = this.offsetOf(name, link);
    let before = head;
    for (let at = this.word(head), n = 0; at !== head; before = at, at = this.word(at), n++) {
      if (n === limit) throw new Error(`the list at 0x${head.toString(16)} does not end`);
      if (this.word(at + 4) !== before)
        throw new Error(`the list at 0x${head.toString(16)} is torn at 0x${at.toString(16)}`);
      yield this.at<T>(name, at - offset);
    }
  }

  /** A word at a kernel address. */
  word(address: number): number {
    return this.#scalar('u32', address) as number;
  }

  /** A word at a physical address. */
  physicalWord(address: number): number {
    const memory = this.#memory();
    if (address < 0 || address + 4 > memory.byteLength) throw new WildPointerError(address);
    return memory.getUint32(address, true);
  }

  /** The text at a kernel address, up to its zero byte. */
  text(address: number, limit = 4096): string {
    let end = address;
    while (end < address + limit && this.#scalar('u8', end) !== 0) end++;
    return Array.from({ length: end - address }, (_, i) =>
      String.fromCharCode(this.#scalar('u8', address + i) as number),
    ).join('');
  }

  /** Where in physical memory a kernel address is. Throws WildPointerError if it is nowhere. */
  physical(address: number): number {
    const linear = address >>> 0;
    if (linear >= this.#kernelBase && linear < this.#directMapEnd) return linear - this.#kernelBase;
    const directory = this.physicalWord(this.symbol('mm/kernelMap:directory') - this.#kernelBase);
    const entry = this.physicalWord(directory + 4 * (linear >>> 22));
    if ((entry & PRESENT) === 0) throw new WildPointerError(linear);
    const page = this.physicalWord(((entry & PAGE_MASK) >>> 0) + 4 * ((linear >>> 12) & 1023));
    if ((page & PRESENT) === 0) throw new WildPointerError(linear);
    return ((page & PAGE_MASK) >>> 0) + (linear & 0xfff);
  }

  #struct(name: string): StructLayout {
    const struct = this.#structs.get(name);
    if (struct === undefined) throw new LayoutError(`the kernel has no class ${name}`);
    return struct;
  }

  #prototype(name: string): object {
    const known = this.#prototypes.get(name);
    if (known !== undefined) return known;
    const prototype = {};
    this.#prototypes.set(name, prototype);
    for (const { name: field, offset, type } of this.#struct(name).fields) {
      const read = this.#reader(type);
      Object.defineProperty(prototype, field, {
        enumerable: true,
        get(this: { readonly [ADDRESS]: number }) {
          return read(this[ADDRESS] + offset);
        },
      });
    }
    return prototype;
  }

  #scalar(type: string, address: number): unknown {
    const memory = this.#memory();
    const at = this.physical(address);
    if (at + 8 > memory.byteLength) throw new WildPointerError(address);
    return SCALARS[type]!(memory, at);
  }

  #memory(): DataView {
    const { buffer, byteOffset, byteLength } = this.#guest.memory();
    const view = this.#view;
    if (view.buffer !== buffer || view.byteOffset !== byteOffset || view.byteLength !== byteLength)
      this.#view = new DataView(buffer, byteOffset, byteLength);
    return this.#view;
  }

  /** What a field of this type gives. The types are spelled as in the layout file. */
  #reader(type: string): FieldReader {
    if (type in SCALARS) return (address) => this.#scalar(type, address);
    const generic = /^(\w+)<(.*)>$/s.exec(type);
    switch (generic?.[1]) {
      case 'Volatile':
        return this.#reader(generic[2]!);
      case 'Inline':
        return (address) => this.at(shortName(generic[2]!), address);
      case 'FixedArray':
        return this.#arrayReader(generic[2]!);
      case 'Ptr':
        return (address) => this.word(address);
    }
    if (type.startsWith('(')) return (address) => this.word(address);
    if (type === 'string') return (address) => this.text(this.word(address));
    return (address) => {
      const target = this.word(address);
      return target === 0 ? null : this.at(shortName(type), target);
    };
  }

  /** `inside` is `element,count`. */
  #arrayReader(inside: string): FieldReader {
    const comma = inside.lastIndexOf(',');
    const element = inside.slice(0, comma);
    const count = Number(inside.slice(comma + 1));
    const read = this.#reader(element);
    const stride = this.#elementSize(element);
    return (address) => Array.from({ length: count }, (_, i) => read(address + i * stride));
  }

  #elementSize(type: string): number {
    const sizes: Readonly<Record<string, number>> = { u8: 1, i8: 1, boolean: 1, u16: 2, i16: 2, u64: 8, i64: 8 };
    const inline = /^Inline<(.*)>$/s.exec(type);
    return inline === null ? (sizes[type] ?? 4) : this.#struct(shortName(inline[1]!)).size;
  }
}

/** `mm/types:Mm` is `Mm` in the types of fields. */
function shortName(name: string): string {
  return name.replace(/^[^<]*:/, '');
}
