/*
 * Random system calls about files, on a few names in a tmpfs, by three users: each call, its arguments and its answer is a
 * line. The sequence is a function of the seed (the first argument; the second is the number of calls), so two kernels
 * that agree print the same.
 *
 * The names make collisions likely: links that lead in circles, upwards, to nothing; directories where files are meant;
 * slashes and dots at the ends; a name that is too long. Calls are made by number, without what glibc would do about
 * them. FIFOs are left out, for they block.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 8, FIRST = 10, ROUND = 300 };

static uint32_t state;

static uint32_t chance(uint32_t n) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return (state >> 3) % n;
}

#define ONE_OF(...) (((const int[]){__VA_ARGS__})[chance(sizeof((const int[]){__VA_ARGS__}) / sizeof(int))])

static int descriptor(void) { return FIRST + chance(DESCRIPTORS); }
static int directory(void) { return chance(2) ? AT_FDCWD : descriptor(); }

static char longName[257];

/** One to three components, with whatever may stand between and behind them. */
static const char *path(void) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "l", "m", "loop"};
  static char texts[2][900];
  static int turn;
  char *text = texts[turn ^= 1];
  text[0] = 0;
  int count = 1 + chance(3);
  for (int i = 0; i < count; i++) {
    if (i > 0) strcat(text, chance(12) ? "/" : "//");
    uint32_t which = chance(24);
    if (which == 0) strcat(text, ".");
    else if (which == 1) strcat(text, "..");
    else if (which == 2 && chance(4) == 0) strcat(text, longName);
    else strcat(text, names[chance(8)]);
  }
  if (chance(10) == 0) strcat(text, "/");
  if (chance(60) == 0) strcat(text, "/.");
  if (chance(80) == 0) text[0] = 0;
  return text;
}

static void tell(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
}

static void answer(long result) {
  if (result == -1) printf(" = %s", strerrorname_np(errno));
  else printf(" = %ld", result);
}

static void tellStatus(const struct stat64 *status) {
  printf(" [%o n%d u%d g%d", status->st_mode, (int)status->st_nlink, status->st_uid, status->st_gid);
  if (S_ISREG(status->st_mode)) printf(" s%lld b%lld", (long long)status->st_size, (long long)status->st_blocks);
  printf("]");
}

static void become(int user) {
  setresuid(0, 0, 0);
  setresgid(0, 0, 0);
  if (user == 0) {
    setgroups(0, NULL);
    return;
  }
  const gid_t groups[] = {100, 1002};
  setgroups(2, groups);
  setresgid(user, user, 0);
  setresuid(user, user, 0);
}

/** Empties the directory `where`, whatever is in it. */
static void empty(const char *where) {
  DIR *stream = opendir(where);
  if (stream == NULL) return;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char inner[900];
    snprintf(inner, sizeof inner, "%s/%s", where, entry->d_name);
    if (entry->d_type == DT_DIR) {
      empty(inner);
      rmdir(inner);
    } else {
      unlink(inner);
    }
    rewinddir(stream);
  }
  closedir(stream);
}

static void begin(void) {
  become(0);
  for (int fd = FIRST; fd < FIRST + DESCRIPTORS; fd++) close(fd);
  chdir("/");
  chown("/", 0, 0);
  chmod("/", 0777);
  empty("/");
  umask(022);
  mkdir("d", 0777);
  mkdir("e", 0755);
  symlink("d", "l");
  symlink("../a", "m");
  symlink("loop", "loop");
  puts("--- another round");
}

static void opens(void) {
  int flags = chance(16) ? ONE_OF(O_RDONLY, O_WRONLY, O_RDWR) : O_ACCMODE;
  static const struct { int flag, oneIn; } more[] = {
    {O_CREAT, 2},    {O_EXCL, 4},     {O_TRUNC, 5},    {O_APPEND, 6},  {O_DIRECTORY, 8}, {O_NOFOLLOW, 6}, {O_PATH, 12},
    {O_CLOEXEC, 4},  {O_NONBLOCK, 8}, {O_NOATIME, 30}, {O_DIRECT, 25}, {O_TMPFILE, 20},  {O_SYNC, 30},
  };
  for (unsigned i = 0; i < sizeof more / sizeof *more; i++) {
    if (chance(more[i].oneIn) == 0) flags |= more[i].flag;
  }
  int mode = ONE_OF(0644, 0600, 0777, 0, 04755, 02755, 01777, 0444, 0111, 0222);
  int at = chance(4) ? AT_FDCWD : descriptor();
  const char *name = path();
  tell("open %d %.60s %o %o", at, name, flags, mode);
  int fd = syscall(SYS_openat, at, name, flags, mode);
  if (fd == -1) return answer(fd);
  int place = descriptor();
  dup2(fd, place);
  close(fd);
  struct stat64 status;
  fstat64(place, &status);
  tell(" at %d, flags %o", place, fcntl(place, F_GETFL));
  tellStatus(&status);
}

