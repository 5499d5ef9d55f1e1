/*
 * Memory: mapping, unmapping, protection, the break.
 */

import { expect } from 'vitest';
import { words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { IPC_CREAT, IPC_PRIVATE, IPC_RMID } from '../../kernel/abi/ipc.ts';
import {
  MADV_DONTNEED,
  MADV_NORMAL,
  MADV_REMOVE,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  MS_ASYNC,
  MS_SYNC,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from '../../kernel/abi/mman.ts';
import { RLIMIT_AS, RLIMIT_DATA } from '../../kernel/abi/resource.ts';
import { SIGSEGV } from '../../kernel/abi/signal.ts';
import { O_CREAT, O_RDONLY, O_RDWR } from '../../kernel/abi/fcntl.ts';
import { fails, onEveryTarget, rejects, succeeds, wildPointers } from './support/suite.ts';

const PAGE = 4096;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
const READ_WRITE = PROT_READ | PROT_WRITE;

/** Does an access, made by a child, kill it? */
async function kills(proc: Process, access: (child: Process) => Promise<unknown>): Promise<boolean> {
  const child = await proc.fork();
  const survived = await access(child).then(
    () => true,
    () => false,
  );
  if (survived) await child.exit(0);
  const { status } = await proc.wait(child.pid);
  if (!survived) expect(status).toMatchObject({ kind: 'killed', signal: SIGSEGV });
  return !survived;
}

const one = new Uint8Array([1]);

onEveryTarget(({ syscall, check }) => {
  syscall(['mmap2', 'mmap'], () => {
    check('give zeroed pages, at a page boundary', async ({ proc }) => {
      const address = await proc.mmap({ length: 3 * PAGE });
      expect(address % PAGE).toBe(0);
      expect(await proc.peek(address, 3 * PAGE)).toEqual(new Uint8Array(3 * PAGE));
      await proc.poke(address + PAGE - 1, new Uint8Array([1, 2]));
      expect(await proc.peek(address + PAGE - 1, 2)).toEqual(new Uint8Array([1, 2]));
    });
    check('a length is rounded up to pages', async ({ proc }) => {
      const address = await proc.mmap({ length: 1 });
      await proc.poke(address + PAGE - 1, one);
    });
    check('mappings do not overlap', async ({ proc }) => {
      const first = await proc.mmap({ length: 5 * PAGE });
      const second = await proc.mmap({ length: 5 * PAGE });
      expect(Math.abs(first - second)).toBeGreaterThanOrEqual(5 * PAGE);
    });
    check('a hint is honoured if there is room', async ({ proc }) => {
      expect(await proc.mmap({ length: PAGE, address: 0x50000000 })).toBe(0x50000000);
      expect(await proc.mmap({ length: PAGE, address: 0x50000000 })).not.toBe(0x50000000);
    });
    check('MAP_FIXED replaces, MAP_FIXED_NOREPLACE does not', async ({ proc }) => {
      const address = await proc.mmap({ length: 3 * PAGE, address: 0x50000000 });
      await proc.poke(address + PAGE, one);
      expect(await proc.mmap({ length: PAGE, address: address + PAGE, flags: ANONYMOUS | MAP_FIXED })).toBe(
        address + PAGE,
      );
      expect(await proc.peek(address + PAGE, 1)).toEqual(new Uint8Array(1));
      const flags = ANONYMOUS | MAP_FIXED_NOREPLACE;
      await rejects('EEXIST', proc.mmap({ length: PAGE, address: address + PAGE, flags }));
    });
    check('protection is kept', async ({ proc }) => {
      const readOnly = await proc.mmap({ length: PAGE, prot: PROT_READ });
      expect(await kills(proc, (child) => child.peek(readOnly, 1))).toBe(false);
      expect(await kills(proc, (child) => child.poke(readOnly, one))).toBe(true);
      const nothing = await proc.mmap({ length: PAGE, prot: PROT_NONE });
      expect(await kills(proc, (child) => child.peek(nothing, 1))).toBe(true);
      await fails(proc, 'EFAULT', 'read', await proc.open('/dev/zero', O_RDONLY), readOnly, 1);
    });
    check('MAP_SHARED memory is shared with children', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE, flags: MAP_SHARED | MAP_ANONYMOUS });
      const child = await proc.fork();
      await child.poke(address, one);
      expect(await proc.peek(address, 1)).toEqual(one);
    });
    check('the old mmap takes its arguments as a record', async ({ proc }) => {
      const { value } = await proc.run('mmap', words(0, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
      await proc.poke(value >>> 0, one);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'mmap', wild);
      await fails(proc, 'EINVAL', 'mmap', words(0, PAGE, READ_WRITE, ANONYMOUS, -1, 1));
    });
    check('EINVAL: no length, a crooked address, no kind', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'mmap2', 0, 0, READ_WRITE, ANONYMOUS, -1, 0);
      await fails(proc, 'EINVAL', 'mmap2', 0x50000001, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
      await fails(proc, 'EINVAL', 'mmap2', 0, PAGE, READ_WRITE, MAP_ANONYMOUS, -1, 0);
    });
    check('ENOMEM: more than there is', async ({ proc }) => {
      await fails(proc, 'ENOMEM', 'mmap2', 0, -PAGE, READ_WRITE, ANONYMOUS, -1, 0);
      await fails(proc, 'ENOMEM', 'mmap2', 0xfffff000, 2 * PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
      await succeeds(proc, 'setrlimit', RLIMIT_AS, words(0x10000000, 0x10000000));
      await fails(proc, 'ENOMEM', 'mmap2', 0, 0x20000000, READ_WRITE, ANONYMOUS, -1, 0);
    });
    check('EBADF: no file to map', ({ proc }) => fails(proc, 'EBADF', 'mmap2', 0, PAGE, PROT_READ, MAP_PRIVATE, 50, 0));
  });

  syscall('munmap', () => {
    check('makes a hole, whose sides stay', async ({ proc }) => {
      const address = await proc.mmap({ length: 3 * PAGE });
      await proc.poke(address, one);
      await proc.poke(address + 2 * PAGE, one);
      await proc.munmap(address + PAGE, PAGE);
      expect(await proc.peek(address, 1)).toEqual(one);
      expect(await proc.peek(address + 2 * PAGE, 1)).toEqual(one);
      expect(await kills(proc, (child) => child.peek(address + PAGE, 1))).toBe(true);
    });
    check('of what is not mapped succeeds; over several mappings takes them all', async ({ proc }) => {
      await proc.munmap(0x50000000, PAGE);
      await proc.mmap({ length: PAGE, address: 0x50000000 });
      await proc.mmap({ length: PAGE, address: 0x50002000, prot: PROT_READ });
      await proc.munmap(0x50000000, 3 * PAGE);
      expect(await kills(proc, (child) => child.peek(0x50002000, 1))).toBe(true);
    });
    check('memory mapped again is zero again', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE, address: 0x50000000 });
      await proc.poke(address, one);
      await proc.munmap(address, PAGE);
      await proc.mmap({ length: PAGE, address, flags: ANONYMOUS | MAP_FIXED });
      expect(await proc.peek(address, 1)).toEqual(new Uint8Array(1));
    });
    check('EINVAL: a crooked address, no length, beyond the end', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'munmap', 0x50000001, PAGE);
      await fails(proc, 'EINVAL', 'munmap', 0x50000000, 0);
      await fails(proc, 'EINVAL', 'munmap', 0xfffff000, 2 * PAGE);
    });
  });

  syscall('mprotect', () => {
    check('changes what may be done, and the contents stay', async ({ proc }) => {
      const address = await proc.mmap({ length: 3 * PAGE });
      await proc.poke(address + PAGE, one);
      await proc.mprotect(address + PAGE, PAGE, PROT_NONE);
      expect(await kills(proc, (child) => child.peek(address + PAGE, 1))).toBe(true);
      await proc.poke(address, one);
      await proc.mprotect(address + PAGE, PAGE, PROT_READ);
      expect(await proc.peek(address + PAGE, 1)).toEqual(one);
      expect(await kills(proc, (child) => child.poke(address + PAGE, one))).toBe(true);
      await proc.mprotect(address, 3 * PAGE, READ_WRITE);
      await proc.poke(address + PAGE, one);
    });
    check('code can be executed', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await proc.poke(address, new Uint8Array([0xb8, 42, 0, 0, 0, 0xc3])); // mov eax, 42; ret
      await proc.mprotect(address, PAGE, PROT_READ | PROT_EXEC);
      expect(await proc.invoke(address)).toBe(42);
    });
    check('a shared page after fork is copied for the writer alone', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await proc.poke(address, one);
      const child = await proc.fork();
      await child.mprotect(address, PAGE, PROT_READ);
      await child.mprotect(address, PAGE, READ_WRITE);
      await child.poke(address, new Uint8Array([9]));
      expect(await proc.peek(address, 1)).toEqual(one);
    });
    check('ENOMEM: not mapped; EINVAL: crooked, unknown; no length is nothing to do', async ({ proc }) => {
      await fails(proc, 'ENOMEM', 'mprotect', 0x50000000, PAGE, PROT_READ);
      const address = await proc.mmap({ length: PAGE });
      await fails(proc, 'EINVAL', 'mprotect', address + 1, PAGE, PROT_READ);
      await fails(proc, 'EINVAL', 'mprotect', address, PAGE, 0x10000000);
      await succeeds(proc, 'mprotect', address, 0, PROT_READ);
    });
  });

  syscall('brk', () => {
    check('moves up and down, memory is zero', async ({ proc }) => {
      const start = await proc.brk(0);
      expect(await proc.brk(start + 3 * PAGE)).toBe(start + 3 * PAGE);
      await proc.poke(start + 2 * PAGE, one);
      expect(await proc.brk(start)).toBe(start);
      expect(await proc.brk(start + 3 * PAGE)).toBe(start + 3 * PAGE);
      expect(await proc.peek(start + 2 * PAGE, 1)).toEqual(new Uint8Array(1));
    });
    check('beyond what is possible it stays where it is', async ({ proc }) => {
      const start = await proc.brk(0);
      expect(await proc.brk(0xfffff000)).toBe(start);
      expect(await proc.brk(0x1000)).toBe(start);
      await succeeds(proc, 'setrlimit', RLIMIT_DATA, words(0, 0));
      expect(await proc.brk(start + PAGE)).toBe(start);
    });
    check('stops before a mapping', async ({ proc }) => {
      const start = await proc.brk(0);
      const above = (start + 2 * PAGE) & -PAGE;
      await proc.mmap({ length: PAGE, address: above >>> 0, flags: ANONYMOUS | MAP_FIXED });
      expect(await proc.brk(start + 8 * PAGE)).toBe(start);
    });
  });

  syscall('mremap', () => {
    check('shrinks, and grows where there is room', async ({ proc }) => {
      const address = await proc.mmap({ length: 2 * PAGE, address: 0x50000000 });
      await proc.poke(address, one);
      expect(await succeeds(proc, 'mremap', address, 2 * PAGE, PAGE, 0)).toBe(address);
      expect(await kills(proc, (child) => child.peek(address + PAGE, 1))).toBe(true);
      expect(await succeeds(proc, 'mremap', address, PAGE, 4 * PAGE, 0)).toBe(address);
      expect(await proc.peek(address, 1)).toEqual(one);
    });
    check('moves if it may, contents and all', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE, address: 0x50000000 });
      await proc.mmap({ length: PAGE, address: 0x50001000 });
      await proc.poke(address, one);
      await fails(proc, 'ENOMEM', 'mremap', address, PAGE, 2 * PAGE, 0);
      const moved = (await succeeds(proc, 'mremap', address, PAGE, 2 * PAGE, MREMAP_MAYMOVE)) >>> 0;
      expect(moved).not.toBe(address);
      expect(await proc.peek(moved, 1)).toEqual(one);
      const fixed = MREMAP_MAYMOVE | MREMAP_FIXED;
      const there = await succeeds(proc, 'mremap', moved, 2 * PAGE, 2 * PAGE, fixed, 0x60000000);
      expect(there).toBe(0x60000000);
      expect(await proc.peek(0x60000000, 1)).toEqual(one);
    });
    check('EINVAL: crooked, unknown flags, overlap; EFAULT: not mapped', async ({ proc }) => {
      const address = await proc.mmap({ length: 2 * PAGE, address: 0x50000000 });
      await fails(proc, 'EINVAL', 'mremap', address + 1, PAGE, PAGE, 0);
      await fails(proc, 'EINVAL', 'mremap', address, PAGE, PAGE, 0x80);
      await fails(proc, 'EINVAL', 'mremap', address, PAGE, 0, 0);
      await fails(proc, 'EINVAL', 'mremap', address, PAGE, PAGE, MREMAP_FIXED, 0x60000000);
      await fails(proc, 'EFAULT', 'mremap', 0x70000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    });
  });

  syscall('madvise', () => {
    check('MADV_DONTNEED makes anonymous memory zero again', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await proc.poke(address, one);
      await succeeds(proc, 'madvise', address, PAGE, MADV_DONTNEED);
      expect(await proc.peek(address, 1)).toEqual(new Uint8Array(1));
      await succeeds(proc, 'madvise', address, PAGE, MADV_NORMAL);
    });
    check('MADV_REMOVE makes a hole in shared memory, for all who share it', async ({ proc }) => {
      const id = await succeeds(proc, 'shmget', IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0o600);
      const segment = (await proc.call('shmat', id, 0, 0)) >>> 0;
      await succeeds(proc, 'shmctl', id, IPC_RMID, 0);
      const shared = await proc.mmap({ length: 3 * PAGE, flags: MAP_SHARED | MAP_ANONYMOUS });
      for (const address of [shared, segment]) {
        for (let page = 0; page < 3; page++) await proc.poke(address + page * PAGE, one);
        const child = await proc.fork();
        expect(await child.peek(address + PAGE, 1)).toEqual(one);
        await succeeds(proc, 'madvise', address + PAGE, PAGE, MADV_REMOVE);
        for (const who of [proc, child]) {
          expect(await who.peek(address, 1)).toEqual(one);
          expect(await who.peek(address + PAGE, 1)).toEqual(new Uint8Array(1));
          expect(await who.peek(address + 2 * PAGE, 1)).toEqual(one);
        }
        await child.poke(address + PAGE, one);
        expect(await proc.peek(address + PAGE, 1)).toEqual(one);
      }
      await fails(proc, 'EINVAL', 'madvise', await proc.mmap({ length: PAGE }), PAGE, MADV_REMOVE);
    });
    check('EINVAL: unknown or crooked; ENOMEM: not mapped', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await fails(proc, 'EINVAL', 'madvise', address, PAGE, 9999);
      await fails(proc, 'EINVAL', 'madvise', address + 1, PAGE, MADV_NORMAL);
      await fails(proc, 'ENOMEM', 'madvise', 0x70000000, PAGE, MADV_DONTNEED);
    });
  });

  syscall('msync', () => {
    check('succeeds for memory that is mapped', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE, flags: MAP_SHARED | MAP_ANONYMOUS });
      await succeeds(proc, 'msync', address, PAGE, MS_SYNC);
      await succeeds(proc, 'msync', address, PAGE, MS_ASYNC);
    });
    check('EINVAL: crooked, unknown, both at once; ENOMEM: not mapped', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await fails(proc, 'EINVAL', 'msync', address + 1, PAGE, MS_SYNC);
      await fails(proc, 'EINVAL', 'msync', address, PAGE, 0x80);
      await fails(proc, 'EINVAL', 'msync', address, PAGE, MS_SYNC | MS_ASYNC);
      await fails(proc, 'ENOMEM', 'msync', 0x70000000, PAGE, MS_SYNC);
    });
  });

  syscall(['read', 'write'], () => {
    check('the kernel copies on write, too', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await proc.poke(address, one);
      const child = await proc.fork();
      const zero = await child.open('/dev/zero', O_RDONLY);
      await succeeds(child, 'read', zero, address, 1);
      expect(await child.peek(address, 1)).toEqual(new Uint8Array(1));
      expect(await proc.peek(address, 1)).toEqual(one);
    });
    check('the kernel finds fresh pages zero', async ({ proc }) => {
      const address = await proc.mmap({ length: 2 * PAGE });
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      expect(await succeeds(proc, 'write', fd, address + PAGE - 4, 8)).toBe(8);
      await proc.lseek(fd, 0, 0);
      expect(await proc.read(fd, 8)).toEqual(new Uint8Array(8));
    });
  });

  syscall(['getpid'], () => {
    check('the stack grows on demand, up to its limit', async ({ proc }) => {
      // sub esp, 4 MiB; push eax; add esp, 4 MiB + 4; ret
      const address = await proc.mmap({ length: PAGE, prot: READ_WRITE | PROT_EXEC });
      const bytes = [0x81, 0xec, 0, 0, 0x40, 0, 0x50, 0x81, 0xc4, 4, 0, 0x40, 0, 0xb8, 7, 0, 0, 0, 0xc3];
      await proc.poke(address, Uint8Array.from(bytes));
      expect(await proc.invoke(address)).toBe(7);
    });
  });
});
