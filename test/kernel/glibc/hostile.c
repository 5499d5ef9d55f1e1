/*
 * What a program could try to do the kernel harm with: pointers into nowhere and into the kernel in every argument, calls
 * that do not exist, sizes that overflow, a machine's resources used up. The kernel says no, and goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Calls whose first bad pointer must give EFAULT, with the position of that argument. Others are in their place. */
static const struct {
  const char *name;
  int number, position, arguments[5];
} calls[] = {
    {"write", SYS_write, 1, {1, 0, 8}},
    {"open", SYS_open, 0, {0, 0}},
    {"execve", SYS_execve, 0, {0, 0, 0}},
    {"stat64", SYS_stat64, 0, {0, 0}},
    {"uname", SYS_uname, 0, {0}},
    {"pipe", SYS_pipe, 0, {0}},
    {"getcwd", SYS_getcwd, 0, {0, 100}},
    {"chdir", SYS_chdir, 0, {0}},
    {"unlink", SYS_unlink, 0, {0}},
    {"mkdir", SYS_mkdir, 0, {0, 0}},
    {"nanosleep", SYS_nanosleep, 0, {0, 0}},
    {"clock_gettime", SYS_clock_gettime, 1, {0, 0}},
    {"rt_sigaction", SYS_rt_sigaction, 1, {SIGUSR1, 0, 0, 8}},
    {"rt_sigaction old", SYS_rt_sigaction, 2, {SIGUSR1, 0, 0, 8}},
    {"rt_sigprocmask", SYS_rt_sigprocmask, 1, {SIG_BLOCK, 0, 0, 8}},
    {"rt_sigprocmask old", SYS_rt_sigprocmask, 2, {SIG_BLOCK, 0, 0, 8}},
    {"rt_sigpending", SYS_rt_sigpending, 0, {0, 8}},
    {"sigaltstack", SYS_sigaltstack, 0, {0, 0}},
    {"getrlimit", SYS_ugetrlimit, 1, {RLIMIT_STACK, 0}},
    {"setrlimit", SYS_setrlimit, 1, {RLIMIT_STACK, 0}},
    {"prlimit64", SYS_prlimit64, 3, {0, RLIMIT_STACK, 0, 0}},
    {"getrusage", SYS_getrusage, 1, {0, 0}},
    {"sysinfo", SYS_sysinfo, 0, {0}},
    {"times", SYS_times, 0, {0}},
    {"time", SYS_time, 0, {0}},
    {"gettimeofday", SYS_gettimeofday, 0, {0, 0}},
    {"set_thread_area", SYS_set_thread_area, 0, {0}},
    {"get_thread_area", SYS_get_thread_area, 0, {0}},
    {"getrandom", SYS_getrandom, 0, {0, 16, 0}},
    {"poll", SYS_poll, 0, {0, 1, 0}},
    {"readv", SYS_readv, 1, {0, 0, 2}},
    {"writev", SYS_writev, 1, {1, 0, 2}},
    {"rt_sigtimedwait", SYS_rt_sigtimedwait, 0, {0, 0, 0, 8}},
};

static const uint32_t bad[] = {1, 0x1000, 0xc0000000, 0xc0100000, 0xfffffffd};

/* Says what a call gave. Arguments are evaluated first, so that errno is the call's. */
static void tell(const char *what, long result) {
  printf("%s: %s\n", what, result == -1 ? strerror(errno) : "worked");
}

static void wild_pointers(void) {
  int refused = 0, others = 0;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
      long a[5];
      for (int j = 0; j < 5; j++) a[j] = calls[i].arguments[j];
      a[calls[i].position] = (long)bad[k];
      errno = 0;
      long result = syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4]);
      if (result == -1 && errno == EFAULT) refused++;
      else {
        others++;
        printf("%s(%#x): %ld, %s\n", calls[i].name, bad[k], result, strerror(errno));
      }
    }
  }
  printf("%d refused, %d not\n", refused, others);
}

static void no_such_call(void) {
  tell("call 511", syscall(511));
  tell("call 100000", syscall(100000));
  tell("call -1", syscall(-1));
}

