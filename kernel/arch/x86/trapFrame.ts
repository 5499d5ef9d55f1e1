/*
 * The trap frame: the registers of whatever was interrupted, as the entry stubs (entry.ts) leave them on the kernel
 * stack.
 *
 *   high   ss esp        only if the CPU came from ring 3: user code, or nothing at all
 *          eflags cs eip   pushed by the CPU
 *          error           by the CPU, or 0 by the stub
 *          vector          by the stub
 *          origEax         by the common part: EAX for a system call, NOT_A_SYSCALL otherwise
 *          gs fs es ds eax ebp edi esi edx ecx ebx
 *   low    <- frame
 *
 * The order of the lowest words is that of Linux's pt_regs, so that ptrace and core dumps can be had by copying.
 */

/** `origEax` of a frame that does not come from a system call: nothing to restart. */
export const NOT_A_SYSCALL: u32 = 0xffffffff;

export class TrapFrame {
  ebx: u32;
  ecx: u32;
  edx: u32;
  esi: u32;
  edi: u32;
  ebp: u32;
  eax: u32;
  ds: u32; // selectors: the low 16 bits count, the rest is whatever the CPU pushed
  es: u32;
  fs: u32;
  gs: u32;
  origEax: u32;
  vector: u32;
  error: u32;
  eip: u32;
  cs: u32;
  eflags: u32;
  esp: u32; // this and ss: only there when isUserFrame
  ss: u32;
}

/** The frame of a trap inside the kernel ends before `esp`. */
export const KERNEL_FRAME_SIZE: u32 = 17 * 4;

/** Did the trap interrupt ring 3? */
export function isUserFrame(frame: TrapFrame): boolean {
  return (frame.cs & 3) === 3;
}

/** The value that ESP had when the trap hit. */
export function frameStackPointer(frame: TrapFrame): u32 {
  return isUserFrame(frame) ? frame.esp : u32(frame) + KERNEL_FRAME_SIZE;
}

// EFLAGS (SDM vol. 1, 3.4.3).
export const EFLAGS_CF: u32 = 0x00000001;
export const EFLAGS_FIXED: u32 = 0x00000002;
export const EFLAGS_TF: u32 = 0x00000100;
export const EFLAGS_IF: u32 = 0x00000200;
export const EFLAGS_DF: u32 = 0x00000400;
export const EFLAGS_IOPL: u32 = 0x00003000;
export const EFLAGS_NT: u32 = 0x00004000;
export const EFLAGS_RF: u32 = 0x00010000;
export const EFLAGS_VM: u32 = 0x00020000;
export const EFLAGS_AC: u32 = 0x00040000;
/** What user code may change by popf, and a signal handler by sigreturn: CF PF AF ZF SF TF DF OF AC. */
export const EFLAGS_USER: u32 = 0x00040dd5;

// Exceptions (SDM vol. 3A, table 6-1).
export const VECTOR_DIVIDE: u32 = 0;
export const VECTOR_DEBUG: u32 = 1;
export const VECTOR_NMI: u32 = 2;
export const VECTOR_BREAKPOINT: u32 = 3;
export const VECTOR_OVERFLOW: u32 = 4;
export const VECTOR_BOUND: u32 = 5;
export const VECTOR_INVALID_OPCODE: u32 = 6;
export const VECTOR_NO_FPU: u32 = 7;
export const VECTOR_DOUBLE_FAULT: u32 = 8;
export const VECTOR_INVALID_TSS: u32 = 10;
export const VECTOR_NOT_PRESENT: u32 = 11;
export const VECTOR_STACK: u32 = 12;
export const VECTOR_PROTECTION: u32 = 13;
export const VECTOR_PAGE_FAULT: u32 = 14;
export const VECTOR_FPU: u32 = 16;
export const VECTOR_ALIGNMENT: u32 = 17;
export const VECTOR_MACHINE_CHECK: u32 = 18;
export const VECTOR_SIMD: u32 = 19;
export const VECTOR_SYSCALL: u32 = 0x80;

// The error code of a page fault (SDM vol. 3A, figure 4-12).
/** Set: the page is there, but not for this kind of access. Clear: no page. */
export const FAULT_PRESENT: u32 = 1;
export const FAULT_WRITE: u32 = 2;
export const FAULT_USER: u32 = 4;
