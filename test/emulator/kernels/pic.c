/*
 * The 8259 pair in virtual wire mode: the local APIC passes its interrupts through LINT0. Masks, priorities, cascade, EOI,
 * rotation, polling, level triggering, and the way through an ExtINT entry of the I/O APIC.
 */
#include "kernel.h"

#define LVT_LINT0 0x350
#define SVR 0xf0

static volatile u32 order[32];
static volatile u32 count;
static volatile u32 end_in_handler = 1;

void handler(struct frame *frame) {
  u32 vector = frame->vector;
  if (vector < 0x20) leave(0x80 | vector);
  order[count++ & 31] = vector;
  if (vector == 0x23 || vector == 0x24) outb((vector == 0x23 ? 0x2f8 : 0x3f8) + 1, 0);
  if (!end_in_handler) return;
  if (vector >= 0x28) outb(0xa0, 0x20);
  outb(0x20, 0x20);
}

static void show(const char *name) {
  puts(name);
  for (u32 i = 0; i < count; i++) {
    putch(' ');
    puthex(order[i]);
  }
  putch('\n');
  count = 0;
}

static void open_window(void) {
  sti();
  for (volatile int i = 0; i < 100; i++) {
  }
  cli();
}

/* Raises lines 3 and 4: the transmitters of two serial ports are empty. */
static void raise_serial_lines(void) {
  outb(0x2f8 + 4, 0x0b);
  outb(0x3f8 + 4, 0); /* OUT2 is low, which kernels get away with */
  outb(0x2f8 + 1, 0x02);
  outb(0x3f8 + 1, 0x02);
}

static u8 cmos(u8 index) {
  outb(0x70, index);
  return inb(0x71);
}

static void set_cmos(u8 index, u8 value) {
  outb(0x70, index);
  outb(0x71, value);
}

static void pit_one_shot(u32 value) {
  outb(0x43, 0x30);
  outb(0x40, value & 0xff);
  outb(0x40, value >> 8);
}

/* A loader leaves the controllers and the timer as the BIOS had them (Multiboot Specification, 3.2). */
static void as_found(void) {
  report("masks", inb(0x21) | (inb(0xa1) << 8));
  outb(0x43, 0xe2); /* read-back of the status of counter 0 */
  report("timer", inb(0x40) & 0x3f);
  outb(0x21, 0xfb);
  cmos(0x0c);
  set_cmos(0x0b, 0x42);
  while (count == 0) sti_hlt();
  set_cmos(0x0b, 0x02);
  cmos(0x0c);
  show("clock");
}

/* Mode 4: a strobe at the end of each count that is written, and none without. */
static void strobes(void) {
  outb(0x43, 0x38);
  outb(0x21, 0xfe);
  open_window(); /* the mode alone lets the output rise */
  count = 0;
  for (int i = 0; i < 3; i++) {
    outb(0x40, 400 & 0xff);
    outb(0x40, 400 >> 8);
    sti_hlt();
    report("strobe", count);
  }
  outb(0x21, 0xff);
  count = 0;
}

int main(void) {
  as_found();
  pic_init();
  lapic_write(SVR, 0x1ff);
  lapic_write(LVT_LINT0, 0x700);
  report("mask", inb(0x21));
  outb(0x21, 0xfe);
  pit_one_shot(200);
  while (count == 0) sti_hlt();
  show("timer");

  outb(0x21, 0xff);
  outb(0x43, 0x34); /* again and again, while nobody listens */
  outb(0x40, 200);
  outb(0x40, 0);
  outb(0x20, 0x0a);
  while ((inb(0x20) & 1) == 0) {
  }
  report("requested, not to the processor", count == 0);
  outb(0x21, 0xfe);
  while (count < 3) sti_hlt();
  report("as soon as not", order[2]);
  pit_one_shot(0);
  outb(0x21, 0xff);
  strobes();

  outb(0x21, 0xe7);
  raise_serial_lines();
  outb(0x20, 0x0a);
  report("requests", inb(0x20) & 0x18);
  open_window();
  show("priority order");

  outb(0x20, 0xc3); /* line 3 gets the lowest priority */
  raise_serial_lines();
  open_window();
  show("rotated");
  outb(0x20, 0xc7);

  end_in_handler = 0;
  raise_serial_lines();
  open_window();
  outb(0x20, 0x0b);
  report("in service", inb(0x20));
  show("lower ones wait");
  outb(0x20, 0x63); /* specific end of line 3 */
  open_window();
  show("then come");
  outb(0x20, 0x20);
  report("in service", inb(0x20));
  end_in_handler = 1;

  raise_serial_lines();
  outb(0x21, 0xff);
  open_window();
  show("masked");
  outb(0x21, 0xe7);
  outb(0x20, 0x0c);
  report("poll", inb(0x20));
  outb(0x20, 0x63);
  outb(0x2f8 + 1, 0);
  open_window();
  show("the other");

  cmos(0x0c);
  set_cmos(0x0a, 0x26);
  set_cmos(0x0b, 0x42); /* the clock's periodic interrupt, line 8, through the cascade */
  outb(0xa1, 0xfe);
  outb(0x21, 0xfb);
  while (count == 0) sti_hlt();
  set_cmos(0x0b, 0x02);
  report("cause", cmos(0x0c) >> 6);
  show("cascade");

  lapic_write(LVT_LINT0, 0x10700);
  outb(0x21, 0xfe);
  pit_one_shot(200);
  outb(0x20, 0x0a);
  while ((inb(0x20) & 1) == 0) {
  }
  open_window();
  show("LINT0 masked");
  lapic_write(LVT_LINT0, 0x700);
  open_window();
  show("LINT0 open");
  outb(0x4d0, 0xff);
  outb(0x4d1, 0xff);
  report("can be level", inb(0x4d0) | (inb(0x4d1) << 8));
  puts("done\n");
  return 0;
}
