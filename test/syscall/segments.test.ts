/*
 * Shared memory segments of System V.
 */

import { expect } from 'vitest';
import { output, words } from '../../emulator/agent/arguments.ts';
import { decodeWords } from '../../emulator/agent/records.ts';
import type { Process } from '../../emulator/agent/process.ts';
import {
  IPC_64,
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_STAT,
  SHM_EXEC,
  SHM_INFO,
  SHM_LOCK,
  SHM_LOCKED,
  SHM_RDONLY,
  SHM_REMAP,
  SHM_RND,
  SHM_UNLOCK,
  SHMAT,
  SHMCTL,
  SHMDT,
  SHMGET,
} from '../../kernel/abi/ipc.ts';
import { RLIMIT_MEMLOCK } from '../../kernel/abi/resource.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

/** Runs `body` with a segment of `size` bytes, which goes at the end. */
async function withSegment(
  proc: Process,
  size: number,
  mode: number,
  body: (id: number) => Promise<void>,
): Promise<void> {
  const id = await succeeds(proc, 'shmget', IPC_PRIVATE, size, IPC_CREAT | mode);
  try {
    await body(id);
  } finally {
    await proc.call('shmctl', id, IPC_RMID, 0);
  }
}

async function attachments(proc: Process, id: number): Promise<number> {
  const { outputs } = await proc.run('shmctl', id, IPC_STAT, output(84));
  return decodeWords(outputs[0]!)[18]!;
}

async function modeOf(proc: Process, id: number): Promise<number> {
  const { outputs } = await proc.run('shmctl', id, IPC_STAT, output(84));
  return decodeWords(outputs[0]!)[5]! & 0xffff;
}

async function attach(proc: Process, id: number, address = 0, flags = 0): Promise<number> {
  const result = (await proc.call('shmat', id, address, flags)) >>> 0;
  expect(result).toBeLessThan(0xfffff000);
  return result;
}

