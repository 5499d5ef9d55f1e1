/*
 * 64-bit values that several CPUs read and write.
 *
 * The CPU moves them in two halves, and between the two another CPU may look, or write. CMPXCHG8B moves both at once.
 * Fields that are read without the lock under which they are written go through here, both ways.
 */

/** Reads both halves at once. */
export function loadWide(place: Ptr<i64>): i64 {
  return i64(atomic.cmpxchg<u64>(ptr<u64>(place), 0n, 0n));
}

/** Writes both halves at once. */
export function storeWide(place: Ptr<i64>, value: i64): void {
  let before = u64(place[0]);
  for (;;) {
    const found = atomic.cmpxchg<u64>(ptr<u64>(place), before, u64(value));
    if (found === before) return;
    before = found;
  }
}
