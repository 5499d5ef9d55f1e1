#include <stdint.h>
static uint8_t buffer[256];
static const char *const paths[4] = {"/usr/share/doc/pagewright/readme", "/bin/sh", "/a/very/long/path/with/many/short/parts",
                                     "no/slash/first/"};

static uint32_t length(const uint8_t *s) {
  uint32_t n = 0;
  while (s[n] != 0) n++;
  return n;
}

static int32_t compare(const uint8_t *a, const uint8_t *b) {
  uint32_t i = 0;
  while (a[i] != 0 && a[i] == b[i]) i++;
  return (int32_t)a[i] - (int32_t)b[i];
}

static uint32_t hashPart(const uint8_t *s, uint32_t count) {
  uint32_t h = 5381;
  for (uint32_t i = 0; i < count; i++) h = (h << 5) + h + s[i];
  return h;
}

static uint32_t walk(const uint8_t *path) {
  uint32_t sum = 0, at = 0;
  while (path[at] != 0) {
    while (path[at] == 0x2f) at++;
    uint32_t count = 0;
    while (path[at + count] != 0 && path[at + count] != 0x2f) {
      buffer[count] = path[at + count];
      count++;
    }
    buffer[count] = 0;
    sum = sum * 7 + hashPart(path + at, count) + length(buffer);
    at += count;
  }
  return sum;
}

uint32_t benchMain(void) {
  uint32_t sum = 0;
  for (uint32_t round = 0; round < 60; round++) {
    for (uint32_t i = 0; i < 4; i++) {
      sum += walk((const uint8_t *)paths[i]);
      for (uint32_t j = 0; j < 4; j++)
        if (compare((const uint8_t *)paths[i], (const uint8_t *)paths[j]) < 0) sum++;
    }
  }
  return sum;
}
