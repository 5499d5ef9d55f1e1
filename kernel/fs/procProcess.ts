/*
 * The files of /proc/PID, and of the threads below it.
 *
 * Locking. A record of the process is filled under (T) and printed without it.
 *
 * @source proc(5)
 */

import { ENAMETOOLONG, ENOENT, ENOMEM, ESRCH } from '../abi/errno.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { PAGE_SIZE, pageCeil, pageFloor } from '../arch/x86/layout.ts';
import { hi, lo } from '../lib/format.ts';
import { accessProcessVm } from '../mm/accessVm.ts';
import { mmput } from '../mm/mm.ts';
import { type Mm, VM_EXEC, VM_GROWSDOWN, VM_READ, VM_SHARED, VM_WRITE, type Vma } from '../mm/types.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type SignalSet } from '../proc/signalState.ts';
import { majorOf, minorOf } from './device.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { type ProcDirectory } from './procEntry.ts';
import { describeMounts } from './procMounts.ts';
import { directoryOf, mmOf, tellPath } from './procLookup.ts';
import { type Snapshot, takeSnapshot } from './procSnapshot.ts';
import { type ProcText } from './procText.ts';

/**
 * Fills the list of /proc/PID, or of /proc/PID/task/TID, which is the same for one thread. `descriptors` is the directory
 * of descriptors, which has no entries but those.
 */
export function addProcessEntries(directory: ProcDirectory, descriptors: ProcDirectory): void {
  directory.addFile('cmdline', 0o444, writeCmdline);
  directory.addFile('comm', 0o444, writeComm);
  directory.addLink('cwd', writeWorkingDirectory);
  directory.addFile('environ', 0o400, writeEnviron);
  directory.addLink('exe', writeProgram);
  directory.addDirectory('fd', descriptors);
  directory.addFile('maps', 0o444, writeMaps);
  directory.addMemory('mem');
  directory.addFile('mounts', 0o444, describeMounts);
  directory.addLink('root', writeRoot);
  directory.addFile('stat', 0o444, writeStat);
  directory.addFile('statm', 0o444, writeStatm);
  directory.addFile('status', 0o444, writeStatus);
}

/** Sizes of an address space in pages, zero where there is none. */
class Sizes {
  total: u32;
  peak: u32;
  locked: u32;
  resident: u32;
  peakResident: u32;
  file: u32; // resident, of files or shared
  swapped: u32; // in slots
  code: u32; // of the program itself
  library: u32; // other code
  data: u32;
  stack: u32;
  tables: u32;
}

function takeSizes(pid: u32, sizes: Sizes): void {
  const mm = mmOf(pid);
  if (mm === null) return;
  sizes.total = mm.totalVm;
  sizes.peak = mm.peakVm;
  sizes.locked = mm.lockedVm;
  sizes.resident = mm.rss;
  sizes.peakResident = mm.peakRss;
  sizes.file = mm.fileRss;
  sizes.swapped = mm.swapEntries;
  sizes.code = (pageCeil(mm.endCode) - pageFloor(mm.startCode)) / PAGE_SIZE;
  if (sizes.code > mm.execVm) sizes.code = mm.execVm;
  sizes.library = mm.execVm - sizes.code;
  sizes.data = mm.dataVm;
  sizes.stack = mm.stackVm;
  sizes.tables = mm.tablePages;
  mmput(mm);
}

function writeComm(text: ProcText, pid: u32): i32 {
  const process = zeroed<Inline<Snapshot>>();
  if (!takeSnapshot(pid, process)) return -ESRCH;
  text.print('%s\n', process.name);
  return 0;
}

/** The 52 fields of proc(5). What has no meaning here is 0. */
function writeStat(text: ProcText, pid: u32): i32 {
  const process = zeroed<Inline<Snapshot>>();
  const sizes = zeroed<Inline<Sizes>>();
  if (!takeSnapshot(pid, process)) return -ESRCH;
  takeSizes(pid, sizes);
  text.print('%u (%s) %c %u', process.tid, process.name, process.state, process.parent);
  text.print(' %u %u %u %d 0', process.pgrp, process.session, process.ttyDevice, process.ttyGroup);
  text.print(' %u 0 %u 0 %u %u', process.minorFaults, process.majorFaults, process.utime, process.stime);
  text.print(' %u %u %d %d', process.childrenUtime, process.childrenStime, 20 + process.nice, process.nice);
  text.print(' %u 0 %lu', process.threads, lo(process.startTicks), hi(process.startTicks));
  text.print(' %u %u %u', sizes.total * PAGE_SIZE, sizes.resident, process.rssLimit);
  printAddresses(text, pid);
  text.print(' 0 0 %u %u', u32(process.pending) & 0x7fffffff, u32(process.blocked) & 0x7fffffff);
  text.print(' %u %u', u32(process.ignored) & 0x7fffffff, u32(process.caught) & 0x7fffffff);
  text.print(' 0 0 0 %d %u 0 0 0 0 0 0 0 0 0 0 0 0 %u\n', process.exitSignal, process.cpu, process.exitCode);
  return 0;
}

