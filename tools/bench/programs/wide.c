#include <stdint.h>
static uint64_t toNanoseconds(uint64_t ticks, uint32_t frequency) {
  uint64_t seconds = ticks / frequency;
  uint64_t rest = ticks % frequency;
  return seconds * 1000000000u + rest * 1000000000u / frequency;
}

static uint64_t scale(uint64_t value, uint32_t multiplier, uint64_t shift) { return (value * multiplier) >> shift; }

uint32_t benchMain(void) {
  uint64_t ticks = 1, sum = 0;
  for (uint32_t i = 0; i < 500; i++) {
    ticks = ticks * 3 + i;
    if (ticks > 0xffffffffffffull) ticks = ticks >> 20;
    sum = sum + toNanoseconds(ticks, 1193182 + i);
    sum = sum ^ scale(ticks, 2147483 + i, 11);
    if ((int64_t)sum < 0) sum = ~sum;
  }
  return (uint32_t)sum ^ (uint32_t)(sum >> 32);
}
