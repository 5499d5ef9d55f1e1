/*
 * Thousands of random calls on one small piece of the address space, the same ones everywhere: what they return, what is
 * mapped then with which rights, how much is locked, and what the pages hold must be the same as under Linux. Neighbours
 * with equal rights are printed as one: when the kernel joins them is its own business.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 48u
#define BASE 0x50000000u

static unsigned seed = 12345;
static unsigned draw(unsigned limit) {
  seed = seed * 1103515245u + 12345u;
  return (seed >> 16) % limit;
}

static unsigned hash = 2166136261u;
static void mix(unsigned value) {
  for (int i = 0; i < 4; i++) hash = (hash ^ ((value >> (8 * i)) & 255)) * 16777619u;
}

static sigjmp_buf landing;
static volatile int faultCode;
static void *volatile faultAddress;
static void onFault(int signal, siginfo_t *info, void *context) {
  faultCode = signal * 100 + info->si_code;
  faultAddress = info->si_addr;
  siglongjmp(landing, 1);
}

/* Reads or writes a byte; the value, or the signal and its code. */
static unsigned touch(unsigned address, int isWrite, unsigned char value) {
  volatile unsigned char *place = (volatile unsigned char *)address;
  if (sigsetjmp(landing, 1)) return 0x10000u + faultCode + ((unsigned)faultAddress == address ? 0 : 0x20000u);
  if (isWrite) *place = value;
  return *place;
}

static unsigned long statusOf(const char *name) {
  char text[4096];
  int file = open("/proc/self/status", O_RDONLY);
  int size = read(file, text, sizeof text - 1);
  close(file);
  text[size < 0 ? 0 : size] = 0;
  char *line = strstr(text, name);
  return line ? strtoul(line + strlen(name) + 1, NULL, 10) : 0;
}

/* The map of the arena, as far as rights go. */
static void hashMap(int isPrinted) {
  static char text[65536];
  int file = open("/proc/self/maps", O_RDONLY), size = 0, got;
  while ((got = read(file, text + size, sizeof text - 1 - size)) > 0) size += got;
  close(file);
  text[size] = 0;
  unsigned lastEnd = 0;
  char lastRights[8] = "";
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned start, end;
    char rights[8];
    if (sscanf(line, "%x-%x %4s", &start, &end, rights) != 3) continue;
    if (end <= BASE || start >= BASE + 2 * PAGES * PAGE) continue;
    if (start != lastEnd || strcmp(rights, lastRights)) {
      mix(lastEnd), mix(start), mix(rights[0] + rights[1] * 3 + rights[2] * 5 + rights[3] * 7);
      if (isPrinted) printf("%s%x %s ", lastEnd ? "..." : "", (start - BASE) / PAGE, rights);
    }
    lastEnd = end;
    strcpy(lastRights, rights);
  }
  mix(lastEnd);
  if (isPrinted) printf("\n");
}

static int file;

static int randomCall(void) {
  unsigned page = draw(PAGES), count = 1 + draw(8), other = draw(2 * PAGES), size = 1 + draw(8);
  unsigned address = BASE + page * PAGE;
  static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};
  int prot = prots[draw(5)], kind = draw(24);
  void *result = 0;
  switch (kind) {
  case 0: case 1: case 2: case 3:
    result = mmap((void *)address, count * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    break;
  case 4:
    result = mmap((void *)address, count * PAGE, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    break;
  case 5:
    result = mmap((void *)address, count * PAGE, prot, MAP_SHARED | MAP_FIXED, file, draw(4) * PAGE);
    break;
  case 6:
    result = mmap((void *)address, count * PAGE, prot, MAP_PRIVATE | MAP_FIXED, file, draw(4) * PAGE);
    break;
  case 7:
    result = mmap((void *)address, count * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    break;
  case 8: case 9: case 10:
    return munmap((void *)address, count * PAGE);
  case 11: case 12: case 13:
    return mprotect((void *)address, count * PAGE, prot);
  case 14:
    return mlock((void *)address, count * PAGE);
  case 15: case 16:
    return munlock((void *)address, count * PAGE);
  case 17:
    return madvise((void *)address, count * PAGE, MADV_DONTNEED);
  case 18:
    result = mremap((void *)address, count * PAGE, size * PAGE, 0);
    break;
  case 19:
    result = mremap((void *)address, count * PAGE, count * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + other * PAGE);
    if (result != MAP_FAILED || errno != EFAULT) break;
    return -1;
  case 20:
    result = mremap((void *)address, count * PAGE, size * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + other * PAGE);
    break;
  case 21:
    return madvise((void *)address, count * PAGE, draw(2) ? MADV_DONTFORK : MADV_DOFORK);
  case 22:
    return msync((void *)address, count * PAGE, draw(2) ? MS_SYNC : MS_ASYNC);
  default: {
    unsigned char present[8] = {0};
    int answer = mincore((void *)address, count * PAGE, present);
    return answer;
  }
  }
  return result == MAP_FAILED ? -1 : (int)(((unsigned)result - BASE) / PAGE);
}

int main(int argc, char **argv) {
  int isVerbose = argc > 1;
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  action.sa_sigaction = onFault;
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  file = open("/dev/shm/regions", O_RDWR | O_CREAT | O_TRUNC, 0600);
  for (unsigned i = 0; i < 6 * PAGE; i += 64) pwrite(file, &i, sizeof i, i);
  unsigned long data = statusOf("VmData:"), total = statusOf("VmSize:");
  for (int round = 0; round < 40; round++) {
    for (int i = 0; i < 50; i++) {
      errno = 0;
      unsigned before = seed;
      int result = randomCall(), error = errno;
      mix(result), mix(error);
      unsigned where = BASE + draw(2 * PAGES) * PAGE + draw(PAGE);
      unsigned value = touch(where, draw(2), draw(256));
      mix(value);
      hashMap(0);
      if (isVerbose) printf("%d.%d %x: %d %s, %x=%x ", round, i, before, result, strerror(error), (where - BASE), value), hashMap(1);
    }
    printf("%d: %08x, locked %lu, data %ld, total %ld, map ", round, hash, statusOf("VmLck:"),
           (long)(statusOf("VmData:") - data), (long)(statusOf("VmSize:") - total));
    hashMap(1);
  }
  unlink("/dev/shm/regions");
  return 0;
}
