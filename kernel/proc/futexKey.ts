/*
 * Which futex an address means.
 *
 * Two addresses are the same futex if they are the same word of memory. For threads of one program that is easy: same
 * address space, same address. What processes share they may see at different addresses; there the word is known by the
 * object that is mapped and the place in it. Pages come and go, so they do not count.
 *
 *   private (or shared, but in memory that is not)   address space, address
 *   shared file, or one that is only read            inode, page of the file, place in the page
 *   shared anonymous memory, SysV segments           the memory object, page, place in the page
 *
 * A waiter does not keep the object that it waits at: it can be unmapped and freed meanwhile, and another one come to lie
 * at the same address. So inodes and memory objects are known by a number that is given out once, when a futex is first
 * used in them.
 *
 * Locking. (M), the mmapSem, while a region is looked up.
 */

import { EFAULT } from '../abi/errno.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { sharedMemoryOf } from '../mm/sharedMemory.ts';
import { type Mm, type MmapSem, VM_ACCESS, VM_SHARED, VM_WRITE, type Vma } from '../mm/types.ts';
import { findVma } from '../mm/vma.ts';

const KIND_PRIVATE: u32 = 0;
/** Not announced as private, though the memory is: Linux keeps the two apart. */
const KIND_MM: u32 = 1;
const KIND_INODE: u32 = 2;
const KIND_OBJECT: u32 = 3;

export class FutexKey {
  kind: u32;
  /** The address space, or the number of the inode or object. */
  owner: u32;
  /** Page of the object; 0 for an address space. */
  page: u32;
  /** The address, or the place in the page. */
  place: u32;

  equals(other: FutexKey): boolean {
    const isSameOwner = this.kind === other.kind && this.owner === other.owner;
    return isSameOwner && this.page === other.page && this.place === other.place;
  }

  /** Spreads keys over 2^32. */
  hash(): u32 {
    return (this.owner * 31 + this.page * 1031 + (this.place >>> 2) + this.kind) * 2654435761;
  }
}

let lastNumber: u32 = 0; // atomic

/** The number of an object, which is in its own field: given out now if it has none. */
function numberOf(field: Ptr<u32>): u32 {
  if (field[0] === 0) {
    const fresh = atomic.fetchAdd(addrOf(lastNumber), 1) + 1;
    atomic.cmpxchg(field, 0, fresh); // another CPU may have been faster: then its number counts
  }
  return field[0];
}

function fillShared(key: FutexKey, mm: Mm, vma: Vma, address: u32): void {
  key.page = vma.vmOffset + ((address - vma.vmStart) >>> PAGE_SHIFT);
  key.place = address & (PAGE_SIZE - 1);
  const file = vma.vmFile;
  const object = sharedMemoryOf(vma);
  if (object !== null) {
    key.kind = KIND_OBJECT;
    key.owner = object.number;
  } else if (file !== null) {
    key.kind = KIND_INODE;
    key.owner = numberOf(addrOf(file.inode.futexNumber));
  } else {
    key.kind = KIND_MM;
    key.owner = u32(mm);
    key.page = 0;
    key.place = address;
  }
}

function lookUp(key: FutexKey, mm: Mm, address: u32, held: Held<MmapSem>): i32 {
  const vma = findVma(mm, address, held);
  if (vma === null || address < vma.vmStart || (vma.vmFlags & VM_ACCESS) === 0) return -EFAULT;
  const isWritable = (vma.vmFlags & VM_WRITE) !== 0;
  if ((vma.vmFlags & VM_SHARED) !== 0 || (!isWritable && vma.vmFile !== null)) {
    fillShared(key, mm, vma, address);
    return 0;
  }
  if (!isWritable) return -EFAULT; // nobody could ever change the word
  key.kind = KIND_MM;
  key.owner = u32(mm);
  key.page = 0;
  key.place = address;
  return 0;
}

/**
 * Finds out which futex the word at `address` (aligned, in user space) of `mm` is. 0, or -EFAULT: nothing is mapped there.
 * A private one is not looked up at all.
 *
 * @locking takes (M) unless private
 * @sleeps
 */
export function futexKey(key: FutexKey, mm: Mm, address: u32, isPrivate: boolean): i32 {
  if (isPrivate) {
    key.kind = KIND_PRIVATE;
    key.owner = u32(mm);
    key.page = 0;
    key.place = address;
    return 0;
  }
  using held = mm.mmapSem.lock();
  return lookUp(key, mm, address, held);
}
