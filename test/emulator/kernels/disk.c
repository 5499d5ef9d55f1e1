/*
 * Two IDE disks on the first channel, and an empty place on the second: identification, PIO by sector and by block, with 28
 * and 48 bits of address and by cylinder, DMA over several regions, interrupts and their mask, resets, errors.
 *
 * The first disk has 4001 sectors, each filled with its number; the second has 70,000 and is empty. Prints facts that the
 * specification fixes, so that this machine and QEMU print the same.
 */
#include "kernel.h"

#define PRIMARY 0x1f0
#define SECONDARY 0x170
#define CONTROL 0x206
#define STATUS 7
#define COMMAND 7
#define BUSY 0x80
#define READY 0x40
#define FAULT 0x20
#define DRQ 0x08
#define ERROR 0x01
#define SECTORS 4001

static volatile u32 interrupts[16];
static u32 bus_master;
static u16 data[8 * 256];

void handler(struct frame *frame) {
  if (frame->vector < 0x20) leave(0x80 | frame->vector);
  interrupts[frame->vector - 0x20]++;
  if (frame->vector >= 0x28) outb(0xa0, 0x20);
  outb(0x20, 0x20);
}

static u16 inw(u16 port) {
  u16 value;
  __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static void outw(u16 port, u16 value) { __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
static void insl(u16 port, void *to, u32 count) {
  __asm__ volatile("cld; rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
}
static void outsw(u16 port, const void *from, u32 count) {
  __asm__ volatile("cld; rep outsw" : "+S"(from), "+c"(count) : "d"(port) : "memory");
}

static u8 status(u16 base) { return inb(base + CONTROL); }

static u8 wait(u16 base) {
  while (status(base) & BUSY) {
  }
  return inb(base + STATUS);
}

static void select(u32 device, u32 sector, u32 count) {
  outb(PRIMARY + 6, 0xe0 | (device << 4) | ((sector >> 24) & 15));
  outb(PRIMARY + 2, count);
  outb(PRIMARY + 3, sector);
  outb(PRIMARY + 4, sector >> 8);
  outb(PRIMARY + 5, sector >> 16);
}

static void select48(u32 device, u32 sector, u32 count) {
  outb(PRIMARY + 6, 0xe0 | (device << 4));
  outb(PRIMARY + 2, count >> 8);
  outb(PRIMARY + 3, sector >> 24);
  outb(PRIMARY + 4, 0);
  outb(PRIMARY + 5, 0);
  outb(PRIMARY + 2, count);
  outb(PRIMARY + 3, sector);
  outb(PRIMARY + 4, sector >> 8);
  outb(PRIMARY + 5, sector >> 16);
}

/* Transfers `sectors` in blocks of `block`, by 16 or 32 bits; returns how many blocks there were. */
static u32 read_blocks(u32 sectors, u32 block) {
  u32 blocks = 0;
  for (u32 at = 0; at < sectors; at += block, blocks++) {
    if ((wait(PRIMARY) & (DRQ | ERROR)) != DRQ) return 1000 + blocks;
    u32 count = sectors - at < block ? sectors - at : block;
    insl(PRIMARY, data + 256 * at, 128 * count);
  }
  return (wait(PRIMARY) & (DRQ | ERROR)) == 0 ? blocks : 2000;
}

static u32 write_blocks(u32 sectors, u32 block) {
  u32 blocks = 0;
  for (u32 at = 0; at < sectors; at += block, blocks++) {
    if ((wait(PRIMARY) & (DRQ | ERROR)) != DRQ) return 1000 + blocks;
    u32 count = sectors - at < block ? sectors - at : block;
    outsw(PRIMARY, data + 256 * at, 256 * count);
  }
  return (wait(PRIMARY) & (DRQ | ERROR)) == 0 ? blocks : 2000;
}

/* Takes the interrupts that came while they were off. */
static void drain(void) {
  inb(PRIMARY + STATUS);
  sti();
  for (volatile int i = 0; i < 2000; i++) {
  }
  cli();
}

static void clear(void) {
  for (u32 i = 0; i < 8 * 256; i++) data[i] = 0;
}

/* Whether the buffer holds these sectors of the first disk. */
static u32 holds(u32 sector, u32 count) {
  for (u32 i = 0; i < 256 * count; i++) {
    if (data[i] != sector + i / 256) return 0;
  }
  return 1;
}

static void identify(void) {
  for (u32 device = 0; device < 2; device++) {
    select(device, 0, 0);
    outb(PRIMARY + COMMAND, 0xec);
    report("identify", read_blocks(1, 1));
    report("ata", (data[0] & 0x8000) == 0);
    report("sectors", data[60] | (data[61] << 16));
    report("sectors, 48 bits", data[100] | (data[101] << 16));
    report("lba and dma", (data[49] >> 8) & 3);
    report("heads", data[3]);
    report("sectors of a track", data[6]);
    report("cylinders", data[1]);
    report("multiple", data[47] & 0xff);
    report("multiword modes", data[63] & 7);
    report("48 bits and flush", (data[83] >> 10) & 0xd);
  }
}

static void pio(void) {
  select(0, 17, 1);
  outb(PRIMARY + COMMAND, 0x20);
  report("read", read_blocks(1, 1));
  report("contents", holds(17, 1));
  clear();
  select(0, 3993, 8);
  outb(PRIMARY + COMMAND, 0x20);
  report("read eight", read_blocks(8, 1));
  report("contents", holds(3993, 8));
  outb(PRIMARY + 2, 4);
  outb(PRIMARY + COMMAND, 0xc6);
  report("set multiple", wait(PRIMARY) & ERROR);
  clear();
  select(0, 100, 7);
  outb(PRIMARY + COMMAND, 0xc4);
  report("read multiple", read_blocks(7, 4));
  report("contents", holds(100, 7));
  clear();
  select48(0, 1000, 5);
  outb(PRIMARY + COMMAND, 0x29);
  report("read multiple ext", read_blocks(5, 4));
  report("contents", holds(1000, 5));
  clear();
  outb(PRIMARY + 6, 0xa0 | 3); /* cylinder 2, head 3, sector 5, by the default geometry of 16 heads and 63 sectors */
  outb(PRIMARY + 2, 2);
  outb(PRIMARY + 3, 5);
  outb(PRIMARY + 4, 2);
  outb(PRIMARY + 5, 0);
  outb(PRIMARY + COMMAND, 0x20);
  report("read by cylinder", read_blocks(2, 1));
  report("contents", holds((2 * 16 + 3) * 63 + 4, 2));
}

static void write(void) {
  for (u32 i = 0; i < 8 * 256; i++) data[i] = 77 + i / 256;
  select(1, 69990, 3);
  outb(PRIMARY + COMMAND, 0x30);
  report("write", write_blocks(3, 1));
  outb(PRIMARY + 2, 2); /* device 1 is still selected */
  outb(PRIMARY + COMMAND, 0xc6);
  wait(PRIMARY);
  select48(1, 69993, 5);
  outb(PRIMARY + COMMAND, 0x39);
  report("write multiple ext", write_blocks(5, 2));
  outb(PRIMARY + COMMAND, 0xe7);
  report("flush", wait(PRIMARY) & ERROR);
  clear();
  select48(1, 69989, 8);
  outb(PRIMARY + COMMAND, 0x24);
  report("read again", read_blocks(8, 1));
  report("before", data[0]);
  report("first", data[256]);
  report("last of the first", data[3 * 256]);
  report("first of the second", data[4 * 256]);
  report("last", data[7 * 256 + 255]);
}

static u32 pci_read(u32 where) {
  outl(0xcf8, 0x80000000 | where);
  return inl(0xcfc);
}

static void pci(void) {
  puts("host bridge ");
  puthex(pci_read(0));
  puts("\nisa bridge ");
  puthex(pci_read(0x800));
  puts("\nide ");
  puthex(pci_read(0x900));
  puts("\nide class ");
  puthex(pci_read(0x908) >> 16);
  puts("\nmultifunction ");
  puthex((pci_read(0x80c) >> 16) & 0xff);
  puts("\nnobody ");
  puthex(pci_read(0xf800));
  pci_read(0x900);
  outl(0xcfc, 0xffffffff);
  puts("\nread-only ");
  puthex(pci_read(0x900));
  u32 bar = pci_read(0x920);
  outl(0xcfc, 0xffffffff);
  puts("\nsize of the region ");
  puthex(inl(0xcfc));
  outl(0xcfc, bar);
  putch('\n');
  bus_master = bar & 0xfffc;
  u32 command = pci_read(0x904);
  outl(0xcfc, (command & 0xffff) | 5);
  report("by word", (outl(0xcf8, 0x80000900), inw(0xcfe)) == 0x7010);
  report("by byte", (outl(0xcf8, 0x80000900), inb(0xcfd)) == 0x80);
  outl(0xcf8, 0x00000900);
  report("disabled", inl(0xcfc) == 0xffffffff);
}

static u32 list[8] __attribute__((aligned(64)));

/* A transfer between the disk and three pieces of the buffer, the last of which ends it. Returns what the status says. */
static u32 dma(u32 command, u32 direction, u32 bytes) {
  u8 *base = (u8 *)data;
  list[0] = (u32)base;
  list[1] = 512;
  list[2] = (u32)base + 512;
  list[3] = 100;
  list[4] = (u32)base + 612;
  list[5] = (bytes - 612) | 0x80000000;
  outb(bus_master, 0);
  outb(bus_master + 2, 0x06);
  outl(bus_master + 4, (u32)list);
  drain();
  u32 before = interrupts[14];
  outb(PRIMARY + COMMAND, command);
  outb(bus_master, direction);
  outb(bus_master, direction | 1);
  while (interrupts[14] == before) sti_hlt();
  u32 result = inb(bus_master + 2) & 7;
  outb(bus_master, direction);
  report("disk", inb(PRIMARY + STATUS) & (BUSY | DRQ | ERROR));
  return result;
}

static void by_dma(void) {
  clear();
  select(0, 2000, 4);
  report("read by dma", dma(0xc8, 8, 4 * 512));
  report("contents", holds(2000, 4));
  for (u32 i = 0; i < 8 * 256; i++) data[i] = 200 + i / 256;
  select48(1, 40000, 5);
  report("write by dma", dma(0x35, 0, 5 * 512));
  clear();
  select48(1, 39999, 7);
  report("read by dma, 48 bits", dma(0x25, 8, 7 * 512));
  report("before", data[255]);
  report("first", data[256]);
  report("last", data[5 * 256 + 255]);
  report("behind", data[6 * 256]);
  select(0, 0, 4);
  report("more room than data", dma(0xc8, 8, 6 * 512));
  outb(bus_master + 2, 4);
  report("interrupt cleared", inb(bus_master + 2) & 4);
  outb(bus_master + 2, 0x60);
  report("for software", inb(bus_master + 2) & 0x60);
}

static void lines(void) {
  drain();
  u32 before = interrupts[14];
  select(0, 5, 1);
  outb(PRIMARY + COMMAND, 0x20);
  while (interrupts[14] == before) sti_hlt();
  report("interrupt before the data", status(PRIMARY) & DRQ);
  wait(PRIMARY);
  insl(PRIMARY, data, 128);
  for (volatile int i = 0; i < 2000; i++) {
  }
  sti();
  cli();
  report("and none after", interrupts[14] - before);

  outb(PRIMARY + CONTROL, 2);
  before = interrupts[14];
  select(0, 6, 1);
  outb(PRIMARY + COMMAND, 0x40);
  while (status(PRIMARY) & BUSY) {
  }
  sti();
  for (volatile int i = 0; i < 2000; i++) {
  }
  cli();
  report("disabled, interrupts", interrupts[14] - before);
  outb(PRIMARY + CONTROL, 0); /* still asked for: the alternate status does not acknowledge */
  sti();
  for (volatile int i = 0; i < 2000; i++) {
  }
  cli();
  report("enabled", interrupts[14] - before);
  inb(PRIMARY + STATUS);
}

static void errors(void) {
  select(0, SECTORS, 1);
  outb(PRIMARY + COMMAND, 0x20);
  report("beyond the end", wait(PRIMARY) & (ERROR | DRQ));
  report("says why", inb(PRIMARY + 1) != 0);
  select(0, 0, 1);
  outb(PRIMARY + COMMAND, 0x20);
  report("goes on", read_blocks(1, 1));
  outb(PRIMARY + COMMAND, 0x01);
  report("no such command", wait(PRIMARY) & (ERROR | DRQ));
  report("aborted", inb(PRIMARY + 1));
  outb(PRIMARY + COMMAND, 0xa1);
  report("identify packet device", wait(PRIMARY) & (ERROR | DRQ));
  report("aborted", inb(PRIMARY + 1) & 4);
  outb(PRIMARY + 1, 0x99);
  outb(PRIMARY + COMMAND, 0xef);
  report("no such feature", wait(PRIMARY) & ERROR);
  outb(PRIMARY + 1, 3);
  outb(PRIMARY + 2, 0x22);
  outb(PRIMARY + COMMAND, 0xef);
  report("set transfer mode", wait(PRIMARY) & ERROR);
  outb(PRIMARY + COMMAND, 0xec);
  read_blocks(1, 1);
  report("mode", data[63] >> 8);
  outb(PRIMARY + 2, 5);
  outb(PRIMARY + COMMAND, 0xc6);
  report("five for one interrupt", wait(PRIMARY) & ERROR);
  report("data without request", inw(PRIMARY) == 0);
  outw(PRIMARY, 0x1234);
  report("ready", (inb(PRIMARY + STATUS) & (READY | BUSY | DRQ | FAULT)) == READY);
  outb(PRIMARY + COMMAND, 0xe5);
  wait(PRIMARY);
  report("power mode", inb(PRIMARY + 2));
}

static void show_signature(const char *name) {
  puts(name);
  for (u32 i = 1; i < 7; i++) {
    putch(' ');
    putdec(inb(PRIMARY + i) & (i == 6 ? 0x1f : 0xff));
  }
  putch('\n');
}

static void resets(void) {
  select(1, 0x123456, 9);
  outb(PRIMARY + CONTROL, 6);
  for (volatile int i = 0; i < 5000; i++) {
  }
  outb(PRIMARY + CONTROL, 2);
  report("after reset", wait(PRIMARY) & (READY | ERROR));
  show_signature("signature");
  outb(PRIMARY + 6, 0xb0);
  show_signature("of the other");
  outb(PRIMARY + COMMAND, 0x90);
  report("diagnostics", wait(PRIMARY) & ERROR);
  show_signature("passed");
  outb(PRIMARY + CONTROL, 0);
}

static void absent(void) {
  outb(SECONDARY + 6, 0xb0);
  report("missing, status", inb(SECONDARY + STATUS));
  outb(SECONDARY + 2, 0x55);
  report("missing, registers", inb(SECONDARY + 2) == 0x55);
  outb(SECONDARY + COMMAND, 0xec);
  report("missing, command", inb(SECONDARY + STATUS));
}

int main(void) {
  pic_init();
  lapic_write(0xf0, 0x1ff);
  lapic_write(0x350, 0x700); /* LINT0: the 8259s */
  outb(0x21, 0xfb);
  outb(0xa1, 0x3f);
  identify();
  pio();
  write();
  pci();
  by_dma();
  lines();
  errors();
  resets();
  absent();
  puts("done\n");
  return 0;
}