/* Tries `attempt` in a child, and tells how that ended. */
static void in_a_child(const char *what, void (*attempt)(void)) {
  int status;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    attempt();
    _exit(0);
  }
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf("%s: killed by %d\n", what, WTERMSIG(status));
  else printf("%s: exited %d\n", what, WEXITSTATUS(status));
}

static void try_hlt(void) { __asm__ volatile("hlt"); }
static void try_in(void) { __asm__ volatile("inb $0x60, %%al" ::: "eax"); }
static void try_out(void) { __asm__ volatile("outb %%al, $0xf4" ::: "eax"); }
static void try_lidt(void) { __asm__ volatile("lidt (%esp)"); }
static void try_cr3(void) { __asm__ volatile("movl %eax, %cr3"); }
static void try_wrmsr(void) { __asm__ volatile("wrmsr"); }
static void try_invd(void) { __asm__ volatile("invd"); }
static void try_wbinvd(void) { __asm__ volatile("wbinvd"); }
static void try_invlpg(void) { __asm__ volatile("invlpg (%esp)"); }
static void try_rdpmc(void) { __asm__ volatile("rdpmc" ::"c"(0) : "eax", "edx"); }
static void try_undefined(void) { __asm__ volatile("ud2"); }
static void try_segment(void) { __asm__ volatile("movw %0, %%ds" ::"r"((short)0x68)); }
static void try_far_call(void) { __asm__ volatile("lcall $0x60, $0xc0100000"); }
static void try_kernel_write(void) { *(volatile int *)(uintptr_t)0xc0100000 = 0; }
static void try_kernel_jump(void) { ((void (*)(void))(uintptr_t)0xc0100000)(); }
static void try_no_stack(void) { __asm__ volatile("xorl %esp, %esp; push %eax"); }
static void try_stack_in_kernel(void) { __asm__ volatile("movl $0xc0200000, %esp; push %eax"); }
static void try_nt(void) { __asm__ volatile("pushfl; orl $0x4000, (%esp); popfl; movl $20, %eax; int $0x80"); }
static void try_direction(void) { __asm__ volatile("std; movl $20, %%eax; int $0x80; cld" ::: "eax"); }

/* sigreturn with a frame that wants ring 0. */
static void try_sigreturn(void) {
  uint32_t frame[200];
  memset(frame, 0xff, sizeof frame);
  __asm__ volatile("movl %0, %%esp; movl $119, %%eax; int $0x80" ::"r"(frame));
}

static void privileged(void) {
  in_a_child("hlt", try_hlt);
  in_a_child("in", try_in);
  in_a_child("out", try_out);
  in_a_child("lidt", try_lidt);
  in_a_child("mov cr3", try_cr3);
  in_a_child("wrmsr", try_wrmsr);
  in_a_child("invd", try_invd);
  in_a_child("wbinvd", try_wbinvd);
  in_a_child("invlpg", try_invlpg);
  in_a_child("rdpmc", try_rdpmc);
  in_a_child("undefined instruction", try_undefined);
  in_a_child("kernel data segment", try_segment);
  in_a_child("far call", try_far_call);
  in_a_child("write to the kernel", try_kernel_write);
  in_a_child("jump into the kernel", try_kernel_jump);
  in_a_child("no stack", try_no_stack);
  in_a_child("stack in the kernel", try_stack_in_kernel);
  in_a_child("nested task flag", try_nt);
  in_a_child("direction flag", try_direction);
  in_a_child("forged sigreturn", try_sigreturn);
}

static void overflows(void) {
  tell("mmap of nearly all", (long)mmap(NULL, 0xfffff000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  tell("munmap of everything", munmap((void *)0x1000, 0xfffff000));
  tell("mprotect of nothing", mprotect((void *)0x10000, 4096, PROT_READ));
  tell("kill of nobody", kill(0x7fffffff, 9));
  tell("wait with nonsense", waitpid(-1, NULL, 0x12345678));
  tell("wait without children", waitpid(-1, NULL, 0));
  tell("close", close(1 << 30));
  tell("signal 99", kill(getpid(), 99));
  tell("lseek on a pipe or terminal", lseek(1, 0, 99));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  wild_pointers();
  no_such_call();
  privileged();
  overflows();
  puts("still here");
  return 0;
}
