/*
 * Stacks grow: an access below a region that grows downwards extends it.
 *
 * The start of the region and its offset change together, under (V) and with (M) held like any other change: a fault is no
 * exception. Who scans the list never sees one without the other.
 *
 * @source getrlimit(2) for RLIMIT_STACK, mmap(2) for MAP_GROWSDOWN
 */

import { ENOMEM } from '../abi/errno.ts';
import { RACE_STACK } from '../abi/races.ts';
import { RLIMIT_STACK } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, pageFloor } from '../arch/x86/layout.ts';
import { lockMappings } from './fileMappings.ts';
import { mayExpandVm, mlockFutureOk } from './limits.ts';
import { acctMemory } from './overcommit.ts';
import { isOpen, RACE_1999_STACK } from './raceFlags.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_ACCOUNT, VM_GROWSDOWN, type Vma } from './types.ts';
import { MMAP_MIN_ADDR } from './unmappedArea.ts';
import { moveEnds, previousVma, vmaAdjust, vmlistModifyLock, vmStatAccount } from './vma.ts';
import { STACK_GUARD_GAP } from './vmaTree.ts';

/**
 * Extends `region`, which ends above `address`, down to it. 0, or -ENOMEM: it is no stack, has reached its limit, or
 * would come too near its neighbour.
 */
export function expandStack(mm: Mm, region: Vma, address: u32, mmap: Held<MmapSem>): i32 {
  const start = pageFloor(address);
  if ((region.vmFlags & VM_GROWSDOWN) === 0 || start < MMAP_MIN_ADDR) return -ENOMEM;
  if (!isClear(mm, region, start, mmap)) return -ENOMEM;
  const pages = (region.vmStart - start) >>> PAGE_SHIFT;
  if (region.vmEnd - start > current().process.limits[RLIMIT_STACK].rlim_cur) return -ENOMEM;
  if (!mayExpandVm(mm, region.vmFlags, pages) || !mlockFutureOk(mm, region.vmFlags, pages)) return -ENOMEM;
  if ((region.vmFlags & VM_ACCOUNT) !== 0 && acctMemory(pages) !== 0) return -ENOMEM;
  vmStatAccount(mm, region.vmFlags, i32(pages), mmap);
  if (RACE_1999_STACK && isOpen(RACE_STACK)) moveEnds(region, start, region.vmEnd);
  using vmlist = vmlistModifyLock(mm, mmap);
  using shared = lockMappings(region.vmMappings);
  vmaAdjust(mm, region, start, region.vmEnd, mmap, vmlist, shared);
  return 0;
}

/** Does the stack keep its distance from what is below? It may touch another stack, and what nobody may touch. */
function isClear(mm: Mm, region: Vma, start: u32, mmap: Held<MmapSem>): boolean {
  const below = previousVma(mm, region, mmap);
  if (below === null) return true;
  if (below.vmEnd > start) return false;
  if ((below.vmFlags & VM_GROWSDOWN) !== 0 || (below.vmFlags & VM_ACCESS) === 0) return true;
  return start - below.vmEnd >= STACK_GUARD_GAP;
}
