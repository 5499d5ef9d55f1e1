/*
 * Descriptors: opening, closing, copying, and their flags.
 */

import { expect } from 'vitest';
import { type Blob, inout, input, output, text, words } from '../../emulator/agent/arguments.ts';
import {
  AT_FDCWD,
  AT_SYMLINK_FOLLOW,
  CLOSE_RANGE_CLOEXEC,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_GETLK,
  F_GETOWN,
  F_GETOWN_EX,
  F_GETPIPE_SZ,
  F_GETSIG,
  F_OFD_SETLK,
  F_OWNER_PID,
  F_RDLCK,
  F_SETFD,
  F_SETFL,
  F_SETLK,
  F_SETLK64,
  F_SETLKW,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETSIG,
  F_UNLCK,
  F_WRLCK,
  EFD_SEMAPHORE,
  FD_CLOEXEC,
  MFD_CLOEXEC,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
} from '../../kernel/abi/fcntl.ts';
import { FIOCLEX, FIONBIO, FIONCLEX, FIONREAD, TCGETS } from '../../kernel/abi/ioctl.ts';
import { RLIMIT_NOFILE } from '../../kernel/abi/resource.ts';
import { fails, onEveryTarget, rejects, succeeds, wildPointers } from './support/suite.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords, encodeWords } from '../../emulator/agent/records.ts';

/** The record of F_SETLK: from byte `start` on. */
function lockBytes(type: number, start: number, length: number): Uint8Array {
  return encodeWords([type & 0xffff, start, length, 0]);
}

function lock(type: number, start: number, length: number): Blob {
  return input(lockBytes(type, start, length));
}

/** The record of F_OFD_SETLK and F_SETLK64. */
function longLock(type: number, start: bigint, length: bigint, pid = 0): Blob {
  const halves = [start, length].flatMap((value) => [Number(BigInt.asIntN(32, value)), Number(value >> 32n)]);
  return input(encodeWords([type & 0xffff, ...halves, pid]));
}