/** Start and end of the code, start of the stack. */
function printAddresses(text: ProcText, pid: u32): void {
  const mm = mmOf(pid);
  if (mm === null) {
    text.print(' 0 0 0');
    return;
  }
  text.print(' %u %u %u', mm.startCode, mm.endCode, mm.startStack);
  mmput(mm);
}

function writeStatm(text: ProcText, pid: u32): i32 {
  const sizes = zeroed<Inline<Sizes>>();
  takeSizes(pid, sizes);
  text.print('%u %u %u %u', sizes.total, sizes.resident, sizes.file, sizes.code);
  text.print(' 0 %u 0\n', sizes.data + sizes.stack);
  return 0;
}

function stateName(letter: u8): string {
  switch (letter) {
    case 0x52:
      return 'R (running)';
    case 0x53:
      return 'S (sleeping)';
    case 0x54:
      return 'T (stopped)';
    case 0x74:
      return 't (tracing stop)';
    case 0x5a:
      return 'Z (zombie)';
    case 0x58:
      return 'X (dead)';
    default:
      return 'D (disk sleep)';
  }
}

function printSet(text: ProcText, label: string, set: SignalSet): void {
  text.print('%s:\t%08x%08x\n', label, hi(set), lo(set));
}

function printIds(text: ProcText, label: string, ids: Ptr<u32>): void {
  text.print('%s:\t%u\t%u\t%u\t%u\n', label, ids[0], ids[1], ids[2], ids[3]);
}

function printSize(text: ProcText, label: string, pages: u32): void {
  text.print('%s:\t%8u kB\n', label, pages * (PAGE_SIZE / 1024));
}

function printSizes(text: ProcText, sizes: Sizes): void {
  printSize(text, 'VmPeak', sizes.peak);
  printSize(text, 'VmSize', sizes.total);
  printSize(text, 'VmLck', sizes.locked);
  printSize(text, 'VmPin', 0);
  printSize(text, 'VmHWM', sizes.peakResident);
  printSize(text, 'VmRSS', sizes.resident);
  printSize(text, 'RssAnon', sizes.resident - sizes.file);
  printSize(text, 'RssFile', sizes.file);
  printSize(text, 'RssShmem', 0);
  printSize(text, 'VmData', sizes.data);
  printSize(text, 'VmStk', sizes.stack);
  printSize(text, 'VmExe', sizes.code);
  printSize(text, 'VmLib', sizes.library);
  printSize(text, 'VmPTE', sizes.tables);
  printSize(text, 'VmSwap', sizes.swapped);
}

