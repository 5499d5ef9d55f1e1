/* ptrace as debuggers of today use it: sets of registers by name and in part, and what system call it is. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define NT_PRXFPREG_ 0x46e62b7f
#define GET_SYSCALL_INFO 0x420e

static pid_t child;
static unsigned char set[1024];

static void exchange(const char *what, int request, unsigned long name, size_t length) {
  struct iovec vector = {set, length};
  errno = 0;
  long result = ptrace(request, child, name, &vector);
  printf("%s: %ld %s, length %zu\n", what, result, strerror(errno), vector.iov_len);
}

static void sets(void) {
  struct user_regs_struct regs, *inSet = (void *)set;
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  memset(set, 0xee, sizeof set);
  exchange("all", PTRACE_GETREGSET, NT_PRSTATUS, sizeof set);
  printf("the same: %d, no more: %d\n", memcmp(set, &regs, sizeof regs) == 0, set[sizeof regs] == 0xee);
  memset(set, 0xee, sizeof set);
  exchange("three", PTRACE_GETREGSET, NT_PRSTATUS, 12);
  printf("the same: %d, no more: %d\n", memcmp(set, &regs, 12) == 0, set[12] == 0xee);
  inSet->ebx = 77;
  exchange("set one", PTRACE_SETREGSET, NT_PRSTATUS, 4);
  regs.ebx = 77;
  exchange("all", PTRACE_GETREGSET, NT_PRSTATUS, sizeof regs);
  printf("as set: %d\n", memcmp(set, &regs, sizeof regs) == 0);
  inSet->xcs = 8;
  exchange("a selector of the kernel's", PTRACE_SETREGSET, NT_PRSTATUS, sizeof regs);
  exchange("none", PTRACE_GETREGSET, NT_PRSTATUS, 0);
  exchange("odd", PTRACE_GETREGSET, NT_PRSTATUS, 13);
  exchange("no such", PTRACE_GETREGSET, 99, 64);
  struct user_fpregs_struct old;
  struct user_fpxregs_struct new;
  ptrace(PTRACE_GETFPREGS, child, 0, &old);
  exchange("FPU", PTRACE_GETREGSET, NT_PRFPREG, sizeof set);
  printf("the same: %d\n", memcmp(set, &old, sizeof old) == 0);
  ((struct user_fpregs_struct *)set)->cwd = 0xffff0e7f;
  exchange("control word", PTRACE_SETREGSET, NT_PRFPREG, 4);
  ptrace(PTRACE_GETFPXREGS, child, 0, &new);
  exchange("FPU, new", PTRACE_GETREGSET, NT_PRXFPREG_, sizeof set);
  printf("the same: %d, control word %x\n", memcmp(set, &new, sizeof new) == 0, new.cwd);
  errno = 0;
  printf("nowhere: %ld", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, 16));
  printf(" %s\n", strerror(errno));
}

static void show_call(size_t size) {
  struct {
    unsigned char op, reserved[3];
    unsigned arch;
    unsigned long long ip, sp;
    long long number;
    unsigned long long args[6];
  } info;
  memset(&info, 0xee, sizeof info);
  struct user_regs_struct regs;
  long length = ptrace(GET_SYSCALL_INFO, child, size, &info);
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  printf("%ld bytes, op %d %d%d%d, arch %x, there %d %d", length, info.op, info.reserved[0], info.reserved[1],
         info.reserved[2], info.arch, info.ip == (unsigned long)regs.eip, info.sp == (unsigned long)regs.esp);
  if (info.op == 1 && length <= size) printf(", call %lld(%llx)", info.number, info.args[0]);
  if (info.op == 2 && length <= size) printf(", result %lld, error %d", info.number, (int)(info.args[0] & 0xff));
  printf("\n");
}

int main(void) {
  int status;
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    syscall(SYS_close, 1234);
    syscall(SYS_dup2, 1, 0x20);
    _exit(0);
  }
  waitpid(child, &status, 0);
  sets();
  show_call(88);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (int i = 0; i < 40; i++) {
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) break;
    // Between the signal and these calls are some of the C library's, which are not the same everywhere.
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    if (regs.orig_eax == SYS_close || regs.orig_eax == SYS_dup2 || regs.orig_eax == SYS_exit_group) show_call(88);
    if (regs.orig_eax == SYS_dup2) show_call(10);
  }
  printf("end %x\n", status);
  return 0;
}