onEveryTarget(({ syscall, check }) => {
  syscall(['open', 'openat', 'creat'], () => {
    check('O_TMPFILE: a file without a name, which may be given one', async ({ proc }) => {
      const temporary = O_TMPFILE_BIT | O_DIRECTORY;
      const fd = await succeeds(proc, 'open', text('.'), temporary | O_RDWR, 0o640);
      await proc.write(fd, 'data');
      expect(await proc.fstat(fd)).toMatchObject({ links: 0, size: 4 });
      await succeeds(proc, 'linkat', AT_FDCWD, text(`/proc/self/fd/${fd}`), AT_FDCWD, text('named'), AT_SYMLINK_FOLLOW);
      expect(await proc.stat('named')).toMatchObject({ links: 1, size: 4 });
      const nameless = await succeeds(proc, 'open', text('.'), temporary | O_RDWR | O_EXCL, 0o640);
      const path = text(`/proc/self/fd/${nameless}`);
      await fails(proc, 'ENOENT', 'linkat', AT_FDCWD, path, AT_FDCWD, text('other'), AT_SYMLINK_FOLLOW);
      await fails(proc, 'EINVAL', 'open', text('.'), temporary, 0o640);
      await fails(proc, 'ENOTDIR', 'open', text('named'), temporary | O_RDWR, 0o640);
    });
    check('give the lowest free number', async ({ proc }) => {
      expect(await proc.open('/dev/null', O_RDONLY)).toBe(3);
      expect(await proc.open('/dev/null', O_RDONLY)).toBe(4);
      await proc.close(3);
      expect(await proc.open('/dev/null', O_RDONLY)).toBe(3);
    });
    check('O_CREAT makes an empty file with the mode less the umask', async ({ proc }) => {
      await succeeds(proc, 'umask', 0o027);
      const fd = await proc.open('new', O_RDWR | O_CREAT, 0o666);
      const status = await proc.fstat(fd);
      expect(status).toMatchObject({ mode: 0o100640, size: 0, links: 1 });
    });
    check('a file made without the permission to write can be written by who made it', async ({ proc }) => {
      const fd = await proc.open('new', O_WRONLY | O_CREAT, 0o400);
      expect(await proc.write(fd, 'x')).toBe(1);
    });
    check('O_TRUNC empties, O_APPEND writes at the end', async ({ proc }) => {
      const first = await proc.open('file', O_WRONLY | O_CREAT, 0o600);
      await proc.write(first, 'long contents');
      const second = await proc.open('file', O_WRONLY | O_TRUNC);
      expect((await proc.fstat(first)).size).toBe(0);
      await proc.write(second, 'ab');
      const third = await proc.open('file', O_RDWR | O_APPEND);
      await proc.write(third, 'c');
      expect(await proc.readText(await proc.open('file', O_RDONLY))).toBe('abc');
    });
    check('openat starts at a directory; absolute names do not', async ({ proc }) => {
      await proc.mkdir('d');
      const directory = await proc.open('d', O_RDONLY | O_DIRECTORY);
      await succeeds(proc, 'openat', directory, text('inside'), O_CREAT | O_WRONLY, 0o600);
      await succeeds(proc, 'openat', AT_FDCWD, text('d/inside'), O_RDONLY, 0);
      await succeeds(proc, 'openat', 50, text('/dev/null'), O_RDONLY, 0);
    });
    check('creat is O_CREAT | O_WRONLY | O_TRUNC', async ({ proc }) => {
      const fd = await succeeds(proc, 'creat', text('file'), 0o644);
      await proc.write(fd, 'abc');
      expect((await proc.fcntl(fd, F_GETFL)) & O_ACCMODE).toBe(O_WRONLY);
      const again = await succeeds(proc, 'creat', text('file'), 0o644);
      expect((await proc.fstat(again)).size).toBe(0);
    });
    check('the last slash follows a link to a directory', async ({ proc }) => {
      await proc.mkdir('d');
      await proc.symlink('d', 'link');
      await proc.open('link/', O_RDONLY | O_DIRECTORY);
    });
    check('ENOENT: no such name, an empty name, a missing directory', async ({ proc }) => {
      await fails(proc, 'ENOENT', 'open', text('nothing'), O_RDONLY);
      await fails(proc, 'ENOENT', 'open', text(''), O_RDONLY);
      await fails(proc, 'ENOENT', 'open', text('nothing/file'), O_CREAT | O_WRONLY, 0o600);
      await proc.symlink('nowhere', 'dangling');
      await fails(proc, 'ENOENT', 'open', text('dangling'), O_RDONLY);
    });
    check('O_CREAT through a dangling link makes its target', async ({ proc }) => {
      await proc.symlink('target', 'link');
      await proc.open('link', O_CREAT | O_WRONLY, 0o600);
      await proc.stat('target');
    });
    check('EEXIST: O_EXCL and something is there, be it a dangling link', async ({ proc }) => {
      await proc.open('file', O_CREAT | O_EXCL | O_WRONLY, 0o600);
      await fails(proc, 'EEXIST', 'open', text('file'), O_CREAT | O_EXCL | O_WRONLY, 0o600);
      await proc.symlink('nowhere', 'link');
      await fails(proc, 'EEXIST', 'open', text('link'), O_CREAT | O_EXCL | O_WRONLY, 0o600);
    });
    check('EISDIR: a directory for writing', async ({ proc }) => {
      await fails(proc, 'EISDIR', 'open', text('.'), O_WRONLY);
      await fails(proc, 'EISDIR', 'open', text('.'), O_RDWR);
      await fails(proc, 'EISDIR', 'creat', text('.'), 0o600);
    });
    check('ENOTDIR: a file on the way, or at the end where a directory is wanted', async ({ proc }) => {
      await proc.open('file', O_CREAT | O_WRONLY, 0o600);
      await fails(proc, 'ENOTDIR', 'open', text('file/x'), O_RDONLY);
      await fails(proc, 'ENOTDIR', 'open', text('file'), O_RDONLY | O_DIRECTORY);
      await fails(proc, 'ENOTDIR', 'open', text('file/'), O_RDONLY);
      await fails(proc, 'ENOTDIR', 'openat', await proc.open('file', O_RDONLY), text('x'), O_RDONLY, 0);
    });
    check('ELOOP: links in a circle, or a link where none may be', async ({ proc }) => {
      await proc.symlink('b', 'a');
      await proc.symlink('a', 'b');
      await fails(proc, 'ELOOP', 'open', text('a'), O_RDONLY);
      await proc.symlink('/dev/null', 'link');
      await fails(proc, 'ELOOP', 'open', text('link'), O_RDONLY | O_NOFOLLOW);
    });
    check('ENAMETOOLONG: a component or a path beyond the limit', async ({ proc }) => {
      await fails(proc, 'ENAMETOOLONG', 'open', text('x'.repeat(256)), O_RDONLY);
      await fails(proc, 'ENOENT', 'open', text('x'.repeat(255)), O_RDONLY);
      const address = await proc.mmap({ length: 8192 });
      await proc.poke(address, new TextEncoder().encode('/'.repeat(4096) + 'etc\0'));
      await fails(proc, 'ENAMETOOLONG', 'open', address, O_RDONLY);
    });
    check('EMFILE: no number left', async ({ proc }) => {
      await succeeds(proc, 'setrlimit', RLIMIT_NOFILE, words(8, 8));
      for (let fd = 3; fd < 8; fd++) await proc.open('/dev/null', O_RDONLY);
      await fails(proc, 'EMFILE', 'open', text('/dev/null'), O_RDONLY);
      await fails(proc, 'EMFILE', 'dup', 0);
      await fails(proc, 'EMFILE', 'pipe', output(8));
    });
    check('EBADF: a relative name and no directory', ({ proc }) =>
      fails(proc, 'EBADF', 'openat', 50, text('x'), O_RDONLY, 0),
    );
    check('EFAULT: a wild name', async ({ proc }) => {
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'open', wild, O_RDONLY);
    });
  });

  syscall('close', () => {
    check('closes', async ({ proc }) => {
      const fd = await proc.open('/dev/null', O_RDONLY);
      await proc.close(fd);
      await rejects('EBADF', proc.fstat(fd));
    });
    check('EBADF: not open', async ({ proc }) => {
      await fails(proc, 'EBADF', 'close', 50);
      await fails(proc, 'EBADF', 'close', -1);
      await fails(proc, 'EBADF', 'close', 0x7fffffff);
    });
  });

  syscall('close_range', () => {
    check('closes all from first to last', async ({ proc }) => {
      for (let fd = 3; fd < 8; fd++) await proc.open('/dev/null', O_RDONLY);
      await succeeds(proc, 'close_range', 4, 6, 0);
      await fails(proc, 'EBADF', 'close', 5);
      await proc.close(3);
      await proc.close(7);
    });
    check('CLOSE_RANGE_CLOEXEC marks them only', async ({ proc }) => {
      const fd = await proc.open('/dev/null', O_RDONLY);
      await succeeds(proc, 'close_range', fd, fd, CLOSE_RANGE_CLOEXEC);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
    });
    check('EINVAL: last before first, unknown flags', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'close_range', 5, 4, 0);
      await fails(proc, 'EINVAL', 'close_range', 5, 6, 0x100);
    });
  });

  syscall(['dup', 'dup2', 'dup3'], () => {
    check('copies share the offset, not the flags', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT | O_CLOEXEC, 0o600);
      const copy = await proc.dup(fd);
      await proc.write(fd, 'abc');
      expect(await proc.lseek(copy, 0, 1)).toBe(3);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
      expect(await proc.fcntl(copy, F_GETFD)).toBe(0);
    });
    check('dup2 closes what was there, and leaves a number that is its own copy', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const file = await proc.open('/dev/null', O_RDONLY);
      expect(await proc.dup2(file, writeEnd)).toBe(writeEnd);
      expect(await proc.readText(readEnd)).toBe('');
      expect(await proc.dup2(file, file)).toBe(file);
    });
    check('dup3 sets O_CLOEXEC if asked', async ({ proc }) => {
      expect(await succeeds(proc, 'dup3', 0, 20, O_CLOEXEC)).toBe(20);
      expect(await proc.fcntl(20, F_GETFD)).toBe(FD_CLOEXEC);
    });
    check('EBADF: not open, or beyond the limit', async ({ proc }) => {
      await fails(proc, 'EBADF', 'dup', 50);
      await fails(proc, 'EBADF', 'dup2', 50, 5);
      await fails(proc, 'EBADF', 'dup2', 50, 50);
      await fails(proc, 'EBADF', 'dup2', 0, -1);
      await fails(proc, 'EBADF', 'dup2', 0, 0x100000);
    });
    check('EINVAL: dup3 to itself, or with unknown flags', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'dup3', 0, 0, 0);
      await fails(proc, 'EINVAL', 'dup3', 0, 9, O_APPEND);
    });
  });

  syscall('memfd_create', () => {
    check('a file without a name, to be written, mapped, and told of', async ({ proc }) => {
      const fd = await succeeds(proc, 'memfd_create', text('name'), MFD_CLOEXEC);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
      await proc.write(fd, 'data');
      expect(await proc.fstat(fd)).toMatchObject({ mode: 0o100777, links: 0, size: 4 });
      const { value, outputs } = await proc.run('readlink', text(`/proc/self/fd/${fd}`), output(64), 64);
      expect(new TextDecoder().decode(outputs[0]!.slice(0, value))).toBe('/memfd:name (deleted)');
    });
    check('EINVAL, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'memfd_create', text('name'), 0x80);
      await fails(proc, 'EINVAL', 'memfd_create', text('x'.repeat(250)), 0);
      await succeeds(proc, 'memfd_create', text('x'.repeat(249)), 0);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'memfd_create', wild, 0);
    });
  });

  syscall(['eventfd', 'eventfd2'], () => {
    const number = (value: bigint): Blob => input(new Uint8Array(BigUint64Array.of(value).buffer));
    const take = async (proc: Process, fd: number): Promise<bigint> =>
      new BigUint64Array((await proc.read(fd, 8)).slice().buffer)[0]!;
    check('a counter: writes add, a read takes all', async ({ proc }) => {
      const fd = await succeeds(proc, 'eventfd', 3);
      await succeeds(proc, 'write', fd, number(4n), 8);
      expect(await take(proc, fd)).toBe(7n);
      const child = await proc.fork();
      const waiting = take(child, fd);
      await succeeds(proc, 'write', fd, number(1n), 8);
      expect(await waiting).toBe(1n);
    });
    check('EFD_SEMAPHORE: a read takes 1', async ({ proc }) => {
      const fd = await succeeds(proc, 'eventfd2', 2, EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
      expect([await take(proc, fd), await take(proc, fd)]).toEqual([1n, 1n]);
      await fails(proc, 'EAGAIN', 'read', fd, output(8), 8);
      await succeeds(proc, 'write', fd, number(0xfffffffffffffffen), 8);
      await fails(proc, 'EAGAIN', 'write', fd, number(1n), 8);
    });
    check('EINVAL', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'eventfd2', 0, 2);
      const fd = await succeeds(proc, 'eventfd', 1);
      await fails(proc, 'EINVAL', 'read', fd, output(7), 7);
      await fails(proc, 'EINVAL', 'write', fd, number(0xffffffffffffffffn), 8);
    });
  });

  syscall(['fcntl', 'fcntl64'], () => {
    check('F_DUPFD copies to a number not below the argument', async ({ proc }) => {
      expect(await proc.fcntl(0, F_DUPFD, 30)).toBe(30);
      expect(await succeeds(proc, 'fcntl', 0, F_DUPFD, 30)).toBe(31);
      expect(await proc.fcntl(0, F_DUPFD_CLOEXEC, 30)).toBe(32);
      expect(await proc.fcntl(32, F_GETFD)).toBe(FD_CLOEXEC);
    });
    check('F_SETFL changes O_APPEND and O_NONBLOCK, and nothing else', async ({ proc }) => {
      const fd = await proc.open('file', O_WRONLY | O_CREAT, 0o600);
      await proc.fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_RDWR);
      const flags = await proc.fcntl(fd, F_GETFL);
      expect(flags & (O_APPEND | O_NONBLOCK | O_ACCMODE)).toBe(O_APPEND | O_NONBLOCK | O_WRONLY);
    });
    check('F_SETFD', async ({ proc }) => {
      await proc.fcntl(0, F_SETFD, FD_CLOEXEC);
      expect(await proc.fcntl(0, F_GETFD)).toBe(FD_CLOEXEC);
      await proc.fcntl(0, F_SETFD, 0);
      expect(await proc.fcntl(0, F_GETFD)).toBe(0);
    });
    check('F_GETPIPE_SZ is at least a page', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      expect(await proc.fcntl(readEnd, F_GETPIPE_SZ)).toBeGreaterThanOrEqual(4096);
      await fails(proc, 'EBADF', 'fcntl64', 0, F_GETPIPE_SZ, 0);
    });
    check('EBADF: not open', ({ proc }) => fails(proc, 'EBADF', 'fcntl64', 50, F_GETFD, 0));
    check('record locks: those of others are in the way; what is unlocked in the middle is not', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      await succeeds(proc, 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 10, 20));
      await succeeds(proc, 'fcntl64', fd, F_SETLK, lock(F_UNLCK, 15, 5));
      const child = await proc.fork(); // it inherits none
      const test = async (start: number, length: number): Promise<number[]> => {
        const { outputs } = await child.run('fcntl64', fd, F_GETLK, inout(lockBytes(F_RDLCK, start, length)));
        const [kind, ...place] = decodeWords(outputs[0]!);
        return [kind! & 0xffff, ...place];
      };
      expect(await test(0, 0)).toEqual([F_WRLCK, 10, 5, proc.pid]);
      expect(await test(16, 0)).toEqual([F_WRLCK, 20, 10, proc.pid]);
      expect(await test(15, 5)).toEqual([F_UNLCK, 15, 5, 0]);
      await fails(child, 'EAGAIN', 'fcntl64', fd, F_SETLK, lock(F_RDLCK, 14, 1));
      await succeeds(child, 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 15, 5));
    });
    check('record locks: closing any descriptor of the file drops them', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      const other = await proc.open('file', O_RDONLY);
      await succeeds(proc, 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 0, 0));
      const child = await proc.fork();
      const waiting = child.call('fcntl64', fd, F_SETLKW, lock(F_WRLCK, 5, 1));
      await proc.close(other);
      expect(await waiting).toBe(0);
    });
    check('record locks: EDEADLK: two wait for each other', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      const child = await proc.fork();
      await succeeds(proc, 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 0, 1));
      await succeeds(child, 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 1, 1));
      const results = await Promise.all([
        proc.call('fcntl64', fd, F_SETLKW, lock(F_WRLCK, 1, 1)).finally(() => proc.close(fd)),
        child.call('fcntl64', fd, F_SETLKW, lock(F_WRLCK, 0, 1)).finally(() => child.close(fd)),
      ]);
      expect(results.toSorted((a, b) => a - b)).toEqual([-35, 0]);
    });
    check('record locks of open files: in the way of processes, their own included', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      await succeeds(proc, 'fcntl64', fd, F_OFD_SETLK, longLock(F_WRLCK, 0n, 10n));
      await fails(proc, 'EAGAIN', 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 5, 1));
      await succeeds(await proc.fork(), 'fcntl64', fd, F_OFD_SETLK, longLock(F_WRLCK, 5n, 10n)); // the same open file
      await fails(proc, 'EINVAL', 'fcntl64', fd, F_OFD_SETLK, longLock(F_WRLCK, 0n, 10n, proc.pid));
    });
    check('record locks: EBADF, EINVAL, EOVERFLOW, EFAULT', async ({ proc }) => {
      const fd = await proc.open('file', O_RDONLY | O_CREAT, 0o600);
      await fails(proc, 'EBADF', 'fcntl64', fd, F_SETLK, lock(F_WRLCK, 0, 1));
      await fails(proc, 'EINVAL', 'fcntl64', fd, F_SETLK, lock(9, 0, 1));
      await fails(proc, 'EINVAL', 'fcntl64', fd, F_SETLK, lock(F_RDLCK, -1, 1));
      await fails(proc, 'EINVAL', 'fcntl64', fd, F_GETLK, lock(F_UNLCK, 0, 1));
      await fails(proc, 'EOVERFLOW', 'fcntl64', fd, F_SETLK64, longLock(F_RDLCK, 0x7fffffffffffffffn, 2n));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'fcntl64', fd, F_SETLK, wild);
    });
    check('owner and signal are kept', async ({ proc }) => {
      const [fd] = await proc.pipe();
      expect(await proc.fcntl(fd, F_GETOWN)).toBe(0);
      await proc.fcntl(fd, F_SETOWN, proc.pid);
      expect(await proc.fcntl(fd, F_GETOWN)).toBe(proc.pid);
      const { outputs } = await proc.run('fcntl64', fd, F_GETOWN_EX, output(8));
      expect([...decodeWords(outputs[0]!)]).toEqual([F_OWNER_PID, proc.pid]);
      await proc.fcntl(fd, F_SETSIG, 10);
      expect(await proc.fcntl(fd, F_GETSIG)).toBe(10);
      await fails(proc, 'ESRCH', 'fcntl64', fd, F_SETOWN, 0x3fffff);
      await fails(proc, 'EINVAL', 'fcntl64', fd, F_SETSIG, 65);
      await fails(proc, 'EINVAL', 'fcntl64', fd, F_SETOWN_EX, words(3, 1));
    });
    check('EINVAL: an unknown command, a number that cannot be', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'fcntl64', 0, 9999, 0);
      await fails(proc, 'EINVAL', 'fcntl64', 0, F_DUPFD, -1);
      await fails(proc, 'EINVAL', 'fcntl64', 0, F_DUPFD, 0x100000);
    });
  });

  syscall('ioctl', () => {
    check('FIOCLEX and FIONCLEX set and clear the flag', async ({ proc }) => {
      await succeeds(proc, 'ioctl', 0, FIOCLEX, 0);
      expect(await proc.fcntl(0, F_GETFD)).toBe(FD_CLOEXEC);
      await succeeds(proc, 'ioctl', 0, FIONCLEX, 0);
      expect(await proc.fcntl(0, F_GETFD)).toBe(0);
    });
    check('FIONREAD tells what a pipe holds', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.write(writeEnd, 'five!');
      const { outputs } = await proc.run('ioctl', readEnd, FIONREAD, output(4));
      expect(decodeWords(outputs[0]!)).toEqual([5]);
    });
    check('FIONBIO makes a descriptor non-blocking', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      await succeeds(proc, 'ioctl', readEnd, FIONBIO, words(1));
      await fails(proc, 'EAGAIN', 'read', readEnd, output(1), 1);
    });
    check('ENOTTY: a request that the file does not know', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      await fails(proc, 'ENOTTY', 'ioctl', fd, TCGETS, output(64));
      await fails(proc, 'ENOTTY', 'ioctl', fd, 0xdead, 0);
    });
    check('EBADF: not open', ({ proc }) => fails(proc, 'EBADF', 'ioctl', 50, FIONREAD, 0));
    check('EFAULT: a wild result', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'ioctl', readEnd, FIONREAD, wild);
    });
  });

  syscall('umask', () => {
    check('gives the one before, and keeps only permissions', async ({ proc }) => {
      await succeeds(proc, 'umask', 0o22);
      expect(await proc.call('umask', 0o177777)).toBe(0o22);
      expect(await proc.call('umask', 0)).toBe(0o777);
    });
    check('is inherited', async ({ proc }) => {
      await succeeds(proc, 'umask', 0o53);
      const child = await proc.fork();
      expect(await child.call('umask', 0)).toBe(0o53);
      expect(await proc.call('umask', 0)).toBe(0o53);
    });
  });
});
