/* Threads of one program: mutexes, conditions, barriers, read-write locks, thread-local variables, cancellation, many at once. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 50

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static __thread int mine = 7;
static int counter, turn, guarded, copy;
static atomic_int arrived, serial, cleaned;

static void *count(void *argument) {
  for (int i = 0; i < 200; i++) {
    pthread_mutex_lock(&mutex);
    int seen = counter;
    if (i % 50 == 0) sched_yield();
    counter = seen + 1;
    pthread_mutex_unlock(&mutex);
  }
  mine += (int)(long)argument;
  return (void *)(long)mine;
}

static void mutexes(void) {
  pthread_t threads[THREADS];
  long sum = 0;
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, count, (void *)i);
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("%d threads counted to %d, sum %ld, mine %d\n", THREADS, counter, sum, mine);
}

static void *in_turn(void *argument) {
  int number = (int)(long)argument;
  for (int round = 0; round < 5; round++) {
    pthread_mutex_lock(&mutex);
    while (turn % 4 != number) pthread_cond_wait(&condition, &mutex);
    turn++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void conditions(void) {
  pthread_t threads[4];
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, in_turn, (void *)i);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  printf("turns: %d\n", turn);
  struct timespec soon;
  clock_gettime(CLOCK_REALTIME, &soon);
  soon.tv_nsec += 20000000;
  if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
  pthread_mutex_lock(&mutex);
  printf("a wait that nobody ends: %s\n", strerror(pthread_cond_timedwait(&condition, &mutex, &soon)));
  pthread_mutex_unlock(&mutex);
}

static void *at_barrier(void *argument) {
  for (int i = 0; i < 10; i++) {
    atomic_fetch_add(&arrived, 1);
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) atomic_fetch_add(&serial, 1);
    if (atomic_load(&arrived) < 8 * (i + 1)) printf("too early\n");
    pthread_barrier_wait(&barrier);
  }
  return NULL;
}

static void barriers(void) {
  pthread_t threads[8];
  pthread_barrier_init(&barrier, NULL, 8);
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, at_barrier, NULL);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  printf("barrier: %d arrivals, %d rounds\n", atomic_load(&arrived), atomic_load(&serial));
}

static void *reader(void *argument) {
  for (int i = 0; i < 100; i++) {
    pthread_rwlock_rdlock(&rwlock);
    if (guarded != copy) printf("torn\n");
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}

static void *writer(void *argument) {
  for (int i = 0; i < 100; i++) {
    pthread_rwlock_wrlock(&rwlock);
    guarded++;
    if (i % 10 == 0) sched_yield();
    copy++;
    pthread_rwlock_unlock(&rwlock);
  }
  return NULL;
}

static void read_write_locks(void) {
  pthread_t threads[8];
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, i % 2 ? reader : writer, NULL);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  printf("guarded %d\n", guarded);
}

static void clean(void *argument) { atomic_fetch_add(&cleaned, (int)(long)argument); }

static void *sleeper(void *argument) {
  pthread_cleanup_push(clean, (void *)10L);
  sem_post(&semaphore);
  for (;;) pause();
  pthread_cleanup_pop(0);
  return NULL;
}

static void *waits_for_condition(void *argument) {
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &mutex);
  sem_post(&semaphore);
  for (;;) pthread_cond_wait(&condition, &mutex);
  pthread_cleanup_pop(0);
  return NULL;
}

static void *spinner(void *argument) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
  sem_post(&semaphore);
  for (;;) continue;
  return NULL;
}

static void cancellation(void) {
  void *(*functions[])(void *) = {sleeper, waits_for_condition, spinner};
  sem_init(&semaphore, 0, 0);
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    void *result;
    pthread_create(&thread, NULL, functions[i], NULL);
    sem_wait(&semaphore);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("cancelled: %d, cleaned %d\n", result == PTHREAD_CANCELED, atomic_load(&cleaned));
  }
  printf("the mutex is %s\n", pthread_mutex_trylock(&mutex) == 0 ? "free" : "taken");
  pthread_mutex_unlock(&mutex);
}

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int made, destroyed;

static void destroy(void *value) {
  atomic_fetch_add(&destroyed, 1);
  free(value);
}

static void make_key(void) {
  atomic_fetch_add(&made, 1);
  pthread_key_create(&key, destroy);
}

static void *uses_key(void *argument) {
  pthread_once(&once, make_key);
  pthread_setspecific(key, malloc(100));
  pthread_exit(NULL);
}

static void keys(void) {
  pthread_t threads[10];
  for (int i = 0; i < 10; i++) pthread_create(&threads[i], NULL, uses_key, NULL);
  for (int i = 0; i < 10; i++) pthread_join(threads[i], NULL);
  printf("made %d, destroyed %d\n", atomic_load(&made), atomic_load(&destroyed));
}

static void *owner_dies(void *argument) {
  pthread_mutex_lock(argument);
  return NULL;
}

static void robust(void) {
  pthread_mutex_t lock;
  pthread_mutexattr_t attributes;
  pthread_t thread;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&lock, &attributes);
  pthread_create(&thread, NULL, owner_dies, &lock);
  pthread_join(thread, NULL);
  printf("a dead man's lock: %s\n", strerror(pthread_mutex_lock(&lock)));
  printf("mended: %d", pthread_mutex_consistent(&lock));
  printf(", released: %d", pthread_mutex_unlock(&lock));
  printf(", taken: %d\n", pthread_mutex_lock(&lock));
}

/* Blocks of all sizes pass from thread to thread. */
static char *volatile slots[64];

static void *allocates(void *argument) {
  unsigned state = (unsigned)(long)argument * 2654435761u + 1;
  for (int i = 0; i < 3000; i++) {
    state = state * 1664525 + 1013904223;
    int slot = state >> 26;
    size_t size = 8 + (state >> 8) % (i % 100 == 0 ? 200000 : 3000);
    char *block = malloc(size);
    if (block == NULL) printf("out of memory\n");
    memset(block, slot, size);
    char *old = __atomic_exchange_n(&slots[slot], block, __ATOMIC_SEQ_CST);
    if (old != NULL && (old[0] != slot || old[7] != slot)) printf("broken block\n");
    free(old);
  }
  return NULL;
}

static void allocation(void) {
  pthread_t threads[8];
  for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, allocates, (void *)i);
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  printf("allocated\n");
}

static void *forks(void *argument) {
  pid_t child = fork();
  if (child == 0) _exit(syscall(SYS_gettid) == getpid() ? 3 : 4);
  int status;
  waitpid(child, &status, 0);
  return (void *)(long)WEXITSTATUS(status);
}

static void identity(void) {
  pthread_t thread;
  void *result;
  pthread_create(&thread, NULL, forks, NULL);
  pthread_join(thread, &result);
  printf("a fork in a thread: %ld\n", (long)result);
}

int main(void) {
  mutexes();
  conditions();
  barriers();
  read_write_locks();
  cancellation();
  keys();
  robust();
  allocation();
  identity();
  return 0;
}
