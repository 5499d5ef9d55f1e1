/*
 * What must be true of the kernel's memory management, checked from outside.
 *
 * The checks are of two kinds. Some hold after every instruction, but while the lock is held that guards what they are
 * about: they look at the lock first, and pass by what is being changed. Others add things up over the whole machine
 * (references, counts), and hold only when nobody is in the middle of anything: `quiet`.
 *
 * Nothing here trusts the guest: a list that does not end and a pointer to nowhere are findings, too.
 */

import type { Page } from '../../kernel/mm/page.ts';
import type { Mm, Vma } from '../../kernel/mm/types.ts';
import type { Mapping, MemoryState } from './memoryState.ts';
import { ADDRESS, type View } from './view.ts';

/** A list of what is not as it should be, in words; empty: all is well. */
export type Findings = readonly string[];

interface Census {
  /** Page-table entries, by frame. */
  readonly mapped: Map<number, number>;
  /** Page-table entries, by area and slot. */
  readonly swapped: Map<string, number>;
}

/**
 * Checks everything that can be checked now. With `quiet`, the caller knows that no CPU is in the middle of a call, fault or
 * interrupt that touches memory, and everything else is checked as well.
 */
export function checkMemory(state: MemoryState, quiet: boolean): Findings {
  if (!state.isThere) return [];
  const findings: string[] = [];
  const census: Census = { mapped: new Map(), swapped: new Map() };
  attempt(findings, 'the list of address spaces', () => {
    for (const mm of state.addressSpaces()) {
      const name = `mm 0x${mm[ADDRESS].toString(16)}`;
      attempt(findings, name, () => checkMm(state, mm, census, (what) => findings.push(`${name}: ${what}`)));
    }
  });
  attempt(findings, 'the page frames', () => checkFrames(state, census, quiet, (what) => findings.push(what)));
  if (quiet) attempt(findings, 'the swap areas', () => checkSwap(state, census, (what) => findings.push(what)));
  return findings;
}

type Report = (what: string) => void;

function attempt(findings: string[], what: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    findings.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const hex = (address: number): string => `0x${address.toString(16)}`;
const range = (region: View<Vma>): string => `[${hex(region.vmStart)}, ${hex(region.vmEnd)})`;

// ---------------------------------------------------------------------------------------------------------------------
// Address spaces.

function checkMm(state: MemoryState, mm: View<Mm>, census: Census, report: Report): void {
  const listChanges = mm.vmlistLock.holder !== 0;
  const regions = listChanges ? [] : state.regions(mm);
  if (!listChanges) checkRegions(state, mm, regions, report);
  const tableChanges = mm.pageTableLock.holder !== 0;
  const mappings = [...state.mappings(mm)];
  count(mappings, census);
  if (tableChanges || listChanges || mm.mmapSem.owner !== null) return;
  for (const mapping of mappings) checkMapping(state, regions, mapping, report);
  checkResident(state, mm, mappings, report);
}

/** List and tree have the same regions, sorted, disjoint, and as many as mapCount says; the hint is one of them. */
function checkRegions(state: MemoryState, mm: View<Mm>, regions: readonly View<Vma>[], report: Report): void {
  const tree = state.treeRegions(mm).map((region) => region[ADDRESS]);
  const list = regions.map((region) => region[ADDRESS]);
  if (tree.length !== list.length || tree.some((address, i) => address !== list[i])) {
    report(`the list has ${list.length} regions, the tree ${tree.length}, and they are not the same in order`);
  }
  if (mm.mapCount !== regions.length) report(`mapCount is ${mm.mapCount}, there are ${regions.length} regions`);
  const hint = mm.mmapCache;
  if (hint !== null && !list.includes(hint[ADDRESS]))
    report(`mmapCache is ${hex(hint[ADDRESS])}, no region of the list`);
  regions.forEach((region, i) => {
    if (region.vmStart >= region.vmEnd) report(`the region ${range(region)} is empty or upside down`);
    if (((region.vmStart | region.vmEnd) & 0xfff) !== 0) report(`the region ${range(region)} is not made of pages`);
    const next = regions[i + 1];
    if (next !== undefined && region.vmEnd > next.vmStart) report(`${range(region)} overlaps ${range(next)}`);
    if (region.vmMm[ADDRESS] !== mm[ADDRESS]) report(`the region ${range(region)} is another address space's`);
  });
  checkBalance(mm.mmapAvl, report);
}

/** Heights are right, and differ by at most one. Returns the height. */
function checkBalance(root: View<Vma> | null, report: Report): number {
  if (root === null) return 0;
  const left = checkBalance(root.avlLeft, report);
  const right = checkBalance(root.avlRight, report);
  if (Math.abs(left - right) > 1) report(`the tree leans at ${range(root)}: ${left} against ${right}`);
  const height = 1 + Math.max(left, right);
  if (root.avlHeight !== height) report(`the height at ${range(root)} is ${height}, not ${root.avlHeight}`);
  return height;
}

function count(mappings: readonly Mapping[], { mapped, swapped }: Census): void {
  for (const { frame, area, slot } of mappings) {
    if (frame >= 0) mapped.set(frame, (mapped.get(frame) ?? 0) + 1);
    else swapped.set(`${area} ${slot}`, (swapped.get(`${area} ${slot}`) ?? 0) + 1);
  }
}

/** What is mapped lies in a region, which allows it. */
function checkMapping(state: MemoryState, regions: readonly View<Vma>[], mapping: Mapping, report: Report): void {
  const region = findRegion(regions, mapping.address);
  if (region === null) {
    report(`${hex(mapping.address)} has entry ${hex(mapping.entry)}, but lies in no region`);
    return;
  }
  const constant = (name: string): number => state.reader.constant(name);
  const mayWrite = (region.vmFlags & constant('mm/types:VM_WRITE')) !== 0;
  const isWritable = (mapping.entry & constant('arch/x86/pageTable:PTE_WRITE')) !== 0;
  if (mapping.frame >= 0 && isWritable && !mayWrite)
    report(`${hex(mapping.address)} is writable in a region that is not`);
  if (mapping.frame >= state.frameCount)
    report(`${hex(mapping.address)} is mapped to frame ${mapping.frame}, beyond memory`);
}

function findRegion(regions: readonly View<Vma>[], address: number): View<Vma> | null {
  let low = 0;
  let high = regions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (regions[middle]!.vmEnd <= address) low = middle + 1;
    else high = middle;
  }
  const region = regions[low];
  return region !== undefined && region.vmStart <= address ? region : null;
}

