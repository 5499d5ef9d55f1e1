/*
 * Random calls of the rarer kinds on a small piece of the address space: advice, locks, moves that leave the old place,
 * segments, populating, questions about what is in memory, stacks, the break, under changing limits; and children that
 * look at what they have inherited. All answers, and what the memory holds after, must be as under Linux.
 *
 * vmcalls SEED CALLS [verbose]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 40u
#define BASE 0x50000000u

static unsigned seed;
static unsigned draw(unsigned limit) {
  seed = seed * 1103515245u + 12345u;
  return (seed >> 16) % limit;
}

static unsigned hash = 2166136261u;
static void mix(unsigned value) {
  for (int i = 0; i < 4; i++) hash = (hash ^ ((value >> (8 * i)) & 255)) * 16777619u;
}

static sigjmp_buf landing;
static volatile int fault;
static void onFault(int signal, siginfo_t *info, void *context) {
  fault = signal * 100 + info->si_code;
  siglongjmp(landing, 1);
}

static unsigned peek(unsigned address) {
  if (sigsetjmp(landing, 1)) return 0x10000u + fault;
  return *(volatile unsigned char *)address;
}

static unsigned poke(unsigned address, unsigned char value) {
  if (sigsetjmp(landing, 1)) return 0x10000u + fault;
  *(volatile unsigned char *)address = value;
  return 0;
}

static char drawn[160]; /* for people */
static int file, segment;
static unsigned heap; /* where the break began */

/* What all pages hold, and whether they can be written: by reading alone, for what is not there need not come. */
static unsigned look(void) {
  unsigned sum = 0;
  for (unsigned page = 0; page < PAGES; page++) sum = sum * 31 + peek(BASE + page * PAGE);
  return sum;
}

static void hashMap(void) {
  static char text[65536];
  int maps = open("/proc/self/maps", O_RDONLY), size = 0, got;
  while ((got = read(maps, text + size, sizeof text - 1 - size)) > 0) size += got;
  close(maps);
  text[size] = 0;
  unsigned lastEnd = 0, lastRights = 0;
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned start, end;
    char rights[8];
    if (sscanf(line, "%x-%x %4s", &start, &end, rights) != 3 || end <= BASE || start >= BASE + PAGES * PAGE) continue;
    if (end > BASE + PAGES * PAGE) end = BASE + PAGES * PAGE;
    unsigned all = rights[0] + rights[1] * 3 + rights[2] * 5 + rights[3] * 7;
    if (start != lastEnd || all != lastRights) mix(lastEnd), mix(start), mix(all);
    lastEnd = end;
    lastRights = all;
  }
  mix(lastEnd);
}

static int inChild(void) {
  fflush(stdout);
  int status;
  pid_t child = fork();
  if (child == 0) {
    unsigned sum = look();
    poke(BASE + draw(PAGES) * PAGE, 99);
    _exit(sum % 251);
  }
  waitpid(child, &status, 0);
  return status;
}

static int limit(int which, unsigned value) {
  struct rlimit old;
  getrlimit(which, &old);
  old.rlim_cur = value;
  return setrlimit(which, &old);
}

static unsigned long total(void) {
  unsigned long size = 0;
  int statm = open("/proc/self/statm", O_RDONLY);
  char text[100];
  text[read(statm, text, sizeof text - 1)] = 0;
  close(statm);
  sscanf(text, "%lu", &size);
  return size;
}

