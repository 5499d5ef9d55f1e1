/*
 * A kernel with a console on the first serial port, as small teaching systems have it: interrupt-driven input that begins by
 * throwing away what is there, an echo, lines as commands. `quit N` ends the run, `poll` goes on without interrupts, `sleep`
 * halts with nothing to wake it, `reset` resets the machine, `keyboard` does so by the keyboard controller, `off` switches it
 * off, `fault` runs into a triple fault.
 */
#include "kernel.h"

#define COM1 0x3f8

static volatile char line[128];
static volatile u32 length, complete;

static void take(char c) {
  if (c == '\r') c = '\n';
  putch(c);
  if (c == '\n') complete = 1;
  else if (length < sizeof line - 1) line[length++] = c;
}

void handler(struct frame *frame) {
  if (frame->vector != 0x24) leave(0x80 | frame->vector);
  while (inb(COM1 + 5) & 1) take((char)inb(COM1));
  outb(0x20, 0x20);
}

static void uart_init(void) {
  outb(COM1 + 2, 0);
  outb(COM1 + 3, 0x80);
  outb(COM1 + 0, 1);
  outb(COM1 + 1, 0);
  outb(COM1 + 3, 3);
  outb(COM1 + 4, 0x08);
  outb(COM1 + 1, 1);
  inb(COM1 + 2);
  inb(COM1); /* whatever came before is gone */
}

static u32 is(const char *word) {
  u32 i = 0;
  for (; word[i] != 0; i++) {
    if (line[i] != word[i]) return 0;
  }
  return line[i] == 0 || line[i] == ' ';
}

static void obey(u32 *polling) {
  if (is("quit")) leave(line[5] - '0');
  if (is("poll")) {
    *polling = 1;
    outb(COM1 + 1, 0);
  } else if (is("sleep")) {
    outb(0x21, 0xff);
    for (;;) __asm__ volatile("sti; hlt");
  } else if (is("reset")) {
    outb(0xcf9, 0x02);
    outb(0xcf9, 0x06);
  } else if (is("keyboard")) {
    outb(0x64, 0xfe);
  } else if (is("off")) {
    outb(0x604, 0x00);
    outb(0x605, 0x20);
  } else if (is("fault")) {
    static u8 nowhere[6];
    __asm__ volatile("lidt %0; int3" ::"m"(nowhere));
  } else {
    puts("heard ");
    for (u32 i = 0; i < length; i++) putch(line[i]);
    putch('\n');
  }
}

int main(void) {
  u32 polling = 0;
  pic_init();
  lapic_write(0xf0, 0x1ff);
  lapic_write(0x350, 0x700); /* LINT0: the 8259s */
  outb(0x21, 0xef);
  uart_init();
  for (;;) {
    puts("$ ");
    while (!complete) {
      if (polling && (inb(COM1 + 5) & 1)) take((char)inb(COM1));
      if (!polling) sti_hlt();
    }
    line[length] = 0;
    obey(&polling);
    length = complete = 0;
  }
}
