/*
 * Real-time policies: who runs when, on one CPU and on two.
 *
 * What happens goes into a log, a letter for each event; only threads that cannot run at the same time write to the same
 * log. The thread that directs the scene has the highest priority, so that the others begin when it waits for them.
 *
 *   realtime order   scenes on one CPU
 *   realtime places  scenes on two
 *   realtime share   what a thread that never sleeps leaves to others, and what RLIMIT_RTTIME says to it
 *   realtime spin    never ends, under SCHED_FIFO
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DIRECTOR 60

static char events[200];
static volatile int count;
static sem_t gate, other;
static volatile int done;

static void note(char event) { events[count++] = event; }

static void show(const char *scene) {
  events[count] = 0;
  printf("%s: %s\n", scene, events);
  fflush(stdout);
  count = 0;
}

static void check(const char *what, int error) {
  if (error == 0) return;
  printf("%s: %s\n", what, strerror(error));
  exit(1);
}

static void become(int policy, int priority) {
  struct sched_param param = {priority};
  check("sched_setscheduler", sched_setscheduler(0, policy, &param) < 0 ? errno : 0);
}

static cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return set;
}

/* Starts a thread that may use one CPU, or two for -1. */
static pthread_t start(int policy, int priority, int cpu, void *(*body)(void *), void *argument) {
  pthread_attr_t attr;
  pthread_t thread;
  struct sched_param param = {priority};
  cpu_set_t set = only(cpu < 0 ? 0 : cpu);
  if (cpu < 0) CPU_SET(1, &set);
  pthread_attr_init(&attr);
  pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
  pthread_attr_setschedpolicy(&attr, policy);
  pthread_attr_setschedparam(&attr, &param);
  pthread_attr_setaffinity_np(&attr, sizeof set, &set);
  check("pthread_create", pthread_create(&thread, &attr, body, argument));
  return thread;
}

static void renice(pthread_t thread, int policy, int priority) {
  struct sched_param param = {priority};
  check("pthread_setschedparam", pthread_setschedparam(thread, policy, &param));
}

static void join(pthread_t *threads, int number) {
  for (int i = 0; i < number; i++) pthread_join(threads[i], 0);
}

static double timeOf(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

/* Computes for some milliseconds of CPU time. */
static void compute(int milliseconds) {
  double end = timeOf(CLOCK_THREAD_CPUTIME_ID) + milliseconds / 1e3;
  while (timeOf(CLOCK_THREAD_CPUTIME_ID) < end) {
    for (volatile int i = 0; i < 20000; i++) continue;
  }
}

/* ------------------------------------------------------------------------------------------------ one CPU */

static void *once(void *letter) {
  note(*(char *)letter);
  return 0;
}

static void *computing(void *letter) {
  for (int i = 0; i < 4; i++) {
    compute(40);
    note(*(char *)letter);
  }
  return 0;
}

static void *yielding(void *letter) {
  for (int i = 0; i < 4; i++) {
    note(*(char *)letter);
    sched_yield();
  }
  return 0;
}

static void *waiting(void *letter) {
  sem_wait(&gate);
  note(*(char *)letter);
  return 0;
}

static void *posting(void *unused) {
  note('<');
  sem_post(&gate);
  note('>');
  return 0;
}

static void byPriority(void) {
  static const int priorities[] = {20, 30, 10, 30, 0, 20, 30};
  pthread_t threads[7];
  for (int i = 0; i < 7; i++) threads[i] = start(priorities[i] ? SCHED_FIFO : SCHED_OTHER, priorities[i], 0, once, "abcdefg" + i);
  join(threads, 7);
  show("by priority, then first come first served");
}

static void amongEquals(int policy, void *(*body)(void *), const char *scene) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) threads[i] = start(policy, 20, 0, body, "ab" + i);
  join(threads, 2);
  show(scene);
}

/* Slices are of a length that nobody has promised; but both must have begun before one of them has ended. */
static void takeTurns(void) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) threads[i] = start(SCHED_RR, 20, 0, computing, "ab" + i);
  join(threads, 2);
  printf("RR among equals: %s\n", strncmp(events, "aaaa", 4) ? "in turns" : "one after the other");
  count = 0;
}

