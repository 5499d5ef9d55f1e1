import { type ListHead } from '../lib/list.ts';
import { type Spinlock } from '../sync/spinlock.ts';
/*
 * The records of an address space.
 */
export class MmLock {
  declare readonly lock: 'mm';
}
export const VM_READ: u32 = 0x1;
export const VM_WRITE: u32 = 0x2;
export const VM_EXEC: u32 = 0x4;
export const VM_SHARED: u32 = 0x8;
export const VM_GROWSDOWN: u32 = 0x100;

export class Vma {
  mm: Mm;
  start: u32;
  end: u32;
  flags: u32;
  link: Inline<ListHead>;
}

export class Mm {
  /** Tasks that use it. The last one to go takes the memory along. */
  users: Volatile<u32>;
  /** References to the record: 1 for all users together, 1 for each kernel thread that borrows it. */
  count: Volatile<u32>;
  lock: Inline<Spinlock<MmLock>>;
  pageDirectory: u32; // physical
  regions: Inline<ListHead>;
  regionCount: u32;
  startCode: u32;
  endCode: u32;
  startData: u32;
  endData: u32;
  startBrk: u32;
  brk: u32;
  startStack: u32;
  argStart: u32;
  argEnd: u32;
  envStart: u32;
  envEnd: u32;
  rss: u32; // pages
  totalVm: u32; // pages
}
