/*
 * Values as bytes, for the compiler's store on the disk.
 *
 * V8's serializer writes the names of an object's properties with every object, and looks up every object among those that
 * it has met. A *form* says how the values of a type are written, so that there is nothing but words of 32 bits, and texts
 * one after the other. Some values together are packed so, of which each can be read without the others:
 *
 *   where the texts begin | their encoding | where each value begins | the values | the texts
 *
 * Numbers that are lists already, and bytes, are copied as they are, and what is read shows them where they lie. A text is
 * told by where it is and how long: those that nobody asks for are not made.
 */
import { deserialize, serialize } from 'node:v8';

/** How values of a type are written and read. Both go through the same words in the same order. */
export interface Form<T> {
  write(value: T, to: Packer): void;
  read(from: Unpacker): T;
}

const WORD = Int32Array.BYTES_PER_ELEMENT;

/** Of the words before the places of the values. */
const HEAD = 2;
const encodings = ['latin1', 'utf16le'] as const;
/** Stands for a number that is not one of 32 bits, which follows as a text. */
const OTHER_NUMBER = -(2 ** 31);
/** The bytes of each unit of a text. */
const UNITS = [1, 2] as const;

/** Packs some values after others, all in the same memory: to get new memory takes longer than to fill it. */
export class Packer {
  #words = new Int32Array(1 << 16);
  #bytes = Buffer.from(this.#words.buffer);
  #length = 0;
  #texts = '';
  /** The last one, and where it begins. */
  #name = '';
  #namePlace = 0;
  /** Where things are that are named more than once. */
  readonly #places = new Map<object, number>();

  /** The bytes are there until something else is packed. */
  pack<T>(values: readonly T[], form: Form<T>): Uint8Array {
    this.#texts = '';
    this.#name = '';
    this.#places.clear();
    this.#length = 0;
    this.#add(HEAD + values.length);
    for (let n = 0; n < values.length; n++) {
      this.#words[HEAD + n] = this.#length;
      form.write(values[n]!, this);
    }
    return this.#withTexts();
  }

  #withTexts(): Uint8Array {
    const texts = this.#texts;
    const encoding = /[\u0100-\uffff]/.test(texts) ? 1 : 0;
    const end = this.#length;
    const length = texts.length * UNITS[encoding];
    this.#add(Math.ceil(length / WORD));
    this.#bytes.write(texts, end * WORD, encodings[encoding]);
    this.#words[0] = end;
    this.#words[1] = encoding;
    return this.#bytes.subarray(0, end * WORD + length);
  }

  /** Makes room, and says where it is. */
  #add(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#words.length) {
      const words = new Int32Array(2 * this.#length);
      words.set(this.#words.subarray(0, at));
      this.#words = words;
      this.#bytes = Buffer.from(words.buffer);
    }
    return at;
  }

  number(value: number): void {
    if ((value | 0) === value && value !== OTHER_NUMBER) this.#word(value);
    else {
      this.#word(OTHER_NUMBER);
      this.text(String(value));
    }
  }

  #word(value: number): void {
    if (this.#length < this.#words.length) this.#words[this.#length++] = value;
    else this.#words[this.#add(1)] = value;
  }

  text(value: string): void {
    this.#word(this.#texts.length);
    this.#word(value.length);
    this.#texts += value;
  }

  name(value: string): void {
    if (value === this.#name) {
      this.#word(this.#namePlace);
      this.#word(value.length);
    } else {
      this.#name = value;
      this.#namePlace = this.#texts.length;
      this.text(value);
    }
  }

  integers(list: Int32Array): void {
    const at = this.#add(1 + list.length);
    this.#words[at] = list.length;
    this.#words.set(list, at + 1);
  }

  numbers(list: readonly number[]): void {
    this.#word(list.length);
    for (let n = 0; n < list.length; n++) this.number(list[n]!);
  }

  bytes(list: Uint8Array): void {
    const at = this.#add(1 + Math.ceil(list.length / WORD));
    this.#words[at] = list.length;
    this.#bytes.set(list, (at + 1) * WORD);
  }

  shared<T extends object>(thing: T, form: Form<T>): void {
    const place = this.#places.get(thing) ?? 0;
    const at = this.#add(1);
    this.#words[at] = place;
    if (place !== 0) return;
    this.#places.set(thing, at + 1);
    form.write(thing, this);
  }
}

/** The other way. */
export class Unpacker {
  readonly #words: Int32Array;
  readonly #texts: string;
  readonly #shared = new Map<number, unknown>();
  #at = 0;

  /** The memory belongs to the values from now on. It begins at a multiple of four. */
  constructor(packed: Buffer) {
    const end = packed.readInt32LE(0);
    this.#words = new Int32Array(packed.buffer, packed.byteOffset, end);
    this.#texts = packed.toString(encodings[this.#words[1]!], end * WORD);
  }

