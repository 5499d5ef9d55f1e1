/*
 * What makes compiled and interpreted code differ if anything does: page faults in the middle of blocks, string
 * instructions across pages, code that changes itself, timer interrupts at odd moments and
 * when they are enabled again, floating point, device memory in
 * hot loops. Prints a checksum over everything, again and again.
 */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define LVT_TIMER 0x320
#define TIMER_INITIAL 0x380
#define TIMER_CURRENT 0x390
#define TIMER_DIVIDE 0x3e0
#define WINDOW 0x40000000u
#define WINDOW_PAGES 64

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 identity[4][1024] __attribute__((aligned(4096)));
static u32 window[1024] __attribute__((aligned(4096)));
static u8 frames[WINDOW_PAGES][4096] __attribute__((aligned(4096)));
static volatile u32 ticks, faults, sum, seed = 12345;

static u32 next_random(void) { return seed = seed * 1664525 + 1013904223; }

static void map(u32 table, u32 index, u32 entry) { ((u32 *)(directory[table] & ~4095u))[index] = entry; }

static void invalidate(u32 address) { __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory"); }

void handler(struct frame *frame) {
  if (frame->vector == 14) {
    u32 address;
    __asm__ volatile("mov %%cr2, %0" : "=r"(address));
    if (address < WINDOW || address >= WINDOW + WINDOW_PAGES * 4096) {
      puts("fault ");
      puthex(address);
      leave(14);
    }
    u32 page = (address - WINDOW) >> 12;
    map(WINDOW >> 22, page, (u32)frames[page] | 3);
    faults++;
    sum = sum * 31 + (address & 0xfff) + frame->error;
    return;
  }
  if (frame->vector == 0x50) {
    ticks++;
    sum = sum * 33 + frame->eip;
    lapic_write(TIMER_INITIAL, 500 + (next_random() >> 20));
    lapic_write(EOI, 0);
    return;
  }
  leave(0x80 | frame->vector);
}

static void unmap_some(void) {
  for (u32 i = 0; i < WINDOW_PAGES; i++) {
    if ((next_random() >> 28) != 0) continue;
    map(WINDOW >> 22, i, 0);
    invalidate(WINDOW + 4096 * i);
  }
}

static void walk(void) {
  volatile u32 *words = (volatile u32 *)WINDOW;
  for (u32 i = 0; i < 400; i++) {
    u32 a = (next_random() >> 12) % (WINDOW_PAGES * 1024 - 1);
    u32 b = (next_random() >> 12) % (WINDOW_PAGES * 1024 - 1);
    words[a] += words[b] + i;
    *(volatile u32 *)(WINDOW + 4 * a + 2) ^= i; /* may cross a page */
    sum += words[b] * 3;
  }
}

static void strings(void) {
  u32 from = WINDOW + ((next_random() >> 10) % (WINDOW_PAGES * 2048));
  u32 to = WINDOW + WINDOW_PAGES * 2048 + ((next_random() >> 10) % (WINDOW_PAGES * 1024));
  u32 count = next_random() >> 20;
  void *s = (void *)from, *d = (void *)to;
  __asm__ volatile("rep movsb" : "+S"(s), "+D"(d), "+c"(count)::"memory");
  count = 1000;
  d = (void *)from;
  __asm__ volatile("repne scasb" : "+D"(d), "+c"(count) : "a"(0x5a) : "memory", "cc");
  sum += count;
}

static u8 code[64] __attribute__((aligned(4096)));
static void self_modifying(void) {
  for (u32 i = 0; i < 2; i++) {
    code[0] = 0xb8; /* mov $i, %eax; ret */
    *(u32 *)(code + 1) = i * 7 + sum;
    code[5] = 0xc3;
    sum += ((u32(*)(void))code)();
  }
}

static void floating(void) {
  double x = (double)(sum & 1023) + 0.25, y = 1.0;
  for (int i = 0; i < 20; i++) y = y * 0.75 + x / (y + 1.5);
  sum += (u32)(y * 1000.0);
}

/* Interrupts off and on again by all means: what waited comes at once. */
static void critical(void) {
  for (u32 i = 0; i < 40; i++) {
    u32 flags;
    __asm__ volatile("pushf; pop %0; cli" : "=r"(flags)::"memory");
    for (u32 k = 0; k < (i & 7) * 20; k++) sum += k;
    if (i & 1) __asm__ volatile("sti; add %1, %0" : "+m"(sum) : "r"(i) : "cc");
    __asm__ volatile("push %1; popf; add $3, %0; add $4, %0" : "+m"(sum) : "r"(flags) : "memory", "cc");
  }
}

static void devices(void) {
  for (int i = 0; i < 30; i++) sum += lapic_read(TIMER_CURRENT) + (u32)rdtsc();
}

int main(void) {
  pic_init();
  for (u32 t = 0; t < 4; t++) {
    directory[t] = (u32)identity[t] | 3;
    for (u32 i = 0; i < 1024; i++) identity[t][i] = ((t << 22) | (i << 12)) | 3;
  }
  directory[WINDOW >> 22] = (u32)window | 3;
  directory[LAPIC >> 22] = (LAPIC & 0xffc00000) | 0x83; /* a large page */
  __asm__ volatile("mov %%cr4, %%eax; or $0x10, %%eax; mov %%eax, %%cr4" ::: "eax");
  __asm__ volatile("mov %0, %%cr3" ::"r"(directory));
  __asm__ volatile("mov %%cr0, %%eax; or $0x80010000, %%eax; and $0xfffffff3, %%eax; mov %%eax, %%cr0" ::: "eax");
  __asm__ volatile("fninit");
  lapic_write(SVR, 0x1ff);
  lapic_write(LVT_TIMER, 0x50);
  lapic_write(TIMER_DIVIDE, 0xb);
  lapic_write(TIMER_INITIAL, 1000);
  sti();
  for (u32 round = 0;; round++) {
    walk();
    strings();
    self_modifying();
    floating();
    critical();
    devices();
    unmap_some();
    if (round % 64 == 0) {
      report("faults", faults);
      report("ticks", ticks);
      report("sum", sum);
    }
  }
}
