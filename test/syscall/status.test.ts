/*
 * What is known of files: status in all its layouts, permissions, owners, times, file systems.
 */

import { expect } from 'vitest';
import { output, text, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  F_OK,
  O_CREAT,
  O_RDONLY,
  O_WRONLY,
  R_OK,
  W_OK,
  X_OK,
} from '../../kernel/abi/fcntl.ts';
import {
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_BASIC_STATS,
  UTIME_NOW,
  UTIME_OMIT,
} from '../../kernel/abi/stat.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

async function make(proc: Process, name: string, contents = ''): Promise<void> {
  const fd = await proc.open(name, O_WRONLY | O_CREAT, 0o644);
  if (contents !== '') await proc.write(fd, contents);
  await proc.close(fd);
}

function view(blob: Uint8Array | undefined): DataView {
  return new DataView(blob!.buffer, blob!.byteOffset, blob!.length);
}

const OLD_STAT_SIZE = 32;
const STAT_SIZE = 64;
const STAT64_SIZE = 96;
const STATX_SIZE = 256;

onEveryTarget(({ target, syscall, check }) => {
  syscall(['stat64', 'lstat64', 'fstat64', 'fstatat64'], () => {
    check('tell type, mode, links, size, owner', async ({ proc }) => {
      await succeeds(proc, 'umask', 0);
      await make(proc, 'file', 'hello');
      const wanted = { mode: S_IFREG | 0o644, links: 1, size: 5, uid: await proc.call('geteuid') };
      expect(await proc.stat('file')).toMatchObject(wanted);
      expect(await proc.lstat('file')).toMatchObject(wanted);
      expect(await proc.fstat(await proc.open('file', O_RDONLY))).toMatchObject(wanted);
    });
    check('stat64 follows a link, lstat64 does not', async ({ proc }) => {
      await make(proc, 'file', 'hello');
      await proc.symlink('file', 'link');
      expect((await proc.stat('link')).mode & S_IFMT).toBe(S_IFREG);
      expect((await proc.lstat('link')).mode & S_IFMT).toBe(S_IFLNK);
      const { outputs } = await proc.run('fstatat64', AT_FDCWD, text('link'), output(STAT64_SIZE), AT_SYMLINK_NOFOLLOW);
      expect(view(outputs[0]).getUint32(16, true) & S_IFMT).toBe(S_IFLNK);
    });
    check('fstatat64 with AT_EMPTY_PATH tells of the descriptor', async ({ proc }) => {
      await make(proc, 'file', 'hello');
      const fd = await proc.open('file', O_RDONLY);
      const { outputs } = await proc.run('fstatat64', fd, text(''), output(STAT64_SIZE), AT_EMPTY_PATH);
      expect(view(outputs[0]).getUint32(44, true)).toBe(5);
      await fails(proc, 'ENOENT', 'fstatat64', fd, text(''), output(STAT64_SIZE), 0);
    });
    check('a device has a number', async ({ proc }) => {
      expect(await proc.stat('/dev/null')).toMatchObject({ rdev: 0x103n });
      expect((await proc.stat('/dev/zero')).mode & S_IFMT).toBe(S_IFCHR);
    });
    check('ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EBADF, EINVAL', async ({ proc }) => {
      await make(proc, 'file');
      await proc.symlink('loop', 'loop');
      await fails(proc, 'ENOENT', 'stat64', text('nothing'), output(STAT64_SIZE));
      await fails(proc, 'ENOTDIR', 'lstat64', text('file/x'), output(STAT64_SIZE));
      await fails(proc, 'ELOOP', 'stat64', text('loop'), output(STAT64_SIZE));
      await fails(proc, 'ENAMETOOLONG', 'stat64', text('x'.repeat(256)), output(STAT64_SIZE));
      await fails(proc, 'EBADF', 'fstat64', 50, output(STAT64_SIZE));
      await fails(proc, 'EBADF', 'fstatat64', 50, text('x'), output(STAT64_SIZE), 0);
      await fails(proc, 'EINVAL', 'fstatat64', AT_FDCWD, text('file'), output(STAT64_SIZE), 0x40000);
    });
    check('EFAULT', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'stat64', wild, output(STAT64_SIZE));
        await fails(proc, 'EFAULT', 'stat64', text('.'), wild);
        await fails(proc, 'EFAULT', 'lstat64', text('.'), wild);
        await fails(proc, 'EFAULT', 'fstat64', 0, wild);
        await fails(proc, 'EFAULT', 'fstatat64', AT_FDCWD, text('.'), wild, 0);
      }
    });
  });

  syscall(['stat', 'lstat', 'fstat'], () => {
    check('tell the same in the layout of 1993', async ({ proc }) => {
      await make(proc, 'file', 'hello');
      await proc.symlink('file', 'link');
      const fd = await proc.open('file', O_RDONLY);
      const regular = (await proc.stat('file')).mode;
      for (const [name, subject, mode, size] of [
        ['stat', text('link'), regular, 5],
        ['lstat', text('link'), S_IFLNK | 0o777, 4],
        ['fstat', fd, regular, 5],
      ] as const) {
        const { outputs } = await proc.run(name, subject, output(STAT_SIZE));
        expect([name, view(outputs[0]).getUint16(8, true), view(outputs[0]).getUint32(20, true)]).toEqual([
          name,
          mode,
          size,
        ]);
      }
    });
    check('ENOENT, EBADF, EFAULT', async ({ proc }) => {
      await fails(proc, 'ENOENT', 'stat', text('nothing'), output(STAT_SIZE));
      await fails(proc, 'ENOENT', 'lstat', text('nothing'), output(STAT_SIZE));
      await fails(proc, 'EBADF', 'fstat', 50, output(STAT_SIZE));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'stat', text('.'), wild);
    });
  });

  // Of 1991: a 64-bit Linux has these only if it was built so, and then not for every file system.
  if (target.own) {
    syscall(['oldstat', 'oldlstat', 'oldfstat'], () => {
      check('tell the same in the layout of 1991', async ({ proc }) => {
        await make(proc, 'file', 'hello');
        await proc.symlink('file', 'link');
        const fd = await proc.open('file', O_RDONLY);
        for (const [name, subject, size] of [
          ['oldstat', text('link'), 5],
          ['oldlstat', text('link'), 4],
          ['oldfstat', fd, 5],
        ] as const) {
          const { outputs } = await proc.run(name, subject, output(OLD_STAT_SIZE));
          expect([name, view(outputs[0]).getUint32(16, true)]).toEqual([name, size]);
        }
        await fails(proc, 'ENOENT', 'oldstat', text('nothing'), output(OLD_STAT_SIZE));
        await fails(proc, 'EBADF', 'oldfstat', 50, output(OLD_STAT_SIZE));
      });
    });
  }

  syscall('statx', () => {
    check('tells what it is asked for, and says so', async ({ proc }) => {
      await make(proc, 'file', 'hello');
      const { outputs } = await proc.run('statx', AT_FDCWD, text('file'), 0, STATX_BASIC_STATS, output(STATX_SIZE));
      const record = view(outputs[0]);
      expect(record.getUint32(0, true) & STATX_BASIC_STATS).toBe(STATX_BASIC_STATS);
      expect(record.getUint16(28, true) & S_IFMT).toBe(S_IFREG);
      expect(record.getBigUint64(32, true)).toBe((await proc.stat('file')).inode);
      expect(record.getBigUint64(40, true)).toBe(5n);
    });
    check('EINVAL: reserved bits; ENOENT, EBADF, EFAULT', async ({ proc }) => {
      const call = (fd: number, name: string, flags: number, mask: number) =>
        [fd, text(name), flags, mask, output(STATX_SIZE)] as const;
      await fails(proc, 'EINVAL', 'statx', ...call(AT_FDCWD, '.', 0, 0x80000000));
      await fails(proc, 'EINVAL', 'statx', ...call(AT_FDCWD, '.', 0x40000, STATX_BASIC_STATS));
      await fails(proc, 'ENOENT', 'statx', ...call(AT_FDCWD, 'nothing', 0, STATX_BASIC_STATS));
      await fails(proc, 'EBADF', 'statx', ...call(50, 'x', 0, STATX_BASIC_STATS));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'statx', AT_FDCWD, text('.'), 0, STATX_BASIC_STATS, wild);
      }
    });
  });

  syscall(['access', 'faccessat', 'faccessat2'], () => {
    check('say what the caller may do', async ({ proc }) => {
      await make(proc, 'file');
      await succeeds(proc, 'access', text('file'), F_OK);
      await succeeds(proc, 'access', text('file'), R_OK | W_OK);
      await fails(proc, 'EACCES', 'access', text('file'), X_OK);
      await succeeds(proc, 'faccessat', AT_FDCWD, text('.'), X_OK);
      await succeeds(proc, 'faccessat2', AT_FDCWD, text('.'), X_OK, AT_EACCESS);
    });
    check('access asks for the real owner, AT_EACCESS for the effective one', async ({ proc }) => {
      if ((await proc.call('geteuid')) !== 0) return;
      await make(proc, 'file');
      await succeeds(proc, 'chmod', text('file'), 0o600);
      await succeeds(proc, 'chmod', text('.'), 0o755);
      await succeeds(proc, 'setresuid32', 1000, 0, 0);
      await fails(proc, 'EACCES', 'access', text('file'), R_OK);
      await succeeds(proc, 'faccessat2', AT_FDCWD, text('file'), R_OK, AT_EACCESS);
    });
    check('EINVAL: an unknown question; ENOENT, ENOTDIR, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'EINVAL', 'access', text('file'), 8);
      await fails(proc, 'EINVAL', 'faccessat2', AT_FDCWD, text('file'), F_OK, 0x40000);
      await fails(proc, 'ENOENT', 'access', text('nothing'), F_OK);
      await fails(proc, 'ENOTDIR', 'access', text('file/x'), F_OK);
      await fails(proc, 'EBADF', 'faccessat', 50, text('x'), F_OK);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'access', wild, F_OK);
    });
  });

  syscall(['chmod', 'fchmod', 'fchmodat'], () => {
    check('change permissions, and leave the type', async ({ proc }) => {
      await make(proc, 'file');
      await succeeds(proc, 'chmod', text('file'), 0o7751);
      expect((await proc.stat('file')).mode).toBe(S_IFREG | 0o7751);
      await succeeds(proc, 'fchmod', await proc.open('file', O_RDONLY), 0o100400);
      expect((await proc.stat('file')).mode).toBe(S_IFREG | 0o400);
      await succeeds(proc, 'fchmodat', AT_FDCWD, text('.'), 0o700);
      expect((await proc.stat('.')).mode).toBe(S_IFDIR | 0o700);
    });
    check('EPERM: a file of somebody else', async ({ proc }) => {
      if ((await proc.call('geteuid')) !== 0) return;
      await make(proc, 'file');
      await succeeds(proc, 'chmod', text('.'), 0o777);
      await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'chmod', text('file'), 0o777);
    });
    check('ENOENT, ENOTDIR, EBADF, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOENT', 'chmod', text('nothing'), 0);
      await fails(proc, 'ENOTDIR', 'chmod', text('file/x'), 0);
      await fails(proc, 'EBADF', 'fchmod', 50, 0);
      await fails(proc, 'EBADF', 'fchmodat', 50, text('x'), 0);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'chmod', wild, 0);
    });
  });

  syscall('fchmodat2', () => {
    check('with flags: the descriptor itself, and no link', async ({ proc }) => {
      const fd = await proc.open('file', O_WRONLY | O_CREAT, 0o600);
      await proc.symlink('file', 'link');
      await succeeds(proc, 'fchmodat2', fd, text(''), 0o640, AT_EMPTY_PATH);
      expect((await proc.stat('file')).mode & 0o777).toBe(0o640);
      await succeeds(proc, 'fchmodat2', AT_FDCWD, text('link'), 0o400, 0);
      expect((await proc.stat('file')).mode & 0o777).toBe(0o400);
      await fails(proc, 'EOPNOTSUPP', 'fchmodat2', AT_FDCWD, text('link'), 0o600, AT_SYMLINK_NOFOLLOW);
      await fails(proc, 'EINVAL', 'fchmodat2', AT_FDCWD, text('link'), 0o600, AT_EACCESS);
      await fails(proc, 'ENOENT', 'fchmodat2', AT_FDCWD, text('none'), 0o600, 0);
    });
  });

  syscall(['chown', 'chown32', 'lchown', 'lchown32', 'fchown', 'fchown32', 'fchownat'], () => {
    check('-1 leaves an owner as it is', async ({ proc }) => {
      await make(proc, 'file');
      await proc.symlink('file', 'link');
      const fd = await proc.open('file', O_RDONLY);
      const { uid, gid } = await proc.stat('file');
      await succeeds(proc, 'chown', text('file'), 0xffff, 0xffff);
      await succeeds(proc, 'chown32', text('file'), -1, -1);
      await succeeds(proc, 'lchown', text('link'), 0xffff, 0xffff);
      await succeeds(proc, 'lchown32', text('link'), -1, -1);
      await succeeds(proc, 'fchown', fd, 0xffff, 0xffff);
      await succeeds(proc, 'fchown32', fd, -1, -1);
      await succeeds(proc, 'fchownat', AT_FDCWD, text('file'), -1, -1, 0);
      expect(await proc.stat('file')).toMatchObject({ uid, gid });
    });
    check('root gives files away, whereby set-uid bits go', async ({ proc }) => {
      if ((await proc.call('geteuid')) !== 0) return;
      await make(proc, 'file');
      await succeeds(proc, 'chmod', text('file'), 0o6755);
      await succeeds(proc, 'chown32', text('file'), 1000, 2000);
      expect(await proc.stat('file')).toMatchObject({ uid: 1000, gid: 2000, mode: S_IFREG | 0o755 });
      await proc.symlink('file', 'link');
      await succeeds(proc, 'lchown32', text('link'), 7, 8);
      expect(await proc.lstat('link')).toMatchObject({ uid: 7, gid: 8 });
      expect(await proc.stat('link')).toMatchObject({ uid: 1000, gid: 2000 });
    });
    check('EPERM: others do not', async ({ proc }) => {
      if ((await proc.call('geteuid')) === 0) await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'chown32', text('/'), 1000, -1);
    });
    check('ENOENT, ENOTDIR, EBADF, EINVAL, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOENT', 'chown32', text('nothing'), -1, -1);
      await fails(proc, 'ENOTDIR', 'lchown32', text('file/x'), -1, -1);
      await fails(proc, 'EBADF', 'fchown32', 50, -1, -1);
      await fails(proc, 'EINVAL', 'fchownat', AT_FDCWD, text('file'), -1, -1, 0x40000);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'chown32', wild, -1, -1);
    });
  });

  syscall(['utime', 'utimes', 'futimesat', 'utimensat', 'utimensat_time64'], () => {
    check('set both times', async ({ proc }) => {
      await make(proc, 'file');
      const times = async () => {
        const { atime, mtime } = await proc.stat('file');
        return [atime, mtime];
      };
      await succeeds(proc, 'utime', text('file'), words(1000, 2000));
      expect(await times()).toEqual([1000, 2000]);
      await succeeds(proc, 'utimes', text('file'), words(3000, 0, 4000, 0));
      expect(await times()).toEqual([3000, 4000]);
      await succeeds(proc, 'futimesat', AT_FDCWD, text('file'), words(5000, 0, 6000, 0));
      expect(await times()).toEqual([5000, 6000]);
      await succeeds(proc, 'utimensat', AT_FDCWD, text('file'), words(7000, 0, 8000, 0), 0);
      expect(await times()).toEqual([7000, 8000]);
      await succeeds(proc, 'utimensat_time64', AT_FDCWD, text('file'), words(9000, 0, 0, 0, 9500, 0, 0, 0), 0);
      expect(await times()).toEqual([9000, 9500]);
    });
    check('UTIME_OMIT leaves one, UTIME_NOW and null take the clock', async ({ proc }) => {
      await make(proc, 'file');
      await succeeds(proc, 'utime', text('file'), words(1000, 2000));
      await succeeds(proc, 'utimensat', AT_FDCWD, text('file'), words(0, UTIME_OMIT, 0, UTIME_NOW), 0);
      const { atime, mtime } = await proc.stat('file');
      expect(atime).toBe(1000);
      expect(mtime).toBeGreaterThan(1_000_000);
      await succeeds(proc, 'utime', text('file'), null);
      expect((await proc.stat('file')).atime).toBeGreaterThanOrEqual(mtime);
    });
    check('EINVAL: impossible fractions', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'EINVAL', 'utimensat', AT_FDCWD, text('file'), words(0, 2_000_000_000, 0, 0), 0);
      await fails(proc, 'EINVAL', 'utimes', text('file'), words(0, 1_000_000, 0, 0));
    });
    check('ENOENT, EBADF, EFAULT', async ({ proc }) => {
      await fails(proc, 'ENOENT', 'utime', text('nothing'), null);
      await fails(proc, 'ENOENT', 'utimes', text('nothing'), null);
      await fails(proc, 'EBADF', 'utimensat', 50, text('x'), null, 0);
      await make(proc, 'file');
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'utime', text('file'), wild);
        await fails(proc, 'EFAULT', 'utimes', text('file'), wild);
        await fails(proc, 'EFAULT', 'utimensat', AT_FDCWD, text('file'), wild, 0);
        await fails(proc, 'EFAULT', 'utime', wild, null);
      }
    });
  });

  syscall(['statfs', 'fstatfs', 'statfs64', 'fstatfs64'], () => {
    check('tell the block size and the longest name', async ({ proc }) => {
      const fd = await proc.open('.', O_RDONLY);
      for (const [name, ...args] of [
        ['statfs', text('.'), output(64)],
        ['fstatfs', fd, output(64)],
      ] as const) {
        const { outputs } = await proc.run(name, ...args);
        expect(view(outputs[0]).getUint32(4, true), name).toBe(4096);
        expect(view(outputs[0]).getUint32(36, true), name).toBe(255);
      }
      for (const [name, ...args] of [
        ['statfs64', text('.'), 84, output(84)],
        ['fstatfs64', fd, 84, output(84)],
      ] as const) {
        const { outputs } = await proc.run(name, ...args);
        expect(view(outputs[0]).getUint32(4, true), name).toBe(4096);
        expect(view(outputs[0]).getUint32(56, true), name).toBe(255);
      }
    });
    check('EINVAL: another size', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'statfs64', text('.'), 80, output(84));
      await fails(proc, 'EINVAL', 'fstatfs64', 0, 0, output(84));
    });
    check('ENOENT, EBADF, EFAULT', async ({ proc }) => {
      await fails(proc, 'ENOENT', 'statfs', text('nothing'), output(64));
      await fails(proc, 'ENOENT', 'statfs64', text('nothing'), 84, output(84));
      await fails(proc, 'EBADF', 'fstatfs', 50, output(64));
      await fails(proc, 'EBADF', 'fstatfs64', 50, 84, output(84));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'statfs', text('.'), wild);
        await fails(proc, 'EFAULT', 'statfs64', text('.'), 84, wild);
      }
    });
  });

  syscall(['open', 'access', 'chdir', 'unlink'], () => {
    check('EACCES: permissions hold for whoever is not root', async ({ proc }) => {
      if ((await proc.call('geteuid')) !== 0) return;
      await make(proc, 'secret');
      await succeeds(proc, 'chmod', text('secret'), 0o600);
      await proc.mkdir('closed', 0o700);
      await make(proc, 'closed/file');
      await succeeds(proc, 'chmod', text('.'), 0o755);
      await succeeds(proc, 'setresgid32', 1000, 1000, 1000);
      await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EACCES', 'open', text('secret'), O_RDONLY, 0);
      await fails(proc, 'EACCES', 'open', text('new'), O_CREAT | O_WRONLY, 0o600);
      await fails(proc, 'EACCES', 'open', text('closed/file'), O_RDONLY, 0);
      await fails(proc, 'EACCES', 'chdir', text('closed'));
      await fails(proc, 'EACCES', 'unlink', text('secret'));
      await fails(proc, 'EACCES', 'mkdir', text('d'), 0o700);
      await fails(proc, 'EACCES', 'rename', text('secret'), text('mine'));
      await fails(proc, 'EACCES', 'truncate', text('secret'), 0);
    });
    check('EPERM, EACCES: in a sticky directory names belong to their owners', async ({ proc }) => {
      if ((await proc.call('geteuid')) !== 0) return;
      await make(proc, 'file');
      await succeeds(proc, 'chmod', text('.'), 0o1777);
      await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'unlink', text('file'));
      await fails(proc, 'EPERM', 'rename', text('file'), text('mine'));
    });
  });
});
