/*
 * alarms ROUNDS: in each round two threads set the alarm of their process at once, each to begin after as long as it repeats.
 * What is set in the end must be what one of them wanted, not a bit of both.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>

static pthread_barrier_t barrier;
static int rounds;

static void *setAlarms(void *argument) {
  int seconds = (int)argument;
  struct itimerval wanted = {{seconds, 0}, {seconds, 0}};
  for (int round = 0; round < rounds; round++) {
    pthread_barrier_wait(&barrier);
    setitimer(ITIMER_REAL, &wanted, 0);
    pthread_barrier_wait(&barrier);
  }
  return 0;
}

int main(int argc, char **argv) {
  pthread_t threads[2];
  int bad = 0;
  rounds = argc > 1 ? atoi(argv[1]) : 10;
  pthread_barrier_init(&barrier, 0, 3);
  for (int i = 0; i < 2; i++)
    if (pthread_create(&threads[i], 0, setAlarms, (void *)(1000 * (i + 1))) != 0) return 2;
  for (int round = 0; round < rounds; round++) {
    struct itimerval now;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    getitimer(ITIMER_REAL, &now);
    int first = now.it_value.tv_sec <= 1000 ? 1000 : 2000;
    if (now.it_interval.tv_sec != first) bad++;
  }
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  printf("%d of %d rounds went wrong\n", bad, rounds);
  return bad != 0;
}
