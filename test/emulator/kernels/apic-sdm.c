/* What the SDM says of the local APIC and QEMU does not model: errors (vol. 3A, 11.5.3), masking while disabled (11.4.7.2). */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define ESR 0x280
#define ICR_LOW 0x300
#define LVT_ERROR 0x370
#define LVT_TIMER 0x320
#define MASKED 0x10000

static volatile u32 errors;

void handler(struct frame *frame) {
  if (frame->vector != 0x5e) leave(0x80 | frame->vector);
  errors++;
  lapic_write(EOI, 0);
}

static u32 status(void) {
  lapic_write(ESR, 0);
  return lapic_read(ESR);
}

static void open_window(void) {
  sti();
  for (volatile int i = 0; i < 20; i++) {
  }
  cli();
}

static void disabled(void) {
  lapic_write(SVR, 0x0ff);
  report("entries masked", (lapic_read(LVT_TIMER) >> 16) & 1);
  lapic_write(LVT_TIMER, 0x50);
  report("stay masked", (lapic_read(LVT_TIMER) >> 16) & 1);
  lapic_write(SVR, 0x1ff);
  lapic_write(LVT_TIMER, 0x50);
  report("unmasked again", ((lapic_read(LVT_TIMER) >> 16) & 1) == 0);
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  report("at first", status());
  lapic_write(LVT_ERROR, 0x5e);
  lapic_write(ICR_LOW, 0x40000 | 0x05);
  open_window();
  report("interrupts", errors);
  report("send illegal vector", status());
  lapic_read(0x3f0);
  lapic_write(0x40, 1);
  open_window();
  report("interrupts", errors);
  report("illegal register", status());
  report("cleared", status());
  lapic_write(LVT_ERROR, MASKED | 0x5e);
  lapic_write(ICR_LOW, 0x40000 | 0x0f);
  open_window();
  report("masked", errors);
  report("still recorded", status());
  disabled();
  return 0;
}
