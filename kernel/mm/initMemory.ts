/*
 * Memory, from the loader's map to working allocators. Each step lives on what the one before has made:
 *
 *   extents (earlyMemory)  ->  kernel page tables  ->  memMap  ->  buddy  ->  slab  ->  everything else
 */

import { PAGE_SHIFT, PAGE_SIZE, type PhysAddr, physToVirt, virtToPhys } from '../arch/x86/layout.ts';
import { initBuddy } from './buddy.ts';
import {
  earlyAllocate,
  earlyAllocateLowPage,
  memoryEnd,
  memorySize,
  releaseEarlyMemory,
  reserveMemory,
} from './earlyMemory.ts';
import { initKernelMap } from './kernelMap.ts';
import { initMm } from './mm.ts';
import { initKernelStacks, stackSlotsFor } from './kernelStack.ts';
import { type Page, setMemMap } from './page.ts';
import { initPageLocks } from './pageLock.ts';
import { initFileSwap } from './fileSwap.ts';
import { initSharedMemory } from './sharedMemory.ts';
import { initSlab } from './slab.ts';
import { initSwap } from './swapArea.ts';
import { initSwapCache } from './swapCache.ts';
import { initSwapIo } from './swapIo.ts';
import { initSysSwap } from './sysSwap.ts';
import { initUserPages } from './userPages.ts';
import { initVmalloc, vmallocSizeFor } from './vmalloc.ts';

/** The first page: the firmware's data, and an address that should never be handed out. */
const FIRST_PAGE_END: u32 = PAGE_SIZE;

/** Where other CPUs begin, in real mode; 0: no such page. Constant after initMemory. */
let startPage: PhysAddr = 0;

/** A page below 1 MiB that is kept for CPUs to start in; 0: there is none. */
export function cpuStartPage(): PhysAddr {
  return startPage;
}

/** Takes over all memory that the loader has told about. After it, allocators work. */
export function initMemory(): void {
  reserveMemory(0, FIRST_PAGE_END);
  reserveMemory(virtToPhys(linkerSymbol('__imageStart')), virtToPhys(linkerSymbol('__imageEnd')));
  startPage = earlyAllocateLowPage();
  const slots = stackSlotsFor(memorySize() >>> PAGE_SHIFT);
  const vmallocSize = vmallocSizeFor(memorySize() >>> PAGE_SHIFT);
  initKernelMap(slots, vmallocSize);
  initMemMap();
  initSwapCache();
  initFileSwap();
  initBuddy();
  releaseEarlyMemory();
  initSlab();
  initVmalloc(vmallocSize);
  initKernelStacks(slots);
  initUserPages();
  initSharedMemory();
  initPageLocks();
  initSwap();
  initSwapIo();
  initSysSwap();
  initMm();
}

function initMemMap(): void {
  const frames = memoryEnd() >>> PAGE_SHIFT;
  const size = frames * sizeof<Page>();
  const map = physToVirt(earlyAllocate(size));
  fillBytes(ptr<u8>(map), 0, size);
  setMemMap(map, frames);
}
