/* Entry of the test kernels: a stack, our own flat segments, an interrupt table whose entries all lead to `interrupt`. */

    .section .multiboot, "a"
    .align 4
header:
    .long 0x1badb002, 0x00000003, -(0x1badb002 + 0x00000003)
    /* For a loader that does not read ELF, once the flags say so: where what is. */
    .long header, 0x100000, data_end, image_end, _start

    .text
    .globl _start
_start:
    cli
    mov $stack_top, %esp
    push %ebx                   /* the multiboot information, argument of main */
    lgdt gdt_pointer
    ljmp $0x08, $1f
1:  mov $0x10, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %ecx, %fs
    mov %ecx, %gs
    mov %ecx, %ss

    /* 256 gates: the stubs are 16 bytes apart. */
    mov $idt, %edi
    mov $stubs, %esi
    mov $256, %ecx
2:  mov %si, (%edi)
    movw $0x08, 2(%edi)
    movw $0x8e00, 4(%edi)
    mov %esi, %edx
    shr $16, %edx
    mov %dx, 6(%edi)
    add $8, %edi
    add $16, %esi
    loop 2b
    lidt idt_pointer

    call main
    push %eax
    call leave

    /* Where the other processors begin, in real mode; copied to 0x8000. Each takes a number and the stack that goes with it. */
    .globl trampoline, trampoline_end
    .code16
trampoline:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lgdtl 0x8100
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $0x08, $processor_entry
trampoline_end:
    .code32
processor_entry:
    mov $0x10, %ecx
    mov %ecx, %ds
    mov %ecx, %es
    mov %ecx, %fs
    mov %ecx, %gs
    mov %ecx, %ss
    lgdt gdt_pointer
    lidt idt_pointer
    mov $1, %eax
    lock xadd %eax, processors
    inc %eax
    mov %eax, %ecx
    imul $4096, %ecx
    lea processor_stacks(%ecx), %esp
    push %eax
    call processor_main
1:  cli
    hlt
    jmp 1b

    .weak processor_main

    .align 16
stubs:
    .set vector, 0
    .rept 256
    .align 16
    .if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17)
    .else
    push $0
    .endif
    push $vector
    jmp common
    .set vector, vector + 1
    .endr

common:
    pusha
    push %esp                   /* struct frame * */
    call interrupt
    add $4, %esp
    popa
    add $8, %esp
    iret

    .data
    .align 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word . - gdt - 1
    .long gdt
idt_pointer:
    .word 256 * 8 - 1
    .long idt

    .globl gdt_pointer
    .globl processors
processors:
    .long 0

    .bss
    .align 16
    .lcomm processor_stacks, 4096 * 9
    .lcomm idt, 2048
    .lcomm stack, 16384
    .set stack_top, stack + 16384
