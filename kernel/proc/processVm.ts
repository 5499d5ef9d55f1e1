/*
 * process_vm_readv and process_vm_writev: copying between the caller's memory and that of another process, without
 * stopping it.
 *
 * Idea. Page by page through a buffer of the kernel's: out of one address space, into the other. What lies before the
 * first address that cannot be reached is copied, and counted.
 *
 * @source process_vm_readv(2).
 */

import { EFAULT, EINVAL, ENOMEM, EPERM, ESRCH } from '../abi/errno.ts';
import { IOV_MAX, type IoVec } from '../abi/uio.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';
import { type Transfer } from '../fs/transfer.ts';
import { ACCESS_WRITE, accessProcessVm } from '../mm/accessVm.ts';
import { mmget, mmput } from '../mm/mm.ts';
import { kfree, kmalloc } from '../mm/slab.ts';
import { type Mm } from '../mm/types.ts';
import { mayTrace } from './ptrace.ts';
import { findTask, lockTasks } from './taskList.ts';

/** What a count of bytes may be at most. */
const MAX_TOTAL: u32 = 0x7fffffff;

/** Both sides of a copy. */
class RemoteCopy {
  mm: Mm;
  local: Inline<Transfer>;
  remote: Ptr<Inline<IoVec>>;
  remoteCount: u32;
  buffer: Ptr<u8>; // a page
  write: boolean;
}

/** The address space of a task that the caller may look into, with a reference. 0, -ESRCH or -EPERM. */
function takeMm(pid: u32, result: Ptr<Mm>): i32 {
  using tasks = lockTasks();
  const task = findTask(pid, tasks);
  if (task === null) return -ESRCH;
  if (!mayTrace(task)) return -EPERM;
  const mm = task.mm;
  if (mm === null) return -ESRCH;
  mmget(mm);
  result[0] = mm;
  return 0;
}

/** Reads `count` segments to `segments`; their total length, or -EFAULT, -EINVAL. */
function readSegments(segments: Ptr<Inline<IoVec>>, address: u32, count: u32): i32 {
  if (copyFromUser(ptr<u8>(segments), address, count * sizeof<IoVec>()) < 0) return -EFAULT;
  let total: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const length = segments[i].iov_len;
    if (length > MAX_TOTAL - total) return -EINVAL;
    total += length;
  }
  return i32(total);
}

/** Copies one piece, of at most a page: how many bytes; fewer than `size` if something is in the way. */
function copyPiece(copy: RemoteCopy, address: u32, size: u32): u32 {
  if (!copy.write) {
    const found = accessProcessVm(copy.mm, address, copy.buffer, size, 0);
    return copy.local.copyOut(copy.buffer, found);
  }
  const taken = copy.local.copyIn(copy.buffer, size);
  return accessProcessVm(copy.mm, address, copy.buffer, taken, ACCESS_WRITE);
}

/** How many bytes could be copied. */
function copyAll(copy: RemoteCopy): u32 {
  let done: u32 = 0;
  for (let i: u32 = 0; i < copy.remoteCount; i++) {
    const segment: IoVec = copy.remote[i];
    let offset: u32 = 0;
    while (offset < segment.iov_len && copy.local.remaining !== 0) {
      const address = segment.iov_base + offset;
      const inPage = PAGE_SIZE - (address & (PAGE_SIZE - 1));
      let size = segment.iov_len - offset < inPage ? segment.iov_len - offset : inPage;
      if (size > copy.local.remaining) size = copy.local.remaining;
      const moved = copyPiece(copy, address, size);
      done += moved;
      offset += moved;
      if (moved < size) return done;
    }
  }
  return done;
}

/** The copy, once there is memory for `segments` (both sides') and a page. */
function copyWith(
  copy: RemoteCopy,
  pid: u32,
  segments: Ptr<Inline<IoVec>>,
  local: u32,
  localCount: u32,
  remote: u32,
): i32 {
  const total = readSegments(segments, local, localCount);
  if (total < 0) return total;
  copy.remote = segments.add(localCount);
  const wanted = readSegments(copy.remote, remote, copy.remoteCount);
  if (wanted < 0) return wanted;
  if (total === 0 || wanted === 0) return 0;
  const error = takeMm(pid, addrOf(copy.mm));
  if (error < 0) return error;
  copy.local.overSegments(segments, u32(total));
  const done = copyAll(copy);
  mmput(copy.mm);
  return done === 0 ? -EFAULT : i32(done);
}

function processVm(pid: u32, local: u32, localCount: u32, remote: u32, remoteCount: u32, write: boolean): i32 {
  if (localCount > IOV_MAX || remoteCount > IOV_MAX) return -EINVAL;
  const copy = zeroed<Inline<RemoteCopy>>();
  const segments = kmalloc((localCount + remoteCount + 1) * sizeof<IoVec>());
  const buffer = kmalloc(PAGE_SIZE);
  let result: i32 = -ENOMEM;
  if (segments !== null && buffer !== null) {
    copy.buffer = buffer;
    copy.remoteCount = remoteCount;
    copy.write = write;
    result = copyWith(copy, pid, ptr<Inline<IoVec>>(segments), local, localCount, remote);
  }
  if (segments !== null) kfree(segments);
  if (buffer !== null) kfree(buffer);
  return result;
}

/** process_vm_readv(pid, local, localCount, remote, remoteCount, flags). There are no flags. */
export function sysProcessVmReadv(pid: u32, local: u32, locals: u32, remote: u32, remotes: u32, flags: u32): i32 {
  return flags !== 0 ? -EINVAL : processVm(pid, local, locals, remote, remotes, false);
}

/** process_vm_writev: the other way. */
export function sysProcessVmWritev(pid: u32, local: u32, locals: u32, remote: u32, remotes: u32, flags: u32): i32 {
  return flags !== 0 ? -EINVAL : processVm(pid, local, locals, remote, remotes, true);
}
