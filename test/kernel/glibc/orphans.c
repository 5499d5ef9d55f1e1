/* Locks with an owner: those of a thread that ends go to who waits, and of one whose word is gone the waiter hears. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static unsigned *lost, *kept;
static volatile int ready;

static int lock(unsigned *word) {
  return syscall(SYS_futex, word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0) == 0 ? 0 : errno;
}

static void *own(void *unused) {
  lock(lost);
  lock(kept);
  ready = 1;
  struct timespec time = {0, 80000000};
  nanosleep(&time, NULL);
  munmap(lost, 4096);
  syscall(SYS_exit, 0);
  return unused;
}

static void *wait_for(void *word) {
  while (!ready) sched_yield();
  return (void *)(long)lock(word);
}

static unsigned *page(void) {
  return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(void) {
  lost = page();
  kept = page();
  pthread_t owner, first, second;
  pthread_create(&owner, NULL, own, NULL);
  pthread_create(&first, NULL, wait_for, lost);
  pthread_create(&second, NULL, wait_for, kept);
  void *result;
  pthread_join(first, &result);
  printf("lost: %s\n", strerror((int)(long)result));
  pthread_join(second, &result);
  printf("kept: %s, %s\n", strerror((int)(long)result), *kept & FUTEX_OWNER_DIED ? "its owner has died" : "?");
  return 0;
}
