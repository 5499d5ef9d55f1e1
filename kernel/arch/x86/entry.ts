/*
 * Ways into the kernel and out of it: the code between the CPU's hardware frame and the handlers in traps.ts.
 *
 * Every vector has a stub of a few bytes, which pushes what the CPU did not (an error code of 0, the vector) and jumps to
 * `trapEntry`. The stubs are all alike, so `buildStubs` writes them, rather than a human 256 times. The system call has
 * an entry of its own. Both build a TrapFrame (trapFrame.ts), and leave by the same way:
 *
 *   vector 14:  push 14; jmp trapEntry      int 0x80:  systemCallEntry
 *                     |                                     |
 *               call handleTrap                       call handleSystemCall
 *                     |                                     |
 *                     +-------->  leaveKernel: pop, iret  <-+------  returnToUser, forked tasks
 *
 * Segments. User code chooses its own selectors; the kernel's are loaded on every entry and the old ones restored on
 * every exit, whichever ring was interrupted: a trap may well hit between the two on the way out.
 *
 * On the way out the CPU checks what user code, or a signal handler's frame, left in the segment registers. A selector
 * that is no longer good faults in the kernel; the exception table turns that into a null selector, and a bad IRET into a
 * general protection fault of the program.
 */

import { handleSystemCall, handleTrap } from './traps.ts';

/** Bytes of one stub: push imm8 (2), push imm32 (5), jmp rel32 (5), and padding. */
const STUB_SIZE: u32 = 16;
const VECTORS: u32 = 256;

/** @align 16 */
const stubs = zeroed<FixedArray<u8, 4096>>();

/** The address where vector `vector` enters. */
export function trapStub(vector: u32): u32 {
  return u32(stubs) + vector * STUB_SIZE;
}

/** Does the CPU push an error code for this exception? (SDM vol. 3A, table 6-1) */
function hasErrorCode(vector: u32): boolean {
  return vector === 8 || (vector >= 10 && vector <= 14) || vector === 17 || vector === 21;
}

/** Writes the stubs. Once, before any interrupt descriptor points at them. */
export function buildStubs(): void {
  for (let vector: u32 = 0; vector < VECTORS; vector++) {
    let at = ptr<u8>(trapStub(vector));
    if (!hasErrorCode(vector)) {
      at[0] = 0x6a; // push 0
      at[1] = 0;
      at = at.add(2);
    }
    at[0] = 0x68; // push vector
    ptr<u32>(at.add(1))[0] = vector;
    at[5] = 0xe9; // jmp trapEntry, relative to what follows
    ptr<u32>(at.add(6))[0] = u32(trapEntry) - (u32(at) + 10);
  }
}

/**
 * The common part of all vectors but the system call's. On the stack: vector, error, and the CPU's frame.
 *
 * @naked
 */
function trapEntry(): never {
  return asm`
    push -1                       ; NOT_A_SYSCALL
    push gs
    push fs
    push es
    push ds
    push eax
    push ebp
    push edi
    push esi
    push edx
    push ecx
    push ebx
    cld
    mov eax, 0x68                 ; KERNEL_DS
    mov ds, eax
    mov es, eax
    mov eax, 0xd8                 ; PER_CPU_SELECTOR
    mov gs, eax
    mov eax, esp
    call ${handleTrap}
    jmp ${leaveKernel}
  `;
}

/**
 * int 0x80: a trap gate, so interrupts are on. EAX holds the number of the call.
 *
 * @naked
 */
export function systemCallEntry(): never {
  return asm`
    push 0                        ; no error code
    push 0x80
    push eax                      ; what a restart puts back
    push gs
    push fs
    push es
    push ds
    push eax
    push ebp
    push edi
    push esi
    push edx
    push ecx
    push ebx
    cld
    mov eax, 0x68                 ; KERNEL_DS
    mov ds, eax
    mov es, eax
    mov eax, 0xd8                 ; PER_CPU_SELECTOR
    mov gs, eax
    mov eax, esp
    call ${handleSystemCall}
    jmp ${leaveKernel}
  `;
}

/**
 * Back to whatever the frame on top of the stack describes. Interrupts are off if that is ring 3.
 *
 * @naked
 */
export function leaveKernel(): never {
  return asm`
    pop ebx
    pop ecx
    pop edx
    pop esi
    pop edi
    pop ebp
    pop eax
  restoreDs:
    pop ds
  restoreEs:
    pop es
  restoreFs:
    pop fs
  restoreGs:
    pop gs
    add esp, 12                   ; origEax, vector, error
  return:
    iretd

  badDs:
    mov dword ptr [esp], 0
    jmp restoreDs
  badEs:
    mov dword ptr [esp], 0
    jmp restoreEs
  badFs:
    mov dword ptr [esp], 0
    jmp restoreFs
  badGs:
    mov dword ptr [esp], 0
    jmp restoreGs
  badReturn:                      ; as if the program had faulted at the place where we wanted to go
    push 0
    push 13
    jmp ${trapEntry}
    .extable restoreDs, badDs
    .extable restoreEs, badEs
    .extable restoreFs, badFs
    .extable restoreGs, badGs
    .extable return, badReturn
  `;
}

/**
 * Goes to ring 3 (or back into the kernel) through a frame that lies anywhere on this stack.
 *
 * @naked
 */
export function leaveThrough(_frame: u32): never {
  return asm`
    mov esp, eax
    jmp ${leaveKernel}
  `;
}

/** Is `start` the start of a function above that calls a handler with a TrapFrame on the stack? For backtraces. */
export function isTrapEntry(start: u32): boolean {
  return start === u32(trapEntry) || start === u32(systemCallEntry);
}
