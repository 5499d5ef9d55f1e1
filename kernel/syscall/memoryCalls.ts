/*
 * The system calls about memory, by number. What each does is said where it is.
 */

import {
  SYS_brk,
  SYS_madvise,
  SYS_mmap,
  SYS_mmap2,
  SYS_mprotect,
  SYS_mremap,
  SYS_msync,
  SYS_munmap,
} from '../abi/syscallNumbers.ts';
import { sysBrk, sysMadvise, sysMmap, sysMmap2, sysMprotect, sysMremap, sysMsync, sysMunmap } from '../mm/sysMm.ts';
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
}
