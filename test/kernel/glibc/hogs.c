/*
 * Programs that want everything: all processes, all memory, all descriptors, the whole CPU. They get an error or a
 * SIGKILL, and whoever started them goes on. How much there is differs from machine to machine and is not printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void wait_for_all(void) {
  while (wait(NULL) > 0 || errno == EINTR) {
  }
}

/* Forks until it cannot, each child sleeping. */
static void processes(void) {
  int count = 0;
  pid_t child;
  while ((child = fork()) >= 0) {
    if (child == 0) {
      pause();
      _exit(0);
    }
    count++;
  }
  printf("fork ends with: %s, after %s\n", strerror(errno), count >= 20 ? "many" : "few");
  fflush(stdout);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  wait_for_all();
  signal(SIGTERM, SIG_DFL);
}

/* Every process forks, and its children do. */
static void bomb(void) {
  setpgid(0, 0);
  for (;;) fork();
}

static void heap(void) {
  size_t size = 1 << 20;
  for (;;) {
    char *block = malloc(size);
    if (block == NULL) _exit(3);
    memset(block, 1, size);
  }
}

static void deep_stack(int depth) {
  volatile char frame[8192];
  memset((char *)frame, depth, sizeof frame);
  deep_stack(depth + 1);
  frame[0] = 0;
}

static void stack(void) { deep_stack(0); }

/* Memory that is shared until it is written: fork promises more than there is. */
static void copies(void) {
  size_t size = 3 << 20;
  char *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) _exit(3);
  memset(block, 1, size);
  int children = 0, killed = 0, status;
  for (; children < 12; children++) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) {
      memset(block, 2, size);
      pause();
    }
  }
  struct timespec moment = {0, 100000000};
  nanosleep(&moment, NULL);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (wait(&status) > 0) killed += WIFSIGNALED(status);
  _exit(killed == children && block[size - 1] == 1 ? 4 : 5);
}

static void descriptors(void) {
  int ends[2], count = 0;
  while (pipe(ends) == 0) count++;
  _exit(errno == EMFILE && count > 100 ? 6 : 7);
}

static void pipes_full_of_data(void) {
  int ends[2];
  static char block[65536];
  for (int i = 0; i < 400; i++) {
    if (pipe2(ends, O_NONBLOCK) != 0) break;
    while (write(ends[1], block, sizeof block) > 0) {
    }
  }
  _exit(8);
}

static void spin(void) {
  for (;;) {
  }
}

static void run(const char *what, void (*function)(void)) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    function();
    _exit(0);
  }
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else printf("%s: exited %d\n", what, WEXITSTATUS(status));
}

/* Starts `function` in a process group, lets it have its way for a while, and kills the group. */
static void run_for_a_while(const char *what, void (*function)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    function();
    _exit(0);
  }
  struct timespec moment = {0, 50000000};
  nanosleep(&moment, NULL);
  int killed = kill(-child, SIGKILL);
  for (int i = 0; i < 100 && kill(-child, 0) == 0; i++) {
    kill(-child, SIGKILL);
    nanosleep(&(struct timespec){0, 10000000}, NULL);
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
  }
  printf("%s: killed %d\n", what, killed);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  run("processes", processes);
  run_for_a_while("bomb", bomb);
  run("heap", heap);
  run("stack", stack);
  run("copies", copies);
  run("descriptors", descriptors);
  run("pipes full of data", pipes_full_of_data);
  run_for_a_while("spin", spin);
  puts("still here");
  return 0;
}
