/*
 * Disks, and the unit of work they are given.
 *
 * Idea. A `Bio` says: move these sectors between the disk and this piece of memory, and call me when it is done. Its
 * memory lies within one page, so it is contiguous for the controller as well. A Bio belongs to whoever makes it, mostly
 * in a stack frame or inside a larger record; submitting one never allocates and so never fails for lack of memory,
 * which is what lets the kernel write pages out when memory is what it lacks.
 *
 * Bios wait in the disk's RequestQueue (requestQueue.ts), in the order in which the head of the disk is to visit them.
 *
 * Locking. One letter per lock:
 *   (Q) RequestQueue.lock, interrupts off
 *   (O) belongs to the owner until submitBio and after `complete`, to the queue in between
 *   (C) constant once the disk is registered
 */

import { type PhysAddr } from '../arch/x86/layout.ts';
import { type ListHead } from '../lib/list.ts';
import { type RequestQueue } from './requestQueue.ts';

/** Bytes of a sector: of every disk here, and the unit of all sector numbers and counts. */
export const SECTOR_SIZE: u32 = 512;
export const SECTOR_SHIFT: u32 = 9;
/** Sectors in a page. */
export const PAGE_SECTORS: u32 = 8;

/** What a Bio does. */
export const enum BioKind {
  Read,
  Write,
  /** Puts on the medium what the disk has accepted before. Carries no data. */
  Flush,
}

export class Bio {
  link: Inline<ListHead>; // (Q)
  disk: Disk; // (O)
  kind: u32; // (O) BioKind
  sector: u32; // (O) first, of the whole disk
  count: u32; // (O) sectors, 1 to PAGE_SECTORS; 0 for Flush
  memory: PhysAddr; // (O) 2-byte aligned, within one page
  error: i32; // (O) when complete: 0 or -EIO
  /** Called once, when the data have moved or cannot be; in an interrupt, no lock held. The Bio is the owner's again. */
  complete: (bio: Bio) => void; // (O)
  data: u32; // (O) the owner's own
}

/** A whole disk. */
export class Disk {
  name: string; // (C) hda, ...
  device: u32; // (C) number of the block device that is all of it; its partitions follow
  unit: u32; // (C) which disk of its queue
  sectors: u32; // (C)
  isReadOnly: boolean; // (C)
  queue: RequestQueue; // (C)
}
