/*
 * What sysinfo gives: load, memory and the number of processes.
 *
 * @source the Linux i386 ABI (linux/sysinfo.h).
 */

export class Sysinfo {
  uptime: i32;
  /** Load averages of 1, 5 and 15 minutes, scaled by 65536. */
  loads: FixedArray<u32, 3>;
  totalram: u32;
  freeram: u32;
  sharedram: u32;
  bufferram: u32;
  totalswap: u32;
  freeswap: u32;
  procs: u16;
  padding: u16;
  totalhigh: u32;
  freehigh: u32;
  /** The unit of the sizes above, in bytes. */
  mem_unit: u32;
  reserved: FixedArray<u8, 8>;
}
