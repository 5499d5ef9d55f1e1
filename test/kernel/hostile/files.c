/*
 * Makes system calls about files with arguments that are half sensible and half absurd: paths, descriptors, buffers,
 * addresses of the kernel, ends of mapped memory, huge sizes. Children do it, each for a while, some without privileges,
 * some two at a time in one directory. They may end as they like; this program, and the kernel, must go on.
 *
 *   files SEED CHILDREN CALLS
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static const char *const paths[] = {
    "a", "b", "d", "d/x", "d/y", "../w", "pipe", "link", "link/z", "", ".", "..", "/", "d/", "a/",
    "/proc", "/proc/self/fd/0", "/proc/self/fd/3", "/proc/self/stat", "/proc/1/maps", "/proc/self/maps", "/proc/self/cwd/a",
    "/proc/2/fd/1", "/proc/sys/kernel", "/proc/meminfo", "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ttyS1",
    "/dev/console", "/dev/fd/3", "/dev/nothing",
};

static const short calls[] = {
    SYS_read,       SYS_write,     SYS_open,        SYS_close,      SYS_creat,     SYS_link,       SYS_unlink,
    SYS_chdir,      SYS_mknod,     SYS_chmod,       SYS_lchown,     SYS_lseek,     SYS_access,     SYS_rename,
    SYS_mkdir,      SYS_rmdir,     SYS_dup,         SYS_pipe,       SYS_ioctl,     SYS_fcntl,      SYS_umask,
    SYS_dup2,       SYS_symlink,   SYS_readlink,    SYS_truncate,   SYS_ftruncate, SYS_fchmod,     SYS_fchown,
    SYS_stat,       SYS_lstat,     SYS_fstat,       SYS_fsync,      SYS_fchdir,    SYS__llseek,    SYS_getdents,
    SYS_readv,      SYS_writev,    SYS_poll,        SYS_pread64,    SYS_pwrite64,  SYS_chown,      SYS_getcwd,
    SYS_sendfile,   SYS_truncate64, SYS_ftruncate64, SYS_stat64,    SYS_lstat64,   SYS_fstat64,    SYS_lchown32,
    SYS_fchown32,   SYS_chown32,   SYS_getdents64,  SYS_fcntl64,    SYS_sendfile64, SYS_statfs64,  SYS_fstatfs64,
    SYS_utimes,     SYS_openat,    SYS_mkdirat,     SYS_mknodat,    SYS_fchownat,  SYS_futimesat,  SYS_fstatat64,
    SYS_unlinkat,   SYS_renameat,  SYS_linkat,      SYS_symlinkat,  SYS_readlinkat, SYS_fchmodat,  SYS_faccessat,
    SYS_utimensat,  SYS_dup3,      SYS_pipe2,       SYS_preadv,     SYS_pwritev,   SYS_syncfs,     SYS_renameat2,
    SYS_statx,      SYS_flock,     SYS__newselect,  SYS_select,     SYS_ppoll,     SYS_pselect6,   SYS_oldstat,
    SYS_oldlstat,   SYS_oldfstat,  SYS_utime,       SYS_close_range, SYS_mmap2,    SYS_getdents,   SYS_getdents64,
};

static unsigned state;
static unsigned area[32768];

static unsigned draw(void) {
  state = state * 1103515245 + 12345;
  return (state >> 8) ^ (state << 13);
}

static unsigned draw_path(void) { return (unsigned)paths[draw() % LENGTH(paths)]; }

static unsigned draw_argument(void) {
  switch (draw() % 16) {
    case 0: return 0;
    case 1: return -1;
    case 2: return draw();
    case 3: return 0xc0000000 + draw() % 65536; /* the kernel */
    case 4: return 0xbffff000 + draw() % 8192;  /* across the end of the stack */
    case 5: return 1u << draw() % 32;
    case 6: return draw() % 4096;
    case 7:
    case 8: return draw() % 12; /* perhaps a descriptor */
    case 9: return draw() % 40;
    case 10:
    case 11: return draw_path();
    case 12: return (unsigned)area + draw() % sizeof area;
    case 13: return (unsigned)area;
    case 14: return (unsigned)area + sizeof area - draw() % 16; /* across the end of the data */
    default: return AT_FDCWD;
  }
}

/* Standard input, output and error stay open, and so does most else. */
static int is_spared(int call, unsigned first, unsigned second) {
  if (call == SYS_close) return first < 3;
  if (call == SYS_dup2 || call == SYS_dup3) return second < 3;
  return call == SYS_close_range && draw() % 16 != 0;
}

static void make_call(void) {
  int call = calls[draw() % LENGTH(calls)];
  unsigned a[6];
  for (int i = 0; i < 6; i++) a[i] = draw_argument();
  if (draw() % 4 != 0) {
    if (call == SYS_openat || call == SYS_mkdirat || call == SYS_unlinkat) {
      a[0] = AT_FDCWD;
      a[1] = draw_path();
    } else if (draw() % 2 != 0) a[0] = draw_path();
    if (call == SYS_rename || call == SYS_link || call == SYS_symlink) a[1] = draw_path();
  }
  if (call == SYS_open) a[1] |= draw() % 8 != 0 ? O_NONBLOCK : 0;
  if (call == SYS_truncate || call == SYS_ftruncate) a[1] %= 300000;
  if (call == SYS_mmap2) a[0] = 0, a[1] %= 100000, a[3] = draw() % 2 + 1;
  if (!is_spared(call, a[0], a[1])) syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static pid_t start(unsigned seed, int count) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  state = seed * 7919 + 1;
  setsid();
  if (seed % 3 == 0 && setuid(1000) != 0) _exit(1);
  if (chdir("/tmp/w") != 0) _exit(1);
  open("/dev/null", O_RDWR);
  alarm(1);
  for (int i = 0; i < 64; i++) area[i] = draw_argument();
  while (count-- > 0) make_call();
  _exit(0);
}

int main(int count, char **arguments) {
  unsigned seed = count > 3 ? atoi(arguments[1]) : 1;
  int children = count > 3 ? atoi(arguments[2]) : 10;
  int calls_each = count > 3 ? atoi(arguments[3]) : 500;
  int status, null = open("/dev/null", O_RDWR);
  mkdir("/tmp/w", 0777);
  for (int i = 0; i < children; i += 2) {
    fflush(stdout);
    int saved = dup(1);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    pid_t one = start(seed + i, calls_each);
    pid_t other = start(seed + i + 1, calls_each);
    waitpid(one, &status, 0);
    waitpid(other, &status, 0);
    dup2(saved, 1);
    close(saved);
  }
  printf("survived %d children\n", children);
  return 0;
}
