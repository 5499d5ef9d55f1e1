/* execve: what a new program inherits, what it loses, and everything that cannot be run. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[PATH_MAX];
static char folder[] = "/tmp/execs-XXXXXX";

static const char *base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Runs argv[0] (or `path`) in a child; tells the errno with which exec failed, or how the program ended. */
static void run(const char *what, const char *path, char **argv, char **envp) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execve(path, argv, envp);
    printf("%s: %s\n", what, strerror(errno));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, &status, 0);
  if (status != 0) printf("%s: status %x\n", what, status);
}

static void try(const char *what, const char *path) {
  char *argv[] = {(char *)path, NULL};
  run(what, path, argv, NULL);
}

/* Makes an executable file of these bytes, and gives its name. */
static char *make(const char *name, const void *bytes, size_t length, int mode) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0700);
  if (write(file, bytes, length) != (ssize_t)length) puts("cannot write");
  fchmod(file, (mode_t)mode);
  close(file);
  return path;
}

static char *make_text(const char *name, const char *text) { return make(name, text, strlen(text), 0700); }

static void refused(void) {
  try("nothing there", "/no/such/file");
  try("a directory", "/tmp");
  try("below a file", make_text("plain", "text\n"));
  try("no magic", make_text("plain", "just text\n"));
  try("empty", make_text("empty", ""));
  try("not executable", make("closed", "#!/bin/sh\n", 10, 0600));
  char deep[PATH_MAX];
  snprintf(deep, sizeof deep, "%s/x", make_text("file", "x"));
  try("file as directory", deep);
  char *huge = malloc(PATH_MAX + 10);
  memset(huge, 'a', PATH_MAX + 9);
  huge[PATH_MAX + 9] = 0;
  try("path too long", huge);
  huge[300] = 0;
  try("name too long", huge);
  try("empty path", "");
}

/* Damages the headers of a copy of this program, field by field. */
static void damaged(void) {
  static unsigned char image[4096];
  int file = open(self, O_RDONLY);
  ssize_t length = read(file, image, sizeof image);
  close(file);
  static const struct {
    const char *name;
    int offset, value;
  } damages[] = {{"magic", 0, 0x7e},     {"machine", 18, 62}, {"object file", 16, 1},
                 {"no headers", 44, 0},  {"header size", 42, 5}};
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    unsigned char old = image[damages[i].offset];
    image[damages[i].offset] = (unsigned char)damages[i].value;
    try(damages[i].name, make("damaged", image, (size_t)length, 0700));
    image[damages[i].offset] = old;
  }
  try("only a header", make("damaged", image, 40, 0700));
}

static void scripts(void) {
  char text[PATH_MAX + 64];
  char *argv[] = {"given", "one", "two three", NULL};
  snprintf(text, sizeof text, "#!%s  show -o  option \nrest\n", self);
  run("script", make_text("script", text), argv, NULL);
  snprintf(text, sizeof text, "#! %s", self);
  char *show[] = {"show", "x", NULL};
  run("script without newline", make_text("show", text), show, NULL);
  try("script of nothing", make_text("script", "#!/no/such/interpreter\n"));
  try("script without name", make_text("script", "#!  \n"));
  char *one = strdup(make_text("one", ""));
  snprintf(text, sizeof text, "#!%s\n", one);
  char *loop = strdup(make_text("one", text));
  try("script of itself", loop);
  snprintf(text, sizeof text, "#!%s show\n", self);
  char *inner = strdup(make_text("inner", text));
  snprintf(text, sizeof text, "#!%s outer-option\n", inner);
  run("script of a script", make_text("outer", text), argv, NULL);
}

static void sizes(void) {
  static char string[150000];
  memset(string, 'x', sizeof string - 1);
  char *too_long[] = {"x", string, NULL};
  run("one argument of 150 kB", self, too_long, NULL);
  string[130000] = 0;
  char *count[] = {"x", "count", string, NULL};
  run("one argument of 130 kB", self, count, NULL);
  enum { MANY = 40000 };
  char **many = calloc(MANY + 1, sizeof *many);
  for (int i = 0; i < MANY; i++) many[i] = "argument";
  many[1] = "count";
  run("many arguments", self, many, many + 10);
  char **more = calloc(400001, sizeof *more);
  for (int i = 0; i < 400000; i++) more[i] = "argument";
  run("too many arguments", self, more, NULL);
  char *none[] = {NULL};
  run("no arguments", self, none, NULL);
  run("null arguments", self, NULL, NULL);
}

