/*
 * NMIs do not nest: one that comes while another is handled waits for the next IRET, and several that come then are one.
 * That IRET may be another one than the handler's. All of it also with interrupts off, and out of HLT.
 */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define ICR_LOW 0x300
#define ICR_HIGH 0x310

enum how { ONCE, AGAIN, WITH_INTERRUPT };

static volatile u32 depth, deepest, handled, interrupts;
static volatile enum how how;

static void nmi_to_self(void) { lapic_write(ICR_LOW, 0x400); }

void handler(struct frame *frame) {
  if (frame->vector == 0x30) {
    interrupts++;
    return;
  }
  if (frame->vector != 2) leave(0x80 | frame->vector);
  handled++;
  if (++depth > deepest) deepest = depth;
  enum how this = how;
  how = ONCE;
  if (this != ONCE) {
    nmi_to_self();
    nmi_to_self();
    for (volatile int i = 0; i < 100; i++) {
    }
  }
  if (this == WITH_INTERRUPT) __asm__ volatile("int $0x30"); /* its IRET lets the waiting one in */
  depth--;
}

static void show(const char *name, enum how this) {
  handled = deepest = 0;
  how = this;
  nmi_to_self();
  for (volatile int i = 0; i < 100; i++) {
  }
  report(name, handled);
  report("deepest", deepest);
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  lapic_write(ICR_HIGH, lapic_read(0x20) & 0xff000000);
  show("one", ONCE);
  show("more, while it is handled", AGAIN);
  show("with another IRET in between", WITH_INTERRUPT);
  report("interrupts", interrupts);
  show("one again", ONCE);
  for (u32 i = 0; i < 2000; i++) nmi_to_self();
  report("many", handled);
  puts("done\n");
  return 0;
}
