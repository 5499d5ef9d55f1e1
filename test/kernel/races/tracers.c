/*
 * tracers ROUNDS: in each round a process counts, another traces it, and a stop comes. The tracer lets it obey, lets it go on
 * all the same, and ends: then the process, whose stop nobody has ended, must stand still until SIGCONT comes.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned *counter;

static void awaitStop(pid_t child) {
  int status;
  if (waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) _exit(1);
}

static void trace(pid_t child) {
  if (ptrace(PTRACE_ATTACH, child, 0, 0) != 0) _exit(2);
  awaitStop(child);
  ptrace(PTRACE_CONT, child, 0, 0);
  kill(child, SIGSTOP);
  awaitStop(child); // the signal is about to be delivered
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  awaitStop(child); // it has been
  ptrace(PTRACE_CONT, child, 0, 0);
  for (unsigned before = *counter; *counter == before;) sched_yield();
  _exit(0);
}

/* Does it count, if it is given some ticks? */
static int counts(void) {
  unsigned before = *counter;
  struct timespec moment = {0, 20000000};
  nanosleep(&moment, 0);
  return *counter != before;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 10, bad = 0, status;
  counter = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (counter == MAP_FAILED) return 2;
  for (int round = 0; round < rounds; round++) {
    pid_t child = fork();
    if (child == 0)
      for (;;) ++*counter;
    pid_t tracer = fork();
    if (tracer == 0) trace(child);
    if (waitpid(tracer, &status, 0) != tracer || status != 0) return 3;
    counts(); // it may take a moment until it stands still
    int isBad = counts();
    kill(child, SIGCONT);
    if (!counts()) isBad = 1;
    bad += isBad;
    kill(child, SIGKILL);
    if (waitpid(child, &status, 0) != child) return 4;
  }
  printf("%d of %d rounds went wrong\n", bad, rounds);
  return bad != 0;
}
