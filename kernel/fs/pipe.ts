/*
 * Pipes, with and without a name.
 *
 * Idea. A pipe is a ring of slots, each with one page that is partly filled. Writers fill the slot at the head, readers
 * empty the one at the tail. Bytes are put behind those in the head's page only if all of a write's odd part fits there:
 * so a write of at most a page (PIPE_BUF) goes into one slot under one hold of the mutex and is never mixed with others.
 *
 *        tail                      head
 *          v                        v
 *   [ ][ ][--##][####][####][####--][ ][ ]       # bytes, - done or still empty
 *
 * Ends. `readers` and `writers` count open files of each kind. Without writers an empty pipe is at its end; without
 * readers a write is EPIPE with SIGPIPE. The opening of a FIFO waits for the other end; the two counters of openings
 * tell a waiter that somebody has come even if he has gone again.
 *
 * Locking. (P) Pipe.mutex guards all fields but the wait queues. User memory is touched under it. Inode.mutex (I) of a
 * FIFO guards which Pipe the inode has, and `files`. Order: (I) before (P).
 */

import { O_ACCMODE, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../abi/fcntl.ts';
import { EAGAIN, EBUSY, EFAULT, EINVAL, ENOMEM, ENOTTY, ENXIO, EPERM, EPIPE, ERESTARTSYS } from '../abi/errno.ts';
import { FIONREAD } from '../abi/ioctl.ts';
import { PIPEFS_MAGIC } from '../abi/stat.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from '../abi/poll.ts';
import { SIGPIPE } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SHIFT, PAGE_SIZE } from '../arch/x86/layout.ts';
import { putUser32 } from '../arch/x86/userCopy.ts';
import { putPage } from '../mm/buddy.ts';
import { allocUserPage } from '../mm/userPages.ts';
import { type Page, pageAddress } from '../mm/page.ts';
import { allocate, kfree, kmalloc } from '../mm/slab.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { sendSignalToSelf } from '../proc/signalSend.ts';
import { type Mutex } from '../sync/mutex.ts';
import { type WaitEntry, type WaitQueue } from '../sync/waitQueue.ts';
import { memset } from '../lib/string.ts';
import { type File, type FileOperations } from './file.ts';
import { type Inode } from './inode.ts';
import { type PollTable } from './poll.ts';
import { type Transfer } from './transfer.ts';

/** Class of Pipe.mutex. */
export class PipeMutex {
  declare readonly lock: 'pipe';
}

class PipeSlot {
  page: Page | null;
  offset: u32;
  length: u32;
  /** Of a packet (O_DIRECT): a read takes it whole or cuts it, and never goes on into the next. */
  isPacket: boolean;
}

/** Slots of a fresh pipe: 64 KiB. */
const DEFAULT_SLOTS: u32 = 16;
/** What others than the superuser may ask for. */
const MAX_SIZE: u32 = 0x100000;
/** What anybody may ask for. */
const LIMIT_SIZE: u32 = 0x1000000;

export class Pipe {
  mutex: Inline<Mutex<PipeMutex>>;
  slots: Ptr<Inline<PipeSlot>>; // (P) a ring
  slotCount: u32; // (P) a power of two
  head: u32; // (P) counts slots that were begun; modulo slotCount the next one
  tail: u32; // (P) counts slots that were emptied
  readers: u32; // (P)
  writers: u32; // (P)
  readerOpenings: u32; // (P)
  writerOpenings: u32; // (P)
  files: u32; // (I)
  readQueue: Inline<WaitQueue>; // readers: for bytes, or for a writer to come or the last to go
  writeQueue: Inline<WaitQueue>; // writers: for room, or for a reader to come or the last to go

  slot(index: u32): PipeSlot {
    return this.slots[index & (this.slotCount - 1)];
  }

  isEmpty(): boolean {
    return this.head === this.tail;
  }

  isFull(): boolean {
    return this.head - this.tail >= this.slotCount;
  }
}

const pipeOperations = zeroed<Inline<FileOperations>>();

export function initPipes(): void {
  pipeOperations.read = pipeRead;
  pipeOperations.write = pipeWrite;
  pipeOperations.poll = pipePoll;
  pipeOperations.ioctl = pipeIoctl;
  pipeOperations.open = pipeOpen;
  pipeOperations.release = pipeRelease;
}

/** FileOperations of FIFOs and of both ends of a pipe. */
export function fifoOperations(): FileOperations {
  return pipeOperations;
}

