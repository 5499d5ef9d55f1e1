/*
 * The interrupt descriptor table: where the CPU goes for each of the 256 vectors.
 *
 * All gates lead to the stubs of entry.ts, and turn interrupts off, with two exceptions: the system call's leaves them on,
 * and the double fault's is a task gate, which takes a whole context (gdt.ts) instead of trusting the stack. Ring 3 may
 * use three of them by `int n`: the breakpoint, the overflow trap and the system call; others are a general protection fault.
 */

import { buildStubs, systemCallEntry, trapStub } from './entry.ts';
import { loadIdt } from './gdt.ts';
import { DOUBLE_FAULT_SELECTOR, KERNEL_CS } from './segments.ts';
import { VECTOR_BREAKPOINT, VECTOR_DOUBLE_FAULT, VECTOR_OVERFLOW, VECTOR_SYSCALL } from './trapFrame.ts';

const VECTORS: u32 = 256;

// Kinds of gates: present, ring, type (SDM vol. 3A, figure 6-2).
const GATE_INTERRUPT: u32 = 0x8e00;
const GATE_INTERRUPT_USER: u32 = 0xee00;
const GATE_TRAP_USER: u32 = 0xef00;
const GATE_TASK: u32 = 0x8500;

/** @align 8 */
const idt = zeroed<FixedArray<u64, 256>>();

function gate(offset: u32, selector: u32, kind: u32): u64 {
  return (u64((offset & 0xffff0000) | kind) << 32n) | u64((selector << 16) | (offset & 0xffff));
}

/** Fills the table, and loads it on this CPU. Exceptions without a handler panic from now on. */
export function initTraps(): void {
  buildStubs();
  for (let vector: u32 = 0; vector < VECTORS; vector++) idt[vector] = gate(trapStub(vector), KERNEL_CS, GATE_INTERRUPT);
  idt[VECTOR_BREAKPOINT] = gate(trapStub(VECTOR_BREAKPOINT), KERNEL_CS, GATE_INTERRUPT_USER);
  idt[VECTOR_OVERFLOW] = gate(trapStub(VECTOR_OVERFLOW), KERNEL_CS, GATE_INTERRUPT_USER);
  idt[VECTOR_DOUBLE_FAULT] = gate(0, DOUBLE_FAULT_SELECTOR, GATE_TASK);
  idt[VECTOR_SYSCALL] = gate(u32(systemCallEntry), KERNEL_CS, GATE_TRAP_USER);
  loadTraps();
}

/** Loads the table on another CPU. */
export function loadTraps(): void {
  loadIdt(u32(idt), VECTORS * 8);
}
