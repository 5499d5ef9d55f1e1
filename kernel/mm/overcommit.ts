/*
 * Promises: how much memory may be mapped that nobody has touched yet.
 *
 * A private writable mapping promises a page for each of its addresses. The kernel counts the promises (Committed_AS),
 * and vm.overcommit_memory says what it does about them:
 *
 *   0  refuses only what could never be: one mapping larger than all memory and swap. The default.
 *   1  promises everything.
 *   2  promises no more than CommitLimit: vm.overcommit_ratio percent of the memory, and the swap space.
 *
 * A region whose pages are counted has VM_ACCOUNT; whoever takes pages of such a region away calls `unacctMemory`.
 *
 * Locking. The counter is atomic. Two promises at once may each just fit and both be refused, or be both granted under
 * policy 0: a guess is what it is.
 *
 * @source proc(5)
 */

import { ENOMEM } from '../abi/errno.ts';
import { totalPageCount } from './buddy.ts';
import { totalSwapSlots } from './swapArea.ts';
import { VM_NORESERVE, VM_SHARED, VM_WRITE } from './types.ts';

export const OVERCOMMIT_GUESS: u32 = 0;
export const OVERCOMMIT_ALWAYS: u32 = 1;
export const OVERCOMMIT_NEVER: u32 = 2;

let policy: u32 = OVERCOMMIT_GUESS;
let ratio: u32 = 50;
/** Pages promised. Atomic. */
let committed: u32 = 0;

export function overcommitPolicy(): u32 {
  return reload<u32>(policy);
}

export function setOvercommitPolicy(value: u32): void {
  policy = value;
}

export function overcommitRatio(): u32 {
  return reload<u32>(ratio);
}

export function setOvercommitRatio(percent: u32): void {
  ratio = percent;
}

/** Pages promised: Committed_AS. */
export function committedPages(): u32 {
  return reload<u32>(committed);
}

/** Pages that policy 2 promises: CommitLimit. */
export function commitLimit(): u32 {
  return u32((u64(totalPageCount()) * u64(overcommitRatio())) / 100n) + totalSwapSlots();
}

/** Promises `pages` pages: 0, or -ENOMEM and nothing is promised. */
export function acctMemory(pages: u32): i32 {
  const before = atomic.fetchAdd(addrOf(committed), pages);
  const kind = overcommitPolicy();
  let isGood = kind === OVERCOMMIT_ALWAYS;
  if (kind === OVERCOMMIT_GUESS) isGood = pages <= totalPageCount() + totalSwapSlots();
  if (kind === OVERCOMMIT_NEVER) isGood = before + pages <= commitLimit();
  if (isGood) return 0;
  unacctMemory(pages);
  return -ENOMEM;
}

/** `pages` pages that were promised are not needed any more. */
export function unacctMemory(pages: u32): void {
  atomic.sub(addrOf(committed), pages);
}

/** Are pages of a region with these flags to be promised? Under policy 2, MAP_NORESERVE means nothing. */
export function isAccountable(vmFlags: u32): boolean {
  if ((vmFlags & (VM_SHARED | VM_WRITE)) !== VM_WRITE) return false;
  return (vmFlags & VM_NORESERVE) === 0;
}
