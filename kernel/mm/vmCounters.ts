/*
 * Counts of pages and events, for /proc/meminfo and /proc/vmstat.
 *
 * Locking. All are atomic. Together they are no snapshot: each is right by itself.
 */

class VmCounters {
  anonPages: u32; // frames of programs' own memory that are in some page table
  mappedPages: u32; // frames of files and shared memory that are
  tablePages: u32; // page tables and directories of address spaces
  filePages: u32; // frames in the address spaces of files in memory, and of shared memory
  devicePages: u32; // frames in those of devices
  majorFaults: u32; // page faults for which a disk had to be read
  faults: u32; // page faults handled, since the start
}

const counters = zeroed<Inline<VmCounters>>();

/** The counters themselves. */
export function vmCounters(): VmCounters {
  return counters;
}
