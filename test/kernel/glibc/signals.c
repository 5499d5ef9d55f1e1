/* Signals: handlers with and without siginfo, nesting, masks, restart, alternate stacks, faults, jumps out of handlers. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t count, last;
static volatile int code, is_mine;
static char *volatile address;
static sigjmp_buf escape;

static void handler(int signal) {
  count++;
  last = signal;
}

static void with_info(int signal, siginfo_t *info, void *context) {
  last = signal;
  code = info->si_code;
  address = info->si_addr;
  is_mine = info->si_pid == getpid();
  (void)context;
}

static void install(int signal, int flags, void (*function)(int)) {
  struct sigaction action = {0};
  action.sa_handler = function;
  action.sa_flags = flags;
  sigaction(signal, &action, NULL);
}

static void install_info(int signal, int flags) {
  struct sigaction action = {0};
  action.sa_sigaction = with_info;
  action.sa_flags = flags | SA_SIGINFO;
  sigaction(signal, &action, NULL);
}

static void basics(void) {
  install(SIGUSR1, 0, handler);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR1);
  printf("handled %d times, last %d\n", (int)count, (int)last);
  install_info(SIGUSR2, 0);
  kill(getpid(), SIGUSR2);
  printf("info: %d from %s, code %d\n", (int)last, is_mine ? "myself" : "others", code);
  sigset_t set, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  count = 0;
  raise(SIGUSR1);
  raise(SIGUSR1);
  sigpending(&pending);
  printf("blocked: %d handled, pending %d\n", (int)count, sigismember(&pending, SIGUSR1));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  printf("unblocked: %d handled\n", (int)count);
}

static void realtime(void) {
  install_info(SIGRTMIN, 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int i = 1; i <= 3; i++) sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i * 11});
  siginfo_t info;
  struct timespec none = {0, 0};
  while (sigtimedwait(&set, &info, &none) > 0) printf("queued value %d, code %d\n", info.si_value.sival_int, info.si_code);
  printf("then: %s\n", strerror(errno));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void interrupted(void) {
  int ends[2];
  pipe(ends);
  char byte;
  struct itimerval soon = {.it_value = {0, 30000}};
  install(SIGALRM, 0, handler);
  setitimer(ITIMER_REAL, &soon, NULL);
  ssize_t result = read(ends[0], &byte, 1);
  printf("read: %zd, %s\n", result, strerror(errno));
  install(SIGALRM, SA_RESTART, handler);
  if (fork() == 0) {
    struct timespec time = {0, 90000000};
    nanosleep(&time, NULL);
    write(ends[1], "z", 1);
    _exit(0);
  }
  setitimer(ITIMER_REAL, &soon, NULL);
  result = read(ends[0], &byte, 1);
  printf("restarted read: %zd %c\n", result, byte);
  wait(NULL);
  setitimer(ITIMER_REAL, &soon, NULL);
  struct timespec time = {1000, 0}, left = {0, 0};
  int slept = nanosleep(&time, &left);
  printf("nanosleep: %d, %s, %s left\n", slept, strerror(errno), left.tv_sec > 900 ? "much" : "little");
  sigset_t none;
  sigemptyset(&none);
  setitimer(ITIMER_REAL, &soon, NULL);
  slept = sigsuspend(&none);
  printf("sigsuspend: %d, %s\n", slept, strerror(errno));
}

static void jump(int signal) {
  siglongjmp(escape, signal);
}

static volatile int for_ever = 1;

static int recurse(int depth) {
  volatile char frame[4096];
  frame[0] = (char)depth;
  if (!for_ever) return depth;
  return recurse(depth + 1) + frame[0];
}

static void faults(void) {
  install_info(SIGSEGV, 0);
  install(SIGFPE, SA_NODEFER, jump);
  install(SIGILL, SA_NODEFER, jump);
  if (sigsetjmp(escape, 1) == 0) {
    unsigned quotient = 1, remainder = 0;
    __asm__ volatile("divl %2" : "+a"(quotient), "+d"(remainder) : "r"(0));
  } else puts("division: SIGFPE");
  if (sigsetjmp(escape, 1) == 0) __asm__ volatile("ud2");
  else puts("ud2: SIGILL");
  static char alternate[16384];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  install(SIGSEGV, SA_ONSTACK | SA_NODEFER, jump);
  if (sigsetjmp(escape, 1) == 0) printf("%d\n", recurse(0));
  else puts("recursion: SIGSEGV, on the alternate stack");
  if (sigsetjmp(escape, 1) == 0) __asm__ volatile("cli");
  else puts("cli: SIGSEGV");
  if (sigsetjmp(escape, 1) == 0) __asm__ volatile("movl %cr0, %eax");
  else puts("cr0: SIGSEGV");
  if (sigsetjmp(escape, 1) == 0) __asm__ volatile("int $0x21");
  else puts("int 0x21: SIGSEGV");
}

static void where(int signal, siginfo_t *info, void *context) {
  ucontext_t *registers = context;
  code = info->si_code;
  address = info->si_addr;
  (void)signal;
  (void)registers;
  siglongjmp(escape, 1);
}

static void fault_addresses(void) {
  struct sigaction action = {0};
  action.sa_sigaction = where;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, NULL);
  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (sigsetjmp(escape, 1) == 0) page[17] = 1;
  printf("read-only: code %d at offset %d\n", code, (int)(address - page));
  munmap(page, 4096);
  if (sigsetjmp(escape, 1) == 0) *(volatile char *)page;
  printf("unmapped: code %d at offset %d\n", code, (int)(address - page));
  if (sigsetjmp(escape, 1) == 0) *(volatile int *)(uintptr_t)0xc0001234;
  printf("kernel: code %d at %p\n", code, address);
  if (sigsetjmp(escape, 1) == 0) ((void (*)(void))(uintptr_t)0x10)();
  printf("call: code %d at %p\n", code, address);
}

static void change_registers(int signal, siginfo_t *info, void *context) {
  ucontext_t *registers = context;
  registers->uc_mcontext.gregs[REG_EAX] = 4711;
  registers->uc_mcontext.gregs[REG_EIP] += 2; /* over the ud2 */
  (void)signal;
  (void)info;
}

