/*
 * Semaphores and message queues of System V. (Its shared memory is in memory.test.ts.)
 */

import { expect } from 'vitest';
import { type Blob, input, output, text, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeString, decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import {
  GETALL,
  GETNCNT,
  GETPID,
  GETVAL,
  GETZCNT,
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_NOWAIT,
  IPC_PRIVATE,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_EXCEPT,
  MSG_NOERROR,
  MSGGET,
  MSGRCV,
  SEM_UNDO,
  SEMCTL,
  SEMGET,
  SEMOP,
  SETALL,
  SETVAL,
} from '../../kernel/abi/ipc.ts';
import { SIGUSR1 } from '../../kernel/abi/signal.ts';
import { fails, interrupted, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

/** Number, operation, flags. */
type Operation = readonly [number, number, number?];

/** struct sembuf of each. */
function operations(...list: readonly Operation[]): Blob {
  return input(new Uint8Array(Uint16Array.from(list.flatMap(([n, change, flags = 0]) => [n, change, flags])).buffer));
}

function values(...list: readonly number[]): Blob {
  return input(new Uint8Array(Uint16Array.from(list).buffer));
}

/** struct msgbuf. */
function message(type: number, contents: string): Blob {
  return input(Buffer.concat([encodeWords([type]), Buffer.from(contents)]));
}

async function semop(proc: Process, id: number, ...list: readonly Operation[]): Promise<number> {
  return proc.call('semtimedop_time64', id, operations(...list), list.length, null);
}

/** Waits until `count` tasks sleep for the semaphore. */
async function sleepers(proc: Process, id: number, index: number, command: number, count = 1): Promise<void> {
  while ((await proc.call('semctl', id, index, command, 0)) !== count) await proc.nanosleep(0, 1_000_000);
}

async function receive(proc: Process, id: number, type: number, flags = 0, room = 50): Promise<[number, string]> {
  const { value, outputs } = await proc.run('msgrcv', id, output(54), room, type, flags);
  expect(value).toBeGreaterThanOrEqual(0);
  return [decodeWords(outputs[0]!.slice(0, 4))[0]!, decodeString(outputs[0]!.slice(4, 4 + value))];
}

onEveryTarget(({ syscall, check }) => {
  const withSet = async (proc: Process, ...start: readonly number[]): Promise<number> => {
    const id = await succeeds(proc, 'semget', IPC_PRIVATE, start.length, 0o600);
    await succeeds(proc, 'semctl', id, 0, SETALL, values(...start));
    return id;
  };
  const withQueue = async (proc: Process): Promise<number> => succeeds(proc, 'msgget', IPC_PRIVATE, 0o600);

  syscall(['semget', 'semctl', 'semtimedop_time64'], () => {
    check('all operations happen, or none', async ({ proc }) => {
      const id = await withSet(proc, 1, 2, 3);
      expect(await semop(proc, id, [0, -1], [1, 5], [2, -2])).toBe(0);
      const { outputs } = await proc.run('semctl', id, 0, GETALL, output(6));
      expect([...new Uint16Array(outputs[0]!.slice().buffer)]).toEqual([0, 7, 1]);
      expect(await semop(proc, id, [1, -1], [0, -1, IPC_NOWAIT])).toBe(-11);
      expect(await proc.call('semctl', id, 1, GETVAL, 0)).toBe(7);
      expect(await proc.call('semctl', id, 1, GETPID, 0)).toBe(proc.pid);
      await succeeds(proc, 'semctl', id, 0, IPC_RMID, 0);
    });
    check('sleepers are counted and woken', async ({ proc, spawn }) => {
      const id = await withSet(proc, 0, 1);
      const other = await spawn();
      const growing = semop(other, id, [0, -1]);
      await sleepers(proc, id, 0, GETNCNT);
      expect(await semop(proc, id, [0, 1])).toBe(0);
      expect(await growing).toBe(0);
      const falling = semop(other, id, [1, 0]);
      await sleepers(proc, id, 1, GETZCNT);
      await succeeds(proc, 'semctl', id, 1, SETVAL, 0);
      expect(await falling).toBe(0);
      const doomed = semop(other, id, [0, -1]);
      await sleepers(proc, id, 0, GETNCNT);
      await succeeds(proc, 'semctl', id, 0, IPC_RMID, 0);
      expect(await doomed).toBe(-43);
    });
    check('SEM_UNDO: the end of a process takes back what it did', async ({ proc }) => {
      const id = await withSet(proc, 5, 0);
      const child = await proc.fork();
      expect(await semop(child, id, [0, -3, SEM_UNDO], [1, 2, SEM_UNDO])).toBe(0);
      expect(await proc.call('semctl', id, 0, GETVAL, 0)).toBe(2);
      await succeeds(proc, 'semctl', id, 1, SETVAL, 9);
      await child.kill(9);
      await proc.wait(child.pid);
      const { outputs } = await proc.run('semctl', id, 0, GETALL, output(4));
      expect([...new Uint16Array(outputs[0]!.slice().buffer)]).toEqual([5, 9]);
      await succeeds(proc, 'semctl', id, 0, IPC_RMID, 0);
    });
    check('a key; IPC_STAT and IPC_SET', async ({ proc }) => {
      const key = 0x50570000 + (proc.pid & 0xffff);
      await fails(proc, 'ENOENT', 'semget', key, 1, 0o600);
      const id = await succeeds(proc, 'semget', key, 2, IPC_CREAT | 0o600);
      expect(await proc.call('semget', key, 1, 0o600)).toBe(id);
      await fails(proc, 'EEXIST', 'semget', key, 1, IPC_CREAT | IPC_EXCL);
      await fails(proc, 'EINVAL', 'semget', key, 3, 0o600);
      const status = decodeWords((await proc.run('semctl', id, 0, IPC_STAT, output(64))).outputs[0]!);
      expect([status[0], status[5], status[13]]).toEqual([key, 0o600, 2]);
      status[5] = 0o640;
      await succeeds(proc, 'semctl', id, 0, IPC_SET, input(encodeWords(status)));
      expect(decodeWords((await proc.run('semctl', id, 0, IPC_STAT, output(64))).outputs[0]!)[5]).toBe(0o640);
      await succeeds(proc, 'semctl', id, 0, IPC_INFO, output(40));
      await succeeds(proc, 'semctl', id, 0, IPC_RMID, 0);
      await fails(proc, 'EINVAL', 'semctl', id, 0, GETVAL, 0);
    });
    check('E2BIG, EAGAIN, EFAULT, EFBIG, EINVAL, ERANGE', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'semget', IPC_PRIVATE, 0, 0o600);
      await fails(proc, 'EINVAL', 'semget', IPC_PRIVATE, 32001, 0o600);
      const id = await withSet(proc, 0, 32767);
      await fails(proc, 'E2BIG', 'semtimedop_time64', id, operations([0, 1]), 501, null);
      await fails(proc, 'EAGAIN', 'semtimedop_time64', id, operations([0, -1]), 1, words(0, 0, 1000, 0));
      await fails(proc, 'EINVAL', 'semtimedop_time64', id, operations([0, -1]), 1, words(0, 0, -1, 0));
      await fails(proc, 'EINVAL', 'semtimedop_time64', id, operations(), 0, null);
      await fails(proc, 'EINVAL', 'semtimedop_time64', -1, operations([0, 1]), 1, null);
      expect(await semop(proc, id, [2, 1])).toBe(-27);
      expect(await semop(proc, id, [0, 1], [1, 1])).toBe(-34);
      expect(await proc.call('semctl', id, 0, GETVAL, 0)).toBe(0);
      await fails(proc, 'ERANGE', 'semctl', id, 0, SETVAL, 32768);
      await fails(proc, 'ERANGE', 'semctl', id, 0, SETALL, values(1, 40000));
      await fails(proc, 'EINVAL', 'semctl', id, 2, GETVAL, 0);
      await fails(proc, 'EINVAL', 'semctl', id, 0, 99, 0);
      await fails(proc, 'EINVAL', 'semctl', -1, 0, GETVAL, 0);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'semtimedop_time64', id, wild, 1, null);
        await fails(proc, 'EFAULT', 'semtimedop_time64', id, operations([0, 1]), 1, wild);
        await fails(proc, 'EFAULT', 'semctl', id, 0, GETALL, wild);
        await fails(proc, 'EFAULT', 'semctl', id, 0, SETALL, wild);
        await fails(proc, 'EFAULT', 'semctl', id, 0, IPC_STAT, wild);
        await fails(proc, 'EFAULT', 'semctl', id, 0, IPC_SET, wild);
      }
      await succeeds(proc, 'semctl', id, 0, IPC_RMID, 0);
    });
    check('EACCES, EPERM, EINTR', async ({ proc, spawn }) => {
      const id = await withSet(proc, 0);
      const stranger = await spawn();
      if ((await stranger.call('setresuid32', 1000, 1000, 1000)) === 0) {
        expect(await semop(stranger, id, [0, 1])).toBe(-13);
        await fails(stranger, 'EACCES', 'semctl', id, 0, GETVAL, 0);
        await fails(stranger, 'EPERM', 'semctl', id, 0, IPC_RMID, 0);
      }
      const { signalHandler, restorer } = proc.agent;
      const other = await spawn();
      await other.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x1400_0000, restorer, mask: 0n });
      expect(await interrupted(other, SIGUSR1, semop(other, id, [0, -1]))).toBe(-4);
      await succeeds(proc, 'semctl', id, 0, IPC_RMID, 0);
    });
  });

  syscall(['msgget', 'msgsnd', 'msgrcv', 'msgctl'], () => {
    check('by order, by type, by anything else', async ({ proc }) => {
      const id = await withQueue(proc);
      for (const [type, contents] of [
        [4, 'four'],
        [3, 'three'],
        [2, 'two'],
        [3, 'again'],
        [1, 'one'],
      ] as const) {
        await succeeds(proc, 'msgsnd', id, message(type, contents), contents.length, 0);
      }
      expect(await receive(proc, id, -3)).toEqual([1, 'one']);
      expect(await receive(proc, id, 3)).toEqual([3, 'three']);
      expect(await receive(proc, id, 4, MSG_EXCEPT)).toEqual([2, 'two']);
      await fails(proc, 'E2BIG', 'msgrcv', id, output(8), 3, 0, 0);
      expect(await receive(proc, id, 0, MSG_NOERROR, 3)).toEqual([4, 'fou']);
      await fails(proc, 'ENOMSG', 'msgrcv', id, output(8), 4, 9, IPC_NOWAIT);
      const status = decodeWords((await proc.run('msgctl', id, IPC_STAT, output(88))).outputs[0]!);
      expect(status.slice(15, 20)).toEqual([5, 1, 16384, proc.pid, proc.pid]);
      await succeeds(proc, 'msgctl', id, IPC_RMID, 0);
      await fails(proc, 'EINVAL', 'msgrcv', id, output(8), 4, 0, 0);
    });
    check('sleepers are woken, by a message, by room, by the end', async ({ proc, spawn }) => {
      const id = await withQueue(proc);
      const other = await spawn();
      const reading = receive(other, id, 7);
      await succeeds(proc, 'msgsnd', id, message(6, ''), 0, 0);
      await succeeds(proc, 'msgsnd', id, message(7, 'seven'), 5, 0);
      expect(await reading).toEqual([7, 'seven']);
      const big = message(1, 'x'.repeat(3000));
      for (let n = 0; n < 5; n++) await succeeds(proc, 'msgsnd', id, big, 3000, 0);
      await fails(proc, 'EAGAIN', 'msgsnd', id, big, 3000, IPC_NOWAIT);
      const writing = other.call('msgsnd', id, big, 3000, 0);
      expect(await receive(proc, id, 1, MSG_NOERROR)).toEqual([1, 'x'.repeat(50)]);
      expect(await writing).toBe(0);
      const doomed = other.call('msgrcv', id, output(8), 4, 99, 0);
      await proc.nanosleep(0, 20_000_000);
      await succeeds(proc, 'msgctl', id, IPC_RMID, 0);
      expect([-43, -22]).toContain(await doomed); // had it not begun to wait yet, there is no such queue
    });
    check('a key; IPC_SET', async ({ proc }) => {
      const key = 0x50580000 + (proc.pid & 0xffff);
      await fails(proc, 'ENOENT', 'msgget', key, 0o600);
      const id = await succeeds(proc, 'msgget', key, IPC_CREAT | 0o600);
      expect(await proc.call('msgget', key, IPC_CREAT | 0o600)).toBe(id);
      await fails(proc, 'EEXIST', 'msgget', key, IPC_CREAT | IPC_EXCL | 0o600);
      const status = decodeWords((await proc.run('msgctl', id, IPC_STAT, output(88))).outputs[0]!);
      status[5] = 0o666;
      status[17] = 100;
      await succeeds(proc, 'msgctl', id, IPC_SET, input(encodeWords(status)));
      await fails(proc, 'EAGAIN', 'msgsnd', id, message(1, 'x'.repeat(101)), 101, IPC_NOWAIT);
      await succeeds(proc, 'msgctl', id, IPC_INFO, output(32));
      await succeeds(proc, 'msgctl', id, IPC_RMID, 0);
    });
    check('EINVAL, EFAULT, ENOSYS', async ({ proc }) => {
      const id = await withQueue(proc);
      await fails(proc, 'EINVAL', 'msgsnd', id, message(0, 'x'), 1, 0);
      await fails(proc, 'EINVAL', 'msgsnd', id, message(1, 'x'), 8193, 0);
      await fails(proc, 'EINVAL', 'msgsnd', -1, message(1, 'x'), 1, 0);
      await fails(proc, 'EINVAL', 'msgrcv', id, output(8), -1, 0, 0);
      await fails(proc, 'EINVAL', 'msgrcv', id, output(8), 4, 0, MSG_COPY);
      await fails(proc, 'EINVAL', 'msgctl', id, 99, 0);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'msgsnd', id, wild, 1, 0);
        await fails(proc, 'EFAULT', 'msgctl', id, IPC_STAT, wild);
        await fails(proc, 'EFAULT', 'msgctl', id, IPC_SET, wild);
        await succeeds(proc, 'msgsnd', id, message(1, 'x'), 1, 0);
        await fails(proc, 'EFAULT', 'msgrcv', id, wild, 1, 0, 0);
      }
      await succeeds(proc, 'msgctl', id, IPC_RMID, 0);
    });
    check('EACCES, EPERM, EINTR', async ({ proc, spawn }) => {
      const id = await withQueue(proc);
      const stranger = await spawn();
      if ((await stranger.call('setresuid32', 1000, 1000, 1000)) === 0) {
        await fails(stranger, 'EACCES', 'msgsnd', id, message(1, 'x'), 1, 0);
        await fails(stranger, 'EACCES', 'msgrcv', id, output(8), 4, 0, IPC_NOWAIT);
        await fails(stranger, 'EPERM', 'msgctl', id, IPC_RMID, 0);
      }
      const { signalHandler, restorer } = proc.agent;
      const other = await spawn();
      await other.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x1400_0000, restorer, mask: 0n });
      expect(await interrupted(other, SIGUSR1, other.call('msgrcv', id, output(8), 4, 0, 0))).toBe(-4);
      await succeeds(proc, 'msgctl', id, IPC_RMID, 0);
    });
  });

  syscall('ipc', () => {
    check('is another way to the same', async ({ proc }) => {
      const set = await succeeds(proc, 'ipc', SEMGET, IPC_PRIVATE, 1, 0o600, 0);
      await succeeds(proc, 'ipc', SEMOP, set, 1, 0, operations([0, 3]));
      expect(await proc.call('ipc', SEMCTL, set, 0, GETVAL | 0x100, words(0))).toBe(3);
      await succeeds(proc, 'ipc', SEMCTL, set, 0, IPC_RMID, words(0));
      const queue = await succeeds(proc, 'ipc', MSGGET, IPC_PRIVATE, 0o600, 0, 0);
      await succeeds(proc, 'msgsnd', queue, message(8, 'eight'), 5, 0);
      const { value, outputs } = await proc.run('ipc', MSGRCV, queue, 5, 0, words(output(9), 8));
      expect([value, decodeString(outputs[0]!.slice(4))]).toEqual([5, 'eight']);
      await succeeds(proc, 'msgctl', queue, IPC_RMID, 0);
      await fails(proc, 'ENOSYS', 'ipc', 99, 0, 0, 0, text(''));
    });
  });
});
