/*
 * The kernel's half of every address space.
 *
 * Idea. One page directory, the kernel's, is made at boot and never loses or gains a table after that. The directory of
 * each process has a copy of its upper quarter, so that a change in a kernel table is seen in all of them at once, and
 * nothing has to be kept in step. (arch/x86/layout.ts draws the map.)
 *
 * The direct map has 4 KiB pages. Large ones would save a few tables, but with small ones the text can be read-only, a
 * stack can have a hole below it, and the dirty bits tell a snapshot which pages were written.
 *
 * Locking. (K) kernelMapLock: which device pages and table entries are taken. Entries of kernel stacks belong to
 * kernelStack.ts.
 */

import { CR4_PGE } from '../arch/x86/controlRegisters.ts';
import { FEATURE_PGE, hasFeature } from '../arch/x86/cpuFeatures.ts';
import {
  DEVICE_AREA_START,
  KERNEL_BASE,
  PAGE_SIZE,
  pageCeil,
  pageFloor,
  type PhysAddr,
  physToVirt,
  STACK_AREA_START,
  virtToPhys,
  VMALLOC_START,
} from '../arch/x86/layout.ts';
import {
  directoryEntry,
  findPte,
  PAGE_TABLE_ENTRIES,
  PAGE_TABLE_SPAN,
  type Pte,
  PTE_GLOBAL,
  PTE_NO_CACHE,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_WRITE_THROUGH,
} from '../arch/x86/pageTable.ts';
import { bootStack, kernelCr3 } from '../arch/x86/bootMemory.ts';
import { panic } from '../lib/panic.ts';
import { type Spinlock } from '../sync/spinlock.ts';
import { earlyAllocate, memoryEnd } from './earlyMemory.ts';

/** The class of kernelMapLock. */
export class KernelMapLock {
  declare readonly lock: 'kernelMap';
}

const kernelMapLock = zeroed<Inline<Spinlock<KernelMapLock>>>();
let directory: PhysAddr = 0;
/** (K) next address for a device. */
let nextDevice: u32 = DEVICE_AREA_START;

/** The page directory that has the kernel's half alone. For CR3 while no process is running. */
export function kernelDirectory(): PhysAddr {
  return directory;
}

/**
 * Builds the map and switches to it. All of memory can be reached before as after.
 *
 * @param stackSlots how many kernel stacks there will be room for, each of 16 KiB of addresses
 * @param vmallocSize bytes of addresses for vmalloc
 */
export function initKernelMap(stackSlots: u32, vmallocSize: u32): void {
  kernelMapLock.init('kernelMap');
  directory = earlyTable();
  kernelCr3[0] = directory;
  mapDirect(memoryEnd());
  for (let i: u32 = 0; i < stackSlots; i += 256) addTable(STACK_AREA_START + i * 0x4000);
  for (let i: u32 = 0; i < vmallocSize; i += PAGE_TABLE_SPAN) addTable(VMALLOC_START + i);
  addTable(DEVICE_AREA_START);
  protectText();
  unmapKernelPage(u32(bootStack)); // the hole below the first stack
  writeCr3(directory);
  enableGlobalPages();
}

/** Global pages stay in the TLB when CR3 changes. On each CPU, after paging is on. */
export function enableGlobalPages(): void {
  if (hasFeature(FEATURE_PGE)) writeCr4(readCr4() | CR4_PGE);
}

/** Maps a page of the kernel's half whose table exists. */
export function mapKernelPage(address: u32, physical: PhysAddr, rights: u32): void {
  kernelPte(address)[0] = physical | rights | PTE_PRESENT | PTE_GLOBAL;
}

/** Makes a hole. The caller flushes. */
export function unmapKernelPage(address: u32): void {
  kernelPte(address)[0] = 0;
}

/** The page that is mapped at an address of the kernel's half; 0: none. */
export function kernelPageAt(address: u32): PhysAddr {
  const entry: u32 = kernelPte(address)[0];
  return (entry & PTE_PRESENT) === 0 ? 0 : pageFloor(entry);
}

/** Is there anything at this address of the kernel's half? For those who follow wild pointers: panics. */
export function isKernelMapped(address: u32): boolean {
  if (address < KERNEL_BASE) return false;
  if (directory === 0) return true; // early in the boot: one large map
  const pte = findPte(directory, address);
  return pte !== null && (pte[0] & PTE_PRESENT) !== 0;
}

/** Makes the registers of a device visible, uncached; returns their address. There is no way back. */
export function mapDevice(physical: PhysAddr, length: u32): u32 {
  const first = pageFloor(physical);
  const size = pageCeil(physical + length) - first;
  using _held = kernelMapLock.acquireIrqSave();
  const address = nextDevice;
  nextDevice += size;
  for (let offset: u32 = 0; offset < size; offset += PAGE_SIZE) {
    mapKernelPage(address + offset, first + offset, PTE_WRITE | PTE_NO_CACHE | PTE_WRITE_THROUGH);
  }
  return address + (physical - first);
}

function kernelPte(address: u32): Ptr<Pte> {
  const pte = findPte(directory, address);
  if (pte === null) panic('no kernel page table for %p', address);
  return pte;
}

/** A zeroed page. */
function earlyTable(): PhysAddr {
  const table = earlyAllocate(PAGE_SIZE);
  fillBytes(ptr<u8>(physToVirt(table)), 0, PAGE_SIZE);
  return table;
}

function addTable(address: u32): PhysAddr {
  const table = earlyTable();
  directoryEntry(directory, address)[0] = table | PTE_PRESENT | PTE_WRITE;
  return table;
}

/** Maps physical memory [0, end) at KERNEL_BASE. */
function mapDirect(end: PhysAddr): void {
  for (let start: PhysAddr = 0; start < end; start += PAGE_TABLE_SPAN) {
    const entries = ptr<u32>(physToVirt(addTable(physToVirt(start))));
    const pages = end - start < PAGE_TABLE_SPAN ? (end - start) / PAGE_SIZE : PAGE_TABLE_ENTRIES;
    let entry = start | PTE_PRESENT | PTE_WRITE | PTE_GLOBAL;
    for (let i: u32 = 0; i < pages; i++) {
      entries[i] = entry;
      entry += PAGE_SIZE;
    }
  }
}

/** Code and constants become read-only, for the kernel as well (CR0.WP). */
function protectText(): void {
  const end = pageFloor(linkerSymbol('__rodataEnd'));
  for (let address = pageCeil(linkerSymbol('__textStart')); address < end; address += PAGE_SIZE) {
    mapKernelPage(address, virtToPhys(address), 0);
  }
}
