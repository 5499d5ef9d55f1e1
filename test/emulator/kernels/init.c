/*
 * The registers with which a processor begins after INIT and STARTUP, and what an INIT leaves as it is: FPU, MSRs, TSC (SDM
 * vol. 3A, table 10-1). The processor keeps them where it starts, sets some, and is initialised again.
 */
#include "kernel.h"

#define SVR 0xf0
#define ICR_LOW 0x300
#define ICR_HIGH 0x310
#define INIT 0x4500
#define STARTUP 0x4600

/* Offsets from the start of the probe; known to the assembly code too. */
#define KEPT 0x200
#define KEPT_SEGMENTS 0x220
#define KEPT_CONTROL 0x240
#define KEPT_TABLES 0x260
#define KEPT_REST 0x280
#define STARTS 0x2f0

__asm__(".macro keep register, at\n"
        "  movl %\\register, %cs:\\at\n"
        ".endm\n"
        ".macro keep_special register, at\n"
        "  movl %\\register, %eax\n"
        "  keep eax, \\at\n"
        ".endm\n"
        ".macro keep_msr index, at\n"
        "  movl $\\index, %ecx\n"
        "  rdmsr\n"
        "  keep eax, \\at\n"
        ".endm\n"
        ".macro set_msr index, low, high\n"
        "  movl $\\index, %ecx\n"
        "  movl $\\low, %eax\n"
        "  movl $\\high, %edx\n"
        "  wrmsr\n"
        ".endm\n"
        ".code16\n"
        ".globl probe, probe_end\n"
        "probe:\n"
        "  keep eax, 0x200; keep ebx, 0x204; keep ecx, 0x208; keep edx, 0x20c\n"
        "  keep esi, 0x210; keep edi, 0x214; keep ebp, 0x218; keep esp, 0x21c\n"
        "  movw %ds, %cs:0x220; movw %es, %cs:0x222; movw %ss, %cs:0x224\n"
        "  movw %fs, %cs:0x226; movw %gs, %cs:0x228; movw %cs, %cs:0x22a\n"
        "  keep_special cr0, 0x240; keep_special cr2, 0x244; keep_special cr3, 0x248; keep_special cr4, 0x24c\n"
        "  keep_special dr0, 0x250; keep_special dr6, 0x254; keep_special dr7, 0x258\n"
        "  sidtl %cs:0x260; sgdtl %cs:0x268\n"
        "  xorw %ax, %ax\n"
        "  movw %ax, %ss\n"
        "  movl $0x7000, %esp\n"
        "  fnstcw %cs:0x280; fnstsw %cs:0x282\n"
        "  rdtsc\n"
        "  keep edx, 0x284\n"
        "  keep_msr 0x174, 0x288; keep_msr 0x175, 0x28c\n"
        "  movl $1, %eax\n"
        "  cpuid\n"
        "  keep eax, 0x290\n"
        "  incl %cs:0x2f0\n"
        /* What the next INIT finds. */
        "  movl %cr0, %eax\n"
        "  andl $0x9fffffff, %eax\n"
        "  movl %eax, %cr0\n"
        "  movl $0x123, %eax\n"
        "  movl %eax, %dr0\n"
        "  movl %eax, %cr2\n"
        "  movl %eax, %esi\n"
        "  movw $0x27f, %cs:0x2a0\n"
        "  fninit\n"
        "  fldcw %cs:0x2a0\n"
        "  fld1\n"
        "  set_msr 0x10, 0, 0x1000\n"
        "  set_msr 0x174, 8, 0\n"
        "  set_msr 0x175, 0x777, 0\n"
        "  movw $0x55, %ax\n"
        "  movw %ax, %ds\n"
        "  movw %ax, %gs\n"
        "1: hlt\n"
        "  jmp 1b\n"
        "probe_end:\n"
        ".code32\n");

extern u8 probe[], probe_end[];

void handler(struct frame *frame) { leave(0x80 | frame->vector); }

static void wait(void) {
  for (volatile u32 i = 0; i < 100000; i++) {
  }
}

static void send(u32 command) {
  lapic_write(ICR_HIGH, 1 << 24);
  lapic_write(ICR_LOW, command);
  wait();
}

static void show(const char *name, u32 base, u32 offset, u32 count, u32 bytes) {
  puts(name);
  for (u32 i = 0; i < count; i++) {
    u32 at = base + offset + i * bytes;
    putch(' ');
    puthex(bytes == 4 ? *(volatile u32 *)at : *(volatile u16 *)at);
  }
  putch('\n');
}

static void show_all(u32 base) {
  report("started", *(volatile u32 *)(base + STARTS));
  show("registers", base, KEPT, 8, 4);
  show("segments", base, KEPT_SEGMENTS, 6, 2);
  show("control and debug", base, KEPT_CONTROL, 7, 4);
  show("idt", base, KEPT_TABLES, 3, 2);
  show("gdt", base, KEPT_TABLES + 8, 3, 2);
  show("fpu", base, KEPT_REST, 2, 2);
  show("tsc, msrs", base, KEPT_REST + 4, 3, 4);
  report("signature in edx", *(volatile u32 *)(base + KEPT + 12) == *(volatile u32 *)(base + KEPT_REST + 16));
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  for (u32 base = 0x8000; base <= 0x9000; base += 0x1000) {
    u8 *code = (u8 *)base;
    for (u32 i = 0; i < 0x300; i++) code[i] = i < (u32)(probe_end - probe) ? probe[i] : 0;
  }
  send(INIT);
  send(STARTUP | 8);
  send(STARTUP | 9); /* it is not waiting any more */
  report("not by the second", *(volatile u32 *)(0x9000 + STARTS));
  show_all(0x8000);
  send(INIT);
  send(0x8500); /* INIT level de-assert */
  send(STARTUP | 9);
  show_all(0x9000);
  return 0;
}
