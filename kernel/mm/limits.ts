/*
 * What an address space may have: regions, pages, locked pages.
 *
 * Each question is asked with (M) held, before anything is changed; the answers change only under (M), but for the limits
 * themselves, which setrlimit may change at any time and which count from the next question on.
 *
 * @source getrlimit(2), mlock(2), proc(5) for vm.max_map_count
 */

import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT } from '../arch/x86/layout.ts';
import { type Mm, VM_GROWSDOWN, VM_LOCKED, VM_SHARED, VM_WRITE } from './types.ts';

/** Regions of one address space: vm.max_map_count. */
let mapCountLimit: u32 = 65530;

export function maxMapCount(): u32 {
  return reload<u32>(mapCountLimit);
}

export function setMaxMapCount(count: u32): void {
  mapCountLimit = count;
}

function limitInPages(which: u32): u32 {
  return current().process.limits[which].rlim_cur >>> PAGE_SHIFT;
}

/** May `mm` have `pages` more pages of this kind? RLIMIT_AS, and RLIMIT_DATA for what is private and written to. */
export function mayExpandVm(mm: Mm, vmFlags: u32, pages: u32): boolean {
  if (mm.totalVm + pages > limitInPages(RLIMIT_AS)) return false;
  const isData = (vmFlags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) === VM_WRITE;
  return !isData || mm.dataVm + pages <= dataLimit();
}

/** A soft limit of 0 means the hard one, as on Linux: who sets it so only wants to have the break refused. */
function dataLimit(): u32 {
  const limit = current().process.limits[RLIMIT_DATA];
  return (limit.rlim_cur === 0 ? limit.rlim_max : limit.rlim_cur) >>> PAGE_SHIFT;
}

/** May the current task lock any memory at all? */
export function canDoMlock(): boolean {
  const self = current();
  return self.credentials.euid === 0 || self.process.limits[RLIMIT_MEMLOCK].rlim_cur !== 0;
}

/** May `mm` have `pages` more pages with these flags, as far as locked memory is concerned? RLIMIT_MEMLOCK. */
export function mlockFutureOk(mm: Mm, vmFlags: u32, pages: u32): boolean {
  if ((vmFlags & VM_LOCKED) === 0 || current().credentials.euid === 0) return true;
  return mm.lockedVm + pages <= limitInPages(RLIMIT_MEMLOCK);
}
