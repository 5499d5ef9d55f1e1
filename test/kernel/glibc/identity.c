/* User and group ids: who may become whom, and who may signal whom. Begins as the superuser. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *what, long result) {
  uid_t real, effective, saved;
  gid_t group, effective_group, saved_group;
  const char *text = result == -1 ? strerror(errno) : "worked";
  getresuid(&real, &effective, &saved);
  getresgid(&group, &effective_group, &saved_group);
  printf("%s: %s; uid %d %d %d, gid %d %d %d\n", what, text, real, effective, saved, group, effective_group,
         saved_group);
}

static void in_a_child(void (*function)(void)) {
  fflush(stdout);
  if (fork() == 0) {
    function();
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

static void give_up(void) {
  tell("setgid", setgid(100));
  tell("setuid", setuid(1000));
  tell("back", setuid(0));
  tell("setgid back", setgid(0));
  tell("setgroups", setgroups(0, NULL));
  tell("setreuid", setreuid(1000, 1001));
}

static void for_a_while(void) {
  tell("seteuid", seteuid(1000));
  tell("and back", seteuid(0));
  tell("setreuid", setreuid(1000, 1001));
  tell("swap", setreuid(1001, 1000));
  tell("swap again", setreuid(1000, 1001));
  tell("to the saved", setresuid(-1, 1001, -1));
  tell("to others", setresuid(-1, 1002, -1));
}

static void three(void) {
  tell("setresuid", setresuid(1, 2, 3));
  tell("rotate", setresuid(2, 3, 1));
  tell("setresuid of others", setresuid(4, -1, -1));
  tell("setuid to saved", setuid(1));
  tell("setregid", setregid(5, 6));
}

static void groups(void) {
  gid_t list[3] = {7, 8, 9}, got[5];
  tell("setgroups", setgroups(3, list));
  int count = getgroups(5, got);
  printf("%d groups: %d %d %d, asked for the number: %d\n", count, got[0], got[1], got[2], getgroups(0, NULL));
  tell("too small", getgroups(2, got));
  tell("negative", getgroups(-1, got));
  tell("setresgid", setresgid(1, 2, 3));
  printf("fsgid %d\n", setfsgid(5));
  printf("fsuid %d", setfsuid(6));
  printf(" %d\n", setfsuid(-1));
}

static void narrow(void) {
  syscall(SYS_setresuid32, 70000, 70001, 70002);
  printf("16 bits: %ld %ld; 32 bits: %ld %ld\n", syscall(SYS_getuid), syscall(SYS_geteuid), syscall(SYS_getuid32),
         syscall(SYS_geteuid32));
}

static void signals(void) {
  pid_t victim = fork();
  if (victim == 0) {
    setresuid(2000, 2001, 2002);
    for (;;) pause();
  }
  for (int tries = 0; tries < 1000 && getpgid(victim) < 0; tries++) usleep(1000);
  usleep(20000);
  pid_t parent = getpid();
  setresuid(3000, 3001, 3002);
  tell("to a stranger", kill(victim, SIGTERM));
  tell("only asking", kill(victim, 0));
  tell("continue is free within a session", kill(victim, SIGCONT));
  tell("to the group: the group is there", kill(0, 0));
  tell("to oneself", kill(parent, 0));
}

static void alike(void) {
  pid_t victim = fork();
  if (victim == 0) {
    setresuid(2000, 2001, 2002);
    for (;;) pause();
  }
  usleep(20000);
  setresuid(2002, 5, 5);
  tell("real id is the victim's saved one", kill(victim, SIGTERM));
  int status;
  waitpid(victim, &status, 0);
  printf("ended by %d\n", WTERMSIG(status));
}

static void niceness(void) {
  setresuid(9, 9, 9);
  tell("nicer", nice(5) == -1 ? -1 : 0);
  errno = 0;
  printf("now %d\n", getpriority(PRIO_PROCESS, 0));
  tell("greedier", setpriority(PRIO_PROCESS, 0, -1));
  tell("of others", setpriority(PRIO_PROCESS, 1, 10));
  tell("of nobody", setpriority(PRIO_PROCESS, 999999, 1));
  tell("no such kind", setpriority(9, 0, 1));
  struct rlimit limit = {100, 200};
  tell("lower limits", setrlimit(RLIMIT_CORE, &limit));
  limit.rlim_max = 300;
  tell("raise the hard one", setrlimit(RLIMIT_CORE, &limit));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (geteuid() != 0) {
    puts("only the superuser can test this");
    return 1;
  }
  in_a_child(give_up);
  in_a_child(for_a_while);
  in_a_child(three);
  in_a_child(groups);
  in_a_child(narrow);
  in_a_child(signals);
  in_a_child(alike);
  in_a_child(niceness);
  return 0;
}
