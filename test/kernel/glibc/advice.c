/*
 * What a program may say about its memory, and what becomes of the memory then: holes in shared memory and in files,
 * pages that go, come, or are not inherited; locking of what is yet to come; and the errors of all of these.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define BASE ((char *)0x50000000)
#define READ_WRITE (PROT_READ | PROT_WRITE)

static sigjmp_buf escape;
static volatile int fault;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  fault = signal * 100 + info->si_code;
  siglongjmp(escape, 1);
}

/* The byte, or 1000 times the signal and the code of the fault. */
static int byte(char *at) {
  if (sigsetjmp(escape, 1) == 0) return *(volatile char *)at;
  return 1000 * fault;
}

static int store(char *at, char value) {
  if (sigsetjmp(escape, 1) != 0) return 1000 * fault;
  *(volatile char *)at = value;
  return 0;
}

static void tell(const char *what, long result) {
  if (result == -1) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %ld\n", what, result);
}

/* The first bytes of `count` pages. */
static void show(const char *what, char *at, int count) {
  printf("%s:", what);
  for (int i = 0; i < count; i++) printf(" %d", byte(at + i * PAGE));
  printf("\n");
}

static void fill(char *at, int count, int first) {
  for (int i = 0; i < count; i++) at[i * PAGE] = first + i;
}

static char *map(int pages, int prot, int flags, int file) {
  char *at = mmap(BASE, pages * PAGE, prot, flags | MAP_FIXED, file, 0);
  if (at != BASE) perror("map"), exit(1);
  return at;
}

static int newFile(int pages) {
  int file = open("/dev/shm/advice", O_RDWR | O_CREAT | O_TRUNC, 0600);
  unlink("/dev/shm/advice");
  if (file < 0 || ftruncate(file, pages * PAGE) < 0) perror("file"), exit(1);
  return file;
}

/* A hole in `at`, which others look at as `other`, in a child as well. */
static void punch(const char *what, char *at, char *other) {
  printf("-- %s\n", what);
  fill(at, 6, 1);
  int ready[2], go[2];
  char word = 0;
  pipe(ready), pipe(go);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    show("child before", at, 6);
    fflush(stdout);
    write(ready[1], &word, 1), read(go[0], &word, 1);
    show("child after", at, 6);
    at[2 * PAGE] = 77;
    fflush(stdout);
    _exit(0);
  }
  read(ready[0], &word, 1);
  tell("hole", madvise(at + PAGE, 3 * PAGE, MADV_REMOVE));
  show("after", at, 6);
  if (other) show("elsewhere", other, 6);
  write(go[1], &word, 1);
  waitpid(child, NULL, 0);
  show("child wrote", at, 6);
  at[3 * PAGE] = 9;
  show("written again", other ? other : at, 6);
  tell("across the end", madvise(at + 5 * PAGE, 2 * PAGE, MADV_REMOVE));
  show("the end", at, 6);
  close(ready[0]), close(ready[1]), close(go[0]), close(go[1]);
}

