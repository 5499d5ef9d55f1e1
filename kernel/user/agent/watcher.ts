/*
 * Watchers: how the hub hears that a worker takes no more calls.
 *
 * Every worker holds the only end for writing of a *life pipe*, close-on-exec; somebody waits at the other end, which
 * comes to its end when the worker dies or executes a program. For a spawned worker that is its guardian (guardian.ts),
 * for a forked one a watcher of its own: its parent is the worker that made the call, and that one's wait4 is under
 * test. The watcher is forked by an intermediate process that exits at once, so that it is nobody's child but init's:
 * no worker's wait4 meets it. Before that, the intermediate process leaves the worker's process group: what is sent to
 * the group, by the hub when a session ends or by a test, must not take the watcher along, and the worker only goes on
 * when nothing can.
 */

import { FD_CLOEXEC } from '../../abi/fcntl.ts';
import { SIG_DFL, SIGCHLD, SIGPIPE, SIGSET_SIZE, type KernelSigaction } from '../../abi/signal.ts';
import { EINTR } from '../../abi/errno.ts';
import { RLIMIT_NOFILE, type Rlimit } from '../../abi/resource.ts';
import { SYS_rt_sigaction, SYS_setrlimit, SYS_ugetrlimit } from '../../abi/syscallNumbers.ts';
import { close, pipe, read, setDescriptorFlags } from '../lib/fileCalls.ts';
import { exitNow, fork, setSignal, setsid, wait4 } from '../lib/processCalls.ts';
import { closeRange, HUB_ONLY_FD, LAST_FD, LIFE_FD, MESSAGE_GONE, moveDescriptor, sendToHub } from './records.ts';

/**
 * Gives the calling worker, freshly forked, a watcher of its own; what it has inherited of its parent's life pipe is
 * closed. If processes or descriptors are out, it goes without, and this gives false: the hub hears of its end from
 * nobody but itself, if it exits by a call.
 */
export function attachWatcher(slot: u32, pid: u32): boolean {
  const ends = zeroed<FixedArray<i32, 2>>();
  const limits = zeroed<Inline<Rlimit>>();
  close(LIFE_FD);
  int80(SYS_ugetrlimit, RLIMIT_NOFILE, u32(limits), 0, 0, 0, 0);
  allowDescriptors(limits);
  let isWatched = false;
  if (pipe(ends) === 0) {
    isWatched = forkWatcher(ends[0], slot, pid);
    close(ends[0]);
    adoptLife(ends[1]);
  }
  int80(SYS_setrlimit, RLIMIT_NOFILE, u32(limits), 0, 0, 0, 0);
  return isWatched;
}

/**
 * The death of the intermediate process would leave a SIGCHLD to a handler that the test has set, so the signal is
 * reset to its default, which ignores it, for as long as that takes.
 */
function forkWatcher(life: i32, slot: u32, pid: u32): boolean {
  const status = zeroed<FixedArray<u32, 1>>();
  const saved = zeroed<Inline<KernelSigaction>>();
  int80(SYS_rt_sigaction, SIGCHLD, 0, u32(saved), SIGSET_SIZE, 0, 0);
  setSignal(SIGCHLD, SIG_DFL, 0, 0);
  const intermediate = fork();
  if (intermediate === 0) {
    setsid();
    const watcher = fork();
    if (watcher === 0) watch(life, slot, pid);
    exitNow(watcher < 0 ? 1 : 0);
  }
  while (intermediate > 0 && wait4(intermediate, status, 0) === -EINTR) continue;
  int80(SYS_rt_sigaction, SIGCHLD, u32(saved), 0, SIGSET_SIZE, 0, 0);
  return intermediate > 0 && status[0] === 0;
}

/** Where a test has left room for few descriptors, the agent's own need more: both limits go up, or the soft one alone. */
function allowDescriptors(limits: Rlimit): void {
  const needed: u32 = u32(LAST_FD) + 1;
  const raised = zeroed<Inline<Rlimit>>();
  raised.rlim_cur = limits.rlim_cur < needed ? needed : limits.rlim_cur;
  raised.rlim_max = limits.rlim_max < needed ? needed : limits.rlim_max;
  if (int80(SYS_setrlimit, RLIMIT_NOFILE, u32(raised), 0, 0, 0, 0) === 0) return;
  raised.rlim_cur = limits.rlim_max;
  raised.rlim_max = limits.rlim_max;
  int80(SYS_setrlimit, RLIMIT_NOFILE, u32(raised), 0, 0, 0, 0);
}

/**
 * The watcher. It lets go of everything that it got from the worker but its two pipes: an end of some pipe that stayed
 * open here would keep a test waiting for the end of its data.
 */
function watch(life: i32, slot: u32, pid: u32): never {
  setSignal(SIGPIPE, SIG_DFL, 0, 0);
  moveDescriptor(life, HUB_ONLY_FD);
  closeRange(0, HUB_ONLY_FD - 3);
  closeRange(HUB_ONLY_FD - 1, HUB_ONLY_FD - 1);
  awaitEnd(HUB_ONLY_FD, slot, pid);
  exitNow(0);
}

/** Waits for the end of worker `pid`, and tells the hub. */
export function awaitEnd(life: i32, slot: u32, pid: u32): void {
  const nothing = uninitialized<FixedArray<u32, 1>>();
  while (read(life, ptr<u8>(nothing), 1) === -EINTR) continue;
  tellEnd(slot, pid);
}

/** Tells the hub that worker `pid` takes no more calls. */
export function tellEnd(slot: u32, pid: u32): void {
  const message = uninitialized<FixedArray<u32, 2>>();
  sendToHub(ptr<u8>(message), MESSAGE_GONE, slot, pid, 0);
}

/** Puts the life pipe's end for writing to its place. */
export function adoptLife(end: i32): void {
  moveDescriptor(end, LIFE_FD);
  setDescriptorFlags(LIFE_FD, FD_CLOEXEC);
}
