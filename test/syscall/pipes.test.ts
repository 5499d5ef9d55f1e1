/*
 * Pipes, and waiting for descriptors: who blocks, who is woken, and what readers and writers see of each other's end.
 */

import { expect } from 'vitest';
import { type Blob, inout, input, output, words } from '../../emulator/agent/arguments.ts';
import { ProcessGone } from '../../emulator/agent/failures.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords, encodeWords, signalSet, encodeU64 } from '../../emulator/agent/records.ts';
import {
  F_GETFD,
  F_GETFL,
  F_GETPIPE_SZ,
  FD_CLOEXEC,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  PIPE_BUF,
} from '../../kernel/abi/fcntl.ts';
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT } from '../../kernel/abi/poll.ts';
import { SIG_IGN, SIGPIPE, SIGUSR1, SIG_BLOCK } from '../../kernel/abi/signal.ts';
import { S_IFIFO } from '../../kernel/abi/stat.ts';
import { fails, interrupted, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

function bytes(count: number): Blob {
  return input(new Uint8Array(count).fill(0x61));
}

/** Fills a pipe whose end for writing is non-blocking. Returns how many bytes it held. */
async function fill(proc: Process, fd: number): Promise<number> {
  const memory = await proc.mmap({ length: 4096 });
  let total = 0;
  for (const size of [4096, 1]) {
    for (let wrote = size; wrote > 0; total += Math.max(wrote, 0)) wrote = await proc.call('write', fd, memory, size);
  }
  return total;
}

/** struct pollfd records. */
function pollSet(...entries: readonly (readonly [fd: number, events: number])[]): Blob {
  return inout(encodeWords(entries.flatMap(([fd, events]) => [fd, events])));
}

function revents(blob: Uint8Array | undefined): number[] {
  return decodeWords(blob!)
    .filter((_, index) => index % 2 === 1)
    .map((word) => word >>> 16);
}

/** An fd_set of 128 bits. */
function fdSet(...fds: readonly number[]): Blob {
  const set = [0, 0, 0, 0];
  for (const fd of fds) set[fd >> 5]! |= 1 << (fd & 31);
  return inout(encodeWords(set));
}

function members(blob: Uint8Array | undefined): number[] {
  return decodeWords(blob!).flatMap((word, index) =>
    Array.from({ length: 32 }, (_, bit) => bit)
      .filter((bit) => ((word >>> bit) & 1) === 1)
      .map((bit) => index * 32 + bit),
  );
}

onEveryTarget(({ syscall, check }) => {
  syscall(['pipe', 'pipe2'], () => {
    check('give an end for reading and one for writing', async ({ proc }) => {
      expect(await proc.pipe()).toEqual([3, 4]);
      expect((await proc.fstat(3)).mode & 0o170000).toBe(S_IFIFO);
      await fails(proc, 'EBADF', 'write', 3, bytes(1), 1);
      await fails(proc, 'EBADF', 'read', 4, output(1), 1);
    });
    check('an end that is opened again, through /proc, waits for nobody', async ({ proc }) => {
      const [from, to] = await proc.pipe();
      await proc.write(to, 'left');
      await proc.close(to);
      expect(await proc.readText(await proc.open(`/proc/self/fd/${from}`, O_RDONLY))).toBe('left');
      await proc.close(await proc.open(`/proc/self/fd/${from}`, O_RDWR));
    });
    check('pipe2 sets flags', async ({ proc }) => {
      await succeeds(proc, 'pipe2', output(8), O_CLOEXEC | O_NONBLOCK);
      expect(await proc.fcntl(3, F_GETFD)).toBe(FD_CLOEXEC);
      expect((await proc.fcntl(4, F_GETFL)) & O_NONBLOCK).toBe(O_NONBLOCK);
    });
    check('EINVAL: unknown flags; EFAULT: a wild result, and nothing is left open', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'pipe2', output(8), O_APPEND);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'pipe', wild);
      expect(await proc.open('/dev/null', O_RDONLY)).toBe(3);
    });
  });

  syscall(['read', 'write'], () => {
    check('a pipe passes bytes on in order', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.write(writeEnd, 'first ');
      await proc.write(writeEnd, 'second');
      expect(await proc.readText(readEnd, 8)).toBe('first se');
      expect(await proc.readText(readEnd)).toBe('cond');
    });
    check('a reader waits for a writer', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      const reading = child.readText(readEnd);
      await succeeds(proc, 'sched_yield');
      await proc.write(writeEnd, 'at last');
      expect(await reading).toBe('at last');
    });
    check('a writer waits for room', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const size = await proc.fcntl(readEnd, F_GETPIPE_SZ);
      const memory = await proc.mmap({ length: 2 * size });
      const child = await proc.fork();
      const writing = child.call('write', writeEnd, memory, 2 * size);
      let total = 0;
      while (total < 2 * size) total += await succeeds(proc, 'read', readEnd, memory, 2 * size);
      expect(total).toBe(2 * size);
      expect(await writing).toBe(2 * size);
    });
    check('a reader sees the end when the last writer is gone', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      await child.close(writeEnd);
      const reading = child.readText(readEnd);
      await proc.close(writeEnd);
      expect(await reading).toBe('');
    });
    check('EPIPE: no reader, when SIGPIPE is ignored', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.close(readEnd);
      await proc.sigaction(SIGPIPE, { handler: SIG_IGN });
      await fails(proc, 'EPIPE', 'write', writeEnd, bytes(1), 1);
    });
    check('SIGPIPE kills a writer without readers', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.close(readEnd);
      await expect(proc.write(writeEnd, 'x')).rejects.toThrow(ProcessGone);
      expect(await proc.exited).toMatchObject({ kind: 'killed', signal: SIGPIPE });
    });
    check('a waiting writer gets EPIPE when the last reader goes', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.sigaction(SIGPIPE, { handler: SIG_IGN });
      await succeeds(proc, 'fcntl64', writeEnd, 4, O_NONBLOCK);
      await fill(proc, writeEnd);
      await succeeds(proc, 'fcntl64', writeEnd, 4, 0);
      const child = await proc.fork();
      await child.close(readEnd);
      const writing = child.call('write', writeEnd, bytes(1), 1);
      await proc.close(readEnd);
      expect(await writing).toBe(-32);
    });
    check('EAGAIN: non-blocking, and nothing to read or no room', async ({ proc }) => {
      const { outputs } = await proc.run('pipe2', output(8), O_NONBLOCK);
      const [readEnd, writeEnd] = decodeWords(outputs[0]!);
      await fails(proc, 'EAGAIN', 'read', readEnd!, output(1), 1);
      expect(await fill(proc, writeEnd!)).toBe(await proc.fcntl(readEnd!, F_GETPIPE_SZ));
      await fails(proc, 'EAGAIN', 'write', writeEnd!, bytes(1), 1);
    });
    check('what fits into PIPE_BUF is written whole or not at all', async ({ proc }) => {
      const { outputs } = await proc.run('pipe2', output(8), O_NONBLOCK);
      const [readEnd, writeEnd] = decodeWords(outputs[0]!);
      const size = await fill(proc, writeEnd!);
      const memory = await proc.mmap({ length: 2 * PIPE_BUF });
      await succeeds(proc, 'read', readEnd!, memory, PIPE_BUF - 1);
      expect(await proc.call('write', writeEnd!, memory, PIPE_BUF)).toBe(-11);
      expect(size).toBeGreaterThanOrEqual(PIPE_BUF);
    });
    check('EFAULT: a wild buffer', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'write', writeEnd, wild, 1);
      await proc.write(writeEnd, 'abc');
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'read', readEnd, wild, 1);
    });
    check('EINTR: a signal that is caught ends a wait', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      const { signalHandler, restorer } = proc.agent;
      await proc.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x04000000, restorer });
      expect(await interrupted(proc, SIGUSR1, proc.call('read', readEnd, output(1), 1))).toBe(-4);
    });
  });

  syscall(['poll', 'ppoll', 'ppoll_time64'], () => {
    check('tell what is ready', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const set = pollSet([readEnd, POLLIN], [writeEnd, POLLOUT]);
      const empty = await proc.run('poll', set, 2, 0);
      expect([empty.value, revents(empty.outputs[0])]).toEqual([1, [0, POLLOUT]]);
      await proc.write(writeEnd, 'x');
      const full = await proc.run('ppoll', set, 2, words(0, 0), null, 8);
      expect([full.value, revents(full.outputs[0])]).toEqual([2, [POLLIN, POLLOUT]]);
    });
    check('POLLHUP without writers, POLLERR without readers, POLLNVAL without a file', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.close(writeEnd);
      const hup = await proc.run('poll', pollSet([readEnd, POLLIN], [50, POLLIN], [-1, POLLIN]), 3, -1);
      expect([hup.value, revents(hup.outputs[0])]).toEqual([2, [POLLHUP, POLLNVAL, 0]]);
      const [otherRead, otherWrite] = await proc.pipe();
      await proc.close(otherRead);
      const err = await proc.run('poll', pollSet([otherWrite, POLLOUT]), 1, -1);
      expect(revents(err.outputs[0])).toEqual([POLLOUT | POLLERR]);
    });
    check('wait until something is ready', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      const waiting = child.run('poll', pollSet([readEnd, POLLIN]), 1, -1);
      await proc.write(writeEnd, 'x');
      const { value, outputs } = await waiting;
      expect([value, revents(outputs[0])]).toEqual([1, [POLLIN]]);
    });
    check('or until time is over', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      expect(await succeeds(proc, 'poll', pollSet([readEnd, POLLIN]), 1, 20)).toBe(0);
      expect(await succeeds(proc, 'ppoll', pollSet([readEnd, POLLIN]), 1, words(0, 20_000_000), null, 8)).toBe(0);
      const time64 = words(0, 0, 20_000_000, 0);
      expect(await succeeds(proc, 'ppoll_time64', pollSet([readEnd, POLLIN]), 1, time64, null, 8)).toBe(0);
    });
    check('regular files and /dev/null are always ready', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      const { outputs } = await proc.run('poll', pollSet([fd, POLLIN | POLLOUT], [0, POLLIN]), 2, -1);
      expect(revents(outputs[0])).toEqual([POLLIN | POLLOUT, POLLIN]);
    });
    check('ppoll lets a blocked signal in: EINTR', async ({ proc }) => {
      const { signalHandler, restorer } = proc.agent;
      await proc.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x04000000, restorer });
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      const [readEnd] = await proc.pipe();
      await fails(proc, 'EINTR', 'ppoll', pollSet([readEnd, POLLIN]), 1, null, input(encodeU64(0n)), 8);
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(SIGUSR1));
      expect(await proc.signals()).toHaveLength(1);
    });
    check('EINVAL: too many, a negative time, another size of set; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'poll', pollSet([0, POLLIN]), 0x10000000, 0);
      await fails(proc, 'EINVAL', 'ppoll', pollSet([0, POLLIN]), 1, words(-1, 0), null, 8);
      await fails(proc, 'EINVAL', 'ppoll', pollSet([0, POLLIN]), 1, null, input(encodeU64(0n)), 4);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'poll', wild, 1, 0);
    });
  });

  syscall(['select', '_newselect', 'pselect6', 'pselect6_time64'], () => {
    check('leave those that are ready, and count them', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      await proc.write(writeEnd, 'x');
      const { value, outputs } = await proc.run(
        '_newselect',
        10,
        fdSet(readEnd, 0),
        fdSet(writeEnd),
        fdSet(readEnd),
        null,
      );
      expect([value, ...outputs.map(members)]).toEqual([3, [0, readEnd], [writeEnd], []]);
    });
    check('select takes its arguments as a record', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      const { value, outputs } = await proc.run('select', words(10, fdSet(readEnd), 0, 0, words(0, 0)));
      expect([value, members(outputs[0])]).toEqual([0, []]);
    });
    check('wait, and tell the time that is left', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      const waiting = child.run('_newselect', 10, fdSet(readEnd), null, null, inout(encodeWords([1_000_000, 0])));
      await proc.write(writeEnd, 'x');
      const { value, outputs } = await waiting;
      expect([value, members(outputs[0])]).toEqual([1, [readEnd]]);
      expect(decodeWords(outputs[1]!)[0]).toBeGreaterThan(900_000);
    });
    check('time out', async ({ proc }) => {
      const [readEnd] = await proc.pipe();
      const set = fdSet(readEnd);
      expect(await succeeds(proc, '_newselect', 10, set, null, null, inout(encodeWords([0, 20_000])))).toBe(0);
      expect(await succeeds(proc, 'pselect6', 10, set, null, null, inout(encodeWords([0, 20_000_000])), null)).toBe(0);
      const time64 = inout(encodeWords([0, 0, 20_000_000, 0]));
      expect(await succeeds(proc, 'pselect6_time64', 10, set, null, null, time64, null)).toBe(0);
    });
    check('EBADF: not open; EINVAL: a negative count or time; EFAULT', async ({ proc }) => {
      await fails(proc, 'EBADF', '_newselect', 60, fdSet(50), null, null, null);
      await fails(proc, 'EINVAL', '_newselect', -1, null, null, null, null);
      await fails(proc, 'EINVAL', '_newselect', 0, null, null, null, words(-1, 0));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', '_newselect', 10, wild, null, null, null);
        await fails(proc, 'EFAULT', 'select', wild);
      }
    });
  });
});
