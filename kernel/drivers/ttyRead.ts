/*
 * read(2) from a terminal.
 *
 * Canonical: one line at most, once it is complete. Raw: bytes as VMIN and VTIME say:
 *
 *   VMIN  VTIME
 *   0     0      what there is, perhaps nothing
 *   0     t      waits for the first byte, at most t tenths of a second
 *   n     0      waits for n bytes (or as many as were asked for)
 *   n     t      waits for the first; then a pause of t between two bytes ends it
 *
 * Locking. (L) for moments, to move bytes into a buffer in the frame; user memory is written without it. Two readers at
 * once get different bytes, and whichever comes first gets the first.
 */

import { EAGAIN, EFAULT, ERESTARTSYS } from '../abi/errno.ts';
import { O_NONBLOCK } from '../abi/fcntl.ts';
import { SIGTTIN } from '../abi/signal.ts';
import { DISABLED_CHAR, ICANON, VMIN, VTIME } from '../abi/termios.ts';
import { monotonicNs } from '../arch/x86/clock.ts';
import { type File } from '../fs/file.ts';
import { type Transfer } from '../fs/transfer.ts';
import { signalPending } from '../proc/scheduler.ts';
import { NEVER, scheduleTimeout } from '../proc/sleep.ts';
import { type WaitEntry } from '../sync/waitQueue.ts';
import { checkForeground } from './jobControl.ts';
import { unthrottle } from './lineDiscipline.ts';
import { type Tty, type TtyHandle, type TtyLock } from './tty.ts';

const CHUNK: u32 = 256;
/** VTIME counts these. */
const TENTH: u64 = 100000000n;

/** Of takeLine: there is no line. */
const NOTHING: i32 = -1;

// Of waitForInput.
const TIME_OVER: i32 = 1;
const HUNG_UP: i32 = 2;

/** Reads into `transfer`. Bytes, 0 for the end of file, -EAGAIN, -EIO, -EFAULT, -ERESTARTSYS. */
export function readTty(handle: TtyHandle, file: File, transfer: Transfer): i32 {
  const tty = handle.tty;
  if (handle.isDead()) return 0;
  const refused = checkForeground(tty, SIGTTIN);
  if (refused !== 0) return refused;
  if (transfer.remaining === 0) return 0;
  return (tty.termios.c_lflag & ICANON) !== 0 ? readCanonical(handle, file, transfer) : readRaw(handle, file, transfer);
}

/** Is there anything to be read? A hint without the lock, looked at again with it. */
export function hasInput(tty: Tty): boolean {
  return reload<u32>(tty.lineEnd) !== reload<u32>(tty.tail);
}

/**
 * Sleeps until there is input. 0, TIME_OVER, HUNG_UP, -EAGAIN, -ERESTARTSYS.
 */
function waitForInput(handle: TtyHandle, file: File, deadline: u64): i32 {
  const tty = handle.tty;
  const entry = zeroed<Inline<WaitEntry>>();
  let result: i32 = 0;
  for (;;) {
    tty.readQueue.prepare(entry, true);
    if (hasInput(tty)) break;
    if (handle.isDead()) {
      result = HUNG_UP;
      break;
    }
    if (deadline === 0n) {
      result = TIME_OVER;
      break;
    }
    if ((file.flags & O_NONBLOCK) !== 0) {
      result = -EAGAIN;
      break;
    }
    if (signalPending()) {
      result = -ERESTARTSYS;
      break;
    }
    if (scheduleTimeout(deadline) && !hasInput(tty)) {
      result = TIME_OVER;
      break;
    }
  }
  tty.readQueue.finish(entry);
  return result;
}

