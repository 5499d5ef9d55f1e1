/*
 * The files of /proc that tell of a process and its memory: which lines there are and in which order, what they say of
 * memory that is known, and what fields mean. Lines that depend on the kernel's configuration are left out.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define BASE ((char *)0x50000000)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static char text[1 << 18];

static char *contents(const char *path) {
  int file = open(path, O_RDONLY), size = 0, got;
  if (file < 0) perror(path), exit(1);
  while ((got = read(file, text + size, sizeof text - 1 - size)) > 0) size += got;
  close(file);
  text[size] = 0;
  return text;
}

/* Those of `wanted` that begin a line of the file, in the file's order. */
static void labels(const char *path, const char *wanted) {
  printf("%s:", path);
  for (char *line = strtok(contents(path), "\n"); line; line = strtok(NULL, "\n")) {
    size_t length = strcspn(line, ": \t");
    char label[80];
    snprintf(label, sizeof label, " %.*s ", (int)length, line);
    if (length > 0 && strstr(wanted, label)) printf("%.*s", (int)length + 1, label);
  }
  printf("\n");
}

static void formats(void) {
  labels("/proc/self/status",
         " Name Umask State Tgid Ngid Pid PPid TracerPid Uid Gid FDSize Groups NStgid NSpid NSpgid NSsid VmPeak VmSize "
         "VmLck VmPin VmHWM VmRSS RssAnon RssFile RssShmem VmData VmStk VmExe VmLib VmPTE VmSwap CoreDumping Threads SigQ "
         "SigPnd ShdPnd SigBlk SigIgn SigCgt CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp Cpus_allowed "
         "Cpus_allowed_list Mems_allowed_list voluntary_ctxt_switches nonvoluntary_ctxt_switches ");
  labels("/proc/meminfo",
         " MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive SwapTotal SwapFree Dirty Writeback "
         "AnonPages Mapped Shmem Slab SReclaimable SUnreclaim KernelStack PageTables CommitLimit Committed_AS VmallocTotal "
         "VmallocUsed VmallocChunk ");
  labels("/proc/self/smaps_rollup",
         " Rss Pss Pss_Dirty Pss_Anon Pss_File Pss_Shmem Shared_Clean Shared_Dirty Private_Clean Private_Dirty Referenced "
         "Anonymous LazyFree AnonHugePages ShmemPmdMapped FilePmdMapped Shared_Hugetlb Private_Hugetlb Swap SwapPss Locked ");
  labels("/proc/vmstat", " nr_free_pages pgfault pgmajfault pswpin pswpout ");
}

/* What smaps says of the region that begins at `start`. */
static void usage(const char *what, char *start) {
  static const char *const wanted[] = {"Size", "Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean",
                                       "Private_Dirty", "Anonymous", "Swap", "Locked", "KernelPageSize"};
  char address[32];
  int isIn = 0;
  sprintf(address, "%08x-", (unsigned)start);
  printf("%s:", what);
  for (char *line = strtok(contents("/proc/self/smaps"), "\n"); line; line = strtok(NULL, "\n")) {
    if (isxdigit(line[0]) && strchr(line, '-')) isIn = strncmp(line, address, 9) == 0;
    if (!isIn) continue;
    if (isxdigit(line[0]) && strchr(line, '-')) printf(" %.17s %.4s", line, line + 18);
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      size_t length = strlen(wanted[i]);
      if (strncmp(line, wanted[i], length) == 0 && line[length] == ':') printf(" %s %d", wanted[i], atoi(line + length + 1));
    }
    if (strncmp(line, "VmFlags:", 8) == 0)
      for (char *flag = line + 9; *flag; flag += 3)
        if (strstr("rd wr ex sh mr mw me ms gd lo sr rr dc lf ac wf dd ", (char[]){flag[0], flag[1], ' ', 0})) printf(" %.2s", flag);
  }
  printf("\n");
}

