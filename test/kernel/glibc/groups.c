/* Thread groups as the kernel sees them: identities, ends, signals, stops, exec, waiting. Threads are made by clone itself. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREAD_FLAGS \
  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID)

static const char *program;
static volatile int tid_word;
static atomic_int flag, hits;
static volatile pid_t seen_pid, seen_tid;

static int futex(volatile void *word, int operation, int value) {
  return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Starts a thread; returns its id, which is in tid_word until it has ended. */
static pid_t start(int (*function)(void *), void *argument, int flags) {
  char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  tid_word = -1;
  return clone(function, stack + 65536, flags, argument, NULL, NULL, &tid_word);
}

static void nap(void) { usleep(20000); }

/* A thread clears its word before it has quite gone; when it has, nobody finds it any more. */
static void join(pid_t thread) {
  int tid;
  while ((tid = tid_word) != 0) futex(&tid_word, FUTEX_WAIT, tid);
  while (syscall(SYS_tgkill, getpid(), thread, 0) == 0) nap();
}

/* Runs `body` in a child, and tells how that ended. */
static void apart(const char *name, void (*body)(void)) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(99);
  }
  if (waitpid(child, &status, 0) != child) printf("%s: lost\n", name);
  else if (WIFEXITED(status)) printf("%s: exited %d\n", name, WEXITSTATUS(status));
  else printf("%s: killed by %d\n", name, WTERMSIG(status));
}

static int tell_ids(void *argument) {
  seen_pid = getpid();
  seen_tid = syscall(SYS_gettid);
  return 0;
}

static void identities(void) {
  pid_t tid = start(tell_ids, NULL, THREAD_FLAGS);
  join(tid);
  printf("same pid %d, own tid %d, as clone says %d\n", seen_pid == getpid(), seen_tid != getpid(), seen_tid == tid);
  printf("gone: tgkill %d", (int)syscall(SYS_tgkill, getpid(), tid, 0));
  printf(" (%s)\n", strerror(errno));
}

static int waits(void *argument) {
  atomic_fetch_add(&flag, 1);
  for (;;) pause();
}

static int count_entries(const char *path) {
  int count = 0;
  DIR *directory = opendir(path);
  while (directory != NULL && readdir(directory) != NULL) count++;
  if (directory != NULL) closedir(directory);
  return count - 2;
}

static void read_line(const char *path, const char *key, char *line, int size) {
  FILE *file = fopen(path, "r");
  line[0] = 0;
  if (file == NULL) return;
  while (fgets(line, size, file) != NULL && strncmp(line, key, strlen(key)) != 0) continue;
  fclose(file);
}

static void in_proc(void) {
  char path[100], line[100];
  for (int i = 0; i < 3; i++) start(waits, NULL, THREAD_FLAGS);
  while (atomic_load(&flag) != 3) nap();
  pid_t tid = tid_word;
  printf("threads in /proc: %d\n", count_entries("/proc/self/task"));
  read_line("/proc/self/status", "Threads:", line, sizeof line);
  printf("status: %s", line);
  sprintf(path, "/proc/self/task/%d/status", tid);
  read_line(path, "Tgid:", line, sizeof line);
  printf("tgid is the process's: %d\n", atoi(line + 5) == getpid());
  read_line(path, "Pid:", line, sizeof line);
  printf("pid is the thread's: %d\n", atoi(line + 4) == tid);
  sprintf(path, "/proc/%d/task", tid);
  printf("by tid: %d\n", count_entries(path));
  sprintf(path, "/proc/self/task/%d/comm", getppid());
  printf("not a stranger: %d\n", access(path, F_OK));
  fflush(stdout);
  _exit(0);
}

static int exits_with(void *argument) {
  nap();
  syscall(SYS_exit, (long)argument);
  return 0;
}

static void first_ends_first(void) {
  start(exits_with, (void *)5, THREAD_FLAGS);
  syscall(SYS_exit, 7);
}

static void last_is_first(void) {
  join(start(exits_with, (void *)5, THREAD_FLAGS));
  syscall(SYS_exit, 8);
}

