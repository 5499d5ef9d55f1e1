/*
 * The files of /proc that tell about memory as a whole: meminfo, vmstat, and what can be set in sys/vm.
 *
 * @source proc(5)
 */

import { EINVAL } from '../abi/errno.ts';
import { freePageCount, totalPageCount } from '../mm/buddy.ts';
import { kernelStackPages } from '../mm/kernelStack.ts';
import { maxMapCount, setMaxMapCount } from '../mm/limits.ts';
import {
  commitLimit,
  committedPages,
  OVERCOMMIT_NEVER,
  overcommitPolicy,
  overcommitRatio,
  setOvercommitPolicy,
  setOvercommitRatio,
} from '../mm/overcommit.ts';
import { directSteal, kswapdSteal } from '../mm/reclaim.ts';
import { cacheAt, slabPageCount } from '../mm/slab.ts';
import { freeSwapSlots, MAX_SWAP_AREAS, SWAP_USED, swapArea, totalSwapSlots } from '../mm/swapArea.ts';
import { swapCachePages } from '../mm/swapCache.ts';
import { pagesUnderWay, swappedIn, swappedOut } from '../mm/swapIo.ts';
import { MMAP_MIN_ADDR } from '../mm/unmappedArea.ts';
import { vmallocPages, vmallocRoom } from '../mm/vmalloc.ts';
import { vmCounters } from '../mm/vmCounters.ts';
import { type ProcDirectory } from './procEntry.ts';
import { type ProcText } from './procText.ts';

const KIB_PER_PAGE: u32 = 4;

const sysVm = zeroed<Inline<ProcDirectory>>();

/** Fills in what belongs to /proc and to /proc/sys. */
export function addMemoryEntries(root: ProcDirectory, sys: ProcDirectory): void {
  root.addFile('meminfo', 0o444, writeMeminfo);
  root.addFile('slabinfo', 0o400, writeSlabinfo);
  root.addFile('swaps', 0o444, writeSwaps);
  root.addFile('vmstat', 0o444, writeVmstat);
  sys.addDirectory('vm', sysVm);
  sysVm.addSetting('max_map_count', writeMaxMapCount, changeMaxMapCount);
  sysVm.addFile('mmap_min_addr', 0o444, writeMinAddr);
  sysVm.addSetting('overcommit_memory', writePolicy, changePolicy);
  sysVm.addSetting('overcommit_ratio', writeRatio, changeRatio);
}

function printKib(text: ProcText, label: string, pages: u32): void {
  text.print('%-16s%8u kB\n', label, pages * KIB_PER_PAGE);
}

function writeMeminfo(text: ProcText, _pid: u32): i32 {
  const free = freePageCount();
  const counters = vmCounters();
  const cached = counters.filePages;
  const slab = slabPageCount();
  printKib(text, 'MemTotal:', totalPageCount());
  printKib(text, 'MemFree:', free);
  printKib(text, 'MemAvailable:', free + counters.devicePages);
  printKib(text, 'Buffers:', counters.devicePages);
  printKib(text, 'Cached:', cached);
  printKib(text, 'SwapCached:', swapCachePages());
  printKib(text, 'Active:', counters.anonPages + cached);
  printKib(text, 'Inactive:', counters.devicePages);
  printKib(text, 'SwapTotal:', totalSwapSlots());
  printKib(text, 'SwapFree:', freeSwapSlots());
  printKib(text, 'Dirty:', 0);
  printKib(text, 'Writeback:', pagesUnderWay());
  printKib(text, 'AnonPages:', counters.anonPages);
  printKib(text, 'Mapped:', counters.mappedPages);
  printKib(text, 'Shmem:', cached);
  printKib(text, 'Slab:', slab);
  printKib(text, 'SReclaimable:', 0);
  printKib(text, 'SUnreclaim:', slab);
  printKib(text, 'KernelStack:', kernelStackPages());
  printKib(text, 'PageTables:', counters.tablePages);
  printKib(text, 'CommitLimit:', commitLimit());
  printKib(text, 'Committed_AS:', committedPages());
  printKib(text, 'VmallocTotal:', vmallocRoom());
  printKib(text, 'VmallocUsed:', vmallocPages());
  printKib(text, 'VmallocChunk:', 0);
  return 0;
}

function writeSlabinfo(text: ProcText, _pid: u32): i32 {
  text.print('slabinfo - version: 2.1\n');
  text.print('# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n');
  for (let i: u32 = 0; ; i++) {
    const cache = cacheAt(i);
    if (cache === null) return 0;
    text.print('%-17s %6u %6u', cache.name, cache.objects, cache.slabs * cache.perSlab);
    text.print(' %6u %4u    1\n', cache.objectSize, cache.perSlab);
  }
}

function writeVmstat(text: ProcText, _pid: u32): i32 {
  const counters = vmCounters();
  text.print('nr_free_pages %u\n', freePageCount());
  text.print('nr_anon_pages %u\nnr_mapped %u\n', counters.anonPages, counters.mappedPages);
  text.print('nr_file_pages %u\nnr_shmem %u\n', counters.filePages + counters.devicePages, counters.filePages);
  text.print('nr_dirty 0\nnr_writeback %u\n', pagesUnderWay());
  text.print('nr_page_table_pages %u\n', counters.tablePages);
  text.print('nr_kernel_stack %u\n', kernelStackPages() * KIB_PER_PAGE);
  text.print('nr_slab_unreclaimable %u\n', slabPageCount());
  text.print('pswpin %u\npswpout %u\n', swappedIn(), swappedOut());
  text.print('pgfault %u\npgmajfault %u\n', counters.faults, counters.majorFaults);
  text.print('pgsteal_kswapd %u\npgsteal_direct %u\n', kswapdSteal(), directSteal());
  return 0;
}

/** The swap areas: sizes in KiB, the header's page not counted. */
function writeSwaps(text: ProcText, _pid: u32): i32 {
  text.print('Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n');
  for (let i: u32 = 0; i < MAX_SWAP_AREAS; i++) {
    const area = swapArea(i);
    if ((area.flags & SWAP_USED) === 0) continue;
    text.print('/dev/%-34s partition\t', u32(area.device.name));
    text.print('%u\t\t%u\t\t%d\n', area.usable * KIB_PER_PAGE, area.inUse * KIB_PER_PAGE, area.priority);
  }
  return 0;
}

function writeMaxMapCount(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', maxMapCount());
  return 0;
}

function changeMaxMapCount(value: u32): i32 {
  setMaxMapCount(value);
  return 0;
}

function writeMinAddr(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', MMAP_MIN_ADDR);
  return 0;
}

function writePolicy(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', overcommitPolicy());
  return 0;
}

function changePolicy(value: u32): i32 {
  if (value > OVERCOMMIT_NEVER) return -EINVAL;
  setOvercommitPolicy(value);
  return 0;
}

function writeRatio(text: ProcText, _pid: u32): i32 {
  text.print('%u\n', overcommitRatio());
  return 0;
}

function changeRatio(value: u32): i32 {
  setOvercommitRatio(value);
  return 0;
}
