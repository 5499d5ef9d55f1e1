/*
 * System calls on processes: making them, ending them, waiting for them, signalling them. Each returns what the kernel
 * returns: a result, or an error number negated.
 */

import { SIGSET_SIZE, type KernelSigaction } from '../../abi/signal.ts';
import {
  SYS_execve,
  SYS_exit_group,
  SYS_fork,
  SYS_getpgid,
  SYS_getpid,
  SYS_getppid,
  SYS_kill,
  SYS_prctl,
  SYS_rt_sigaction,
  SYS_rt_sigprocmask,
  SYS_rt_sigreturn,
  SYS_sched_getaffinity,
  SYS_sched_setaffinity,
  SYS_sched_yield,
  SYS_setpgid,
  SYS_setsid,
  SYS_sigreturn,
  SYS_wait4,
} from '../../abi/syscallNumbers.ts';
import type { StringList } from './strings.ts';

export function fork(): i32 {
  return int80(SYS_fork, 0, 0, 0, 0, 0, 0);
}

/** Returns only if it fails. */
export function execve(path: Ptr<u8>, argv: StringList, envp: StringList): i32 {
  return int80(SYS_execve, u32(path), u32(argv), u32(envp), 0, 0, 0);
}

/** Ends the process at once. What is still in output buffers is lost: programs end through crt.ts `exit`. */
export function exitNow(status: i32): never {
  int80(SYS_exit_group, u32(status), 0, 0, 0, 0, 0);
  unreachable();
}

/** Waits for a child: `pid` > 0 that one, -1 any, 0 any of the caller's group, < -1 any of group -pid. */
export function wait4(pid: i32, status: Ptr<u32> | null, options: u32): i32 {
  return int80(SYS_wait4, u32(pid), u32(status), options, 0, 0, 0);
}

export function getpid(): i32 {
  return int80(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

export function getppid(): i32 {
  return int80(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

export function kill(pid: i32, signal: u32): i32 {
  return int80(SYS_kill, u32(pid), signal, 0, 0, 0, 0);
}

export function getpgid(pid: i32): i32 {
  return int80(SYS_getpgid, u32(pid), 0, 0, 0, 0, 0);
}

export function setpgid(pid: i32, group: i32): i32 {
  return int80(SYS_setpgid, u32(pid), u32(group), 0, 0, 0, 0);
}

export function setsid(): i32 {
  return int80(SYS_setsid, 0, 0, 0, 0, 0, 0);
}

export function schedYield(): i32 {
  return int80(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/** Stores the mask of CPUs that a process (0: the caller) may run on. Returns a positive number, or an error. */
export function affinity(pid: i32, mask: Ptr<u32>): i32 {
  return int80(SYS_sched_getaffinity, u32(pid), 4, u32(mask), 0, 0, 0);
}

/** Binds a process (0: the caller) to the CPUs of `mask` (bit n is CPU n). */
export function setAffinityOf(pid: i32, mask: u32): i32 {
  const place = uninitialized<FixedArray<u32, 1>>();
  place[0] = mask;
  return int80(SYS_sched_setaffinity, u32(pid), 4, u32(place), 0, 0, 0);
}

/** Binds the caller to the CPUs of `mask` (bit n is CPU n). */
export function setAffinity(mask: u32): i32 {
  return setAffinityOf(0, mask);
}

export function prctl(option: u32, argument: u32): i32 {
  return int80(SYS_prctl, option, argument, 0, 0, 0, 0);
}

/**
 * Sets what `signal` does: SIG_DFL, SIG_IGN, or the address of a handler. Calls that it interrupts fail with EINTR
 * unless `flags` has SA_RESTART. A handler needs SA_RESTORER in `flags` and the address of `restoreSignal` in
 * `restorer`.
 */
export function setSignal(signal: u32, handler: u32, flags: u32, restorer: u32): i32 {
  const action = zeroed<Inline<KernelSigaction>>();
  action.sa_handler = handler;
  action.sa_flags = flags;
  action.sa_restorer = restorer;
  return int80(SYS_rt_sigaction, signal, u32(action), 0, SIGSET_SIZE, 0, 0);
}

/** `how` is SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK; `old` may be null. */
export function setSignalMask(how: u32, mask: u64, old: Ptr<u64> | null): i32 {
  const place = uninitialized<FixedArray<u64, 1>>();
  place[0] = mask;
  return int80(SYS_rt_sigprocmask, how, u32(place), u32(old), SIGSET_SIZE, 0, 0);
}

/**
 * Where a handler returns to: ends the handling. The kernel has pushed the signal's number, which goes first.
 * @naked
 */
export function restoreSignal(): void {
  asm`pop eax
      mov eax, ${SYS_sigreturn}
      int 0x80`;
}

/**
 * The same for handlers with SA_SIGINFO.
 * @naked
 */
export function restoreRtSignal(): void {
  asm`mov eax, ${SYS_rt_sigreturn}
      int 0x80`;
}
