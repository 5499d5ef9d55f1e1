/* What a program finds at its start: arguments, environment, auxiliary vector, limits, ids, directories, time. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* Says what a call gave. Arguments are evaluated first, so that errno is the call's. */
static void tell(const char *what, long result) {
  printf("%s: %s\n", what, result == -1 ? strerror(errno) : "worked");
}

static void auxiliary(void) {
  printf("page size %lu, ticks %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK));
  printf("entry %s, headers of %lu bytes\n", getauxval(AT_ENTRY) ? "known" : "unknown", getauxval(AT_PHENT));
  const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
  int sum = 0;
  for (int i = 0; i < 16; i++) sum |= random[i];
  printf("random bytes: %s\n", sum ? "yes" : "no");
  printf("secure %lu, platform %s\n", getauxval(AT_SECURE), (char *)getauxval(AT_PLATFORM));
  const char *file = (const char *)getauxval(AT_EXECFN);
  printf("runs as %s\n", strrchr(file, '/') + 1);
}

static void stack(char **argv, char **envp) {
  unsigned long words[] = {(unsigned long)argv, (unsigned long)envp, (unsigned long)argv[0]};
  printf("argc below argv: %ld\n", ((long *)argv)[-1]);
  printf("in order: %d\n", words[0] < words[1] && words[1] < words[2]);
}

static void limits(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  printf("stack limit %s\n", limit.rlim_cur >= 8u << 20 ? "8 MiB or more" : "small");
  getrlimit(RLIMIT_NOFILE, &limit);
  struct rlimit low = {.rlim_cur = 20, .rlim_max = limit.rlim_max};
  tell("setrlimit", setrlimit(RLIMIT_NOFILE, &low));
  int last = 0, next;
  while ((next = dup(0)) >= 0) last = next;
  printf("last descriptor %d, %s\n", last, strerror(errno));
  low.rlim_cur = low.rlim_max + 1;
  tell("soft above hard", setrlimit(RLIMIT_NOFILE, &low));
}

static void clocks(void) {
  struct timespec before, after, length = {0, 20000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&length, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long long passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
  printf("slept long enough: %d\n", passed >= 20000000);
  struct timespec wrong = {0, 1000000000};
  tell("bad time", nanosleep(&wrong, NULL));
  tell("bad clock", clock_gettime(77, &before));
  printf("real time is %s\n", time(NULL) >= 946684800 ? "in this century" : "long ago");
}

int main(int argc, char **argv, char **envp) {
  printf("%d arguments\n", argc);
  for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
  setenv("NEW", "value", 1);
  printf("NEW=%s, NONE=%s\n", getenv("NEW"), getenv("NONE") ? "set" : "unset");
  auxiliary();
  stack(argv, envp);
  limits();
  clocks();
  struct utsname name;
  printf("uname: %d, %s\n", uname(&name), name.sysname);
  tell("nobody's session", getsid(32767 * 128));
  char directory[PATH_MAX];
  chdir("/");
  printf("in %s\n", getcwd(directory, sizeof directory));
  char bytes[8];
  printf("getrandom: %zd\n", getrandom(bytes, sizeof bytes, 0));
  printf("sysconf: %ld\n", sysconf(_SC_CLK_TCK));
  return argc == 1 ? 0 : 5;
}
