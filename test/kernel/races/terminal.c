/*
 * terminal ROUNDS: in each round four session leaders open one terminal that is nobody's, all at once. One of them must get
 * it as its controlling terminal, and only one.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEADERS = 4 };

static volatile struct {
  int ready, opened, winners;
} *shared;

static void meet(volatile int *counter) {
  __sync_fetch_and_add(counter, 1);
  for (int i = 0; *counter < LEADERS; i++)
    if (i % 1000 == 999) sched_yield();
}

static void lead(void) {
  setsid();
  meet(&shared->ready);
  int terminal = open("/dev/ttyS1", O_RDWR | O_NONBLOCK);
  if (terminal < 0) _exit(1);
  if (open("/dev/tty", O_RDWR | O_NONBLOCK) >= 0) __sync_fetch_and_add(&shared->winners, 1);
  meet(&shared->opened);
  _exit(0);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 10, bad = 0;
  shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 2;
  for (int round = 0; round < rounds; round++) {
    shared->ready = shared->opened = shared->winners = 0;
    for (int i = 0; i < LEADERS; i++)
      if (fork() == 0) lead();
    int status;
    while (wait(&status) > 0)
      if (status != 0) return 3;
    if (shared->winners != 1) {
      bad++;
      printf("round %d: %d winners\n", round, shared->winners);
    }
  }
  printf("%d of %d rounds went wrong\n", bad, rounds);
  return bad != 0;
}
