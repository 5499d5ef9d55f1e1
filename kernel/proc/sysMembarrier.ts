/*
 * membarrier: a memory barrier on all CPUs that run threads of this program, or anything.
 *
 * A program with a fast and a slow path can leave the barrier out of the fast one, if the slow one can make others execute
 * it. They do so by taking an interrupt: that is one.
 *
 * @source membarrier(2).
 */

import { EINVAL, EPERM } from '../abi/errno.ts';
import {
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
} from '../abi/membarrier.ts';
import { memoryBarrier } from '../arch/x86/barrier.ts';
import { cpuMask, current } from '../arch/x86/cpu.ts';
import { smpCallFunction } from '../arch/x86/crossCall.ts';

/** What QUERY answers. */
const COMMANDS: i32 =
  MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;

function fence(_argument: u32): void {
  memoryBarrier();
}

/** membarrier(command, flags, cpu). The expedited one is for programs that have said before that they would use it. */
export function sysMembarrier(command: u32, flags: u32): i32 {
  const mm = current().mm!;
  if (flags !== 0) return -EINVAL;
  switch (command) {
    case MEMBARRIER_CMD_QUERY:
      return COMMANDS;
    case MEMBARRIER_CMD_GLOBAL:
      smpCallFunction(cpuMask(), fence, 0);
      return 0;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
      mm.usesMembarrier = true;
      return 0;
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
      if (!mm.usesMembarrier) return -EPERM;
      memoryBarrier(); // a CPU that loads the address space from here on has its barrier there
      smpCallFunction(mm.cpus, fence, 0);
      return 0;
    default:
      return -EINVAL;
  }
}