static void holes(void) {
  char *shared = map(6, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
  punch("shared", shared, NULL);
  tell("locked", mlock(shared, PAGE));
  tell("hole in what is locked", madvise(shared, PAGE, MADV_REMOVE));
  munlock(shared, PAGE);
  tell("a new view", (long)mremap(shared, 0, 6 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 10 * PAGE) - (long)BASE);
  punch("shared, seen twice", shared, BASE + 10 * PAGE);
  munmap(BASE, 20 * PAGE);

  int id = shmget(IPC_PRIVATE, 6 * PAGE, 0600);
  char *segment = shmat(id, BASE, 0), *again = shmat(id, BASE + 32 * PAGE, SHM_RDONLY);
  shmctl(id, IPC_RMID, NULL);
  punch("segment", segment, again);
  tell("hole in what can only be read", madvise(again, PAGE, MADV_REMOVE));
  shmdt(segment), shmdt(again);

  int file = newFile(6);
  char *view = map(6, READ_WRITE, MAP_SHARED, file);
  char *private = mmap(BASE + 16 * PAGE, 6 * PAGE, READ_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0);
  fill(view, 6, 1);
  show("private view", private, 6);
  private[PAGE] = 50, private[4 * PAGE] = 51;
  punch("file", view, private);
  tell("hole in what is private", madvise(private, PAGE, MADV_REMOVE));
  private[2 * PAGE] = 52;
  tell("hole by fallocate", fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE + 5, 2 * PAGE));
  show("private copies stay", private, 6);
  show("file", view, 6);
  tell("cut", ftruncate(file, 2 * PAGE));
  show("private copies go", private, 6);
  show("file", view, 6);
  munmap(BASE, 32 * PAGE);
  close(file);

  map(2, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  tell("hole in anonymous memory", madvise(BASE, PAGE, MADV_REMOVE));
  munmap(BASE, 2 * PAGE);
  tell("hole in nothing", madvise(BASE, PAGE, MADV_REMOVE));
}

static void tails(void) {
  int file = newFile(3);
  char *view = map(3, READ_WRITE, MAP_SHARED, file);
  memset(view, 'x', 3 * PAGE);
  tell("a hole within a page", fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 50));
  printf("%d %d %d %d\n", view[99], view[100], view[149], view[150]);
  tell("over a border", fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE - 10, 20));
  printf("%d %d %d %d\n", view[PAGE - 11], view[PAGE - 10], view[PAGE + 9], view[PAGE + 10]);
  tell("shorter", ftruncate(file, 2 * PAGE + 10));
  tell("longer", ftruncate(file, 3 * PAGE));
  printf("%d %d %d\n", view[2 * PAGE + 9], view[2 * PAGE + 10], view[3 * PAGE - 1]);
  munmap(BASE, 3 * PAGE);
  close(file);
}

