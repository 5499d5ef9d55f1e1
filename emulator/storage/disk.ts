/*
 * What is on a disk.
 *
 * An image is only read. What the guest writes goes to an overlay in memory, in chunks: a run can be repeated from the same
 * image, a snapshot needs the overlay alone, and nobody's file changes unless they ask for it (`changes` tells what to
 * write back).
 */

import { Sha256 } from '../sha256.ts';
import type { Stateful, StateStream } from '../state.ts';

export const SECTOR_BYTES = 512;

/** The grain of the overlay: a page of a guest that swaps. */
export const CHUNK_BYTES = 4096;
const CHUNK_SECTORS = CHUNK_BYTES / SECTOR_BYTES;
/** How much of an image is read at once to compute its identity. */
const HASH_BYTES = 1 << 20;

/** 2^48 - 1 sectors would be the limit of the commands; this is that of exact arithmetic on bytes. */
const LARGEST_SECTORS = 2 ** 43;

/** An image. Its contents must not change while a machine uses it. */
export class DiskImage {
  /** Size in bytes. */
  readonly bytes: number;
  /** Fills `into` with the contents from `offset` on. Must not be asked beyond `bytes`. */
  readonly read: (offset: number, into: Uint8Array) => void;
  #identity: Uint8Array | undefined;

  constructor(bytes: number, read: (offset: number, into: Uint8Array) => void) {
    this.bytes = bytes;
    this.read = read;
  }

  /** An image that is in memory already. */
  static of(contents: Uint8Array): DiskImage {
    return new DiskImage(contents.length, (offset, into) => {
      into.set(contents.subarray(offset, offset + into.length));
    });
  }

  /** SHA-256 over size and contents: 32 bytes. Computed when first asked for. */
  get identity(): Uint8Array {
    this.#identity ??= this.#hash();
    return this.#identity.slice();
  }

  #hash(): Uint8Array {
    const hash = new Sha256().updateNumbers([this.bytes]);
    for (let at = 0; at < this.bytes; at += HASH_BYTES) {
      const part = new Uint8Array(Math.min(HASH_BYTES, this.bytes - at));
      this.read(at, part);
      hash.update(part);
    }
    return Uint8Array.from(hash.digest().match(/../g)!, (byte) => Number.parseInt(byte, 16));
  }
}

export class Disk implements Stateful {
  /** The size. A part of a sector at the image's end counts as one, filled up with zeros. */
  readonly sectors: number;
  readonly image: DiskImage;
  #overlay = new Map<number, Uint8Array>();

  /** Throws RangeError if the image is empty or too large for a disk. */
  constructor(image: DiskImage) {
    this.sectors = Math.ceil(image.bytes / SECTOR_BYTES);
    if (this.sectors === 0) throw new RangeError('a disk image must not be empty');
    if (this.sectors > LARGEST_SECTORS) throw new RangeError('a disk image must not be larger than 2^52 bytes');
    this.image = image;
  }

  /** A copy of `count` sectors from `first` on. They must exist. */
  read(first: number, count: number): Uint8Array {
    const data = new Uint8Array(count * SECTOR_BYTES);
    this.#eachPiece(first, count, (chunk, within, at, bytes) => {
      const written = this.#overlay.get(chunk);
      const piece = data.subarray(at, at + bytes);
      if (written === undefined) this.#readImage(chunk * CHUNK_BYTES + within, piece);
      else piece.set(written.subarray(within, within + bytes));
    });
    return data;
  }

  /** Overwrites whole sectors from `first` on. They must exist. */
  write(first: number, data: Uint8Array): void {
    this.#eachPiece(first, data.length / SECTOR_BYTES, (chunk, within, at, bytes) => {
      let written = this.#overlay.get(chunk);
      if (written === undefined) {
        written = this.#imageChunk(chunk);
        this.#overlay.set(chunk, written);
      }
      written.set(data.subarray(at, at + bytes), within);
    });
  }

  /** Where the disk differs from its image: chunks of CHUNK_BYTES with the offsets of their first bytes, in order. */
  *changes(): Generator<{ readonly offset: number; readonly data: Uint8Array }> {
    const chunks = Array.from(this.#overlay.keys()).sort((a, b) => a - b);
    for (const chunk of chunks) {
      const written = this.#overlay.get(chunk)!;
      const original = this.#imageChunk(chunk);
      const end = Math.min(CHUNK_BYTES, this.sectors * SECTOR_BYTES - chunk * CHUNK_BYTES);
      if (!written.every((byte, i) => byte === original[i])) {
        yield { offset: chunk * CHUNK_BYTES, data: written.subarray(0, end) };
      }
    }
  }

  /** What the image is, and everything that was written. */
  transferState(state: StateStream): void {
    state.array(this.image.identity);
    const chunks = state.list(Array.from(this.#overlay.keys()).sort((a, b) => a - b));
    this.#overlay = new Map(
      chunks.map((chunk) => [chunk, state.bytes(this.#overlay.get(chunk) ?? new Uint8Array(CHUNK_BYTES))]),
    );
  }

  /** Calls `visit` with each chunk of a range: its number, offset within it, offset within the range, and bytes. */
  #eachPiece(
    first: number,
    count: number,
    visit: (chunk: number, within: number, at: number, bytes: number) => void,
  ): void {
    for (let sector = first; sector < first + count;) {
      const chunk = Math.floor(sector / CHUNK_SECTORS);
      const within = sector - chunk * CHUNK_SECTORS;
      const sectors = Math.min(CHUNK_SECTORS - within, first + count - sector);
      visit(chunk, within * SECTOR_BYTES, (sector - first) * SECTOR_BYTES, sectors * SECTOR_BYTES);
      sector += sectors;
    }
  }

  #imageChunk(chunk: number): Uint8Array {
    const data = new Uint8Array(CHUNK_BYTES);
    this.#readImage(chunk * CHUNK_BYTES, data);
    return data;
  }

  /** Beyond the end of the image there are zeros. */
  #readImage(offset: number, into: Uint8Array): void {
    const bytes = Math.max(0, Math.min(into.length, this.image.bytes - offset));
    if (bytes > 0) this.image.read(offset, into.subarray(0, bytes));
  }
}
