/*
 * What small teaching systems for several processors touch, in the ways in which they do it: the MP table looked for in all
 * three places, processors started with a warm reset vector beside INIT and STARTUP, disks by PIO with interrupts that the
 * I/O APIC sends to the last processor, the text screen and its cursor, the keyboard controller, the clock, the 8259s masked
 * for good. With the command line `second`, only the second disk is there. With `reset` or `resetk`, the boot processor resets itself at the end, and comes back through the vector.
 *
 * Otherwise needs two disks. Prints facts that hold on any PC.
 */
#include "kernel.h"

#define SVR 0xf0
#define EOI 0xb0
#define ESR 0x280
#define TPR 0x80
#define ICR_LOW 0x300
#define ICR_HIGH 0x310
#define TIMER 0x320
#define TIMER_INITIAL 0x380
#define TIMER_DIVIDE 0x3e0
#define IRQ0 32
#define IDE_LINE 14

extern u8 trampoline[], trampoline_end[], gdt_pointer[], back_from_reset[];
extern volatile u32 processors;

static volatile u32 disk_interrupts[16], ticks[16], started[16];
static u32 count, ids[16], io_apic_id, last;
static u32 bios_data;
static u8 buffer[512];

static u32 self(void) { return lapic_read(0x20) >> 24; }

void handler(struct frame *frame) {
  if (frame->vector == IRQ0 + IDE_LINE) {
    inb(0x1f7);
    disk_interrupts[self()]++;
  } else if (frame->vector == IRQ0) ticks[self()]++;
  else if (frame->vector != IRQ0 + 1) leave(0x80 | frame->vector);
  lapic_write(EOI, 0);
}

static u8 sum(const u8 *from, u32 bytes) {
  u8 total = 0;
  while (bytes-- > 0) total += *from++;
  return total;
}

static const u8 *search(u32 from, u32 bytes) {
  for (const u8 *at = (const u8 *)from; at < (const u8 *)(from + bytes); at += 16) {
    if (*(const u32 *)at == 0x5f504d5f && sum(at, 16) == 0) return at;
  }
  return 0;
}

static void find_processors(void) {
  const u8 *pointer = 0;
  u32 extended = *(volatile u16 *)(bios_data + 0x0e) << 4;
  u32 base = *(volatile u16 *)(bios_data + 0x13) << 10;
  report("extended data", extended >= 0x80000 && extended < 0xa0000);
  report("base memory", base >= 0x80000 && base <= 0xa0000);
  if (extended != 0) pointer = search(extended, 1024);
  if (pointer == 0) pointer = search(base - 1024, 1024);
  if (pointer == 0) pointer = search(0xf0000, 0x10000);
  report("mp table", pointer != 0);
  report("interrupt mode register", pointer[12] & 0x80);
  const u8 *table = *(const u8 *const *)(pointer + 4);
  u32 bytes = *(const u16 *)(table + 4);
  report("checksum", sum(table, bytes));
  report("local apic", *(const u32 *)(table + 36) == LAPIC);
  u32 boot = 0, buses = 0, lines = 0, pins = 0, a, b, c, d;
  cpuid(1, &a, &b, &c, &d);
  for (const u8 *at = table + 44; at < table + bytes; at += *at == 0 ? 20 : 8) {
    if (at[0] == 0) {
      if ((at[3] & 1) == 0) continue;
      if (at[3] & 2) boot = at[1];
      ids[count++] = at[1];
      if (count == 1) report("signature and features", *(const u32 *)(at + 4) == a && *(const u32 *)(at + 8) == d);
    } else if (at[0] == 1) buses++;
    else if (at[0] == 2) io_apic_id = at[1];
    else if (at[0] == 3 && at[1] == 0) lines++;
    else if (at[0] == 4) pins++;
  }
  report("processors", count);
  report("boot processor", boot == self());
  report("buses", buses >= 1);
  report("lines", lines >= 8);
  report("local pins", pins);
  report("io apic", ioapic_read(0) >> 24 == io_apic_id);
}

static void local_apic_init(void) {
  lapic_write(SVR, 0x100 | (IRQ0 + 31));
  lapic_write(TIMER_DIVIDE, 0xb);
  lapic_write(TIMER, 0x20000 | IRQ0);
  lapic_write(TIMER_INITIAL, 200000);
  lapic_write(0x350, 0x10000);
  lapic_write(0x360, 0x10000);
  if (((lapic_read(0x30) >> 16) & 0xff) >= 4) lapic_write(0x340, 0x10000);
  lapic_write(0x370, IRQ0 + 19);
  lapic_write(ESR, 0);
  lapic_write(ESR, 0);
  lapic_write(EOI, 0);
  lapic_write(ICR_HIGH, 0);
  lapic_write(ICR_LOW, 0x88500); /* INIT de-assert to all: harmless */
  while (lapic_read(ICR_LOW) & 0x1000) {
  }
  lapic_write(TPR, 0);
}

