/*
 * A ring of bytes between one producer and one consumer.
 *
 * `head` counts all bytes ever put in, `tail` all bytes ever taken out; both wrap at 2^32, and the size is a power of
 * two, so that their difference is the fill level and their low bits are the places. Each is written by one side only:
 * an interrupt handler may fill while a thread drains, without a lock, as long as there is one of each.
 */

export class Ring {
  buffer: Ptr<u8>;
  size: u32;
  head: Volatile<u32>;
  tail: Volatile<u32>;

  /** `size` is a power of two. */
  init(buffer: Ptr<u8>, size: u32): void {
    this.buffer = buffer;
    this.size = size;
    this.head = 0;
    this.tail = 0;
  }

  /** Bytes waiting. */
  used(): u32 {
    return this.head - this.tail;
  }

  /** Bytes that fit in. */
  room(): u32 {
    return this.size - this.used();
  }

  isEmpty(): boolean {
    return this.head === this.tail;
  }

  isFull(): boolean {
    return this.used() === this.size;
  }

  /** False: no room. The byte is stored before the head says so. */
  put(value: u8): boolean {
    if (this.isFull()) return false;
    this.buffer[this.head & (this.size - 1)] = value;
    compilerBarrier();
    this.head = this.head + 1;
    return true;
  }

  /** The oldest byte, or -1. */
  get(): i32 {
    if (this.isEmpty()) return -1;
    const value = this.buffer[this.tail & (this.size - 1)];
    compilerBarrier();
    this.tail = this.tail + 1;
    return i32(value);
  }

  /** Consumer's side: drops all that waits. */
  clear(): void {
    this.tail = this.head;
  }
}
