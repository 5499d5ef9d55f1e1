/*
 * The double fault's task: a context that needs nothing of the one that failed.
 *
 * The CPU has stored the registers of the failed context in the TSS that was in use, this CPU's ordinary one, and
 * loaded those that gdt.ts prepared: an own stack, the kernel's page directory. The page directory matters as much as
 * the stack: the cause may be that the old one is garbage.
 */

import { panicWithFrame } from '../../lib/panic.ts';
import { thisCpu } from './cpu.ts';
import { type TrapFrame, VECTOR_DOUBLE_FAULT } from './trapFrame.ts';

/** The entry of the task. Reports the context that failed, and ends. */
export function panicDoubleFault(): never {
  const cpu = thisCpu();
  const failed = cpu.tss;
  const frame = zeroed<Inline<TrapFrame>>();
  frame.ebx = failed.ebx;
  frame.ecx = failed.ecx;
  frame.edx = failed.edx;
  frame.esi = failed.esi;
  frame.edi = failed.edi;
  frame.ebp = failed.ebp;
  frame.eax = failed.eax;
  frame.ds = failed.ds;
  frame.es = failed.es;
  frame.fs = failed.fs;
  frame.gs = failed.gs;
  frame.vector = VECTOR_DOUBLE_FAULT;
  frame.eip = failed.eip;
  frame.cs = failed.cs;
  frame.eflags = failed.eflags;
  frame.esp = failed.esp;
  frame.ss = failed.ss;
  const overflow = failed.esp < cpu.stackLimit + 64 && cpu.stackLimit !== 0;
  if (overflow) panicWithFrame(frame, failed.esp, 'kernel stack overflow (stack ends at %p)', cpu.stackLimit);
  panicWithFrame(frame, failed.esp, 'double fault');
}
