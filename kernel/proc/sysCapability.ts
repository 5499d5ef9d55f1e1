/*
 * capget: which capabilities a task has. Here there are two sorts of tasks: those of the superuser have all, others none.
 *
 * @source capget(2); capabilities(7).
 */

import { EFAULT, EINVAL, ESRCH } from '../abi/errno.ts';
import {
  CAP_LAST_CAP,
  CAPABILITY_VERSION_1,
  CAPABILITY_VERSION_2,
  CAPABILITY_VERSION_3,
  type CapabilityData,
  type CapabilityHeader,
} from '../abi/capability.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser, copyToUser, putUser32 } from '../arch/x86/userCopy.ts';
import { findTask, lockTasks } from './taskList.ts';

/** Whether the task is the superuser's: as effective user (1), and with a user id that lets it become so (2). */
function powersOf(pid: u32): i32 {
  using tasks = lockTasks();
  const task = pid === 0 ? current() : findTask(pid, tasks);
  if (task === null) return -ESRCH;
  const credentials = task.credentials;
  const isPermitted = credentials.euid === 0 || credentials.uid === 0 || credentials.suid === 0;
  return (credentials.euid === 0 ? 1 : 0) | (isPermitted ? 2 : 0);
}

/** The number of records of a version; 0: there is no such version. */
function recordCount(version: u32): u32 {
  if (version === CAPABILITY_VERSION_1) return 1;
  return version === CAPABILITY_VERSION_2 || version === CAPABILITY_VERSION_3 ? 2 : 0;
}

/** capget(header, data). For a version that it does not know, it stores the one it prefers; so do those who only ask. */
export function sysCapget(headerAddress: u32, dataAddress: u32): i32 {
  const header = zeroed<Inline<CapabilityHeader>>();
  if (copyFromUser(ptr<u8>(header), headerAddress, sizeof<CapabilityHeader>()) < 0) return -EFAULT;
  const count = recordCount(header.version);
  if (count === 0) {
    if (putUser32(headerAddress, CAPABILITY_VERSION_3) < 0) return -EFAULT;
    return dataAddress === 0 ? 0 : -EINVAL;
  }
  if (header.pid < 0) return -EINVAL;
  const powers = powersOf(u32(header.pid));
  if (powers < 0 || dataAddress === 0) return powers < 0 ? powers : 0;
  const data = zeroed<FixedArray<Inline<CapabilityData>, 2>>();
  for (let i: u32 = 0; i < count; i++) {
    const all: u32 = i === 0 ? 0xffffffff : (1 << (CAP_LAST_CAP - 31)) - 1;
    data[i].effective = (powers & 1) !== 0 ? all : 0;
    data[i].permitted = (powers & 2) !== 0 ? all : 0;
  }
  return copyToUser(dataAddress, ptr<u8>(data), count * sizeof<CapabilityData>());
}
