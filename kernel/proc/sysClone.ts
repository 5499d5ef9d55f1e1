/*
 * fork, vfork, clone and clone3: what may be asked for.
 *
 * Flags depend on each other: threads of one process share their signal actions, and who shares actions must share the
 * memory that the handlers lie in. What is done about them is in fork.ts.
 *
 * There is one namespace of each kind, for all. Who would be allowed to make another hears what a Linux without them
 * says, EINVAL; others hear EPERM.
 *
 * @source clone(2), fork(2), vfork(2), set_tid_address(2).
 */

import { E2BIG, EFAULT, EINVAL, EPERM } from '../abi/errno.ts';
import {
  CLONE_CLEAR_SIGHAND,
  CLONE_DETACHED,
  CLONE_FS,
  CLONE_INTO_CGROUP,
  CLONE_NAMESPACES,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PIDFD,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  type CloneArguments,
  CSIGNAL,
} from '../abi/sched.ts';
import { NSIG, SIGCHLD } from '../abi/signal.ts';
import { current } from '../arch/x86/cpu.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { copyFromUser, isUserRange } from '../arch/x86/userCopy.ts';
import { type CloneRequest, doClone } from './fork.ts';

/** The size of CloneArguments in the first version of clone3. */
const FIRST_SIZE: u32 = 64;

/** Do the flags contradict each other, or ask for what is not there? 0, -EINVAL or -EPERM. */
function checkFlags(flags: u32): i32 {
  if ((flags & CLONE_FS) !== 0 && (flags & (CLONE_NEWNS | CLONE_NEWUSER)) !== 0) return -EINVAL;
  if ((flags & CLONE_THREAD) !== 0 && (flags & CLONE_SIGHAND) === 0) return -EINVAL;
  if ((flags & CLONE_SIGHAND) !== 0 && (flags & CLONE_VM) === 0) return -EINVAL;
  if ((flags & CLONE_PARENT) !== 0 && current().process.pid === 1) return -EINVAL; // its siblings would have no parent
  if ((flags & CLONE_THREAD) !== 0 && (flags & (CLONE_NEWUSER | CLONE_NEWPID)) !== 0) return -EINVAL;
  if ((flags & CLONE_PIDFD) !== 0) return -EINVAL; // there are no descriptors of processes
  if ((flags & CLONE_NAMESPACES) !== 0 && current().credentials.euid !== 0) return -EPERM;
  return (flags & (CLONE_NAMESPACES | CLONE_NEWUSER)) !== 0 ? -EINVAL : 0;
}

function checkedClone(request: CloneRequest): i32 {
  const error = checkFlags(request.flags);
  return error < 0 ? error : doClone(request);
}

/** fork(). */
export function sysFork(): i32 {
  const request = zeroed<Inline<CloneRequest>>();
  request.exitSignal = SIGCHLD;
  return doClone(request);
}

/** vfork(). */
export function sysVfork(): i32 {
  const request = zeroed<Inline<CloneRequest>>();
  request.flags = CLONE_VM | CLONE_VFORK;
  request.exitSignal = SIGCHLD;
  return doClone(request);
}

/**
 * clone(flags, stack, parentTid, tls, childTid): the i386 order of arguments. The lowest byte of the flags is the signal
 * for the parent at the end; what is no signal's number there sends none.
 */
export function sysClone(flags: u32, stack: u32, parentTid: u32, tls: u32, childTid: u32): i32 {
  const request = zeroed<Inline<CloneRequest>>();
  request.flags = flags & ~u32(CSIGNAL);
  request.exitSignal = i32(flags & CSIGNAL);
  request.stack = stack;
  request.parentTid = parentTid;
  request.childTid = childTid;
  request.tls = tls;
  return checkedClone(request);
}

// ---------------------------------------------------------------------------------------------------------------------
// clone3.

/** Reads the record. What a later version of it has beyond ours must be zero. 0, -EINVAL, -EFAULT, -E2BIG. */
function readArguments(args: CloneArguments, address: u32, size: u32): i32 {
  if (size > PAGE_SIZE) return -E2BIG;
  if (size < FIRST_SIZE) return -EINVAL;
  const known = sizeof<CloneArguments>();
  for (let at = known; at < size; at += 4) {
    let rest: u32 = 0;
    if (copyFromUser(ptr<u8>(addrOf(rest)), address + at, size - at < 4 ? size - at : 4) < 0) return -EFAULT;
    if (rest !== 0) return -E2BIG;
  }
  return copyFromUser(ptr<u8>(args), address, size < known ? size : known);
}

/** What clone3 refuses beyond what clone does. */
function checkArguments(args: CloneArguments): i32 {
  const low = u32(args.flags);
  const high = u32(args.flags >> 32n);
  if ((high & ~(CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP)) !== 0) return -EINVAL;
  if ((high & CLONE_INTO_CGROUP) !== 0) return -EINVAL; // there are no control groups
  if ((low & (CLONE_DETACHED | CSIGNAL)) !== 0) return -EINVAL;
  if ((low & CLONE_SIGHAND) !== 0 && (high & CLONE_CLEAR_SIGHAND) !== 0) return -EINVAL;
  if (args.exit_signal > u64(NSIG)) return -EINVAL;
  if ((low & (CLONE_THREAD | CLONE_PARENT)) !== 0 && args.exit_signal !== 0n) return -EINVAL;
  if (args.set_tid !== 0n || args.set_tid_size !== 0n) return -EINVAL; // pids are the kernel's to choose
  if (args.stack === 0n) return args.stack_size === 0n ? 0 : -EINVAL;
  const isInReach = args.stack >> 32n === 0n && args.stack_size >> 32n === 0n && args.stack_size !== 0n;
  return isInReach && isUserRange(u32(args.stack), u32(args.stack_size)) ? 0 : -EINVAL;
}

/** clone3(args, size). */
export function sysClone3(address: u32, size: u32): i32 {
  const args = zeroed<Inline<CloneArguments>>();
  let error = readArguments(args, address, size);
  if (error === 0) error = checkArguments(args);
  if (error < 0) return error;
  const request = zeroed<Inline<CloneRequest>>();
  request.flags = u32(args.flags);
  request.resetHandlers = args.flags >> 32n !== 0n;
  request.exitSignal = i32(args.exit_signal);
  request.stack = u32(args.stack) + u32(args.stack_size);
  request.parentTid = u32(args.parent_tid);
  request.childTid = u32(args.child_tid);
  request.tls = u32(args.tls);
  return checkedClone(request);
}

/** set_tid_address(address): what to clear when the thread ends. Returns its pid. */
export function sysSetTidAddress(address: u32): i32 {
  const task = current();
  task.clearChildTid = address;
  return i32(task.pid);
}
