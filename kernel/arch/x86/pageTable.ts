/*
 * Page tables as the CPU reads them: two levels, 4 KiB pages (SDM vol. 3A, 4.3).
 *
 *   address   | directory index, 10 bits | table index, 10 bits | offset, 12 bits |
 *
 * A directory is one page of 1024 entries that name tables; a table is one page of 1024 entries that name frames.
 *
 * The TLB. An entry that gains rights, or becomes present, needs no flush: the CPU does not cache absent entries, and a
 * page fault that finds the entry good is simply retried. An entry that loses rights needs one, on every CPU that may
 * have it.
 */

import { PAGE_MASK, type PhysAddr, physToVirt } from './layout.ts';

export const PTE_PRESENT: u32 = 0x001;
export const PTE_WRITE: u32 = 0x002;
export const PTE_USER: u32 = 0x004;
export const PTE_WRITE_THROUGH: u32 = 0x008;
export const PTE_NO_CACHE: u32 = 0x010;
export const PTE_ACCESSED: u32 = 0x020;
export const PTE_DIRTY: u32 = 0x040;
/** Survives a change of CR3. */
export const PTE_GLOBAL: u32 = 0x100;

/** Entries of a directory or table. */
export const PAGE_TABLE_ENTRIES: u32 = 1024;
/** What one table covers: 4 MiB. */
export const PAGE_TABLE_SPAN: u32 = 0x400000;

/** An entry of a directory or table. Other CPUs and the page walker write it, too. */
export type Pte = Volatile<u32>;

/** The entry of `directory` that is responsible for `address`. */
export function directoryEntry(directory: PhysAddr, address: u32): Ptr<Pte> {
  return ptr<Pte>(physToVirt(directory)).add(address >>> 22);
}

/** The entry for `address` of the table that the directory entry `entry` names. */
export function tableEntry(entry: u32, address: u32): Ptr<Pte> {
  return ptr<Pte>(physToVirt(entry & PAGE_MASK)).add((address >>> 12) & 1023);
}

/** The page-table entry for `address`, or null if there is no table. */
export function findPte(directory: PhysAddr, address: u32): Ptr<Pte> | null {
  const entry: u32 = directoryEntry(directory, address)[0];
  if ((entry & PTE_PRESENT) === 0) return null;
  return tableEntry(entry, address);
}

/** Forgets what this CPU's TLB holds, but for global pages. */
export function flushTlb(): void {
  writeCr3(readCr3());
}
