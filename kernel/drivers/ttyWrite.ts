/*
 * write(2) to a terminal.
 *
 * Bytes go from the program through a buffer in the frame into the output ring, processed as c_oflag says; where the
 * ring is full the writer sleeps until the driver has sent some of it. One write's output is not mixed with another's:
 * writers queue up at (W). A little of the ring is left for the echo.
 *
 * Locking. (W) over the whole write, (L) for moments, user memory without (L).
 */

import { EAGAIN, EFAULT, EIO, ERESTARTSYS } from '../abi/errno.ts';
import { O_NONBLOCK } from '../abi/fcntl.ts';
import { SIGTTOU } from '../abi/signal.ts';
import { OPOST, TOSTOP } from '../abi/termios.ts';
import { type File } from '../fs/file.ts';
import { type Transfer } from '../fs/transfer.ts';
import { schedule, signalPending } from '../proc/scheduler.ts';
import { NEVER, scheduleTimeout } from '../proc/sleep.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { checkForeground } from './jobControl.ts';
import { ECHO_ROOM, type Tty, type TtyHandle, type TtyLock } from './tty.ts';
import { putProcessed, putRaw } from './ttyOutput.ts';

const CHUNK: u32 = 256;

/** Writes what `transfer` holds. Bytes, or -EAGAIN, -EIO, -EFAULT, -ERESTARTSYS. */
export function writeTty(handle: TtyHandle, file: File, transfer: Transfer): i32 {
  const tty = handle.tty;
  if (handle.isDead()) return -EIO;
  if ((tty.termios.c_lflag & TOSTOP) !== 0) {
    const refused = checkForeground(tty, SIGTTOU);
    if (refused !== 0) return refused;
  }
  const waits = (file.flags & O_NONBLOCK) === 0;
  if (!waits) {
    if (!tty.writeMutex.tryLock()) return -EAGAIN;
  } else if (tty.writeMutex.lockInterruptible() !== 0) return -ERESTARTSYS;
  const result = writeLocked(handle, transfer, waits);
  tty.writeMutex.unlock();
  return result;
}

function writeLocked(handle: TtyHandle, transfer: Transfer, waits: boolean): i32 {
  const chunk = uninitialized<FixedArray<u8, 256>>();
  let done: i32 = 0;
  while (transfer.remaining > 0) {
    const wanted = transfer.remaining < CHUNK ? transfer.remaining : CHUNK;
    const count = transfer.copyIn(chunk, wanted);
    let put: u32 = 0;
    while (put < count) {
      if (handle.isDead()) return done > 0 ? done : -EIO;
      const stored = putChunk(handle.tty, chunk.add(put), count - put);
      put += stored;
      done += i32(stored);
      if (put === count) break;
      if (!waits) return done > 0 ? done : -EAGAIN;
      if (signalPending()) return done > 0 ? done : -ERESTARTSYS;
      waitForRoom(handle);
    }
    if (count < wanted) return done > 0 ? done : -EFAULT;
  }
  return done;
}

/** Stores as much as there is room for, and sees that it is sent. Returns how many of the bytes. */
function putChunk(tty: Tty, source: Ptr<u8>, count: u32): u32 {
  using held = tty.lock.acquireIrqSave();
  const stored = store(tty, source, count, held);
  if (tty.outputHead !== tty.outputTail) {
    const start = tty.driver.startOutput;
    start(tty, held);
  }
  return stored;
}

function store(tty: Tty, source: Ptr<u8>, count: u32, held: Held<TtyLock>): u32 {
  if ((tty.termios.c_oflag & OPOST) === 0) return putRaw(tty, source, count, ECHO_ROOM, held);
  let stored: u32 = 0;
  while (stored < count && putProcessed(tty, source[stored], ECHO_ROOM, held)) stored++;
  return stored;
}

/** Room for a useful number of bytes: waking a writer for each one would be slow. */
function hasRoom(tty: Tty): boolean {
  return tty.outputRoom() > ECHO_ROOM * 2;
}

/** Sleeps until there is room, a signal, or a hang-up. */
function waitForRoom(handle: TtyHandle): void {
  const tty = handle.tty;
  const entry = zeroed<Inline<WaitEntry>>();
  for (;;) {
    tty.writeQueue.prepare(entry, true);
    if (hasRoom(tty) || signalPending() || handle.isDead()) break;
    schedule();
  }
  tty.writeQueue.finish(entry);
}

/** For poll: would a write store something at once? */
export function isWritable(tty: Tty): boolean {
  return hasRoom(tty);
}

/** How often the hardware is asked whether it has sent the last bits, as it does not tell. */
const DRAIN_POLL: u64 = 1000000n;

/** Sleeps until everything is sent (tcdrain). 0 or -ERESTARTSYS. */
export function drainOutput(tty: Tty): i32 {
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32 = 0;
  for (;;) {
    tty.writeQueue.prepare(entry, true);
    const isEmpty = tty.outputHead === tty.outputTail;
    if (isEmpty && isDrained(tty)) break;
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    scheduleTimeout(isEmpty ? monotonicNs() + DRAIN_POLL : NEVER);
  }
  tty.writeQueue.finish(entry);
  return result;
}

function isDrained(tty: Tty): boolean {
  using held = tty.lock.acquireIrqSave();
  const ask = tty.driver.isDrained;
  return ask(tty, held);
}
