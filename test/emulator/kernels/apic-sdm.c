/*
 * What the SDM says of the local APIC and QEMU does not model, or not all of it: errors (vol. 3A, 11.5.3), masking while
 * disabled (11.4.7.2), the base register (11.4.4), interrupts at LINT0 (11.5.1), broadcasts (11.6.2.2); of the I/O APIC,
 * that the Remote IRR says that somebody took the interrupt. Needs a second CPU, for what is sent to it.
 */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define ESR 0x280
#define ICR_LOW 0x300
#define LVT_ERROR 0x370
#define LVT_TIMER 0x320
#define MASKED 0x10000

#define LVT_LINT0 0x350
#define LDR 0xd0
#define DFR 0xe0
#define ICR_HIGH 0x310
#define TMR 0x180

#define COM2 0x2f8

extern u8 trampoline[], trampoline_end[], gdt_pointer[];
static volatile u32 errors, faults, counts[256], quiet, started, enable, enabled;

void handler(struct frame *frame) {
  counts[frame->vector]++;
  if (frame->vector == 13) { /* of WRMSR, which is two bytes long */
    faults++;
    frame->eip += 2;
    return;
  }
  if (frame->vector == 2) return;
  if (frame->vector < 0x20) leave(0x80 | frame->vector);
  if (frame->vector == 0x5e) errors++;
  if (frame->vector == 0x62 && quiet) outb(0x21, 0xff);
  if (frame->vector == 0x75) outb(COM2 + 1, 0);
  lapic_write(EOI, 0);
}

static u32 read_base(void) {
  u32 low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0x1b));
  return low;
}

static void write_base(u32 low, u32 high) { __asm__ volatile("wrmsr" ::"a"(low), "d"(high), "c"(0x1b) : "memory"); }