static void wakeUps(void) {
  pthread_t threads[3];
  threads[0] = start(SCHED_FIFO, 30, 0, waiting, "h");
  threads[1] = start(SCHED_FIFO, 20, 0, posting, 0);
  threads[2] = start(SCHED_FIFO, 20, 0, once, "e");
  join(threads, 3);
  show("a wake-up preempts, and who was preempted goes on before his equals");
  threads[0] = start(SCHED_RR, 20, 0, waiting, "h");
  threads[1] = start(SCHED_RR, 10, 0, posting, 0);
  threads[2] = start(SCHED_RR, 10, 0, once, "e");
  join(threads, 3);
  show("so under SCHED_RR");
  threads[0] = start(SCHED_FIFO, 10, 0, waiting, "l");
  renice(pthread_self(), SCHED_FIFO, 5); /* lets it begin, and wait */
  renice(pthread_self(), SCHED_FIFO, DIRECTOR);
  posting(0);
  join(threads, 1);
  show("not one of lower priority");
  threads[0] = start(SCHED_OTHER, 0, 0, waiting, "o");
  usleep(50000);
  posting(0);
  join(threads, 1);
  show("not an ordinary one");
}

static pthread_mutex_t lock;

static void *locking(void *letter) {
  pthread_mutex_lock(&lock);
  note(*(char *)letter);
  pthread_mutex_unlock(&lock);
  return 0;
}

static void lockByPriority(void) {
  static const int priorities[] = {10, 30, 20, 30, 0};
  pthread_mutexattr_t attr;
  pthread_t threads[5];
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&lock, &attr);
  pthread_mutex_lock(&lock);
  for (int i = 0; i < 5; i++) {
    threads[i] = start(priorities[i] ? SCHED_FIFO : SCHED_OTHER, priorities[i], 0, locking, "abcde" + i);
    usleep(50000);
  }
  pthread_mutex_unlock(&lock);
  join(threads, 5);
  show("a lock goes to the most urgent of those that wait");
}

static void changes(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) threads[i] = start(SCHED_FIFO, 20, 0, once, "abc" + i);
  renice(threads[2], SCHED_FIFO, 30);
  note('1');
  renice(pthread_self(), SCHED_FIFO, 25);
  note('2');
  renice(threads[0], SCHED_FIFO, 15);
  renice(pthread_self(), SCHED_FIFO, 17);
  note('3');
  renice(threads[0], SCHED_FIFO, 17); /* behind us */
  note('4');
  sched_yield();
  note('5');
  renice(pthread_self(), SCHED_FIFO, DIRECTOR);
  join(threads, 3);
  show("raised and lowered");
  for (int i = 0; i < 3; i++) threads[i] = start(SCHED_FIFO, 20 + (i == 2), 0, once, "abc" + i);
  renice(threads[2], SCHED_FIFO, 20);
  renice(threads[1], SCHED_RR, 20);
  join(threads, 3);
  show("lowered to be the first of its equals");
}

static void order(void) {
  cpu_set_t set = only(0);
  sched_setaffinity(0, sizeof set, &set);
  become(SCHED_FIFO, DIRECTOR);
  byPriority();
  amongEquals(SCHED_FIFO, computing, "FIFO among equals");
  amongEquals(SCHED_FIFO, yielding, "yielding to equals");
  takeTurns();
  wakeUps();
  lockByPriority();
  changes();
}

/* ------------------------------------------------------------------------------------------------ two CPUs */

static volatile int counters[3];

static void *spinning(void *unused) {
  while (!done) continue;
  return 0;
}

static void *telling(void *place) {
  sem_wait(&gate);
  *(int *)place = sched_getcpu();
  return 0;
}

static void *counting(void *counter) {
  while (!done) ++*(volatile int *)counter;
  return 0;
}

