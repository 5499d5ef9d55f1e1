/*
 * swapping DEVICE: with less than 8 MiB of memory, and a swap area on DEVICE: who has to stay in memory, who writes to
 * pages that are out, who counts them, and what swapoff does, when all that is out has room in memory and when it has not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define MIB (1 << 20)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static unsigned pattern(long page, int kind) { return (page * 7919u + kind * 104729u) | 1; }

static void fill(unsigned *words, long size, int kind) {
  for (long page = 0; page < size / PAGE; page++) words[page * 1024] = words[page * 1024 + 1023] = pattern(page, kind);
}

static long wrong(volatile unsigned *words, long size, int kind) {
  long count = 0;
  for (long page = 0; page < size / PAGE; page++) {
    unsigned want = pattern(page, kind);
    count += words[page * 1024] != want || words[page * 1024 + 1023] != want || words[page * 1024 + 5] != 0;
  }
  return count;
}

/* Somebody who needs more memory than there is, for a moment. */
static void press(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    volatile char *memory = mmap(NULL, 9 * MIB, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 9 * MIB; i += PAGE) memory[i] = 1;
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  if (status != 0) printf("pressure ended with %x\n", status);
}

/* A number from the line of /proc/PID/NAME that begins with `label`. */
static long number(pid_t pid, const char *name, const char *label) {
  char path[64], line[512];
  sprintf(path, "/proc/%d/%s", pid, name);
  long found = -1;
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, label, strlen(label)) == 0) found = atol(line + strlen(label));
  if (file != NULL) fclose(file);
  return found;
}

/* Bytes of a segment in memory and in swap. */
static void segment(int id, long *resident, long *swapped) {
  char line[300];
  int other;
  FILE *file = fopen("/proc/sysvipc/shm", "r");
  *resident = *swapped = -1;
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%*d %d %*o %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %ld %ld", &other, resident, swapped) == 3 &&
        other == id)
      break;
  fclose(file);
}

static void locked(void) {
  int id[2];
  unsigned *memory[2];
  for (int i = 0; i < 2; i++) {
    id[i] = shmget(IPC_PRIVATE, MIB, 0600);
    memory[i] = shmat(id[i], NULL, 0);
    if (memory[i] == (void *)-1) fail("segment");
    fill(memory[i], MIB, i);
  }
  if (shmctl(id[0], SHM_LOCK, NULL) < 0) fail("SHM_LOCK");
  long resident, swapped;
  for (int round = 0; round < 2; round++) {
    press();
    segment(id[0], &resident, &swapped);
    printf("%s: all in memory %d, some in swap %d\n", round ? "not locked" : "locked", resident == MIB, swapped > 0);
    segment(id[1], &resident, &swapped);
    printf("the other: some in swap %d, all accounted for %d\n", swapped > 0, resident + swapped == MIB);
    shmctl(id[0], SHM_UNLOCK, NULL);
  }
  for (int i = 0; i < 2; i++) {
    printf("wrong: %ld\n", wrong(memory[i], MIB, i));
    shmdt(memory[i]);
    shmctl(id[i], IPC_RMID, NULL);
  }
}

/* What the debugger writes, by two ways, to one page in three each. */
static void write_there(pid_t child, int mem, unsigned *memory, long first, long last) {
  for (long page = first; page < last; page++) {
    unsigned *word = memory + page * 1024 + 7, value = 0x10000 + page;
    if (page % 3 == 0 && ptrace(PTRACE_POKEDATA, child, word, value) < 0) fail("poke");
    if (page % 3 == 1) {
      errno = 0;
      if (ptrace(PTRACE_PEEKDATA, child, word - 7, 0) != (long)pattern(page, 3) || errno != 0) fail("peek");
      if (pwrite(mem, &value, 4, (unsigned)word) != 4) fail("mem");
    }
  }
}

