/*
 * The I/O APIC: edge-triggered input from the PIT (line 0, pin 2), level-triggered input from a serial port whose
 * transmitter is always empty (line 3, pin 3), masks, remote IRR, destination and delivery modes.
 */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define TMR 0x180
#define MASKED 0x10000
#define LEVEL 0x8000
#define COM2 0x2f8

static volatile u32 seen[256];
static volatile u32 eoi_in_handler = 1;
static volatile u32 quiet_device = 1;

void handler(struct frame *frame) {
  if (frame->vector < 32 && frame->vector != 2) leave(0x80 | frame->vector);
  seen[frame->vector]++;
  if (frame->vector == 0x41 && quiet_device) outb(COM2 + 1, 0);
  if (frame->vector != 2 && eoi_in_handler) lapic_write(EOI, 0);
}

static void redirect(u32 pin, u32 low) {
  ioapic_write(0x11 + 2 * pin, 0);
  ioapic_write(0x10 + 2 * pin, low);
}

static u32 remote_irr(u32 pin) { return (ioapic_read(0x10 + 2 * pin) >> 14) & 1; }

static void open_window(void) {
  sti();
  for (volatile int i = 0; i < 100; i++) {
  }
  cli();
}

static void pit_one_shot(u32 count) {
  outb(0x43, 0x30);
  outb(0x40, count & 0xff);
  outb(0x40, count >> 8);
}

static void pit_periodic(u32 count) {
  outb(0x43, 0x34);
  outb(0x40, count & 0xff);
  outb(0x40, count >> 8);
}

static void edges(void) {
  redirect(2, 0x40);
  pit_one_shot(200);
  while (seen[0x40] == 0) sti_hlt();
  open_window();
  report("edge", seen[0x40]);
  pit_periodic(300);
  while (seen[0x40] < 6) sti_hlt();
  pit_one_shot(0xffff); /* stops it */
  report("edges", seen[0x40] >= 6);
  redirect(2, MASKED | 0x40);
  seen[0x40] = 0;
  pit_one_shot(100);
  for (volatile int i = 0; i < 30000; i++) {
  }
  redirect(2, 0x40);
  open_window();
  report("edge while masked", seen[0x40]);
  redirect(2, MASKED | 0x40);
}

static void levels(void) {
  redirect(3, LEVEL | 0x41);
  outb(COM2 + 4, 0x0b);
  outb(COM2 + 1, 0x02); /* the transmitter is empty: the line goes up */
  report("remote irr", remote_irr(3));
  report("level in tmr", (lapic_read(TMR + 0x20) >> 1) & 1);
  open_window();
  report("level", seen[0x41]);
  report("remote irr after end of interrupt", remote_irr(3));

  eoi_in_handler = 0;
  quiet_device = 0;
  outb(COM2 + 1, 0x02);
  open_window();
  report("in service", seen[0x41]);
  report("remote irr", remote_irr(3));
  open_window();
  report("not again before its end", seen[0x41]);
  eoi_in_handler = 1;
  quiet_device = 1;
  lapic_write(EOI, 0);
  report("again, the line is active", remote_irr(3));
  open_window();
  report("level", seen[0x41]);

  redirect(3, MASKED | LEVEL | 0x41);
  outb(COM2 + 1, 0x02);
  open_window();
  report("masked", seen[0x41]);
  redirect(3, LEVEL | 0x41);
  open_window();
  report("unmasked", seen[0x41]);
  redirect(3, MASKED);
}

static void modes(void) {
  report("pins", ((ioapic_read(1) >> 16) & 0xff) + 1);
  ioapic_write(0x10 + 2 * 10, 0xffffffff);
  puts("writable ");
  puthex(ioapic_read(0x10 + 2 * 10) & 0x1afff);
  redirect(10, MASKED);
  putch('\n');
  lapic_write(0xd0, 0x01000000);
  ioapic_write(0x11 + 2 * 2, 0x01000000);
  ioapic_write(0x10 + 2 * 2, 0x800 | 0x100 | 0x43); /* lowest priority, logical */
  pit_one_shot(200);
  while (seen[0x43] == 0) sti_hlt();
  report("lowest priority", seen[0x43]);
  redirect(2, 0x400); /* NMI */
  pit_one_shot(200);
  while (seen[2] == 0) {
  }
  report("nmi", seen[2]);
  redirect(2, MASKED);
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  edges();
  levels();
  modes();
  puts("done\n");
  return 0;
}
