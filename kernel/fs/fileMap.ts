/*
 * Mapping regular files into address spaces.
 *
 * Idea. A region of a file shows the very pages that reads and writes of the file go through (addressSpace.ts): a shared
 * mapping, a private one that has not been written to, read and write all agree at any moment. mm/fault.ts makes the
 * private copies.
 *
 * A file that is cut takes its pages back from all regions (mm/fileMappings.ts). A fault that comes after finds the file
 * too short; one that has found its page before is told by FileMappings.truncateCount.
 *
 * Locking. Called with the mmapSem held, so nothing here may wait for what is held while user memory is touched: the
 * inode's mutex. The size is read in one piece, pages are found under the tree lock.
 */

import { EFAULT, EOPNOTSUPP } from '../abi/errno.ts';
import { PAGE_SHIFT } from '../arch/x86/layout.ts';
import { putPage } from '../mm/buddy.ts';
import { swapOutFilePage } from '../mm/fileSwap.ts';
import { type Page } from '../mm/page.ts';
import { type Vma, type VmOperations } from '../mm/types.ts';
import { findPage, grabPage, punchPages } from './addressSpace.ts';
import { type File, getFile, putFile } from './file.ts';
import { inodeSize } from './inode.ts';

const regionOperations = zeroed<Inline<VmOperations>>();

/** Fills the table of operations. */
export function initFileMap(): void {
  regionOperations.open = openRegion;
  regionOperations.close = closeRegion;
  regionOperations.nopage = findRegionPage;
  regionOperations.isCached = isRegionPageCached;
  regionOperations.punchHole = punchRegion;
  regionOperations.swapout = swapOutFilePage;
  regionOperations.needsSlot = true;
}

/** FileOperations.mmap of regular files. */
export function genericMmap(file: File, region: Vma): i32 {
  region.vmFile = getFile(file);
  region.vmMappings = file.inode.mapping.mappings;
  region.vmOps = regionOperations;
  return 0;
}

function openRegion(region: Vma): void {
  getFile(region.vmFile!);
}

function closeRegion(region: Vma): void {
  putFile(region.vmFile!);
}

/** The page, unless it begins at the end of the file or beyond: -EFAULT then, which becomes a SIGBUS. */
function findRegionPage(region: Vma, pageOffset: u32, result: Ptr<Page | null>): i32 {
  const inode = region.vmFile!.inode;
  if (i64(pageOffset) << i64(PAGE_SHIFT) >= inodeSize(inode)) return -EFAULT;
  return grabPage(inode.mapping, pageOffset, ptr<Page>(result));
}

function isRegionPageCached(region: Vma, pageOffset: u32): boolean {
  const page = findPage(region.vmFile!.inode.mapping, pageOffset);
  if (page === null) return false;
  putPage(page);
  return true;
}

/** Files in memory only have nothing but their pages. */
function punchRegion(region: Vma, first: u32, end: u32): i32 {
  const mapping = region.vmFile!.inode.mapping;
  if (mapping.operations.readPage !== null) return -EOPNOTSUPP;
  punchPages(mapping, first, end);
  return 0;
}
