/* Ways to bring a CPU down, chosen by the command line. */
#include "kernel.h"

static struct {
  u16 limit;
  u32 base;
} __attribute__((packed)) nothing;

void handler(struct frame *frame) { leave(0x80 | frame->vector); }

int main(struct multiboot *info) {
  switch (*(const char *)info->cmdline) {
  case 'i': /* no interrupt table */
    __asm__ volatile("lidt %0; int $3" ::"m"(nothing));
    break;
  case 'p': /* paging on, nothing mapped */
    __asm__ volatile("mov %0, %%cr3; mov %%cr0, %%eax; or $0x80000000, %%eax; mov %%eax, %%cr0" ::"r"(0x800000) : "eax");
    break;
  case 's': /* a stack that cannot be pushed to, below a page table that maps the code alone */
    {
      u32 *directory = (u32 *)0x800000, *table = (u32 *)0x801000;
      directory[0] = (u32)table | 3;
      for (u32 i = 256; i < 512; i++) table[i] = (i << 12) | 3;
      __asm__ volatile("mov %0, %%cr3; mov %%cr0, %%eax; or $0x80000000, %%eax; mov %%eax, %%cr0; xor %%esp, %%esp; push %%eax" ::"r"(directory) : "eax");
    }
    break;
  case 'd': /* a division by zero that is handled */
    __asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx" ::: "eax", "ecx", "edx");
    break;
  case 'h': /* sleeps for ever */
    cli();
    for (;;) __asm__ volatile("hlt");
  case 'w': /* waits for input */
    pic_init();
    outb(0x2f8 + 1, 0);
    for (;;) sti_hlt();
  case 'x':
    outl(0xf4, 0x12345678);
    break;
  }
  return 77;
}