function createPipe(): Pipe | null {
  const pipe = allocate<Pipe>();
  if (pipe === null) return null;
  const slots = allocateSlots(DEFAULT_SLOTS);
  if (slots === null) {
    kfree(pipe);
    return null;
  }
  pipe.slots = slots;
  pipe.slotCount = DEFAULT_SLOTS;
  pipe.mutex.init('pipe');
  pipe.readQueue.init();
  pipe.writeQueue.init();
  return pipe;
}

function allocateSlots(count: u32): Ptr<Inline<PipeSlot>> | null {
  const block = kmalloc(count * sizeof<PipeSlot>());
  if (block === null) return null;
  memset(block, 0, count * sizeof<PipeSlot>());
  return ptr<Inline<PipeSlot>>(block);
}

function freePipe(pipe: Pipe): void {
  for (let i: u32 = 0; i < pipe.slotCount; i++) {
    const page = pipe.slots[i].page;
    if (page !== null) putPage(page);
  }
  kfree(ptr<u8>(pipe.slots));
  kfree(pipe);
}

function pipeOf(file: File): Pipe {
  return as<Pipe>(file.inode.data);
}

/** Is `file` an end of a pipe? */
export function isPipe(file: File): boolean {
  return file.operations === pipeOperations;
}

// ---------------------------------------------------------------------------------------------------------------------
// Opening and closing.

/** FileOperations.open of a FIFO; and of the ends of a pipe, which find their partner counted as they come in pairs. */
function pipeOpen(inode: Inode, file: File): i32 {
  const pipe = enterPipe(inode);
  if (pipe === null) return -ENOMEM;
  const error = joinPipe(pipe, file);
  if (error !== 0) leavePipe(inode, pipe);
  return error;
}

/** The inode's Pipe, made if this is the first opening; counts a file. */
function enterPipe(inode: Inode): Pipe | null {
  using _held = inode.mutex.lock();
  if (inode.data === 0) {
    const fresh = createPipe();
    if (fresh === null) return null;
    inode.data = u32(fresh);
  }
  const pipe = as<Pipe>(inode.data);
  pipe.files++;
  return pipe;
}

function leavePipe(inode: Inode, pipe: Pipe): void {
  using _held = inode.mutex.lock();
  pipe.files--;
  if (pipe.files > 0) return;
  inode.data = 0;
  freePipe(pipe);
}

/** Is it a pipe without a name? Who opens it again, through /proc/PID/fd, waits for nobody: it has had its other end. */
function isNameless(file: File): boolean {
  return file.inode.superBlock.magic === PIPEFS_MAGIC;
}

/** Counts the end that `file` is, and waits for the other if it must. 0, -ENXIO, -ERESTARTSYS. */
function joinPipe(pipe: Pipe, file: File): i32 {
  const access = file.flags & O_ACCMODE;
  const waits = (file.flags & O_NONBLOCK) === 0 && !isNameless(file);
  let awaited: u32 = 0;
  let alone = false;
  {
    using held = pipe.mutex.lock();
    if (access === O_WRONLY && !waits && pipe.readers === 0 && !isNameless(file)) return -ENXIO;
    file.data = 0;
    countEnds(pipe, access, 1, held);
    if (access === O_RDONLY) {
      alone = pipe.writers === 0;
      awaited = pipe.writerOpenings;
      // No writer yet is not the end of the file: poll must not tell it as POLLHUP before one has come.
      if (alone && !waits && !isNameless(file)) file.data = pipe.writerOpenings;
    } else if (access === O_WRONLY) {
      alone = pipe.readers === 0;
      awaited = pipe.readerOpenings;
    }
  }
  if (!alone || !waits) return 0;
  return waitForPartner(pipe, access, awaited);
}

/** Adds (1) or takes away (-1 as u32) what an opening with this access mode means, and tells who waits for it. */
function countEnds(pipe: Pipe, access: u32, change: u32, _held: Held<PipeMutex>): void {
  if (access !== O_WRONLY) pipe.readers += change;
  if (access !== O_RDONLY) pipe.writers += change;
  if (change === 1) {
    if (access !== O_WRONLY) pipe.readerOpenings++;
    if (access !== O_RDONLY) pipe.writerOpenings++;
  }
  pipe.readQueue.wakeAll();
  pipe.writeQueue.wakeAll();
}

