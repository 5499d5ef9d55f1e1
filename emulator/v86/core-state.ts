/*
 * What must be known of the core, besides its CPU's block, to go on later as if nothing had happened: the TLB, and which
 * pages of RAM have been written.
 *
 * The TLB is state of the guest: until it is flushed, a translation holds although the page tables have changed, and whether
 * an accessed bit is set again depends on it. So a snapshot has all of it, and neither taking a snapshot nor looking at the
 * written pages may flush it. What is left out is what the compiler adds: after a restore it is looked up anew.
 */

import { pagesIn } from '../ram-pages.ts';
import type { CoreInstance } from './core-instance.ts';
import { layout, TLB_CAPACITY, TLB_HAS_CODE, TLB_IN_DEVICE } from './layout.ts';

const PAGE_SHIFT = 12;
const PAGE_MASK = -4096;
const TLB_PAGES = 1 << 20;
const CR0_PAGING = 0x8000_0000;

/** Pairs of a linear page number, and its physical address with the bits of the entry. 0: nothing is known of the page. */
export type Tlb = Int32Array;

export function readTlb(core: CoreInstance): Tlb {
  const { used, entries } = tlbViews(core);
  const base = core.state.getInt32(layout.ramBase, true);
  const tlb = new Int32Array(2 * used.length);
  for (let i = 0; i < used.length; i++) {
    const page = used[i]!;
    const entry = entries[page]!;
    const physical = ((entry & PAGE_MASK) ^ (page << PAGE_SHIFT)) - base;
    tlb[2 * i] = page;
    tlb[2 * i + 1] = entry === 0 ? 0 : physical | (entry & ~PAGE_MASK & ~TLB_HAS_CODE);
  }
  return tlb;
}

/**
 * Fills the empty TLB. All pages of RAM count as not written. `compiles`: compiled code for the pages is looked up.
 */
export function writeTlb(core: CoreInstance, tlb: Tlb, compiles: boolean): void {
  const compiledCode = compiles ? findCompiledCode(core, tlb) : null;
  const base = core.state.getInt32(layout.ramBase, true);
  core.state.setInt32(layout.tlbUsedCount, tlb.length / 2, true);
  const { used, entries, codes } = tlbViews(core);
  for (let i = 0; i < used.length; i++) {
    const page = tlb[2 * i]!;
    const entry = tlb[2 * i + 1]!;
    used[i] = page;
    if (entry === 0) continue;
    const bits = (entry & ~PAGE_MASK) | ((entry & TLB_IN_DEVICE) === 0 ? TLB_HAS_CODE : 0);
    entries[page] = (((entry & PAGE_MASK) + base) ^ (page << PAGE_SHIFT)) | bits;
    if (compiledCode !== null) codes[page] = compiledCode[i]!;
  }
}

/**
 * Which code was compiled for a page is found when the TLB is filled from the page tables. Those must not be touched here;
 * without paging, a walk reads none. So each page is walked to by its physical address, and what was found is taken out of
 * the TLB, which is empty again in the end.
 */
function findCompiledCode(core: CoreInstance, tlb: Tlb): Int32Array {
  const cr0 = core.state.getUint32(layout.controlRegisters, true);
  core.state.setUint32(layout.controlRegisters, (cr0 & ~CR0_PAGING) >>> 0, true);
  const found = new Int32Array(tlb.length / 2);
  for (let i = 0; i < found.length; i++) {
    const entry = tlb[2 * i + 1]!;
    if (entry === 0 || (entry & TLB_IN_DEVICE) !== 0) continue;
    core.functions.translate_address_system_read_js(entry & PAGE_MASK);
    const page = (entry & PAGE_MASK) >>> PAGE_SHIFT;
    found[i] = core.state.getInt32(layout.tlbCode + 4 * page, true);
    core.state.setInt32(layout.tlbCode + 4 * page, 0, true);
    core.state.setInt32(layout.tlbEntries + 4 * page, 0, true);
    core.state.setInt32(layout.tlbUsedCount, 0, true);
  }
  core.state.setUint32(layout.controlRegisters, cr0, true);
  return found;
}

/** Makes the table of written pages, in which all pages count as written. */
export function createWrittenPages(core: CoreInstance, memoryBytes: number): void {
  const pages = memoryBytes >>> PAGE_SHIFT;
  core.globals.writtenPages.value = core.functions.v86_malloc(pages);
  writtenTable(core).fill(1);
}

/** The pages of RAM that may have been written since the last call, ascending; at the first call, all. */
export function takeWrittenPages(core: CoreInstance): number[] {
  const table = writtenTable(core);
  const pages = pagesIn(table);
  table.fill(0);
  const { used, entries } = tlbViews(core);
  for (const page of used) {
    const entry = entries[page]!;
    if (entry !== 0 && (entry & TLB_IN_DEVICE) === 0) entries[page] = entry | TLB_HAS_CODE;
  }
  return pages;
}

function writtenTable(core: CoreInstance): Uint8Array {
  const pages = core.state.getUint32(layout.memorySize, true) >>> PAGE_SHIFT;
  return core.bytes.subarray(core.globals.writtenPages.value, core.globals.writtenPages.value + pages);
}

function tlbViews(core: CoreInstance) {
  const { buffer } = core.bytes;
  const count = Math.min(TLB_CAPACITY, core.state.getInt32(layout.tlbUsedCount, true));
  return {
    used: new Int32Array(buffer, layout.tlbUsed, count),
    entries: new Int32Array(buffer, layout.tlbEntries, TLB_PAGES),
    codes: new Int32Array(buffer, layout.tlbCode, TLB_PAGES),
  };
}
