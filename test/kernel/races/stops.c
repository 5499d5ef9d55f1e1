/*
 * stops ROUNDS: in each round a process that counts is told to stop and, at once, to go on. It must go on counting: SIGCONT
 * undoes a SIGSTOP that came before it, even one that the process has already taken and not yet obeyed.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned *counter;

/* It may take a while until the process has its turn; but not so many ticks. */
static int goesOn(void) {
  unsigned before = *counter;
  struct timespec moment = {0, 1000000};
  for (int i = 0; i < 200 && *counter == before; i++) sched_yield();
  for (int i = 0; i < 50; i++) {
    if (*counter != before) return 1;
    nanosleep(&moment, 0);
  }
  return 0;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 10, bad = 0;
  counter = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counter == MAP_FAILED) return 2;
  pid_t child = fork();
  if (child == 0)
    for (;;) ++*counter;
  for (int round = 0; round < rounds; round++) {
    kill(child, SIGSTOP);
    for (volatile int i = 0; i < round * 7 % 300; i++);
    kill(child, SIGCONT);
    if (goesOn()) continue;
    bad++;
    kill(child, SIGCONT);
    if (!goesOn()) return 3;
  }
  kill(child, SIGKILL);
  int status;
  if (waitpid(child, &status, 0) != child) return 4;
  printf("%d of %d rounds went wrong\n", bad, rounds);
  return bad != 0;
}
