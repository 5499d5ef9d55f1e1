/*
 * How far memory grows: stacks down to their limit and their neighbours, the heap, mappings under RLIMIT_AS and
 * RLIMIT_DATA, places that mmap chooses next to others, and 65,530 regions.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1 << 20 };

static sigjmp_buf escape;
static volatile int number, code;

static void onFault(int signal, siginfo_t *info, void *context) {
  number = signal, code = info->si_code;
  siglongjmp(escape, 1);
}

static void put(const char *what, char *at) {
  if (sigsetjmp(escape, 1) == 0) *(volatile char *)at = 1, printf("%s: written\n", what);
  else printf("%s: signal %d code %d\n", what, number, code);
}

static void limit(int which, unsigned long value) {
  struct rlimit limits;
  getrlimit(which, &limits);
  limits.rlim_cur = value;
  if (setrlimit(which, &limits)) printf("setrlimit: %s\n", strerror(errno));
}

static void inChild(void (*body)(void)) {
  fflush(stdout);
  if (fork() == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  wait(&status);
  if (status) printf("status %x\n", status);
}

static char *map(char *at, unsigned size, int prot, int flags) {
  return mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void stacks(void) {
  char *base = (char *)0x60000000;
  limit(RLIMIT_STACK, 8 * MIB);
  char *stack = map(base + 16 * MIB, PAGE, 3, MAP_GROWSDOWN | MAP_FIXED);
  put("just below", stack - 1);
  put("far below", stack - 5 * MIB);
  put("at the limit", stack + PAGE - 8 * MIB);
  put("beyond the limit", stack + PAGE - 8 * MIB - 1);
  limit(RLIMIT_STACK, 64 * MIB);
  map(base, PAGE, 3, MAP_FIXED);
  put("above the gap", base + PAGE + MIB);
  put("into the gap", base + PAGE + MIB - 1);
  put("next to it", base + PAGE);
  munmap(stack - 16 * MIB, 17 * MIB);
  stack = map(base + 16 * MIB, PAGE, 3, MAP_GROWSDOWN | MAP_FIXED);
  map(base + 15 * MIB, PAGE, 0, MAP_FIXED);
  put("down to what nobody may touch", base + 15 * MIB + PAGE);
  printf("a hint in the gap is not taken: %d\n", map(base + 15 * MIB + 8 * PAGE, PAGE, 3, 0) != base + 15 * MIB + 8 * PAGE);
  printf("protect: %d\n", mprotect(stack, PAGE, PROT_READ | PROT_GROWSDOWN));
  put("protected down to its start", base + 15 * MIB + PAGE);
}

static void sizes(void) {
  char *heap = sbrk(0);
  printf("sbrk: %d\n", sbrk(3 * MIB) == heap);
  memset(heap, 1, 3 * MIB);
  printf("sbrk back: %d\n", sbrk(-3 * MIB) == heap + 3 * MIB);
  limit(RLIMIT_DATA, 4 * MIB);
  errno = 0;
  printf("data: %d %s\n", map(NULL, 16 * MIB, 3, 0) == MAP_FAILED, strerror(errno));
  char *readOnly = map(NULL, 16 * MIB, 1, 0);
  printf("no data: %d\n", readOnly != MAP_FAILED);
  errno = 0;
  printf("turned into data: %d %s\n", mprotect(readOnly, 16 * MIB, 3), strerror(errno));
  errno = 0;
  printf("sbrk: %d %s\n", sbrk(8 * MIB) == (void *)-1, strerror(errno));
  limit(RLIMIT_DATA, RLIM_INFINITY);
  limit(RLIMIT_AS, 64 * MIB);
  errno = 0;
  printf("address space: %d %s\n", map(NULL, 64 * MIB, 1, 0) == MAP_FAILED, strerror(errno));
  printf("replacing is no growth: %d\n", map(readOnly, 16 * MIB, 1, MAP_FIXED) == readOnly);
  errno = 0;
  printf("mremap: %d %s\n", mremap(readOnly, 16 * MIB, 80 * MIB, MREMAP_MAYMOVE) == MAP_FAILED, strerror(errno));
}

static void places(void) {
  char *one = map(NULL, 4 * PAGE, 3, 0), *two = map(NULL, 4 * PAGE, 1, 0);
  printf("downwards: %d\n", two == one - 4 * PAGE);
  munmap(one + PAGE, PAGE);
  printf("into the hole: %d\n", map(NULL, PAGE, 0, 0) == one + PAGE);
  printf("below: %d\n", map(NULL, 2 * PAGE, 0, 0) < two);
  char *hint = (char *)0x50000123;
  printf("hint: %x\n", (unsigned)map(hint, PAGE, 3, 0));
  printf("hint in use: %d\n", map(hint, PAGE, 3, 0) != (char *)0x50000000);
  printf("low hint: %x\n", (unsigned)map((char *)0x2000, PAGE, 3, 0));
  static const struct { unsigned size, flags; int fd, offset; } bad[] = {
    {0, 0x22, -1, 0}, {PAGE, 0x20, -1, 0}, {PAGE, 0x23, -1, 0}, {PAGE, 0x24, -1, 0}, {PAGE, 0x121, -1, 0}, {PAGE, 0x2, -1, 0},
    {0xfffff001, 0x22, -1, 0}, {0xffffe000, 0x22, -1, 0}, {PAGE, 0x22, 99, 0}, {PAGE, 0x100022, -1, 0}, {PAGE, 0x32, -1, 0},
  };
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    errno = 0;
    void *result = mmap((void *)(i == 10 ? 0x50000800 : 0x50000000), bad[i].size, 3, bad[i].flags, bad[i].fd, bad[i].offset);
    printf("%u: %d %s\n", i, result == MAP_FAILED, strerror(errno));
  }
}

/* As many regions as there may be; between them they stay searchable. */
static void regions(void) {
  char *base = (char *)0x60000000;
  int count = 0;
  while (count < 70000 && map(base + 2 * count * PAGE, PAGE, PROT_READ, MAP_FIXED) != MAP_FAILED) count++;
  printf("regions: %d, %s\n", count > 65400 && count <= 65531, strerror(errno));
  printf("neighbours join: %d\n", map(base - PAGE, PAGE, PROT_READ, MAP_FIXED) == MAP_FAILED);
  for (int i = 0; i < count; i += 4001) put("read-only", base + 2 * i * PAGE), put("a hole", base + (2 * i + 1) * PAGE);
  for (int i = 0; i < count; i += 2) munmap(base + 2 * i * PAGE, PAGE);
  printf("room again: %d\n", map(base, PAGE, 3, MAP_FIXED) == base);
  for (int i = 1; i < 100; i += 2) put("still read-only", base + 2 * i * PAGE);
  printf("all gone: %d\n", munmap(base, 2 * count * PAGE));
  put("nothing", base + 2 * PAGE);
}

int main(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK, .sa_sigaction = onFault};
  sigaction(SIGSEGV, &action, NULL), sigaction(SIGBUS, &action, NULL);
  inChild(stacks);
  inChild(sizes);
  inChild(places);
  inChild(regions);
  return 0;
}
