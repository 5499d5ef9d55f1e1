/*
 * Where a mapping goes.
 *
 *   08048000   code, data, heap ->                <- mappings   |   gap   | stack   C0000000
 *              startBrk                                     mmapBase
 *
 * Mappings fill the space from mmapBase downwards and the heap grows upwards, so that either can have what the other does
 * not need. The gap is as large as the stack may become (RLIMIT_STACK when the program was started), at least 128 MiB, at
 * most five sixths. Without a limit for the stack there is no such place: mappings then go upwards from a third of the
 * space, and so they do when there is no room below mmapBase.
 *
 * @source mmap(2), setrlimit(2); the layout is Linux's for i386, without randomisation.
 */

import { EEXIST, EINVAL, ENOMEM, EPERM } from '../abi/errno.ts';
import { MAP_FIXED, MAP_FIXED_NOREPLACE } from '../abi/mman.ts';
import { RLIM_INFINITY, RLIMIT_STACK } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE, pageCeil, pageFloor, USER_END } from '../arch/x86/layout.ts';
import { type Mm, type MmapSem, type Vma } from './types.ts';
import { findVmaIntersection, findVmaPrev } from './vma.ts';
import { findGap, type GapRequest, lowestTaken, STACK_GUARD_GAP } from './vmaTree.ts';

/** Nothing but what the superuser asks for is mapped below: a null pointer, or one a little off, must fault. */
export const MMAP_MIN_ADDR: u32 = 0x10000;
/** Mappings that go upwards begin here. */
const UNMAPPED_BASE: u32 = USER_END / 3;
const SMALLEST_STACK_GAP: u32 = 128 << 20;
const LARGEST_STACK_GAP: u32 = (USER_END / 6) * 5;

/** Lays out an address space for a program that the current task is about to run. */
export function chooseLayout(mm: Mm): void {
  const limit = current().process.limits[RLIMIT_STACK].rlim_cur;
  mm.isLegacyLayout = limit === RLIM_INFINITY;
  let gap = limit > LARGEST_STACK_GAP ? LARGEST_STACK_GAP : limit + STACK_GUARD_GAP;
  if (gap < SMALLEST_STACK_GAP) gap = SMALLEST_STACK_GAP;
  if (gap > LARGEST_STACK_GAP) gap = LARGEST_STACK_GAP;
  mm.mmapBase = mm.isLegacyLayout ? UNMAPPED_BASE : pageCeil(USER_END - gap);
}

/**
 * The address for a mapping of `size` bytes, or -errno. Nothing is changed: what is in the way of a fixed mapping is
 * still there.
 */
export function getUnmappedArea(mm: Mm, address: u32, size: u32, flags: u32, mmap: Held<MmapSem>): i32 {
  if (size > USER_END) return -ENOMEM;
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) !== 0) return checkFixed(mm, address, size, flags, mmap);
  if (address >= PAGE_SIZE) {
    const hint = address < MMAP_MIN_ADDR ? MMAP_MIN_ADDR : pageFloor(address);
    if (hint <= USER_END - size && isRoomy(mm, hint, size, mmap)) return i32(hint);
  }
  const request = zeroed<Inline<GapRequest>>();
  request.length = size;
  request.low = MMAP_MIN_ADDR;
  request.high = mm.mmapBase;
  request.topDown = true;
  let found: u32 = mm.isLegacyLayout ? 0 : findGap(mm, request, mmap);
  if (found === 0) {
    request.low = UNMAPPED_BASE;
    request.high = USER_END;
    request.topDown = false;
    found = findGap(mm, request, mmap);
  }
  return found === 0 ? -ENOMEM : i32(found);
}

function checkFixed(mm: Mm, address: u32, size: u32, flags: u32, mmap: Held<MmapSem>): i32 {
  if (address > USER_END - size) return -ENOMEM;
  if ((address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if (address < MMAP_MIN_ADDR && current().credentials.euid !== 0) return -EPERM;
  const isTaken = findVmaIntersection(mm, address, address + size, mmap) !== null;
  return isTaken && (flags & MAP_FIXED_NOREPLACE) !== 0 ? -EEXIST : i32(address);
}

/** Is [start, start + size) free, and not in the gap below a stack? */
function isRoomy(mm: Mm, start: u32, size: u32, mmap: Held<MmapSem>): boolean {
  let before: Vma | null = null;
  const next = findVmaPrev(mm, start, addrOf(before), mmap);
  if (next !== null && start + size > lowestTaken(next)) return false;
  const below = reload<Vma | null>(before);
  return below === null || below.vmEnd <= start;
}
