/*
 * Text that is made when somebody reads it: the contents of a file in /proc.
 *
 * It is made as a whole, into memory that grows as needed, when the file is read at position 0, and kept with the open
 * file, so that a program that reads in small pieces sees one state and not several.
 *
 * Locking. A text belongs to one open file, under its position mutex.
 */

import { formatWords } from '../lib/format.ts';
import { memcpy } from '../lib/string.ts';
import { kvfree, kvmalloc } from '../mm/vmalloc.ts';

const FIRST_CAPACITY: u32 = 1024;
/** No text is longer: whoever needs more is cut. */
const LAST_CAPACITY: u32 = 0x400000;

export class ProcText {
  buffer: Ptr<u8>; // null while `capacity` is 0
  capacity: u32;
  length: u32;
  /** Memory has run out, and the text is not whole. */
  isShort: boolean;

  /** Appends formatted text (lib/format.ts). */
  print(format: string, ...args: Word[]): void {
    const words = ptr<u32>(addrOf(args[0]));
    for (;;) {
      const room = this.capacity - this.length;
      const target = this.capacity === 0 ? this.buffer : this.buffer.add(this.length);
      const needed = formatWords(target, room, bytes(format), words, args.length);
      if (needed < room) {
        this.length += needed;
        return;
      }
      if (!this.grow(needed + 1)) return;
    }
  }

  /** Appends bytes as they are. */
  append(source: Ptr<u8>, count: u32): void {
    if (this.capacity - this.length < count && !this.grow(count)) return;
    memcpy(this.buffer.add(this.length), source, count);
    this.length += count;
  }

  /** Makes it empty, and keeps the memory. */
  clear(): void {
    this.length = 0;
    this.isShort = false;
  }

  /** Gives the memory back. */
  free(): void {
    if (this.capacity > 0) kvfree(this.buffer);
    this.capacity = 0;
    this.length = 0;
  }

  /** Makes room for `more` bytes. */
  private grow(more: u32): boolean {
    let capacity = this.capacity === 0 ? FIRST_CAPACITY : this.capacity;
    while (capacity - this.length < more) capacity *= 2;
    const fresh = capacity > LAST_CAPACITY ? null : kvmalloc(capacity);
    if (fresh === null) {
      this.isShort = true;
      return false;
    }
    if (this.capacity > 0) {
      memcpy(fresh, this.buffer, this.length);
      kvfree(this.buffer);
    }
    this.buffer = fresh;
    this.capacity = capacity;
    return true;
  }
}