static void inheritance(void) {
  fill(map(4, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1), 4, 1);
  tell("wipe", madvise(BASE + PAGE, PAGE, MADV_WIPEONFORK));
  tell("without", madvise(BASE + 2 * PAGE, PAGE, MADV_DONTFORK));
  fflush(stdout);
  if (fork() == 0) {
    show("child", BASE, 4);
    store(BASE + PAGE, 9);
    fflush(stdout);
    if (fork() == 0) {
      show("its child", BASE, 4);
      fflush(stdout);
      _exit(0);
    }
    wait(NULL);
    _exit(0);
  }
  wait(NULL);
  tell("keep", madvise(BASE + PAGE, PAGE, MADV_KEEPONFORK));
  tell("with", madvise(BASE + 2 * PAGE, PAGE, MADV_DOFORK));
  fflush(stdout);
  if (fork() == 0) {
    show("child", BASE, 4);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  munmap(BASE, 4 * PAGE);
  map(1, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
  tell("wipe what is shared", madvise(BASE, PAGE, MADV_WIPEONFORK));
  int file = newFile(1);
  map(1, READ_WRITE, MAP_PRIVATE, file);
  tell("wipe what has a file", madvise(BASE, PAGE, MADV_WIPEONFORK));
  munmap(BASE, PAGE);
  close(file);
}

static void resident(const char *what, char *at, int count) {
  unsigned char there[16] = {0};
  int result = mincore(at, count * PAGE, there);
  printf("%s:", what);
  if (result < 0) printf(" %s", strerror(errno));
  else
    for (int i = 0; i < count; i++) printf(" %d", there[i] & 1);
  printf("\n");
}

static void comings(void) {
  map(6, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  resident("nothing yet", BASE, 6);
  BASE[PAGE] = 1;
  tell("for writing", madvise(BASE + 3 * PAGE, PAGE, MADV_POPULATE_WRITE));
  resident("two", BASE, 6);
  tell("not needed", madvise(BASE, 2 * PAGE, MADV_DONTNEED));
  resident("one", BASE, 6);
  tell("free", madvise(BASE + 5 * PAGE, PAGE, MADV_FREE));
  mprotect(BASE + 4 * PAGE, PAGE, PROT_READ);
  tell("for writing, where nobody may", madvise(BASE + 3 * PAGE, 2 * PAGE, MADV_POPULATE_WRITE));
  mprotect(BASE + 4 * PAGE, PAGE, PROT_NONE);
  tell("for reading, where nobody may", madvise(BASE + 4 * PAGE, PAGE, MADV_POPULATE_READ));
  tell("over a hole", madvise(BASE + 5 * PAGE, 2 * PAGE, MADV_POPULATE_READ));
  resident("unaligned", BASE + 1, 1);
  resident("over a hole", BASE + 5 * PAGE, 2);
  tell("to nowhere", mincore(BASE, PAGE, (unsigned char *)16));
  tell("no length", mincore(BASE, 0, (unsigned char *)16));
  munmap(BASE, 6 * PAGE);
  int file = newFile(2);
  map(4, READ_WRITE, MAP_SHARED, file);
  tell("beyond the end", madvise(BASE, 4 * PAGE, MADV_POPULATE_READ));
  resident("of the file", BASE, 4);
  tell("free what is shared", madvise(BASE, PAGE, MADV_FREE));
  munmap(BASE, 4 * PAGE);
  close(file);
}

static long lockedKilobytes(void) {
  char line[200];
  long found = -1;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file)) sscanf(line, "VmLck: %ld", &found);
  fclose(file);
  return found;
}

static void locks(void) {
  map(4, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  tell("lock what comes", syscall(SYS_mlock2, BASE, 4 * PAGE, 1));
  resident("nothing", BASE, 4);
  printf("locked: %ld\n", lockedKilobytes());
  tell("not needed", madvise(BASE, PAGE, MADV_DONTNEED));
  tell("not needed, though locked", madvise(BASE, PAGE, 24));
  tell("cold", madvise(BASE, PAGE, 20));
  tell("page out", madvise(BASE, PAGE, 21));
  tell("lock what is there", mlock(BASE, 2 * PAGE));
  resident("two", BASE, 4);
  tell("no such flag", syscall(SYS_mlock2, BASE, PAGE, 2));
  tell("over a hole", mlock(BASE + 3 * PAGE, 2 * PAGE));
  tell("invalidate", msync(BASE, PAGE, MS_INVALIDATE));
  tell("invalidate what is not locked", munlock(BASE, PAGE) || msync(BASE, PAGE, MS_INVALIDATE));
  tell("sync and async", msync(BASE, PAGE, MS_SYNC | MS_ASYNC));
  tell("sync unaligned", msync(BASE + 1, PAGE, MS_SYNC));
  tell("sync over a hole", msync(BASE + 3 * PAGE, 2 * PAGE, MS_ASYNC));
  munmap(BASE, 4 * PAGE);
  printf("locked: %ld\n", lockedKilobytes());
  tell("nothing is to be locked", mlockall(0));
  tell("on fault alone", mlockall(4));
  tell("in future, on fault", mlockall(MCL_FUTURE | 4));
  map(4, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  resident("nothing", BASE, 4);
  printf("locked: %ld\n", lockedKilobytes());
  fflush(stdout);
  if (fork() == 0) {
    printf("child: %ld\n", lockedKilobytes());
    mmap(BASE + 8 * PAGE, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("and its own: %ld\n", lockedKilobytes());
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  tell("no more", munlockall());
  printf("locked: %ld\n", lockedKilobytes());
  munmap(BASE, 4 * PAGE);
}

static void errors(void) {
  map(4, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  static const int advices[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 17, 18, 19, 20, 21, 22, 23, 26, 99, -1};
  for (unsigned i = 0; i < sizeof advices / sizeof *advices; i++) {
    char name[64];
    sprintf(name, "advice %d", advices[i]);
    tell(name, madvise(BASE, PAGE, advices[i]));
    sprintf(name, "advice %d over a hole", advices[i]);
    tell(name, madvise(BASE + 3 * PAGE, 2 * PAGE, advices[i]));
    sprintf(name, "advice %d about nothing", advices[i]);
    tell(name, madvise(BASE + 10 * PAGE, 0, advices[i]));
  }
  tell("grows down, where nothing grows", mprotect(BASE, PAGE, PROT_READ | PROT_GROWSDOWN));
  tell("grows both ways", mprotect(BASE, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP));
  map(4, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1);
  tell("grows down", mprotect(BASE + 2 * PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
  printf("writes: %d %d %d %d\n", store(BASE, 1), store(BASE + PAGE, 1), store(BASE + 2 * PAGE, 1), store(BASE + 3 * PAGE, 1));
  tell("of no length", mprotect(BASE + 100 * PAGE, 0, PROT_READ | PROT_GROWSDOWN));
  munmap(BASE, 4 * PAGE);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  holes();
  tails();
  inheritance();
  comings();
  locks();
  errors();
  return 0;
}
