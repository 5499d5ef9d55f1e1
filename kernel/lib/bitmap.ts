/*
 * Bitmaps: arrays of 32-bit words, bit n in word n / 32. Locking: the owner's.
 */

export function testBit(map: Ptr<u32>, bit: u32): boolean {
  return ((map[bit >>> 5] >>> (bit & 31)) & 1) !== 0;
}

export function setBit(map: Ptr<u32>, bit: u32): void {
  map[bit >>> 5] |= u32(1) << (bit & 31);
}

export function clearBit(map: Ptr<u32>, bit: u32): void {
  map[bit >>> 5] &= ~(u32(1) << (bit & 31));
}

/** The lowest bit that is clear, at `from` or above; `bits` when there is none. */
export function findClearBit(map: Ptr<u32>, bits: u32, from: u32): u32 {
  let bit = from;
  while (bit < bits) {
    const free = ~map[bit >>> 5] & (0xffffffff << (bit & 31));
    if (free !== 0) {
      const found = (bit & ~31) + bsf(free);
      return found < bits ? found : bits;
    }
    bit = (bit & ~31) + 32;
  }
  return bits;
}