static void registers(void) {
  struct sigaction action = {0};
  action.sa_sigaction = change_registers;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, NULL);
  int eax = 1;
  __asm__ volatile("ud2" : "+a"(eax));
  printf("eax was changed to %d\n", eax);
}

static volatile double spoiled;

static void spoil_fpu(int signal) {
  spoiled = 0.1 * signal + 7.25;
}

static void floating_point(void) {
  install(SIGUSR1, 0, spoil_fpu);
  double sum = 0;
  for (int i = 1; i <= 1000; i++) {
    double term = 1.0 / i;
    if (i % 100 == 0) raise(SIGUSR1);
    sum += term;
  }
  printf("harmonic sum %.12f, handler had %.2f\n", sum, spoiled);
}

static void children(void) {
  int status;
  install(SIGCHLD, 0, handler);
  count = 0;
  if (fork() == 0) _exit(0);
  while (wait(&status) < 0 && errno == EINTR) {
  }
  printf("SIGCHLD came %d times\n", (int)count);
  signal(SIGCHLD, SIG_IGN);
  if (fork() == 0) _exit(0);
  pid_t waited = wait(&status);
  printf("ignored: wait gives %d, %s\n", (int)waited, strerror(errno));
  signal(SIGCHLD, SIG_DFL);
  signal(SIGSEGV, SIG_DFL);
  if (fork() == 0) {
    *(volatile int *)0 = 1;
    _exit(0);
  }
  wait(&status);
  printf("null pointer: killed by %d\n", WTERMSIG(status));
  if (fork() == 0) abort();
  wait(&status);
  printf("abort: killed by %d\n", WTERMSIG(status));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  basics();
  realtime();
  interrupted();
  fflush(stdout);
  faults();
  fault_addresses();
  registers();
  floating_point();
  children();
  return 0;
}
