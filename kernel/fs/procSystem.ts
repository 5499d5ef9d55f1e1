/*
 * The files of /proc that tell about the system as a whole.
 *
 * @source proc(5)
 */

import { HZ, monotonicNs, realtimeNs } from '../arch/x86/clock.ts';
import { current } from '../arch/x86/cpu.ts';
import { blockDeviceAt, blockDeviceCount } from '../block/blockDevice.ts';
import { getCommandLine } from '../lib/cmdline.ts';
import { hi, lo } from '../lib/format.ts';
import { loadAverage } from '../proc/loadAverage.ts';
import { contextSwitches, runnableTasks } from '../proc/scheduler.ts';
import { latestPid, lockTasks, numberOfForks, numberOfTasks } from '../proc/taskList.ts';
import { RELEASE, VERSION } from '../proc/sysSystem.ts';
import { majorOf, minorOf } from './device.ts';
import { LOCK_CHECKER, lockClassAt, lockClassCount } from '../sync/lockClass.ts';
import { fileSystemCount, fileSystemName } from './mount.ts';
import { fileMax, openFileCount, setFileMax } from './file.ts';
import { idleTicks, printCpuTimes, writeCpuinfo, writeInterrupts } from './procCpus.ts';
import { type ProcDirectory } from './procEntry.ts';
import { addIpcEntries } from './procIpc.ts';
import { addMemoryEntries } from './procMemory.ts';
import { type ProcText } from './procText.ts';

const SECOND: u64 = 1000000000n;
/** Nanoseconds in a hundredth of a second. */
const CENTISECOND: u64 = 10000000n;

const sys = zeroed<Inline<ProcDirectory>>();
const sysKernel = zeroed<Inline<ProcDirectory>>();
const sysFs = zeroed<Inline<ProcDirectory>>();

/** Fills the list of /proc itself. */
export function addSystemEntries(root: ProcDirectory): void {
  root.addFile('cmdline', 0o444, writeCmdline);
  root.addFile('cpuinfo', 0o444, writeCpuinfo);
  root.addFile('filesystems', 0o444, writeFilesystems);
  root.addFile('interrupts', 0o444, writeInterrupts);
  root.addFile('loadavg', 0o444, writeLoadavg);
  if (LOCK_CHECKER) root.addFile('lock_stat', 0o400, writeLockStat);
  root.addLink('mounts', writeMountsLink);
  root.addLink('self', writeSelf);
  root.addFile('partitions', 0o444, writePartitions);
  root.addFile('stat', 0o444, writeStat);
  root.addDirectory('sys', sys);
  root.addLink('thread-self', writeThreadSelf);
  root.addFile('uptime', 0o444, writeUptime);
  root.addFile('version', 0o444, writeVersion);
  sys.addDirectory('fs', sysFs);
  sys.addDirectory('kernel', sysKernel);
  sysFs.addSetting('file-max', writeFileMax, changeFileMax);
  sysFs.addFile('file-nr', 0o444, writeFileNumber);
  sysFs.addFile('pipe-max-size', 0o444, writePipeMaxSize);
  sysKernel.addFile('osrelease', 0o444, writeRelease);
  sysKernel.addFile('ostype', 0o444, writeOstype);
  sysKernel.addFile('pid_max', 0o444, writePidMax);
  sysKernel.addFile('version', 0o444, writeOnlyVersion);
  addMemoryEntries(root, sys);
  addIpcEntries(root);
}

function writeCmdline(text: ProcText, _pid: u32): i32 {
  text.print('%s\n', getCommandLine());
  return 0;
}

function writeVersion(text: ProcText, _pid: u32): i32 {
  text.print('Linux version %s %s\n', RELEASE, VERSION);
  return 0;
}

function writeRelease(text: ProcText, _pid: u32): i32 {
  text.print('%s\n', RELEASE);
  return 0;
}

function writeOnlyVersion(text: ProcText, _pid: u32): i32 {
  text.print('%s\n', VERSION);
  return 0;
}

function writeOstype(text: ProcText, _pid: u32): i32 {
  text.print('Linux\n');
  return 0;
}

