/*
 * Exceptions: what a program's mistakes become.
 *
 * In user mode an exception is a signal to the thread that caused it, with the address that tells why. A page fault is
 * the program's mistake only if the memory manager says so. In the kernel an exception is a bug, with one family of
 * exceptions to the rule: instructions that touch user memory on a program's behalf are listed in the exception table
 * with a place to go on at, and the call then fails with EFAULT.
 *
 * When there is no memory for a page that a program needs, the program is killed, with a message: it was promised the
 * page, so there is no errno to return.
 *
 * @source SDM vol. 3A, chapter 6; the Linux i386 ABI for signals and codes.
 */

import {
  BUS_ADRALN,
  BUS_ADRERR,
  FPE_FLTDIV,
  FPE_FLTINV,
  FPE_FLTOVF,
  FPE_FLTRES,
  FPE_FLTUND,
  FPE_INTDIV,
  ILL_ILLOPN,
  SEGV_MAPERR,
  SI_KERNEL,
  SIGBUS,
  SIGFPE,
  SIGILL,
  SIGSEGV,
  SIGTRAP,
  TRAP_TRACE,
} from '../abi/signal.ts';
import { current, thisCpu } from '../arch/x86/cpu.ts';
import { fixupException } from '../arch/x86/exceptionTable.ts';
import { fpuSave } from '../arch/x86/fpu.ts';
import { USER_END } from '../arch/x86/layout.ts';
import {
  EFLAGS_IF,
  EFLAGS_TF,
  FAULT_PRESENT,
  isUserFrame,
  type TrapFrame,
  VECTOR_ALIGNMENT,
  VECTOR_BOUND,
  VECTOR_BREAKPOINT,
  VECTOR_DEBUG,
  VECTOR_DIVIDE,
  VECTOR_FPU,
  VECTOR_INVALID_OPCODE,
  VECTOR_INVALID_TSS,
  VECTOR_NOT_PRESENT,
  VECTOR_OVERFLOW,
  VECTOR_PAGE_FAULT,
  VECTOR_PROTECTION,
  VECTOR_SIMD,
  VECTOR_STACK,
} from '../arch/x86/trapFrame.ts';
import { panicOnTrap, setTrapHandler } from '../arch/x86/traps.ts';
import { FAULT_BUS, FAULT_HANDLED, handleMmFault } from '../mm/fault.ts';
import { vmCounters } from '../mm/vmCounters.ts';
import { outOfMemory } from './oom.ts';
import { killPending } from './scheduler.ts';
import { forceSignal } from './signalSend.ts';
import { type Task } from './task.ts';

/** Sends the signal for a fault of the current thread, which has left `frame`. */
function signalFault(frame: TrapFrame, signal: i32, code: i32, address: u32): void {
  const task = current();
  task.trapNumber = frame.vector;
  task.trapError = frame.error;
  forceSignal(signal, code, address);
}

// ---------------------------------------------------------------------------------------------------------------------
// Page faults.

/** Brings the page in, or tells what was wrong: FAULT_... or -errno. Interrupts are on. */
function resolve(address: u32, error: u32): i32 {
  const task = current();
  const mm = task.mm;
  if (address >= USER_END || mm === null) return SEGV_MAPERR;
  task.hasRead = false;
  const result = handleMmFault(mm, address, error);
  if (result === FAULT_HANDLED) countFault(task);
  return result;
}

function countFault(task: Task): void {
  if (task.hasRead) {
    task.majorFaults++;
    atomic.inc(addrOf(vmCounters().majorFaults));
  } else task.minorFaults++;
}

function userPageFault(frame: TrapFrame, address: u32): void {
  const result = resolve(address, frame.error);
  if (result === FAULT_HANDLED) return;
  if (result < 0) {
    outOfMemory();
    return;
  }
  current().faultAddress = address;
  if (address >= USER_END) frame.error |= FAULT_PRESENT; // nobody is to learn what the kernel has mapped
  if (result === FAULT_BUS) signalFault(frame, SIGBUS, BUS_ADRERR, address);
  else signalFault(frame, SIGSEGV, result, address);
}

