/*
 * Files that are cut while they are mapped: who has the pages loses them, private copies included; the last page ends in
 * zeroes; what grows back is empty. And what a mapping of a file is told about it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static sigjmp_buf escape;
static volatile int number, code;
static char *volatile place;

static void onFault(int signal, siginfo_t *info, void *context) {
  number = signal, code = info->si_code, place = info->si_addr;
  siglongjmp(escape, 1);
}

static void look(const char *what, char *at) {
  if (sigsetjmp(escape, 1) == 0) printf("%s: reads %d\n", what, *(volatile char *)at);
  else printf("%s: signal %d code %d at %+d\n", what, number, code, (int)(place - at));
}

static void put(const char *what, char *at, char value) {
  if (sigsetjmp(escape, 1) == 0) *(volatile char *)at = value, printf("%s: written\n", what);
  else printf("%s: signal %d code %d at %+d\n", what, number, code, (int)(place - at));
}

static void say(const char *what, long result) { printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : ""); }

static void cut(const char *folder) {
  char name[64];
  snprintf(name, sizeof name, "%s/cut", folder);
  int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  char page[PAGE];
  for (int i = 0; i < 4; i++) memset(page, 'a' + i, PAGE), pwrite(file, page, PAGE, i * PAGE);
  char *shared = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char *other = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, 2 * PAGE);
  char *own = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  for (int i = 0; i < 4; i++) look("shared", shared + i * PAGE), look("own", own + i * PAGE);
  look("beyond the end", shared + 4 * PAGE);
  own[PAGE] = 'x', own[2 * PAGE] = 'y', own[3 * PAGE] = 'z';
  look("other", other), look("other", other + PAGE);
  fflush(stdout);
  int pid = fork();
  if (pid == 0) {
    say("ftruncate by a child", ftruncate(file, PAGE + 100));
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  look("kept", shared + PAGE + 99), look("tail", shared + PAGE + 100), look("copy", own + PAGE);
  look("cut", shared + 2 * PAGE), look("cut copy", own + 2 * PAGE), look("cut other", other), look("cut other", other + PAGE);
  put("cut", shared + 3 * PAGE, 1);
  errno = 0;
  say("write from a cut page", write(file, shared + 2 * PAGE, 10));
  errno = 0;
  say("read into a cut page", pread(file, shared + 2 * PAGE, 10, 0));
  say("ftruncate", ftruncate(file, 4 * PAGE));
  look("grown", shared + 2 * PAGE), look("grown copy", own + 3 * PAGE), look("tail", shared + PAGE + 200);
  put("grown", shared + 3 * PAGE, 'q'), look("grown other", other + PAGE);
  char byte = 0;
  say("pread", pread(file, &byte, 1, 3 * PAGE));
  printf("%d\n", byte);
  say("remove", madvise(shared, PAGE, MADV_REMOVE));
  look("removed", shared), look("removed, own", own);
  say("remove read-only", madvise(other, PAGE, MADV_REMOVE));
  say("remove private", madvise(own, PAGE, MADV_REMOVE));
  say("msync", msync(shared, 6 * PAGE, MS_SYNC));
  say("truncate", truncate(name, 0));
  look("nothing", shared), look("nothing, own", own);
  munmap(shared, 6 * PAGE), munmap(other, 2 * PAGE), munmap(own, 4 * PAGE);
  close(file), unlink(name);
}

/* A page that is written through one mapping is seen through all, and by read, in every process. */
static void coherent(void) {
  int file = open("/dev/shm/coherent", O_RDWR | O_CREAT | O_TRUNC, 0600);
  ftruncate(file, 4 * PAGE);
  int *one = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  for (int child = 0; child < 4; child++) {
    if (fork()) continue;
    int *two = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    for (int i = 0; i < 1000; i++) __sync_fetch_and_add(&two[(i * 37 % 4) * 1024 + child], 1), __sync_fetch_and_add(&one[100], 1);
    _exit(0);
  }
  while (wait(NULL) > 0);
  int sum = 0;
  for (int i = 0; i < 4; i++) for (int child = 0; child < 4; child++) sum += one[i * 1024 + child];
  int word = 0;
  pread(file, &word, 4, 400);
  printf("coherent: %d %d\n", sum, word);
  int *anonymous = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (fork() == 0) {
    *anonymous = 77;
    _exit(0);
  }
  wait(NULL);
  printf("anonymous: %d\n", *anonymous);
  unlink("/dev/shm/coherent");
}

/* Every kind of advice for every kind of mapping. */
static void advise(void) {
  static const int known[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23, 24, 99};
  int file = open("/dev/shm/advice", O_RDWR | O_CREAT | O_TRUNC, 0600);
  ftruncate(file, 2 * PAGE);
  for (int kind = 0; kind < 8; kind++) {
    static const int prots[] = {3, 1, 0, 3, 1, 3, 3, 3};
    static const int flags[] = {0x22, 0x22, 0x22, 0x21, 0x01, 0x01, 0x02, 0x2022};
    printf("kind %d:", kind);
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
      if (kind == 3 && known[i] == MADV_REMOVE) continue;
      char *at = mmap(NULL, 2 * PAGE, prots[kind], flags[kind], flags[kind] & 0x20 ? -1 : file, 0);
      errno = 0;
      int result = madvise(at, 2 * PAGE, known[i]);
      printf(" %d=%d", known[i], result < 0 ? errno : result);
      munmap(at, 2 * PAGE);
    }
    printf("\n");
  }
  char *hole = mmap(NULL, 3 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  hole[0] = 1, hole[2 * PAGE] = 2;
  munmap(hole + PAGE, PAGE);
  say("advice over a hole", madvise(hole, 3 * PAGE, MADV_DONTNEED));
  look("before it", hole), look("behind it", hole + 2 * PAGE);
  say("populate over a hole", madvise(hole, 3 * PAGE, MADV_POPULATE_WRITE));
  char *wiped = mmap(NULL, 2 * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  wiped[0] = 5, wiped[PAGE] = 6;
  say("wipe", madvise(wiped, PAGE, MADV_WIPEONFORK));
  say("leave out", madvise(wiped + PAGE, PAGE, MADV_DONTFORK));
  fflush(stdout);
  if (fork() == 0) {
    look("in the child", wiped), look("in the child", wiped + PAGE);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  look("in the parent", wiped), look("in the parent", wiped + PAGE);
  unlink("/dev/shm/advice");
}

int main(void) {
  struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER, .sa_sigaction = onFault};
  sigaction(SIGSEGV, &action, NULL), sigaction(SIGBUS, &action, NULL);
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  cut("/dev/shm");
  coherent();
  advise();
  return 0;
}
