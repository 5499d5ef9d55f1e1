/*
 * What a process keeps from others: its memory, its environment, where it is and what it has open; and from whom, after
 * it has changed its user, or has asked for it (PR_SET_DUMPABLE). Begins as the superuser.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int here = 4711;

static void open_one(int pid, const char *name, int flags) {
  char path[64], buffer[16];
  sprintf(path, "/proc/%d/%s", pid, name);
  errno = 0;
  int fd = open(path, flags);
  printf(" %s: %s;", name, strerror(errno));
  if (fd >= 0 && !(flags & O_DIRECTORY) && read(fd, buffer, sizeof buffer) < 0) printf(" (%s)", strerror(errno));
  close(fd);
}

static void read_link(int pid, const char *name) {
  char path[64], target[256];
  sprintf(path, "/proc/%d/%s", pid, name);
  errno = 0;
  readlink(path, target, sizeof target);
  printf(" %s: %s;", name, strerror(errno));
}

/* The fields of stat that tell of addresses: 0, 1 or something. */
static void places(int pid) {
  char path[64], line[1024];
  sprintf(path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  fgets(line, sizeof line, file);
  fclose(file);
  printf(" stat:");
  int field = 2;
  for (char *word = strtok(strrchr(line, ')') + 1, " "); word; word = strtok(NULL, " ")) {
    field++;
    if ((field >= 26 && field <= 28) || (field >= 45 && field <= 51)) printf(" %s", strlen(word) > 1 ? "x" : word);
  }
}

static void look_at(int pid, const char *what) {
  static const char *const names[] = {"maps", "smaps", "smaps_rollup", "environ", "mem", "stat", "statm", "status", "cmdline"};
  printf("%s:", what);
  for (int i = 0; i < sizeof names / sizeof *names; i++) open_one(pid, names[i], O_RDONLY);
  open_one(pid, "fd", O_DIRECTORY);
  open_one(pid, "task", O_DIRECTORY);
  read_link(pid, "exe");
  read_link(pid, "cwd");
  read_link(pid, "root");
  read_link(pid, "fd/1");
  places(pid);
  int copy = 0;
  struct iovec local = {&copy, sizeof copy}, remote = {&here, sizeof here};
  errno = 0;
  process_vm_readv(pid, &local, 1, &remote, 1, 0);
  printf(" memory %d: %s;", copy, strerror(errno));
  if (pid == getpid()) return (void)printf(" dumpable %d\n", prctl(PR_GET_DUMPABLE));
  errno = 0;
  if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0) {
    waitpid(pid, NULL, 0);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
  }
  printf(" attach: %s\n", strerror(errno));
}

static void become(int uid, int gid) {
  if (setgid(gid) != 0 || setuid(uid) != 0) printf("cannot become %d\n", uid);
}

static pid_t start(int uid, int gid, int is_dumpable) {
  int ready[2];
  char byte;
  pipe(ready);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    become(uid, gid);
    prctl(PR_SET_DUMPABLE, is_dumpable);
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  close(ready[0]), close(ready[1]);
  return pid;
}

int main(void) {
  pid_t targets[] = {start(0, 0, 1), start(1000, 1000, 1), start(1000, 1000, 0), start(1000, 1001, 1)};
  static const char *const names[] = {"the superuser's", "the same", "undumpable", "another group"};
  for (int round = 0; round < 3; round++) {
    fflush(stdout);
    if (fork() == 0) {
      if (round == 1) become(1000, 1000);
      // The effective ids differ: a debugger's rights are by the real ones, a file's by those for files.
      if (round == 2 && (setresgid(1001, 1000, 1001) != 0 || setresuid(1001, 1000, 1001) != 0)) printf("no\n");
      printf("round %d\n", round);
      for (int i = 0; i < 4; i++) look_at(targets[i], names[i]);
      look_at(getpid(), "itself");
      fflush(stdout);
      _exit(0);
    }
    wait(NULL);
  }
  for (int i = 0; i < 4; i++) kill(targets[i], SIGKILL), waitpid(targets[i], NULL, 0);

  // What makes a process undumpable.
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    setresuid(5, -1, -1);
    printf("real %d", prctl(PR_GET_DUMPABLE));
    seteuid(0);
    printf(", the same %d", prctl(PR_GET_DUMPABLE));
    setegid(7);
    printf(", group %d", prctl(PR_GET_DUMPABLE));
    prctl(PR_SET_DUMPABLE, 1);
    setfsuid(9);
    int signal = -1;
    prctl(PR_GET_PDEATHSIG, &signal);
    printf(", for files %d, signal %d\n", prctl(PR_GET_DUMPABLE), signal);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  return 0;
}
