/* Groups, sessions, stopping and continuing, and everything that wait can tell. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void tell(const char *what, long result) {
  printf("%s: %s\n", what, result == -1 ? strerror(errno) : "worked");
}

static void sleep_ms(int ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000}, left;
  while (nanosleep(&time, &left) != 0) time = left;
}

static void for_ever(void) {
  for (;;) pause();
}

/* A child that runs `function`. */
static pid_t spawn(void (*function)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    function();
    fflush(stdout);
    _exit(0);
  }
  return child;
}

static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void groups(void) {
  pid_t self = getpid();
  pid_t one = spawn(for_ever), two = spawn(for_ever);
  printf("inherited group: %d\n", getpgid(one) == getpgrp());
  tell("own group", setpgid(one, 0));
  printf("leader: %d\n", getpgid(one) == one);
  tell("join", setpgid(two, one));
  printf("joined: %d\n", getpgid(two) == one);
  tell("join nobody", setpgid(two, 999999));
  tell("negative group", setpgid(two, -5));
  tell("stranger", setpgid(1, 0));
  tell("group of nobody", getpgid(999999));
  tell("session of child", getsid(one) == getsid(0) ? 0 : -1);
  tell("signal to the group", kill(-one, SIGTERM));
  int status;
  int count = 0;
  while (waitpid(-one, &status, 0) > 0) count += WTERMSIG(status) == SIGTERM;
  printf("ended: %d\n", count);
  tell("signal to nobody's group", kill(-one, SIGTERM));
  (void)self;
}

static void new_session(void) {
  setpgid(0, 0);
  tell("setsid of a leader", setsid());
  pid_t child = fork();
  if (child == 0) {
    tell("setsid", setsid());
    printf("%d %d\n", getsid(0) == getpid(), getpgrp() == getpid());
    tell("setpgid of a session's leader", setpgid(0, 0));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static const char *name(int code) {
  switch (code) {
    case CLD_EXITED: return "exited";
    case CLD_KILLED: return "killed";
    case CLD_STOPPED: return "stopped";
    case CLD_CONTINUED: return "continued";
    default: return "something else";
  }
}

static void tell_info(const char *what, int result, const siginfo_t *info, pid_t child) {
  printf("%s: %d, %s %d, of %s\n", what, result, name(info->si_code), info->si_status,
         info->si_pid == child ? "the child" : "nobody");
}

static void waiting(void) {
  siginfo_t info;
  pid_t child = spawn(for_ever);
  memset(&info, 0, sizeof info);
  int result = waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG);
  printf("nothing yet: %d, pid %d\n", result, info.si_pid);
  kill(child, SIGSTOP);
  result = waitid(P_PID, (id_t)child, &info, WSTOPPED);
  tell_info("stop", result, &info, child);
  memset(&info, 0, sizeof info);
  result = waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOHANG);
  printf("told once: %d, pid %d\n", result, info.si_pid);
  kill(child, SIGCONT);
  result = waitid(P_ALL, 0, &info, WCONTINUED);
  tell_info("continue", result, &info, child);
  kill(child, SIGUSR1);
  result = waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED | WNOWAIT);
  tell_info("peek", result, &info, child);
  result = waitid(P_PID, (id_t)child, &info, WEXITED);
  tell_info("end", result, &info, child);
  tell("again", waitid(P_PID, (id_t)child, &info, WEXITED));
  tell("no options", waitid(P_ALL, 0, &info, 0));
  tell("bad kind", waitid((idtype_t)77, 0, &info, WEXITED));
}