static void ignore(int signal) { (void)signal; }

static void inheritance(void) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    sigset_t set;
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, ignore);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGHUP);
    fcntl(0, F_DUPFD, 50);
    fcntl(0, F_DUPFD_CLOEXEC, 60);
    static char stack[20000];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    alarm(1000);
    umask(0123);
    chdir(folder);
    char *argv[] = {"x", "inherited", NULL};
    execve(self, argv, NULL);
    _exit(1);
  }
  waitpid(child, &status, 0);
  printf("status %x\n", status);
}

static int inherited(void) {
  struct sigaction action;
  sigset_t set;
  sigaction(SIGUSR1, NULL, &action);
  printf("SIGUSR1 %s\n", action.sa_handler == SIG_IGN ? "ignored" : "not ignored");
  sigaction(SIGUSR2, NULL, &action);
  printf("SIGUSR2 %s\n", action.sa_handler == SIG_DFL ? "default" : "not default");
  sigprocmask(SIG_BLOCK, NULL, &set);
  printf("SIGHUP %s\n", sigismember(&set, SIGHUP) ? "blocked" : "not blocked");
  sigpending(&set);
  printf("SIGHUP %s\n", sigismember(&set, SIGHUP) ? "pending" : "not pending");
  printf("descriptor 50: %d, 60: %d\n", fcntl(50, F_GETFD), fcntl(60, F_GETFD));
  stack_t stack;
  sigaltstack(NULL, &stack);
  printf("alternate stack: %d\n", stack.ss_flags);
  unsigned left = alarm(0);
  printf("alarm: %s\n", left > 900 && left <= 1000 ? "still set" : "gone");
  printf("umask %o\n", umask(0));
  char directory[PATH_MAX];
  getcwd(directory, sizeof directory);
  printf("directory %.11s\n", directory);
  return 9;
}

/* How large the stack is at the start of a program, by its limit and by what is on it. */
static void stacks(void) {
  static const int limits[] = {8192, 1024, 128, 100, 64, 8192};
  static char large[100001];
  memset(large, 'a', sizeof large - 1);
  for (int i = 0; i < 6; i++) {
    char *argv[] = {self, "stack", i == 5 ? large : "", NULL}, *envp[] = {NULL};
    struct rlimit before, limit;
    getrlimit(RLIMIT_STACK, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)limits[i] << 10;
    setrlimit(RLIMIT_STACK, &limit);
    printf("limit %d: ", limits[i]);
    run("a small stack", self, argv, envp);
    setrlimit(RLIMIT_STACK, &before);
  }
}

static int stack(void) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status)) {
    if (strncmp(line, "VmStk:", 6) == 0) printf("%s", line);
  }
  return 0;
}

int main(int argc, char **argv, char **envp) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc == 1 && strlen(argv[0]) == 0) {
    puts("one empty argument");
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "count") == 0) {
    size_t bytes = 0, variables = 0;
    for (int i = 0; i < argc; i++) bytes += strlen(argv[i]);
    for (; envp[variables]; variables++) bytes += strlen(envp[variables]);
    printf("%d arguments, %zu variables, %zu bytes\n", argc, variables, bytes);
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "inherited") == 0) return inherited();
  if (argc > 1 && strcmp(argv[1], "stack") == 0) return stack();
  if (argc > 1) {
    for (int i = 0; i < argc; i++) printf("  [%s]", strchr(argv[i], '/') ? base(argv[i]) : argv[i]);
    puts("");
    return 0;
  }
  realpath(argv[0], self);
  mkdtemp(folder);
  refused();
  damaged();
  scripts();
  sizes();
  inheritance();
  stacks();
  return 0;
}