/** rss is the number of frames mapped, the zero page not counted; swapEntries that of entries which name a slot. */
function checkResident(state: MemoryState, mm: View<Mm>, mappings: readonly Mapping[], report: Report): void {
  const zero = zeroFrame(state);
  const resident = mappings.filter(({ frame }) => frame >= 0 && frame !== zero).length;
  if (mm.rss !== resident) report(`rss is ${mm.rss}, ${resident} pages are mapped`);
  const swapped = mappings.filter(({ frame }) => frame < 0).length;
  if (mm.swapEntries !== swapped) report(`swapEntries is ${mm.swapEntries}, ${swapped} entries name a slot`);
}

function zeroFrame(state: MemoryState): number {
  const page = state.reader.pointed<Page>('Page', 'mm/userPages:zero');
  return page === null ? -1 : state.frameNumber(page);
}

// ---------------------------------------------------------------------------------------------------------------------
// Page frames.

/** No frame is both free and mapped; when all is quiet, counts are what the page tables say. */
function checkFrames(state: MemoryState, { mapped }: Census, quiet: boolean, report: Report): void {
  const free = state.reader.constant('mm/page:PAGE_FREE');
  const freeFrames = new Set<number>();
  let total = 0;
  for (let number = 0; number < state.frameCount; number++) {
    const page = state.frame(number);
    if ((page.flags & free) === 0) continue;
    for (let i = 0; i < 2 ** page.order; i++) freeFrames.add(number + i);
    total += 2 ** page.order;
  }
  for (const [number, entries] of mapped) {
    if (freeFrames.has(number)) report(`frame ${number} is free, and mapped ${entries} times`);
  }
  if (!quiet) return;
  const counted = state.reader.word(state.reader.symbol('mm/buddy:freeFrames'));
  if (counted !== total) report(`${total} frames are free, the allocator counts ${counted}`);
  for (let number = 0; number < state.frameCount; number++) checkCounts(state, number, mapped.get(number) ?? 0, report);
}

function checkCounts(state: MemoryState, number: number, entries: number, report: Report): void {
  const page = state.frame(number);
  if (number === zeroFrame(state)) return;
  if (page.mapCount !== entries) report(`frame ${number}: mapCount is ${page.mapCount}, ${entries} entries show it`);
  if (page.count < entries) report(`frame ${number}: ${page.count} references, ${entries} entries`);
}

// ---------------------------------------------------------------------------------------------------------------------
// Swap.

/** A slot's count is the number of entries that name it, in page tables and in the trees of files, and one for the swap cache if that has its page. */
function checkSwap(state: MemoryState, { swapped }: Census, report: Report): void {
  const cached = cachedSlots(state);
  for (const { area, slot } of state.fileSlots()) {
    const name = `${area} ${slot}`;
    swapped.set(name, (swapped.get(name) ?? 0) + 1);
  }
  const bad = state.reader.constant('mm/swapArea:SWAP_MAP_BAD');
  const areas = state.swapAreas();
  for (const [number, area] of areas) {
    let inUse = 0;
    state.swapMap(area).forEach((references, slot) => {
      if (references === bad) return;
      if (references !== 0) inUse++;
      const name = `${number} ${slot}`;
      const expected = (swapped.get(name) ?? 0) + (cached.has(name) ? 1 : 0);
      if (references !== expected) report(`swap slot ${name}: count is ${references}, ${expected} refer to it`);
    });
    if (area.inUse !== inUse) report(`swap area ${number}: inUse is ${area.inUse}, ${inUse} slots are used`);
  }
  for (const name of swapped.keys()) {
    if (!areas.has(Number(name.split(' ')[0])))
      report(`an entry names swap slot ${name}, of an area that does not exist`);
  }
}

/** Slots whose pages are in the swap cache. */
function cachedSlots(state: MemoryState): ReadonlySet<string> {
  const inCache = state.reader.constant('mm/page:PAGE_SWAP_CACHE');
  const slots = new Set<string>();
  for (let number = 0; number < state.frameCount; number++) {
    const page = state.frame(number);
    if ((page.flags & inCache) !== 0) slots.add(`${(page.index >>> 1) & 31} ${page.index >>> 12}`);
  }
  return slots;
}
