/*
 * links ROUNDS: in each round a symbolic link is made and removed, while three processes read it. Whoever finds it must find
 * its target.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READERS = 3 };

static const char path[] = "/tmp/link", target[] = "/etc/target";
static volatile int *done;

static void readLinks(void) {
  int bad = 0;
  char text[64];
  while (!*done) {
    int length = readlink(path, text, sizeof text);
    if (length < 0 ? errno != ENOENT : length != sizeof target - 1 || memcmp(text, target, length) != 0) bad++;
  }
  _exit(bad > 100 ? 100 : bad);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 10, bad = 0, status;
  done = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (done == MAP_FAILED) return 2;
  for (int i = 0; i < READERS; i++)
    if (fork() == 0) readLinks();
  for (int round = 0; round < rounds; round++)
    if (symlink(target, path) != 0 || unlink(path) != 0) return 3;
  *done = 1;
  while (wait(&status) > 0) bad += WEXITSTATUS(status);
  printf("%d of %d rounds went wrong\n", bad, rounds);
  return bad != 0;
}
