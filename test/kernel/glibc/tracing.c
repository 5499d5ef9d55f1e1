/* ptrace as strace and gdb use it: system calls, registers, breakpoints, signals, events, threads; and memory of others. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int status;
static volatile int variable = 5;
static const int constant = 77;

static void tell(const char *what) {
  if (WIFSTOPPED(status)) printf("%s: stopped by %d, event %d\n", what, WSTOPSIG(status), status >> 16);
  else if (WIFEXITED(status)) printf("%s: exited %d\n", what, WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else printf("%s: %x\n", what, status);
}

static void result(const char *what, long value) {
  if (value == -1) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %ld\n", what, value);
}

/* A child that lets itself be traced and stops before `body`. */
static pid_t traced(void (*body)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    _exit(50);
  }
  waitpid(child, &status, 0);
  return child;
}

static void go(int request, pid_t child, long signal) {
  if (ptrace(request, child, 0, signal) < 0) result("cannot go on", -1);
  waitpid(child, &status, __WALL);
}

static void calls(void) {
  syscall(SYS_getppid);
  syscall(SYS_write, -1, "hello", 5);
  syscall(SYS_close, 1000);
  _exit(3);
}

static void system_calls(void) {
  struct user_regs_struct regs;
  pid_t child = traced(calls);
  tell("at first");
  result("options", ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD));
  int is_entry = 1;
  for (int i = 0; i < 40; i++) {
    go(PTRACE_SYSCALL, child, 0);
    if (!WIFSTOPPED(status)) break;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    unsigned long message;
    ptrace(PTRACE_GETEVENTMSG, child, 0, &message);
    if (is_entry) printf("call %ld, stop %x, message %lu, eax %ld", regs.orig_eax, WSTOPSIG(status), message, regs.eax);
    else printf(" = %s\n", regs.eax < 0 ? strerror(-regs.eax) : "fine");
    if (is_entry && regs.orig_eax == SYS_write) {
      char text[6] = {0};
      for (int k = 0; k < 5; k++) text[k] = ptrace(PTRACE_PEEKDATA, child, regs.ecx + k, 0);
      printf(" (%s)", text);
    }
    if (is_entry && regs.orig_eax == SYS_close) {
      printf(" becomes getpid");
      ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, orig_eax), SYS_getpid);
    }
    is_entry = !is_entry;
  }
  printf("\n");
  tell("at last");
}

static void skipped(void) {
  long value = syscall(SYS_getpid);
  _exit(value == 123 ? 8 : 9);
}

static void skipping(void) {
  pid_t child = traced(skipped);
  for (;;) {
    go(PTRACE_SYSCALL, child, 0);
    if (ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, orig_eax), 0) == SYS_getpid) break;
  }
  ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, orig_eax), -1);
  ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, eax), 123);
  go(PTRACE_CONT, child, 0);
  tell("a call that is not made");
}

static volatile int reached;

__attribute__((noinline)) static void target(void) { reached++; }

static void runs_into_breakpoint(void) {
  target();
  _exit(40 + reached);
}

static void breakpoints(void) {
  pid_t child = traced(runs_into_breakpoint);
  long word = ptrace(PTRACE_PEEKTEXT, child, target, 0);
  printf("code is what it is: %d\n", word == *(long *)target);
  result("poke", ptrace(PTRACE_POKETEXT, child, target, (word & ~0xff) | 0xcc));
  printf("not in the parent: %d\n", word == *(long *)target);
  go(PTRACE_CONT, child, 0);
  tell("at the breakpoint");
  struct user_regs_struct regs;
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  printf("just behind it: %d\n", regs.eip == (long)target + 1);
  siginfo_t info;
  ptrace(PTRACE_GETSIGINFO, child, 0, &info);
  printf("signal %d, code %d\n", info.si_signo, info.si_code);
  ptrace(PTRACE_POKETEXT, child, target, word);
  regs.eip = (long)target;
  result("setregs", ptrace(PTRACE_SETREGS, child, 0, &regs));
  result("variable", ptrace(PTRACE_PEEKDATA, child, &variable, 0));
  ptrace(PTRACE_POKEDATA, child, &reached, 6);
  go(PTRACE_CONT, child, 0);
  tell("to the end");
}

static volatile int caught;
static void on_signal(int signal) { caught = signal; }

static void gets_signals(void) {
  signal(SIGUSR1, on_signal);
  signal(SIGUSR2, on_signal);
  raise(SIGUSR1);
  int first = caught;
  raise(SIGUSR1);
  raise(SIGCHLD);
  raise(SIGTERM);
  _exit(first == SIGUSR1 ? 10 + (caught == SIGUSR2) : 20);
}

