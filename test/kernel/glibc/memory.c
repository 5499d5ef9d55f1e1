/*
 * Address spaces: what mmap and its relatives do to memory, to each other, and to a program that oversteps. Addresses
 * are chosen here, so that no answer depends on where the system likes to put things.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
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

enum { PAGE = 4096 };
#define BASE ((char *)0x50000000)

static sigjmp_buf escape;
static volatile int fault_signal, fault_code;
static char *volatile fault_address;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  fault_signal = signal;
  fault_code = info->si_code;
  fault_address = info->si_addr;
  siglongjmp(escape, 1);
}

/* Says what an access does: the byte, or the signal with its code and where in the page it hit. */
static void look(const char *what, char *at) {
  if (sigsetjmp(escape, 1) == 0) printf("%s: reads %d\n", what, *(volatile char *)at);
  else printf("%s: signal %d code %d at %+d\n", what, fault_signal, fault_code, (int)(fault_address - at));
}

static void put(const char *what, char *at, char value) {
  if (sigsetjmp(escape, 1) == 0) {
    *(volatile char *)at = value;
    printf("%s: written\n", what);
  } else {
    printf("%s: signal %d code %d at %+d\n", what, fault_signal, fault_code, (int)(fault_address - at));
  }
}

static void tell(const char *what, int result) {
  if (result == -1) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %d\n", what, result);
}

/* The address that a mapping got, relative to BASE. */
static void place(const char *what, void *result) {
  if (result == MAP_FAILED) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: at %+d pages\n", what, (int)(((char *)result - BASE) / PAGE));
}