static u32 cpuid_features(void) {
  u32 a, b, c, d;
  cpuid(1, &a, &b, &c, &d);
  return d;
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

static void base(void) {
  puts("base ");
  puthex(read_base());
  putch('\n');
  u32 a, b, c, d;
  cpuid(1, &a, &b, &c, &d);
  report("x2apic and deadline timer", (c >> 21) & 9);
  write_base(0xfee10900, 0);
  report("moved", (*(volatile u32 *)0xfee10030 & 0xff) == (0x50014 & 0xff));
  puts("nobody ");
  puthex(lapic_read(0x30));
  write_base(0xfee00900, 0);
  report("\nback", (lapic_read(0x30) & 0xff) == 0x14);
  write_base(0xfee00901, 0);
  write_base(0xfee00d00, 0); /* x2APIC mode */
  write_base(0xfee00900, 1);
  report("faults", faults);
  lapic_write(LDR, 0x05000000);
  lapic_write(0x20, 0x07000000);
  report("in cpuid", (cpuid_features() >> 9) & 1);
  write_base(0xfee00100, 0);
  report("disabled, in cpuid", (cpuid_features() >> 9) & 1);
  puts("disabled ");
  puthex(lapic_read(0x30));
  write_base(0xfee00900, 0);
  report("\nas after reset", lapic_read(LDR) == 0 && lapic_read(SVR) == 0xff && lapic_read(0x20) == 0);
  lapic_write(SVR, 0x1ff);
}

static void request_line_0(void) {
  outb(0x43, 0x30); /* the PIT's output falls ... */
  outb(0x21, 0xfe);
  outb(0x40, 50);
  outb(0x40, 0); /* ... and rises */
  for (volatile int i = 0; i < 20000; i++) {
  }
}

static void lint0(void) {
  lapic_write(LVT_LINT0, 0x61); /* fixed, edge */
  request_line_0();
  open_window();
  report("edge at lint0", counts[0x61]);
  outb(0x20, 0x0c); /* poll: the controller thinks that it was acknowledged */
  report("controller", inb(0x20) & 0x80);
  outb(0x20, 0x20);
  lapic_write(LVT_LINT0, 0x8062); /* fixed, level */
  request_line_0();
  report("remote irr", (lapic_read(LVT_LINT0) >> 14) & 1);
  report("in tmr", (lapic_read(TMR + 0x30) >> 2) & 1);
  quiet = 1;
  open_window();
  report("level at lint0", counts[0x62]);
  report("remote irr", (lapic_read(LVT_LINT0) >> 14) & 1);
  outb(0x20, 0x0c);
  inb(0x20);
  outb(0x20, 0x20);
  lapic_write(LVT_LINT0, 0x400); /* NMI */
  request_line_0();
  report("nmi at lint0", counts[2]);
  lapic_write(LVT_LINT0, MASKED);
}

static void broadcasts(void) {
  lapic_write(LDR, 0);
  lapic_write(ICR_HIGH, 0xff000000);
  lapic_write(ICR_LOW, 0x800 | 0x71);
  open_window();
  report("flat broadcast", counts[0x71]);
  lapic_write(DFR, 0x0fffffff);
  lapic_write(LDR, 0x31000000);
  lapic_write(ICR_LOW, 0x800 | 0x72);
  lapic_write(ICR_HIGH, 0xf1000000);
  lapic_write(ICR_LOW, 0x800 | 0x73);
  lapic_write(ICR_HIGH, 0xf2000000);
  lapic_write(ICR_LOW, 0x800 | 0x74);
  open_window();
  report("cluster broadcast", counts[0x72]);
  report("all clusters", counts[0x73]);
  report("others in them", counts[0x74]);
}

void processor_main(u32 number) {
  (void)number;
  sti();
  started = 1;
  while (!enable) __asm__ volatile("pause");
  lapic_write(SVR, 0x1ff);
  enabled = 1;
  for (;;) __asm__ volatile("pause");
}

static void start_other(void) {
  u8 *low = (u8 *)0x8000;
  for (u32 i = 0; i < (u32)(trampoline_end - trampoline); i++) low[i] = trampoline[i];
  for (u32 i = 0; i < 6; i++) low[0x100 + i] = gdt_pointer[i];
  lapic_write(ICR_HIGH, 1 << 24);
  lapic_write(ICR_LOW, 0x4500);
  lapic_write(ICR_LOW, 0x4608);
  while (!started) __asm__ volatile("pause");
}

static void wait_for(volatile u32 *counter, u32 number) {
  for (u32 i = 0; i < 100000 && *counter < number; i++) __asm__ volatile("pause");
}

/* A level-triggered interrupt to a processor whose APIC is disabled: it comes when that is enabled. */
static void level_for_later(void) {
  ioapic_write(0x17, 1 << 24);
  ioapic_write(0x16, 0x8075);
  outb(COM2 + 4, 0x0b);
  outb(COM2 + 1, 0x02); /* the transmitter is empty: the line goes up */
  report("nobody took it", (ioapic_read(0x16) >> 14) & 1);
  enable = 1;
  wait_for(&enabled, 1);
  wait_for(&counts[0x75], 1);
  report("later", counts[0x75]);
  ioapic_write(0x16, MASKED);
}

/* Of two in a row, the processor handles the first when the second comes, and then that. */
static void nmis_in_a_row(void) {
  counts[2] = 0;
  for (u32 i = 1; i <= 200; i++) {
    lapic_write(ICR_LOW, 0x4400);
    lapic_write(ICR_LOW, 0x4400);
    wait_for(&counts[2], 2 * i);
  }
  report("two NMIs in a row", counts[2]);
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  report("at first", status());
  lapic_write(LVT_ERROR, 0x5e);
  lapic_write(ICR_LOW, 0x40000 | 0x05);
  open_window();
  report("interrupts", errors);
  report("send and receive illegal vector", status());
  lapic_read(0x3f0);
  lapic_write(0x40, 1);
  open_window();
  report("interrupts", errors);
  lapic_read(0x3f0); /* of the errors until the next write of the ESR, only the first one interrupts */
  open_window();
  report("not again", errors);
  report("illegal register", status());
  report("cleared", status());
  lapic_write(LVT_ERROR, MASKED | 0x5e);
  lapic_write(ICR_LOW, 0x40000 | 0x0f);
  open_window();
  report("masked", errors);
  report("still recorded", status());
  disabled();
  lint0();
  broadcasts();
  base();
  start_other();
  level_for_later();
  nmis_in_a_row();
  return 0;
}
