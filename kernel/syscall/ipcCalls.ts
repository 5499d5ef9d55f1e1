/*
 * The system calls of System V IPC, by number. What each does is said where it is.
 */

import { SYS_ipc, SYS_shmat, SYS_shmctl, SYS_shmdt, SYS_shmget } from '../abi/syscallNumbers.ts';
import { sysIpc, sysShmat, sysShmctl, sysShmdt, sysShmget } from '../ipc/sysShm.ts';
import { setSystemCall } from './dispatch.ts';

/** Makes them known. */
export function installIpcCalls(): void {
  setSystemCall(SYS_ipc, sysIpc);
  setSystemCall(SYS_shmget, sysShmget);
  setSystemCall(SYS_shmat, sysShmat);
  setSystemCall(SYS_shmdt, sysShmdt);
  setSystemCall(SYS_shmctl, sysShmctl);
}
