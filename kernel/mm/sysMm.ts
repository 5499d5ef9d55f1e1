/*
 * The system calls of memory: arguments as registers bring them, results as EAX takes them.
 */

import { EBADF, EFAULT, EINVAL } from '../abi/errno.ts';
import { MAP_ANONYMOUS, MLOCK_ONFAULT } from '../abi/mman.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';
import { putFile } from '../fs/file.ts';
import { findFile } from '../fs/fileTable.ts';
import { doMadvise } from './madvise.ts';
import { doMlock, doMlockall, doMunlock, doMunlockall } from './mlock.ts';
import { doBrk, doMmap } from './mmap.ts';
import { doMprotect } from './mprotect.ts';
import { doMremap } from './mremap.ts';
import { doMincore, doMsync } from './msync.ts';
import { doMunmap } from './munmap.ts';
import { type Mm, VM_LOCKED, VM_LOCKONFAULT } from './types.ts';

/** The address space of the calling process: a system call comes from one that has one. */
function currentMm(): Mm {
  return current().mm!;
}

export function sysBrk(brk: u32): i32 {
  return i32(doBrk(currentMm(), brk));
}

export function sysMmap2(address: u32, length: u32, prot: u32, flags: u32, fd: u32, pageOffset: u32): i32 {
  if ((flags & MAP_ANONYMOUS) !== 0) return doMmap(currentMm(), address, length, prot, flags, null, 0);
  const file = findFile(current().files!, fd);
  if (file === null) return -EBADF;
  const result = doMmap(currentMm(), address, length, prot, flags, file, pageOffset);
  putFile(file);
  return result;
}

/** What old mmap's one argument points to. */
class MmapArguments {
  address: u32;
  length: u32;
  prot: u32;
  flags: u32;
  fd: u32;
  offset: u32; // in bytes
}

export function sysMmap(pointer: u32): i32 {
  const args = uninitialized<Inline<MmapArguments>>();
  if (copyFromUser(ptr<u8>(args), pointer, sizeof<MmapArguments>()) !== 0) return -EFAULT;
  if ((args.offset & (PAGE_SIZE - 1)) !== 0) return -EINVAL;
  return sysMmap2(args.address, args.length, args.prot, args.flags, args.fd, args.offset >>> PAGE_SHIFT);
}

export function sysMunmap(address: u32, length: u32): i32 {
  return doMunmap(currentMm(), address, length);
}

export function sysMprotect(address: u32, length: u32, prot: u32): i32 {
  return doMprotect(currentMm(), address, length, prot);
}

export function sysMadvise(address: u32, length: u32, advice: u32): i32 {
  return doMadvise(currentMm(), address, length, advice);
}

export function sysMsync(address: u32, length: u32, flags: u32): i32 {
  return doMsync(currentMm(), address, length, flags);
}

export function sysMremap(address: u32, oldLength: u32, newLength: u32, flags: u32, newAddress: u32): i32 {
  return doMremap(currentMm(), address, oldLength, newLength, flags, newAddress);
}

export function sysMincore(address: u32, length: u32, vector: u32): i32 {
  return doMincore(currentMm(), address, length, vector);
}

export function sysMlock(address: u32, length: u32): i32 {
  return doMlock(currentMm(), address, length, VM_LOCKED);
}

export function sysMlock2(address: u32, length: u32, flags: u32): i32 {
  if ((flags & ~MLOCK_ONFAULT) !== 0) return -EINVAL;
  return doMlock(currentMm(), address, length, flags === 0 ? VM_LOCKED : VM_LOCKED | VM_LOCKONFAULT);
}

export function sysMunlock(address: u32, length: u32): i32 {
  return doMunlock(currentMm(), address, length);
}

export function sysMlockall(flags: u32): i32 {
  return doMlockall(currentMm(), flags);
}

export function sysMunlockall(): i32 {
  return doMunlockall(currentMm());
}
