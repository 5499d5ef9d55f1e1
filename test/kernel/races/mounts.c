/*
 * mounts ROUNDS: in each round a file system is mounted and unmounted, while two processes read the list of all. Each line of
 * it must be whole.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READERS = 2 };

static volatile int *done;

static int isWhole(const char *line) {
  static const char *const types[] = {"rootfs ", "tmpfs ", "proc ", "devtmpfs "};
  for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
    if (strncmp(line, types[i], strlen(types[i])) == 0 && strchr(line, '/') != 0) return 1;
  return 0;
}

static void readMounts(void) {
  int bad = 0;
  static char text[4096];
  while (!*done) {
    int file = open("/proc/mounts", O_RDONLY);
    int length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) _exit(99);
    text[length] = 0;
    for (char *line = strtok(text, "\n"); line != 0; line = strtok(0, "\n"))
      if (!isWhole(line)) bad++;
  }
  _exit(bad > 98 ? 98 : bad);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 10, bad = 0, status;
  done = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (done == MAP_FAILED || mkdir("/tmp/mounted", 0755) != 0) return 2;
  for (int i = 0; i < READERS; i++)
    if (fork() == 0) readMounts();
  for (int round = 0; round < rounds; round++) {
    if (mount("none", "/tmp/mounted", "tmpfs", 0, 0) != 0) return 3;
    // A reader that describes the file system keeps it busy for a moment.
    while (umount("/tmp/mounted") != 0) sched_yield();
  }
  *done = 1;
  while (wait(&status) > 0) bad += WEXITSTATUS(status);
  printf("%d of %d rounds went wrong\n", bad, rounds);
  return bad != 0;
}
