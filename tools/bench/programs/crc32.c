#include <stdint.h>
static uint32_t crcTable[256];
static uint8_t data[16384];

static void fillTable(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (uint32_t k = 0; k < 8; k++) c = (c & 1) != 0 ? (c >> 1) ^ 0xedb88320u : c >> 1;
    crcTable[i] = c;
  }
}

static uint32_t crc32(const uint8_t *bytes, uint32_t length) {
  uint32_t crc = 0xffffffffu;
  for (uint32_t i = 0; i < length; i++) crc = crcTable[(crc ^ bytes[i]) & 255] ^ (crc >> 8);
  return ~crc;
}

uint32_t benchMain(void) {
  fillTable();
  for (uint32_t i = 0; i < 16384; i++) data[i] = (uint8_t)(i * 7 + (i >> 3));
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 8; i++) sum = sum ^ crc32(data, 16384 - i);
  return sum;
}
