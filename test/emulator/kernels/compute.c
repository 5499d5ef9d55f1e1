/* Endless work for measuring speed: sorting, hashing and list walking, with a timer interrupt every millisecond. */
#include "kernel.h"

#define EOI 0xb0
#define SVR 0xf0
#define LVT_TIMER 0x320
#define TIMER_INITIAL 0x380
#define TIMER_DIVIDE 0x3e0

struct node {
  struct node *next;
  u32 key;
};

static struct node nodes[512];
static u32 numbers[2048];
static u32 seed = 1;
static volatile u32 ticks, result;

void handler(struct frame *frame) {
  if (frame->vector != 0x50) leave(0x80 | frame->vector);
  ticks++;
  lapic_write(EOI, 0);
}

static u32 next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  return seed ^= seed << 5;
}

static void sort(u32 *array, int low, int high) {
  while (low < high) {
    u32 pivot = array[(low + high) / 2];
    int i = low, j = high;
    while (i <= j) {
      while (array[i] < pivot) i++;
      while (array[j] > pivot) j--;
      if (i > j) break;
      u32 swapped = array[i];
      array[i++] = array[j];
      array[j--] = swapped;
    }
    sort(array, low, j);
    low = i;
  }
}

static u32 hash(const u8 *bytes, u32 length) {
  u32 value = 2166136261u;
  for (u32 i = 0; i < length; i++) value = (value ^ bytes[i]) * 16777619u;
  return value;
}

static u32 walk(void) {
  u32 sum = 0;
  for (struct node *at = nodes; at != 0; at = at->next) sum += at->key;
  return sum;
}

int main(void) {
  pic_init();
  lapic_write(SVR, 0x1ff);
  lapic_write(TIMER_DIVIDE, 0xb);
  lapic_write(LVT_TIMER, 0x20050);
  lapic_write(TIMER_INITIAL, 100000);
  sti();
  for (u32 i = 0; i < 511; i++) {
    nodes[i].next = &nodes[(i * 73 + 1) % 511 == 0 ? 511 : i + 1];
    nodes[i].key = i;
  }
  for (;;) {
    for (u32 i = 0; i < 2048; i++) numbers[i] = next_random();
    sort(numbers, 0, 2047);
    result += hash((const u8 *)numbers, sizeof numbers);
    for (int i = 0; i < 20; i++) result += walk();
  }
}