static void moves(void) {
  static unsigned char bytes[6000];
  int fd = descriptor(), count = chance(3) ? chance(20) : chance(6000);
  int offset = chance(10) ? (int)chance(8000) : -(int)chance(8000);
  long result = -1;
  for (int i = 0; i < count; i++) bytes[i] = i * 7 + offset;
  switch (chance(6)) {
  case 0: tell("read %d %d", fd, count), result = syscall(SYS_read, fd, bytes, count); break;
  case 1: tell("write %d %d", fd, count), result = syscall(SYS_write, fd, bytes, count); break;
  case 2: tell("pread %d %d %d", fd, count, offset), result = pread64(fd, bytes, count, offset); break;
  case 3: tell("pwrite %d %d %d", fd, count, offset), result = pwrite64(fd, bytes, count, offset); break;
  case 4: {
    int whence = chance(7);
    struct stat64 status; // where a directory's positions are is the file system's own affair
    if (fstat64(fd, &status) == 0 && S_ISDIR(status.st_mode)) return;
    tell("lseek %d %d %d", fd, offset, whence), result = syscall(SYS_lseek, fd, offset, whence);
    break;
  }
  case 5: {
    int from = descriptor();
    off_t start = chance(100);
    tell("sendfile %d %d %ld %d", fd, from, (long)start, count), result = syscall(SYS_sendfile, fd, from, &start, count);
    tell(" to %ld", (long)start);
  }
  }
  unsigned sum = 0;
  for (int i = 0; i < count; i++) sum = sum * 31 + bytes[i];
  answer(result);
  tell(" %x", sum);
}

static void makesAndRemoves(void) {
  const char *name = path();
  int at = directory(), mode = ONE_OF(0777, 0700, 0755, 0, 01777, 02775, 0311);
  switch (chance(5)) {
  case 0: tell("mkdir %d %.60s %o", at, name, mode); return answer(syscall(SYS_mkdirat, at, name, mode));
  case 1: tell("rmdir %.60s", name); return answer(syscall(SYS_rmdir, name));
  case 2: tell("unlink %.60s", name); return answer(syscall(SYS_unlink, name));
  case 3: {
    int flags = chance(3) ? AT_REMOVEDIR : chance(3);
    tell("unlinkat %d %.60s %x", at, name, flags);
    return answer(syscall(SYS_unlinkat, at, name, flags));
  }
  case 4: {
    int type = ONE_OF(S_IFSOCK, S_IFREG, S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK, 0);
    tell("mknod %.60s %o", name, type | mode);
    return answer(syscall(SYS_mknod, name, type | mode, 0x103));
  }
  }
}

static void links(void) {
  const char *from = path(), *to = path();
  int fromAt = directory(), toAt = directory();
  switch (chance(5)) {
  case 0: {
    int flags = ONE_OF(0, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW);
    tell("link %d %.60s %d %.60s %x", fromAt, from, toAt, to, flags);
    return answer(syscall(SYS_linkat, fromAt, from, toAt, to, flags));
  }
  case 1: tell("symlink %.60s %d %.60s", from, toAt, to); return answer(syscall(SYS_symlinkat, from, toAt, to));
  case 2: tell("rename %.60s %.60s", from, to); return answer(syscall(SYS_rename, from, to));
  case 3: {
    int flags = ONE_OF(0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_NOREPLACE | RENAME_EXCHANGE, 8);
    tell("rename %d %.60s %d %.60s %x", fromAt, from, toAt, to, flags);
    return answer(syscall(SYS_renameat2, fromAt, from, toAt, to, flags));
  }
  case 4: {
    char target[101] = "";
    int size = chance(8) ? 100 : chance(5);
    tell("readlink %.60s %d", from, size);
    answer(syscall(SYS_readlink, from, target, size));
    return tell(" %.60s", target);
  }
  }
}

