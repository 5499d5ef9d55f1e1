/*
 * The first instructions of an application processor.
 *
 * A STARTUP message makes a CPU begin in real mode, at the start of a page below 1 MiB that the message names (SDM vol. 3A,
 * 9.4). `trampoline` is made to be copied to such a page: it refers to itself by offsets in its segment only. From there
 * the way is that of boot.ts: protected mode with flat segments, `bootDirectory`, then off to where the kernel is linked.
 *
 *   real mode, page:0      trampoline       loads `bootDescriptors`, turns protection on
 *   where it was loaded    startProtected   turns paging on, with bootDirectory
 *   where it is linked     startProcessor   takes the kernel's directory, a stack, and goes to `startEntry`
 *
 * The stack. Whoever starts a CPU offers it one in `offeredStack`, and withdraws the offer when nobody comes. One atomic
 * exchange decides who has it: a CPU that wakes up too late finds none, and goes to sleep for good.
 */

import { bootDescriptors, bootDirectory, kernelCr3, offeredStack, startEntry } from './bootMemory.ts';

/** More than the code takes; what lies behind it is copied along, and never executed. */
export const TRAMPOLINE_SIZE: u32 = 128;

/**
 * Real mode, CS:IP = page:0, everything else undefined.
 *
 * @naked
 */
export function trampoline(): never {
  return asm`
    .code16
  begin:
    cli
    cld
    mov ax, cs
    mov ds, ax
    .byte 0x66                    ; all 32 bits of the base
    lgdt [pseudo - begin]
    mov eax, cr0
    or al, 1                      ; PE
    mov cr0, eax
    .byte 0x66, 0xea              ; jmp 0x08:startProtected, 32 bits
    .long ${startProtected}
    .word 0x08
  pseudo:
    .word 23
    .long ${bootDescriptors} - 0xC0000000
  `;
}

/**
 * Protected mode, paging off, where it was loaded (which is where the section is linked).
 *
 * @section .boot.text
 * @naked
 */
function startProtected(): never {
  return asm`
    mov eax, 0x10
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, cr4
    or eax, 0x10                  ; PSE: bootDirectory has 4 MiB pages
    mov cr4, eax
    mov eax, ${bootDirectory} - 0xC0000000
    mov cr3, eax
    mov eax, cr0
    and eax, 0x9fffffff           ; CD and NW are set after INIT: caches on
    or eax, 0x80010000            ; PG, WP
    mov cr0, eax
    mov eax, ${startProcessor}
    jmp eax
  `;
}

/**
 * At the linked address; no stack yet.
 *
 * @naked
 */
function startProcessor(): never {
  return asm`
    mov eax, [${kernelCr3}]
    mov cr3, eax
    xor eax, eax
    xchg [${offeredStack}], eax
    test eax, eax
    jz late
    mov esp, eax
    push 0                        ; ends backtraces
    push 0                        ; nobody to return to
    jmp [${startEntry}]
  late:
    cli
    hlt
    jmp late
  `;
}
