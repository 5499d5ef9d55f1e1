/*
 * Several threads in one address space, on as many CPUs as there are: they touch the same pages at the same moment, map
 * and unmap beside each other, change rights, move and fork under each other's feet. What must hold whatever the order is
 * printed; nothing else is.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, THREADS = 4, PAGES = 64, ROUNDS = 40 };

static pthread_barrier_t barrier;
static unsigned *volatile arena;
static volatile int stop, failures;
static __thread sigjmp_buf escape;
static __thread volatile int isCaught;

static void onFault(int signal, siginfo_t *info, void *context) {
  if (!isCaught) printf("signal %d at %p\n", signal, info->si_addr), fflush(stdout), _exit(1);
  siglongjmp(escape, 1);
}

static void check(int condition, const char *what) {
  if (condition) return;
  __sync_fetch_and_add(&failures, 1);
  printf("broken: %s\n", what);
}

/* Everybody adds to every page of fresh memory at once: each must end with one frame, and all sums in it. */
static void touchTogether(int self) {
  for (int round = 0; round < ROUNDS; round++) {
    if (self == 0) arena = mmap(NULL, PAGES * PAGE, 3, (round & 1 ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < PAGES; i++) __sync_fetch_and_add(&arena[((i + (round & 2 ? self : 0)) % PAGES) * 1024], self + 1);
    pthread_barrier_wait(&barrier);
    if (self == 0) {
      for (int i = 0; i < PAGES; i++) check(arena[i * 1024] == 10, "a page that all have touched");
      munmap(arena, PAGES * PAGE);
    }
    pthread_barrier_wait(&barrier);
  }
}

/* After a fork every page is shared: all threads of the parent write to each at once, and the child's stays as it was. */
static void copyTogether(int self) {
  for (int round = 0; round < ROUNDS / 4; round++) {
    if (self == 0) {
      arena = mmap(NULL, PAGES * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      for (int i = 0; i < PAGES; i++) arena[i * 1024] = 100;
    }
    pthread_barrier_wait(&barrier);
    int pid = 0;
    if (self == 1) {
      pid = fork();
      if (pid == 0) {
        for (int i = 0; i < PAGES; i++) if (arena[i * 1024] < 100 || arena[i * 1024] > 110) _exit(1);
        unsigned first = arena[0];
        arena[0] += 1000;
        _exit(arena[0] != first + 1000);
      }
    }
    for (int i = 0; i < PAGES; i++) __sync_fetch_and_add(&arena[i * 1024], self + 1);
    if (self == 1) {
      int status;
      waitpid(pid, &status, 0);
      check(status == 0, "a child's copy");
    }
    pthread_barrier_wait(&barrier);
    if (self == 0) {
      for (int i = 0; i < PAGES; i++) check(arena[i * 1024] == 110, "a page written by all after a fork");
      munmap(arena, PAGES * PAGE);
    }
    pthread_barrier_wait(&barrier);
  }
}

/* Each maps, writes, moves, cuts and unmaps regions of its own, next to those of the others. */
static void mapBeside(int self) {
  for (int round = 0; round < ROUNDS * 4; round++) {
    unsigned *mine = mmap(NULL, 4 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 4; i++) check(mine[i * 1024] == 0, "fresh memory"), mine[i * 1024] = self * 1000 + round + i;
    munmap(mine + 1024, PAGE);
    mprotect(mine + 2048, PAGE, PROT_READ);
    unsigned *moved = mremap(mine + 2048, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    check(moved[0] == (unsigned)(self * 1000 + round + 2), "a page that was moved");
    munmap(moved, 2 * PAGE), munmap(mine, PAGE), munmap(mine + 3072, PAGE);
  }
}

/* One unmaps and maps a page, or takes and gives the right to write, while the others write: a write lands or is refused. */
static void pullAway(int self) {
  if (self == 0) arena = mmap(NULL, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), stop = 0;
  pthread_barrier_wait(&barrier);
  volatile int landed = 0, refused = 0;
  if (self == 0) {
    for (int round = 0; round < ROUNDS; round++) {
      if (round & 1) munmap(arena, PAGE), mmap(arena, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      else mprotect(arena, PAGE, PROT_READ), mprotect(arena, PAGE, 3);
      if (round % 8 == 0) madvise(arena, PAGE, MADV_DONTNEED);
    }
    stop = 1;
  } else {
    isCaught = 1;
    while (!stop) {
      if (sigsetjmp(escape, 1) == 0) arena[self] = self, landed++;
      else refused++;
    }
    isCaught = 0;
  }
  pthread_barrier_wait(&barrier);
  if (self == 0) {
    for (int i = 1; i < THREADS; i++) check(arena[i] == 0 || arena[i] == (unsigned)i, "a page that was pulled away");
    munmap(arena, PAGE);
  }
}

/* The file is cut and grows while it is written through a mapping: SIGBUS, or a page of the file, nothing else. */
static void cutAway(int self) {
  static int file;
  if (self == 0) {
    file = open("/dev/shm/cut", O_RDWR | O_CREAT | O_TRUNC, 0600);
    arena = mmap(NULL, 4 * PAGE, 3, MAP_SHARED, file, 0), stop = 0;
  }
  pthread_barrier_wait(&barrier);
  if (self == 0) {
    for (int round = 0; round < ROUNDS; round++) {
      ftruncate(file, 4 * PAGE);
      ftruncate(file, round % 3 * PAGE);
    }
    ftruncate(file, 4 * PAGE);
    stop = 1;
  } else {
    isCaught = 1;
    while (!stop) if (sigsetjmp(escape, 1) == 0) for (int i = 0; i < 4; i++) arena[i * 1024 + self] = self;
    isCaught = 0;
  }
  pthread_barrier_wait(&barrier);
  arena[3 * 1024 + 512 + self] = self + 7;
  pthread_barrier_wait(&barrier);
  if (self == 0) {
    unsigned words[THREADS];
    pread(file, words, sizeof words, 3 * PAGE + 2048);
    for (int i = 0; i < THREADS; i++) check(words[i] == (unsigned)i + 7, "the file's own page");
    munmap(arena, 4 * PAGE), close(file), unlink("/dev/shm/cut");
  }
}

static void *run(void *argument) {
  static void (*const phases[])(int) = {touchTogether, copyTogether, mapBeside, pullAway, cutAway};
  static const char *const names[] = {"touch together", "copy together", "map beside", "pull away", "cut away"};
  int self = (int)argument;
  for (int i = 0; i < 5; i++) {
    pthread_barrier_wait(&barrier);
    phases[i](self);
    pthread_barrier_wait(&barrier);
    if (self == 0) printf("%s: %d\n", names[i], failures), fflush(stdout);
  }
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER, .sa_sigaction = onFault};
  sigaction(SIGSEGV, &action, NULL), sigaction(SIGBUS, &action, NULL);
  pthread_barrier_init(&barrier, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, run, (void *)i);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  printf("%s\n", failures ? "broken" : "all well");
  return failures != 0;
}