function writeStatus(text: ProcText, pid: u32): i32 {
  const process = zeroed<Inline<Snapshot>>();
  const sizes = zeroed<Inline<Sizes>>();
  if (!takeSnapshot(pid, process)) return -ESRCH;
  takeSizes(pid, sizes);
  text.print('Name:\t%s\n', process.name);
  text.print('Umask:\t0%u%u%u\n', (process.umask >>> 6) & 7, (process.umask >>> 3) & 7, process.umask & 7);
  text.print('State:\t%s\n', stateName(process.state));
  text.print('Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\n', process.pid, process.tid, process.parent);
  text.print('TracerPid:\t%u\n', process.tracer);
  printIds(text, 'Uid', process.uids);
  printIds(text, 'Gid', process.gids);
  if (sizes.total > 0) {
    printSizes(text, sizes);
  }
  text.print('Threads:\t%u\n', process.threads);
  printSet(text, 'SigPnd', process.pending);
  printSet(text, 'ShdPnd', process.sharedPending);
  printSet(text, 'SigBlk', process.blocked);
  printSet(text, 'SigIgn', process.ignored);
  printSet(text, 'SigCgt', process.caught);
  text.print('Cpus_allowed:\t%x\n', process.affinity);
  text.print('voluntary_ctxt_switches:\t%u\n', process.voluntary);
  text.print('nonvoluntary_ctxt_switches:\t%u\n', process.involuntary);
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// What lies in the process's memory.

/** Copies [start, end) of an address space. */
function appendMemory(text: ProcText, mm: Mm, start: u32, end: u32): i32 {
  if (end <= start) return 0;
  const size = end - start < PAGE_SIZE * 32 ? end - start : PAGE_SIZE * 32;
  const buffer = kmalloc(size);
  if (buffer === null) return -ENOMEM;
  text.append(buffer, accessProcessVm(mm, start, buffer, size, 0));
  kfree(buffer);
  return 0;
}

/** Empty for kernel threads and zombies. */
function writeCmdline(text: ProcText, pid: u32): i32 {
  const mm = mmOf(pid);
  if (mm === null) return 0;
  const error = appendMemory(text, mm, mm.argStart, mm.argEnd);
  mmput(mm);
  return error;
}

function writeEnviron(text: ProcText, pid: u32): i32 {
  const mm = mmOf(pid);
  if (mm === null) return 0;
  const error = appendMemory(text, mm, mm.envStart, mm.envEnd);
  mmput(mm);
  return error;
}

function writeMaps(text: ProcText, pid: u32): i32 {
  const mm = mmOf(pid);
  if (mm === null) return 0;
  const path = kmalloc(PATH_MAX);
  if (path !== null) {
    printRegions(text, mm, path);
    kfree(path);
  }
  mmput(mm);
  return path === null ? -ENOMEM : 0;
}

function printRegions(text: ProcText, mm: Mm, path: Ptr<u8>): void {
  using _mmap = mm.mmapSem.lock();
  for (let region = mm.mmap; region !== null; region = region.vmNext) printRegion(text, mm, region, path);
}

function printRegion(text: ProcText, mm: Mm, region: Vma, path: Ptr<u8>): void {
  const flags = region.vmFlags;
  text.print('%08x-%08x ', region.vmStart, region.vmEnd);
  text.print('%c%c', (flags & VM_READ) !== 0 ? 0x72 : 0x2d, (flags & VM_WRITE) !== 0 ? 0x77 : 0x2d);
  text.print('%c%c ', (flags & VM_EXEC) !== 0 ? 0x78 : 0x2d, (flags & VM_SHARED) !== 0 ? 0x73 : 0x70);
  const file = region.vmFile;
  if (file !== null) {
    const device = file.inode.superBlock.device;
    text.print('%08x %02x:%02x %u', region.vmOffset * PAGE_SIZE, majorOf(device), minorOf(device), file.inode.number);
    const length = tellPath(file.dentry, path, PATH_MAX - 1);
    if (length > 0) {
      path[length] = 0;
      text.print('        %s', path);
    }
  } else {
    text.print('00000000 00:00 0');
    if ((flags & VM_GROWSDOWN) !== 0) text.print('        [stack]');
    else if (region.vmStart < mm.brk && region.vmEnd > mm.startBrk) text.print('        [heap]');
  }
  text.print('\n');
}

// ---------------------------------------------------------------------------------------------------------------------
// Links.

function writeDirectory(text: ProcText, pid: u32, isRoot: boolean): i32 {
  const dentry: Dentry | null = directoryOf(pid, isRoot);
  if (dentry === null) return -ENOENT;
  const error = writePath(text, dentry);
  putDentry(dentry);
  return error;
}

function writePath(text: ProcText, dentry: Dentry): i32 {
  const path = kmalloc(PATH_MAX);
  if (path === null) return -ENOMEM;
  const length = tellPath(dentry, path, PATH_MAX);
  if (length > 0) text.append(path, u32(length));
  kfree(path);
  return length < 0 ? -ENAMETOOLONG : 0;
}

function writeWorkingDirectory(text: ProcText, pid: u32): i32 {
  return writeDirectory(text, pid, false);
}

function writeProgram(text: ProcText, pid: u32): i32 {
  const mm = mmOf(pid);
  if (mm === null) return -ENOENT;
  const program = mm.program;
  const error = program === null ? -ENOENT : writePath(text, program.dentry);
  mmput(mm);
  return error;
}

function writeRoot(text: ProcText, pid: u32): i32 {
  return writeDirectory(text, pid, true);
}