static void attributes(void) {
  const char *name = path();
  int fd = descriptor(), at = directory();
  int mode = ONE_OF(0777, 0644, 0, 04755, 02755, 02644, 06777, 01777, 0400, 0100);
  int uid = ONE_OF(-1, 0, 1000, 1001), gid = ONE_OF(-1, 0, 1000, 1001, 100, 1002);
  int size = chance(10) ? (int)chance(9000) : -5;
  switch (chance(7)) {
  case 0: tell("chmod %.60s %o", name, mode); return answer(syscall(SYS_chmod, name, mode));
  case 1: tell("fchmod %d %o", fd, mode); return answer(syscall(SYS_fchmod, fd, mode));
  case 2: {
    int flags = ONE_OF(0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 4);
    tell("chown %d %.60s %d %d %x", at, name, uid, gid, flags);
    return answer(syscall(SYS_fchownat, at, name, uid, gid, flags));
  }
  case 3: tell("truncate %.60s %d", name, size); return answer(syscall(SYS_truncate, name, size));
  case 4: tell("ftruncate %d %d", fd, size); return answer(syscall(SYS_ftruncate, fd, size));
  case 5: {
    struct { long seconds, nanoseconds; } times[2] = {{100 + size, 5}, {200 + size, 7}};
    if (chance(2)) times[chance(2)].nanoseconds = ONE_OF(UTIME_OMIT, UTIME_NOW, 1000000000);
    int flags = ONE_OF(0, 0, AT_SYMLINK_NOFOLLOW, 1);
    tell("utimensat %d %.60s %ld %ld %x", at, name, times[0].nanoseconds, times[1].nanoseconds, flags);
    return answer(syscall(SYS_utimensat, at, name, times, flags));
  }
  case 6: {
    mode = ONE_OF(0, 022, 077, 0777, 02, 01777);
    tell("umask %o", mode);
    return answer(umask(mode));
  }
  }
}

static void questions(void) {
  const char *name = path();
  struct stat64 status;
  int at = directory();
  switch (chance(3)) {
  case 0: {
    int flags = ONE_OF(0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_EACCESS);
    tell("stat %d %.60s %x", at, name, flags);
    long result = syscall(SYS_fstatat64, at, name, &status, flags);
    answer(result);
    if (result == 0) tellStatus(&status);
    return;
  }
  case 1: {
    int mode = chance(9), flags = ONE_OF(0, AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH);
    tell("access %d %.60s %d %x", at, name, mode, flags);
    return answer(syscall(SYS_faccessat2, at, name, mode, flags));
  }
  case 2: {
    char where[300] = "";
    int fd = descriptor(), size = chance(5) ? 300 : chance(20);
    if (chance(2)) tell("chdir %.60s", name), answer(syscall(SYS_chdir, name));
    else tell("fchdir %d", fd), answer(syscall(SYS_fchdir, fd));
    tell(" getcwd");
    answer(syscall(SYS_getcwd, where, size));
    return tell(" %.60s", where);
  }
  }
}

static int byName(const struct dirent **one, const struct dirent **other) {
  return strcmp((*one)->d_name, (*other)->d_name);
}

static void lists(void) {
  struct dirent **entries;
  int count = scandir(".", &entries, NULL, byName);
  tell("list");
  for (int i = 0; i < count; i++) tell(" %s:%d", entries[i]->d_name, entries[i]->d_type);
}

static void controls(void) {
  int fd = descriptor(), other = descriptor();
  int flags = ONE_OF(0, O_APPEND, O_NONBLOCK, O_APPEND | O_NONBLOCK, O_NOATIME, O_RDWR, O_DIRECT, O_CLOEXEC, 1);
  switch (chance(5)) {
  case 0: tell("close %d", fd); return answer(syscall(SYS_close, fd));
  case 1: tell("dup2 %d %d", fd, other); return answer(syscall(SYS_dup2, fd, other));
  case 2: tell("dup3 %d %d %o", fd, other, flags); return answer(syscall(SYS_dup3, fd, other, flags));
  case 3: {
    tell("setfl %d %o", fd, flags);
    answer(syscall(SYS_fcntl64, fd, F_SETFL, flags));
    return tell(" now %o", (int)syscall(SYS_fcntl64, fd, F_GETFL, 0));
  }
  case 4: {
    int user = chance(2) ? 0 : ONE_OF(1000, 1001);
    tell("become %d", user);
    return become(user);
  }
  }
}

int main(int argc, char **argv) {
  state = atoi(argv[1]) * 2654435761u + 12345;
  memset(longName, 'z', 256);
  mkdir("/dev/shm/names", 0777);
  chdir("/dev/shm/names");
  chroot(".");
  for (int i = 0, count = atoi(argv[2]); i < count; i++) {
    if (i % ROUND == 0) begin();
    printf("%d: ", i);
    switch (chance(12)) {
    case 0: case 1: opens(); break;
    case 2: case 3: moves(); break;
    case 4: case 5: makesAndRemoves(); break;
    case 6: case 7: links(); break;
    case 8: attributes(); break;
    case 9: questions(); break;
    case 10: lists(); break;
    case 11: controls(); break;
    }
    puts("");
  }
  begin();
}
