/* What the boot loader hands over, and the data of the BIOS. */
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
  puts("loader ");
  puts((const char *)info->boot_loader_name);
  putch('\n');
  const u8 *screen = (const u8 *)info + 88;
  report("screen at b8000", *(const u32 *)screen == 0xb8000);
  report("columns", *(const u32 *)(screen + 12));
  report("text", screen[21]);
  u32 bios;
  __asm__("mov $0x400, %0" : "=r"(bios)); /* the compiler takes small constants for null pointers */
  report("base memory", *(volatile u16 *)(bios + 0x13));
  report("first serial port", *(volatile u16 *)bios);
  report("extended data", *(volatile u16 *)(bios + 0x0e) << 4);
  report("disks", *(volatile u8 *)(bios + 0x75));
  return 42;
}