static int randomCall(void) {
  unsigned page = draw(PAGES), count = 1 + draw(PAGES - page < 6 ? PAGES - page : 6), other = draw(PAGES);
  unsigned length = draw(12) == 0 ? count * PAGE - draw(PAGE) : count * PAGE;
  char *at = (char *)(BASE + page * PAGE + (draw(25) == 0 ? 1 + draw(PAGE - 1) : 0)), *to = (char *)(BASE + other * PAGE);
  static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
  static const int advices[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_DONTNEED,
                                MADV_REMOVE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP,
                                18 /* WIPEONFORK */, 19 /* KEEPONFORK */, 20 /* COLD */, 22, 23 /* POPULATE */, 24, 99};
  int prot = prots[draw(5)];
  void *result = 0;
  int kind = draw(26);
  sprintf(drawn, "kind %d at %x length %x other %x prot %d", kind, (unsigned)at - BASE, length, other * PAGE, prot);
  switch (kind) {
  case 0: case 1: case 2:
    result = mmap(at, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | (draw(3) ? 0 : MAP_POPULATE), -1, 0);
    break;
  case 3:
    result = mmap(at, length, prot, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    break;
  case 4:
    result = mmap(at, length, prot, (draw(2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, file, draw(4) * PAGE);
    break;
  case 5:
    result = mmap(at, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    break;
  case 6:
    result = mmap(at, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    break;
  case 7:
    return munmap(at, length);
  case 8:
    return mprotect(at, length, prot | (draw(3) ? 0 : 8 /* PROT_SEM */));
  case 9: case 10: case 11: case 12: case 13:
    return madvise(at, length, advices[draw(sizeof advices / sizeof *advices)]);
  case 14:
    return draw(2) ? mlock(at, length) : syscall(SYS_mlock2, at, length, 1 + draw(8) / 7);
  case 15:
    return draw(3) ? munlock(at, length) : munlockall();
  case 16:
    return draw(4) ? munlockall() : mlockall(draw(8));
  case 17: /* a page moves, and leaves its place empty; Linux would unlock its neighbours as well */
    munlockall();
    result = mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | 4, to);
    break;
  case 18: /* a page is seen twice, or a page moves */
    result = mremap(at, draw(2) ? 0 : PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
    break;
  case 19:
    result = mremap(at, PAGE, draw(4) * PAGE, draw(3) ? 0 : MREMAP_FIXED, to);
    break;
  case 20: {
    unsigned char there[8] = {0};
    int answer = mincore(at, length, there);
    for (unsigned i = 0; i < 8; i++) mix(there[i] & 1), strcat(drawn, there[i] & 1 ? " 1" : " 0");
    return answer;
  }
  case 21:
    result = shmat(segment, at, (draw(3) ? SHM_REMAP : 0) | (draw(3) ? 0 : SHM_RDONLY) | (draw(3) ? 0 : SHM_RND));
    break;
  case 22:
    return draw(3) ? shmdt(at) : msync(at, length, draw(8));
  case 23: {
    unsigned goal = heap + draw(8) * PAGE + (draw(2) ? draw(PAGE) : 0);
    return syscall(SYS_brk, goal) - heap;
  }
  case 24: {
    int which = draw(2) ? RLIMIT_AS : RLIMIT_DATA;
    unsigned long room = draw(3) ? 0xffffffffu : which == RLIMIT_AS ? (total() + draw(12)) * PAGE : draw(400) * PAGE;
    return limit(which, room);
  }
  default:
    return inChild();
  }
  return result == MAP_FAILED ? -1 : (int)(((unsigned)result - BASE) / PAGE);
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_flags = SA_SIGINFO};
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  sigaltstack(&stack, NULL);
  action.sa_sigaction = onFault;
  action.sa_flags |= SA_ONSTACK;
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  setvbuf(stdout, malloc(1 << 16), _IOFBF, 1 << 16);
  seed = atoi(argv[1]);
  int calls = atoi(argv[2]);
  /* Nothing may come near from either side, and whatever is mapped elsewhere stays as it is. */
  mmap((void *)(BASE - 512 * PAGE), (1024 + PAGES) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  munmap((void *)BASE, PAGES * PAGE);
  file = open("/dev/shm/vmcalls", O_RDWR | O_CREAT | O_TRUNC, 0600);
  unlink("/dev/shm/vmcalls");
  for (unsigned i = 0; i < 6 * PAGE; i += 64) pwrite(file, &i, sizeof i, i);
  segment = shmget(IPC_PRIVATE, 3 * PAGE, 0600);
  void *kept = shmat(segment, NULL, 0);
  shmctl(segment, IPC_RMID, NULL);
  heap = ((unsigned)sbrk(0) + PAGE) & ~(PAGE - 1);
  if (syscall(SYS_brk, heap) != (long)heap) return 1;
  unsigned long before = total();
  for (int i = 0; i < calls; i++) {
    errno = 0;
    int result = randomCall(), error = errno;
    mix(result), mix(error);
    unsigned where = BASE + draw(PAGES) * PAGE + draw(PAGE);
    unsigned value = draw(2) ? poke(where, draw(256)) : peek(where);
    mix(value);
    if (i % 8 == 0) hashMap();
    if (i % 32 == 0) mix(look());
    if (argc > 3) printf("%d %s: %d %s, %x: %x, %08x\n", i, drawn, result, strerror(error), (where - BASE), value, hash);
    if (i % 100 == 99) printf("%d: %08x, total %ld\n", i, hash, (long)(total() - before));
  }
  return 0;
}