static void stop_signals(void) {
  static const int signals[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  for (int i = 0; i < 4; i++) {
    int status;
    pid_t child = spawn(for_ever);
    setpgid(child, child);
    sleep_ms(10);
    kill(child, signals[i]);
    waitpid(child, &status, WUNTRACED);
    printf("signal %d: stopped %d by %d\n", signals[i], WIFSTOPPED(status), WSTOPSIG(status));
    kill(child, SIGTERM); /* stays pending until it goes on */
    printf("pending: %d\n", waitpid(child, &status, WNOHANG | WUNTRACED));
    kill(child, SIGCONT);
    waitpid(child, &status, 0);
    printf("then: %d\n", WTERMSIG(status));
  }
  pid_t child = spawn(for_ever);
  int status;
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  printf("SIGKILL of a stopped one: %d\n", WTERMSIG(status));
}

static volatile sig_atomic_t continued, stopped, hangups;
static void on_continue(int signal) { (void)signal; continued++; }
static void on_stop(int signal) { (void)signal; stopped++; }
static void on_hangup(int signal) { (void)signal; hangups++; }

static void handlers(void) {
  signal(SIGCONT, on_continue);
  signal(SIGTSTP, on_stop);
  raise(SIGTSTP);
  raise(SIGCONT);
  printf("handled: %d %d\n", (int)stopped, (int)continued);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGTSTP);
  sigaddset(&set, SIGCONT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGTSTP);
  raise(SIGCONT);
  sigpending(&pending);
  printf("SIGCONT discards SIGTSTP: %d %d\n", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGCONT));
  raise(SIGTSTP);
  sigpending(&pending);
  printf("and the other way: %d %d\n", sigismember(&pending, SIGTSTP), sigismember(&pending, SIGCONT));
}

/* A group whose last connection to its session exits while one of its members is stopped. */
static void orphaned_group(void) {
  int ends[2];
  pipe(ends);
  fflush(stdout);
  pid_t middle = fork();
  if (middle == 0) {
    pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      signal(SIGHUP, on_hangup);
      signal(SIGCONT, on_continue);
      kill(getpid(), SIGSTOP);
      sleep_ms(20);
      char text[64];
      int length = sprintf(text, "hangups %d, continues %d", (int)hangups, (int)continued);
      raise(SIGTSTP); /* must not stop an orphan */
      write(ends[1], text, (size_t)length + 1);
      _exit(0);
    }
    int status;
    waitpid(child, &status, WUNTRACED);
    _exit(WIFSTOPPED(status) ? 0 : 1);
  }
  close(ends[1]);
  int status;
  waitpid(middle, &status, 0);
  char text[64] = "";
  ssize_t got = read(ends[0], text, sizeof text);
  printf("the child was stopped: %d; orphan: %s\n", status == 0, got > 0 ? text : "silent");
}

static void orphan(void) {
  int ends[2];
  pipe(ends);
  if (fork() == 0) {
    pid_t parent = getpid();
    if (fork() == 0) {
      while (getppid() == parent) sleep_ms(5);
      write(ends[1], "adopted", 8);
      _exit(0);
    }
    _exit(0);
  }
  wait(NULL);
  char text[16];
  read(ends[0], text, sizeof text);
  printf("%s\n", text);
}

static void child_signals(void) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pid_t child = spawn(for_ever);
  kill(child, SIGSTOP);
  sigwaitinfo(&set, &info);
  tell_info("SIGCHLD", 0, &info, child);
  kill(child, SIGCONT);
  sigwaitinfo(&set, &info);
  tell_info("SIGCHLD", 0, &info, child);
  kill(child, SIGQUIT);
  sigwaitinfo(&set, &info);
  printf("quit: %d\n", info.si_status);
  waitpid(child, NULL, 0);
  struct sigaction action = {.sa_handler = on_stop, .sa_flags = SA_NOCLDSTOP};
  sigaction(SIGCHLD, &action, NULL);
  child = spawn(for_ever);
  kill(child, SIGSTOP);
  waitpid(child, NULL, WUNTRACED);
  struct timespec none = {0, 0};
  printf("no news of stops: %d\n", sigtimedwait(&set, &info, &none));
  end(child);
  printf("but of the end: %d\n", sigtimedwait(&set, &info, &none) == SIGCHLD);
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, NULL);
  child = fork();
  if (child == 0) _exit(0);
  tell("no zombies", waitpid(child, NULL, 0));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  groups();
  waitpid(spawn(new_session), NULL, 0);
  waiting();
  stop_signals();
  waitpid(spawn(handlers), NULL, 0);
  orphaned_group();
  orphan();
  waitpid(spawn(child_signals), NULL, 0);
  return 0;
}
