/* Processes: fork and copy-on-write, vfork, exec with arguments and environment, all that wait tells. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int global = 1;

static void report(const char *what, int status) {
  if (WIFEXITED(status)) printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else if (WIFSTOPPED(status)) printf("%s: stopped by %d\n", what, WSTOPSIG(status));
  else if (WIFCONTINUED(status)) printf("%s: continued\n", what);
  fflush(stdout);
}

static void copy_on_write(void) {
  char *heap = malloc(100000);
  memset(heap, 'p', 100000);
  pid_t child = fork();
  if (child == 0) {
    global = 2;
    memset(heap, 'c', 100000);
    _exit(heap[99999] == 'c' && getppid() != 1 ? 7 : 1);
  }
  int status;
  printf("waited for the child: %s\n", waitpid(child, &status, 0) == child ? "yes" : "no");
  report("child", status);
  printf("parent has %d %c\n", global, heap[99999]);
  free(heap);
}

static void many_children(void) {
  for (int i = 0; i < 10; i++) {
    if (fork() == 0) _exit(i);
  }
  int sum = 0, count = 0, status;
  while (wait(&status) > 0) {
    sum += WEXITSTATUS(status);
    count++;
  }
  printf("%d children, codes sum to %d, then errno %d\n", count, sum, errno);
}

static void stop_and_continue(void) {
  pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  int status;
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  report("stop", status);
  kill(child, SIGCONT);
  waitpid(child, &status, WCONTINUED);
  report("continue", status);
  printf("nothing more: %d\n", (int)waitpid(child, &status, WNOHANG));
  kill(child, SIGTERM);
  waitpid(child, &status, 0);
  report("end", status);
}

static void exec(char *self) {
  int status;
  char *arguments[] = {self, "child", "with spaces", "", NULL};
  char *environment[] = {"ONE=1", "TWO=zwei", NULL};
  if (vfork() == 0) {
    execve(self, arguments, environment);
    _exit(99);
  }
  wait(&status);
  report("exec", status);
  if (fork() == 0) {
    execl("/does/not/exist", "x", NULL);
    _exit(errno);
  }
  wait(&status);
  report("exec of nothing", status);
}

int main(int argc, char **argv, char **envp) {
  if (argc > 1) {
    for (int i = 1; i < argc; i++) printf("argument %d: [%s]\n", i, argv[i]);
    for (char **variable = envp; *variable; variable++) printf("variable: %s\n", *variable);
    fflush(stdout);
    return 3;
  }
  copy_on_write();
  many_children();
  fflush(stdout);
  exec(argv[0]);
  stop_and_continue();
  struct rusage usage;
  printf("getrusage: %d\n", getrusage(RUSAGE_CHILDREN, &usage));
  return 0;
}