onEveryTarget(({ syscall, check }) => {
  syscall('shmget', () => {
    check('finds by key, and makes if need be', async ({ proc }) => {
      const key = 0x5057_0000 + (proc.pid & 0xffff);
      await fails(proc, 'ENOENT', 'shmget', key, 100, 0);
      const id = await succeeds(proc, 'shmget', key, 100, IPC_CREAT | 0o600);
      expect(await proc.call('shmget', key, 50, 0)).toBe(id);
      await fails(proc, 'EEXIST', 'shmget', key, 100, IPC_CREAT | IPC_EXCL);
      await fails(proc, 'EINVAL', 'shmget', key, 101, 0);
      await succeeds(proc, 'shmctl', id, IPC_RMID, 0);
      await fails(proc, 'ENOENT', 'shmget', key, 100, 0);
    });
    check('EINVAL: no bytes', ({ proc }) => fails(proc, 'EINVAL', 'shmget', IPC_PRIVATE, 0, IPC_CREAT));
    check('EACCES: not for this user', async ({ proc, spawn }) => {
      const key = 0x5058_0000 + (proc.pid & 0xffff);
      const id = await succeeds(proc, 'shmget', key, 100, IPC_CREAT | 0o600);
      const other = await spawn();
      await other.call('setresuid32', 1000, 1000, 1000);
      await fails(other, 'EACCES', 'shmget', key, 100, 0o400);
      await fails(other, 'EACCES', 'shmat', id, 0, 0);
      await fails(other, 'EACCES', 'shmctl', id, IPC_STAT, output(84));
      await fails(other, 'EPERM', 'shmctl', id, IPC_RMID, 0);
      await succeeds(proc, 'shmctl', id, IPC_RMID, 0);
    });
  });

  syscall(['shmat', 'shmdt'], () => {
    check('processes meet in the same memory', ({ proc, spawn }) =>
      withSegment(proc, 8192, 0o600, async (id) => {
        const other = await spawn();
        const mine = await attach(proc, id);
        const theirs = await attach(other, id);
        await proc.poke(mine + 4096, new Uint8Array([42]));
        expect(await other.peek(theirs + 4096, 1)).toEqual(new Uint8Array([42]));
        expect(await attachments(proc, id)).toBe(2);
        await succeeds(other, 'shmdt', theirs);
        await fails(other, 'EINVAL', 'shmdt', theirs);
        expect(await attachments(proc, id)).toBe(1);
      }),
    );
    check('a fork attaches, an exit detaches, a removed segment goes with the last', async ({ proc }) => {
      const id = await succeeds(proc, 'shmget', IPC_PRIVATE, 4096, IPC_CREAT | 0o600);
      const address = await attach(proc, id);
      const child = await proc.fork();
      expect(await attachments(proc, id)).toBeGreaterThan(1); // the agent watches the child by another one
      await succeeds(proc, 'shmctl', id, IPC_RMID, 0);
      await child.exit(0);
      await proc.wait(child.pid);
      while ((await attachments(proc, id)) > 1) continue;
      await succeeds(proc, 'shmdt', address);
      await fails(proc, 'EINVAL', 'shmctl', id, IPC_STAT, output(84));
    });
    check('SHM_RDONLY, SHM_EXEC, SHM_RND, SHM_REMAP', ({ proc }) =>
      withSegment(proc, 4096, 0o700, async (id) => {
        const readOnly = await attach(proc, id, 0, SHM_RDONLY);
        await fails(proc, 'EACCES', 'mprotect', readOnly, 4096, 3);
        await attach(proc, id, 0, SHM_EXEC);
        const place = await proc.mmap({ length: 8192 });
        await fails(proc, 'EINVAL', 'shmat', id, place, 0);
        await fails(proc, 'EINVAL', 'shmat', id, place + 1, 0);
        await fails(proc, 'EINVAL', 'shmat', id, 1, SHM_RND | SHM_REMAP);
        expect(await attach(proc, id, place + 4096 + 5, SHM_RND | SHM_REMAP)).toBe(place + 4096);
      }),
    );
    check('what is left of an attachment is detached', ({ proc }) =>
      withSegment(proc, 3 * 4096, 0o600, async (id) => {
        const address = await attach(proc, id);
        await proc.munmap(address + 4096, 4096);
        expect(await attachments(proc, id)).toBe(2);
        await succeeds(proc, 'shmdt', address);
        expect(await attachments(proc, id)).toBe(0);
      }),
    );
    check('EINVAL: no such segment', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'shmat', -1, 0, 0);
      await fails(proc, 'EINVAL', 'shmat', 4000, 0, 0);
      await fails(proc, 'EINVAL', 'shmdt', 0x10000);
      await fails(proc, 'EINVAL', 'shmdt', 0x10001);
    });
  });

  syscall('shmctl', () => {
    check('tells limits and use', async ({ proc }) => {
      const limits = await proc.run('shmctl', 0, IPC_INFO, output(36));
      expect(decodeWords(limits.outputs[0]!).slice(1, 3)).toEqual([1, 4096]);
      await withSegment(proc, 4096 * 5, 0o600, async () => {
        const { outputs } = await proc.run('shmctl', 0, SHM_INFO, output(24));
        const [ids, total] = decodeWords(outputs[0]!);
        expect(ids).toBeGreaterThan(0);
        expect(total).toBeGreaterThanOrEqual(5);
      });
    });
    check('locks and unlocks', ({ proc }) =>
      withSegment(proc, 4096, 0o600, async (id) => {
        await succeeds(proc, 'shmctl', id, SHM_LOCK, 0);
        expect(await modeOf(proc, id)).toBe(0o600 | SHM_LOCKED);
        await succeeds(proc, 'shmctl', id, SHM_UNLOCK, 0);
        await succeeds(proc, 'shmctl', id, SHM_UNLOCK, 0);
        expect(await modeOf(proc, id)).toBe(0o600);
      }),
    );
    check('EPERM, ENOMEM: a user who may not lock any memory, or not so much', async ({ proc }) => {
      await proc.call('setresuid32', 1000, 1000, 1000);
      await withSegment(proc, 5 * 4096, 0o600, async (id) => {
        await succeeds(proc, 'setrlimit', RLIMIT_MEMLOCK, words(4 * 4096, 4 * 4096));
        await fails(proc, 'ENOMEM', 'shmctl', id, SHM_LOCK, 0);
        await succeeds(proc, 'setrlimit', RLIMIT_MEMLOCK, words(0, 4 * 4096));
        await fails(proc, 'EPERM', 'shmctl', id, SHM_LOCK, 0);
        await succeeds(proc, 'shmctl', id, SHM_UNLOCK, 0);
      });
    });
    check('EFAULT: a wild pointer; EINVAL: no such command', ({ proc }) =>
      withSegment(proc, 4096, 0o600, async (id) => {
        for (const pointer of wildPointers) await fails(proc, 'EFAULT', 'shmctl', id, IPC_STAT, pointer);
        await fails(proc, 'EINVAL', 'shmctl', id, 77, 0);
        await fails(proc, 'EINVAL', 'shmctl', -1, IPC_RMID, 0);
      }),
    );
  });

  syscall('ipc', () => {
    check('makes all of these calls', async ({ proc }) => {
      const id = await succeeds(proc, 'ipc', SHMGET, IPC_PRIVATE, 4096, IPC_CREAT | 0o600);
      const { outputs } = await proc.run('ipc', SHMAT, id, 0, output(4), 0);
      const address = decodeWords(outputs[0]!)[0]!;
      await proc.poke(address, new Uint8Array([1]));
      expect(await attachments(proc, id)).toBe(1);
      await succeeds(proc, 'ipc', SHMCTL, id, IPC_STAT | IPC_64, 0, output(84));
      await succeeds(proc, 'ipc', SHMDT, 0, 0, 0, address);
      await succeeds(proc, 'ipc', SHMCTL, id, IPC_RMID | IPC_64, 0, 0);
      await fails(proc, 'EINVAL', 'ipc', SHMCTL, id, IPC_STAT | IPC_64, 0, output(84));
      await fails(proc, 'EINVAL', 'ipc', SHMAT | 0x10000, id, 0, output(4), 0);
    });
  });
});
