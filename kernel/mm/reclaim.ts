/*
 * Making room: when pages are taken back, by whom, and what becomes of those who get none.
 *
 * Idea. Four marks divide what is free:
 *
 *   high   kswapd goes to sleep
 *   low    whoever allocates wakes kswapd, and goes on
 *   min    whoever allocates for a program takes pages back himself first
 *   0      the kernel's own: programs get nothing from here
 *
 * Pages are taken in two steps. The stealer (vmscan.ts) takes them out of page tables, which may mean that they have to
 * be written. `shrinkCaches` frees frames that only a cache still has: those of devices, which can be read again, and
 * those of the swap cache that are written. For the latter it goes round all frames like the hand of a clock; a frame
 * that has been used since the hand last passed is spared once.
 *
 * When a round frees nothing and nothing is on its way to a disk, there is no more to be had: the allocation fails, and
 * somebody has to go (proc/oom.ts).
 *
 * Who takes pages back may hold (M) of his own address space, and locks of files; he holds no spinlock, and so nobody's
 * (V): rule 4.
 *
 * Locking. The hand is a hint. Each frame is looked at as its cache demands.
 */

import { releaseDevicePages } from '../block/blockDevice.ts';
import { thisCpu } from '../arch/x86/cpu.ts';
import { panic } from '../lib/panic.ts';
import { createKernelThread } from '../proc/kernelThread.ts';
import { schedule } from '../proc/scheduler.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { freePageCount, putPage } from './buddy.ts';
import { swapOutFiles } from './fileSwap.ts';
import {
  type Page,
  PAGE_DIRTY,
  PAGE_LOCKED,
  PAGE_REFERENCED,
  PAGE_SWAP_CACHE,
  pageFrame,
  pageFrameCount,
} from './page.ts';
import { swapCachePages, tryDeleteFromSwapCache } from './swapCache.ts';
import { waitForSwapIo } from './swapIo.ts';
import { reservedPages, setReclaim } from './userPages.ts';
import { swapOut } from './vmscan.ts';

/** Pages that are taken back in one go. */
const BATCH: u32 = 32;
/** The part of all frames that one round looks at: one in so many. */
const SWEEP: u32 = 8;
/** Rounds of a caller that takes pages back himself, before he tries what others may have freed. */
const MAX_ROUNDS: u32 = 64;
/** Rounds in vain before he gives up: every frame has been looked at twice. */
const VAIN_ROUNDS: u32 = 2 * SWEEP;

let hand: u32 = 0;
const kswapdWait = zeroed<Inline<WaitQueue>>();
let isKswapdWanted: Volatile<boolean> = false;
/** Frames freed by kswapd, and by those who could not wait for it. For /proc/vmstat. */
let stolenByKswapd: u32 = 0;
let stolenDirectly: u32 = 0;

/** Free pages with which kswapd goes to sleep again. */
function pagesHigh(): u32 {
  return reservedPages() * 3;
}

export function kswapdSteal(): u32 {
  return stolenByKswapd;
}

export function directSteal(): u32 {
  return stolenDirectly;
}

/** Starts kswapd. When tasks can be made. */
export function initReclaim(): void {
  kswapdWait.init();
  setReclaim(wakeKswapd, tryToFreePages);
  if (createKernelThread('kswapd', kswapd, 0) === null) panic('no memory for kswapd');
}

/** Asks kswapd to look. From anywhere. */
export function wakeKswapd(): void {
  if (isKswapdWanted) return;
  isKswapdWanted = true;
  kswapdWait.wakeAll();
}

function kswapd(_argument: u32): void {
  for (;;) {
    sleepUntilWanted();
    while (freePageCount() < pagesHigh() && freeRound(addrOf(stolenByKswapd))) letOthersRun();
  }
}

/** The kernel is not preemptible: a long piece of work gives way by itself. */
function letOthersRun(): void {
  if (thisCpu().needResched) schedule();
}

function sleepUntilWanted(): void {
  isKswapdWanted = false;
  const entry = zeroed<Inline<WaitEntry>>();
  for (;;) {
    kswapdWait.prepare(entry, false);
    if (isKswapdWanted) break;
    schedule();
  }
  kswapdWait.finish(entry);
}

/**
 * Takes pages back until more than `wanted` are free. False: nothing more is to be had.
 *
 * @sleeps
 * @locking no spinlock
 */
export function tryToFreePages(wanted: u32): boolean {
  let vain: u32 = 0;
  for (let round: u32 = 0; round < MAX_ROUNDS; round++) {
    vain = freeRound(addrOf(stolenDirectly)) ? 0 : vain + 1;
    if (freePageCount() > wanted) return true;
    if (vain === VAIN_ROUNDS) return false;
    letOthersRun();
  }
  return true; // others take what we free; let the caller try again
}

/**
 * One round: frees up to a batch of frames, and takes as many pages out of page tables; if that was all in vain, waits for
 * a page that is on its way. False: there was none either. `counter` counts what is freed.
 */
function freeRound(counter: Ptr<u32>): boolean {
  let freed = shrinkCaches(BATCH);
  let stolen: u32 = 0;
  if (freed < BATCH) {
    stolen = swapOutFiles(BATCH / 2);
    while (stolen < BATCH && swapOut()) stolen++;
    if (stolen < BATCH) stolen += swapOutFiles(BATCH - stolen);
    freed += shrinkCaches(BATCH);
  }
  atomic.add(counter, freed);
  return freed !== 0 || waitForSwapIo() || stolen !== 0;
}

/** Frees up to `wanted` frames that only a cache has. Returns how many. */
function shrinkCaches(wanted: u32): u32 {
  const freed = releaseDevicePages(wanted);
  return freed < wanted ? freed + shrinkSwapCache(wanted - freed) : freed;
}

/** The hand moves on by a part of the way round at most: to go on in vain costs as much as to free something. */
function shrinkSwapCache(wanted: u32): u32 {
  let freed: u32 = 0;
  const frames = pageFrameCount();
  for (let i: u32 = 0; i < frames / SWEEP && freed < wanted && swapCachePages() !== 0; i++) {
    if (hand >= frames) hand = 0;
    const page = pageFrame(hand);
    hand++;
    if (shrinkPage(page)) freed++;
  }
  return freed;
}

/** Frees a frame if only the swap cache has it, and nobody has used it since the hand last came by. */
function shrinkPage(page: Page): boolean {
  const flags = reload<u32>(page.flags);
  if ((flags & PAGE_SWAP_CACHE) === 0 || (flags & (PAGE_LOCKED | PAGE_DIRTY)) !== 0) return false;
  if ((flags & PAGE_REFERENCED) !== 0) {
    atomic.and(addrOf(page.flags), ~PAGE_REFERENCED);
    return false;
  }
  if (!tryDeleteFromSwapCache(page, 1, false)) return false;
  putPage(page);
  return true;
}
