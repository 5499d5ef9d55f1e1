/*
 * The clock with a battery, without its interrupts: the flags in status C, setting it, what is not a date.
 */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define SECONDS 0
#define MINUTES 2
#define HOURS 4
#define DAY 7
#define MONTH 8
#define YEAR 9
#define CENTURY 0x32
#define STATUS_B 0x0b
#define STATUS_C 0x0c
#define UPDATE_ENDED 0x10
#define ALARM 0x20
#define SET 0x80

void handler(struct frame *frame) {
  if (frame->vector < 32) leave(0x80 | frame->vector);
  lapic_write(EOI, 0);
}

static u8 rtc_read(u8 index) {
  outb(0x70, index);
  return inb(0x71);
}

static void rtc_write(u8 index, u8 value) {
  outb(0x70, index);
  outb(0x71, value);
}

/* In HLT, by the PIT: more than a second. */
static void sleep(void) {
  for (int i = 0; i < 24; i++) {
    outb(0x43, 0x30);
    outb(0x40, 0);
    outb(0x40, 0xe0);
    sti_hlt();
  }
}

static void show(const char *name) {
  static const u8 registers[] = {CENTURY, YEAR, MONTH, DAY, HOURS, MINUTES};
  puts(name);
  for (u32 i = 0; i < sizeof(registers); i++) {
    putch(' ');
    puthex(rtc_read(registers[i]));
  }
  putch('\n');
}

static void set(u8 century, u8 year, u8 month, u8 day, u8 hours, u8 minutes, u8 seconds) {
  rtc_write(CENTURY, century);
  rtc_write(YEAR, year);
  rtc_write(MONTH, month);
  rtc_write(DAY, day);
  rtc_write(HOURS, hours);
  rtc_write(MINUTES, minutes);
  rtc_write(SECONDS, seconds);
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  ioapic_write(0x14, 0x41);
  rtc_write(SECONDS + 1, 0xff); /* an alarm at every second */
  rtc_write(MINUTES + 1, 0xff);
  rtc_write(HOURS + 1, 0xff);
  rtc_read(STATUS_C);
  sleep();
  u8 flags = rtc_read(STATUS_C);
  report("update ended", (flags & UPDATE_ENDED) != 0);
  report("alarm", (flags & ALARM) != 0);
  report("no interrupt", (flags & 0x80) == 0);
  report("read", (rtc_read(STATUS_C) & (UPDATE_ENDED | ALARM)) == 0);

  rtc_write(STATUS_B, SET | UPDATE_ENDED | 2);
  puts("setting takes the update's interrupt away ");
  puthex(rtc_read(STATUS_B));
  putch('\n');
  set(0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
  sleep();
  show("stands still");
  rtc_write(STATUS_B, 2);
  sleep();
  show("goes on");
  rtc_write(STATUS_B, SET | 2);
  rtc_write(MONTH, 0x01);
  rtc_write(DAY, 0x31);
  rtc_write(MONTH, 0x02); /* for a moment, a date that there is not */
  show("in between");
  rtc_write(DAY, 0x29);
  rtc_write(STATUS_B, 2);
  show("set");
  puts("done\n");
  return 0;
}
