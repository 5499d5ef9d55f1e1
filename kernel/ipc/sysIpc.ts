/*
 * The system call ipc, through which C libraries for older kernels make all calls of System V IPC.
 *
 * @source ipc(2).
 */

import { EFAULT, EINVAL, ENOSYS } from '../abi/errno.ts';
import {
  IPC_64,
  IPC_INFO,
  IPC_SET,
  IPC_STAT,
  MSGCTL,
  MSGGET,
  MSGRCV,
  MSGSND,
  SEMCTL,
  SEMGET,
  SEMOP,
  SEMTIMEDOP,
  SHM_STAT,
  SHMAT,
  SHMCTL,
  SHMDT,
  SHMGET,
} from '../abi/ipc.ts';
import { getUser32, putUser32 } from '../arch/x86/userCopy.ts';
import { sysMsgctl, sysMsgget, sysMsgrcv, sysMsgsnd } from './sysMsg.ts';
import { sysSemctl, sysSemget, semtimedop } from './sysSem.ts';
import { sysShmat, sysShmctl, sysShmdt, sysShmget } from './sysShm.ts';

/** Has a command a record of one of two versions? That of 16-bit times is not there. */
function hasOldRecord(command: u32): boolean {
  const plain = command & ~u32(IPC_64);
  const hasRecord = plain === IPC_SET || plain === IPC_STAT || plain === SHM_STAT || plain === IPC_INFO;
  return hasRecord && (command & IPC_64) === 0;
}

function attach(version: u32, id: u32, flags: u32, result: u32, address: u32): i32 {
  if (version === 1) return -EINVAL;
  const place = sysShmat(id, address, flags);
  return place < 0 && place > -4096 ? place : putUser32(result, u32(place));
}

/** The union of semctl(2) is behind a pointer. */
function semctl(id: u32, index: u32, command: u32, pointer: u32): i32 {
  let argument: u32 = 0;
  if (pointer === 0) return -EINVAL;
  if (getUser32(pointer, addrOf(argument)) !== 0) return -EFAULT;
  return hasOldRecord(command) ? -ENOSYS : sysSemctl(id, index, command, argument);
}

/** In the first version, the address and the type are behind a pointer. */
function msgrcv(version: u32, id: u32, room: u32, flags: u32, pointer: u32, type: u32): i32 {
  if (version !== 0) return sysMsgrcv(id, pointer, room, type, flags);
  let address: u32 = 0;
  let wanted: u32 = 0;
  if (pointer === 0) return -EINVAL;
  if (getUser32(pointer, addrOf(address)) !== 0 || getUser32(pointer + 4, addrOf(wanted)) !== 0) return -EFAULT;
  return sysMsgrcv(id, address, room, wanted, flags);
}

/** ipc(call, first, second, third, pointer, fifth). The upper half of `call` is a version. */
export function sysIpc(call: u32, first: u32, second: u32, third: u32, pointer: u32, fifth: u32): i32 {
  const version = call >>> 16;
  switch (call & 0xffff) {
    case SEMOP:
      return semtimedop(first, pointer, second, 0, false);
    case SEMTIMEDOP:
      return semtimedop(first, pointer, second, fifth, false);
    case SEMGET:
      return sysSemget(first, second, third);
    case SEMCTL:
      return semctl(first, second, third, pointer);
    case MSGSND:
      return sysMsgsnd(first, pointer, second, third);
    case MSGRCV:
      return msgrcv(version, first, second, third, pointer, fifth);
    case MSGGET:
      return sysMsgget(first, second);
    case MSGCTL:
      return hasOldRecord(second) ? -ENOSYS : sysMsgctl(first, second, pointer);
    case SHMAT:
      return attach(version, first, second, third, pointer);
    case SHMDT:
      return sysShmdt(pointer);
    case SHMGET:
      return sysShmget(first, second, third);
    case SHMCTL:
      return hasOldRecord(second) ? -ENOSYS : sysShmctl(first, second & ~u32(IPC_64), pointer);
    default:
      return -ENOSYS;
  }
}
