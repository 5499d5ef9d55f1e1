/*
 * Interrupts on and off, on this CPU.
 */

import { EFLAGS_IF } from './trapFrame.ts';

/** Turns interrupts off; returns what `irqRestore` needs. */
export function irqSave(): u32 {
  const flags = readEflags();
  cli();
  return flags;
}

/** Interrupts are again as they were before the `irqSave` that returned `flags`. */
export function irqRestore(flags: u32): void {
  if ((flags & EFLAGS_IF) !== 0) sti();
}
