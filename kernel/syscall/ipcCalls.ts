/*
 * The system calls of System V IPC, by number. What each does is said where it is.
 */

import {
  SYS_ipc,
  SYS_msgctl,
  SYS_msgget,
  SYS_msgrcv,
  SYS_msgsnd,
  SYS_semctl,
  SYS_semget,
  SYS_semtimedop_time64,
  SYS_shmat,
  SYS_shmctl,
  SYS_shmdt,
  SYS_shmget,
} from '../abi/syscallNumbers.ts';
import { sysIpc } from '../ipc/sysIpc.ts';
import { sysMsgctl, sysMsgget, sysMsgrcv, sysMsgsnd } from '../ipc/sysMsg.ts';
import { sysSemctl, sysSemget, sysSemtimedopTime64 } from '../ipc/sysSem.ts';
import { sysShmat, sysShmctl, sysShmdt, sysShmget } from '../ipc/sysShm.ts';
import { setSystemCall } from './dispatch.ts';

/** Makes them known. */
export function installIpcCalls(): void {
  setSystemCall(SYS_ipc, sysIpc);
  setSystemCall(SYS_msgctl, sysMsgctl);
  setSystemCall(SYS_msgget, sysMsgget);
  setSystemCall(SYS_msgrcv, sysMsgrcv);
  setSystemCall(SYS_msgsnd, sysMsgsnd);
  setSystemCall(SYS_semctl, sysSemctl);
  setSystemCall(SYS_semget, sysSemget);
  setSystemCall(SYS_semtimedop_time64, sysSemtimedopTime64);
  setSystemCall(SYS_shmat, sysShmat);
  setSystemCall(SYS_shmctl, sysShmctl);
  setSystemCall(SYS_shmdt, sysShmdt);
  setSystemCall(SYS_shmget, sysShmget);
}