static void *moving(void *place) {
  cpu_set_t set = only(0);
  note(sched_getcpu() == 0 ? '0' : '1');
  CPU_SET(1, &set);
  sched_setaffinity(0, sizeof set, &set);
  sem_post(&other); /* the one that is more urgent and may run here alone */
  while (sched_getcpu() == 0) continue;
  *(int *)place = sched_getcpu();
  done = 1;
  return 0;
}

static void *pinned(void *unused) {
  sem_wait(&other);
  while (!done) continue;
  return 0;
}

static void wokenElsewhere(void) {
  pthread_t threads[3];
  int place = -1;
  done = 0;
  threads[0] = start(SCHED_FIFO, 50, 0, spinning, 0);
  threads[1] = start(SCHED_OTHER, 0, 1, spinning, 0);
  threads[2] = start(SCHED_FIFO, 40, -1, telling, &place);
  usleep(30000);
  sem_post(&gate);
  pthread_join(threads[2], 0);
  done = 1;
  join(threads, 2);
  printf("woken while a more urgent one has CPU 0: on CPU %d\n", place);
}

static void mostUrgent(void) {
  pthread_t threads[3];
  done = 0;
  for (int i = 0; i < 3; i++) threads[i] = start(SCHED_FIFO, 10 + 10 * i, -1, counting, (void *)&counters[i]);
  usleep(50000);
  int before[3] = {counters[0], counters[1], counters[2]};
  usleep(100000);
  printf("of three that spin these do:");
  for (int i = 0; i < 3; i++) printf(" %s", counters[i] != before[i] ? "yes" : "no");
  done = 1;
  join(threads, 3);
  printf("\n");
}

static void pushed(void) {
  pthread_t threads[3];
  int place = -1;
  done = 0;
  threads[0] = start(SCHED_FIFO, 30, 0, pinned, 0);
  threads[1] = start(SCHED_OTHER, 0, 1, spinning, 0);
  usleep(30000);
  threads[2] = start(SCHED_FIFO, 20, 0, moving, &place);
  join(threads, 3);
  show("begins on CPU");
  printf("preempted by one that may run there alone: on CPU %d\n", place);
}

static void places(void) {
  become(SCHED_FIFO, DIRECTOR);
  wokenElsewhere();
  mostUrgent();
  pushed();
}

/* ------------------------------------------------------------------------------------------------ share */

static void *hog(void *unused) {
  compute(1900);
  done = 1;
  return 0;
}

static void *starving(void *used) {
  while (!done) continue;
  *(double *)used = timeOf(CLOCK_THREAD_CPUTIME_ID);
  return 0;
}

static void excess(int signal) { write(1, "SIGXCPU\n", 8); }

static void share(void) {
  pthread_t threads[2];
  double used = 0;
  become(SCHED_FIFO, DIRECTOR);
  threads[0] = start(SCHED_OTHER, 0, 0, starving, &used);
  threads[1] = start(SCHED_FIFO, 50, 0, hog, 0);
  join(threads, 2);
  printf("what 1.9 s of real-time work leave to others: %s\n", used >= 0.04 && used <= 0.16 ? "some 0.1 s" : "not a twentieth");
  if (used < 0.04 || used > 0.16) printf("%f\n", used);
  fflush(stdout);
  if (fork() == 0) {
    struct rlimit limit = {100000, 300000};
    signal(SIGXCPU, excess);
    setrlimit(RLIMIT_RTTIME, &limit);
    for (int i = 0; i < 5; i++) {
      compute(40);
      usleep(1000);
    }
    write(1, "200 ms, with pauses\n", 20);
    compute(1000);
    _exit(0);
  }
  int status;
  wait(&status);
  printf("without: killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int main(int argc, char **argv) {
  const char *scene = argc > 1 ? argv[1] : "";
  sem_init(&gate, 0, 0);
  sem_init(&other, 0, 0);
  if (!strcmp(scene, "order")) order();
  if (!strcmp(scene, "places")) places();
  if (!strcmp(scene, "share")) share();
  if (!strcmp(scene, "spin")) {
    become(SCHED_FIFO, 99);
    for (;;) continue;
  }
  return 0;
}
