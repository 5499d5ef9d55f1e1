/*
 * Pages of all sizes: 4 KiB, 4 MiB with CR4.PSE, and with PAE 2 MiB, which needs no PSE, and 4 KiB; the accessed and dirty
 * bits in their entries; the error code of a fault.
 */
#include "kernel.h"

#define PRESENT 1
#define WRITABLE 2
#define ACCESSED 0x20
#define DIRTY 0x40
#define LARGE 0x80
#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define CR0_WP 0x10000
#define CR0_PG 0x80000000

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));
static u64 pointers[4] __attribute__((aligned(32)));
static u64 low[512] __attribute__((aligned(4096))), high[512] __attribute__((aligned(4096)));
static u64 small[512] __attribute__((aligned(4096)));
static volatile u32 faults, code, where;

/* Lets the instruction, a mov of two bytes by way of a register, be. */
void handler(struct frame *frame) {
  if (frame->vector != 14) leave(0x80 | frame->vector);
  faults++;
  code = frame->error;
  __asm__ volatile("mov %%cr2, %0" : "=r"(where));
  frame->eip += 2;
}

static u32 peek(u32 address) {
  u32 value = 0;
  __asm__ volatile("mov (%1), %0" : "+a"(value) : "d"(address));
  return value;
}

static void poke(u32 address, u32 value) { __asm__ volatile("mov %0, (%1)" ::"a"(value), "d"(address) : "memory"); }

static void page(u32 cr3, u32 cr4) {
  u32 cr0;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 & ~(CR0_PG | CR0_WP)) : "memory");
  __asm__ volatile("mov %0, %%cr4" ::"r"(cr4));
  __asm__ volatile("mov %0, %%cr3" ::"r"(cr3) : "memory");
  __asm__ volatile("mov %0, %%cr0" ::"r"(cr0 | CR0_PG | CR0_WP) : "memory");
}

static void show(const char *name, u32 entry) {
  puts(name);
  puts((entry & ACCESSED) != 0 ? " accessed" : "");
  puts((entry & DIRTY) != 0 ? " dirty\n" : "\n");
}

static void faulting(const char *name, u32 address, int write) {
  u32 before = faults;
  if (write) poke(address, 1);
  else peek(address);
  report(name, faults - before);
  report("code", code);
  report("address", where == address);
}

static void two_levels(void) {
  for (u32 i = 0; i < 3; i++) directory[i] = (i << 22) | LARGE | WRITABLE | PRESENT;
  directory[512] = (1u << 22) | LARGE | PRESENT;
  directory[513] = (u32)table | WRITABLE | PRESENT;
  table[5] = 0x406000 | WRITABLE | PRESENT;
  page((u32)directory, CR4_PSE);
  poke(0x406010, 1234);
  report("large", peek(0x80006010));
  show("read", directory[512]);
  report("small", peek(0x80405010));
  show("read", table[5]);
  poke(0x80405014, 5678);
  show("written", table[5]);
  report("the same", peek(0x80006014));
  faulting("write to what is read-only", 0x80006010, 1);
  faulting("nothing there", 0x80407000, 0);
}

static void three_levels(u32 cr4) {
  for (u32 i = 0; i < 8; i++) low[i] = (i << 21) | LARGE | WRITABLE | PRESENT;
  pointers[0] = (u32)low | PRESENT;
  pointers[2] = (u32)high | PRESENT;
  high[1] = 0x400000 | LARGE | WRITABLE | PRESENT;
  high[2] = (u32)small | WRITABLE | PRESENT;
  small[511] = 0x406000 | PRESENT;
  page((u32)pointers, cr4);
  poke(0x406010, 4321);
  report("large", peek(0x80206010));
  show("read", (u32)high[1]);
  poke(0x80206014, 8765);
  show("written", (u32)high[1]);
  report("small", peek(0x805ff014));
  show("read", (u32)small[511]);
  faulting("write to what is read-only", 0x805ff014, 1);
  faulting("no directory", 0x40000000, 1);
}

int main(void) {
  puts("two levels\n");
  two_levels();
  puts("three levels\n");
  three_levels(CR4_PAE);
  puts("three levels, PSE set\n");
  three_levels(CR4_PAE | CR4_PSE);
  puts("done\n");
  return 0;
}
