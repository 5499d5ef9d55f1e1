/* Record locks of two processes that wait for each other: a lock that has just been given back is in nobody's way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int file;

/* 0, or what went wrong. */
static int lock(int command, int type, int byte) {
  struct flock range = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
  return fcntl(file, command, &range) == 0 ? 0 : errno;
}

static void let_wait(void) {
  struct timespec time = {0, 30000000};
  nanosleep(&time, NULL);
}

static void tell(int pipe_end, char what) { write(pipe_end, &what, 1); }

static void hear(int pipe_end) {
  char what;
  if (read(pipe_end, &what, 1) != 1) exit(1);
}

/* The parent gets byte 0. The child, which is returned, gets byte 1, and waits for byte 0; its status says what became of that. */
static pid_t begin(void) {
  int ready[2];
  pipe(ready);
  lock(F_SETLK, F_WRLCK, 0);
  pid_t child = fork();
  if (child == 0) {
    lock(F_SETLK, F_WRLCK, 1);
    tell(ready[1], 'r');
    _exit(lock(F_SETLKW, F_WRLCK, 0));
  }
  hear(ready[0]);
  let_wait();
  return child;
}

static const char *outcome(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return strerror(WEXITSTATUS(status));
}

/* The parent gives byte 0 back before it asks for byte 1. */
static void exchange(void) {
  pid_t child = begin();
  int released = lock(F_SETLK, F_UNLCK, 0);
  int got = lock(F_SETLKW, F_WRLCK, 1);
  printf("exchange: %s, %s, child %s\n", strerror(released), strerror(got), outcome(child));
  lock(F_SETLK, F_UNLCK, 1);
}

/* The parent keeps byte 0: somebody has to give in. */
static void embrace(void) {
  pid_t child = begin();
  int got = lock(F_SETLKW, F_WRLCK, 1);
  lock(F_SETLK, F_UNLCK, 0);
  printf("embrace: %s, child %s\n", strerror(got), outcome(child));
}

/* Who waits for somebody that ends is in nobody's way either. */
static void inherit(void) {
  int ready[2];
  pipe(ready);
  pid_t holder = fork();
  if (holder == 0) {
    lock(F_SETLK, F_WRLCK, 0);
    tell(ready[1], 'h');
    let_wait();
    let_wait();
    _exit(0);
  }
  hear(ready[0]);
  pid_t waiter = fork();
  if (waiter == 0) {
    lock(F_SETLK, F_WRLCK, 1);
    tell(ready[1], 'w');
    _exit(lock(F_SETLKW, F_WRLCK, 0));
  }
  hear(ready[0]);
  int got = lock(F_SETLKW, F_WRLCK, 1);
  waitpid(holder, NULL, 0);
  printf("inherit: %s, waiter %s\n", strerror(got), outcome(waiter));
  lock(F_SETLK, F_UNLCK, 1);
}

int main(void) {
  char name[] = "/tmp/recordlocksXXXXXX";
  file = mkstemp(name);
  unlink(name);
  for (int round = 0; round < 3; round++) exchange();
  embrace();
  inherit();
  return 0;
}
