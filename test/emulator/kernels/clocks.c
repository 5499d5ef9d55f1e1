/* All clocks tell the same time: PIT, TSC, local APIC timer, ACPI timer, RTC. Time is virtual: the ratios are exact. */
#include "kernel.h"

#define TIMER_INITIAL 0x380
#define TIMER_CURRENT 0x390
#define TIMER_DIVIDE 0x3e0

static volatile u32 seconds, awake;

static u8 cmos(u8 index) {
  outb(0x70, index);
  return inb(0x71);
}

static void set_cmos(u8 index, u8 value) {
  outb(0x70, index);
  outb(0x71, value);
}

void handler(struct frame *frame) {
  if (frame->vector == 0x50) {
    awake = 1;
    lapic_write(0xb0, 0);
    return;
  }
  if (frame->vector != 0x28) leave(0x80 | frame->vector);
  cmos(0x0c);
  seconds++;
  outb(0xa0, 0x20);
  outb(0x20, 0x20);
}

/* Counter 2 of the PIT counts `ticks` down; its output is in port 61h. */
static void pit_wait(u32 ticks) {
  outb(0x61, 0x00);
  outb(0x43, 0xb0);
  outb(0x42, ticks & 0xff);
  outb(0x42, ticks >> 8);
  outb(0x61, 0x01);
  while ((inb(0x61) & 0x20) == 0) {
  }
}

static void near(const char *name, u32 value, u32 wanted) {
  u32 difference = value > wanted ? value - wanted : wanted - value;
  report(name, difference <= wanted / 100);
  if (difference > wanted / 100) {
    report("  found", value);
    report("  wanted", wanted);
  }
}

static u32 pit_count(void) {
  outb(0x43, 0x00);
  u32 low = inb(0x40);
  return low | (inb(0x40) << 8);
}

/* Twenty seconds, beside a clock that interrupts 8192 times a second and is not acknowledged. */
static void sleep(void) {
  outb(0xa1, 0xff);
  set_cmos(0x0a, 0x23);
  set_cmos(0x0b, 0x42);
  lapic_write(0x320, 0x50);
  u64 start = rdtsc();
  lapic_write(TIMER_INITIAL, 125000000);
  sti_hlt();
  report("slept", awake);
  near("for", (u32)((rdtsc() - start) >> 10), 19531250);
}

int main(void) {
  lapic_write(0xf0, 0x1ff);
  lapic_write(TIMER_DIVIDE, 0x3); /* by 16 */
  lapic_write(TIMER_INITIAL, 0xffffffff);
  u32 acpi = inl(0xb008);
  u64 tsc = rdtsc();
  u32 apic = lapic_read(TIMER_CURRENT);
  pit_wait(11932); /* ten milliseconds */
  u32 tsc_ticks = (u32)(rdtsc() - tsc);
  u32 apic_ticks = apic - lapic_read(TIMER_CURRENT);
  u32 acpi_ticks = (inl(0xb008) - acpi) & 0xffffff;
  near("tsc", tsc_ticks, 10000000);
  near("local apic", apic_ticks, 1000000 / 16);
  near("acpi", acpi_ticks, 35795);

  outb(0x43, 0x34); /* counter 0, mode 2 */
  outb(0x40, 0);
  outb(0x40, 0);
  u32 first = pit_count();
  pit_wait(5000);
  near("pit counter 0", (first - pit_count()) & 0xffff, 5000);
  outb(0x43, 0xe2); /* read back the status of counter 0 */
  report("pit status", inb(0x40) & 0x3f);

  cmos(0x0c);
  pit_wait(5000);
  report("rtc periods, though none interrupts", (cmos(0x0c) >> 6) & 1);
  pic_init();
  lapic_write(0x350, 0x700); /* LINT0: the 8259s */
  outb(0x21, 0xfb);
  outb(0xa1, 0xfe);
  cmos(0x0c);
  set_cmos(0x0b, 0x12); /* an interrupt at the end of each second's update */
  u32 count = seconds;
  while (seconds == count) sti_hlt();
  u64 start = rdtsc();
  count = seconds;
  while (seconds == count) sti_hlt();
  near("rtc", (u32)((rdtsc() - start) >> 10), 976563);
  while (cmos(0x0a) & 0x80) {
  }
  puts("date ");
  puthex((cmos(0x32) << 24) | (cmos(9) << 16) | (cmos(8) << 8) | cmos(7));
  putch('\n');
  sleep();
  puts("done\n");
  return 0;
}