static void signals(void) {
  pid_t child = traced(gets_signals);
  siginfo_t info;
  go(PTRACE_CONT, child, 0);
  tell("one signal");
  ptrace(PTRACE_GETSIGINFO, child, 0, &info);
  printf("from itself: %d, code %d\n", info.si_pid == child, info.si_code);
  go(PTRACE_CONT, child, SIGUSR1);
  tell("another");
  go(PTRACE_CONT, child, SIGUSR2);
  tell("ignored ones, too");
  go(PTRACE_CONT, child, 0);
  tell("one that kills");
  go(PTRACE_CONT, child, 0);
  tell("but not if it is taken away");
  child = traced(gets_signals);
  go(PTRACE_CONT, child, SIGKILL);
  tell("killed by the tracer's signal");
  child = traced(gets_signals);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  tell("killed in a stop");
  child = traced(gets_signals);
  ptrace(PTRACE_KILL, child, 0, 0);
  waitpid(child, &status, 0);
  tell("PTRACE_KILL");
}

static void forks_and_executes(void) {
  pid_t child = fork();
  if (child == 0) _exit(6);
  waitpid(child, NULL, 0);
  if (vfork() == 0) _exit(7);
  char *argv[] = {"true", NULL};
  execv("/bin/true", argv);
}

static void events(void) {
  unsigned long message;
  pid_t child = traced(forks_and_executes);
  ptrace(PTRACE_SETOPTIONS, child, 0,
         PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
  pid_t grandchild = 0;
  ptrace(PTRACE_CONT, child, 0, 0);
  for (;;) {
    pid_t who = waitpid(child, &status, __WALL);
    if (who < 0 || !WIFSTOPPED(status)) break;
    tell("the child");
    ptrace(PTRACE_GETEVENTMSG, child, 0, &message);
    int event = status >> 16;
    int signal = event == 0 ? WSTOPSIG(status) : 0;
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK) {
      grandchild = message;
      waitpid(grandchild, &status, __WALL);
      tell("its child");
      ptrace(PTRACE_CONT, grandchild, 0, 0);
      waitpid(grandchild, &status, __WALL);
      tell("its child");
      ptrace(PTRACE_CONT, grandchild, 0, 0);
      waitpid(grandchild, &status, __WALL);
      tell("its child");
    } else if (event == PTRACE_EVENT_EXIT) {
      printf("exit code %lx\n", message);
    } else if (event == PTRACE_EVENT_EXEC) {
      printf("its own tid: %d\n", message == child);
    }
    ptrace(PTRACE_CONT, child, 0, signal);
  }
  tell("the child");
}

static void executes(void) {
  char *argv[] = {"true", NULL};
  execv("/bin/true", argv);
}

static void old_exec(void) {
  pid_t child = traced(executes);
  go(PTRACE_CONT, child, 0);
  tell("exec without options");
  go(PTRACE_CONT, child, 0);
  tell("the program");
}

static atomic_int *shared;

static void attaching(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    for (;;) atomic_fetch_add(shared, 1);
  while (atomic_load(shared) == 0) usleep(1000);
  result("attach", ptrace(PTRACE_ATTACH, child, 0, 0));
  waitpid(child, &status, 0);
  tell("attached");
  result("twice", ptrace(PTRACE_ATTACH, child, 0, 0));
  int before = atomic_load(shared);
  usleep(20000);
  printf("stands still: %d\n", atomic_load(shared) == before);
  char name[40], line[100] = "";
  sprintf(name, "/proc/%d/status", child);
  FILE *file = fopen(name, "r");
  while (fgets(line, sizeof line, file) != NULL && strncmp(line, "State:", 6) != 0) continue;
  printf("%s", line);
  while (fgets(line, sizeof line, file) != NULL && strncmp(line, "TracerPid:", 10) != 0) continue;
  printf("traced by us: %d\n", atoi(line + 10) == getpid());
  fclose(file);
  result("detach", ptrace(PTRACE_DETACH, child, 0, 0));
  result("no tracee any more", ptrace(PTRACE_CONT, child, 0, 0));
  while (atomic_load(shared) == before) usleep(1000);
  result("seize", ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT));
  result("interrupt", ptrace(PTRACE_INTERRUPT, child, 0, 0));
  waitpid(child, &status, 0);
  tell("interrupted");
  ptrace(PTRACE_CONT, child, 0, 0);
  kill(child, SIGTERM);
  waitpid(child, &status, 0);
  tell("a signal");
  ptrace(PTRACE_CONT, child, 0, SIGTERM);
  waitpid(child, &status, 0);
  tell("its exit");
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  tell("its end");
}

static int in_thread(void *argument) {
  atomic_store(shared, 2);
  syscall(SYS_exit, 0);
  return 0;
}

static void makes_thread(void) {
  char *stack = malloc(65536);
  atomic_store(shared, 1);
  clone(in_thread, stack + 65536, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES | CLONE_FS, NULL);
  while (atomic_load(shared) != 2) sched_yield();
  usleep(10000);
  _exit(30);
}

static void threads(void) {
  pid_t child = traced(makes_thread);
  unsigned long tid;
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACECLONE);
  go(PTRACE_CONT, child, 0);
  tell("clone");
  ptrace(PTRACE_GETEVENTMSG, child, 0, &tid);
  printf("the thread: %d", waitpid(tid, &status, __WALL) == (pid_t)tid);
  printf(", stopped by %d\n", WSTOPSIG(status));
  ptrace(PTRACE_CONT, tid, 0, 0);
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(tid, &status, __WALL);
  tell("its end");
  waitpid(child, &status, __WALL);
  tell("the process's end");
}