/** Sleeps until the other end is opened (again) after `awaited` openings. */
function waitForPartner(pipe: Pipe, access: u32, awaited: u32): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  const queue: WaitQueue = access === O_RDONLY ? pipe.readQueue : pipe.writeQueue;
  let result: i32 = 0;
  for (;;) {
    queue.prepare(entry, true);
    const openings = access === O_RDONLY ? reload<u32>(pipe.writerOpenings) : reload<u32>(pipe.readerOpenings);
    if (openings !== awaited) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  queue.finish(entry);
  if (result !== 0) {
    using held = pipe.mutex.lock();
    countEnds(pipe, access, u32(-1), held);
  }
  return result;
}

function pipeRelease(inode: Inode, file: File): void {
  const pipe = pipeOf(file);
  uncount(pipe, file.flags & O_ACCMODE);
  leavePipe(inode, pipe);
}

function uncount(pipe: Pipe, access: u32): void {
  using held = pipe.mutex.lock();
  countEnds(pipe, access, u32(-1), held);
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading and writing.

function pipeRead(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  const pipe = pipeOf(file);
  let done: i32 = 0;
  if (transfer.remaining === 0) return 0;
  for (;;) {
    {
      using held = pipe.mutex.lock();
      const wasFull = pipe.isFull();
      const moved = drain(pipe, transfer, held);
      if (moved > 0) done += moved;
      else if (moved < 0 && done === 0) done = moved;
      if (wasFull && !pipe.isFull()) pipe.writeQueue.wakeAll();
      if (done !== 0 || pipe.writers === 0) return done;
    }
    if ((file.flags & O_NONBLOCK) !== 0) return -EAGAIN;
    const interrupted = waitForBytes(pipe);
    if (interrupted !== 0) return interrupted;
  }
}

/** Moves what there is. Bytes moved, or -EFAULT if the first copy failed. */
function drain(pipe: Pipe, transfer: Transfer, _held: Held<PipeMutex>): i32 {
  let done: i32 = 0;
  while (!pipe.isEmpty() && transfer.remaining > 0) {
    const slot = pipe.slot(pipe.tail);
    const wanted = transfer.remaining < slot.length ? transfer.remaining : slot.length;
    const moved = transfer.copyOut(pageAddress(slot.page!).add(slot.offset), wanted);
    done += i32(moved);
    slot.offset += moved;
    slot.length -= moved;
    if (moved < wanted) return done > 0 ? done : -EFAULT;
    const endsHere = slot.isPacket;
    if (slot.length === 0 || endsHere) {
      putPage(slot.page!);
      slot.page = null;
      pipe.tail++;
    }
    if (endsHere) break;
  }
  return done;
}

/** Sleeps until the pipe has bytes or is at its end. 0 or -ERESTARTSYS. */
function waitForBytes(pipe: Pipe): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32 = 0;
  for (;;) {
    pipe.readQueue.prepare(entry, true);
    if (reload<u32>(pipe.head) !== reload<u32>(pipe.tail) || reload<u32>(pipe.writers) === 0) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    schedule();
  }
  pipe.readQueue.finish(entry);
  return result;
}

function pipeWrite(file: File, transfer: Transfer, _position: Ptr<i64>): i32 {
  const pipe = pipeOf(file);
  let done: i32 = 0;
  if (transfer.remaining === 0) return 0;
  for (;;) {
    {
      using held = pipe.mutex.lock();
      if (pipe.readers === 0) break;
      const moved = fill(pipe, transfer, (file.flags & O_DIRECT) !== 0, done === 0, held);
      if (moved !== 0) pipe.readQueue.wakeAll();
      if (moved < 0) return done > 0 ? done : moved;
      done += moved;
      if (transfer.remaining === 0) return done;
    }
    if ((file.flags & O_NONBLOCK) !== 0) return done > 0 ? done : -EAGAIN;
    if (signalPending()) return done > 0 ? done : -ERESTARTSYS;
    waitForRoom(pipe);
  }
  sendSignalToSelf(SIGPIPE);
  return done > 0 ? done : -EPIPE;
}