static void *map(char *at, int pages, int prot, int flags) {
  return mmap(at, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static void holes(void) {
  place("map 8", map(BASE, 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED));
  for (int i = 0; i < 8; i++) BASE[i * PAGE] = 10 + i;
  tell("unmap the middle", munmap(BASE + 3 * PAGE, 2 * PAGE));
  look("before", BASE + 2 * PAGE);
  look("in it", BASE + 3 * PAGE);
  look("its end", BASE + 5 * PAGE - 1);
  look("after", BASE + 5 * PAGE);
  tell("unmap over both ends", munmap(BASE + 2 * PAGE, 4 * PAGE));
  look("left", BASE + PAGE);
  look("right", BASE + 6 * PAGE);
  tell("unmap nothing", munmap(BASE + 2 * PAGE, PAGE));
  tell("unmap unaligned", munmap(BASE + 1, PAGE));
  tell("unmap no length", munmap(BASE, 0));
  place("map over", map(BASE + PAGE, 6, PROT_READ, MAP_PRIVATE | MAP_FIXED));
  look("is zero", BASE + 6 * PAGE);
  put("is read-only", BASE + 6 * PAGE, 1);
  look("right survives", BASE + 7 * PAGE);
  place("no replace", map(BASE + 7 * PAGE, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE));
  place("hint that is free", map(BASE + 100 * PAGE, 1, PROT_READ, MAP_PRIVATE));
  tell("unmap all", munmap(BASE, 200 * PAGE));
}

static void bad_maps(void) {
  place("no length", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  place("neither shared nor private", mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
  place("fixed, unaligned", map(BASE + 1, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED));
  place("fixed, in the kernel", map((char *)0xfffff000, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED));
  place("no file", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
  place("too much", mmap(NULL, 0xf0000000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void protection(void) {
  place("map 4", map(BASE, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED));
  memset(BASE, 7, 4 * PAGE);
  tell("middle read-only", mprotect(BASE + PAGE, 2 * PAGE, PROT_READ));
  put("first", BASE, 1);
  put("second", BASE + PAGE, 1);
  put("fourth", BASE + 3 * PAGE, 1);
  look("second still", BASE + PAGE);
  tell("second none", mprotect(BASE + PAGE, PAGE, PROT_NONE));
  look("second none", BASE + PAGE);
  put("second none", BASE + PAGE, 1);
  tell("system call reads none", write(open("/dev/null", O_WRONLY), BASE + PAGE, 1) == 1 ? 1 : 0);
  tell("all writable", mprotect(BASE, 4 * PAGE, PROT_READ | PROT_WRITE));
  look("second again", BASE + PAGE);
  put("second again", BASE + PAGE, 9);
  tell("across a hole", mprotect(BASE + 2 * PAGE, 4 * PAGE, PROT_READ));
  put("before the hole changed", BASE + 3 * PAGE, 1);
  tell("unaligned", mprotect(BASE + 1, PAGE, PROT_READ));
  tell("no length", mprotect(BASE, 0, PROT_READ));
  tell("nonsense", mprotect(BASE, PAGE, 0x100));
  tell("unmap", munmap(BASE, 4 * PAGE));
}

static void after_fork(void) {
  place("private", map(BASE, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED));
  place("shared", map(BASE + 2 * PAGE, 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED));
  place("not inherited", map(BASE + 4 * PAGE, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED));
  tell("madvise", madvise(BASE + 4 * PAGE, PAGE, MADV_DONTFORK));
  BASE[0] = 1;
  BASE[2 * PAGE] = 1;
  fflush(stdout);
  if (fork() == 0) {
    look("child private", BASE);
    look("child shared", BASE + 2 * PAGE);
    look("child without", BASE + 4 * PAGE);
    BASE[0] = 2;
    BASE[PAGE] = 2;
    BASE[2 * PAGE] = 2;
    BASE[3 * PAGE] = 2; /* touched by nobody before */
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  look("parent private", BASE);
  look("parent private, untouched", BASE + PAGE);
  look("parent shared", BASE + 2 * PAGE);
  look("parent shared, untouched", BASE + 3 * PAGE);
  put("parent writes on", BASE, 3);
  tell("unmap", munmap(BASE, 5 * PAGE));
}

static void moves(void) {
  place("map 4", map(BASE, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED));
  for (int i = 0; i < 4; i++) BASE[i * PAGE] = 20 + i;
  place("shrink", mremap(BASE, 4 * PAGE, 3 * PAGE, 0));
  look("cut off", BASE + 3 * PAGE);
  place("grow in place", mremap(BASE, 3 * PAGE, 6 * PAGE, 0));
  look("grown is zero", BASE + 5 * PAGE);
  place("wall", map(BASE + 6 * PAGE, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED));
  place("no room", mremap(BASE, 6 * PAGE, 8 * PAGE, 0));
  place("to a place", mremap(BASE, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 32 * PAGE));
  look("left", BASE);
  look("moved", BASE + 33 * PAGE);
  look("moved and grown", BASE + 39 * PAGE);
  char *anywhere = mremap(BASE + 33 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
  printf("from the middle: %d, then %d\n", anywhere[0], anywhere[PAGE]);
  look("behind it", BASE + 33 * PAGE);
  look("the rest", BASE + 34 * PAGE);
  place("of nothing", mremap(BASE, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  place("onto itself", mremap(BASE + 34 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 35 * PAGE));
  place("to nothing", mremap(BASE + 34 * PAGE, PAGE, 0, 0));
  tell("unmap", munmap(BASE, 64 * PAGE));
  munmap(anywhere, 2 * PAGE);
}

static void advice(void) {
  place("map 2", map(BASE, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED));
  memset(BASE, 5, 2 * PAGE);
  tell("not needed", madvise(BASE, PAGE, MADV_DONTNEED));
  look("forgotten", BASE);
  look("kept", BASE + PAGE);
  tell("over a hole", madvise(BASE, 4 * PAGE, MADV_NORMAL));
  tell("nonsense", madvise(BASE, PAGE, 1234));
  tell("unaligned", madvise(BASE + 1, PAGE, MADV_NORMAL));
  tell("unmap", munmap(BASE, 2 * PAGE));
}

static void heap(void) {
  char *start = sbrk(0);
  tell("grow", sbrk(3 * PAGE) == start);
  start[3 * PAGE - 1] = 1;
  tell("shrink", brk(start + PAGE));
  look("gone", start + 2 * PAGE + (PAGE - (uintptr_t)start % PAGE) % PAGE);
  tell("grow again", brk(start + 3 * PAGE));
  look("zero again", start + 3 * PAGE - 1);
  tell("below the start", syscall(SYS_brk, 4096) == (long)(start + 3 * PAGE));
  char *above = (char *)(((uintptr_t)start + 64 * PAGE) & ~(uintptr_t)(PAGE - 1));
  tell("wall", map(above, 1, PROT_READ, MAP_PRIVATE | MAP_FIXED) == above);
  tell("through it", brk(above + PAGE));
  tell("up to it", brk(above - 2 * PAGE));
  tell("where it is", sbrk(0) == above - 2 * PAGE);
  munmap(above, PAGE);
  tell("back", brk(start));
}

static int depth_reached(int depth) {
  volatile char room[PAGE];
  room[0] = (char)depth;
  return depth == 0 ? 0 : depth_reached(depth - 1) + (room[0] != (char)depth) + 1;
}

static int endless(int depth) {
  volatile char room[PAGE];
  room[0] = (char)depth;
  return endless(depth + 1) + room[0];
}

static void stack(void) {
  printf("a deep stack: %d\n", depth_reached(200));
  fflush(stdout);
  int status;
  if (fork() == 0) {
    signal(SIGSEGV, SIG_DFL);
    _exit(endless(0));
  }
  wait(&status);
  printf("endless recursion: signal %d\n", WTERMSIG(status));
  if (fork() == 0) {
    struct rlimit limit = {64 * PAGE, 64 * PAGE};
    setrlimit(RLIMIT_STACK, &limit);
    signal(SIGSEGV, SIG_DFL);
    _exit(depth_reached(100) == 0);
  }
  wait(&status);
  printf("a small limit: signal %d\n", WTERMSIG(status));
}

static void limits(void) {
  struct rlimit limit = {0x20000000, 0x20000000};
  int status;
  fflush(stdout);
  if (fork() == 0) {
    tell("limit", setrlimit(RLIMIT_AS, &limit));
    place("beyond it", mmap(NULL, 0x20000000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    fflush(stdout);
    _exit(0);
  }
  wait(&status);
}

static void wild(void) {
  look("null", NULL);
  look("near null", (char *)100);
  put("kernel", (char *)0xc0100000, 1);
  look("kernel", (char *)0xffffffff);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  holes();
  bad_maps();
  protection();
  after_fork();
  moves();
  advice();
  heap();
  stack();
  limits();
  wild();
  return 0;
}
