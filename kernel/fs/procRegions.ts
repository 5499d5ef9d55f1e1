/*
 * /proc/PID/maps and smaps: the regions of an address space, one by one, and smaps_rollup: all together.
 *
 * The lines are those of Linux on i386, to the column: programs take them apart.
 *
 * Locking. (M) while the regions are gone through; the text grows meanwhile, which may sleep.
 *
 * @source proc(5)
 */

import { ENOMEM } from '../abi/errno.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { nameOfSegment } from '../ipc/shm.ts';
import { mmput } from '../mm/mm.ts';
import { addRegionUsage, type RegionUsage } from '../mm/regionUsage.ts';
import { sharedMemoryOf } from '../mm/sharedMemory.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import {
  type Mm,
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_RAND_READ,
  VM_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_WIPEONFORK,
  VM_WRITE,
  type Vma,
} from '../mm/types.ts';
import { type ProcDirectory } from './procEntry.ts';
import { majorOf, minorOf } from './device.ts';
import { mmOf, tellPath } from './procLookup.ts';
import { type ProcText } from './procText.ts';

/** Where the name of a region begins. */
const NAME_COLUMN: u32 = 49;
const KIB_PER_PAGE: u32 = 4;

/** Fills in what belongs to /proc/PID. */
export function addRegionEntries(directory: ProcDirectory): void {
  directory.addPrivate('maps', 0o444, writeMaps);
  directory.addPrivate('smaps', 0o444, writeSmaps);
  directory.addPrivate('smaps_rollup', 0o444, writeRollup);
}

/** Prints the regions of a process, with what each has in memory if `isDetailed`. */
function writeRegions(text: ProcText, pid: u32, isDetailed: boolean): i32 {
  const mm = mmOf(pid);
  if (mm === null) return 0;
  const path = kmalloc(PATH_MAX);
  if (path !== null) {
    printRegions(text, mm, path, isDetailed);
    kfree(path);
  }
  mmput(mm);
  return path === null ? -ENOMEM : 0;
}

function writeMaps(text: ProcText, pid: u32): i32 {
  return writeRegions(text, pid, false);
}

function writeSmaps(text: ProcText, pid: u32): i32 {
  return writeRegions(text, pid, true);
}

