/*
 * System calls: signalfd, signalfd4. A descriptor from which signals are read that would otherwise have to be caught. They
 * must be blocked, or they are delivered before anybody can read them. What is read are the signals of the reader, whoever
 * has made the descriptor.
 *
 * Locking. (S) to look and take. All readers of all processes sleep on one queue, which is woken by every signal while there
 * is anybody on it: a queue of a process could go while others still have it in an epoll file.
 *
 * @source signalfd(2).
 */

import { EAGAIN, EBADF, EFAULT, EINVAL, ENOMEM, ERESTARTSYS } from '../abi/errno.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../abi/fcntl.ts';
import { POLLIN } from '../abi/poll.ts';
import {
  SI_TIMER,
  SI_TKILL,
  SI_USER,
  SIGBUS,
  SIGCHLD,
  SIGFPE,
  type SignalfdSiginfo,
  SIGILL,
  SIGSEGV,
  SIGSET_SIZE,
  SIGTRAP,
} from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { copyFromUser } from '../arch/x86/userCopy.ts';
import { allocate, kfree } from '../mm/slab.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { takeSignal } from '../proc/signalDeliver.ts';
import { signalReaders, UNBLOCKABLE } from '../proc/signalSend.ts';
import { type SignalInfo, type SignalSet } from '../proc/signalState.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { anonymousSeek, openAnonymous } from './anonymousFile.ts';
import { getFileOf } from './descriptor.ts';
import { type File, type FileOperations, putFile } from './file.ts';
import { type Inode } from './inode.ts';
import { type PollTable } from './poll.ts';
import { type Transfer } from './transfer.ts';

/** What is behind the descriptor. */
class SignalFile {
  mask: SignalSet; // two words, written by signalfd4 alone: a reader that sees half of a change is as good as one that came between
}

const fileOperations = zeroed<Inline<FileOperations>>();

export function initSignalfd(): void {
  fileOperations.read = signalRead;
  fileOperations.poll = signalPoll;
  fileOperations.seek = anonymousSeek;
  fileOperations.release = signalRelease;
}

function maskOf(file: File): SignalSet {
  return as<SignalFile>(file.data).mask;
}

/** Takes one of the current thread's signals; 0: there is none. */
function tryTake(mask: SignalSet, info: SignalInfo): i32 {
  const task = current();
  using held = task.process.signalLock.acquireIrqSave();
  return takeSignal(task, mask, info, held);
}

/** The signal; -EAGAIN, -ERESTARTSYS. */
function waitToTake(file: File, info: SignalInfo): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  const queue = signalReaders();
  let result: i32;
  for (;;) {
    queue.prepare(entry, true);
    result = tryTake(maskOf(file), info);
    if (result !== 0) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  queue.finish(entry);
  return result;
}

function isFault(signal: i32): boolean {
  return signal === SIGSEGV || signal === SIGBUS || signal === SIGILL || signal === SIGFPE || signal === SIGTRAP;
}

/** What came with the signal, in the record's own words. */
function fillRecord(record: SignalfdSiginfo, info: SignalInfo): void {
  record.ssi_signo = u32(info.signal);
  record.ssi_code = info.code;
  if (info.code > 0 && isFault(info.signal)) {
    record.ssi_addr = u64(info.pidOrAddress);
    return;
  }
  if (info.code === SI_TIMER) {
    record.ssi_tid = info.pidOrAddress;
    record.ssi_overrun = info.uid;
  } else {
    record.ssi_pid = info.pidOrAddress;
    record.ssi_uid = info.uid;
  }
  if (info.code < 0 && info.code !== SI_TKILL) {
    record.ssi_int = i32(info.status);
    record.ssi_ptr = u64(info.status);
  } else if (info.signal === SIGCHLD && info.code !== SI_USER) {
    record.ssi_status = i32(info.status);
    record.ssi_utime = u64(info.utime);
    record.ssi_stime = u64(info.stime);
  }
}

/** As many records as there is room for, and signals; at least one. */
function signalRead(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  const size = sizeof<SignalfdSiginfo>();
  if (transfer.remaining < size) return -EINVAL;
  let done: u32 = 0;
  while (transfer.remaining >= size) {
    const info = zeroed<Inline<SignalInfo>>();
    let signal = tryTake(maskOf(file), info);
    if (signal === 0 && done === 0) signal = (file.flags & O_NONBLOCK) !== 0 ? -EAGAIN : waitToTake(file, info);
    if (signal < 0) return signal;
    if (signal === 0) break;
    const record = zeroed<Inline<SignalfdSiginfo>>();
    fillRecord(record, info);
    if (transfer.copyOut(ptr<u8>(record), size) !== size) return done > 0 ? i32(done) : -EFAULT;
    done += size;
  }
  return i32(done);
}

function signalPoll(file: File, table: PollTable | null): u32 {
  if (table !== null) table.waitOn(file, signalReaders());
  const task = current();
  using _held = task.process.signalLock.acquireIrqSave();
  const pending = task.pending.set | task.process.pending.set;
  return (pending & maskOf(file)) !== 0n ? POLLIN : 0;
}

function signalRelease(_inode: Inode, file: File): void {
  kfree(as<SignalFile>(file.data));
}

function create(mask: SignalSet, flags: u32): i32 {
  const it = allocate<SignalFile>();
  if (it === null) return -ENOMEM;
  it.mask = mask;
  const fd = openAnonymous('anon_inode:[signalfd]', fileOperations, u32(it), O_RDWR | flags);
  if (fd < 0) kfree(it);
  return fd;
}

/** Gives a descriptor that there is another mask. Who waits looks again. */
function change(fd: u32, mask: SignalSet): i32 {
  const file = getFileOf(fd);
  if (file === null) return -EBADF;
  const isOurs = file.operations === fileOperations;
  if (isOurs) {
    as<SignalFile>(file.data).mask = mask;
    signalReaders().wakeAll();
  }
  putFile(file);
  return isOurs ? i32(fd) : -EINVAL;
}

/** signalfd4(fd, mask, size, flags): `fd` -1 makes a new one. SIGKILL and SIGSTOP are left out without a word. */
export function sysSignalfd4(fd: u32, address: u32, size: u32, flags: u32): i32 {
  if (size !== SIGSET_SIZE) return -EINVAL;
  let mask: SignalSet = 0n;
  if (copyFromUser(ptr<u8>(addrOf(mask)), address, SIGSET_SIZE) !== 0) return -EFAULT;
  if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) !== 0) return -EINVAL;
  mask &= ~UNBLOCKABLE;
  return fd === 0xffffffff ? create(mask, flags) : change(fd, mask);
}

/** signalfd(fd, mask, size). */
export function sysSignalfd(fd: u32, address: u32, size: u32): i32 {
  return sysSignalfd4(fd, address, size, 0);
}
