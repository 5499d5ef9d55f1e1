/*
 * mremap: a mapping gets shorter, longer, or goes elsewhere.
 *
 * Moving a mapping moves the page-table entries; no frame is copied.
 */

import { EFAULT, EINVAL, ENOMEM } from '../abi/errno.ts';
import { MREMAP_FIXED, MREMAP_MAYMOVE } from '../abi/mman.ts';
import { RLIMIT_AS } from '../abi/resource.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE, pageCeil, USER_END } from '../arch/x86/layout.ts';
import { flushUserRange } from '../arch/x86/tlb.ts';
import { MAX_REGIONS, MMAP_BASE, splitAt, unmapRange } from './mmap.ts';
import { moveEntry } from './pageTables.ts';
import { type Mm, type MmapSem, type Vma } from './types.ts';
import { copyVma, findGap, findVma, freeVma, insertVmStruct, isFree, mergeVma } from './vma.ts';

/**
 * Resizes the mapping at [address, address + oldLength). Returns where it is then, or -errno.
 *
 * @sleeps
 */
export function doMremap(mm: Mm, address: u32, oldLength: u32, newLength: u32, flags: u32, newAddress: u32): i32 {
  const oldSize = pageCeil(oldLength);
  const newSize = pageCeil(newLength);
  const isFixed = (flags & MREMAP_FIXED) !== 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED)) !== 0 || (address & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  if (newSize === 0 || newSize > USER_END || oldSize > USER_END) return -EINVAL;
  if (address > USER_END - oldSize) return -EFAULT;
  if (isFixed && !isGoodTarget(address, oldSize, newSize, flags, newAddress)) return -EINVAL;

  using held = mm.mmapSem.lock();
  if (isFixed) {
    const result = unmapRange(mm, newAddress, newAddress + newSize, held);
    if (result !== 0) return result;
  }
  if (newSize < oldSize) {
    const result = unmapRange(mm, address + newSize, address + oldSize, held);
    if (result !== 0 || !isFixed) return result !== 0 ? result : i32(address);
  }
  const kept = newSize < oldSize ? newSize : oldSize;
  const region = findVma(mm, address, held);
  if (region === null || region.vmStart > address || kept > region.vmEnd - address) return -EFAULT;
  if (!isFixed && newSize === oldSize) return i32(address);
  const grown = newSize - kept;
  if (mm.totalVm + (grown >>> PAGE_SHIFT) > current().process.limits[RLIMIT_AS].rlim_cur >>> PAGE_SHIFT) return -ENOMEM;
  if (!isFixed && growInPlace(mm, region, address + kept, grown, held)) return i32(address);
  if ((flags & MREMAP_MAYMOVE) === 0) return -ENOMEM;
  const target = isFixed ? newAddress : findGap(mm, MMAP_BASE, newSize, held);
  if (target === 0) return -ENOMEM;
  return moveRegion(mm, address, kept, target, newSize, held);
}

function isGoodTarget(address: u32, oldSize: u32, newSize: u32, flags: u32, target: u32): boolean {
  if ((flags & MREMAP_MAYMOVE) === 0 || (target & (PAGE_SIZE - 1)) !== 0 || target > USER_END - newSize) return false;
  return target + newSize <= address || address + oldSize <= target;
}

/** Extends a region at its end, if the mapping reaches there and the next addresses are free. */
function growInPlace(mm: Mm, region: Vma, end: u32, grown: u32, held: Held<MmapSem>): boolean {
  if (region.vmEnd !== end || end > USER_END - grown || !isFree(mm, end, end + grown, held)) return false;
  region.vmEnd = end + grown;
  mm.totalVm += grown >>> PAGE_SHIFT;
  mergeVma(mm, region, held);
  return true;
}

/** Moves `kept` bytes at `from` to `to`, where the region is `size` bytes long. The rest of it is fresh. */
function moveRegion(mm: Mm, from: u32, kept: u32, to: u32, size: u32, held: Held<MmapSem>): i32 {
  if (mm.mapCount + 2 > MAX_REGIONS) return -ENOMEM;
  if (!splitAt(mm, from, held) || !splitAt(mm, from + kept, held)) return -ENOMEM;
  const old = findVma(mm, from, held)!;
  const copy = copyVma(mm, old);
  if (copy === null) return -ENOMEM;
  copy.vmStart = to;
  copy.vmEnd = to + size;
  if (copy.vmOps === null) copy.vmOffset = to >>> PAGE_SHIFT;
  for (let offset: u32 = 0; offset < kept; offset += PAGE_SIZE) {
    if (!moveEntry(mm, from + offset, to + offset, held)) {
      for (let back: u32 = 0; back < offset; back += PAGE_SIZE) moveEntry(mm, to + back, from + back, held);
      freeVma(copy);
      return -ENOMEM;
    }
  }
  flushUserRange(mm, from, from + kept);
  insertVmStruct(mm, copy, held);
  unmapRange(mm, from, from + kept, held);
  mergeVma(mm, copy, held);
  return i32(to);
}
