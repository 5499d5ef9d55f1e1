/*
 * The order of locks: a graph whose nodes are lock classes, with an edge A -> B once a lock of class B has been waited for
 * while one of class A was held.
 *
 * Idea. Tasks deadlock when each waits for a lock that the next one holds, in a circle. Then the classes of these locks lie
 * on a cycle of the graph. The other way round, a cycle means that such tasks could meet, even if they never have so
 * far: so one quiet pass through each piece of code proves more than a year of luck. An edge is looked up with each lock
 * that is taken (a bit in a matrix), but searched for cycles once, when it is new.
 *
 * An edge remembers the two places where it was first seen.
 *
 * Locking. The checker's flag to write; hasOrder reads without.
 */

import { MAX_CLASSES } from './lockClass.ts';

const WORDS: u32 = 4; // of a row: MAX_CLASSES bits
const MAX_EDGES: u32 = 512;

/** `to` was taken while `from` was held. */
export class LockOrder {
  from: u8; // class indices
  to: u8;
  fromPlace: u32; // where the lock that was held had been taken
  toPlace: u32; // where the other one was
}

const rows = zeroed<FixedArray<u32, 512>>();
const orders = zeroed<FixedArray<Inline<LockOrder>, 512>>();
let orderCount: u32 = 0;

/** Scratch of the searches: a set of classes, and by which class each was reached. */
const seen = zeroed<FixedArray<u32, 4>>();
const reachedFrom = zeroed<FixedArray<u8, 128>>();
const queue = zeroed<FixedArray<u8, 128>>();

staticAssert(MAX_CLASSES === WORDS * 32, 'a row has a bit for each class');

/** Is the edge known? */
export function hasOrder(from: u32, to: u32): boolean {
  return (rows[from * WORDS + (to >>> 5)] & (1 << (to & 31))) !== 0;
}

/** Adds an edge, whatever it may close. */
export function addOrder(from: u32, to: u32, fromPlace: u32, toPlace: u32): void {
  rows[from * WORDS + (to >>> 5)] |= 1 << (to & 31);
  if (orderCount === MAX_EDGES) return; // the bit counts; only the places are lost
  const order: LockOrder = orders[orderCount];
  order.from = u8(from);
  order.to = u8(to);
  order.fromPlace = fromPlace;
  order.toPlace = toPlace;
  orderCount++;
}

/** Where an edge was first seen; null if there was no room to note it. */
export function findOrder(from: u32, to: u32): LockOrder | null {
  for (let i: u32 = 0; i < orderCount; i++) {
    if (orders[i].from === from && orders[i].to === to) return orders[i];
  }
  return null;
}

/**
 * The shortest way from one class to another: classes from `from` to `to`, both included, in `path` (MAX_CLASSES long).
 * Returns how many; 0: there is none. From a class to itself it is 1.
 */
export function findPath(from: u32, to: u32, path: Ptr<u8>): u32 {
  reachForward(from);
  if (!wasReached(to)) return 0;
  let length: u32 = 1;
  for (let at = to; at !== from; at = reachedFrom[at]) length++;
  let at = to;
  for (let i = length; i > 0; i--) {
    path[i - 1] = u8(at);
    at = reachedFrom[at];
  }
  return length;
}

/** Marks all that can be reached from `start`, itself included, nearest first. wasReached tells. */
export function reachForward(start: u32): void {
  for (let i: u32 = 0; i < WORDS; i++) seen[i] = 0;
  seen[start >>> 5] |= 1 << (start & 31);
  queue[0] = u8(start);
  let end: u32 = 1;
  for (let next: u32 = 0; next < end; next++) {
    const from = u32(queue[next]);
    for (let i: u32 = 0; i < WORDS; i++) {
      let fresh = rows[from * WORDS + i] & ~seen[i];
      seen[i] |= fresh;
      for (; fresh !== 0; fresh &= fresh - 1) {
        const to = i * 32 + bsf(fresh);
        reachedFrom[to] = u8(from);
        queue[end] = u8(to);
        end++;
      }
    }
  }
}

/** Did the last reachForward come to this class? */
export function wasReached(index: u32): boolean {
  return (seen[index >>> 5] & (1 << (index & 31))) !== 0;
}
