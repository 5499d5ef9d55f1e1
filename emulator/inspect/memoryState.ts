/*
 * The memory management of a running kernel, as the host sees it: address spaces, their regions, their page tables, and
 * the page frames.
 *
 * Everything is read when it is asked for (kernelReader.ts). Names are the kernel's: what a field means and which lock
 * guards it stands where its class is.
 */

import type { BlockDevice } from '../../kernel/block/blockDevice.ts';
import type { AddressSpace } from '../../kernel/fs/addressSpace.ts';
import type { Page } from '../../kernel/mm/page.ts';
import type { SwapArea } from '../../kernel/mm/swapArea.ts';
import type { Mm, Vma } from '../../kernel/mm/types.ts';
import type { Process, Task } from '../../kernel/proc/task.ts';
import type { KernelReader } from './kernelReader.ts';
import { ADDRESS, type View } from './view.ts';

const PAGE_SIZE = 4096;
const ENTRIES = 1024;

/** A page-table entry that is not 0, and the address that it is for. */
export interface Mapping {
  readonly address: number;
  readonly entry: number;
  /** Number of the frame; -1: the entry holds none. */
  readonly frame: number;
  /** Area and slot of an entry that has neither frame nor nothing; else -1. */
  readonly area: number;
  readonly slot: number;
}

/** A process with its first thread. */
export interface ProcessView {
  readonly process: View<Process>;
  readonly threads: readonly View<Task>[];
}

export class MemoryState {
  readonly reader: KernelReader;
  readonly #present: number;
  readonly #protNone: number;

  constructor(reader: KernelReader) {
    this.reader = reader;
    this.#present = reader.constant('arch/x86/pageTable:PTE_PRESENT');
    this.#protNone = reader.constant('mm/pageTables:PTE_PROT_NONE');
  }

  /** Whether the kernel has come so far in its boot that there is something to see: its lists begin as zeroes. */
  get isThere(): boolean {
    return this.reader.word(this.reader.symbol('proc/taskList:processes')) !== 0;
  }

