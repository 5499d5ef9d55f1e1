/*
 * Frames for programs: fresh, zeroed, copied.
 *
 * A program that eats up memory must not take the last frame: the kernel needs a few to go on serving, and to end that
 * program. So frames for user memory are refused while the kernel's own are still to be had. Before they are refused,
 * pages are taken back from those who do not use them (reclaim.ts, which says at boot how).
 *
 * The zero page is one frame, mapped read-only wherever a program reads memory that it has never written.
 */

import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { panic } from '../lib/panic.ts';
import { mightSleep } from '../sync/lockChecker.ts';
import { allocPages, freePageCount, totalPageCount } from './buddy.ts';
import { getPage, type Page, PAGE_ANON, pageAddress, setPageFlag } from './page.ts';

/** One frame in this many is the kernel's. */
const RESERVE_FRACTION: u32 = 32;

let zero: Page = as<Page>(0);
/** Called when memory is getting short: somebody should take pages back. May be called from anywhere. */
let wakeReclaim: (() => void) | null = null;
/** Takes pages back until more than so many are free; false: there are none to be had. Sleeps. */
let reclaimPages: ((wanted: u32) => boolean) | null = null;

/** Says how pages are taken back. At boot. */
export function setReclaim(wake: () => void, reclaim: (wanted: u32) => boolean): void {
  wakeReclaim = wake;
  reclaimPages = reclaim;
}

/** Makes the zero page. */
export function initUserPages(): void {
  const page = allocPages(0);
  if (page === null) panic('no memory for the zero page');
  fillBytes(pageAddress(page), 0, PAGE_SIZE);
  zero = page;
}

/** Free pages that are the kernel's own: the mark `min` of reclaim.ts, and the unit of the others. */
export function reservedPages(): u32 {
  return totalPageCount() / RESERVE_FRACTION;
}

/** Is what is left needed by the kernel itself? New processes and user pages are refused then. */
export function isMemoryLow(): boolean {
  return freePageCount() <= reservedPages();
}

/**
 * Makes sure that a program may have more memory, taking pages back if it must. False: there is none to be had.
 *
 * @sleeps
 * @locking no spinlock, and nothing that the page stealer wants
 */
export function haveMemory(): boolean {
  mightSleep();
  const minimum = reservedPages();
  if (freePageCount() > minimum * 2) return true;
  const wake = wakeReclaim;
  if (wake !== null) wake();
  return haveFree(minimum);
}

/** Makes sure that more than `wanted` pages are free, taking pages back if it must. False: it cannot. @sleeps */
export function haveFree(wanted: u32): boolean {
  mightSleep();
  if (freePageCount() > wanted) return true;
  const reclaim = reclaimPages;
  return reclaim !== null && reclaim(wanted);
}

/** A frame with undefined contents and one reference; null: no memory for programs. @sleeps */
export function allocUserPage(): Page | null {
  while (haveMemory()) {
    const page = isMemoryLow() ? null : allocPages(0);
    if (page !== null) return page;
  }
  return null;
}

/** A frame of zeroes. @sleeps */
export function allocZeroedPage(): Page | null {
  const page = allocUserPage();
  if (page !== null) fillBytes(pageAddress(page), 0, PAGE_SIZE);
  return page;
}

/** A frame of zeroes for a program's own memory. */
export function allocAnonymousPage(): Page | null {
  const page = allocZeroedPage();
  if (page !== null) setPageFlag(page, PAGE_ANON);
  return page;
}

/** A copy of `source`, for a program's own memory. */
export function copyUserPage(source: Page): Page | null {
  if (source === zero) return allocAnonymousPage();
  const page = allocUserPage();
  if (page === null) return null;
  copyBytes(pageAddress(page), pageAddress(source), PAGE_SIZE);
  setPageFlag(page, PAGE_ANON);
  return page;
}

/** The zero page, with one more reference. */
export function getZeroPage(): Page {
  getPage(zero);
  return zero;
}

/** The zero page belongs to nobody: it is not counted as a process's memory, and never written. */
export function isZeroPage(page: Page): boolean {
  return page === zero;
}