static void fails(void) {
  pid_t child = traced(calls);
  result("no such request", ptrace(9999, child, 0, 0));
  result("no such process", ptrace(PTRACE_ATTACH, 99999, 0, 0));
  result("oneself", ptrace(PTRACE_ATTACH, getpid(), 0, 0));
  errno = 0;
  result("nothing there", ptrace(PTRACE_PEEKDATA, child, 16, 0));
  result("nothing to poke", ptrace(PTRACE_POKEDATA, child, 16, 0));
  result("no such place", ptrace(PTRACE_PEEKUSER, child, 2, 0));
  result("beyond the area", ptrace(PTRACE_PEEKUSER, child, 4000, 0));
  result("no such options", ptrace(PTRACE_SETOPTIONS, child, 0, 0x8000));
  result("no such signal", ptrace(PTRACE_CONT, child, 0, 65));
  result("bad selector", ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, xcs), 0));
  result("not seized", ptrace(PTRACE_INTERRUPT, child, 0, 0));
  result("no child", ptrace(PTRACE_CONT, 1, 0, 0));
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
}

static void uses_fpu(void) {
  volatile double value = 2.5;
  __asm__ volatile("fldl %0\n\tint3\n\tfstpl %0" : "+m"(value));
  _exit(value == 2.5 ? 60 : 61);
}

static void floating_point(void) {
  struct user_fpregs_struct fp;
  pid_t child = traced(uses_fpu);
  go(PTRACE_CONT, child, 0);
  result("fpregs", ptrace(PTRACE_GETFPREGS, child, 0, &fp));
  long double top;
  memcpy(&top, fp.st_space, 10);
  printf("on the stack: %.2Lf, control %lx, tag %lx\n", top, fp.cwd & 0xffff, fp.twd & 0xffff);
  result("set", ptrace(PTRACE_SETFPREGS, child, 0, &fp));
  go(PTRACE_CONT, child, 0);
  tell("goes on");
}

static void waits(void) { for (;;) pause(); }

static void memory(void) {
  static char buffer[8192];
  static char text[] = "what the child has";
  pid_t child = traced(waits);
  ptrace(PTRACE_CONT, child, 0, 0);
  struct iovec local[2] = {{buffer, 4}, {buffer + 100, 50}};
  struct iovec remote = {text, sizeof text};
  result("readv", process_vm_readv(child, local, 2, &remote, 1, 0));
  printf("%.4s%s\n", buffer, buffer + 100);
  struct iovec fresh = {"now", 4};
  result("writev", process_vm_writev(child, &fresh, 1, &remote, 1, 0));
  struct iovec back = {buffer, 19};
  process_vm_readv(child, &back, 1, &remote, 1, 0);
  printf("%s, here %s\n", buffer, text);
  struct iovec code = {(void *)&constant, 4};
  result("read-only", process_vm_writev(child, &fresh, 1, &code, 1, 0));
  struct iovec nothing = {(void *)16, 4};
  result("nothing", process_vm_readv(child, &back, 1, &nothing, 1, 0));
  result("flags", process_vm_readv(child, &back, 1, &remote, 1, 1));
  result("nobody", process_vm_readv(99999, &back, 1, &remote, 1, 0));
  char name[40];
  sprintf(name, "/proc/%d/mem", child);
  int fd = open(name, O_RDWR);
  printf("opened: %d\n", fd >= 0);
  result("pread", pread(fd, buffer, 4, (long)text));
  printf("%s\n", buffer);
  int value = 78;
  result("pwrite to a constant", pwrite(fd, &value, 4, (long)&constant));
  pread(fd, buffer, 4, (long)&constant);
  printf("%d there, %d here\n", *(int *)buffer, *(volatile int *)&constant);
  result("pread where nothing is", pread(fd, buffer, 4, 16));
  close(fd);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
}

static void tracer_ends(void) {
  atomic_store(shared, 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    for (;;) atomic_fetch_add(shared, 1), usleep(100);
  pid_t tracer = fork();
  if (tracer == 0) {
    ptrace(PTRACE_ATTACH, child, 0, 0);
    waitpid(child, &status, 0);
    _exit(0);
  }
  waitpid(tracer, &status, 0);
  int before = atomic_load(shared);
  while (atomic_load(shared) == before) usleep(1000);
  printf("goes on without its tracer\n");
  tracer = fork();
  if (tracer == 0) {
    ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL);
    _exit(0);
  }
  waitpid(tracer, &status, 0);
  waitpid(child, &status, 0);
  tell("or not");
}

int main(void) {
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  system_calls();
  skipping();
  breakpoints();
  signals();
  events();
  old_exec();
  attaching();
  threads();
  fails();
  floating_point();
  memory();
  tracer_ends();
  return 0;
}
