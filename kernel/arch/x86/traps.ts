/*
 * Who handles which vector.
 *
 *     0 -  31  exceptions                       setTrapHandler
 *    32 -  55  lines of the interrupt hardware  setVectorHandler, by irq.ts
 *   128        the system call                  setSystemCallHandler
 *   239 - 255  local APIC: timer, messages between CPUs, spurious
 *
 * The CPU arrives here with interrupts off, except from a system call. A handler of an exception may turn them on, after
 * it has read CR2; handlers of interrupts leave them off.
 *
 * Before a return to ring 3 the hook runs, which reschedules and delivers signals. It is called with interrupts off and
 * returns with interrupts off, so that nothing can come up between its last look and the IRET.
 *
 * A vector without a handler is a bug, or broken hardware: the kernel panics with the frame.
 */

import { panicWithFrame } from '../../lib/panic.ts';
import { checkReturnToUser } from '../../sync/lockChecker.ts';
import { thisCpu } from './cpu.ts';
import {
  FAULT_PRESENT,
  FAULT_USER,
  FAULT_WRITE,
  frameStackPointer,
  isUserFrame,
  type TrapFrame,
  VECTOR_PAGE_FAULT,
} from './trapFrame.ts';

export type TrapHandler = (frame: TrapFrame) => void;

/** A trap in the kernel with less room on the stack than this is the overflow that is about to happen. */
const STACK_RESERVE: u32 = 384;

const handlers = zeroed<FixedArray<TrapHandler | null, 256>>();
let systemCallHandler: TrapHandler | null = null;
let returnHook: TrapHandler | null = null;

/** Names of the exceptions, for reports. */
const exceptionNames = table<string, 22>(
  'divide error',
  'debug',
  'NMI',
  'breakpoint',
  'overflow',
  'bound range exceeded',
  'invalid opcode',
  'no FPU',
  'double fault',
  'coprocessor segment overrun',
  'invalid TSS',
  'segment not present',
  'stack fault',
  'general protection fault',
  'page fault',
  'reserved',
  'FPU error',
  'alignment check',
  'machine check',
  'SIMD error',
  'virtualization exception',
  'control protection exception',
);

/** Exceptions: `handler` is called with interrupts off, and may turn them on. */
export function setTrapHandler(vector: u32, handler: TrapHandler): void {
  handlers[vector] = handler;
}

/** Interrupts: `handler` is called with interrupts off, and leaves them off. */
export function setVectorHandler(vector: u32, handler: TrapHandler): void {
  handlers[vector] = handler;
}

/** int 0x80: `handler` is called with interrupts on. */
export function setSyscallHandler(handler: TrapHandler): void {
  systemCallHandler = handler;
}

/** What runs before each return to ring 3: with interrupts off, before and after. */
export function setReturnToUserHook(hook: TrapHandler): void {
  returnHook = hook;
}

/** From entry.ts, for every vector but the system call's. */
export function handleTrap(frame: TrapFrame): void {
  const handler = handlers[frame.vector];
  if (!isUserFrame(frame)) checkStack(frame);
  if (handler === null) panicOnTrap(frame);
  handler(frame);
  if (isUserFrame(frame)) prepareReturn(frame);
}

/** From entry.ts. */
export function handleSystemCall(frame: TrapFrame): void {
  const handler = systemCallHandler;
  if (handler === null) panicOnTrap(frame);
  handler(frame);
  prepareReturn(frame);
}

/** The last stop before ring 3. */
export function prepareReturn(frame: TrapFrame): void {
  cli();
  const hook = returnHook;
  if (hook !== null) hook(frame);
  checkReturnToUser();
}

/**
 * A trap inside the kernel has pushed its frame where the interrupted code had its stack. The page below a kernel stack
 * is a hole, and running into it is a double fault; this check is for the machine that has none to give.
 */
function checkStack(frame: TrapFrame): void {
  const limit = thisCpu().stackLimit;
  const at = u32(frame);
  if (limit !== 0 && at < limit + STACK_RESERVE && at + 0x4000 > limit) {
    panicWithFrame(frame, frameStackPointer(frame), 'kernel stack overflow (stack ends at %p)', limit);
  }
}

/** Reports a trap that the kernel did not expect, decoded, with the registers of its frame. */
export function panicOnTrap(frame: TrapFrame): never {
  const esp = frameStackPointer(frame);
  const vector = frame.vector;
  if (vector === VECTOR_PAGE_FAULT) panicOnPageFault(frame, esp);
  if (vector < 22) panicWithFrame(frame, esp, '%s (error code %x)', exceptionNames[vector], frame.error);
  panicWithFrame(frame, esp, 'unexpected interrupt, vector %u', vector);
}

function panicOnPageFault(frame: TrapFrame, esp: u32): never {
  const error = frame.error;
  const address = readCr2();
  const who = (error & FAULT_USER) !== 0 ? 'user mode' : 'the kernel';
  const what = (error & FAULT_WRITE) !== 0 ? 'write to' : 'read from';
  const why = (error & FAULT_PRESENT) !== 0 ? 'not allowed' : address < 4096 ? 'null pointer' : 'no page there';
  panicWithFrame(frame, esp, 'page fault: %s %p by %s: %s', what, address, who, why);
}
