/*
 * Reaching into an address space that need not be loaded: for ptrace, process_vm_readv, /proc/PID/mem and the texts of
 * /proc.
 *
 * Idea. Page by page: bring the page in as if the program had touched it, take a reference, so that it cannot go away while
 * bytes are copied, and copy through the kernel's own view of memory. Between the fault and the look the page stealer may
 * have been there; then it is brought in again.
 *
 * A debugger may more than the program: with ACCESS_FORCE it reads what the program has made inaccessible, and writes to
 * private memory that is read-only, such as code, where it puts breakpoints. Such a write goes to a private copy, and the
 * program's rights stay as they are.
 *
 * Locking. (M) for the time of the copy: no copy function of user memory is called meanwhile.
 */

import { RACE_PTRACE } from '../abi/races.ts';
import { PAGE_SIZE, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { findPte, PTE_PRESENT, PTE_WRITE } from '../arch/x86/pageTable.ts';
import { putPage } from './buddy.ts';
import { FAULT_HANDLED, faultIn, faultInForced } from './fault.ts';
import { getPage, type Page, PAGE_ANON, PAGE_DIRTY, pageAddress, setPageFlag } from './page.ts';
import { hasPage, pageOf } from './pageTables.ts';
import { isOpen, RACE_1999_PTRACE } from './raceFlags.ts';
import { type Mm, type MmapSem } from './types.ts';
import { isZeroPage } from './userPages.ts';

/** To the address space; otherwise from it. */
export const ACCESS_WRITE: u32 = 1;
/** As a debugger may. */
export const ACCESS_FORCE: u32 = 2;

/**
 * Copies between a buffer of the kernel's and the memory of `mm`, which the caller is a user of. Returns how many bytes,
 * from the first on, could be copied.
 *
 * @sleeps
 */
export function accessProcessVm(mm: Mm, address: u32, buffer: Ptr<u8>, count: u32, flags: u32): u32 {
  if (RACE_1999_PTRACE && isOpen(RACE_PTRACE)) atomic.dec(addrOf(mm.mmUsers)); // as if the caller were none
  using mmap = mm.mmapSem.lock();
  let done: u32 = 0;
  while (done < count) {
    const at = address + done;
    const page = pinPage(mm, at, flags, mmap);
    if (page === null) break;
    const offset = at - pageFloor(at);
    const size = count - done < PAGE_SIZE - offset ? count - done : PAGE_SIZE - offset;
    const place = pageAddress(page).add(offset);
    if ((flags & ACCESS_WRITE) === 0) {
      copyBytes(buffer.add(done), place, size);
    } else {
      copyBytes(place, buffer.add(done), size);
      setPageFlag(page, PAGE_DIRTY);
    }
    putPage(page);
    done += size;
  }
  if (RACE_1999_PTRACE && isOpen(RACE_PTRACE)) atomic.inc(addrOf(mm.mmUsers));
  return done;
}

/** The page of an address, with a reference; null: it may not be accessed. */
function pinPage(mm: Mm, address: u32, flags: u32, mmap: Held<MmapSem>): Page | null {
  const write = (flags & ACCESS_WRITE) !== 0;
  const isForced = (flags & ACCESS_FORCE) !== 0;
  while (address < USER_END) {
    const page = takeMapped(mm, address, flags);
    if (page !== null) return page;
    const result = isForced ? faultInForced(mm, address, write, mmap) : faultIn(mm, address, write, mmap);
    if (result !== FAULT_HANDLED) return null;
  }
  return null;
}

/** The page if it is there and may be accessed, with a reference. */
function takeMapped(mm: Mm, address: u32, flags: u32): Page | null {
  using _table = mm.pageTableLock.acquire();
  const pte = findPte(mm.pageDirectory, address);
  if (pte === null || !hasPage(pte[0])) return null;
  const entry: u32 = pte[0];
  const isForced = (flags & ACCESS_FORCE) !== 0;
  if (!isForced && (entry & PTE_PRESENT) === 0) return null;
  const page = pageOf(entry);
  if ((flags & ACCESS_WRITE) !== 0 && (entry & PTE_WRITE) === 0) {
    if (!isForced || !isExclusive(page)) return null;
  }
  getPage(page);
  return page;
}

/** Is the page this entry's alone, so that nobody else sees what is written to it? */
function isExclusive(page: Page): boolean {
  return (page.flags & PAGE_ANON) !== 0 && page.count === 1 && !isZeroPage(page);
}
