/*
 * All processors add to two counters, one under a lock and one without. Prints what came of it.
 */
#include "kernel.h"

#define SVR 0xf0
#define ICR_LOW 0x300
#define MAX 8
#define TIMES 3000

extern u8 trampoline[], trampoline_end[], gdt_pointer[];

static volatile u32 locked_sum, plain_sum, lock;
static volatile u32 arrived, ready, finished;

void handler(struct frame *frame) { leave(0x80 | frame->vector); }

static void add(void) {
  for (u32 i = 0; i < TIMES; i++) {
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0) __asm__ volatile("pause");
    locked_sum = locked_sum + 1;
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    plain_sum = plain_sum + 1;
  }
  __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

void processor_main(u32 number) {
  (void)number;
  __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
  while (!ready) __asm__ volatile("pause");
  add();
}

static void result(const char *name, u32 sum, u32 whole) {
  puts(name);
  putdec(sum);
  puts(" of ");
  putdec(whole);
  putch('\n');
}

int main(void) {
  u32 a, b, c, d;
  pic_init();
  lapic_write(SVR, 0x1ff);
  cpuid(1, &a, &b, &c, &d);
  u32 count = (b >> 16) & 0xff;
  u8 *low = (u8 *)0x8000;
  for (u32 i = 0; i < (u32)(trampoline_end - trampoline); i++) low[i] = trampoline[i];
  for (u32 i = 0; i < 6; i++) low[0x100 + i] = gdt_pointer[i];
  lapic_write(ICR_LOW, 0xc4500);
  lapic_write(ICR_LOW, 0xc4608);
  while (arrived < count - 1) __asm__ volatile("pause");
  ready = 1;
  add();
  while (finished < count) __asm__ volatile("pause");
  result("locked ", locked_sum, TIMES * count);
  result("plain ", plain_sum, TIMES * count);
  return 0;
}
