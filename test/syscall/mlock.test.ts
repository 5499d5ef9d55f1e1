/*
 * Memory that stays in memory, and what is in memory: mlock and its relatives, mincore.
 */

import { expect } from 'vitest';
import { words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { O_RDONLY } from '../../kernel/abi/fcntl.ts';
import {
  MADV_DONTNEED,
  MAP_ANONYMOUS,
  MAP_LOCKED,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  MCL_CURRENT,
  MCL_FUTURE,
  MCL_ONFAULT,
  MLOCK_ONFAULT,
  PROT_NONE,
  PROT_READ,
} from '../../kernel/abi/mman.ts';
import { RLIMIT_MEMLOCK } from '../../kernel/abi/resource.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const PAGE = 4096;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
const HOLE = 0x50000000;

/** KiB that the process has locked, by /proc. */
async function locked(proc: Process): Promise<number> {
  const fd = await proc.open('/proc/self/status', O_RDONLY);
  const text = Buffer.from(await proc.read(fd, 2048)).toString();
  await proc.close(fd);
  return Number(/VmLck:\s+(\d+) kB/.exec(text)![1]);
}

/** Which of `pages` pages are in memory. */
async function inCore(proc: Process, address: number, pages: number): Promise<number[]> {
  const answers = await proc.mmap({ length: PAGE });
  await succeeds(proc, 'mincore', address, pages * PAGE, answers);
  const bytes = await proc.peek(answers, pages);
  await proc.munmap(answers, PAGE);
  return [...bytes].map((byte) => byte & 1);
}

/** An ordinary user, with a limit of so many pages. */
async function withLimit(proc: Process, pages: number): Promise<void> {
  await succeeds(proc, 'setrlimit', RLIMIT_MEMLOCK, words(pages * PAGE, pages * PAGE));
  await succeeds(proc, 'setuid32', 1000);
}

onEveryTarget(({ syscall, check }) => {
  syscall('mincore', () => {
    check('tells which pages have been touched', async ({ proc }) => {
      const address = await proc.mmap({ length: 3 * PAGE });
      await proc.poke(address + PAGE, new Uint8Array([1]));
      expect(await inCore(proc, address, 3)).toEqual([0, 1, 0]);
      await succeeds(proc, 'madvise', address, 3 * PAGE, MADV_DONTNEED);
      expect(await inCore(proc, address, 3)).toEqual([0, 0, 0]);
    });
    check('pages of shared memory are there whoever touched them', async ({ proc }) => {
      const address = await proc.mmap({ length: 2 * PAGE, flags: MAP_SHARED | MAP_ANONYMOUS });
      const child = await proc.fork();
      await child.poke(address, new Uint8Array([1]));
      expect(await inCore(proc, address, 2)).toEqual([1, 0]);
    });
    check('MAP_POPULATE brings all in', async ({ proc }) => {
      const address = await proc.mmap({ length: 4 * PAGE, flags: ANONYMOUS | MAP_POPULATE });
      expect(await inCore(proc, address, 4)).toEqual([1, 1, 1, 1]);
    });
    check('EINVAL: crooked; ENOMEM: a hole; EFAULT: nowhere to put the answer', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      const answers = await proc.mmap({ length: PAGE });
      await fails(proc, 'EINVAL', 'mincore', address + 1, PAGE, answers);
      await fails(proc, 'ENOMEM', 'mincore', HOLE, PAGE, answers);
      await succeeds(proc, 'mincore', address, 0, answers);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'mincore', address, PAGE, wild);
    });
  });

  syscall(['mlock', 'munlock'], () => {
    check('brings pages in, and is counted, part by part', async ({ proc }) => {
      const address = await proc.mmap({ length: 5 * PAGE });
      await succeeds(proc, 'mlock', address + PAGE + 5, PAGE);
      expect(await inCore(proc, address, 5)).toEqual([0, 1, 1, 0, 0]);
      expect(await locked(proc)).toBe(8);
      await succeeds(proc, 'mlock', address, 5 * PAGE);
      expect(await locked(proc)).toBe(20);
      await succeeds(proc, 'munlock', address + 2 * PAGE, PAGE);
      expect(await locked(proc)).toBe(16);
      await succeeds(proc, 'munlock', address, PAGE);
      await proc.munmap(address + 4 * PAGE, PAGE);
      expect(await locked(proc)).toBe(8);
    });
    check('is not inherited', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await succeeds(proc, 'mlock', address, PAGE);
      const child = await proc.fork();
      expect(await locked(child)).toBe(0);
    });
    check('what is locked cannot be dropped', async ({ proc }) => {
      const address = await proc.mmap({ length: PAGE });
      await succeeds(proc, 'mlock', address, PAGE);
      await fails(proc, 'EINVAL', 'madvise', address, PAGE, MADV_DONTNEED);
      await succeeds(proc, 'munlock', address, PAGE);
      await succeeds(proc, 'madvise', address, PAGE, MADV_DONTNEED);
    });
    check('ENOMEM: a hole, no access, the limit; EPERM: the limit is 0', async ({ proc, spawn }) => {
      const address = await proc.mmap({ length: 4 * PAGE });
      await fails(proc, 'ENOMEM', 'mlock', HOLE, PAGE);
      await fails(proc, 'ENOMEM', 'munlock', HOLE, PAGE);
      const nothing = await proc.mmap({ length: PAGE, prot: PROT_NONE });
      await fails(proc, 'ENOMEM', 'mlock', nothing, PAGE);
      await proc.munmap(nothing, PAGE); // it counts as locked all the same
      await withLimit(proc, 2);
      await fails(proc, 'ENOMEM', 'mlock', address, 3 * PAGE);
      await succeeds(proc, 'mlock', address, 2 * PAGE);
      await succeeds(proc, 'mlock', address, 2 * PAGE);
      await fails(proc, 'ENOMEM', 'mlock', address + PAGE, 2 * PAGE);
      const flags = ANONYMOUS | MAP_LOCKED;
      await fails(proc, 'EAGAIN', 'mmap2', 0, PAGE, PROT_READ, flags, -1, 0);
      const other = await spawn();
      const there = await other.mmap({ length: PAGE });
      await withLimit(other, 0);
      await fails(other, 'EPERM', 'mlock', there, PAGE);
      await fails(other, 'EPERM', 'mmap2', 0, PAGE, PROT_READ, flags, -1, 0);
    });
  });

  syscall('mlock2', () => {
    check('MLOCK_ONFAULT locks what comes, and brings nothing', async ({ proc }) => {
      const address = await proc.mmap({ length: 2 * PAGE });
      await succeeds(proc, 'mlock2', address, 2 * PAGE, MLOCK_ONFAULT);
      expect(await inCore(proc, address, 2)).toEqual([0, 0]);
      expect(await locked(proc)).toBe(8);
      await succeeds(proc, 'mlock2', address, 2 * PAGE, 0);
      expect(await inCore(proc, address, 2)).toEqual([1, 1]);
    });
    check('EINVAL: unknown flags', ({ proc }) => fails(proc, 'EINVAL', 'mlock2', HOLE, PAGE, 2));
  });

  syscall(['mlockall', 'munlockall'], () => {
    check('MCL_FUTURE locks what is mapped from now on', async ({ proc }) => {
      const before = await proc.mmap({ length: 2 * PAGE });
      await succeeds(proc, 'mlockall', MCL_FUTURE);
      expect(await locked(proc)).toBe(0);
      const after = await proc.mmap({ length: 3 * PAGE });
      expect(await locked(proc)).toBe(12);
      expect(await inCore(proc, after, 3)).toEqual([1, 1, 1]);
      expect(await inCore(proc, before, 2)).toEqual([0, 0]);
      await succeeds(proc, 'munlockall');
      expect(await locked(proc)).toBe(0);
      await proc.mmap({ length: PAGE });
      expect(await locked(proc)).toBe(0);
    });
    check('MCL_CURRENT locks everything there is', async ({ proc }) => {
      const address = await proc.mmap({ length: 2 * PAGE });
      await succeeds(proc, 'mlockall', MCL_CURRENT);
      expect(await inCore(proc, address, 2)).toEqual([1, 1]);
      expect(await locked(proc)).toBeGreaterThan(8);
      await succeeds(proc, 'munlockall');
    });
    check('EINVAL: no flags, unknown ones, MCL_ONFAULT alone; EPERM and ENOMEM: limits', async ({ proc, spawn }) => {
      await fails(proc, 'EINVAL', 'mlockall', 0);
      await fails(proc, 'EINVAL', 'mlockall', 8);
      await fails(proc, 'EINVAL', 'mlockall', MCL_ONFAULT);
      await withLimit(proc, 1);
      await fails(proc, 'ENOMEM', 'mlockall', MCL_CURRENT);
      const other = await spawn();
      await withLimit(other, 0);
      await fails(other, 'EPERM', 'mlockall', MCL_CURRENT);
    });
  });
});
