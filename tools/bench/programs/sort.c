#include <stdint.h>
typedef int32_t (*compareFn)(uint32_t, uint32_t);
static uint32_t items[2048];

static int32_t byLowBits(uint32_t a, uint32_t b) {
  uint32_t x = a & 0xffff, y = b & 0xffff;
  if (x < y) return -1;
  return x > y ? 1 : 0;
}

static void siftDown(uint32_t *base, uint32_t start, uint32_t end, compareFn compare) {
  uint32_t root = start;
  while (root * 2 + 1 < end) {
    uint32_t child = root * 2 + 1;
    if (child + 1 < end && compare(base[child], base[child + 1]) < 0) child++;
    if (compare(base[root], base[child]) >= 0) return;
    uint32_t swap = base[root];
    base[root] = base[child];
    base[child] = swap;
    root = child;
  }
}

static void heapSort(uint32_t *base, uint32_t length, compareFn compare) {
  for (uint32_t start = length >> 1; start > 0; start--) siftDown(base, start - 1, length, compare);
  for (uint32_t end = length - 1; end > 0; end--) {
    uint32_t swap = base[end];
    base[end] = base[0];
    base[0] = swap;
    siftDown(base, 0, end, compare);
  }
}

uint32_t benchMain(void) {
  uint32_t random = 99;
  for (uint32_t i = 0; i < 2048; i++) {
    random = random * 1664525u + 1013904223u;
    items[i] = random >> 4;
  }
  heapSort(items, 2048, byLowBits);
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 2048; i++) sum = sum * 33 + (items[i] & 0xffff);
  return sum;
}
