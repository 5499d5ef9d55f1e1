/*
 * Names: directories, links, renaming, where a process stands.
 */

import { expect } from 'vitest';
import { output, text } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeString } from '../../emulator/agent/records.ts';
import { DT_DIR, DT_LNK, DT_REG } from '../../kernel/abi/dirent.ts';
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  O_CREAT,
  O_DIRECTORY,
  O_RDONLY,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  SEEK_SET,
} from '../../kernel/abi/fcntl.ts';
import { S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG } from '../../kernel/abi/stat.ts';
import { fails, onEveryTarget, rejects, succeeds, wildPointers } from './support/suite.ts';

async function make(proc: Process, name: string, contents = ''): Promise<void> {
  const fd = await proc.open(name, O_WRONLY | O_CREAT, 0o600);
  if (contents !== '') await proc.write(fd, contents);
  await proc.close(fd);
}

async function contents(proc: Process, name: string): Promise<string> {
  const fd = await proc.open(name, O_RDONLY);
  const all = await proc.readAll(fd);
  await proc.close(fd);
  return all;
}

async function names(proc: Process, directory: string): Promise<string[]> {
  const fd = await proc.open(directory, O_RDONLY | O_DIRECTORY);
  const entries = await proc.getdents(fd);
  await proc.close(fd);
  return entries.map(({ name }) => name).sort();
}

const longName = 'x'.repeat(256);

