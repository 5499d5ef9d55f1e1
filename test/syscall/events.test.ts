/*
 * Waiting for many things by descriptors: epoll, timers, signals. Nothing here expects anything to take a certain time.
 */

import { expect } from 'vitest';
import { input, output, type Blob, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeU64, decodeWords, encodeU64, signalSet } from '../../emulator/agent/records.ts';
import {
  FD_CLOEXEC,
  F_GETFD,
  O_CLOEXEC,
  O_CREAT,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  SEEK_SET,
} from '../../kernel/abi/fcntl.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLONESHOT,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
} from '../../kernel/abi/poll.ts';
import {
  SI_QUEUE,
  SI_TIMER,
  SIG_BLOCK,
  SIGALRM,
  SIGEV_SIGNAL,
  SIGEV_THREAD_ID,
  SIGKILL,
  SIGRTMIN,
  SIGUSR1,
} from '../../kernel/abi/signal.ts';
import { CLOCK_MONOTONIC, CLOCK_REALTIME, TFD_TIMER_ABSTIME, TIMER_ABSTIME } from '../../kernel/abi/time.ts';
import { fails, interrupted, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

/** struct epoll_event. */
function event(events: number, data: number): Blob {
  return words(events, data, 0xdada);
}

/** What epoll_wait tells, as [events, data] of each; the upper half of the data must be as it was given. */
async function waitEvents(proc: Process, epoll: number, timeout = 0, limit = 8): Promise<number[][]> {
  const { value, outputs } = await proc.run('epoll_wait', epoll, output(limit * 12), limit, timeout);
  expect(value).toBeGreaterThanOrEqual(0);
  const told = decodeWords(outputs[0]!);
  return Array.from({ length: value }, (_, n) => {
    expect(told[3 * n + 2]).toBe(0xdada);
    return [told[3 * n]! >>> 0, told[3 * n + 1]!];
  });
}

/** struct itimerspec with 64-bit seconds, in nanoseconds: the interval, the value. */
function setting(interval: number, value: number): Blob {
  return words(0, 0, interval, 0, 0, 0, value, 0);
}

const MILLISECOND = 1_000_000;
const HOUR = [3600, 0, 0, 0] as const;

onEveryTarget(({ syscall, check }) => {
  syscall(['epoll_create', 'epoll_create1'], () => {
    check('a descriptor, closed on exec if wanted', async ({ proc }) => {
      expect(await proc.fcntl(await succeeds(proc, 'epoll_create', 1), F_GETFD)).toBe(0);
      const fd = await succeeds(proc, 'epoll_create1', O_CLOEXEC);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
      expect(await proc.readlink(`/proc/self/fd/${fd}`)).toBe('anon_inode:[eventpoll]');
    });
    check('EINVAL', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'epoll_create', 0);
      await fails(proc, 'EINVAL', 'epoll_create1', 1);
    });
  });

  syscall(['epoll_ctl', 'epoll_wait'], () => {
    const withPipe = async (proc: Process, events: number): Promise<readonly [number, number, number]> => {
      const epoll = await succeeds(proc, 'epoll_create1', 0);
      const [from, to] = await proc.pipe();
      await succeeds(proc, 'epoll_ctl', epoll, EPOLL_CTL_ADD, from, event(events, 5));
      return [epoll, from, to];
    };
    check('tell as long as something is ready', async ({ proc }) => {
      const [epoll, from, to] = await withPipe(proc, POLLIN);
      expect(await waitEvents(proc, epoll)).toEqual([]);
      await proc.write(to, 'x');
      expect(await waitEvents(proc, epoll, -1)).toEqual([[POLLIN, 5]]);
      expect(await waitEvents(proc, epoll, 1000)).toEqual([[POLLIN, 5]]);
      await proc.read(from, 1);
      expect(await waitEvents(proc, epoll, 5)).toEqual([]);
      await proc.close(to);
      expect(await waitEvents(proc, epoll)).toEqual([[POLLHUP, 5]]);
    });
    check('a sleeper is woken', async ({ proc }) => {
      const [epoll, , to] = await withPipe(proc, POLLIN);
      const child = await proc.fork();
      const waiting = waitEvents(child, epoll, -1);
      await proc.write(to, 'x');
      expect(await waiting).toEqual([[POLLIN, 5]]);
    });
    check('EPOLLET tells once for each thing that happens, EPOLLONESHOT once', async ({ proc }) => {
      const [epoll, from, to] = await withPipe(proc, POLLIN | EPOLLET);
      for (let round = 0; round < 2; round++) {
        await proc.write(to, 'x');
        expect(await waitEvents(proc, epoll)).toEqual([[POLLIN, 5]]);
        expect(await waitEvents(proc, epoll)).toEqual([]);
      }
      await succeeds(proc, 'epoll_ctl', epoll, EPOLL_CTL_MOD, from, event(POLLIN | EPOLLONESHOT, 6));
      expect(await waitEvents(proc, epoll)).toEqual([[POLLIN, 6]]);
      await proc.write(to, 'x');
      expect(await waitEvents(proc, epoll)).toEqual([]);
      await succeeds(proc, 'epoll_ctl', epoll, EPOLL_CTL_MOD, from, event(POLLIN | EPOLLONESHOT, 7));
      expect(await waitEvents(proc, epoll)).toEqual([[POLLIN, 7]]);
    });
    check('several: no more than wanted, in turn', async ({ proc }) => {
      const epoll = await succeeds(proc, 'epoll_create1', 0);
      for (let n = 0; n < 3; n++) {
        const fd = await succeeds(proc, 'eventfd', 1);
        await succeeds(proc, 'epoll_ctl', epoll, EPOLL_CTL_ADD, fd, event(POLLIN | POLLOUT, n));
      }
      const seen = [await waitEvents(proc, epoll, 0, 2), await waitEvents(proc, epoll, 0, 2)].flat();
      expect(seen.map(([, data]) => data)).toEqual([0, 1, 2, 0]);
      expect(seen[0]).toEqual([POLLIN | POLLOUT, 0]);
    });
    check('a file goes with its last descriptor, not before', async ({ proc }) => {
      const [epoll, from, to] = await withPipe(proc, POLLIN);
      const copy = await proc.dup(from);
      await proc.write(to, 'x');
      await proc.close(from);
      expect(await waitEvents(proc, epoll)).toEqual([[POLLIN, 5]]);
      await proc.close(copy);
      expect(await waitEvents(proc, epoll)).toEqual([]);
    });
    check('EPOLL_CTL_DEL ends it', async ({ proc }) => {
      const [epoll, from, to] = await withPipe(proc, POLLIN);
      await proc.write(to, 'x');
      await succeeds(proc, 'epoll_ctl', epoll, EPOLL_CTL_DEL, from, null);
      expect(await waitEvents(proc, epoll)).toEqual([]);
    });
    check('one epoll file watches another; poll does', async ({ proc }) => {
      const [inner, , to] = await withPipe(proc, POLLIN);
      const outer = await succeeds(proc, 'epoll_create1', 0);
      await succeeds(proc, 'epoll_ctl', outer, EPOLL_CTL_ADD, inner, event(POLLIN, 9));
      expect(await waitEvents(proc, outer)).toEqual([]);
      const child = await proc.fork();
      const waiting = waitEvents(child, outer, -1);
      await proc.write(to, 'x');
      expect(await waiting).toEqual([[POLLIN, 9]]);
      expect(await proc.call('poll', words(outer, POLLIN), 1, 0)).toBe(1);
      await fails(proc, 'ELOOP', 'epoll_ctl', inner, EPOLL_CTL_ADD, outer, event(POLLIN, 1));
    });
    check('ELOOP: nested too deep', async ({ proc }) => {
      const [first] = await withPipe(proc, POLLIN);
      let below = first;
      const results: number[] = [];
      for (let depth = 0; depth < 8; depth++) {
        const epoll = await succeeds(proc, 'epoll_create1', 0);
        results.push(await proc.call('epoll_ctl', epoll, EPOLL_CTL_ADD, below, event(POLLIN, 1)));
        below = epoll;
      }
      expect(results.slice(0, 3)).toEqual([0, 0, 0]);
      expect(results).toContain(-40);
    });
    check('EEXIST, ENOENT, EPERM, EINVAL, EBADF, EFAULT', async ({ proc }) => {
      const [epoll, from, to] = await withPipe(proc, POLLIN);
      const file = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      const path = await proc.open('file', O_PATH);
      await fails(proc, 'EEXIST', 'epoll_ctl', epoll, EPOLL_CTL_ADD, from, event(POLLIN, 0));
      await fails(proc, 'ENOENT', 'epoll_ctl', epoll, EPOLL_CTL_MOD, to, event(POLLIN, 0));
      await fails(proc, 'ENOENT', 'epoll_ctl', epoll, EPOLL_CTL_DEL, to, null);
      await fails(proc, 'EPERM', 'epoll_ctl', epoll, EPOLL_CTL_ADD, file, event(POLLIN, 0));
      await fails(proc, 'EINVAL', 'epoll_ctl', epoll, EPOLL_CTL_ADD, epoll, event(POLLIN, 0));
      await fails(proc, 'EINVAL', 'epoll_ctl', from, EPOLL_CTL_ADD, to, event(POLLIN, 0));
      await fails(proc, 'EINVAL', 'epoll_ctl', epoll, 4, from, event(POLLIN, 0));
      await fails(proc, 'EINVAL', 'epoll_ctl', epoll, EPOLL_CTL_MOD, from, event(POLLIN | EPOLLEXCLUSIVE, 0));
      await fails(proc, 'EINVAL', 'epoll_ctl', epoll, EPOLL_CTL_ADD, to, event(POLLRDHUP | EPOLLEXCLUSIVE, 0));
      await fails(proc, 'EBADF', 'epoll_ctl', 50, EPOLL_CTL_ADD, from, event(POLLIN, 0));
      await fails(proc, 'EBADF', 'epoll_ctl', epoll, EPOLL_CTL_ADD, 50, event(POLLIN, 0));
      await fails(proc, 'EBADF', 'epoll_ctl', epoll, EPOLL_CTL_ADD, path, event(POLLIN, 0));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'epoll_ctl', epoll, EPOLL_CTL_ADD, to, wild);
      await proc.write(to, 'x');
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'epoll_wait', epoll, wild, 1, 0);
      expect(await waitEvents(proc, epoll)).toEqual([[POLLIN, 5]]);
      await fails(proc, 'EINVAL', 'epoll_wait', epoll, output(12), 0, 0);
      await fails(proc, 'EINVAL', 'epoll_wait', from, output(12), 1, 0);
      await fails(proc, 'EBADF', 'epoll_wait', 50, output(12), 1, 0);
    });
    check('EINTR', async ({ proc }) => {
      const { signalHandler, restorer } = proc.agent;
      await proc.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x1400_0000, restorer, mask: 0n });
      const [epoll] = await withPipe(proc, POLLIN);
      expect(await interrupted(proc, SIGUSR1, proc.call('epoll_wait', epoll, output(12), 1, -1))).toBe(-4);
    });
  });

  syscall(['epoll_pwait', 'epoll_pwait2'], () => {
    check('wait with a mask and a time', async ({ proc }) => {
      const epoll = await succeeds(proc, 'epoll_create1', 0);
      const mask = input(encodeU64(signalSet(SIGUSR1)));
      expect(await proc.call('epoll_pwait', epoll, output(12), 1, 1, mask, 8)).toBe(0);
      expect(await proc.call('epoll_pwait2', epoll, output(12), 1, words(0, 0, MILLISECOND, 0), mask, 8)).toBe(0);
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(0n);
    });
    check('EINVAL, EFAULT, EBADF', async ({ proc }) => {
      const epoll = await succeeds(proc, 'epoll_create1', 0);
      await fails(proc, 'EINVAL', 'epoll_pwait', epoll, output(12), 1, 0, input(encodeU64(0n)), 4);
      await fails(proc, 'EINVAL', 'epoll_pwait2', epoll, output(12), 1, words(0, 0, 1_000_000_000, 0), null, 8);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'epoll_pwait', epoll, output(12), 1, 0, wild, 8);
        await fails(proc, 'EFAULT', 'epoll_pwait2', epoll, output(12), 1, wild, null, 8);
      }
      await fails(proc, 'EBADF', 'epoll_pwait', 50, output(12), 1, 0, null, 8);
    });
  });

  syscall(['timerfd_create', 'timerfd_settime', 'timerfd_gettime', 'timerfd_settime64', 'timerfd_gettime64'], () => {
    check('count how often the time has come', async ({ proc }) => {
      const fd = await succeeds(proc, 'timerfd_create', CLOCK_MONOTONIC, O_CLOEXEC);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
      await succeeds(proc, 'timerfd_settime64', fd, 0, setting(MILLISECOND, MILLISECOND), null);
      expect(decodeU64(await proc.read(fd, 8))).toBeGreaterThanOrEqual(1n);
      await proc.nanosleep(0, 5 * MILLISECOND);
      expect(decodeU64(await proc.read(fd, 8))).toBeGreaterThanOrEqual(5n);
      expect(await proc.lseek(fd, 7, SEEK_SET)).toBe(0);
    });
    check('tell what they are set to, and were', async ({ proc }) => {
      const fd = await succeeds(proc, 'timerfd_create', CLOCK_REALTIME, O_NONBLOCK);
      await succeeds(proc, 'timerfd_settime64', fd, 0, words(0, 0, 7, 0, ...HOUR), null);
      const now = decodeWords((await proc.run('timerfd_gettime64', fd, output(32))).outputs[0]!);
      expect(now.slice(0, 4)).toEqual([0, 0, 7, 0]);
      expect(now[4]).toBe(3599);
      await fails(proc, 'EAGAIN', 'read', fd, output(8), 8);
      const { outputs } = await proc.run('timerfd_settime', fd, 0, words(0, 0, 0, 0), output(16));
      const before = decodeWords(outputs[0]!);
      expect([before[0], before[1], before[2]]).toEqual([0, 7, 3599]);
      const off = await proc.run('timerfd_gettime', fd, output(16));
      expect(decodeWords(off.outputs[0]!)).toEqual([0, 0, 0, 0]);
    });
    check('a point in time that is over has come; epoll sees it', async ({ proc }) => {
      for (const clock of [CLOCK_MONOTONIC, CLOCK_REALTIME]) {
        const fd = await succeeds(proc, 'timerfd_create', clock, 0);
        const epoll = await succeeds(proc, 'epoll_create1', 0);
        await succeeds(proc, 'epoll_ctl', epoll, EPOLL_CTL_ADD, fd, event(POLLIN, 3));
        await succeeds(proc, 'timerfd_settime64', fd, TFD_TIMER_ABSTIME, setting(0, 1), null);
        expect(await waitEvents(proc, epoll, -1)).toEqual([[POLLIN, 3]]);
        expect(decodeU64(await proc.read(fd, 8))).toBe(1n);
      }
    });
    check('EINVAL, EBADF, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'timerfd_create', 99, 0);
      await fails(proc, 'EINVAL', 'timerfd_create', CLOCK_MONOTONIC, 1);
      const fd = await succeeds(proc, 'timerfd_create', CLOCK_MONOTONIC, 0);
      await fails(proc, 'EINVAL', 'read', fd, output(7), 7);
      await fails(proc, 'EINVAL', 'write', fd, output(8), 8);
      await fails(proc, 'EINVAL', 'timerfd_settime64', fd, 4, setting(0, 0), null);
      await fails(proc, 'EINVAL', 'timerfd_settime64', fd, 0, setting(0, 1_000_000_000), null);
      await fails(proc, 'EINVAL', 'timerfd_settime64', 0, 0, setting(0, 0), null);
      await fails(proc, 'EINVAL', 'timerfd_gettime64', 0, output(32));
      await fails(proc, 'EBADF', 'timerfd_settime64', 50, 0, setting(0, 0), null);
      await fails(proc, 'EBADF', 'timerfd_gettime', 50, output(16));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'timerfd_settime', fd, 0, wild, null);
        await fails(proc, 'EFAULT', 'timerfd_settime64', fd, 0, setting(0, 0), wild);
        await fails(proc, 'EFAULT', 'timerfd_gettime64', fd, wild);
      }
    });
  });

  syscall(['signalfd', 'signalfd4'], () => {
    const mask = (...signals: readonly number[]): Blob => input(encodeU64(signalSet(...signals)));
    const take = async (proc: Process, fd: number): Promise<number[]> => decodeWords(await proc.read(fd, 128));
    check('what is blocked is read, with what came along', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, SIGRTMIN));
      const fd = await succeeds(proc, 'signalfd4', -1, mask(SIGUSR1, SIGRTMIN), 8, O_NONBLOCK | O_CLOEXEC);
      expect(await proc.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC);
      await fails(proc, 'EAGAIN', 'read', fd, output(128), 128);
      await proc.kill(SIGUSR1);
      const plain = await take(proc, fd);
      expect([plain[0], plain[2], plain[11]]).toEqual([SIGUSR1, 0, 0]);
      await succeeds(proc, 'rt_sigqueueinfo', proc.pid, SIGRTMIN, words(0, 0, SI_QUEUE, 11, 12, 13));
      expect(await proc.call('poll', words(fd, POLLIN), 1, 0)).toBe(1);
      const queued = await take(proc, fd);
      expect([queued[0], queued[2]! | 0, queued[3], queued[4], queued[11]]).toEqual([SIGRTMIN, SI_QUEUE, 11, 12, 13]);
    });
    check('a sleeper is woken; the mask can be changed', async ({ proc, agent }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      const fd = await succeeds(proc, 'signalfd', -1, mask(SIGALRM), 8);
      expect(await proc.call('signalfd', fd, mask(SIGUSR1, SIGKILL), 8)).toBe(fd);
      const reading = take(proc, fd);
      await agent.kill(proc.pid, SIGUSR1);
      expect((await reading)[0]).toBe(SIGUSR1);
    });
    check('EINVAL, EBADF, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'signalfd4', -1, mask(SIGUSR1), 4, 0);
      await fails(proc, 'EINVAL', 'signalfd4', -1, mask(SIGUSR1), 8, 1);
      await fails(proc, 'EINVAL', 'signalfd4', 0, mask(SIGUSR1), 8, 0);
      await fails(proc, 'EBADF', 'signalfd4', 50, mask(SIGUSR1), 8, 0);
      const fd = await succeeds(proc, 'signalfd4', -1, mask(SIGUSR1), 8, O_NONBLOCK);
      await fails(proc, 'EINVAL', 'read', fd, output(127), 127);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'signalfd4', -1, wild, 8, 0);
    });
  });

  syscall(
    [
      'timer_create',
      'timer_settime',
      'timer_gettime',
      'timer_settime64',
      'timer_gettime64',
      'timer_getoverrun',
      'timer_delete',
    ],
    () => {
      const create = async (proc: Process, ...sigevent: readonly number[]): Promise<number> => {
        const given =
          sigevent.length === 0 ? null : words(...sigevent, ...new Array<number>(16 - sigevent.length).fill(0));
        const { value, outputs } = await proc.run('timer_create', CLOCK_MONOTONIC, given, output(4));
        expect(value).toBe(0);
        return decodeWords(outputs[0]!)[0]!;
      };
      const wait = async (proc: Process, signal: number): Promise<number[]> => {
        const { value, outputs } = await proc.run(
          'rt_sigtimedwait_time64',
          input(encodeU64(signalSet(signal))),
          output(128),
          null,
          8,
        );
        expect(value).toBe(signal);
        return decodeWords(outputs[0]!);
      };
      check('send a signal with the number and the value', async ({ proc }) => {
        await proc.sigprocmask(SIG_BLOCK, signalSet(SIGALRM, SIGRTMIN));
        const plain = await create(proc);
        const id = await create(proc, 77, SIGRTMIN, SIGEV_SIGNAL);
        expect(id).not.toBe(plain);
        await succeeds(proc, 'timer_settime64', plain, 0, setting(0, MILLISECOND), null);
        const alarm = await wait(proc, SIGALRM);
        expect([alarm[2]! | 0, alarm[3], alarm[5]]).toEqual([SI_TIMER, plain, plain]);
        await succeeds(proc, 'timer_settime64', id, TIMER_ABSTIME, setting(0, 1), null);
        const info = await wait(proc, SIGRTMIN);
        expect([info[2]! | 0, info[3], info[4], info[5]]).toEqual([SI_TIMER, id, 0, 77]);
        await succeeds(proc, 'timer_delete', id);
        await fails(proc, 'EINVAL', 'timer_delete', id);
      });
      check('count what came while the signal was pending', async ({ proc }) => {
        await proc.sigprocmask(SIG_BLOCK, signalSet(SIGRTMIN));
        const tid = await proc.call('gettid');
        const id = await create(proc, 5, SIGRTMIN, SIGEV_THREAD_ID, tid);
        await succeeds(proc, 'timer_settime64', id, 0, setting(MILLISECOND, MILLISECOND), null);
        await proc.nanosleep(0, 60 * MILLISECOND);
        const info = await wait(proc, SIGRTMIN);
        expect(info[4]).toBeGreaterThan(10);
        expect(await proc.call('timer_getoverrun', id)).toBe(info[4]);
        await succeeds(proc, 'timer_delete', id);
      });
      check('tell what they are set to; a child has none', async ({ proc }) => {
        const id = await create(proc, 0, SIGALRM, SIGEV_SIGNAL);
        await succeeds(proc, 'timer_settime64', id, 0, words(0, 0, 7, 0, ...HOUR), null);
        const now = decodeWords((await proc.run('timer_gettime64', id, output(32))).outputs[0]!);
        expect([...now.slice(0, 4), now[4]]).toEqual([0, 0, 7, 0, 3599]);
        const { outputs } = await proc.run('timer_settime', id, 0, words(0, 0, 0, 0), output(16));
        expect(decodeWords(outputs[0]!).slice(0, 3)).toEqual([0, 7, 3599]);
        expect(decodeWords((await proc.run('timer_gettime', id, output(16))).outputs[0]!)).toEqual([0, 0, 0, 0]);
        const child = await proc.fork();
        await fails(child, 'EINVAL', 'timer_gettime', id, output(16));
      });
      check('EINVAL, EFAULT', async ({ proc }) => {
        await fails(proc, 'EINVAL', 'timer_create', 99, null, output(4));
        const event = (...items: readonly number[]): Blob => words(...items, ...new Array<number>(12).fill(0));
        await fails(proc, 'EINVAL', 'timer_create', CLOCK_MONOTONIC, event(0, 65, SIGEV_SIGNAL, 0), output(4));
        await fails(proc, 'EINVAL', 'timer_create', CLOCK_MONOTONIC, event(0, 1, 9, 0), output(4));
        await fails(proc, 'EINVAL', 'timer_create', CLOCK_MONOTONIC, event(0, 1, SIGEV_THREAD_ID, 1), output(4));
        const id = await create(proc);
        await fails(proc, 'EINVAL', 'timer_settime', id, 0, null, null);
        await fails(proc, 'EINVAL', 'timer_settime64', id, 0, setting(0, 1_000_000_000), null);
        await fails(proc, 'EINVAL', 'timer_settime64', id + 1, 0, setting(0, 0), null);
        await fails(proc, 'EINVAL', 'timer_gettime64', id + 1, output(32));
        await fails(proc, 'EINVAL', 'timer_getoverrun', id + 1);
        for (const wild of wildPointers) {
          await fails(proc, 'EFAULT', 'timer_create', CLOCK_MONOTONIC, wild, output(4));
          await fails(proc, 'EFAULT', 'timer_create', CLOCK_MONOTONIC, null, wild);
          await fails(proc, 'EFAULT', 'timer_settime', id, 0, wild, null);
          await fails(proc, 'EFAULT', 'timer_gettime64', id, wild);
        }
      });
    },
  );
});
