/* Pipes: order, blocking on full and empty, end of file, EPIPE and SIGPIPE; popen, which needs a shell, is left out. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void through_a_child(void) {
  int to[2], from[2];
  pipe(to);
  pipe(from);
  if (fork() == 0) {
    close(to[1]);
    close(from[0]);
    char byte;
    while (read(to[0], &byte, 1) == 1) {
      if (byte >= 'a' && byte <= 'z') byte -= 32;
      write(from[1], &byte, 1);
    }
    _exit(0);
  }
  close(to[0]);
  close(from[1]);
  const char *text = "there and back again";
  write(to[1], text, strlen(text));
  close(to[1]);
  char answer[64];
  size_t length = 0;
  ssize_t got;
  while ((got = read(from[0], answer + length, sizeof answer - length)) > 0) length += (size_t)got;
  printf("%.*s\n", (int)length, answer);
  close(from[0]);
  wait(NULL);
}

static void much_data(void) {
  int ends[2];
  pipe(ends);
  if (fork() == 0) {
    close(ends[0]);
    unsigned char block[5000];
    for (int i = 0; i < 100; i++) {
      memset(block, i, sizeof block);
      for (size_t done = 0; done < sizeof block;) done += (size_t)write(ends[1], block + done, sizeof block - done);
    }
    _exit(0);
  }
  close(ends[1]);
  unsigned char buffer[777];
  long total = 0, wrong = 0;
  for (;;) {
    ssize_t got = read(ends[0], buffer, sizeof buffer);
    if (got <= 0) break;
    for (ssize_t i = 0; i < got; i++) wrong += buffer[i] != (total + i) / 5000;
    total += got;
  }
  printf("%ld bytes, %ld wrong\n", total, wrong);
  close(ends[0]);
  wait(NULL);
}

static void broken(void) {
  int ends[2], status;
  pipe(ends);
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  ssize_t result = write(ends[1], "x", 1);
  printf("write to nobody: %zd, %s\n", result, strerror(errno));
  signal(SIGPIPE, SIG_DFL);
  if (fork() == 0) {
    write(ends[1], "x", 1);
    _exit(0);
  }
  wait(&status);
  printf("killed by %d\n", WTERMSIG(status));
  close(ends[1]);
}

static void not_blocking(void) {
  int ends[2];
  pipe2(ends, O_NONBLOCK);
  char byte;
  ssize_t result = read(ends[0], &byte, 1);
  printf("empty: %zd, %s\n", result, strerror(errno));
  struct pollfd item = {.fd = ends[0], .events = POLLIN};
  printf("poll: %d\n", poll(&item, 1, 10));
  write(ends[1], "y", 1);
  int ready = poll(&item, 1, -1);
  printf("poll: %d %d\n", ready, item.revents);
  long filled = 1;
  char block[4096] = {0};
  while ((result = write(ends[1], block, sizeof block)) > 0) filled += result;
  printf("full: %s, %s\n", strerror(errno), filled >= 4096 ? "holds a page or more" : "too small");
}

int main(void) {
  through_a_child();
  much_data();
  fflush(stdout);
  broken();
  not_blocking();
  return 0;
}
