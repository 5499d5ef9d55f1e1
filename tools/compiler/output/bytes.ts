/*
 * A growing buffer of little-endian numbers, for everything that the output writes.
 */

const utf8 = new TextEncoder();

export class ByteWriter {
  #bytes: Uint8Array;
  #length: number;

  /** Goes on behind `begun`, which is its own from then on. */
  constructor(begun: Uint8Array = new Uint8Array(0)) {
    this.#bytes = begun;
    this.#length = begun.length;
  }

  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value;
    this.#bytes[this.#length++] = value >>> 8;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.patch32(this.#length, value);
    this.#length += 4;
  }

  bytes(content: Uint8Array | readonly number[]): void {
    this.#reserve(content.length);
    this.#bytes.set(content, this.#length);
    this.#length += content.length;
  }

  /** Overwrites four bytes that were written before. */
  patch32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** A string in UTF-8, ended by zero. */
  string(text: string): void {
    if (!this.#ascii(text)) this.bytes(utf8.encode(text));
    this.u8(0);
  }

  /** Almost all are short names in ASCII. False: this one is not, and nothing has been written. */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#reserve(length);
    for (let n = 0; n < length; n++) {
      const code = text.charCodeAt(n);
      if (code >= 0x80) return false;
      this.#bytes[this.#length + n] = code;
    }
    this.#length += length;
    return true;
  }

  /** Zeros up to a multiple of `alignment`. */
  align(alignment: number): void {
    while (this.#length % alignment !== 0) this.u8(0);
  }

  /** Unsigned LEB128 (DWARF 4, 7.6). */
  uleb(value: number): void {
    let rest = value;
    do {
      const byte = rest & 0x7f;
      rest >>>= 7;
      this.u8(rest === 0 ? byte : byte | 0x80);
    } while (rest !== 0);
  }

  /** Signed LEB128. */
  sleb(value: number): void {
    let rest = value;
    for (;;) {
      const byte = rest & 0x7f;
      rest >>= 7;
      const isLast = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
      this.u8(isLast ? byte : byte | 0x80);
      if (isLast) return;
    }
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(1024, this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** Strings, each kept once, ended by zero; offset 0 is the empty string, as ELF wants it. */
export class StringTable {
  readonly #writer = new ByteWriter();
  readonly #offsets = new Map<string, number>();

  constructor() {
    this.add('');
  }

  /** The offset of the string, which is added if it is new. */
  add(text: string): number {
    let offset = this.#offsets.get(text);
    if (offset === undefined) {
      offset = this.#writer.length;
      this.#writer.string(text);
      this.#offsets.set(text, offset);
    }
    return offset;
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}
