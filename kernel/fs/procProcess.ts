/*
 * The files of /proc/PID, and of the threads below it.
 *
 * Locking. A record of the process is filled under (T) and printed without it.
 *
 * @source proc(5)
 */

import { ENAMETOOLONG, ENOENT, ENOMEM, ESRCH } from '../abi/errno.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { hi, lo } from '../lib/format.ts';
import { accessProcessVm } from '../mm/accessVm.ts';
import { mmput } from '../mm/mm.ts';
import { type Mm } from '../mm/types.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Dentry, putDentry } from './dentry.ts';
import { type ProcDirectory } from './procEntry.ts';
import { describeMounts } from './procMounts.ts';
import { directoryOf, mayLookInto, mmOf, tellPath } from './procLookup.ts';
import { addRegionEntries } from './procRegions.ts';
import { type Sizes, type Snapshot, takeSizes, takeSnapshot } from './procSnapshot.ts';
import { writeStatus } from './procStatus.ts';
import { type ProcText } from './procText.ts';

/** Among the flags of stat: it is a kernel thread. */
const PF_KTHREAD: u32 = 0x200000;

/**
 * Fills the list of /proc/PID, or of /proc/PID/task/TID, which is the same for one thread. `descriptors` is the directory
 * of descriptors, which has no entries but those.
 */
export function addProcessEntries(directory: ProcDirectory, descriptors: ProcDirectory): void {
  directory.addFile('cmdline', 0o444, writeCmdline);
  directory.addFile('comm', 0o444, writeComm);
  directory.addLink('cwd', writeWorkingDirectory);
  directory.addPrivate('environ', 0o400, writeEnviron);
  directory.addLink('exe', writeProgram);
  directory.addDirectory('fd', descriptors);
  directory.addMemory('mem');
  directory.addFile('mounts', 0o444, describeMounts);
  directory.addLink('root', writeRoot);
  directory.addFile('stat', 0o444, writeStat);
  directory.addFile('statm', 0o444, writeStatm);
  directory.addFile('status', 0o444, writeStatus);
  addRegionEntries(directory);
}

function writeComm(text: ProcText, pid: u32): i32 {
  const process = zeroed<Inline<Snapshot>>();
  if (!takeSnapshot(pid, process)) return -ESRCH;
  text.print('%s\n', process.name);
  return 0;
}

/** As stat tells it: 0 to 39 for ordinary tasks, by their nice values; for real time, the negated priority minus one. */
function priorityOf(process: Snapshot): i32 {
  return process.realtimePriority === 0 ? 20 + process.nice : -1 - i32(process.realtimePriority);
}

/** The 52 fields of proc(5). What has no meaning here is 0. */
function writeStat(text: ProcText, pid: u32): i32 {
  const process = zeroed<Inline<Snapshot>>();
  const sizes = zeroed<Inline<Sizes>>();
  if (!takeSnapshot(pid, process)) return -ESRCH;
  takeSizes(pid, sizes);
  text.print('%u (%s) %c %u', process.tid, process.name, process.state, process.parent);
  text.print(' %u %u %u %d', process.pgrp, process.session, process.ttyDevice, process.ttyGroup);
  text.print(' %u %u %u', process.isKernelThread ? PF_KTHREAD : 0, process.minorFaults, process.childrenMinorFaults);
  text.print(' %u %u %u %u', process.majorFaults, process.childrenMajorFaults, process.utime, process.stime);
  text.print(' %u %u %d %d', process.childrenUtime, process.childrenStime, priorityOf(process), process.nice);
  text.print(' %u 0 %lu', process.threads, lo(process.startTicks), hi(process.startTicks));
  text.print(' %u %u %u', sizes.total * PAGE_SIZE, sizes.resident, process.rssLimit);
  const places = zeroed<Inline<Places>>();
  takePlaces(pid, places);
  text.print(' %u %u %u', places.startCode, places.endCode, places.startStack);
  text.print(' 0 0 %u %u', u32(process.pending) & 0x7fffffff, u32(process.blocked) & 0x7fffffff);
  text.print(' %u %u', u32(process.ignored) & 0x7fffffff, u32(process.caught) & 0x7fffffff);
  text.print(' 0 0 0 %d %u', process.exitSignal, process.cpu);
  text.print(' %u %u 0 0 0', process.realtimePriority, process.policy);
  text.print(' %u %u %u', places.startData, places.endData, places.startBrk);
  text.print(' %u %u %u %u', places.argStart, places.argEnd, places.envStart, places.envEnd);
  text.print(' %u\n', mayLookInto(pid) === 0 ? process.exitCode : 0);
  return 0;
}

/** Where things are in an address space. */
class Places {
  startCode: u32;
  endCode: u32;
  startStack: u32;
  startData: u32;
  endData: u32;
  startBrk: u32;
  argStart: u32;
  argEnd: u32;
  envStart: u32;
  envEnd: u32;
}

/** All zeroes for who has none; next to nothing for who may not know. */
function takePlaces(pid: u32, places: Places): void {
  const mm = mmOf(pid);
  if (mm === null) return;
  if (mayLookInto(pid) !== 0) {
    places.startCode = 1;
    places.endCode = 1;
    mmput(mm);
    return;
  }
  places.startCode = mm.startCode;
  places.endCode = mm.endCode;
  places.startStack = mm.startStack;
  places.startData = mm.startData;
  places.endData = mm.endData;
  places.startBrk = mm.startBrk;
  places.argStart = mm.argStart;
  places.argEnd = mm.argEnd;
  places.envStart = mm.envStart;
  places.envEnd = mm.envEnd;
  mmput(mm);
}

function writeStatm(text: ProcText, pid: u32): i32 {
  const sizes = zeroed<Inline<Sizes>>();
  takeSizes(pid, sizes);
  text.print('%u %u %u %u', sizes.total, sizes.resident, sizes.file, sizes.code);
  text.print(' 0 %u 0\n', sizes.data + sizes.stack);
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
