/*
 * Guardians: the parents of spawned workers.
 *
 * A guardian is a child of the hub. It makes a worker, and tells the hub when the worker takes no more calls (GONE) and
 * with what status it died (EXITED), which only a parent can learn.
 */

import { EINTR } from '../../abi/errno.ts';
import { SIG_DFL, SIGPIPE } from '../../abi/signal.ts';
import { SLOT_AGENT } from '../../abi/wire.ts';
import { close, pipe } from '../lib/fileCalls.ts';
import { exitNow, fork, setSignal, setsid, wait4 } from '../lib/processCalls.ts';
import { closeRange, HUB_ONLY_FD, LAST_FD, MESSAGE_EXITED, sendToHub } from './records.ts';
import { adoptLife, awaitEnd } from './watcher.ts';
import { work } from './worker.ts';

/**
 * Makes a worker for `slot`. Called by the hub; returns there at once, 0 or an error, negated. What becomes of the
 * worker is told by messages: STARTED, or EXITED with pid 0 if it could not be made after all.
 */
export function spawnWorker(slot: u32, ticket: u32): i32 {
  const guardian = fork();
  if (guardian !== 0) return guardian < 0 ? guardian : 0;
  setSignal(SIGPIPE, SIG_DFL, 0, 0);
  closeRange(HUB_ONLY_FD, LAST_FD);
  guard(slot, ticket);
}

/** The guardian. Until the life pipe's end is moved to its place, it stands at a low number in both processes. */
function guard(slot: u32, ticket: u32): never {
  const ends = zeroed<FixedArray<i32, 2>>();
  const error = pipe(ends);
  const pid = error < 0 ? error : fork();
  if (pid === 0) {
    close(ends[0]);
    adoptLife(ends[1]);
    setsid();
    work(slot, ticket, SLOT_AGENT);
  }
  if (pid < 0) {
    tellExit(slot, 0, pid);
    exitNow(1);
  }
  close(ends[1]);
  awaitEnd(ends[0], slot, u32(pid));
  const status = zeroed<FixedArray<u32, 1>>();
  while (wait4(pid, status, 0) === -EINTR) continue;
  tellExit(slot, u32(pid), i32(status[0]));
  exitNow(0);
}

function tellExit(slot: u32, pid: u32, status: i32): void {
  const message = uninitialized<FixedArray<u32, 3>>();
  message[2] = u32(status);
  sendToHub(ptr<u8>(message), MESSAGE_EXITED, slot, pid, 4);
}