  /** All processes, zombies too, in the order of their creation. */
  processes(): ProcessView[] {
    const all = this.reader.list<Process>('Process', 'allLink', this.reader.symbol('proc/taskList:processes'));
    return [...all].map((process) => ({ process, threads: this.#threadsOf(process) }));
  }

  /** All address spaces. */
  addressSpaces(): View<Mm>[] {
    return [...this.reader.list<Mm>('Mm', 'mmList', this.reader.symbol('mm/mm:mmList'))];
  }

  /** The regions of an address space, as its list has them. Throws if the list does not end. */
  regions(mm: View<Mm>): View<Vma>[] {
    const regions: View<Vma>[] = [];
    for (let region = mm.mmap; region !== null; region = region.vmNext) {
      if (regions.length > 100_000) throw new Error('the list of regions does not end');
      regions.push(region);
    }
    return regions;
  }

  /** The same, as the tree has them: in order. Throws if the tree is too deep to be one. */
  treeRegions(mm: View<Mm>): View<Vma>[] {
    const walk = (root: View<Vma> | null, depth: number): View<Vma>[] => {
      if (root === null) return [];
      if (depth > 64) throw new Error('the tree of regions is deeper than any balanced one');
      return [...walk(root.avlLeft, depth + 1), root, ...walk(root.avlRight, depth + 1)];
    };
    return walk(mm.mmapAvl, 0);
  }

  /** All entries of the process's half of an address space's page tables that are not 0. */
  *mappings(mm: View<Mm>): Generator<Mapping> {
    const directory = mm.pageDirectory;
    const tables = this.reader.constant('arch/x86/layout:KERNEL_BASE') >>> 22;
    for (let i = 0; i < tables; i++) {
      const table = this.reader.physicalWord(directory + 4 * i);
      if ((table & this.#present) === 0) continue;
      for (let j = 0; j < ENTRIES; j++) {
        const entry = this.reader.physicalWord(((table & ~0xfff) >>> 0) + 4 * j);
        if (entry !== 0) yield this.#describe((i * ENTRIES + j) * PAGE_SIZE, entry);
      }
    }
  }

  /** Area and slot of each page of a file, or of shared memory, that is in swap: entries in the place of frames. */
  *fileSlots(): Generator<{ readonly area: number; readonly slot: number }> {
    const head = this.reader.symbol('mm/fileSwap:swappables');
    for (const mapping of this.reader.list<AddressSpace>('AddressSpace', 'swappableLink', head)) {
      const { root, height } = mapping.pages;
      if (root === null) continue;
      for (const item of this.#treeItems(root[ADDRESS], height)) {
        if ((item & 1) !== 0) yield { area: (item >>> 1) & 31, slot: item >>> 12 };
      }
    }
  }

  /** Page frames that the kernel knows. */
  get frameCount(): number {
    return this.reader.word(this.reader.symbol('mm/page:frameCount'));
  }

  /** The record of a frame. */
  frame(number: number): View<Page> {
    const map = this.reader.word(this.reader.symbol('mm/page:memMap'));
    return this.reader.at<Page>('Page', map + number * this.reader.sizeOf('Page'));
  }

  /** The number of the frame whose record this is. */
  frameNumber(page: View<Page>): number {
    const map = this.reader.word(this.reader.symbol('mm/page:memMap'));
    return (page[ADDRESS] - map) / this.reader.sizeOf('Page');
  }

  /** Swap areas that are in use, by number. */
  swapAreas(): ReadonlyMap<number, View<SwapArea>> {
    const first = this.reader.symbol('mm/swapArea:areas');
    const count = this.reader.constant('mm/swapArea:MAX_SWAP_AREAS');
    const used = this.reader.constant('mm/swapArea:SWAP_USED');
    const all = Array.from({ length: count }, (_, i) =>
      this.reader.at<SwapArea>('SwapArea', first + i * this.reader.sizeOf('SwapArea')),
    );
    return new Map([...all.entries()].filter(([, area]) => (area.flags & used) !== 0));
  }

  /** References to each slot of an area. */
  swapMap(area: View<SwapArea>): number[] {
    const at = area.swapMap;
    return Array.from({ length: area.slots }, (_, slot) => {
      const word = this.reader.word((at + 2 * slot) & ~3);
      return (slot & 1) === 0 ? word & 0xffff : word >>> 16;
    });
  }

  /** The name of an area's device. */
  deviceName(area: View<SwapArea>): string {
    const device: View<BlockDevice> = area.device;
    return String.fromCharCode(...device.name).replace(/\0.*$/s, '');
  }

  #threadsOf(process: View<Process>): View<Task>[] {
    const head = process[ADDRESS] + this.reader.offsetOf('Process', 'threads');
    return [...this.reader.list<Task>('Task', 'threadLink', head)];
  }

  /** Items of a radix tree, from a node on. */
  *#treeItems(node: number, level: number): Generator<number> {
    const slots = node + this.reader.offsetOf('RadixNode', 'slots');
    const count = (this.reader.sizeOf('RadixNode') - this.reader.offsetOf('RadixNode', 'slots')) / 4;
    for (let i = 0; i < count; i++) {
      const slot = this.reader.word(slots + 4 * i);
      if (slot === 0) continue;
      if (level > 1) yield* this.#treeItems(slot, level - 1);
      else yield slot;
    }
  }

  #describe(address: number, entry: number): Mapping {
    const hasFrame = (entry & (this.#present | this.#protNone)) !== 0;
    return {
      address,
      entry,
      frame: hasFrame ? entry >>> 12 : -1,
      area: hasFrame ? -1 : (entry >>> 1) & 31,
      slot: hasFrame ? -1 : entry >>> 12,
    };
  }
}
