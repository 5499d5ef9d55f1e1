/*
 * The table of system calls: which numbers have an answer. All others are ENOSYS.
 *
 * A call is added in three steps: write the function `sysName` where its subject is, with 32-bit words as parameters and
 * an i32 as result; import it into the file of its family here; put its number (abi/syscallNumbers.ts) beside it.
 */

import { installFileCalls } from './fileCalls.ts';
import { installIpcCalls } from './ipcCalls.ts';
import { installMemoryCalls } from './memoryCalls.ts';
import { installProcessCalls } from './processCalls.ts';

/** Fills the table. At boot, before the first program. */
export function installSystemCalls(): void {
  installFileCalls();
  installMemoryCalls();
  installIpcCalls();
  installProcessCalls();
}
