#include "kernel.h"

void putch(char c) {
  while ((inb(0x3fd) & 0x20) == 0) {
  }
  outb(0x3f8, (u8)c);
}

void puts(const char *text) {
  while (*text != 0) putch(*text++);
}

void puthex(u32 value) {
  for (int shift = 28; shift >= 0; shift -= 4) putch("0123456789abcdef"[(value >> shift) & 15]);
}

void putdec(u32 value) {
  if (value >= 10) putdec(value / 10);
  putch((char)('0' + value % 10));
}

void report(const char *name, u32 value) {
  puts(name);
  putch(' ');
  putdec(value);
  putch('\n');
}

void pic_init(void) {
  static const u8 master[] = {0x20, 0x04, 0x01};
  static const u8 slave[] = {0x28, 0x02, 0x01};
  outb(0x20, 0x11);
  outb(0xa0, 0x11);
  for (int i = 0; i < 3; i++) {
    outb(0x21, master[i]);
    outb(0xa1, slave[i]);
  }
  outb(0x21, 0xff);
  outb(0xa1, 0xff);
}

void leave(u32 code) {
  outb(0xf4, (u8)code);
  for (;;) __asm__ volatile("cli; hlt");
}

void interrupt(struct frame *frame) { handler(frame); }
