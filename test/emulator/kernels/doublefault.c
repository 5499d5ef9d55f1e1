/*
 * Exceptions while an event is delivered: which are handled one after the other, which make a double fault, and that the
 * double fault comes by an interrupt gate as well as by a task gate. The last case is a triple fault: nothing may follow.
 * Source: Intel SDM vol. 3A, 6.13 and 6.15.
 */
#include "kernel.h"

#define PRESENT 0x8000u
#define GATE_TASK 0x8500u
/* Set in error codes of what an event met; QEMU leaves it out. */
#define CODE_EXTERNAL 1u

/* Mapped one to one are the first 4 MB, but for the two pages of `hole` when paging is on. */
static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));
static u8 hole[8192] __attribute__((aligned(4096)));
static u8 own_stack[4096] __attribute__((aligned(16)));

static struct pointer {
  u16 limit;
  u32 base;
} __attribute__((packed)) real_idt;
static u32 moved_idt_space[2048] __attribute__((aligned(4096)));

static u32 volatile resume_eip, resume_esp;

struct tss {
  u32 link, esp0, ss0, unused[4], cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, ldt, io;
};
static struct tss first_task, fault_task;
static u32 long_gdt[10] __attribute__((aligned(8)));

/* Handlers return to where `provoke` was called. */
static void back(void) __attribute__((noreturn));
static void back(void) {
  __asm__ volatile("mov %0, %%esp; jmp *%1" ::"m"(resume_esp), "r"(resume_eip));
  __builtin_unreachable();
}

void handler(struct frame *frame) {
  puts(" vector ");
  putdec(frame->vector);
  puts(" code ");
  putdec(frame->error & ~CODE_EXTERNAL);
  puts("\n");
  back();
}

/* Runs the instructions, and goes on after them when a handler calls `back`. */
#define PROVOKE(name, ...)                                                                                             \
  do {                                                                                                                 \
    puts(name);                                                                                                        \
    __asm__ volatile("push %%ebp; movl $1f, %0; mov %%esp, %1\n" __VA_ARGS__ "\n1: pop %%ebp"                                                \
                     : "=m"(resume_eip), "=m"(resume_esp)::"eax", "ecx", "edx", "ebx", "esi", "edi", "memory");        \
  } while (0)

static u16 *gate(u32 vector) { return (u16 *)(real_idt.base + 8 * vector); }
static void set_present(u32 vector, int present) {
  gate(vector)[2] = present ? gate(vector)[2] | PRESENT : gate(vector)[2] & ~PRESENT;
}

static void enable_paging(void) {
  for (u32 i = 0; i < 1024; i++) table[i] = (i << 12) | 3;
  table[(u32)hole >> 12] = 0;
  table[((u32)hole >> 12) + 1] = 0;
  directory[0] = (u32)table | 3;
  __asm__ volatile("mov %0, %%cr3; mov %%cr0, %%eax; or $0x80000000, %%eax; mov %%eax, %%cr0" ::"r"(directory) : "eax");
}

/* The task of the double fault: its entry finds the error code on top of the stack, where an argument belongs. */
extern char fault_entry[];
__asm__("fault_entry: call fault_main");

/* Says what the failed task was at, and goes on with the next case. */
void fault_main(u32 code) {
  puts(" task: code ");
  putdec(code);
  puts(first_task.esp == (u32)hole + 4096 ? " esp kept" : " esp lost");
  puts(first_task.ebx == 0x1234567 ? " ebx kept" : " ebx lost");
  puts(fault_task.link == 0x18 ? " linked\n" : " not linked\n");
  back();
}

static void descriptor(u32 index, struct tss *tss) {
  u32 base = (u32)tss;
  long_gdt[2 * index] = (base << 16) | (sizeof *tss - 1);
  long_gdt[2 * index + 1] = (base & 0xff000000) | 0x8900 | (base >> 16 & 0xff);
}

static void use_tasks(void) {
  struct pointer gdt;
  __asm__ volatile("sgdt %0" : "=m"(gdt));
  for (u32 i = 0; i < 6; i++) long_gdt[i] = ((u32 *)gdt.base)[i];
  descriptor(3, &first_task);
  descriptor(4, &fault_task);
  struct pointer longer = {sizeof long_gdt - 1, (u32)long_gdt};
  fault_task.cr3 = (u32)directory;
  fault_task.eip = (u32)fault_entry;
  fault_task.eflags = 2;
  fault_task.esp = (u32)(own_stack + sizeof own_stack - 16);
  fault_task.es = fault_task.ss = fault_task.ds = fault_task.fs = fault_task.gs = 0x10;
  fault_task.cs = 8;
  fault_task.io = first_task.io = sizeof(struct tss) << 16;
  __asm__ volatile("lgdt %0; mov $0x18, %%eax; ltr %%ax" ::"m"(longer) : "eax");
}

#define DIVIDE "xor %%ecx, %%ecx; mov $1, %%eax; xor %%edx, %%edx; div %%ecx"
#define BAD_STACK "mov $0x1234567, %%ebx; mov $hole + 4096, %%esp; push %%eax"

int main(struct multiboot *info) {
  (void)info;
  __asm__ volatile("sidt %0" : "=m"(real_idt));

  set_present(6, 0);
  PROVOKE("benign, then not present:", "ud2");
  set_present(6, 1);
  set_present(0x40, 0);
  PROVOKE("INT, then not present:", "int $0x40");
  set_present(0, 0);
  PROVOKE("contributory twice:", DIVIDE);
  PROVOKE("INT 0 is no divide error:", "int $0");
  set_present(0, 1);

  struct pointer shorter = {0x40 * 8 - 1, real_idt.base};
  __asm__ volatile("lidt %0" ::"m"(shorter));
  PROVOKE("beyond the table:", "int $0x50");
  __asm__ volatile("lidt %0" ::"m"(real_idt));

  enable_paging();
  PROVOKE("a page fault alone:", "mov hole, %%eax");
  set_present(14, 0);
  PROVOKE("page fault, then contributory:", "mov hole, %%eax");
  set_present(14, 1);

  /* The gates up to that of the general protection exception are on a page that is not there. */
  struct pointer moved = {256 * 8 - 1, (u32)moved_idt_space + 4096 - 14 * 8};
  for (u32 i = 0; i < 512; i++) ((u32 *)moved.base)[i] = ((u32 *)real_idt.base)[i];
  table[moved.base >> 12] = 0;
  __asm__ volatile("mov %0, %%cr3; lidt %1" ::"r"(directory), "m"(moved));
  PROVOKE("contributory, then page fault:", "mov $0x7777, %%eax; mov %%eax, %%ds");
  u32 cr2;
  __asm__ volatile("mov %%cr2, %0; lidt %1" : "=r"(cr2) : "m"(real_idt));
  report("gate read at", cr2 - moved.base);

  use_tasks();
  gate(8)[1] = 0x20;
  gate(8)[0] = gate(8)[3] = 0;
  gate(8)[2] = GATE_TASK;
  PROVOKE("a stack that is not there:", BAD_STACK);

  puts("triple fault:");
  set_present(8, 0);
  __asm__ volatile(BAD_STACK ::: "eax", "ebx");
  puts(" survived\n");
  return 1;
}
