/*
 * What a program sees of a terminal. It sets modes, prints "READY name", reads what is then typed, and prints what it
 * got in hexadecimal. Whoever types watches for the READY lines (terminal.test.ts, play.c); the echo appears between.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define INPUT (ICRNL | IXON)
#define OUTPUT (OPOST | ONLCR)
#define LOCAL (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN)

static struct termios modes;
static volatile int caught;

static void remember(int signal) { caught = signal; }

/* Throws away what waits, as TCSAFLUSH does, so that each part begins afresh. */
static void set_modes(tcflag_t input, tcflag_t output, tcflag_t local, int minimum, int time) {
  modes.c_iflag = input;
  modes.c_oflag = output;
  modes.c_lflag = local;
  modes.c_cc[VMIN] = minimum;
  modes.c_cc[VTIME] = time;
  tcsetattr(0, TCSAFLUSH, &modes);
}

static void ready(const char *name) {
  printf("READY %s\n", name);
  fflush(stdout);
}

static void show(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerror(errno) : "");
  fflush(stdout);
}

/* Reads once, and shows the bytes; of many only the last. */
static void read_some(size_t size) {
  static unsigned char buffer[8192];
  ssize_t count = read(0, buffer, size);
  printf("<%zd %s>", count, count < 0 ? strerror(errno) : "");
  for (ssize_t i = count > 64 ? count - 4 : 0; i < count; i++) printf(" %02x", buffer[i]);
  printf("\n");
  fflush(stdout);
}

static void part(const char *name) {
  ready(name);
  read_some(100);
}

static void canonical(void) {
  set_modes(INPUT, OUTPUT, LOCAL, 1, 0);
  part("line");
  part("erase");
  part("kill");
  part("word");
  part("tab");
  part("control");
  part("literal");
  part("end");
  part("end-after-text");
  ready("two");
  read_some(100);
  read_some(100);
  ready("pieces");
  read_some(3);
  read_some(3);
  read_some(10);
  part("reprint");
  ready("interrupt");
  read_some(100);
  show("signal", caught);
  ready("quit");
  read_some(100);
  show("signal", caught);
}

static void switches(void) {
  set_modes(INPUT, OUTPUT, LOCAL & ~ECHOKE, 1, 0);
  part("kill");
  set_modes(INPUT, OUTPUT, LOCAL & ~ECHOE, 1, 0);
  part("erase");
  set_modes(INPUT, OUTPUT, LOCAL & ~ECHOCTL, 1, 0);
  part("control");
  set_modes(INPUT, OUTPUT, LOCAL & ~ECHO, 1, 0);
  part("erase");
  set_modes(INPUT, OUTPUT, (LOCAL & ~ECHO) | ECHONL, 1, 0);
  part("line");
  set_modes(INPUT | INLCR, OUTPUT, LOCAL, 1, 0);
  part("newlines");
  set_modes(IGNCR, OUTPUT, LOCAL, 1, 0);
  part("newlines");
  set_modes(INPUT, OUTPUT, LOCAL & ~IEXTEN, 1, 0);
  part("word");
  set_modes(INPUT | ISTRIP, OUTPUT, LOCAL, 1, 0);
  part("high");
  set_modes(INPUT | IUTF8, OUTPUT, LOCAL, 1, 0);
  part("utf8");
  modes.c_cc[VEOL] = 'x';
  set_modes(INPUT, OUTPUT, LOCAL, 1, 0);
  ready("separator");
  read_some(100);
  read_some(100);
  modes.c_cc[VEOL] = 0;
}

static void print_as(tcflag_t output, const char *text) {
  set_modes(INPUT, output, LOCAL, 1, 0);
  printf("%s", text);
  fflush(stdout);
}

static void output(void) {
  print_as(OPOST, "a\nb\rc\td\n");
  print_as(OPOST | ONLCR | XTABS, "a\tbc\tdefghijk\tl\n\b\tq\n");
  print_as(OPOST | OCRNL, "a\rb\n");
  print_as(OPOST | ONOCR | ONLCR, "\rab\rc\n");
  print_as(OPOST | ONLRET, "ab\ncd\n");
  print_as(OPOST | OLCUC | ONLCR, "abC1\n");
  print_as(0, "raw\n\r");
}