static void debugged(void) {
  enum { SIZE = 2 * MIB, PAGES = SIZE / PAGE };
  fflush(stdout);
  int go[2];
  pipe(go);
  pid_t child = fork();
  if (child == 0) {
    unsigned *memory = mmap((void *)0x50000000, SIZE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    fill(memory, SIZE, 3);
    mprotect(memory + 1024 * (PAGES / 2), SIZE / 4, PROT_READ);
    pid_t grandchild = fork(); /* has the same pages, and must not see what the debugger writes */
    if (grandchild == 0) {
      char word;
      read(go[0], &word, 1);
      long count = wrong(memory, SIZE, 3);
      for (long page = 0; page < PAGES; page++) count += memory[page * 1024 + 7] != 0;
      _exit(count != 0);
    }
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    int status;
    write(go[1], "x", 1);
    waitpid(grandchild, &status, 0);
    long count = wrong(memory, SIZE, 3);
    for (long page = 0; page < PAGES; page++) count += memory[page * 1024 + 7] != (page % 3 == 2 ? 0 : 0x10000 + page);
    _exit(status != 0 ? 100 : count != 0);
  }
  int status;
  waitpid(child, &status, 0);
  char path[64];
  sprintf(path, "/proc/%d/mem", child);
  int mem = open(path, O_RDWR);
  unsigned *memory = (unsigned *)0x50000000;
  press();
  printf("out: %d\n", number(child, "status", "VmSwap:") > 1024);
  write_there(child, mem, memory, 0, PAGES / 2);
  press();
  write_there(child, mem, memory, PAGES / 2, PAGES);
  press();
  printf("out again: %d\n", number(child, "status", "VmSwap:") > 1024);
  do {
    ptrace(PTRACE_CONT, child, 0, 0);
    waitpid(child, &status, 0);
  } while (WIFSTOPPED(status));
  printf("the child: %x\n", status);
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  printf("major faults of the child: %d\n", usage.ru_majflt > 32);
  close(mem);
}

static void emptied(const char *device) {
  enum { SIZE = 2 * MIB, KINDS = 4 };
  unsigned *memory[KINDS];
  int file = open("/dev/shm/swapping", O_RDWR | O_CREAT | O_EXCL, 0600), id = shmget(IPC_PRIVATE, SIZE, 0600);
  unlink("/dev/shm/swapping");
  if (file < 0 || ftruncate(file, SIZE) < 0 || id < 0) fail("file and segment");
  memory[0] = mmap(NULL, SIZE, READ_WRITE, MAP_SHARED, file, 0);
  memory[1] = mmap(NULL, SIZE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memory[2] = shmat(id, NULL, 0);
  memory[3] = mmap(NULL, SIZE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  shmctl(id, IPC_RMID, NULL);
  for (int kind = 0; kind < KINDS; kind++) fill(memory[kind], SIZE, kind);
  int ask[2], answer[2];
  pipe(ask), pipe(answer);
  fflush(stdout);
  if (fork() == 0) {
    char kinds;
    close(ask[1]);
    while (read(ask[0], &kinds, 1) == 1) {
      long count = 0;
      for (int kind = 0; kind < kinds; kind++) count += wrong(memory[kind], kinds == KINDS ? SIZE : SIZE / 4, kind);
      munmap(memory[3], SIZE);
      write(answer[1], &count, sizeof count);
    }
    _exit(0);
  }
  close(ask[0]);
  for (int round = 0; round < 2; round++) {
    int isSmall = round == 1;
    if (isSmall) {
      long rest = SIZE - SIZE / 4;
      for (int kind = 1; kind < 3; kind++)
        if (madvise((char *)memory[kind] + SIZE / 4, rest, MADV_REMOVE) < 0) fail("MADV_REMOVE");
      if (ftruncate(file, SIZE / 4) < 0) fail("ftruncate");
      munmap(memory[3], SIZE);
      press();
    }
    int result = swapoff(device);
    printf("swapoff: %s\n", result < 0 ? strerror(errno) : "done");
    char kinds = isSmall ? 3 : KINDS;
    long count = -1;
    for (int kind = 0; kind < kinds; kind++)
      printf("wrong: %ld\n", wrong(memory[kind], isSmall ? SIZE / 4 : SIZE, kind));
    write(ask[1], &kinds, 1);
    read(answer[0], &count, sizeof count);
    printf("wrong for the child: %ld\n", count);
    if (!isSmall) press();
  }
  close(ask[1]);
  wait(NULL);
}

int main(int argc, char **argv) {
  locked();
  debugged();
  emptied(argv[1]);
  return 0;
}
