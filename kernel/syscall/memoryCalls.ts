/*
 * The system calls about memory, by number. What each does is said where it is.
 */

import {
  SYS_brk,
  SYS_madvise,
  SYS_mincore,
  SYS_mlock,
  SYS_mlock2,
  SYS_mlockall,
  SYS_mmap,
  SYS_mmap2,
  SYS_mprotect,
  SYS_mremap,
  SYS_msync,
  SYS_munlock,
  SYS_munlockall,
  SYS_munmap,
  SYS_swapoff,
  SYS_swapon,
} from '../abi/syscallNumbers.ts';
import {
  sysBrk,
  sysMadvise,
  sysMincore,
  sysMlock,
  sysMlock2,
  sysMlockall,
  sysMmap,
  sysMmap2,
  sysMprotect,
  sysMremap,
  sysMsync,
  sysMunlock,
  sysMunlockall,
  sysMunmap,
} from '../mm/sysMm.ts';
import { sysSwapoff, sysSwapon } from '../mm/sysSwap.ts';
import { setSystemCall } from './dispatch.ts';

/** Makes them known. */
export function installMemoryCalls(): void {
  setSystemCall(SYS_brk, sysBrk);
  setSystemCall(SYS_mmap, sysMmap);
  setSystemCall(SYS_mmap2, sysMmap2);
  setSystemCall(SYS_munmap, sysMunmap);
  setSystemCall(SYS_mprotect, sysMprotect);
  setSystemCall(SYS_madvise, sysMadvise);
  setSystemCall(SYS_mremap, sysMremap);
  setSystemCall(SYS_msync, sysMsync);
  setSystemCall(SYS_mincore, sysMincore);
  setSystemCall(SYS_mlock, sysMlock);
  setSystemCall(SYS_mlock2, sysMlock2);
  setSystemCall(SYS_munlock, sysMunlock);
  setSystemCall(SYS_mlockall, sysMlockall);
  setSystemCall(SYS_munlockall, sysMunlockall);
  setSystemCall(SYS_swapon, sysSwapon);
  setSystemCall(SYS_swapoff, sysSwapoff);
}
