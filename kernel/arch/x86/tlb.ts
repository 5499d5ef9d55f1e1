/*
 * Forgetting translations that have lost a right, or are gone.
 *
 * One function for each thing that can change, so that callers say what they did and not how to clean up after it. While
 * one CPU runs, its own TLB is all there is. With several, these are the places that ask the others, and wait.
 *
 * @see pageTable.ts for when no flush is needed
 */

import { type Mm } from '../../mm/types.ts';
import { type PhysAddr } from './layout.ts';
import { flushTlb } from './pageTable.ts';

/** More pages than this are cheaper to forget all at once. */
const MANY_PAGES: u32 = 32;

/** One page of an address space. */
export function flushUserPage(mm: Mm, address: u32): void {
  if (isLoaded(mm.pageDirectory)) invlpg(address);
}

/** All of [start, end) in an address space. */
export function flushUserRange(mm: Mm, start: u32, end: u32): void {
  if (!isLoaded(mm.pageDirectory)) return;
  if ((end - start) >>> 12 > MANY_PAGES) {
    flushTlb();
    return;
  }
  for (let address = start; address < end; address += 4096) invlpg(address);
}

/** One page of the kernel, mapped for all address spaces. */
export function flushKernelPage(address: u32): void {
  invlpg(address);
}

function isLoaded(directory: PhysAddr): boolean {
  return readCr3() === directory;
}
