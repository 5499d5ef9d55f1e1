/*
 * Files in memory: what a mapping shows, who sees what is written to it, and where it ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define BASE ((char *)0x50000000)
#define OTHER ((char *)0x50100000)
#define NAME "/tmp/filemaps.data"

static sigjmp_buf escape;
static volatile int fault_signal, fault_code;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  fault_signal = signal;
  fault_code = info->si_code;
  siglongjmp(escape, 1);
}

static void look(const char *what, char *at) {
  if (sigsetjmp(escape, 1) == 0) printf("%s: reads %d\n", what, *(volatile char *)at);
  else printf("%s: signal %d code %d\n", what, fault_signal, fault_code);
}

static void put(const char *what, char *at, char value) {
  if (sigsetjmp(escape, 1) == 0) {
    *(volatile char *)at = value;
    printf("%s: written\n", what);
  } else {
    printf("%s: signal %d code %d\n", what, fault_signal, fault_code);
  }
}

static void tell(const char *what, long result) {
  if (result == -1) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %ld\n", what, result);
}

static void map(const char *what, char *at, int pages, int prot, int flags, int fd, int page) {
  void *result = mmap(at, pages * PAGE, prot, flags | MAP_FIXED, fd, page * PAGE);
  printf("%s: %s\n", what, result == MAP_FAILED ? strerror(errno) : result == at ? "there" : "elsewhere");
}

static char in_file(int fd, off_t at) {
  char value = -1;
  pread(fd, &value, 1, at);
  return value;
}

/* Two pages and a half, each byte the number of its page plus 1. */
static int make_file(void) {
  char page[PAGE];
  int fd = open(NAME, O_RDWR | O_CREAT | O_TRUNC, 0644);
  for (int i = 0; i < 3; i++) {
    memset(page, i + 1, PAGE);
    write(fd, page, i == 2 ? PAGE / 2 : PAGE);
  }
  return fd;
}

static void privately(int fd) {
  map("private", BASE, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  look("page 0", BASE);
  look("page 1", BASE + PAGE);
  look("last byte of the file", BASE + 2 * PAGE + PAGE / 2 - 1);
  look("rest of its page", BASE + 2 * PAGE + PAGE / 2);
  look("beyond", BASE + 3 * PAGE);
  put("private write", BASE, 50);
  printf("the file has %d\n", in_file(fd, 0));
  pwrite(fd, "\x21\x22", 2, PAGE);
  look("a write to the file shows", BASE + PAGE);
  pwrite(fd, "\x21", 1, 0);
  look("not where we wrote", BASE);
  tell("unmap", munmap(BASE, 4 * PAGE));
}

static void shared(int fd) {
  map("shared", BASE, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 1);
  map("again", OTHER, 1, PROT_READ, MAP_SHARED, fd, 1);
  put("shared write", BASE + 1, 60);
  printf("the file has %d\n", in_file(fd, PAGE + 1));
  look("the other mapping has it", OTHER + 1);
  fflush(stdout);
  if (fork() == 0) {
    BASE[2] = 61;
    _exit(0);
  }
  wait(NULL);
  look("a child's write", OTHER + 2);
  put("read-only", OTHER, 1);
  close(fd);
  put("after close", BASE + 3, 62);
  int again = open(NAME, O_RDWR);
  printf("the file has %d\n", in_file(again, PAGE + 3));
  tell("msync", msync(BASE, PAGE, MS_SYNC));
  tell("grow", ftruncate(again, 4 * PAGE));
  look("new page", BASE + PAGE);
  tell("unmap the first", munmap(BASE, PAGE));
  look("second stays", BASE + PAGE);
  tell("unmap", munmap(BASE + PAGE, PAGE) | munmap(OTHER, PAGE));
  close(again);
}

static void rights(void) {
  int reader = open(NAME, O_RDONLY), writer = open(NAME, O_WRONLY), directory = open("/tmp", O_RDONLY), ends[2];
  map("shared write of a reader", BASE, 1, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
  map("private write of a reader", BASE, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0);
  map("shared read of a reader", OTHER, 1, PROT_READ, MAP_SHARED, reader, 0);
  tell("which may not become writable", mprotect(OTHER, PAGE, PROT_READ | PROT_WRITE));
  map("by a writer", BASE, 1, PROT_READ, MAP_PRIVATE, writer, 0);
  map("a directory", BASE, 1, PROT_READ, MAP_PRIVATE, directory, 0);
  pipe(ends);
  map("a pipe", BASE, 1, PROT_READ, MAP_PRIVATE, ends[0], 0);
  munmap(BASE, PAGE);
  munmap(OTHER, PAGE);
}

static void zeroes(void) {
  int fd = open("/dev/zero", O_RDWR);
  map("private zeroes", BASE, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  map("shared zeroes", OTHER, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  fflush(stdout);
  if (fork() == 0) {
    BASE[0] = OTHER[0] = 9;
    _exit(0);
  }
  wait(NULL);
  look("private", BASE);
  look("shared", OTHER);
}

static void through_system_calls(void) {
  int fd = open(NAME, O_RDWR), copy = open(NAME ".copy", O_RDWR | O_CREAT | O_TRUNC, 0644);
  map("map", BASE, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  tell("write from a mapping", write(copy, BASE, 4 * PAGE));
  tell("write from beyond the end", write(copy, BASE + 5 * PAGE, 10));
  tell("read into a mapping", pread(copy, BASE + PAGE, 10, 0));
  printf("the file has %d\n", in_file(fd, PAGE));
  tell("read into itself", pread(fd, BASE + 2 * PAGE, PAGE, 0));
  printf("the file has %d\n", in_file(fd, 2 * PAGE));
  unlink(NAME ".copy");
  unlink(NAME);
  look("after unlink", BASE);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  int fd = make_file();
  privately(fd);
  shared(fd);
  rights();
  zeroes();
  through_system_calls();
  return 0;
}
