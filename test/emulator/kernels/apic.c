/*
 * The local APIC of one CPU: registers, priorities, self-IPIs by every route, NMI, the timer.
 *
 * Each line of output states a fact that the architecture fixes, so that this machine and QEMU print the same.
 */
#include "kernel.h"

#define ID 0x20
#define VERSION 0x30
#define TPR 0x80
#define PPR 0xa0
#define EOI 0xb0
#define LDR 0xd0
#define DFR 0xe0
#define SVR 0xf0
#define ISR 0x100
#define TMR 0x180
#define IRR 0x200
#define ICR_LOW 0x300
#define ICR_HIGH 0x310
#define LVT_TIMER 0x320
#define LVT_LINT0 0x350
#define TIMER_INITIAL 0x380
#define TIMER_CURRENT 0x390
#define TIMER_DIVIDE 0x3e0
#define MASKED 0x10000

static volatile u32 order[64];
static volatile u32 count;
static volatile u32 eoi_in_handler = 1;
static volatile u32 nest_vector;

void handler(struct frame *frame) {
  u32 vector = frame->vector;
  if (vector < 32 && vector != 2) {
    report("exception", vector);
    leave(1);
  }
  order[count++ & 63] = vector;
  if (vector == 2) return;
  if (nest_vector == vector) { /* let others in while this one is in service */
    nest_vector = 0;
    sti();
    for (volatile int i = 0; i < 50; i++) {
    }
    cli();
  }
  if (eoi_in_handler && vector != 0xff) lapic_write(EOI, 0);
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

static u32 bit(u32 bank, u32 vector) { return (lapic_read(bank + 0x10 * (vector >> 5)) >> (vector & 31)) & 1; }

static void open_window(void) {
  sti();
  for (volatile int i = 0; i < 200; i++) {
  }
  cli();
}

/* Requests `vector` from ourselves by the self shorthand. */
static void self(u32 vector) { lapic_write(ICR_LOW, 0x40000 | vector); }

static void registers(void) {
  report("id", lapic_read(ID) >> 24);
  report("integrated", (lapic_read(VERSION) & 0xf0) == 0x10);
  report("entries at least", ((lapic_read(VERSION) >> 16) & 0xff) >= 5);
  puts("svr ");
  puthex(lapic_read(SVR) & 0x1ff);
  puts("\nlint0 mode ");
  puthex((lapic_read(LVT_LINT0) >> 8) & 7);
  puts("\ndfr ");
  puthex(lapic_read(DFR));
  lapic_write(TPR, 0x1f);
  puts("\ntpr ");
  puthex(lapic_read(TPR));
  puts(" ppr ");
  puthex(lapic_read(PPR));
  lapic_write(TPR, 0);
  lapic_write(LDR, 0x12345678);
  puts("\nldr ");
  puthex(lapic_read(LDR));
  putch('\n');
}

static void priorities(void) {
  self(0x41);
  self(0x95);
  self(0x52);
  report("requested", bit(IRR, 0x41) + bit(IRR, 0x95) + bit(IRR, 0x52));
  report("edge", bit(TMR, 0x41));
  open_window();
  show("highest first");

  lapic_write(TPR, 0x50);
  self(0x45);
  self(0x57);
  self(0x61);
  open_window();
  show("above task priority");
  lapic_write(TPR, 0);
  open_window();
  show("after lowering");

  nest_vector = 0x60; /* 0x61 and 0x5f wait for the end of 0x60, 0x70 does not */
  self(0x60);
  sti();
  for (volatile int i = 0; i < 5; i++) {
  }
  cli();
  open_window();
  show("alone");

  eoi_in_handler = 0;
  self(0x60);
  open_window();
  report("in service", bit(ISR, 0x60));
  puts("ppr ");
  puthex(lapic_read(PPR));
  putch('\n');
  self(0x6f);
  self(0x5f);
  self(0x71);
  open_window();
  show("same class waits");
  report("still requested", bit(IRR, 0x6f) + bit(IRR, 0x5f));
  lapic_write(EOI, 0); /* 0x71 */
  report("0x71 done", bit(ISR, 0x71) == 0);
  eoi_in_handler = 1;
  lapic_write(EOI, 0); /* 0x60 */
  open_window();
  show("after end of interrupt");
  report("idle", lapic_read(PPR));
}

static void routes(void) {
  lapic_write(ICR_HIGH, lapic_read(ID) & 0xff000000);
  lapic_write(ICR_LOW, 0x31);
  open_window();
  show("physical");
  lapic_write(ICR_HIGH, 0xff000000);
  lapic_write(ICR_LOW, 0x32);
  open_window();
  show("physical broadcast");
  lapic_write(LDR, 0x04000000);
  lapic_write(ICR_HIGH, 0x06000000);
  lapic_write(ICR_LOW, 0x800 | 0x33);
  open_window();
  show("logical flat");
  lapic_write(ICR_HIGH, 0x03000000);
  lapic_write(ICR_LOW, 0x800 | 0x34);
  open_window();
  show("logical flat, another");
  lapic_write(DFR, 0x0fffffff);
  lapic_write(LDR, 0x24000000);
  lapic_write(ICR_HIGH, 0x2c000000);
  lapic_write(ICR_LOW, 0x800 | 0x35);
  open_window();
  show("logical cluster");
  lapic_write(ICR_HIGH, 0x1c000000);
  lapic_write(ICR_LOW, 0x800 | 0x36);
  open_window();
  show("logical cluster, another");
  lapic_write(DFR, 0xffffffff);
  lapic_write(LDR, 0x01000000);
  lapic_write(ICR_LOW, 0x80000 | 0x37);
  open_window();
  show("all with self");
  lapic_write(ICR_LOW, 0xc0000 | 0x38);
  open_window();
  show("all but self");
  lapic_write(ICR_HIGH, 0x01000000);
  lapic_write(ICR_LOW, 0x800 | 0x100 | 0x39);
  open_window();
  show("lowest priority");
  lapic_write(ICR_HIGH, lapic_read(ID) & 0xff000000);
  lapic_write(ICR_LOW, 0x400);
  show("nmi, interrupts off");
  report("delivery status", (lapic_read(ICR_LOW) >> 12) & 1);
}

static void timer(void) {
  lapic_write(TIMER_DIVIDE, 0xb); /* by one */
  lapic_write(LVT_TIMER, MASKED | 0x50);
  lapic_write(TIMER_INITIAL, 1000000000);
  u32 first = lapic_read(TIMER_CURRENT);
  u32 second = lapic_read(TIMER_CURRENT);
  report("counts down", first <= 1000000000 && second < first);
  lapic_write(TIMER_INITIAL, 0);
  report("stopped", lapic_read(TIMER_CURRENT));

  lapic_write(LVT_TIMER, 0x50);
  lapic_write(TIMER_INITIAL, 20000);
  while (count == 0) sti_hlt();
  report("one shot ends at", lapic_read(TIMER_CURRENT));
  show("one shot");
  lapic_write(LVT_TIMER, 0x20000 | 0x51);
  lapic_write(TIMER_INITIAL, 20000);
  while (count < 3) sti_hlt();
  lapic_write(TIMER_INITIAL, 0);
  open_window();
  count = count > 3 ? 3 : count;
  show("periodic");
  lapic_write(LVT_TIMER, MASKED | 0x52);
  lapic_write(TIMER_INITIAL, 100);
  while (lapic_read(TIMER_CURRENT) != 0) {
  }
  open_window();
  show("masked");
}

int main(void) {
  u32 a, b, c, d;
  pic_init();
  cpuid(1, &a, &b, &c, &d);
  report("cpuid apic", (d >> 9) & 1);
  report("cpuid id", b >> 24);
  registers();
  lapic_write(SVR, 0x1ff);
  priorities();
  routes();
  timer();
  puts("done\n");
  return 0;
}
