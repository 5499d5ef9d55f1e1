/* Formatted output, through buffers and past their end: what a hello-world program needs, and more of it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  printf("hello, %s\n", "world");
  printf("%d %5d|%-5d|%05d %x %#X %o\n", -1, 42, 42, 42, 0xbeef, 0xbeef, 0755);
  printf("%lld %llu %llx\n", -1234567890123LL, 18446744073709551615ULL, 0x123456789abcdefULL);
  printf("%c%c%c %10.3s|\n", 'a', 'b', 'c', "abcdef");
  printf("%f %.3e %g %a\n", 3.14159, 12345.678, 0.0001, 1.5);
  printf("%.10f %.10f %.10f\n", sqrt(2.0), sin(1.0), exp(1.0));
  fprintf(stderr, "to standard error\n");
  char line[64];
  int length = snprintf(line, sizeof line, "%s-%d", "cut", 7);
  printf("%d [%s]\n", length, line);
  for (int i = 0; i < 2000; i++) printf("%d%c", i, i % 20 == 19 ? '\n' : ' ');
  fflush(stdout);
  return 0;
}
