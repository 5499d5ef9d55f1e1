/*
 * /proc/PID/status: a process in words, one line for each thing.
 *
 * Locking. Records are filled under (T), the task list's lock, and printed without it.
 *
 * @source proc(5)
 */

import { ESRCH } from '../abi/errno.ts';
import { CAP_LAST_CAP } from '../abi/capability.ts';
import { cpuMask } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { hi, lo } from '../lib/format.ts';
import { type SignalSet } from '../proc/signalState.ts';
import { descriptorRoom } from './procLookup.ts';
import { type Sizes, type Snapshot, takeSizes, takeSnapshot } from './procSnapshot.ts';
import { type ProcText } from './procText.ts';

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
  // All files are in memory alone, and go to swap: Linux counts the pages of such with shared memory.
  printSize(text, 'RssFile', 0);
  printSize(text, 'RssShmem', sizes.file);
  printSize(text, 'VmData', sizes.data);
  printSize(text, 'VmStk', sizes.stack);
  printSize(text, 'VmExe', sizes.code);
  printSize(text, 'VmLib', sizes.library);
  printSize(text, 'VmPTE', sizes.tables);
  printSize(text, 'VmSwap', sizes.swapped);
  text.print('CoreDumping:\t0\nTHP_enabled:\t0\n');
}

function printGroups(text: ProcText, process: Snapshot): void {
  text.print('Groups:\t');
  for (let i: u32 = 0; i < process.groupCount; i++) text.print('%u ', process.groups[i]);
  text.print('%s\n', process.groupCount === 0 ? ' ' : '');
}

/** A superuser has all of them; nobody else has any. */
function printCapabilities(text: ProcText, process: Snapshot): void {
  const all: SignalSet = (u64(1) << u64(CAP_LAST_CAP + 1)) - 1n;
  const isPermitted = process.uids[0] === 0 || process.uids[1] === 0 || process.uids[2] === 0;
  printSet(text, 'CapInh', 0n);
  printSet(text, 'CapPrm', isPermitted ? all : 0n);
  printSet(text, 'CapEff', process.uids[1] === 0 ? all : 0n);
  printSet(text, 'CapBnd', all);
  printSet(text, 'CapAmb', 0n);
  text.print('NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n', process.noNewPrivileges ? 1 : 0);
}

/** The CPUs of a set as ranges: 0-2,5. */
function printCpuList(text: ProcText, set: u32): void {
  text.print('Cpus_allowed:\t%x\nCpus_allowed_list:\t', set);
  let isFirst = true;
  for (let cpu: u32 = 0; cpu < 32; cpu++) {
    if (((set >>> cpu) & 1) === 0) continue;
    let last = cpu;
    while (last < 31 && ((set >>> (last + 1)) & 1) !== 0) last++;
    text.print(isFirst ? '%u' : ',%u', cpu);
    if (last > cpu) text.print('-%u', last);
    isFirst = false;
    cpu = last;
  }
  text.print('\nMems_allowed:\t1\nMems_allowed_list:\t0\n');
}

/** ProcEntry.write of status. */
export function writeStatus(text: ProcText, pid: u32): i32 {
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
  text.print('FDSize:\t%u\n', descriptorRoom(pid));
  printGroups(text, process);
  text.print('NStgid:\t%u\nNSpid:\t%u\n', process.pid, process.tid);
  text.print('NSpgid:\t%u\nNSsid:\t%u\nKthread:\t%u\n', process.pgrp, process.session, process.isKernelThread ? 1 : 0);
  if (sizes.total > 0) printSizes(text, sizes);
  text.print('Threads:\t%u\n', process.threads);
  text.print('SigQ:\t%u/%u\n', process.queued, process.queueLimit);
  printSet(text, 'SigPnd', process.pending);
  printSet(text, 'ShdPnd', process.sharedPending);
  printSet(text, 'SigBlk', process.blocked);
  printSet(text, 'SigIgn', process.ignored);
  printSet(text, 'SigCgt', process.caught);
  printCapabilities(text, process);
  printCpuList(text, process.affinity & cpuMask());
  text.print('voluntary_ctxt_switches:\t%u\n', process.voluntary);
  text.print('nonvoluntary_ctxt_switches:\t%u\n', process.involuntary);
  return 0;
}
