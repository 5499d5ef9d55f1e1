#include <stdint.h>
enum { ORDERS = 8, PAGES = 1024 };
static uint32_t freeMap[8][32];

static int testBit(const uint32_t *map, uint32_t bit) { return (map[bit >> 5] & (1u << (bit & 31))) != 0; }

static void changeBit(uint32_t *map, uint32_t bit) { map[bit >> 5] = map[bit >> 5] ^ (1u << (bit & 31)); }

static uint32_t firstSet(const uint32_t *map, uint32_t words) {
  for (uint32_t i = 0; i < words; i++)
    if (map[i] != 0) return i * 32 + (uint32_t)__builtin_ctz(map[i]);
  return 0xffffffffu;
}

static uint32_t allocate(uint32_t order) {
  for (uint32_t o = order; o < ORDERS; o++) {
    uint32_t block = firstSet(freeMap[o], 32u >> o == 0 ? 1 : 32u >> o);
    if (block == 0xffffffffu) continue;
    changeBit(freeMap[o], block);
    uint32_t page = block << o;
    for (uint32_t lower = o; lower > order; lower--) changeBit(freeMap[lower - 1], (page >> (lower - 1)) + 1);
    return page;
  }
  return 0xffffffffu;
}

static void release(uint32_t page, uint32_t order) {
  uint32_t o = order, block = page >> o;
  while (o < ORDERS - 1 && testBit(freeMap[o], block ^ 1)) {
    changeBit(freeMap[o], block ^ 1);
    block = block >> 1;
    o++;
  }
  changeBit(freeMap[o], block);
}

static uint32_t held[64], heldOrder[64];

uint32_t benchMain(void) {
  for (uint32_t i = 0; i < PAGES >> (ORDERS - 1); i++) changeBit(freeMap[ORDERS - 1], i);
  for (uint32_t i = 0; i < 64; i++) held[i] = 0xffffffffu;
  uint32_t random = 7, sum = 0;
  for (uint32_t i = 0; i < 3000; i++) {
    random = random * 1664525u + 1013904223u;
    uint32_t slot = (random >> 16) & 63;
    if (held[slot] != 0xffffffffu) {
      release(held[slot], heldOrder[slot]);
      held[slot] = 0xffffffffu;
    } else {
      heldOrder[slot] = (random >> 24) & 3;
      held[slot] = allocate(heldOrder[slot]);
      sum = sum * 5 + held[slot];
    }
  }
  return sum;
}
