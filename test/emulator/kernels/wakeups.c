/*
 * Out of HLT: by an NMI that a device's line is routed to while interrupts are off, and by lines, once after a whole second,
 * beside a local APIC timer that runs fast and is masked.
 */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define LVT_TIMER 0x320
#define TIMER_INITIAL 0x380
#define TIMER_CURRENT 0x390
#define TIMER_DIVIDE 0x3e0
#define MASKED 0x10000
#define PERIODIC 0x20000

static volatile u32 seen[256];

void handler(struct frame *frame) {
  if (frame->vector < 32 && frame->vector != 2) leave(0x80 | frame->vector);
  seen[frame->vector]++;
  if (frame->vector != 2) lapic_write(EOI, 0);
}

static void pit_one_shot(void) {
  outb(0x43, 0x30);
  outb(0x40, 0xff);
  outb(0x40, 0xff);
}

static void rtc_write(u8 index, u8 value) {
  outb(0x70, index);
  outb(0x71, value);
}

static u8 rtc_read(u8 index) {
  outb(0x70, index);
  return inb(0x71);
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  lapic_write(TIMER_DIVIDE, 0xb);
  lapic_write(LVT_TIMER, MASKED | PERIODIC | 0x50);
  lapic_write(TIMER_INITIAL, 50);

  ioapic_write(0x14, 0x400);
  pit_one_shot();
  __asm__ volatile("cli; hlt");
  report("by NMI", seen[2]);
  ioapic_write(0x14, 0x41);
  pit_one_shot();
  sti_hlt();
  report("by a line", seen[0x41]);
  ioapic_write(0x14, MASKED);

  ioapic_write(0x20, 0x48);
  rtc_read(0x0c);
  rtc_write(0x0b, 0x12); /* at the end of the update */
  sti_hlt();
  report("by the clock", seen[0x48]);

  u32 above = 0;
  for (int i = 0; i < 1000; i++) above += lapic_read(TIMER_CURRENT) > 50;
  report("above the initial count", above);
  lapic_write(LVT_TIMER, MASKED | 0x50); /* once */
  for (volatile int i = 0; i < 100000; i++) {
  }
  report("ended", lapic_read(TIMER_CURRENT));
  puts("done\n");
  return 0;
}