void processor_main(u32 number) {
  (void)number;
  local_apic_init();
  started[self()] = 1;
  sti();
  for (;;) __asm__ volatile("pause");
}

static void delay(u32 microseconds) {
  u64 end = rdtsc() + 1000ull * microseconds;
  while (rdtsc() < end) {
  }
}

static void set_warm_vector(u32 address) {
  outb(0x70, 0x0f);
  outb(0x71, 0x0a);
  *(volatile u16 *)(bios_data + 0x67) = address & 15;
  *(volatile u16 *)(bios_data + 0x69) = address >> 4;
}

static void start_processor(u32 id, u32 address) {
  set_warm_vector(address);
  lapic_write(ICR_HIGH, id << 24);
  lapic_write(ICR_LOW, 0xc500);
  delay(200);
  lapic_write(ICR_LOW, 0x8500);
  delay(100);
  for (u32 i = 0; i < 2; i++) {
    lapic_write(ICR_HIGH, id << 24);
    lapic_write(ICR_LOW, 0x600 | (address >> 12));
    delay(200);
  }
  while (started[id] == 0) {
  }
}

static void start_processors(void) {
  u8 *low = (u8 *)0x8000;
  for (u32 i = 0; i < (u32)(trampoline_end - trampoline); i++) low[i] = trampoline[i];
  for (u32 i = 0; i < 6; i++) low[0x100 + i] = gdt_pointer[i];
  for (u32 i = 0; i < count; i++) {
    if (ids[i] != self()) start_processor(ids[i], 0x8000);
  }
  report("started", processors);
}

static void io_apic_init(void) {
  u32 pins = (ioapic_read(1) >> 16) & 0xff;
  for (u32 i = 0; i <= pins; i++) {
    ioapic_write(0x10 + 2 * i, 0x10000 | (IRQ0 + i));
    ioapic_write(0x11 + 2 * i, 0);
  }
  last = ids[count - 1];
  ioapic_write(0x10 + 2 * IDE_LINE, IRQ0 + IDE_LINE);
  ioapic_write(0x11 + 2 * IDE_LINE, last << 24);
}

static u32 disk_wait(void) {
  u32 status;
  while (((status = inb(0x3f6)) & 0xc0) != 0x40) {
  }
  return status & 0x21;
}

static void disk_start(u32 device, u32 sector, u32 command) {
  disk_wait();
  outb(0x3f6, 0);
  outb(0x1f2, 1);
  outb(0x1f3, sector);
  outb(0x1f4, sector >> 8);
  outb(0x1f5, sector >> 16);
  outb(0x1f6, 0xe0 | (device << 4) | ((sector >> 24) & 15));
  outb(0x1f7, command);
}

/* Device 0 must seem ready even if there is only device 1. */
static void disks(u32 first) {
  disk_wait();
  outb(0x1f6, 0xf0);
  u32 there = 0;
  for (u32 i = 0; i < 1000 && !there; i++) there = inb(0x1f7) != 0;
  outb(0x1f6, 0xe0);
  report("second disk", there);
  for (u32 i = 0; i < 512; i++) buffer[i] = (u8)(i * 3);
  u32 before = disk_interrupts[last];
  sti();
  disk_start(1, 77, 0x30);
  void *from = buffer;
  u32 words = 128;
  __asm__ volatile("cld; rep outsl" : "+S"(from), "+c"(words) : "d"(0x1f0) : "memory"); /* without waiting */
  while (disk_interrupts[last] == before) __asm__ volatile("pause");
  report("written", disk_wait());
  for (u32 i = 0; i < 512; i++) buffer[i] = 0;
  for (u32 device = first; device < 2; device++) {
    before = disk_interrupts[last];
    disk_start(device, 77, 0x20);
    while (disk_interrupts[last] == before) __asm__ volatile("pause");
    report("read", disk_wait());
    void *to = buffer;
    words = 128;
    __asm__ volatile("cld; rep insl" : "+D"(to), "+c"(words) : "d"(0x1f0) : "memory");
    report("contents", buffer[100] | (buffer[101] << 8));
  }
  cli();
  report("interrupts to the last", disk_interrupts[last] >= 3 - first);
  report("and to no other", count > 1 ? disk_interrupts[self()] : 0);
}

