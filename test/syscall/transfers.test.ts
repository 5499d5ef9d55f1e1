/*
 * Moving bytes: read and write in all their forms, offsets, lengths.
 */

import { expect } from 'vitest';
import { type Blob, input, output, text, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeU64, decodeWords, encodeU64 } from '../../emulator/agent/records.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_APPEND,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../kernel/abi/fcntl.ts';
import { fails, onEveryTarget, rejects, succeeds, wildPointers } from './support/suite.ts';

/** A file with this text, open for reading and writing, its offset at the start. */
async function fileWith(proc: Process, contents: string): Promise<number> {
  const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
  await proc.write(fd, contents);
  await proc.lseek(fd, 0, SEEK_SET);
  return fd;
}

function bytes(value: string): Blob {
  return input(new TextEncoder().encode(value));
}

function decode(blobs: readonly Uint8Array[]): string[] {
  return blobs.map((blob) => new TextDecoder().decode(blob));
}

onEveryTarget(({ target, syscall, check }) => {
  syscall('read', () => {
    check('gives what is there, from the offset on, and 0 at the end', async ({ proc }) => {
      const fd = await fileWith(proc, 'contents');
      expect(await proc.readText(fd, 3)).toBe('con');
      expect(await proc.readText(fd, 100)).toBe('tents');
      expect(await proc.readText(fd, 100)).toBe('');
    });
    check('of no bytes is 0', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      expect(await proc.call('read', fd, 0, 0)).toBe(0);
    });
    check('/dev/zero and /dev/null', async ({ proc }) => {
      const zero = await proc.open('/dev/zero', O_RDONLY);
      expect(await proc.read(zero, 5)).toEqual(new Uint8Array(5));
      expect(await proc.readText(0)).toBe('');
    });
    check('EBADF: not open, or not for reading', async ({ proc }) => {
      await fails(proc, 'EBADF', 'read', 50, output(1), 1);
      const fd = await proc.open('file', O_WRONLY | O_CREAT, 0o600);
      await fails(proc, 'EBADF', 'read', fd, output(1), 1);
    });
    check('EISDIR: a directory', async ({ proc }) => {
      await fails(proc, 'EISDIR', 'read', await proc.open('.', O_RDONLY), output(1), 1);
    });
    check('EFAULT: a wild buffer; the offset stays', async ({ proc }) => {
      const fd = await fileWith(proc, 'contents');
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'read', fd, wild, 4);
      expect(await proc.readText(fd, 3)).toBe('con');
    });
    check('stops where memory ends: what came before counts', async ({ proc }) => {
      const fd = await fileWith(proc, 'contents');
      const address = await proc.mmap({ length: 8192 });
      await proc.munmap(address + 4096, 4096);
      expect(await succeeds(proc, 'read', fd, address + 4092, 8)).toBe(4);
      expect(new TextDecoder().decode(await proc.peek(address + 4092, 4))).toBe('cont');
    });
  });

  syscall('write', () => {
    check('replaces, extends, and moves the offset', async ({ proc }) => {
      const fd = await fileWith(proc, 'abc');
      await proc.write(fd, 'X');
      await proc.lseek(fd, 0, SEEK_END);
      await proc.write(fd, 'YZ');
      await proc.lseek(fd, 0, SEEK_SET);
      expect(await proc.readText(fd)).toBe('XbcYZ');
    });
    check('beyond the end leaves zeros between', async ({ proc }) => {
      const fd = await fileWith(proc, 'ab');
      await proc.lseek(fd, 5000, SEEK_SET);
      await proc.write(fd, 'c');
      await proc.lseek(fd, 4998, SEEK_SET);
      expect(await proc.read(fd, 10)).toEqual(new Uint8Array([0, 0, 0x63]));
    });
    check('EBADF: not open, or not for writing', async ({ proc }) => {
      await fails(proc, 'EBADF', 'write', 50, bytes('x'), 1);
      await fails(proc, 'EBADF', 'write', await proc.open('/dev/null', O_RDONLY), bytes('x'), 1);
    });
    check('EFAULT: a wild buffer', async ({ proc }) => {
      const fd = await fileWith(proc, '');
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'write', fd, wild, 4);
      expect((await proc.fstat(fd)).size).toBe(0);
    });
    check('EFBIG: beyond the largest offset', async ({ proc }) => {
      const fd = await fileWith(proc, '');
      await fails(proc, 'EINVAL', 'pwrite64', fd, bytes('x'), 1, -1n);
    });
  });

  syscall(['readv', 'writev', 'preadv', 'pwritev'], () => {
    check('scatter and gather', async ({ proc }) => {
      const fd = await fileWith(proc, '');
      expect(await succeeds(proc, 'writev', fd, words(bytes('ab'), 2, bytes('cde'), 3), 2)).toBe(5);
      await proc.lseek(fd, 0, SEEK_SET);
      const { value, outputs } = await proc.run('readv', fd, words(output(1), 1, output(9), 9), 2);
      expect(value).toBe(5);
      expect(decode(outputs)).toEqual(['a', `bcde${'\0'.repeat(5)}`]);
    });
    check('at an offset, which stays', async ({ proc }) => {
      const fd = await fileWith(proc, 'abcdef');
      expect(await succeeds(proc, 'pwritev', fd, words(bytes('XY'), 2), 1, 2, 0)).toBe(2);
      const { value, outputs } = await proc.run('preadv', fd, words(output(3), 3), 1, 1, 0);
      expect([value, ...decode(outputs)]).toEqual([3, 'bXY']);
      expect(await proc.lseek(fd, 0, SEEK_CUR)).toBe(0);
    });
    check('no pieces are no bytes', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      expect(await succeeds(proc, 'readv', fd, 0, 0)).toBe(0);
    });
    check('EINVAL: too many pieces, or too many bytes', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await fails(proc, 'EINVAL', 'readv', fd, words(0, 0), 1025);
      await fails(proc, 'EINVAL', 'writev', fd, words(0, 0), -1);
      await fails(proc, 'EINVAL', 'readv', fd, words(0, -1), 1);
    });
    check('EBADF, EFAULT', async ({ proc }) => {
      await fails(proc, 'EBADF', 'readv', 50, words(output(1), 1), 1);
      await fails(proc, 'EBADF', 'writev', 50, words(bytes('a'), 1), 1);
      const fd = await fileWith(proc, 'x');
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'readv', fd, wild, 1);
        await fails(proc, 'EFAULT', 'writev', fd, words(wild, 4), 1);
      }
    });
  });

  syscall(['pread64', 'pwrite64'], () => {
    check('leave the offset where it is', async ({ proc }) => {
      const fd = await fileWith(proc, 'abcdef');
      expect(await succeeds(proc, 'pwrite64', fd, bytes('X'), 1, 3n)).toBe(1);
      const { value, outputs } = await proc.run('pread64', fd, output(4), 4, 2n);
      expect([value, ...decode(outputs)]).toEqual([4, 'cXef']);
      expect(await proc.lseek(fd, 0, SEEK_CUR)).toBe(0);
      expect(await succeeds(proc, 'pread64', fd, output(4), 4, 1_000_000_000_000n)).toBe(0);
    });
    check('ESPIPE: a pipe has no offsets', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await fails(proc, 'ESPIPE', 'pread64', readEnd, output(1), 1, 0n);
      await fails(proc, 'ESPIPE', 'pwrite64', writeEnd, bytes('x'), 1, 0n);
    });
    check('EINVAL: a negative offset', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await fails(proc, 'EINVAL', 'pread64', fd, output(1), 1, -1n);
    });
    check('EBADF', async ({ proc }) => {
      await fails(proc, 'EBADF', 'pread64', 50, output(1), 1, 0n);
      await fails(proc, 'EBADF', 'pwrite64', 50, bytes('x'), 1, 0n);
    });
  });

  syscall(['lseek', '_llseek'], () => {
    check('from the start, the current offset, the end', async ({ proc }) => {
      const fd = await fileWith(proc, 'abcdef');
      expect(await proc.lseek(fd, 4, SEEK_SET)).toBe(4);
      expect(await proc.lseek(fd, -1, SEEK_CUR)).toBe(3);
      expect(await proc.lseek(fd, -2, SEEK_END)).toBe(4);
      expect(await proc.lseek(fd, 10, SEEK_END)).toBe(16);
      expect(await proc.readText(fd)).toBe('');
    });
    check('_llseek takes and gives 64 bits', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      const { outputs } = await proc.run('_llseek', fd, 3, 5, output(8), SEEK_SET);
      expect(decodeU64(outputs[0]!)).toBe(0x3_0000_0005n);
    });
    check('EINVAL: before the start, an unknown origin', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await fails(proc, 'EINVAL', 'lseek', fd, -1, SEEK_SET);
      await fails(proc, 'EINVAL', 'lseek', fd, 0, 77);
      await fails(proc, 'EINVAL', '_llseek', fd, 0, 0, output(8), 77);
    });
    if (target.own) {
      // A 64-bit Linux truncates here, for its 32-bit programs.
      check('EOVERFLOW: lseek cannot tell an offset of more than 31 bits', async ({ proc }) => {
        const fd = await fileWith(proc, 'x');
        await succeeds(proc, '_llseek', fd, 1, 0, output(8), SEEK_SET);
        await fails(proc, 'EOVERFLOW', 'lseek', fd, 0, SEEK_CUR);
      });
    }
    check('ESPIPE: a pipe; EBADF: not open; EFAULT: a wild result', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      await fails(proc, 'ESPIPE', 'lseek', readEnd, 0, SEEK_CUR);
      await fails(proc, 'ESPIPE', '_llseek', readEnd, 0, 0, output(8), SEEK_CUR);
      await fails(proc, 'EBADF', 'lseek', 50, 0, SEEK_SET);
      const fd = await fileWith(proc, 'x');
      for (const wild of wildPointers) await fails(proc, 'EFAULT', '_llseek', fd, 0, 0, wild, SEEK_SET);
    });
  });

  syscall(['truncate', 'ftruncate', 'truncate64', 'ftruncate64'], () => {
    check('cut, and extend with zeros', async ({ proc }) => {
      const fd = await fileWith(proc, 'abcdef');
      await succeeds(proc, 'ftruncate', fd, 3);
      await succeeds(proc, 'truncate', text('file'), 5);
      expect(await proc.read(fd, 10)).toEqual(new Uint8Array([0x61, 0x62, 0x63, 0, 0]));
      await succeeds(proc, 'ftruncate64', fd, 2n);
      expect((await proc.fstat(fd)).size).toBe(2);
      await succeeds(proc, 'truncate64', text('file'), 0n);
      expect((await proc.fstat(fd)).size).toBe(0);
    });
    check('what was cut does not come back', async ({ proc }) => {
      const fd = await fileWith(proc, 'secret');
      await succeeds(proc, 'ftruncate', fd, 1);
      await succeeds(proc, 'ftruncate', fd, 6);
      expect(await proc.read(fd, 10)).toEqual(new Uint8Array([0x73, 0, 0, 0, 0, 0]));
    });
    check('EINVAL: a negative length, a descriptor not for writing, no file', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await fails(proc, 'EINVAL', 'ftruncate', fd, -1);
      await fails(proc, 'EINVAL', 'truncate', text('file'), -1);
      await fails(proc, 'EINVAL', 'ftruncate', await proc.open('file', O_RDONLY), 0);
      const [, writeEnd] = await proc.pipe();
      await fails(proc, 'EINVAL', 'ftruncate', writeEnd, 0);
    });
    check('ENOENT, EISDIR, ENOTDIR, EBADF, EFAULT', async ({ proc }) => {
      await fileWith(proc, 'x');
      await fails(proc, 'ENOENT', 'truncate', text('nothing'), 0);
      await fails(proc, 'EISDIR', 'truncate', text('.'), 0);
      await fails(proc, 'ENOTDIR', 'truncate', text('file/x'), 0);
      await fails(proc, 'EBADF', 'ftruncate', 50, 0);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'truncate', wild, 0);
    });
  });

  syscall('copy_file_range', () => {
    check('copies between files, and within one, by their positions or others', async ({ proc }) => {
      const from = await fileWith(proc, '0123456789');
      const to = await proc.open('to', O_RDWR | O_CREAT, 0o600);
      expect(await succeeds(proc, 'copy_file_range', from, 0, to, 0, 4, 0)).toBe(4);
      const [source, target] = [input(encodeU64(8n)), input(encodeU64(6n))];
      expect(await succeeds(proc, 'copy_file_range', from, source, to, target, 100, 0)).toBe(2);
      expect(await proc.readText(from, 2)).toBe('45'); // its own position has moved by the first copy alone
      expect(await succeeds(proc, 'copy_file_range', from, input(encodeU64(10n)), to, 0, 5, 0)).toBe(0);
      expect(await succeeds(proc, 'copy_file_range', to, input(encodeU64(0n)), to, input(encodeU64(4n)), 2, 0)).toBe(2);
      await proc.lseek(to, 0, SEEK_SET);
      expect(await proc.readText(to)).toBe('01230189');
    });
    check('EBADF, EINVAL, EISDIR, EOVERFLOW, EFAULT', async ({ proc }) => {
      const fd = await fileWith(proc, '0123456789');
      const to = await proc.open('to', O_RDWR | O_CREAT, 0o600);
      const [pipe] = await proc.pipe();
      const at = (position: bigint): Blob => input(encodeU64(position));
      await fails(proc, 'EBADF', 'copy_file_range', 50, 0, to, 0, 1, 0);
      await fails(proc, 'EBADF', 'copy_file_range', fd, 0, 50, 0, 1, 0);
      await fails(proc, 'EBADF', 'copy_file_range', fd, 0, await proc.open('to', O_RDONLY), 0, 1, 0);
      await fails(proc, 'EBADF', 'copy_file_range', fd, 0, await proc.open('to', O_WRONLY | O_APPEND), 0, 1, 0);
      await fails(proc, 'EINVAL', 'copy_file_range', fd, 0, to, 0, 1, 1);
      await fails(proc, 'EINVAL', 'copy_file_range', pipe, 0, to, 0, 1, 0);
      await fails(proc, 'EINVAL', 'copy_file_range', fd, at(0n), fd, at(2n), 5, 0);
      await fails(proc, 'EISDIR', 'copy_file_range', fd, 0, await proc.open('.', O_RDONLY), 0, 1, 0);
      await fails(proc, 'EINVAL', 'copy_file_range', fd, at(-100n), to, 0, 5, 0);
      await fails(proc, 'EOVERFLOW', 'copy_file_range', fd, at(-1n), to, 0, 100, 0);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'copy_file_range', fd, wild, to, 0, 1, 0);
        await fails(proc, 'EFAULT', 'copy_file_range', fd, 0, to, wild, 1, 0);
      }
    });
  });

  syscall(['sendfile', 'sendfile64'], () => {
    check('copies from the offset on, which moves', async ({ proc }) => {
      const from = await fileWith(proc, 'abcdef');
      const to = await proc.open('copy', O_RDWR | O_CREAT, 0o600);
      await proc.lseek(from, 2, SEEK_SET);
      expect(await succeeds(proc, 'sendfile', to, from, 0, 100)).toBe(4);
      expect(await proc.lseek(from, 0, SEEK_CUR)).toBe(6);
      await proc.lseek(to, 0, SEEK_SET);
      expect(await proc.readText(to)).toBe('cdef');
    });
    check('or from an offset of its own', async ({ proc }) => {
      const from = await fileWith(proc, 'abcdef');
      const [readEnd, writeEnd] = await proc.pipe();
      const offset: Blob = { length: 4, input: new Uint8Array([1, 0, 0, 0]), output: true, pointers: [] };
      const { value, outputs } = await proc.run('sendfile', writeEnd, from, offset, 3);
      expect([value, decodeWords(outputs[0]!)[0]]).toEqual([3, 4]);
      expect(await proc.readText(readEnd)).toBe('bcd');
      expect(await proc.lseek(from, 0, SEEK_CUR)).toBe(0);
      const wide: Blob = { length: 8, input: new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0]), output: true, pointers: [] };
      expect(await succeeds(proc, 'sendfile64', writeEnd, from, wide, 100)).toBe(1);
    });
    check('EBADF: either one, or opened the wrong way', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await fails(proc, 'EBADF', 'sendfile', 50, fd, 0, 1);
      await fails(proc, 'EBADF', 'sendfile', fd, 50, 0, 1);
      await fails(proc, 'EBADF', 'sendfile', await proc.open('file', O_RDONLY), fd, 0, 1);
    });
    check('EINVAL: to a descriptor that appends', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await fails(proc, 'EINVAL', 'sendfile', await proc.open('log', O_WRONLY | O_CREAT | O_APPEND, 0o600), fd, 0, 1);
    });
  });

  syscall('fallocate', () => {
    check('makes room, and the file longer unless told not to', async ({ proc }) => {
      const fd = await fileWith(proc, 'abc');
      await succeeds(proc, 'fallocate', fd, FALLOC_FL_KEEP_SIZE, 0, 0, 9000, 0);
      expect((await proc.fstat(fd)).size).toBe(3);
      await succeeds(proc, 'fallocate', fd, 0, 5, 0, 3, 0);
      expect(await proc.readText(fd)).toBe('abc\0\0\0\0\0');
    });
    check('takes a hole out of a file, and parts of pages', async ({ proc }) => {
      const fd = await fileWith(proc, '');
      for (let i = 0; i < 3; i++) await proc.write(fd, 'x'.repeat(3000));
      await succeeds(proc, 'fallocate', fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 4000, 0, 4500, 0);
      await proc.lseek(fd, 3990, SEEK_SET);
      expect(await proc.readText(fd, 20)).toBe(`${'x'.repeat(10)}${'\0'.repeat(10)}`);
      await proc.lseek(fd, 8490, SEEK_SET);
      expect(await proc.readText(fd, 20)).toBe(`${'\0'.repeat(10)}${'x'.repeat(10)}`);
    });
    check('EBADF, EINVAL, EFBIG, ESPIPE, EOPNOTSUPP', async ({ proc }) => {
      const fd = await fileWith(proc, 'abc');
      await fails(proc, 'EINVAL', 'fallocate', fd, 0, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'fallocate', fd, 0, -1, -1, 1, 0);
      await fails(proc, 'EOPNOTSUPP', 'fallocate', fd, FALLOC_FL_PUNCH_HOLE, 0, 0, 1, 0);
      await fails(proc, 'EFBIG', 'fallocate', fd, 0, 0, 0x7fffffff, 0x1000, 0);
      await fails(proc, 'EBADF', 'fallocate', await proc.open('file', O_RDONLY), 0, 0, 0, 1, 0);
      await fails(proc, 'EBADF', 'fallocate', 50, 0, 0, 0, 1, 0);
      await fails(proc, 'ESPIPE', 'fallocate', (await proc.pipe())[1], 0, 0, 0, 1, 0);
    });
  });

  syscall(['fadvise64', 'fadvise64_64', 'readahead', 'sync_file_range'], () => {
    check('are checked, and change nothing that can be seen', async ({ proc }) => {
      const fd = await fileWith(proc, 'abc');
      await succeeds(proc, 'fadvise64', fd, 0, 0, 0, 3);
      await succeeds(proc, 'fadvise64_64', fd, 0, 0, 100, 0, 4);
      await succeeds(proc, 'readahead', fd, 0, 0, 4096);
      await succeeds(proc, 'sync_file_range', fd, 0, 0, 0, 0, 7);
      expect(await proc.readText(fd)).toBe('abc');
    });
    check('EBADF, EINVAL, ESPIPE', async ({ proc }) => {
      const fd = await fileWith(proc, 'abc');
      const [readEnd] = await proc.pipe();
      await fails(proc, 'EINVAL', 'fadvise64', fd, 0, 0, 0, 6);
      await fails(proc, 'ESPIPE', 'fadvise64_64', readEnd, 0, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'readahead', readEnd, 0, 0, 1);
      await fails(proc, 'EBADF', 'readahead', await proc.open('file', O_WRONLY), 0, 0, 1);
      await fails(proc, 'EINVAL', 'sync_file_range', fd, 0, 0, 0, 0, 8);
      for (const name of ['fadvise64', 'fadvise64_64', 'readahead', 'sync_file_range'] as const) {
        await fails(proc, 'EBADF', name, 50, 0, 0, 0, 0, 0);
      }
    });
  });

  syscall(['preadv2', 'pwritev2'], () => {
    check("position -1 is the file's own", async ({ proc }) => {
      const fd = await fileWith(proc, 'abcdef');
      expect(await succeeds(proc, 'pwritev2', fd, words(bytes('X'), 1), 1, -1, -1, 0)).toBe(1);
      const { outputs } = await proc.run('preadv2', fd, words(output(2), 2), 1, -1, -1, 0);
      expect(decode(outputs)).toEqual(['bc']);
      expect(decode((await proc.run('preadv2', fd, words(output(2), 2), 1, 4, 0, 0)).outputs)).toEqual(['ef']);
      expect(await proc.lseek(fd, 0, SEEK_CUR)).toBe(3);
    });
    check('EBADF, EINVAL, EOPNOTSUPP, ESPIPE', async ({ proc }) => {
      const fd = await fileWith(proc, 'abcdef');
      await fails(proc, 'EBADF', 'preadv2', 50, words(output(2), 2), 1, 0, 0, 0);
      await fails(proc, 'EINVAL', 'preadv2', fd, words(output(2), 2), 1, -2, -1, 0);
      await fails(proc, 'EOPNOTSUPP', 'pwritev2', fd, words(bytes('X'), 1), 1, 0, 0, 0x40000000);
      await fails(proc, 'ESPIPE', 'preadv2', (await proc.pipe())[0], words(output(2), 2), 1, 0, 0, 0);
    });
  });

  syscall(['sync', 'fsync', 'fdatasync', 'syncfs'], () => {
    check('succeed', async ({ proc }) => {
      const fd = await fileWith(proc, 'x');
      await succeeds(proc, 'sync');
      await succeeds(proc, 'fsync', fd);
      await succeeds(proc, 'fdatasync', fd);
      await succeeds(proc, 'syncfs', fd);
    });
    check('EBADF: not open; EINVAL: nothing to synchronise', async ({ proc }) => {
      await fails(proc, 'EBADF', 'fsync', 50);
      await fails(proc, 'EBADF', 'fdatasync', 50);
      await fails(proc, 'EBADF', 'syncfs', 50);
      const [readEnd] = await proc.pipe();
      await fails(proc, 'EINVAL', 'fsync', readEnd);
    });
  });

  syscall('flock', () => {
    const [LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN] = [1, 2, 4, 8];
    check('excludes other descriptions, until it is released', async ({ proc }) => {
      const first = await fileWith(proc, 'x');
      const second = await proc.open('file', O_RDWR);
      await succeeds(proc, 'flock', first, LOCK_EX);
      await fails(proc, 'EAGAIN', 'flock', second, LOCK_SH | LOCK_NB);
      await succeeds(proc, 'flock', first, LOCK_SH);
      await succeeds(proc, 'flock', second, LOCK_SH | LOCK_NB);
      await fails(proc, 'EAGAIN', 'flock', second, LOCK_EX | LOCK_NB);
      await succeeds(proc, 'flock', first, LOCK_UN);
      await succeeds(proc, 'flock', second, LOCK_EX | LOCK_NB);
    });
    check('waits for its turn', async ({ proc, spawn }) => {
      const fd = await fileWith(proc, 'x');
      await succeeds(proc, 'flock', fd, LOCK_EX);
      const other = await spawn();
      const waiting = other.call('flock', await other.open('file', O_RDWR), LOCK_EX);
      await succeeds(proc, 'getpid');
      await proc.close(fd);
      expect(await waiting).toBe(0);
    });
    check('lets others in who share, once its owner shares', async ({ proc, spawn }) => {
      const fd = await fileWith(proc, 'x');
      await succeeds(proc, 'flock', fd, LOCK_EX);
      const other = await spawn();
      const waiting = other.call('flock', await other.open('file', O_RDWR), LOCK_SH);
      for (let i = 0; i < 3; i++) await succeeds(proc, 'getpid');
      await succeeds(proc, 'flock', fd, LOCK_SH);
      expect(await waiting).toBe(0);
    });
    check('EBADF: not open; EINVAL: an unknown operation', async ({ proc }) => {
      await fails(proc, 'EBADF', 'flock', 50, LOCK_EX);
      await fails(proc, 'EINVAL', 'flock', await fileWith(proc, 'x'), 77);
    });
  });

  syscall('write', () => {
    check('to a closed descriptor after a failed open leaves no trace', async ({ proc }) => {
      await rejects('ENOENT', proc.open('nothing', O_RDONLY));
      await fails(proc, 'EBADF', 'write', 3, bytes('x'), 1);
    });
  });
});
