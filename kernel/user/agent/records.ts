/*
 * What the agent's processes share: descriptor numbers, and the messages in the pipes between them.
 *
 * The agent is a family of small processes that each block in one place, and talk through pipes:
 *
 *   line reader --LINE--+                    +--call pipe of slot 0--> worker 0
 *   worker n ----RET----+--> hub pipe --> hub +--call pipe of slot 1--> worker 1
 *   guardian n --EXITED-+                    +--> the line
 *
 * Messages are at most PIPE_BUF bytes, so that they never mix and a reader gets them whole. There is no polling, no
 * timer and no signal handler: the agent needs nothing of a kernel but fork, pipes, read, write and wait.
 *
 * All descriptors of the agent's own are at HIGH_FD and above, so that programs under test get 3, 4, ... as usual.
 */

import { MAX_PAYLOAD, SLOTS } from '../../abi/wire.ts';
import { EINTR, ENOMEM } from '../../abi/errno.ts';
import { close, dup2, write } from '../lib/fileCalls.ts';
import { schedYield } from '../lib/processCalls.ts';

/** The call pipes' ends for reading, by slot. Every worker has all of them: its children take other slots. */
export const CALL_READ_FD = 96;
/** The hub pipe's end for writing. */
export const HUB_WRITE_FD = 112;
/**
 * The end for writing of a pipe of the worker's own that nobody ever writes to. Its other end, with the worker's
 * watcher, comes to its end when the worker dies or (the descriptor is close-on-exec) executes a program.
 */
export const LIFE_FD = 113;
/** From here on, up to LAST_FD: descriptors of the hub alone. */
export const HUB_ONLY_FD = 114;
export const HUB_READ_FD = 114;
export const LINE_IN_FD = 115;
export const LINE_OUT_FD = 116;
export const CALL_WRITE_FD = 117;
export const LAST_FD = 132;

/** Messages to the hub: length u16 (of all), kind u8, slot u8, pid u32; then what the kind needs. */
export const HUB_HEADER: u32 = 8;
/** Bytes from the line. */
export const MESSAGE_LINE = 1;
/** The line has come to its end. */
export const MESSAGE_LINE_END = 2;
/** A RET's payload. */
export const MESSAGE_RET = 3;
/** A worker is ready: its ticket u32, its parent's slot u8. */
export const MESSAGE_STARTED = 4;
/** A worker takes no more calls. */
export const MESSAGE_GONE = 5;
/** A spawned worker is dead (pid, status u32); or, with pid 0, could not be made (the error). */
export const MESSAGE_EXITED = 6;

/** Messages to workers: length u16 (of all), child slot u8, reserved u8, child ticket u32; then a CALL's payload. */
export const CALL_MESSAGE_HEADER: u32 = 8;

/** Bytes of any message at most. */
export const MESSAGE_SIZE: u32 = 4096;

staticAssert(MAX_PAYLOAD + CALL_MESSAGE_HEADER <= MESSAGE_SIZE, 'a CALL fits into a message');
staticAssert(MAX_PAYLOAD + HUB_HEADER <= MESSAGE_SIZE, 'a RET fits into a message');
staticAssert(CALL_READ_FD + SLOTS <= HUB_WRITE_FD, 'descriptors do not overlap');
staticAssert(CALL_WRITE_FD + SLOTS - 1 <= LAST_FD, 'descriptors do not overlap');

/**
 * Sends the message in `message`, whose body of `bodyLength` bytes is in place. If there is no hub any more, SIGPIPE
 * ends the caller, which is just right.
 */
export function sendToHub(message: Ptr<u8>, kind: u32, slot: u32, pid: u32, bodyLength: u32): void {
  const length = HUB_HEADER + bodyLength;
  const head = ptr<u32>(message);
  head[0] = length | (kind << 16) | (slot << 24);
  head[1] = pid;
  for (;;) {
    const result = write(HUB_WRITE_FD, message, length);
    if (result === -ENOMEM)
      schedYield(); // somebody has all memory, and will not have it for long
    else if (result !== -EINTR) return;
  }
}

/** Moves descriptor `from` to number `to`. */
export function moveDescriptor(from: i32, to: i32): void {
  if (from === to) return;
  dup2(from, to);
  close(from);
}

/** Closes descriptors `first` to `last`; those that are not open do not matter. */
export function closeRange(first: i32, last: i32): void {
  for (let fd = first; fd <= last; fd++) close(fd);
}
