/*
 * Runs a program on a pseudo-terminal of the host and types for it: the reference for the guest's terminal.
 *
 *   play PROGRAM [NAME HEX]...    when a line "READY NAME" appears, the bytes of HEX are typed
 *
 * Everything that the terminal shows goes to standard output.
 */

#define _GNU_SOURCE
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char shown[1 << 16];
static size_t shown_length;

/* Has the process in the terminal's foreground gone to sleep, as in read, after it has printed the line? */
static int is_asleep(int terminal) {
  char path[64], stat[512];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)tcgetpgrp(terminal));
  FILE *file = fopen(path, "r");
  if (file == NULL) return 0;
  size_t length = fread(stat, 1, sizeof stat - 1, file);
  fclose(file);
  stat[length] = 0;
  char *end = strrchr(stat, ')');
  return end != NULL && end[2] == 'S';
}

/* All at once: what lies between two bytes is nobody's business here. */
static void type(int terminal, const char *hex) {
  char bytes[256];
  size_t length = 0;
  for (; hex[0] && hex[1] && length < sizeof bytes; hex += 2) {
    char pair[3] = {hex[0], hex[1], 0};
    bytes[length++] = (char)strtol(pair, NULL, 16);
  }
  while (!is_asleep(terminal)) usleep(2000);
  if (write(terminal, bytes, length) != (ssize_t)length) _exit(1);
}

int main(int count, char **arguments) {
  int terminal;
  size_t seen = 0;
  ssize_t got;
  pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
  if (pid == 0) {
    execl(arguments[1], arguments[1], (char *)NULL);
    _exit(127);
  }
  while ((got = read(terminal, shown + shown_length, sizeof shown - 1 - shown_length)) > 0) {
    shown_length += (size_t)got;
    shown[shown_length] = 0;
    char *line;
    while ((line = strstr(shown + seen, "READY ")) != NULL) {
      char *end = strchr(line, '\n');
      if (end == NULL) break;
      size_t length = strcspn(line + 6, "\r\n");
      for (int i = 2; i + 1 < count; i += 2) {
        if (strlen(arguments[i]) == length && memcmp(arguments[i], line + 6, length) == 0) {
          type(terminal, arguments[i + 1]);
        }
      }
      seen = (size_t)(end - shown);
    }
  }
  fwrite(shown, 1, shown_length, stdout);
  waitpid(pid, NULL, 0);
  return 0;
}