static void screen(void) {
  volatile u16 *text = (volatile u16 *)0xb8000;
  for (u32 i = 0; i < 80 * 25; i++) text[i] = 0x0720;
  text[81] = 0x0700 | 'x';
  outb(0x3d4, 14);
  outb(0x3d5, 81 >> 8);
  outb(0x3d4, 15);
  outb(0x3d5, 81);
  outb(0x3d4, 14);
  u32 cursor = inb(0x3d5) << 8;
  outb(0x3d4, 15);
  report("cursor", cursor | inb(0x3d5));
  report("character", text[81]);
  report("word", *(volatile u32 *)(0xb8000 + 2 * 80) == 0x07780720);
  for (u32 i = 0; i < 24 * 80; i++) text[i] = text[i + 80];
  report("scrolled", text[1]);
}

static u8 keyboard_read(void) {
  while ((inb(0x64) & 1) == 0) {
  }
  return inb(0x60);
}

static void keyboard_write(u16 port, u8 value) {
  while (inb(0x64) & 2) {
  }
  outb(port, value);
}

static void keyboard(void) {
  keyboard_write(0x64, 0xad);
  while (inb(0x64) & 1) inb(0x60);
  keyboard_write(0x64, 0xaa);
  report("self-test", keyboard_read());
  keyboard_write(0x64, 0xab);
  report("interface", keyboard_read());
  keyboard_write(0x64, 0x60);
  keyboard_write(0x60, 0x64);
  keyboard_write(0x64, 0x20);
  report("mode", keyboard_read());
  keyboard_write(0x64, 0xae);
  keyboard_write(0x60, 0xff);
  report("reset", keyboard_read());
  report("passed", keyboard_read());
  keyboard_write(0x60, 0xee);
  report("echo", keyboard_read());
  keyboard_write(0x60, 0xed);
  report("lights", keyboard_read());
  keyboard_write(0x60, 7);
  report("which", keyboard_read());
  keyboard_write(0x60, 0xf4);
  report("scanning", keyboard_read());
  report("nobody types", inb(0x64) & 1);
}

static u8 clock_register(u8 index) {
  outb(0x70, index);
  return inb(0x71);
}

static void clock(void) {
  while (clock_register(0x0a) & 0x80) {
  }
  u32 month = clock_register(8), day = clock_register(7);
  report("month", month >= 1 && month <= 0x12);
  report("day", day >= 1 && day <= 0x31);
  report("24 hours", (clock_register(0x0b) >> 1) & 1);
}

static void all_tick(void) {
  sti();
  for (u32 i = 0; i < count; i++) {
    while (ticks[ids[i]] < 2) __asm__ volatile("pause");
  }
  cli();
  report("all tick", 1);
}

/* Where the boot processor comes back to, in protected mode. */
void after_reset(void) {
  report("shutdown code", clock_register(0x0f) == 0x0a);
  report("again", self() == ids[0]);
  outb(0x70, 0x0f);
  outb(0x71, 0);
  puts("done\n");
  leave(0);
}

int main(struct multiboot *info) {
  __asm__("mov $0x400, %0" : "=r"(bios_data)); /* the compiler takes small constants for null pointers */
  pic_init();
  find_processors();
  local_apic_init();
  io_apic_init();
  screen();
  keyboard();
  clock();
  start_processors();
  disks(*(const char *)info->cmdline == 's');
  all_tick();
  if (*(const char *)info->cmdline != 'r') {
    puts("done\n");
    return 0;
  }
  u8 *low = (u8 *)0x8000;
  for (u32 i = 0; i < 64; i++) low[i] = back_from_reset[i];
  set_warm_vector(0x8000);
  if (((const char *)info->cmdline)[5] == 'k') outb(0x64, 0xfe); /* by the keyboard controller */
  lapic_write(ICR_HIGH, self() << 24);
  lapic_write(ICR_LOW, 0xc500); /* or INIT to ourselves */
  for (;;) __asm__ volatile("hlt");
}

/* Real mode: to protected mode, and on in after_reset on a stack that nobody uses. */
__asm__(".code16\n"
        ".globl back_from_reset\n"
        "back_from_reset:\n"
        "  cli\n"
        "  xor %ax, %ax\n"
        "  mov %ax, %ds\n"
        "  lgdtl 0x8100\n"
        "  mov %cr0, %eax\n"
        "  or $1, %al\n"
        "  mov %eax, %cr0\n"
        "  ljmpl $0x08, $protected_again\n"
        ".code32\n"
        "protected_again:\n"
        "  mov $0x10, %ecx\n"
        "  mov %ecx, %ds\n"
        "  mov %ecx, %es\n"
        "  mov %ecx, %ss\n"
        "  mov $0x7000, %esp\n"
        "  call after_reset\n");
