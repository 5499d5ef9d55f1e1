/*
 * The first instructions, and the root of the kernel's call graph.
 *
 * A multiboot loader leaves the CPU in protected mode with flat segments, paging off, interrupts off, EAX holding a
 * magic number and EBX the address of the boot information (Multiboot Specification 0.6.96, section 3.2). The kernel is
 * linked at 3 GiB and loaded at 1 MiB. `start` runs where it was loaded, and closes that gap:
 *
 *   bootDirectory:  0 - 768 MiB   ->  the same physical memory (so that the next instruction is still there)
 *                   3 - 3.75 GiB  ->  the same physical memory (where the kernel is linked)
 *
 * with 4 MiB pages, which need no page tables. mm/kernelMap.ts replaces this by the real thing. The directory stays:
 * an application processor wakes up in the same position as the first one.
 */

import { MULTIBOOT_HEADER_MAGIC, MULTIBOOT_MEMORY_INFO, MULTIBOOT_PAGE_ALIGN } from '../../abi/bootInfo.ts';
import { kernelMain } from '../../main.ts';
import { bootDirectory, bootStack } from './bootMemory.ts';

const HEADER_FLAGS: u32 = MULTIBOOT_PAGE_ALIGN | MULTIBOOT_MEMORY_INFO;

/**
 * What the loader looks for in the first 8 KiB of the file. The three words add up to 0.
 *
 * @section .multiboot
 * @export
 */
export const multibootHeader = table<u32, 3>(
  MULTIBOOT_HEADER_MAGIC,
  HEADER_FLAGS,
  0 - (MULTIBOOT_HEADER_MAGIC + HEADER_FLAGS),
);

/**
 * The entry of the image. Paging on, then off to where the kernel is linked.
 *
 * @section .boot.text
 * @naked
 * @export
 */
export function start(): never {
  return asm`
    cli
    cld
    mov esi, eax                  ; the loader's magic; EBX has the boot information

    mov edi, ${bootDirectory}     ; a linked address: 3 GiB too high as yet
    sub edi, 0xC0000000
    mov eax, 0x83                 ; present, writable, 4 MiB
    mov ecx, 192                  ; 768 MiB
  fill:
    mov [edi], eax
    mov [edi + 3072], eax         ; entry 768: 3 GiB
    add edi, 4
    add eax, 0x400000
    dec ecx
    jnz fill
    sub edi, 768                  ; back to the first entry

    mov eax, cr4
    or eax, 0x10                  ; PSE: 4 MiB pages
    mov cr4, eax
    mov cr3, edi
    mov eax, cr0
    or eax, 0x80010000            ; PG, and WP: read-only holds for the kernel too
    mov cr0, eax
    mov eax, ${startHigh}
    jmp eax
  `;
}

/**
 * From here on addresses are what the linker says. Word 0 of the stack ends backtraces.
 *
 * @naked
 */
function startHigh(): never {
  return asm`
    mov esp, ${bootStack}
    add esp, 12284                ; its top, less one word
    mov dword ptr [esp], 0
    mov eax, esi
    mov edx, ebx
    push 0                        ; nobody to return to
    jmp ${kernelMain}
  `;
}