/** The kernel touched user memory, or it has a bug. */
function kernelPageFault(frame: TrapFrame, address: u32): void {
  const maySleep = (frame.eflags & EFLAGS_IF) !== 0 && thisCpu().spinDepth === 0;
  if (address < USER_END && maySleep) {
    sti();
    const result = resolve(address, frame.error);
    if (result < 0) outOfMemory();
    cli();
    if (result === FAULT_HANDLED || (result < 0 && !killPending())) return; // tried again
  }
  if (!fixupException(frame)) panicOnTrap(frame);
}

function handlePageFault(frame: TrapFrame): void {
  const address = readCr2();
  if (!isUserFrame(frame)) {
    kernelPageFault(frame, address);
    return;
  }
  sti();
  userPageFault(frame, address);
}

// ---------------------------------------------------------------------------------------------------------------------
// The others.

/** What an FPU exception was about, from the flags that are set and not masked. */
function fpuCode(flags: u32): i32 {
  if ((flags & 0x01) !== 0) return FPE_FLTINV;
  if ((flags & 0x04) !== 0) return FPE_FLTDIV;
  if ((flags & 0x08) !== 0) return FPE_FLTOVF;
  if ((flags & 0x12) !== 0) return FPE_FLTUND;
  return (flags & 0x20) !== 0 ? FPE_FLTRES : SI_KERNEL;
}

/** An exception of the x87 unit or of SSE. Their status comes from memory, as fpuSave leaves it. */
function fpuFault(frame: TrapFrame): void {
  const task = current();
  fpuSave(task.fpu);
  const halfWords = ptr<u16>(task.fpu.area);
  const mxcsr = ptr<u32>(task.fpu.area)[6];
  const x87 = u32(halfWords[1]) & ~u32(halfWords[0]);
  const flags = frame.vector === VECTOR_FPU ? x87 : mxcsr & ~(mxcsr >>> 7);
  signalFault(frame, SIGFPE, fpuCode(flags & 0x3f), frame.eip);
}

/** All exceptions but page faults. */
function handleException(frame: TrapFrame): void {
  if (!isUserFrame(frame)) {
    if (frame.vector === VECTOR_DEBUG) frame.eflags &= ~EFLAGS_TF; // arch/x86/singleStep.ts
    if (!fixupException(frame)) panicOnTrap(frame);
    return;
  }
  sti();
  switch (frame.vector) {
    case VECTOR_DIVIDE:
      signalFault(frame, SIGFPE, FPE_INTDIV, frame.eip);
      break;
    case VECTOR_DEBUG:
      frame.eflags &= ~EFLAGS_TF;
      signalFault(frame, SIGTRAP, TRAP_TRACE, frame.eip);
      break;
    case VECTOR_BREAKPOINT:
      signalFault(frame, SIGTRAP, SI_KERNEL, 0);
      break;
    case VECTOR_INVALID_OPCODE:
      signalFault(frame, SIGILL, ILL_ILLOPN, frame.eip);
      break;
    case VECTOR_NOT_PRESENT:
    case VECTOR_STACK:
      signalFault(frame, SIGBUS, SI_KERNEL, 0);
      break;
    case VECTOR_ALIGNMENT:
      signalFault(frame, SIGBUS, BUS_ADRALN, 0);
      break;
    case VECTOR_FPU:
    case VECTOR_SIMD:
      fpuFault(frame);
      break;
    default: // overflow, bound, invalid TSS, general protection: privileged instructions are here
      signalFault(frame, SIGSEGV, SI_KERNEL, 0);
  }
}

/** Takes over the exceptions that programs can cause. */
export function initTrapHandlers(): void {
  setTrapHandler(VECTOR_PAGE_FAULT, handlePageFault);
  setTrapHandler(VECTOR_DIVIDE, handleException);
  setTrapHandler(VECTOR_DEBUG, handleException);
  setTrapHandler(VECTOR_BREAKPOINT, handleException);
  setTrapHandler(VECTOR_OVERFLOW, handleException);
  setTrapHandler(VECTOR_BOUND, handleException);
  setTrapHandler(VECTOR_INVALID_OPCODE, handleException);
  setTrapHandler(VECTOR_INVALID_TSS, handleException);
  setTrapHandler(VECTOR_NOT_PRESENT, handleException);
  setTrapHandler(VECTOR_STACK, handleException);
  setTrapHandler(VECTOR_PROTECTION, handleException);
  setTrapHandler(VECTOR_FPU, handleException);
  setTrapHandler(VECTOR_ALIGNMENT, handleException);
  setTrapHandler(VECTOR_SIMD, handleException);
}
