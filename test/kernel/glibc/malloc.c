/* The heap: small blocks by brk, large ones by mmap, growing and shrinking; contents are checked throughout. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint32_t state = 12345;

static uint32_t next(void) {
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

static void small_blocks(void) {
  enum { COUNT = 512 };
  static unsigned char *blocks[COUNT];
  static size_t sizes[COUNT];
  for (int round = 0; round < 20000; round++) {
    int i = next() % COUNT;
    if (blocks[i]) {
      for (size_t k = 0; k < sizes[i]; k++)
        if (blocks[i][k] != (unsigned char)(i + k)) printf("block %d is wrong at %zu\n", i, k);
      free(blocks[i]);
      blocks[i] = NULL;
    } else {
      sizes[i] = next() % 300 + 1;
      blocks[i] = malloc(sizes[i]);
      for (size_t k = 0; k < sizes[i]; k++) blocks[i][k] = (unsigned char)(i + k);
    }
  }
  for (int i = 0; i < COUNT; i++) free(blocks[i]);
  puts("small blocks done");
}

static void large_blocks(void) {
  char *block = malloc(300000);
  memset(block, 'x', 300000);
  block = realloc(block, 900000);
  printf("kept: %c %c\n", block[0], block[299999]);
  memset(block, 'y', 900000);
  block = realloc(block, 1000);
  printf("cut: %c\n", block[999]);
  free(block);
  char *zeroed = calloc(1000, 1000);
  size_t sum = 0;
  for (size_t i = 0; i < 1000000; i++) sum += zeroed[i];
  printf("calloc sums to %zu\n", sum);
  free(zeroed);
}

static void mappings(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *area = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 8; i++) area[i * page] = (char)i;
  munmap(area + 2 * page, 3 * page);
  printf("around the hole: %d %d %d\n", area[page], area[5 * page], area[7 * page]);
  char *again = mmap(area + 3 * page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  printf("in the hole: %s, %d\n", again == area + 3 * page ? "as asked" : "elsewhere", *again);
  printf("mprotect: %d\n", mprotect(area + 5 * page, page, PROT_READ));
  void *wrong = mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("nothing mapped: %s\n", wrong == MAP_FAILED ? "refused" : "granted");
  char *old = sbrk(0);
  sbrk(3 * (intptr_t)page);
  old[2 * page] = 1;
  sbrk(-3 * (intptr_t)page);
  printf("break is back: %s\n", sbrk(0) == old ? "yes" : "no");
}

int main(void) {
  small_blocks();
  large_blocks();
  mappings();
  return 0;
}