onEveryTarget(({ target, syscall, check }) => {
  syscall(['mkdir', 'mkdirat'], () => {
    check('make a directory with . and .., and count links', async ({ proc }) => {
      await succeeds(proc, 'umask', 0o022);
      const before = (await proc.stat('.')).links;
      await proc.mkdir('d', 0o777);
      expect(await proc.stat('d')).toMatchObject({ mode: S_IFDIR | 0o755, links: 2 });
      expect((await proc.stat('.')).links).toBe(before + 1);
      expect(await names(proc, 'd')).toEqual(['.', '..']);
      expect((await proc.stat('d/..')).inode).toBe((await proc.stat('.')).inode);
    });
    check('mkdirat starts at a directory', async ({ proc }) => {
      await proc.mkdir('d');
      const fd = await proc.open('d', O_RDONLY);
      await succeeds(proc, 'mkdirat', fd, text('e'), 0o700);
      await succeeds(proc, 'mkdirat', AT_FDCWD, text('d/f/'), 0o700);
      expect(await names(proc, 'd')).toEqual(['.', '..', 'e', 'f']);
    });
    check('EEXIST: something is there', async ({ proc }) => {
      await make(proc, 'file');
      await proc.symlink('nowhere', 'link');
      for (const name of ['file', 'link', '.', '..', '/']) await fails(proc, 'EEXIST', 'mkdir', text(name), 0o700);
    });
    check('ENOENT, ENOTDIR, ENAMETOOLONG, EFAULT, EBADF', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOENT', 'mkdir', text('no/d'), 0o700);
      await fails(proc, 'ENOENT', 'mkdir', text(''), 0o700);
      await fails(proc, 'ENOTDIR', 'mkdir', text('file/d'), 0o700);
      await fails(proc, 'ENAMETOOLONG', 'mkdir', text(longName), 0o700);
      await fails(proc, 'EBADF', 'mkdirat', 50, text('d'), 0o700);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'mkdir', wild, 0o700);
    });
  });

  syscall('rmdir', () => {
    check('removes an empty directory', async ({ proc }) => {
      await proc.mkdir('d');
      await proc.rmdir('d');
      await rejects('ENOENT', proc.stat('d'));
    });
    check('who stands in it finds nothing there any more', async ({ proc }) => {
      await proc.mkdir('d');
      await proc.chdir('d');
      await proc.rmdir('../d');
      await fails(proc, 'ENOENT', 'open', text('new'), O_CREAT | O_WRONLY, 0o600);
      await fails(proc, 'ENOENT', 'getcwd', output(100), 100);
    });
    check('ENOTEMPTY: something is in it', async ({ proc }) => {
      await proc.mkdir('d');
      await make(proc, 'd/file');
      await fails(proc, 'ENOTEMPTY', 'rmdir', text('d'));
      await fails(proc, 'ENOTEMPTY', 'rmdir', text('d/..'));
    });
    check('EINVAL: a dot at the end', async ({ proc }) => {
      await proc.mkdir('d');
      await fails(proc, 'EINVAL', 'rmdir', text('d/.'));
    });
    check('EBUSY: the root', ({ proc }) => fails(proc, 'EBUSY', 'rmdir', text('/')));
    check('ENOTDIR: a file, a link to a directory; ENOENT; EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await proc.mkdir('d');
      await proc.symlink('d', 'link');
      await fails(proc, 'ENOTDIR', 'rmdir', text('file'));
      await fails(proc, 'ENOTDIR', 'rmdir', text('link'));
      await fails(proc, 'ENOENT', 'rmdir', text('nothing'));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'rmdir', wild);
    });
  });

  syscall(['unlink', 'unlinkat'], () => {
    check('remove a name; the file lives on while it is open', async ({ proc }) => {
      await make(proc, 'file', 'contents');
      const fd = await proc.open('file', O_RDONLY);
      await proc.unlink('file');
      await rejects('ENOENT', proc.stat('file'));
      expect(await proc.readText(fd)).toBe('contents');
      expect((await proc.fstat(fd)).links).toBe(0);
    });
    check('remove a link, not what it points to', async ({ proc }) => {
      await make(proc, 'file');
      await proc.symlink('file', 'link');
      await proc.unlink('link');
      await proc.stat('file');
    });
    check('unlinkat removes directories with AT_REMOVEDIR', async ({ proc }) => {
      await proc.mkdir('d');
      await make(proc, 'd/file');
      const fd = await proc.open('d', O_RDONLY);
      await succeeds(proc, 'unlinkat', fd, text('file'), 0);
      await succeeds(proc, 'unlinkat', AT_FDCWD, text('d'), AT_REMOVEDIR);
      await fails(proc, 'EINVAL', 'unlinkat', AT_FDCWD, text('d'), 1);
    });
    check('EISDIR: a directory', async ({ proc }) => {
      await proc.mkdir('d');
      await fails(proc, 'EISDIR', 'unlink', text('d'));
    });
    check('ENOENT, ENOTDIR, ENAMETOOLONG, EBADF, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOENT', 'unlink', text('nothing'));
      await fails(proc, 'ENOTDIR', 'unlink', text('file/x'));
      await fails(proc, 'ENOTDIR', 'unlink', text('file/'));
      await fails(proc, 'ENAMETOOLONG', 'unlink', text(longName));
      await fails(proc, 'EBADF', 'unlinkat', 50, text('x'), 0);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'unlink', wild);
    });
  });

  syscall(['link', 'linkat'], () => {
    check('give a file another name', async ({ proc }) => {
      await make(proc, 'file', 'contents');
      await proc.link('file', 'other');
      expect((await proc.stat('other')).links).toBe(2);
      expect((await proc.stat('other')).inode).toBe((await proc.stat('file')).inode);
      await proc.unlink('file');
      expect(await contents(proc, 'other')).toBe('contents');
    });
    check('a link is linked as such, unless linkat follows it', async ({ proc }) => {
      await make(proc, 'file');
      await proc.symlink('file', 'link');
      await proc.link('link', 'again');
      expect(await proc.readlink('again')).toBe('file');
      await succeeds(proc, 'linkat', AT_FDCWD, text('link'), AT_FDCWD, text('followed'), AT_SYMLINK_FOLLOW);
      expect((await proc.lstat('followed')).mode & S_IFMT).toBe(S_IFREG);
    });
    check('EPERM: a directory', async ({ proc }) => {
      await proc.mkdir('d');
      await fails(proc, 'EPERM', 'link', text('d'), text('e'));
    });
    check('EEXIST, ENOENT, ENOTDIR, EINVAL, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'EEXIST', 'link', text('file'), text('file'));
      await fails(proc, 'ENOENT', 'link', text('nothing'), text('x'));
      await fails(proc, 'ENOENT', 'link', text('file'), text('no/x'));
      await fails(proc, 'ENOTDIR', 'link', text('file/x'), text('x'));
      await fails(proc, 'EINVAL', 'linkat', AT_FDCWD, text('file'), AT_FDCWD, text('x'), 1);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'link', wild, text('x'));
        await fails(proc, 'EFAULT', 'link', text('file'), wild);
      }
    });
  });

  syscall(['symlink', 'symlinkat', 'readlink', 'readlinkat'], () => {
    check('a link holds its target as it was written', async ({ proc }) => {
      await proc.symlink('no//such/../place', 'link');
      expect(await proc.readlink('link')).toBe('no//such/../place');
      expect(await proc.lstat('link')).toMatchObject({ mode: 0o120777, size: 17 });
    });
    check('is followed on the way and at the end', async ({ proc, directory }) => {
      await proc.mkdir('d');
      await make(proc, 'd/file', 'found');
      await proc.symlink('d', 'relative');
      await proc.symlink(`${directory}/d/file`, 'absolute');
      expect(await contents(proc, 'relative/file')).toBe('found');
      expect(await contents(proc, 'absolute')).toBe('found');
      expect(await contents(proc, 'relative/../d/file')).toBe('found');
    });
    check('the at forms start at a directory', async ({ proc }) => {
      await proc.mkdir('d');
      const fd = await proc.open('d', O_RDONLY);
      await succeeds(proc, 'symlinkat', text('target'), fd, text('link'));
      const { value, outputs } = await proc.run('readlinkat', fd, text('link'), output(20), 20);
      expect([value, decodeString(outputs[0]!)]).toEqual([6, 'target']);
    });
    check('readlink cuts to the size, and adds no zero', async ({ proc }) => {
      await proc.symlink('target', 'link');
      const { value, outputs } = await proc.run('readlink', text('link'), output(4), 3);
      expect([value, [...outputs[0]!]]).toEqual([3, [0x74, 0x61, 0x72, 0]]);
    });
    check('EEXIST, ENOENT, ENOTDIR, ENAMETOOLONG of symlink', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'EEXIST', 'symlink', text('x'), text('file'));
      await fails(proc, 'ENOENT', 'symlink', text(''), text('link'));
      await fails(proc, 'ENOENT', 'symlink', text('x'), text('no/link'));
      await fails(proc, 'ENOTDIR', 'symlink', text('x'), text('file/link'));
      await fails(proc, 'ENAMETOOLONG', 'symlink', text('x'), text(longName));
    });
    check('EINVAL: readlink of no link, or of no bytes', async ({ proc }) => {
      await make(proc, 'file');
      await proc.symlink('target', 'link');
      await fails(proc, 'EINVAL', 'readlink', text('file'), output(9), 9);
      await fails(proc, 'EINVAL', 'readlink', text('link'), output(9), 0);
      await fails(proc, 'ENOENT', 'readlink', text('nothing'), output(9), 9);
    });
    check('EFAULT', async ({ proc }) => {
      await proc.symlink('target', 'link');
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'symlink', wild, text('x'));
        await fails(proc, 'EFAULT', 'symlink', text('x'), wild);
        await fails(proc, 'EFAULT', 'readlink', wild, output(9), 9);
        await fails(proc, 'EFAULT', 'readlink', text('link'), wild, 9);
      }
    });
  });

  syscall(['rename', 'renameat', 'renameat2'], () => {
    check('moves a file, over another one', async ({ proc }) => {
      await make(proc, 'a', 'A');
      await make(proc, 'b', 'B');
      await proc.rename('a', 'b');
      await rejects('ENOENT', proc.stat('a'));
      expect(await contents(proc, 'b')).toBe('A');
    });
    check('moves a directory, over an empty one; .. goes along', async ({ proc }) => {
      await proc.mkdir('a');
      await proc.mkdir('a/inner');
      await proc.mkdir('b');
      await proc.mkdir('b/c');
      await proc.rename('a', 'b/c');
      expect(await names(proc, 'b/c')).toEqual(['.', '..', 'inner']);
      expect((await proc.stat('b/c/..')).inode).toBe((await proc.stat('b')).inode);
      expect((await proc.stat('b')).links).toBe(3);
    });
    check('does nothing for two names of one file', async ({ proc }) => {
      await make(proc, 'a', 'A');
      await proc.link('a', 'b');
      await proc.rename('a', 'b');
      expect(await contents(proc, 'a')).toBe('A');
    });
    check('renameat and renameat2 start at directories', async ({ proc }) => {
      await proc.mkdir('d');
      await make(proc, 'a');
      const fd = await proc.open('d', O_RDONLY);
      await succeeds(proc, 'renameat', AT_FDCWD, text('a'), fd, text('b'));
      await succeeds(proc, 'renameat2', fd, text('b'), fd, text('c'), 0);
      expect(await names(proc, 'd')).toEqual(['.', '..', 'c']);
    });
    check('RENAME_NOREPLACE and RENAME_EXCHANGE', async ({ proc }) => {
      await make(proc, 'a', 'A');
      await proc.mkdir('d');
      const rename2 = (flags: number) => [AT_FDCWD, text('a'), AT_FDCWD, text('d'), flags] as const;
      await fails(proc, 'EEXIST', 'renameat2', ...rename2(RENAME_NOREPLACE));
      await succeeds(proc, 'renameat2', ...rename2(RENAME_EXCHANGE));
      expect(await contents(proc, 'd')).toBe('A');
      expect((await proc.stat('a')).mode & S_IFMT).toBe(S_IFDIR);
      await fails(proc, 'EINVAL', 'renameat2', ...rename2(RENAME_EXCHANGE | RENAME_NOREPLACE));
      await fails(proc, 'EINVAL', 'renameat2', ...rename2(0x100));
    });
    check('EISDIR, ENOTDIR: a file and a directory do not replace each other', async ({ proc }) => {
      await make(proc, 'file');
      await proc.mkdir('d');
      await fails(proc, 'EISDIR', 'rename', text('file'), text('d'));
      await fails(proc, 'ENOTDIR', 'rename', text('d'), text('file'));
    });
    check('ENOTEMPTY: a directory that is in use', async ({ proc }) => {
      await proc.mkdir('a');
      await proc.mkdir('b');
      await make(proc, 'b/file');
      await fails(proc, 'ENOTEMPTY', 'rename', text('a'), text('b'));
    });
    check('EINVAL: a directory into itself', async ({ proc }) => {
      await proc.mkdir('a');
      await proc.mkdir('a/b');
      await fails(proc, 'EINVAL', 'rename', text('a'), text('a/b/c'));
    });
    check('EBUSY, ENOENT, EFAULT', async ({ proc }) => {
      await make(proc, 'a');
      await fails(proc, 'EBUSY', 'rename', text('.'), text('x'));
      await fails(proc, 'ENOENT', 'rename', text('nothing'), text('x'));
      await fails(proc, 'ENOENT', 'rename', text('a'), text('no/x'));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'rename', wild, text('x'));
        await fails(proc, 'EFAULT', 'rename', text('a'), wild);
      }
    });
  });

  syscall(['mknod', 'mknodat'], () => {
    check('make files, FIFOs and devices', async ({ proc }) => {
      await succeeds(proc, 'umask', 0);
      await succeeds(proc, 'mknod', text('file'), S_IFREG | 0o640, 0);
      await succeeds(proc, 'mknod', text('plain'), 0o600, 0);
      await succeeds(proc, 'mknodat', AT_FDCWD, text('fifo'), S_IFIFO | 0o600, 0);
      expect((await proc.stat('file')).mode).toBe(S_IFREG | 0o640);
      expect((await proc.stat('plain')).mode & S_IFMT).toBe(S_IFREG);
      expect((await proc.stat('fifo')).mode).toBe(S_IFIFO | 0o600);
    });
    if (target.own) {
      check('a device node is the device', async ({ proc }) => {
        await succeeds(proc, 'mknod', text('null'), S_IFCHR | 0o600, 0x103);
        expect(await proc.stat('null')).toMatchObject({ rdev: 0x103n });
        const fd = await proc.open('null', O_WRONLY);
        expect(await proc.write(fd, 'xyz')).toBe(3);
      });
      check('ENXIO: a device that is not there', async ({ proc }) => {
        await succeeds(proc, 'mknod', text('device'), S_IFCHR | 0o600, 0xf0f0);
        await fails(proc, 'ENXIO', 'open', text('device'), O_RDONLY, 0);
      });
    }
    check('a FIFO connects two processes', async ({ proc, spawn }) => {
      await succeeds(proc, 'mknod', text('fifo'), S_IFIFO | 0o600, 0);
      const reader = await spawn();
      const opening = reader.open('fifo', O_RDONLY);
      const writeEnd = await proc.open('fifo', O_WRONLY);
      const readEnd = await opening;
      await proc.write(writeEnd, 'through');
      expect(await reader.readText(readEnd)).toBe('through');
      await proc.close(writeEnd);
      expect(await reader.readText(readEnd)).toBe('');
    });
    check('EEXIST, EPERM, EINVAL, ENOENT, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'EEXIST', 'mknod', text('file'), S_IFREG | 0o600, 0);
      await fails(proc, 'EPERM', 'mknod', text('d'), S_IFDIR | 0o600, 0);
      await fails(proc, 'EINVAL', 'mknod', text('x'), S_IFMT | 0o600, 0);
      await fails(proc, 'ENOENT', 'mknod', text('no/x'), S_IFREG | 0o600, 0);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'mknod', wild, S_IFREG | 0o600, 0);
    });
  });

  syscall(['getdents', 'getdents64'], () => {
    check('list names with types and inodes', async ({ proc }) => {
      await make(proc, 'file');
      await proc.mkdir('d');
      await proc.symlink('x', 'link');
      const fd = await proc.open('.', O_RDONLY);
      const entries = await proc.getdents(fd);
      const types = entries.map(({ name, type }) => [name, type] as const);
      expect(new Map(types)).toEqual(
        new Map([
          ['.', DT_DIR],
          ['..', DT_DIR],
          ['file', DT_REG],
          ['d', DT_DIR],
          ['link', DT_LNK],
        ]),
      );
      expect(entries.find(({ name }) => name === 'file')!.inode).toBe((await proc.stat('file')).inode);
    });
    check('piece by piece, and again from the start', async ({ proc }) => {
      const made = Array.from({ length: 40 }, (_, i) => `entry-${i}`);
      for (const name of made) await make(proc, name);
      const fd = await proc.open('.', O_RDONLY);
      let calls = 0;
      while ((await succeeds(proc, 'getdents64', fd, output(128), 128)) > 0) calls++;
      expect(calls).toBeGreaterThan(10);
      await proc.lseek(fd, 0, SEEK_SET);
      expect((await proc.getdents(fd)).map(({ name }) => name).sort()).toEqual(['.', '..', ...made].sort());
    });
    check('the old form has the type in the last byte', async ({ proc }) => {
      const fd = await proc.open('.', O_RDONLY);
      const { value, outputs } = await proc.run('getdents', fd, output(256), 256);
      const length = outputs[0]![8]! | (outputs[0]![9]! << 8);
      expect(value).toBeGreaterThanOrEqual(length);
      expect(outputs[0]![length - 1]).toBe(DT_DIR);
      expect(decodeString(outputs[0]!.subarray(10))).toMatch(/^\.\.?$/);
    });
    check('EINVAL: no room for an entry', async ({ proc }) => {
      const fd = await proc.open('.', O_RDONLY);
      await fails(proc, 'EINVAL', 'getdents64', fd, output(8), 8);
      await fails(proc, 'EINVAL', 'getdents', fd, output(8), 8);
    });
    check('ENOTDIR: a file; EBADF: not open; EFAULT: a wild buffer', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOTDIR', 'getdents64', await proc.open('file', O_RDONLY), output(64), 64);
      await fails(proc, 'EBADF', 'getdents64', 50, output(64), 64);
      const fd = await proc.open('.', O_RDONLY);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'getdents64', fd, wild, 64);
        await fails(proc, 'EFAULT', 'getdents', fd, wild, 64);
      }
    });
  });

  syscall(['chdir', 'fchdir', 'getcwd'], () => {
    check('move, and tell where one stands', async ({ proc, directory }) => {
      expect(await proc.getcwd()).toBe(directory);
      await proc.mkdir('d');
      await proc.chdir('d/../d/.');
      expect(await proc.getcwd()).toBe(`${directory}/d`);
      const up = await proc.open('..', O_RDONLY);
      await succeeds(proc, 'fchdir', up);
      expect(await proc.getcwd()).toBe(directory);
      await proc.chdir('/');
      expect(await proc.getcwd()).toBe('/');
      await proc.chdir('..');
      expect(await proc.getcwd()).toBe('/');
    });
    check('a child starts where its parent stands, and moves alone', async ({ proc, directory }) => {
      const child = await proc.fork();
      await child.chdir('/');
      expect(await proc.getcwd()).toBe(directory);
    });
    check('ERANGE: no room for the path', async ({ proc }) => {
      await fails(proc, 'ERANGE', 'getcwd', output(4), 4);
    });
    check('ENOENT, ENOTDIR, EBADF, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOENT', 'chdir', text('nothing'));
      await fails(proc, 'ENOENT', 'chdir', text(''));
      await fails(proc, 'ENOTDIR', 'chdir', text('file'));
      await fails(proc, 'ENOTDIR', 'fchdir', await proc.open('file', O_RDONLY));
      await fails(proc, 'EBADF', 'fchdir', 50);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'chdir', wild);
        await fails(proc, 'EFAULT', 'getcwd', wild, 100);
      }
    });
  });

  syscall('chroot', () => {
    if (target.own) {
      check('makes another directory the root', async ({ proc, directory }) => {
        await proc.mkdir('new');
        await make(proc, 'new/file', 'inside');
        await succeeds(proc, 'chroot', text('new'));
        expect(await contents(proc, '/file')).toBe('inside');
        await proc.chdir('/');
        await proc.chdir('..');
        expect(await proc.getcwd()).toBe('/');
        await rejects('ENOENT', proc.stat(directory));
      });
    }
    check('ENOENT, ENOTDIR, EFAULT', async ({ proc }) => {
      await make(proc, 'file');
      await fails(proc, 'ENOENT', 'chroot', text('nothing'));
      await fails(proc, 'ENOTDIR', 'chroot', text('file'));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'chroot', wild);
    });
  });
});