function writePidMax(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', 32768);
  return 0;
}

function writePipeMaxSize(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', 0x100000);
  return 0;
}

function writeFileNumber(text: ProcText, _pid: u32): i32 {
  text.print('%u\t0\t%u\n', openFileCount(), fileMax());
  return 0;
}

function writeFileMax(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', fileMax());
  return 0;
}

function changeFileMax(files: u32): i32 {
  setFileMax(files);
  return 0;
}

/**
 * By class of lock: how often it was taken, how often that meant waiting, for how many turns of a spin loop or sleeps, and
 * the longest that it was held, in cycles (0 without `lock-hold-limit=` on the command line).
 */
function writeLockStat(text: ProcText, _pid: u32): i32 {
  text.print('lock_stat version 0.4\n');
  text.print('%24s %14s %14s %14s %14s\n', 'class name', 'contentions', 'waits', 'acquisitions', 'holdtime-max');
  for (let i: u32 = 0; i < lockClassCount(); i++) {
    const lockClass = lockClassAt(i);
    if (lockClass.level === 0) text.print('%24s', lockClass.name);
    else text.print('%22s/%u', lockClass.name, lockClass.level);
    text.print(': %13u %14u', lockClass.contended, lockClass.waits);
    text.print(' %14u %14u\n', lockClass.acquisitions, lockClass.longestHold);
  }
  return 0;
}

function writeSelf(text: ProcText, _pid: u32): i32 {
  text.print('%u', current().process.pid);
  return 0;
}

function writeThreadSelf(text: ProcText, _pid: u32): i32 {
  text.print('%u/task/%u', current().process.pid, current().pid);
  return 0;
}

function writeMountsLink(text: ProcText, _pid: u32): i32 {
  text.print('self/mounts');
  return 0;
}

/** File systems on no device, which are all that there are. */
function writeFilesystems(text: ProcText, _pid: u32): i32 {
  for (let i: u32 = 0; i < fileSystemCount(); i++) text.print('nodev\t%s\n', fileSystemName(i));
  return 0;
}

/** Sizes in KiB, disks before their partitions. */
function writePartitions(text: ProcText, _pid: u32): i32 {
  text.print('major minor  #blocks  name\n\n');
  for (let i: u32 = 0; i < blockDeviceCount(); i++) {
    const device = blockDeviceAt(i);
    const number = device.device;
    text.print('%4u  %7u %10u %s\n', majorOf(number), minorOf(number), device.sectors >>> 1, u32(device.name));
  }
  return 0;
}

function printSeconds(text: ProcText, hundredths: u64): void {
  const seconds = u32(hundredths / 100n);
  text.print('%u.%02u', seconds, u32(hundredths - u64(seconds) * 100n));
}

function writeUptime(text: ProcText, _pid: u32): i32 {
  printSeconds(text, monotonicNs() / CENTISECOND);
  text.print(' ');
  printSeconds(text, u64(idleTicks()) * u64(100 / HZ));
  text.print('\n');
  return 0;
}

function printLoad(text: ProcText, which: u32): void {
  const load = loadAverage(which) + 65536 / 200; // rounded to hundredths
  text.print('%u.%02u ', load >>> 16, ((load & 0xffff) * 100) >>> 16);
}

function writeLoadavg(text: ProcText, _pid: u32): i32 {
  for (let i: u32 = 0; i < 3; i++) printLoad(text, i);
  using held = lockTasks();
  text.print('%u/%u %u\n', runnableTasks(), numberOfTasks(held), latestPid(held));
  return 0;
}

function writeStat(text: ProcText, _pid: u32): i32 {
  printCpuTimes(text);
  const switches = contextSwitches();
  text.print('ctxt %lu\n', lo(switches), hi(switches));
  text.print('btime %u\n', u32((realtimeNs() - monotonicNs()) / SECOND));
  text.print('processes %u\n', forks());
  text.print('procs_running %u\nprocs_blocked 0\n', runnableTasks());
  return 0;
}

function forks(): u32 {
  using held = lockTasks();
  return numberOfForks(held);
}
