/* What the boot loader hands over. */
#include "kernel.h"

void handler(struct frame *frame) { leave(0x80 | frame->vector); }

int main(struct multiboot *info) {
  puts("command line: ");
  puts((const char *)info->cmdline);
  putch('\n');
  report("lower", info->mem_lower);
  report("upper", info->mem_upper);
  report("modules", info->mods_count);
  struct module *modules = (struct module *)info->mods_addr;
  for (u32 i = 0; i < info->mods_count; i++) {
    puts((const char *)modules[i].string);
    putch(':');
    putch(' ');
    for (const char *at = (const char *)modules[i].start; at < (const char *)modules[i].end; at++) putch(*at);
    putch('\n');
    report("aligned", (modules[i].start & 4095) == 0);
  }
  u32 *at = (u32 *)info->mmap_addr;
  u32 *end = (u32 *)(info->mmap_addr + info->mmap_length);
  for (; at < end; at = (u32 *)((u32)at + at[0] + 4)) {
    if (at[5] != 1) continue;
    puts("available ");
    puthex(at[1]);
    putch(' ');
    puthex(at[3]);
    putch('\n');
  }
  return 42;
}
