/*
 * The context switch.
 *
 * A task that does not run has, on top of its kernel stack, the four registers that a function must preserve, and the
 * address where it goes on. Everything else has been saved by the compiled code around the call.
 *
 *   saved ESP ->  ebp  edi  esi  ebx  return address
 *
 * A new task is made to look like that, with an entry function as its return address.
 */

import { leaveThrough } from './entry.ts';
import { type TrapFrame } from './trapFrame.ts';
import { prepareReturn } from './traps.ts';

/**
 * Puts the current context away, stores its stack pointer at `from`, and goes on where the one whose stack pointer is
 * `to` was put away. Returns when somebody switches back. Interrupts are off.
 *
 * @naked
 */
export function switchContext(_from: Ptr<u32>, _to: u32): void {
  return asm`
    push ebx
    push esi
    push edi
    push ebp
    mov [eax], esp
    mov esp, edx
    pop ebp
    pop edi
    pop esi
    pop ebx
    ret
  `;
}

/**
 * Prepares an empty stack (`top` is the first address above it) so that switching to it calls `entry`, which must not
 * return. The result is the stack pointer to switch to. A zero above the entry ends backtraces.
 */
export function prepareKernelStack(top: u32, entry: () => void): u32 {
  const words = ptr<u32>(top - 24);
  words[0] = 0; // ebp
  words[1] = 0; // edi
  words[2] = 0; // esi
  words[3] = 0; // ebx
  words[4] = u32(entry);
  words[5] = 0; // where `entry` would return to
  return u32(words);
}

/** Leaves for ring 3 as `frame`, on this stack, says. What the hook of traps.ts does happens first. */
export function returnToUser(frame: TrapFrame): never {
  prepareReturn(frame);
  return leaveThrough(u32(frame));
}
