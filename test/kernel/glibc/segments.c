/* Shared memory segments of System V, by the C library's functions. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static void result(const char *what, long value) {
  if (value == -1) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: fine\n", what);
}

static void state(int id) {
  struct shmid_ds status;
  if (shmctl(id, IPC_STAT, &status) < 0) {
    result("status", -1);
    return;
  }
  printf("mode %o, %ld bytes, attached %ld, made by %s, times %d %d %d\n", status.shm_perm.mode, (long)status.shm_segsz,
         (long)status.shm_nattch, status.shm_cpid == getpid() ? "us" : "others", status.shm_atime != 0,
         status.shm_dtime != 0, status.shm_ctime != 0);
}

static void listed(int id) {
  char line[200];
  int found = 0, number;
  FILE *file = fopen("/proc/sysvipc/shm", "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%*d %d", &number) == 1 && number == id) found = 1;
  printf("listed: %d\n", found);
  if (file != NULL) fclose(file);
}

int main(void) {
  int id = shmget(IPC_PRIVATE, 10000, IPC_CREAT | 0640);
  result("private", id);
  state(id);
  listed(id);
  char *memory = shmat(id, NULL, 0);
  printf("zeroes: %d\n", memory[0] == 0 && memory[9999] == 0);
  strcpy(memory, "from the parent");
  strcpy(memory + 8192, "third page");
  char *again = shmat(id, NULL, SHM_RDONLY);
  printf("twice: %s, elsewhere %d\n", again, again != memory);
  state(id);
  fflush(stdout);
  if (fork() == 0) {
    state(id);
    strcpy(memory, "from the child");
    shmdt(again);
    state(id);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  printf("%s\n", memory);
  state(id);
  fflush(stdout);
  if (fork() == 0) {
    again[0] = 'x';
    _exit(0);
  }
  int status;
  wait(&status);
  printf("read-only: killed by %d\n", WTERMSIG(status));
  result("not to be made writable", mprotect(again, 4096, PROT_READ | PROT_WRITE));
  result("remove", shmctl(id, IPC_RMID, NULL));
  state(id);
  result("detach", shmdt(again));
  printf("still there: %s\n", memory + 8192);
  result("detach", shmdt(memory));
  result("no more", shmdt(memory));
  state(id);
  listed(id);

  key_t key = 0x50570000 + (getpid() & 0xffff);
  id = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
  result("by key", id);
  printf("the same again: %d\n", shmget(key, 4096, 0) == id);
  result("exclusively", shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600));
  result("too large", shmget(key, 8192, 0));
  result("smaller", shmget(key, 100, 0));
  result("no such key", shmget(key ^ 0x1000000, 4096, 0));
  result("no bytes", shmget(IPC_PRIVATE, 0, IPC_CREAT));
  char *place = mmap(NULL, 16384, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  result("not aligned", (long)shmat(id, place + 100, 0));
  result("in the way", (long)shmat(id, place + 4096, 0));
  munmap(place + 8192, 4096);
  printf("rounded: %d\n", (char *)shmat(id, place + 8192 + 100, SHM_RND) == place + 8192);
  printf("instead: %d\n", (char *)shmat(id, place + 4096, SHM_REMAP) == place + 4096);
  place[4096] = 7;
  printf("the same memory: %d\n", place[8192]);
  result("not the beginning", shmdt(place + 4096 + 1));
  result("nothing there", shmdt(place));
  struct shmid_ds change;
  shmctl(id, IPC_STAT, &change);
  change.shm_perm.mode = 0444;
  result("change", shmctl(id, IPC_SET, &change));
  state(id);
  if (geteuid() == 0) {
    fflush(stdout);
    if (fork() == 0) {
      setresuid(1000, 1000, 1000);
      result("to read", (long)shmat(id, NULL, SHM_RDONLY));
      result("to write", (long)shmat(id, NULL, 0));
      result("by key to write", shmget(key, 4096, 0200));
      result("not theirs to remove", shmctl(id, IPC_RMID, NULL));
      fflush(stdout);
      _exit(0);
    }
    wait(NULL);
  }
  result("no such command", shmctl(id, 77, NULL));
  result("no such number", shmctl(id + 32768 * 5, IPC_STAT, &change));
  result("negative", shmctl(-1, IPC_STAT, &change));
  result("remove", shmctl(id, IPC_RMID, NULL));
  result("its key is free", shmget(key, 4096, 0));
  shmdt(place + 4096);
  shmdt(place + 8192);
  result("gone", (long)shmat(id, NULL, 0));

  id = shmget(IPC_PRIVATE, 4096, 0600);
  if (fork() == 0) {
    shmat(id, NULL, 0);
    _exit(0);
  }
  wait(NULL);
  state(id);
  shmctl(id, IPC_RMID, NULL);

  id = shmget(IPC_PRIVATE, 3 * 4096, 0600);
  memory = shmat(id, NULL, 0);
  result("in three pieces", mprotect(memory + 4096, 4096, PROT_READ));
  state(id);
  result("alike again", mprotect(memory + 4096, 4096, PROT_READ | PROT_WRITE));
  state(id);
  result("without the middle", munmap(memory + 4096, 4096));
  state(id);
  shmctl(id, IPC_RMID, NULL);
  result("all the rest", shmdt(memory));
  state(id);
  return 0;
}
