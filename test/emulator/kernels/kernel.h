/*
 * What the test kernels share: port and memory access, printing on the first serial port, interrupt handlers, and how to
 * end. The same kernels run on this machine and under QEMU, so everything here keeps to real hardware, except that QEMU's
 * exit port shifts its value, which the tests know.
 */
#ifndef KERNEL_H
#define KERNEL_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct frame {
  u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
  u32 vector, error, eip, cs, eflags;
};

struct multiboot {
  u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
  u32 drives_length, drives_addr, config_table, boot_loader_name;
};

struct module {
  u32 start, end, string, reserved;
};

/* Called for every interrupt and exception; each kernel defines its own. */
void handler(struct frame *frame);

static inline void outb(u16 port, u8 value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline u8 inb(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline void outl(u16 port, u32 value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline u32 inl(u16 port) {
  u32 value;
  __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline void cli(void) { __asm__ volatile("cli" ::: "memory"); }
static inline void sti(void) { __asm__ volatile("sti" ::: "memory"); }
static inline void sti_hlt(void) { __asm__ volatile("sti; hlt; cli" ::: "memory"); }
static inline u64 rdtsc(void) {
  u64 value;
  __asm__ volatile("rdtsc" : "=A"(value));
  return value;
}
static inline void cpuid(u32 leaf, u32 *a, u32 *b, u32 *c, u32 *d) {
  __asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}

#define LAPIC 0xfee00000u
#define IOAPIC 0xfec00000u
static inline u32 lapic_read(u32 offset) { return *(volatile u32 *)(LAPIC + offset); }
static inline void lapic_write(u32 offset, u32 value) { *(volatile u32 *)(LAPIC + offset) = value; }
static inline u32 ioapic_read(u32 index) {
  *(volatile u32 *)IOAPIC = index;
  return *(volatile u32 *)(IOAPIC + 0x10);
}
static inline void ioapic_write(u32 index, u32 value) {
  *(volatile u32 *)IOAPIC = index;
  *(volatile u32 *)(IOAPIC + 0x10) = value;
}

void putch(char c);
void puts(const char *text);
void puthex(u32 value);
void putdec(u32 value);
/* Prints "name value", the value in decimal. */
void report(const char *name, u32 value);
/* Moves the 8259s to vectors 0x20 to 0x2f and masks all their inputs. */
void pic_init(void);
/* Ends the run with this code. */
void leave(u32 code) __attribute__((noreturn));

#endif