function printRegions(text: ProcText, mm: Mm, path: Ptr<u8>, isDetailed: boolean): void {
  using mmap = mm.mmapSem.lock();
  for (let region = mm.mmap; region !== null; region = region.vmNext) {
    printRegion(text, mm, region, path);
    if (!isDetailed) continue;
    const usage = zeroed<Inline<RegionUsage>>();
    addRegionUsage(mm, region, usage, mmap);
    printKib(text, 'Size:', region.vmEnd - region.vmStart);
    text.print('KernelPageSize: %8u kB\nMMUPageSize:    %8u kB\n', KIB_PER_PAGE, KIB_PER_PAGE);
    printUsage(text, usage, false);
    text.print('THPeligible:    %8u\n', 0);
    printFlags(text, region.vmFlags);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// One line for each region.

function printRegion(text: ProcText, mm: Mm, region: Vma, path: Ptr<u8>): void {
  const flags = region.vmFlags;
  const start = text.length;
  text.print('%08x-%08x ', region.vmStart, region.vmEnd);
  text.print('%c%c', (flags & VM_READ) !== 0 ? 0x72 : 0x2d, (flags & VM_WRITE) !== 0 ? 0x77 : 0x2d);
  text.print('%c%c ', (flags & VM_EXEC) !== 0 ? 0x78 : 0x2d, (flags & VM_SHARED) !== 0 ? 0x73 : 0x70);
  const file = region.vmFile;
  const object = sharedMemoryOf(region);
  if (file !== null) {
    const device = file.inode.superBlock.device;
    text.print('%08x %02x:%02x %u ', region.vmOffset * PAGE_SIZE, majorOf(device), minorOf(device), file.inode.number);
    const length = tellPath(file.dentry, path, PATH_MAX - 1);
    if (length > 0) {
      moveToName(text, start);
      appendPath(text, path, u32(length));
    }
  } else if (object !== null) {
    text.print('%08x 00:01 %u ', region.vmOffset * PAGE_SIZE, object.number);
    moveToName(text, start);
    const key = zeroed<FixedArray<i32, 1>>();
    if (nameOfSegment(object, key)) text.print('/SYSV%08x (deleted)', u32(key[0]));
    else text.print('/dev/zero (deleted)');
  } else {
    text.print('00000000 00:00 0 ');
    const isStack = region.vmStart <= mm.startStack && mm.startStack <= region.vmEnd;
    const isHeap = region.vmStart < mm.brk && region.vmEnd > mm.startBrk;
    if (isStack || isHeap) moveToName(text, start);
    if (isHeap) text.print('[heap]');
    else if (isStack) text.print('[stack]');
  }
  text.print('\n');
}

/** Fills the line that began at `start` up with blanks. */
function moveToName(text: ProcText, start: u32): void {
  const length = text.length - start;
  for (let i = length; i < NAME_COLUMN - 1; i++) text.print(' ');
  text.print(' ');
}

/** A newline in a name would look like the end of the line: it is written in base 8. */
function appendPath(text: ProcText, path: Ptr<u8>, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    if (path[i] === 0x0a) text.print('\\012');
    else text.append(path.add(i), 1);
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// What is in memory.

function printKib(text: ProcText, label: string, size: u32): void {
  text.print('%-16s%8u kB\n', label, size / 1024);
}

/** Of a size in 4096ths of a byte. */
function printPart(text: ProcText, label: string, size: u64): void {
  printKib(text, label, u32(size >> 12n));
}

function printUsage(text: ProcText, usage: RegionUsage, isRollup: boolean): void {
  printKib(text, 'Rss:', usage.resident);
  printPart(text, 'Pss:', usage.proportional);
  printPart(text, 'Pss_Dirty:', usage.proportionalDirty);
  if (isRollup) {
    // All files are in memory alone, and go to swap: Linux counts the pages of such with shared memory.
    printPart(text, 'Pss_Anon:', usage.proportionalAnonymous);
    printKib(text, 'Pss_File:', 0);
    printPart(text, 'Pss_Shmem:', usage.proportional - usage.proportionalAnonymous);
  }
  printKib(text, 'Shared_Clean:', usage.sharedClean);
  printKib(text, 'Shared_Dirty:', usage.sharedDirty);
  printKib(text, 'Private_Clean:', usage.privateClean);
  printKib(text, 'Private_Dirty:', usage.privateDirty);
  printKib(text, 'Referenced:', usage.referenced);
  printKib(text, 'Anonymous:', usage.anonymous);
  printKib(text, 'KSM:', 0);
  printKib(text, 'LazyFree:', 0);
  printKib(text, 'AnonHugePages:', 0);
  printKib(text, 'ShmemPmdMapped:', 0);
  printKib(text, 'FilePmdMapped:', 0);
  text.print('Shared_Hugetlb: %8u kB\nPrivate_Hugetlb: %7u kB\n', 0, 0);
  printKib(text, 'Swap:', usage.swapped);
  printPart(text, 'SwapPss:', usage.proportionalSwapped);
  printPart(text, 'Locked:', usage.proportionalLocked);
}

function printFlag(text: ProcText, flags: u32, wanted: u32, name: string): void {
  if ((flags & wanted) === wanted) text.print('%s ', name);
}

/** Two letters for each. */
function printFlags(text: ProcText, flags: u32): void {
  text.print('VmFlags: ');
  printFlag(text, flags, VM_READ, 'rd');
  printFlag(text, flags, VM_WRITE, 'wr');
  printFlag(text, flags, VM_EXEC, 'ex');
  printFlag(text, flags, VM_SHARED | VM_MAYWRITE, 'sh');
  printFlag(text, flags, VM_MAYREAD, 'mr');
  printFlag(text, flags, VM_MAYWRITE, 'mw');
  printFlag(text, flags, VM_MAYEXEC, 'me');
  printFlag(text, flags, VM_SHARED, 'ms');
  printFlag(text, flags, VM_GROWSDOWN, 'gd');
  printFlag(text, flags, VM_LOCKED, 'lo');
  printFlag(text, flags, VM_SEQ_READ, 'sr');
  printFlag(text, flags, VM_RAND_READ, 'rr');
  printFlag(text, flags, VM_DONTCOPY, 'dc');
  printFlag(text, flags, VM_LOCKONFAULT, 'lf');
  printFlag(text, flags, VM_ACCOUNT, 'ac');
  printFlag(text, flags, VM_NORESERVE, 'nr');
  printFlag(text, flags, VM_WIPEONFORK, 'wf');
  printFlag(text, flags, VM_DONTDUMP, 'dd');
  text.print('\n');
}

/** The sums, as of one region from the start of the first to the end of the last. */
function writeRollup(text: ProcText, pid: u32): i32 {
  const mm = mmOf(pid);
  if (mm === null) return 0;
  printSums(text, mm);
  mmput(mm);
  return 0;
}

function printSums(text: ProcText, mm: Mm): void {
  using mmap = mm.mmapSem.lock();
  const usage = zeroed<Inline<RegionUsage>>();
  let end: u32 = 0;
  for (let region = mm.mmap; region !== null; region = region.vmNext) {
    addRegionUsage(mm, region, usage, mmap);
    end = region.vmEnd;
  }
  const start = text.length;
  text.print('%08x-%08x ---p 00000000 00:00 0 ', mm.mmap === null ? 0 : mm.mmap.vmStart, end);
  moveToName(text, start);
  text.print('[rollup]\n');
  printUsage(text, usage, true);
}
