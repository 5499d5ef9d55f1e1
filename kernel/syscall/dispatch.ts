/*
 * The system call: `int 0x80` with the number in EAX and up to six arguments in EBX, ECX, EDX, ESI, EDI and EBP. The
 * result comes back in EAX; [-4095, -1] are errors.
 *
 * Every function of the table takes 32-bit words and returns one. What is behind a pointer among them, each function
 * copies in and out itself (arch/x86/userCopy.ts): the words may be anything.
 */

import { ENOSYS } from '../abi/errno.ts';
import { SYSCALL_LIMIT } from '../abi/syscallNumbers.ts';
import { current } from '../arch/x86/cpu.ts';
import { NOT_A_SYSCALL, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { traceStepped, traceSyscall } from '../proc/ptrace.ts';
import { TRACE_STEP, TRACE_SYSCALLS } from '../proc/task.ts';

export type SystemCall = (a: u32, b: u32, c: u32, d: u32, e: u32, f: u32) => i32;

const calls = zeroed<FixedArray<SystemCall | null, 512>>();

/** Makes `call` the answer to `number`. At boot. */
export function setSystemCall(number: u32, call: SystemCall): void {
  calls[number] = call;
}

/** Handles one `int 0x80`. Interrupts are on. */
export function handleSyscall(frame: TrapFrame): void {
  const task = current();
  if ((task.traceFlags & (TRACE_SYSCALLS | TRACE_STEP)) !== 0) {
    handleTraced(frame);
    return;
  }
  perform(frame, frame.eax);
}

function perform(frame: TrapFrame, number: u32): void {
  const call = number < SYSCALL_LIMIT ? calls[number] : null;
  if (call === null) frame.eax = u32(-ENOSYS);
  else frame.eax = u32(call(frame.ebx, frame.ecx, frame.edx, frame.esi, frame.edi, frame.ebp));
}

/**
 * The same for a task whose tracer wants to see calls, or single steps. It sees the beginning of a call with -ENOSYS in
 * EAX, and may change all of it: the number is in origEax. No call has the number -1; EAX is the result then.
 */
function handleTraced(frame: TrapFrame): void {
  const task = current();
  if ((task.traceFlags & TRACE_SYSCALLS) !== 0) {
    frame.eax = u32(-ENOSYS);
    traceSyscall(false);
    if (frame.origEax !== NOT_A_SYSCALL && !task.killed) perform(frame, frame.origEax);
  } else {
    perform(frame, frame.eax);
  }
  if ((task.traceFlags & TRACE_SYSCALLS) !== 0) traceSyscall(true);
  else if ((task.traceFlags & TRACE_STEP) !== 0) traceStepped();
}