static int ends_group(void *argument) {
  nap();
  syscall(SYS_exit_group, 21);
  return 0;
}

static void other_ends_group(void) {
  start(ends_group, NULL, THREAD_FLAGS);
  for (;;) pause();
}

static int crashes(void *argument) {
  nap();
  *(volatile int *)16 = 1;
  return 0;
}

static void other_crashes(void) {
  start(crashes, NULL, THREAD_FLAGS);
  for (;;) pause();
}

static void killed_by_kill(void) {
  for (int i = 0; i < 5; i++) start(waits, NULL, THREAD_FLAGS);
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static void killed_by_tid(void) {
  pid_t tid = start(waits, NULL, THREAD_FLAGS);
  syscall(SYS_tkill, tid, SIGTERM);
  for (;;) pause();
}

static int executes(void *argument) {
  char *argv[] = {"groups", "executed", NULL};
  execv(program, argv);
  return 0;
}

static void exec_in_thread(void) {
  char text[20];
  sprintf(text, "%d", getpid());
  setenv("WAS", text, 1);
  for (int i = 0; i < 4; i++) start(waits, NULL, THREAD_FLAGS);
  while (atomic_load(&flag) < 4) nap();
  start(executes, NULL, THREAD_FLAGS);
  for (;;) pause();
}

static int sleeps_then_executes(void *argument) {
  nap();
  return executes(argument);
}

static void exec_after_first(void) {
  char text[20];
  sprintf(text, "%d", getpid());
  setenv("WAS", text, 1);
  start(sleeps_then_executes, NULL, THREAD_FLAGS);
  syscall(SYS_exit, 9);
}

static void on_signal(int signal) {
  seen_tid = syscall(SYS_gettid);
  atomic_fetch_add(&hits, 1);
}

static void to_one_or_all(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t set;
  sigaction(SIGUSR1, &action, NULL);
  pid_t tid = start(waits, NULL, THREAD_FLAGS);
  while (atomic_load(&flag) == 0) nap();
  syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
  while (atomic_load(&hits) != 1) nap();
  printf("directed at a thread: %d\n", seen_tid == tid);
  syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
  printf("directed at the first: %d, %d\n", seen_tid == getpid(), atomic_load(&hits));
  /* What the first thread blocks, another one takes. */
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR1);
  while (atomic_load(&hits) != 3) nap();
  printf("taken by the other: %d\n", seen_tid == tid);
  syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
  nap();
  printf("not what is another's: %d\n", atomic_load(&hits));
  fflush(stdout);
  _exit(0);
}

static int spins(void *argument) {
  for (;;) atomic_fetch_add((atomic_int *)argument, 1);
}

static void stops(void) {
  atomic_int *counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int status;
  pid_t child = fork();
  if (child == 0) {
    start(spins, &counters[0], THREAD_FLAGS);
    start(spins, &counters[1], THREAD_FLAGS);
    for (;;) pause();
  }
  while (counters[0] == 0 || counters[1] == 0) nap();
  kill(child, SIGSTOP);
  printf("stopped: %d", waitpid(child, &status, WUNTRACED) == child);
  printf(" by %d\n", WSTOPSIG(status));
  int first = counters[0], second = counters[1];
  nap();
  printf("all of them: %d\n", counters[0] == first && counters[1] == second);
  kill(child, SIGCONT);
  printf("continued: %d", waitpid(child, &status, WCONTINUED) == child);
  printf(" %d\n", WIFCONTINUED(status) != 0);
  while (counters[0] == first || counters[1] == second) nap();
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  printf("killed by %d\n", WTERMSIG(status));
  fflush(stdout);
  _exit(0);
}

static volatile int wait_any, wait_none;

static int waits_for_children(void *argument) {
  int status;
  wait_none = waitpid(-1, &status, __WNOTHREAD) == -1 ? errno : 0;
  wait_any = waitpid(-1, &status, 0) > 0 ? WEXITSTATUS(status) : -errno;
  return 0;
}