  value<T>(n: number, form: Form<T>): T {
    return this.#valueAt(this.#words[HEAD + n]!, form);
  }

  #valueAt<T>(place: number, form: Form<T>): T {
    const next = this.#at;
    this.#at = place;
    const value = form.read(this);
    this.#at = next;
    return value;
  }

  #word(): number {
    return this.#words[this.#at++]!;
  }

  number(): number {
    const word = this.#word();
    return word === OTHER_NUMBER ? Number(this.text()) : word;
  }

  numbers(): number[] {
    const list: number[] = [];
    for (let left = this.#word(); left > 0; left--) list.push(this.number());
    return list;
  }

  text(): string {
    const place = this.#word();
    return this.#texts.slice(place, place + this.#word());
  }

  integers(): Int32Array {
    const length = this.#word();
    const at = this.#at;
    this.#at += length;
    return this.#words.subarray(at, this.#at);
  }

  bytes(): Uint8Array {
    const length = this.#word();
    const { buffer, byteOffset } = this.#words;
    const bytes = new Uint8Array(buffer, byteOffset + this.#at * WORD, length);
    this.#at += Math.ceil(length / WORD);
    return bytes;
  }

  shared<T>(form: Form<T>): T {
    const named = this.#word();
    const place = named === 0 ? this.#at : named;
    const known = this.#shared.get(place);
    if (known !== undefined && named !== 0) return known as T; // one place always has the same form
    const value = named === 0 ? form.read(this) : this.#valueAt(place, form);
    this.#shared.set(place, value);
    return value;
  }
}

// ---------------------------------------------------------------------------------------------------------------------

export const number: Form<number> = {
  write: (value, to) => to.number(value),
  read: (from) => from.number(),
};

export const flag: Form<boolean> = {
  write: (value, to) => to.number(value ? 1 : 0),
  read: (from) => from.number() === 1,
};

export const text: Form<string> = {
  write: (value, to) => to.text(value),
  read: (from) => from.text(),
};

/** A text that often is the same as the last one of these. To look among more would take longer than to write it. */
export const name: Form<string> = {
  write: (value, to) => to.name(value),
  read: (from) => from.text(),
};

export const numbers: Form<readonly number[]> = {
  write: (value, to) => to.numbers(value),
  read: (from) => from.numbers(),
};

export const integers: Form<Int32Array> = {
  write: (value, to) => to.integers(value),
  read: (from) => from.integers(),
};

export const bytes: Form<Uint8Array> = {
  write: (value, to) => to.bytes(value),
  read: (from) => from.bytes(),
};

/** Everything that has no form of its own. */
export function anything<T>(): Form<T> {
  return { write: (value, to) => to.bytes(serialize(value)), read: (from) => deserialize(from.bytes()) as T };
}

export function oneOf<T extends string>(...values: readonly T[]): Form<T> {
  return { write: (value, to) => to.number(values.indexOf(value)), read: (from) => values[from.number()]! };
}

export function orNull<T>(form: Form<T>): Form<T | null> {
  return withNothing(form, null);
}

/** Of a property that need not be there. */
export function optional<T>(form: Form<T>): Form<T | undefined> {
  return withNothing(form, undefined);
}

function withNothing<T, Nothing extends null | undefined>(form: Form<T>, nothing: Nothing): Form<T | Nothing> {
  return {
    write(value, to) {
      to.number(value === nothing ? 0 : 1);
      if (value !== nothing) form.write(value as T, to);
    },
    read: (from) => (from.number() === 0 ? nothing : form.read(from)),
  };
}

export function listOf<T>(form: Form<T>): Form<readonly T[]> {
  return {
    write(list, to) {
      to.number(list.length);
      for (let n = 0; n < list.length; n++) form.write(list[n]!, to);
    },
    read(from) {
      const list: T[] = [];
      for (let left = from.number(); left > 0; left--) list.push(form.read(from));
      return list;
    },
  };
}

/** Objects that many others have: each is written once. */
export function shared<T extends object>(form: Form<T>): Form<T> {
  return { write: (value, to) => to.shared(value, form), read: (from) => from.shared(form) };
}

type Fields<T> = { readonly [Name in keyof T]-?: Form<T[Name]> };

export function record<T extends object>(fields: Fields<T>): Form<T> {
  const names = Object.keys(fields) as (keyof T)[];
  const forms = names.map((name): Form<T[keyof T]> => fields[name]);
  return {
    write(value, to) {
      for (let n = 0; n < names.length; n++) forms[n]!.write(value[names[n]!], to);
    },
    read(from) {
      const value: Partial<T> = {};
      for (let n = 0; n < names.length; n++) {
        const field = forms[n]!.read(from);
        if (field !== undefined) value[names[n]!] = field;
      }
      return value as T;
    },
  };
}
