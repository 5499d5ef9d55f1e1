/*
 * IRET to segments to which there is no return: the exception and its error code, and that nothing has changed.
 */
#include "kernel.h"

#define CODE 0x08
#define DATA 0x10
#define ABSENT 0x18
#define LESS_PRIVILEGED 0x20
#define CONFORMING 0x28

static u64 gdt[] = {
  0,
  0x00cf9b000000ffff,
  0x00cf93000000ffff,
  0x00cf1b000000ffff, /* not present */
  0x00cffb000000ffff, /* ring 3 */
  0x00cfff000000ffff, /* conforming, ring 3 */
};
static struct { u16 limit; u32 base; } __attribute__((packed)) gdtr = {sizeof gdt - 1, (u32)gdt};
static volatile u32 vector, code, stack, go_on;

void handler(struct frame *frame) {
  vector = frame->vector;
  code = frame->error;
  stack = (u32)(&frame->eflags + 1);
  frame->eip = go_on;
}

static void try(const char *name, u32 selector) {
  u32 before;
  vector = code = 0;
  __asm__ volatile("movl $1f, %1\n"
                   "pushfl\n"
                   "push %2\n"
                   "push $1f\n"
                   "mov %%esp, %0\n"
                   "iret\n"
                   "1: add $12, %%esp\n"
                   : "=&r"(before), "=m"(go_on)
                   : "r"(selector)
                   : "memory", "cc");
  puts(name);
  putch(' ');
  putdec(vector);
  putch(' ');
  puthex(code);
  puts(stack == before ? "\n" : ", stack moved\n");
}

int main(void) {
  pic_init();
  __asm__ volatile("lgdt %0" ::"m"(gdtr));
  try("null", 0);
  try("null, ring 3", 3);
  try("beyond the table", 0x1000);
  try("data", DATA);
  try("not present", ABSENT);
  try("another ring", LESS_PRIVILEGED);
  try("conforming", CONFORMING);
  puts("done\n");
  return 0;
}
