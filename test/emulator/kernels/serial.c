/*
 * The 16550: loopback, FIFO trigger levels and time-out, interrupt causes, modem lines. Then an echo: what comes in on the
 * second port goes out on it again, in upper case, until a dot comes.
 */
#include "kernel.h"

#define COM2 0x2f8
#define SVR 0xf0
#define LVT_LINT0 0x350

static volatile u32 interrupts;
static volatile u32 echoed, ended;

void handler(struct frame *frame) {
  if (frame->vector != 0x23) leave(0x80 | frame->vector);
  interrupts++;
  for (;;) {
    u8 cause = inb(COM2 + 2) & 0x0f;
    if (cause == 1) break;
    if (cause != 4 && cause != 12) leave(0x40 | cause);
    while (inb(COM2 + 5) & 1) {
      u8 c = inb(COM2);
      if (c >= 'a' && c <= 'z') c -= 32;
      outb(COM2, c);
      echoed++;
      if (c == '.') ended = 1;
    }
  }
  outb(0x20, 0x20);
}

static void loopback(void) {
  outb(COM2 + 4, 0x10);
  outb(COM2 + 2, 0x07);
  report("empty", (inb(COM2 + 5) & 1) == 0);
  outb(COM2, 'x');
  report("ready", inb(COM2 + 5) & 1);
  report("came back", inb(COM2) == 'x');
  for (int i = 0; i < 16; i++) outb(COM2, i);
  report("overrun", (inb(COM2 + 5) >> 1) & 1);
  outb(COM2, 99);
  report("overrun", (inb(COM2 + 5) >> 1) & 1);
  u32 sum = 0;
  while (inb(COM2 + 5) & 1) sum += inb(COM2);
  report("sum", sum);
  outb(COM2 + 4, 0x1f);
  report("modem inputs", inb(COM2 + 6) >> 4);
  outb(COM2 + 4, 0x10);
  report("modem changes", inb(COM2 + 6) & 15);
  report("modem inputs", inb(COM2 + 6) >> 4);

  outb(COM2 + 2, 0x87); /* trigger at eight */
  outb(COM2 + 1, 0x01);
  for (int i = 0; i < 7; i++) outb(COM2, i);
  report("below the trigger level", inb(COM2 + 2) & 15);
  outb(COM2, 7);
  report("at the trigger level", inb(COM2 + 2) & 15);
  outb(COM2 + 1, 0x03);
  report("data before transmitter", inb(COM2 + 2) & 15);
  while (inb(COM2 + 5) & 1) inb(COM2);
  report("transmitter", inb(COM2 + 2) & 15);
  report("read clears it", inb(COM2 + 2) & 15);
  outb(COM2 + 1, 0);
  outb(COM2 + 7, 0x5a);
  report("scratch", inb(COM2 + 7) == 0x5a);
  outb(COM2 + 3, 0x83);
  outb(COM2, 0x0c);
  report("divisor", inb(COM2));
  outb(COM2 + 3, 0x03);
  outb(COM2 + 4, 0x0b);
}

int main(void) {
  pic_init();
  loopback();
  lapic_write(SVR, 0x1ff);
  lapic_write(LVT_LINT0, 0x700);
  outb(0x21, 0xf7);
  outb(COM2 + 2, 0xc7);
  outb(COM2 + 4, 0x0b);
  outb(COM2 + 1, 0x01);
  puts("echo\n");
  while (!ended) sti_hlt();
  report("echoed", echoed);
  report("interrupts", interrupts);
  puts("done\n");
  return 0;
}