static void waiting(void) {
  if (fork() == 0) _exit(31);
  join(start(waits_for_children, NULL, THREAD_FLAGS));
  printf("not its own: %s; any: %d\n", strerror(wait_none), wait_any);
}

static int exits_at_once(void *argument) { return 4; }

static void clone_children(void) {
  int status = 0;
  pid_t child = start(exits_at_once, NULL, CLONE_VM);
  printf("not by default: %d", waitpid(child, &status, 0));
  printf(" (%s)\n", strerror(errno));
  printf("with __WCLONE: %d", waitpid(child, &status, __WCLONE) == child);
  printf(", status %d\n", WEXITSTATUS(status));
  signal(SIGUSR2, on_signal);
  atomic_store(&hits, 0);
  child = start(exits_at_once, NULL, CLONE_VM | SIGUSR2);
  printf("with __WALL: %d", waitpid(child, &status, __WALL) == child);
  printf(", its own signal: %d\n", atomic_load(&hits) > 0);
  while (waitpid(-1, &status, __WALL) > 0) continue;
  signal(SIGUSR2, SIG_DFL);
}

static int changes(void *argument) {
  chdir("/tmp");
  umask(0);
  close((int)(long)argument);
  signal(SIGUSR2, SIG_IGN);
  return 0;
}

static void sharing(void) {
  char where[100];
  int status;
  chdir("/");
  for (int flags = 0; flags < 2; flags++) {
    int fd = dup(1);
    int shared = flags ? CLONE_FS | CLONE_FILES | CLONE_SIGHAND : 0;
    umask(022);
    waitpid(start(changes, (void *)(long)fd, CLONE_VM | shared | SIGCHLD), &status, 0);
    printf("%s: in %s, umask %o, descriptor %s,", flags ? "shared" : "copied", getcwd(where, sizeof where), umask(022),
           fcntl(fd, F_GETFD) < 0 ? "closed" : "open");
    printf(" handler %s\n", signal(SIGUSR2, SIG_DFL) == SIG_IGN ? "ignored" : "default");
    close(fd);
    chdir("/");
  }
}

static int nices(void *argument) {
  setpriority(PRIO_PROCESS, 0, 7);
  seen_tid = getpriority(PRIO_PROCESS, 0);
  return 0;
}

static void priorities(void) {
  join(start(nices, NULL, THREAD_FLAGS));
  printf("nice of the thread %d, of the first %d\n", seen_tid, getpriority(PRIO_PROCESS, 0));
}

static volatile int inherited;

static int late_child(void *argument) {
  while (!inherited) nap();
  return 12;
}

static int makes_child(void *argument) {
  char *stack = malloc(16384);
  inherited = 0;
  seen_pid = clone(late_child, stack + 16384, CLONE_VM | SIGCHLD, NULL);
  return 0;
}

static void inheriting(void) {
  int status;
  join(start(makes_child, NULL, THREAD_FLAGS));
  inherited = 1;
  printf("a child of a thread that has gone: %d", waitpid(seen_pid, &status, __WNOTHREAD) == seen_pid);
  printf(", %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc > 1) {
    printf("executed as %s, %d thread\n", atoi(getenv("WAS")) == getpid() ? "the process" : "another",
           count_entries("/proc/self/task"));
    printf("tid is pid: %d\n", syscall(SYS_gettid) == getpid());
    return 17;
  }
  identities();
  apart("in /proc", in_proc);
  apart("the first thread ends first", first_ends_first);
  apart("the first thread ends last", last_is_first);
  apart("another ends the group", other_ends_group);
  apart("another crashes", other_crashes);
  apart("SIGKILL", killed_by_kill);
  apart("SIGTERM for one", killed_by_tid);
  apart("exec in a thread", exec_in_thread);
  apart("exec when the first has gone", exec_after_first);
  apart("signals", to_one_or_all);
  apart("stops", stops);
  waiting();
  clone_children();
  sharing();
  priorities();
  inheriting();
  return 0;
}
