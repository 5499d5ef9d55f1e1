/*
 * The heap: `malloc` and `free` over brk.
 *
 * Idea. The heap is a row of chunks that touch each other, from the first break to the last. A chunk is a header and
 * the bytes it hands out; the header tells its size and whether it is free. Allocation takes the first free chunk that
 * is large enough, splits it if the rest is worth a chunk, and merges neighbours that are free as it walks past them.
 * When nothing fits, the break moves up. First fit over all chunks is plenty for programs of this size, and keeps
 * memory dense.
 *
 * Invariant. Sizes are multiples of 8 and count the header; adding a chunk's size to its address gives the next chunk,
 * or the end of the heap.
 */

import { SYS_brk } from '../../abi/syscallNumbers.ts';

const FREE: u32 = 0x46524545;
const USED: u32 = 0x55534544;
/** The break moves by multiples of this. */
const GROWTH: u32 = 16384;

class Chunk {
  size: u32;
  /** FREE or USED: anything else means that the program wrote past the end of the chunk before. */
  state: u32;
}

class Heap {
  start: u32;
  end: u32;
}

const heap = zeroed<Inline<Heap>>();

/** `size` bytes, not cleared, aligned to 8. Null if memory is out. */
export function malloc(size: u32): Ptr<u8> | null {
  if (size > 0x7fff0000) return null;
  const needed: u32 = ((size + 7) & 0xfffffff8) + sizeof<Chunk>();
  let chunk = firstFit(needed);
  if (chunk === null) {
    if (!grow(needed)) return null;
    chunk = firstFit(needed);
    if (chunk === null) return null;
  }
  if (chunk.size - needed >= 2 * sizeof<Chunk>()) {
    const rest = as<Chunk>(u32(chunk) + needed);
    rest.size = chunk.size - needed;
    rest.state = FREE;
    chunk.size = needed;
  }
  chunk.state = USED;
  return ptr<u8>(u32(chunk) + sizeof<Chunk>());
}

/** The same, filled with zeros. */
export function allocateZeroed(size: u32): Ptr<u8> | null {
  const memory = malloc(size);
  if (memory !== null) fillBytes(memory, 0, size);
  return memory;
}

/** Gives back what malloc gave. Null is fine. A wild pointer ends the program by SIGILL. */
export function free(memory: Ptr<u8> | object | null): void {
  if (memory === null) return;
  const chunk = as<Chunk>(u32(memory) - sizeof<Chunk>());
  if (chunk.state !== USED) ud2();
  chunk.state = FREE;
}

/** Finds a free chunk of at least `needed` bytes, merging free neighbours on the way. */
function firstFit(needed: u32): Chunk | null {
  let at: u32 = heap.start;
  while (at < heap.end) {
    const chunk = as<Chunk>(at);
    if (chunk.state === FREE) {
      let next: u32 = at + chunk.size;
      while (next < heap.end && as<Chunk>(next).state === FREE) next += as<Chunk>(next).size;
      chunk.size = next - at;
      if (chunk.size >= needed) return chunk;
    } else if (chunk.state !== USED) ud2();
    at += chunk.size;
  }
  return null;
}

/** Moves the break up so that a chunk of `needed` bytes fits at the end. */
function grow(needed: u32): boolean {
  if (heap.start === 0) {
    const start = (moveBreak(0) + 7) & 0xfffffff8;
    heap.start = start;
    heap.end = start;
  }
  const size = ((needed + GROWTH - 1) / GROWTH) * GROWTH;
  const end = heap.end + size;
  if (end < heap.end || moveBreak(end) < end) return false;
  const chunk = as<Chunk>(heap.end);
  chunk.size = size;
  chunk.state = FREE;
  heap.end = end;
  return true;
}

/** brk(2): asks for a new break, returns the one in force afterwards (so 0 asks for nothing and just returns it). */
export function moveBreak(address: u32): u32 {
  return u32(int80(SYS_brk, address, 0, 0, 0, 0, 0));
}