static void sizes(void) {
  mmap(BASE, 5 * PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  BASE[0] = BASE[PAGE] = BASE[4 * PAGE] = 1;
  volatile char zero = BASE[2 * PAGE];
  usage("three of five", BASE);
  fflush(stdout);
  int asked[2], answered[2];
  char word;
  pipe(asked), pipe(answered);
  if (fork() == 0) {
    BASE[0] = 2;
    usage("the child's", BASE);
    fflush(stdout);
    write(answered[1], &word, 1);
    read(asked[0], &word, 1);
    _exit(0);
  }
  read(answered[0], &word, 1);
  usage("shared with a child", BASE);
  write(asked[1], &word, 1);
  wait(NULL);
  usage("alone again", BASE);
  mlock(BASE, 5 * PAGE);
  usage("locked", BASE);
  munlock(BASE, 5 * PAGE);
  mprotect(BASE, 5 * PAGE, PROT_NONE);
  usage("out of reach", BASE);
  madvise(BASE, 5 * PAGE, MADV_DONTFORK);
  madvise(BASE, 5 * PAGE, MADV_SEQUENTIAL);
  usage("advised", BASE);
  munmap(BASE, 5 * PAGE);
}

/* What maps says of the region that begins at `start`, without numbers that nobody can foretell. */
static void line(const char *what, char *start) {
  char address[32], rights[8], name[200] = "";
  unsigned from, to, offset;
  sprintf(address, "%08x-", (unsigned)start);
  for (char *line = strtok(contents("/proc/self/maps"), "\n"); line; line = strtok(NULL, "\n")) {
    if (strncmp(line, address, 9) != 0) continue;
    sscanf(line, "%x-%x %4s %x %*s %*s %199[^\n]", &from, &to, rights, &offset, name);
    printf("%s: %d pages, %s, offset %x, name '%s'\n", what, (to - from) / PAGE, rights, offset, name);
    return;
  }
  printf("%s: no such line\n", what);
}

static void names(void) {
  mmap(BASE, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  line("shared", BASE);
  munmap(BASE, PAGE);
  line("its second page", BASE + PAGE);
  munmap(BASE, 2 * PAGE);
  int id = shmget(0x1234abc, 2 * PAGE, IPC_CREAT | 0600);
  shmat(id, BASE, 0);
  shmctl(id, IPC_RMID, NULL);
  line("segment", BASE);
  shmdt(BASE);
  int file = open("/dev/shm/a name\nof two lines", O_RDWR | O_CREAT, 0600);
  ftruncate(file, 4 * PAGE);
  mmap(BASE, PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, file, 2 * PAGE);
  mmap(BASE + PAGE, PAGE, READ_WRITE, MAP_PRIVATE | MAP_FIXED, file, PAGE);
  line("file", BASE);
  line("file, private", BASE + PAGE);
  unlink("/dev/shm/a name\nof two lines");
  line("without a name", BASE);
  munmap(BASE, 2 * PAGE);
  mmap(BASE, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
  line("grows down", BASE);
  munmap(BASE, PAGE);
  char *heap = sbrk(PAGE);
  printf("heap %d, stack %d\n", strstr(contents("/proc/self/maps"), "[heap]\n") != NULL,
         strstr(contents("/proc/self/maps"), "[stack]\n") != NULL);
}

static char *field(int number) {
  static char value[80];
  char *at = strrchr(contents("/proc/self/stat"), ')') + 2;
  for (int i = 3; i < number; i++) at = strchr(at, ' ') + 1;
  strncpy(value, at, sizeof value - 1);
  value[strcspn(value, " \n")] = 0;
  return value;
}

static unsigned long long numberOf(int number) { return strtoull(field(number), NULL, 10); }

static void fields(char **argv, char **environment) {
  int count = 2;
  for (char *at = strrchr(contents("/proc/self/stat"), ')'); *at; at++) count += *at == ' ';
  printf("fields %d, state %s\n", count, field(3));
  printf("parent %d, group %d, session %d\n", numberOf(4) == getppid(), numberOf(5) == getpgrp(), numberOf(6) == getsid(0));
  printf("priority %lld, nice %lld, threads %lld\n", numberOf(18), numberOf(19), numberOf(20));
  printf("arguments %d, environment %d\n", numberOf(48) == (unsigned)argv[0],
         numberOf(50) >= numberOf(49) && numberOf(51) >= numberOf(50));
  printf("code %d, data %d, heap %d, stack %d\n", numberOf(26) <= (unsigned)formats && (unsigned)formats < numberOf(27),
         numberOf(45) <= (unsigned)text || numberOf(46) != 0, numberOf(47) <= (unsigned)sbrk(0),
         numberOf(28) > (unsigned)&count && numberOf(28) <= (unsigned)argv);
  unsigned long total, resident, shared;
  unsigned long long size = numberOf(23);
  sscanf(contents("/proc/self/statm"), "%lu %lu %lu", &total, &resident, &shared);
  printf("sizes %d %d\n", size == (unsigned long long)total * PAGE, shared <= resident && resident <= total);
  printf("faults %d\n", numberOf(10) > 0);
}

int main(int argc, char **argv, char **environment) {
  formats();
  sizes();
  names();
  fields(argv, environment);
  return 0;
}