function readCanonical(handle: TtyHandle, file: File, transfer: Transfer): i32 {
  const tty = handle.tty;
  const chunk = uninitialized<FixedArray<u8, 256>>();
  let done: i32 = 0;
  for (;;) {
    let ended: boolean = false;
    const wanted = transfer.remaining < CHUNK ? transfer.remaining : CHUNK;
    const count = takeLine(tty, chunk, wanted, addrOf(ended));
    if (count > 0) {
      const moved = transfer.copyOut(chunk, u32(count));
      done += i32(moved);
      if (moved < u32(count)) return done > 0 ? done : -EFAULT;
    }
    if (ended || transfer.remaining === 0) return done;
    if (count !== NOTHING) continue;
    if (done > 0) return done; // the rest of the line was flushed away
    const result = waitForInput(handle, file, NEVER);
    if (result !== 0) return result < 0 ? result : 0;
  }
}

/** Takes bytes of one line, up to its end. NOTHING: there is no line. `ended` says whether its end was taken. */
function takeLine(tty: Tty, target: Ptr<u8>, size: u32, ended: Ptr<boolean>): i32 {
  using held = tty.lock.acquireIrqSave();
  if (tty.tail === tty.lineEnd) return NOTHING;
  let count: u32 = 0;
  while (count < size && tty.tail !== tty.lineEnd) {
    const character = tty.inputAt(tty.tail);
    const endsLine = tty.isLineMark(tty.tail);
    tty.tail++;
    if (!endsLine || character !== DISABLED_CHAR) target[count++] = character;
    if (endsLine) {
      ended[0] = true;
      break;
    }
  }
  if (tty.tail === tty.lineEnd) ended[0] = true; // bytes of raw mode, read after the change to canonical
  unthrottle(tty, held);
  return i32(count);
}

function readRaw(handle: TtyHandle, file: File, transfer: Transfer): i32 {
  const tty = handle.tty;
  const minimum = u32(tty.termios.c_cc[VMIN]);
  const time = u64(tty.termios.c_cc[VTIME]) * TENTH;
  let done: i32 = 0;
  // Without a minimum the time is for the whole read, else it begins with the first byte.
  let deadline = minimum > 0 ? NEVER : time === 0n ? 0n : monotonicNs() + time;
  for (;;) {
    const result = waitForInput(handle, file, deadline);
    if (result !== 0) {
      if (done > 0 || result > 0) return done;
      return result;
    }
    const moved = moveInput(tty, transfer);
    if (moved < 0) return done > 0 ? done : moved;
    done += moved;
    if (transfer.remaining === 0 || u32(done) >= minimum) return done;
    if (time > 0n && done > 0) deadline = monotonicNs() + time;
  }
}

/** Moves what there is, as far as it fits. Bytes, or -EFAULT if not even the first could be stored. */
function moveInput(tty: Tty, transfer: Transfer): i32 {
  const chunk = uninitialized<FixedArray<u8, 256>>();
  let done: i32 = 0;
  while (transfer.remaining > 0) {
    const count = takeRaw(tty, chunk, transfer.remaining < CHUNK ? transfer.remaining : CHUNK);
    if (count === 0) break;
    const moved = transfer.copyOut(chunk, count);
    done += i32(moved);
    if (moved < count) return done > 0 ? done : -EFAULT;
  }
  return done;
}

function takeRaw(tty: Tty, target: Ptr<u8>, size: u32): u32 {
  using held = tty.lock.acquireIrqSave();
  const available = tty.lineEnd - tty.tail;
  const count = available < size ? available : size;
  for (let i: u32 = 0; i < count; i++) target[i] = tty.inputAt(tty.tail + i);
  tty.tail += count;
  unthrottle(tty, held);
  return count;
}

/** FIONREAD: bytes that a read could give now. Marks of end-of-file are not bytes. */
export function inputCount(tty: Tty, _held: Held<TtyLock>): u32 {
  let count = tty.lineEnd - tty.tail;
  if ((tty.termios.c_lflag & ICANON) === 0) return count;
  for (let at = tty.tail; at !== tty.lineEnd; at++) {
    if (tty.isLineMark(at) && tty.inputAt(at) === DISABLED_CHAR) count--;
  }
  return count;
}
