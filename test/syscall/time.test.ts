/*
 * Time: clocks, sleeping, times of processes. Nothing here expects anything to take a certain time.
 */

import { expect } from 'vitest';
import { output, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords } from '../../emulator/agent/records.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../kernel/abi/mman.ts';
import { SA_RESTORER, SIGUSR1 } from '../../kernel/abi/signal.ts';
import { RUSAGE_CHILDREN, RUSAGE_SELF } from '../../kernel/abi/resource.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  TIMER_ABSTIME,
} from '../../kernel/abi/time.ts';
import { fails, interrupted, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const NO_CLOCK = 77;
const SECOND = 1_000_000_000n;

/** Gives up the superuser's rights, where the process has them: nothing that follows may set the host's clock. */
async function becomeUser(proc: Process): Promise<void> {
  if ((await proc.call('geteuid32')) === 0) await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
  expect(await proc.call('geteuid32')).not.toBe(0);
}

onEveryTarget(({ target, syscall, check }) => {
  syscall(['clock_gettime', 'clock_gettime64'], () => {
    check('CPU time of any process, and of the threads of one', async ({ proc, spawn }) => {
      const other = await spawn();
      const clock = (pid: number, kind: number): number => (~pid << 3) | kind;
      for (const kind of [0, 1, 2]) {
        for (const pid of [0, proc.pid, other.pid])
          await succeeds(proc, 'clock_gettime64', clock(pid, kind), output(16));
      }
      await succeeds(proc, 'clock_gettime', clock(proc.pid, 6), output(8));
      await succeeds(proc, 'clock_getres', clock(0, 2), output(8));
      await fails(proc, 'EINVAL', 'clock_gettime', clock(other.pid, 6), output(8));
      await fails(proc, 'EINVAL', 'clock_gettime', clock(99_999_999, 2), output(8));
      await fails(proc, 'EINVAL', 'clock_getres', clock(99_999_999, 2), output(8));
    });
    check('the monotonic clock does not go back', async ({ proc }) => {
      let last = 0n;
      for (let i = 0; i < 5; i++) {
        const now = await proc.clock(CLOCK_MONOTONIC);
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
      expect(await proc.clock(CLOCK_BOOTTIME)).toBeGreaterThanOrEqual(last);
    });
    check('both widths tell the same', async ({ proc }) => {
      const before = await proc.clock(CLOCK_REALTIME);
      const { outputs } = await proc.run('clock_gettime64', CLOCK_REALTIME, output(16));
      const [low, high, nanoseconds] = decodeWords(outputs[0]!);
      const wide = ((BigInt(high!) << 32n) | BigInt(low!)) * SECOND + BigInt(nanoseconds!);
      expect(wide).toBeGreaterThanOrEqual(before);
      expect(wide - before).toBeLessThan(600n * SECOND);
    });
    check('a process has a clock of its own', async ({ proc }) => {
      const cpu = await proc.clock(CLOCK_PROCESS_CPUTIME_ID);
      expect(cpu).toBeLessThan(600n * SECOND);
    });
    check('EINVAL: no such clock; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clock_gettime', NO_CLOCK, output(8));
      await fails(proc, 'EINVAL', 'clock_gettime64', NO_CLOCK, output(16));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'clock_gettime', CLOCK_MONOTONIC, wild);
        await fails(proc, 'EFAULT', 'clock_gettime64', CLOCK_MONOTONIC, wild);
      }
    });
  });

  syscall(['clock_getres', 'clock_getres_time64'], () => {
    check('tell a resolution below a second', async ({ proc }) => {
      const { outputs } = await proc.run('clock_getres', CLOCK_MONOTONIC, output(8));
      const [seconds, nanoseconds] = decodeWords(outputs[0]!);
      expect(seconds).toBe(0);
      expect(nanoseconds).toBeGreaterThan(0);
      await succeeds(proc, 'clock_getres_time64', CLOCK_MONOTONIC, output(16));
      await succeeds(proc, 'clock_getres', CLOCK_MONOTONIC, null);
    });
    check('EINVAL, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clock_getres', NO_CLOCK, output(8));
      await fails(proc, 'EINVAL', 'clock_getres_time64', NO_CLOCK, output(16));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'clock_getres', CLOCK_MONOTONIC, wild);
    });
  });

  syscall(['clock_settime', 'clock_settime64'], () => {
    check('EINVAL: another clock', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clock_settime', CLOCK_MONOTONIC, words(1, 0));
      await fails(proc, 'EINVAL', 'clock_settime', NO_CLOCK, words(1, 0));
      await fails(proc, 'EINVAL', 'clock_settime64', NO_CLOCK, words(1, 0, 0, 0));
    });
    check('EINVAL: an impossible time; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clock_settime', CLOCK_REALTIME, words(1, 1_000_000_000));
      await fails(proc, 'EINVAL', 'clock_settime64', CLOCK_REALTIME, words(1, 0, 1_000_000_000, 0));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'clock_settime', CLOCK_REALTIME, wild);
        await fails(proc, 'EFAULT', 'clock_settime64', CLOCK_REALTIME, wild);
      }
    });
    check('EPERM: not the superuser', async ({ proc }) => {
      await becomeUser(proc);
      await fails(proc, 'EPERM', 'clock_settime', CLOCK_REALTIME, words(1_000_000_000, 0));
      await fails(proc, 'EPERM', 'clock_settime64', CLOCK_REALTIME, words(1_000_000_000, 0, 0, 0));
    });
    // The clock of the host is nobody's to set.
    if (!target.own) return;
    check('set real time, and leave the monotonic clock alone', async ({ proc }) => {
      const [before, monotonic] = [await proc.clock(CLOCK_REALTIME), await proc.clock(CLOCK_MONOTONIC)];
      await succeeds(proc, 'clock_settime', CLOCK_REALTIME, words(1_500_000_000, 123));
      expect((await proc.clock(CLOCK_REALTIME)) / (600n * SECOND)).toBe(2_500_000n);
      await succeeds(proc, 'clock_settime64', CLOCK_REALTIME, words(1_600_000_200, 0, 5, 0));
      expect((await proc.clock(CLOCK_REALTIME)) / (600n * SECOND)).toBe(2_666_667n);
      const passed = (await proc.clock(CLOCK_MONOTONIC)) - monotonic;
      expect(passed).toBeGreaterThanOrEqual(0n);
      expect(passed).toBeLessThan(600n * SECOND);
      await succeeds(proc, 'clock_settime', CLOCK_REALTIME, words(Number(before / SECOND), 0));
    });
    check('wake who sleeps until a date that has come thereby', async ({ proc, spawn }) => {
      const other = await spawn();
      const before = await proc.clock(CLOCK_REALTIME);
      const date = Number(before / SECOND) + 100_000;
      const sleep = other.call('clock_nanosleep', CLOCK_REALTIME, TIMER_ABSTIME, words(date, 0), null);
      await succeeds(proc, 'clock_settime', CLOCK_REALTIME, words(date + 1, 0));
      expect(await sleep).toBe(0);
      await succeeds(proc, 'clock_settime', CLOCK_REALTIME, words(Number(before / SECOND), 0));
    });
    check('EINVAL: a time before the boot', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clock_settime', CLOCK_REALTIME, words(0, 0));
    });
  });

  syscall(['settimeofday', 'stime'], () => {
    check('EINVAL: an impossible time; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'settimeofday', words(1, 1_000_001), null);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'settimeofday', wild, null);
        await fails(proc, 'EFAULT', 'stime', wild);
      }
    });
    check('EPERM: not the superuser', async ({ proc }) => {
      await becomeUser(proc);
      await fails(proc, 'EPERM', 'settimeofday', words(1_000_000_000, 0), null);
      await fails(proc, 'EPERM', 'stime', words(1_000_000_000));
    });
    if (!target.own) return;
    check('set real time', async ({ proc }) => {
      const before = Number((await proc.clock(CLOCK_REALTIME)) / SECOND);
      await succeeds(proc, 'settimeofday', words(1_500_000_000, 5), null);
      expect((await proc.clock(CLOCK_REALTIME)) / (600n * SECOND)).toBe(2_500_000n);
      await succeeds(proc, 'stime', words(before));
      expect((await proc.clock(CLOCK_REALTIME)) / (600n * SECOND)).toBe(BigInt(before) / 600n);
    });
  });

  syscall(['nanosleep', 'clock_nanosleep', 'clock_nanosleep_time64'], () => {
    check('sleep at least as long as they are told', async ({ proc }) => {
      const before = await proc.clock(CLOCK_MONOTONIC);
      await proc.nanosleep(0, 30_000_000);
      await succeeds(proc, 'clock_nanosleep', CLOCK_MONOTONIC, 0, words(0, 10_000_000), null);
      await succeeds(proc, 'clock_nanosleep_time64', CLOCK_MONOTONIC, 0, words(0, 0, 10_000_000, 0), null);
      expect((await proc.clock(CLOCK_MONOTONIC)) - before).toBeGreaterThanOrEqual(50_000_000n);
    });
    check('sleep until a point in time', async ({ proc }) => {
      const until = (await proc.clock(CLOCK_MONOTONIC)) + 30_000_000n;
      const point = words(Number(until / SECOND), Number(until % SECOND));
      await succeeds(proc, 'clock_nanosleep', CLOCK_MONOTONIC, TIMER_ABSTIME, point, null);
      expect(await proc.clock(CLOCK_MONOTONIC)).toBeGreaterThanOrEqual(until);
      await succeeds(proc, 'clock_nanosleep', CLOCK_MONOTONIC, TIMER_ABSTIME, words(0, 0), null);
    });
    check('several sleep at the same time', async ({ proc, spawn }) => {
      const sleepers = await Promise.all([spawn(), spawn(), spawn()]);
      const before = await proc.clock(CLOCK_MONOTONIC);
      await Promise.all(sleepers.map((sleeper) => sleeper.nanosleep(0, 50_000_000)));
      expect((await proc.clock(CLOCK_MONOTONIC)) - before).toBeGreaterThanOrEqual(50_000_000n);
    });
    check('EINTR: a signal ends them; what is left is told', async ({ proc }) => {
      const { signalHandler, restorer } = proc.agent;
      await proc.sigaction(SIGUSR1, { handler: signalHandler, flags: SA_RESTORER, restorer });
      const call = proc.request(162, [words(1_000_000, 0), output(8)]);
      expect(
        await interrupted(
          proc,
          SIGUSR1,
          call.then(({ value }) => value),
        ),
      ).toBe(-4);
      const [seconds] = decodeWords((await call).outputs[0]!);
      expect(seconds).toBeGreaterThan(900_000);
    });
    check('EINVAL: impossible times, no such clock; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'nanosleep', words(-1, 0), null);
      await fails(proc, 'EINVAL', 'nanosleep', words(0, 1_000_000_000), null);
      await fails(proc, 'EINVAL', 'clock_nanosleep', NO_CLOCK, 0, words(0, 1), null);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'nanosleep', wild, null);
        await fails(proc, 'EFAULT', 'clock_nanosleep', CLOCK_MONOTONIC, 0, wild, null);
      }
    });
  });

  syscall(['time', 'gettimeofday'], () => {
    check('agree with the clock', async ({ proc }) => {
      const seconds = Number((await proc.clock(CLOCK_REALTIME)) / SECOND);
      expect(Math.abs((await proc.call('time', null)) - seconds)).toBeLessThan(600);
      const { value, outputs } = await proc.run('time', output(4));
      expect(decodeWords(outputs[0]!)).toEqual([value]);
      const now = await proc.run('gettimeofday', output(8), output(8));
      expect(Math.abs(decodeWords(now.outputs[0]!)[0]! - seconds)).toBeLessThan(600);
      await succeeds(proc, 'gettimeofday', null, null);
    });
    check('EFAULT', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'time', wild);
        await fails(proc, 'EFAULT', 'gettimeofday', wild, null);
        await fails(proc, 'EFAULT', 'gettimeofday', null, wild);
      }
    });
  });

  syscall(['times', 'getrusage'], () => {
    check('count the time that processes take', async ({ proc }) => {
      const { outputs } = await proc.run('getrusage', RUSAGE_SELF, output(72));
      expect(decodeWords(outputs[0]!)[0]).toBeLessThan(600);
      const children = await proc.run('getrusage', RUSAGE_CHILDREN, output(72));
      expect(decodeWords(children.outputs[0]!).slice(0, 4)).toEqual([0, 0, 0, 0]);
      await succeeds(proc, 'times', output(16));
      await proc.call('times', null);
    });
    check('children count when they have been waited for', async ({ proc }) => {
      const child = await proc.fork();
      const address = await child.mmap({ length: 4096, prot: PROT_READ | PROT_WRITE | PROT_EXEC });
      await child.poke(address, new Uint8Array([0xb9, 0, 0, 0, 4, 0xe2, 0xfe, 0xc3])); // mov ecx, 2^26; loop $; ret
      await child.invoke(address);
      await child.exit(0);
      await proc.wait();
      const { outputs } = await proc.run('getrusage', RUSAGE_CHILDREN, output(72));
      const [user, userFraction, system, systemFraction] = decodeWords(outputs[0]!);
      expect(user! + userFraction! + system! + systemFraction!).toBeGreaterThan(0);
      if (!target.own) return; // a tickless Linux may round these down to 0
      const ticks = decodeWords((await proc.run('times', output(16))).outputs[0]!);
      expect(ticks[2]! + ticks[3]!).toBeGreaterThan(0);
    });
    check('EINVAL: nobody; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'getrusage', 77, output(72));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'getrusage', RUSAGE_SELF, wild);
        await fails(proc, 'EFAULT', 'times', wild);
      }
    });
  });
});