static void raw(void) {
  set_modes(0, OUTPUT, 0, 1, 0);
  ready("bytes");
  read_some(1);
  read_some(100);
  set_modes(0, OUTPUT, 0, 5, 0);
  part("five");
  set_modes(0, OUTPUT, 0, 0, 0);
  read_some(100);
  set_modes(0, OUTPUT, 0, 0, 1);
  read_some(100);
  set_modes(0, OUTPUT, 0, 5, 2);
  part("few");
  set_modes(0, OUTPUT, ISIG, 1, 0);
  part("interrupt-first");
  show("signal", caught);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  read_some(100);
  set_modes(0, OUTPUT, 0, 0, 0);
  read_some(100);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK);
}

static void requests(void) {
  struct winsize size = {.ws_row = 30, .ws_col = 99};
  set_modes(INPUT, OUTPUT, LOCAL, 1, 0);
  show("TIOCSWINSZ", ioctl(0, TIOCSWINSZ, &size));
  memset(&size, 0, sizeof size);
  show("TIOCGWINSZ", ioctl(0, TIOCGWINSZ, &size));
  show("rows", size.ws_row);
  show("wild TCGETS", ioctl(0, TCGETS, (void *)1));
  show("wild TCSETS", ioctl(0, TCSETS, (void *)1));
  show("unknown", ioctl(0, 0x5499, 0));
  show("bad flush", ioctl(0, TCFLSH, 9));
  show("drain", tcdrain(0));
  show("bad flow", tcflow(0, 99));
  show("seek", lseek(0, 0, SEEK_SET));
  show("foreground", tcgetpgrp(0) == getpgrp());
  show("bad group", tcsetpgrp(0, -5));
  show("no group", tcsetpgrp(0, 0x3ffffff));
  show("session", tcgetsid(0) == getsid(0));
  struct pollfd poll_input = {.fd = 0, .events = POLLIN | POLLOUT};
  show("poll", poll(&poll_input, 1, 0));
  show("events", poll_input.revents);
}

/* Runs `child` in a process group of its own, and tells how it stopped or ended. */
static void in_background(const char *name, void (*child)(void)) {
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    child();
    _exit(3);
  }
  setpgid(pid, pid);
  waitpid(pid, &status, WUNTRACED);
  if (WIFSTOPPED(status)) {
    printf("%s: stopped by %d\n", name, WSTOPSIG(status));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  } else if (WIFSIGNALED(status)) printf("%s: killed by %d\n", name, WTERMSIG(status));
  else printf("%s: exit %d\n", name, WEXITSTATUS(status));
  fflush(stdout);
  tcsetpgrp(0, getpgrp());
}

static void reads(void) { read_some(1); }
static void changes(void) { tcsetattr(0, TCSANOW, &modes); }
static void writes(void) { write(1, "background\n", 11); }

static void reads_ignoring(void) {
  signal(SIGTTIN, SIG_IGN);
  read_some(1);
}

static void takes_foreground(const char *name) {
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(0, getpid());
  signal(SIGINT, SIG_DFL);
  ready(name);
  pause();
}

static void waits_for_interrupt(void) { takes_foreground("foreground-interrupt"); }
static void waits_for_stop(void) { takes_foreground("foreground-stop"); }

static void job_control(void) {
  in_background("read", reads);
  in_background("read, SIGTTIN ignored", reads_ignoring);
  in_background("change of modes", changes);
  in_background("write", writes);
  modes.c_lflag |= TOSTOP;
  tcsetattr(0, TCSANOW, &modes);
  in_background("write, TOSTOP", writes);
  signal(SIGTTOU, SIG_IGN);
  in_background("interrupt", waits_for_interrupt);
  in_background("stop", waits_for_stop);
}

int main(void) {
  struct termios before;
  struct sigaction action = {.sa_handler = remember};
  tcgetattr(0, &before);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGQUIT, &action, NULL);
  modes.c_cflag = CS8 | CREAD | CLOCAL | B38400;
  memcpy(modes.c_cc, before.c_cc, sizeof modes.c_cc);
  modes.c_cc[VERASE] = 0x7f;
  canonical();
  switches();
  output();
  raw();
  requests();
  job_control();
  tcsetattr(0, TCSANOW, &before);
  printf("DONE\n");
  return 0;
}