/** Moves what there is room for, whole pages or nothing. Bytes moved, or -errno if nothing could be. */
function fill(pipe: Pipe, transfer: Transfer, packets: boolean, isStart: boolean, _held: Held<PipeMutex>): i32 {
  let done: i32 = 0;
  const odd = transfer.remaining & (PAGE_SIZE - 1);
  if (isStart && !packets && odd > 0 && !pipe.isEmpty()) {
    const slot = pipe.slot(pipe.head - 1);
    const end = slot.offset + slot.length;
    if (!slot.isPacket && end + odd <= PAGE_SIZE) {
      const moved = transfer.copyIn(pageAddress(slot.page!).add(end), odd);
      if (moved < odd) return -EFAULT;
      slot.length += moved;
      done += i32(moved);
    }
  }
  while (transfer.remaining > 0 && !pipe.isFull()) {
    const page = allocUserPage();
    if (page === null) return done > 0 ? done : -ENOMEM;
    const wanted = transfer.remaining < PAGE_SIZE ? transfer.remaining : PAGE_SIZE;
    const moved = transfer.copyIn(pageAddress(page), wanted);
    if (moved < wanted) {
      putPage(page);
      return done > 0 ? done : -EFAULT;
    }
    const slot = pipe.slot(pipe.head);
    slot.page = page;
    slot.offset = 0;
    slot.length = moved;
    slot.isPacket = packets;
    pipe.head++;
    done += i32(moved);
  }
  return done;
}

/** Sleeps until there is room, or no reader, or a signal. */
function waitForRoom(pipe: Pipe): void {
  const entry = zeroed<Inline<WaitEntry>>();
  for (;;) {
    pipe.writeQueue.prepare(entry, true);
    const used = reload<u32>(pipe.head) - reload<u32>(pipe.tail);
    if (used < reload<u32>(pipe.slotCount) || reload<u32>(pipe.readers) === 0 || signalPending()) break;
    schedule();
  }
  pipe.writeQueue.finish(entry);
}

// ---------------------------------------------------------------------------------------------------------------------
// The rest.

function pipePoll(file: File, table: PollTable | null): u32 {
  const pipe = pipeOf(file);
  let events: u32 = 0;
  if (file.isReadable()) {
    if (table !== null) table.waitOn(file, pipe.readQueue);
    if (reload<u32>(pipe.head) !== reload<u32>(pipe.tail)) events |= POLLIN | POLLRDNORM;
    if (reload<u32>(pipe.writers) === 0 && file.data !== pipe.writerOpenings) events |= POLLHUP;
  }
  if (file.isWritable()) {
    if (table !== null) table.waitOn(file, pipe.writeQueue);
    if (reload<u32>(pipe.head) - reload<u32>(pipe.tail) < pipe.slotCount) events |= POLLOUT | POLLWRNORM;
    if (reload<u32>(pipe.readers) === 0) events |= POLLERR;
  }
  return events;
}

function pipeIoctl(file: File, request: u32, argument: u32): i32 {
  if (request !== FIONREAD) return -ENOTTY;
  return putUser32(argument, bytesIn(pipeOf(file)));
}

function bytesIn(pipe: Pipe): u32 {
  using _held = pipe.mutex.lock();
  let total: u32 = 0;
  for (let at = pipe.tail; at !== pipe.head; at++) total += pipe.slot(at).length;
  return total;
}

/** F_GETPIPE_SZ. */
export function pipeSize(file: File): i32 {
  return i32(reload<u32>(pipeOf(file).slotCount) << PAGE_SHIFT);
}

/** F_SETPIPE_SZ: the size that it has now, or -EINVAL, -EPERM, -ENOMEM, -EBUSY (it holds more than that). */
export function setPipeSize(file: File, size: u32): i32 {
  if (size > LIMIT_SIZE) return -EINVAL;
  if (size > MAX_SIZE && current().credentials.euid !== 0) return -EPERM;
  let count: u32 = 1;
  while (count << PAGE_SHIFT < size) count *= 2;
  const slots = allocateSlots(count);
  if (slots === null) return -ENOMEM;
  const unused = exchangeSlots(pipeOf(file), slots, count);
  kfree(ptr<u8>(unused));
  return unused === slots ? -EBUSY : i32(count << PAGE_SHIFT);
}

/** Returns the ring that is not in use now: the old one, or `slots` if that is too small. */
function exchangeSlots(pipe: Pipe, slots: Ptr<Inline<PipeSlot>>, count: u32): Ptr<Inline<PipeSlot>> {
  using _held = pipe.mutex.lock();
  const used = pipe.head - pipe.tail;
  if (used > count) return slots;
  for (let i: u32 = 0; i < used; i++) assign<PipeSlot>(slots[i], pipe.slot(pipe.tail + i));
  const old = pipe.slots;
  pipe.slots = slots;
  pipe.slotCount = count;
  pipe.tail = 0;
  pipe.head = used;
  pipe.writeQueue.wakeAll();
  return old;
}
