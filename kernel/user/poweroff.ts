/*
 * poweroff: switches the machine off.
 */

import { LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2 } from '../abi/reboot.ts';
import { SYS_reboot } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(): i32 {
  const error = int80(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0, 0, 0);
  return complain('poweroff', bytes('the machine'), error);
}
