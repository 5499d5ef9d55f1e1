/*
 * Scheduling: policies and priorities, and which CPUs a process may use. Who runs when is for test/kernel/realtime.test.ts.
 */

import { expect } from 'vitest';
import { input, output } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import {
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
} from '../../kernel/abi/membarrier.ts';
import { O_RDONLY } from '../../kernel/abi/fcntl.ts';
import { RLIMIT_NICE, RLIMIT_RTPRIO } from '../../kernel/abi/resource.ts';
import {
  PRIO_PROCESS,
  SCHED_ATTR_SIZE_VER0,
  SCHED_ATTR_SIZE_VER1,
  SCHED_BATCH,
  SCHED_DEADLINE,
  SCHED_FIFO,
  SCHED_FLAG_KEEP_PARAMS,
  SCHED_FLAG_KEEP_POLICY,
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_IDLE,
  SCHED_OTHER,
  SCHED_RESET_ON_FORK,
  SCHED_RR,
} from '../../kernel/abi/sched.ts';
import { type Context, fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const NOBODY = 0x7ffffff0;

const maskOf = (mask: number): ReturnType<typeof input> => input(new Uint8Array(Uint32Array.of(mask).buffer));

/** The CPUs below 32 that a process may use, a bit for each. */
async function affinityOf(proc: Process, pid = 0): Promise<number> {
  const { outputs } = await proc.run('sched_getaffinity', pid, 1024, output(1024));
  return decodeWords(outputs[0]!)[0]!;
}

/** The CPU that a call of `proc` runs on. */
async function cpuOf(proc: Process): Promise<number> {
  const { outputs } = await proc.run('getcpu', output(4), 0, 0);
  return decodeWords(outputs[0]!)[0]!;
}

const words = (...values: number[]): ReturnType<typeof input> => input(encodeWords(values));

/** The priority that sched_getparam tells. */
async function priorityOf(proc: Process, pid = 0): Promise<number> {
  return decodeWords((await proc.run('sched_getparam', pid, output(4))).outputs[0]!)[0]!;
}

/** Policy and priority, as the calls tell them. */
async function schedulingOf(proc: Process, pid = 0): Promise<number[]> {
  return [await succeeds(proc, 'sched_getscheduler', pid), await priorityOf(proc, pid)];
}

/** Fields 18, 19, 40 and 41 of /proc/PID/stat: priority, nice, rt_priority, policy. */
async function statOf(proc: Process, pid: number): Promise<number[]> {
  const fd = await proc.open(`/proc/${pid}/stat`, O_RDONLY);
  const fields = (await proc.readAll(fd)).split(') ')[1]!.split(' ');
  await proc.close(fd);
  return [18, 19, 40, 41].map((n) => Number(fields[n - 3]));
}

/** The record of sched_setattr; its first word is the size. */
const attributes = (policy: number, flags: number, nice: number, priority: number, size = 48): Uint8Array => {
  const record = new Uint8Array(Math.max(size, 64));
  record.set(encodeWords([size, policy, flags, 0, nice, priority]));
  return record;
};

/** Policy, flags, nice and priority that sched_getattr tells. */
async function attributesOf(proc: Process, pid = 0): Promise<number[]> {
  const [size, policy, flags, high, nice, priority] = decodeWords(
    (await proc.run('sched_getattr', pid, output(48), 48, 0)).outputs[0]!,
  );
  expect([size, high]).toEqual([48, 0]);
  return [policy!, flags!, nice! | 0, priority!];
}

/** Sets a limit, soft and hard. False: even a superuser may not, on a Linux that lets him do little. */
async function limits({ target, proc }: Context, which: number, value: number): Promise<boolean> {
  const result = await proc.call('setrlimit', which, words(value, value));
  if (target.own) expect(result).toBe(0);
  return result === 0;
}

/** A Linux may be set up to refuse real-time policies to all; ours is not. */
async function mayBeRealtime({ target, proc }: Context): Promise<boolean> {
  if (target.own) return true;
  const result = await proc.call('sched_setscheduler', 0, SCHED_FIFO, words(1));
  await proc.call('sched_setscheduler', 0, SCHED_OTHER, words(0));
  return result === 0;
}

const cpusIn = (mask: number): number[] => Array.from({ length: 32 }, (_, i) => i).filter((i) => (mask >>> i) & 1);

onEveryTarget(({ syscall, check }) => {
  syscall(['sched_setaffinity', 'sched_getaffinity', 'getcpu'], () => {
    check('a process runs where it may, from the next instruction on', async ({ proc }) => {
      const all = await affinityOf(proc);
      for (const cpu of [...cpusIn(all), ...cpusIn(all).reverse()]) {
        await proc.run('sched_setaffinity', 0, 4, maskOf((1 << cpu) >>> 0));
        expect(await cpuOf(proc)).toBe(cpu);
        expect(await affinityOf(proc)).toBe((1 << cpu) >>> 0);
      }
    });
    check('another process can be moved, whatever it does', async ({ proc, spawn }) => {
      const other = await spawn();
      for (const cpu of cpusIn(await affinityOf(proc))) {
        await proc.run('sched_setaffinity', other.pid, 4, maskOf((1 << cpu) >>> 0));
        expect(await cpuOf(other)).toBe(cpu);
        expect(await affinityOf(proc, other.pid)).toBe((1 << cpu) >>> 0);
      }
    });
    check('a child inherits it', async ({ proc }) => {
      const [cpu] = cpusIn(await affinityOf(proc)).reverse();
      await proc.run('sched_setaffinity', 0, 4, maskOf((1 << cpu!) >>> 0));
      const child = await proc.fork();
      expect(await affinityOf(child)).toBe((1 << cpu!) >>> 0);
      expect(await cpuOf(child)).toBe(cpu);
      await child.exit(0);
      await proc.wait(child.pid);
    });
    check('CPUs that are not there do not count', async ({ proc }) => {
      const all = await affinityOf(proc);
      await proc.run('sched_setaffinity', 0, 4, maskOf(0xffffffff));
      expect(await affinityOf(proc)).toBe(all);
      await fails(proc, 'EINVAL', 'sched_setaffinity', 0, 4, maskOf(0));
      await fails(proc, 'EINVAL', 'sched_setaffinity', 0, 0, maskOf(1));
      expect(await affinityOf(proc)).toBe(all);
    });
    check('a mask may be longer than the system needs, or shorter', async ({ proc }) => {
      const [cpu] = cpusIn(await affinityOf(proc));
      const long = new Uint8Array(256);
      long[cpu! >> 3] = 1 << (cpu! & 7);
      await proc.run('sched_setaffinity', 0, 256, input(long));
      await proc.run('sched_setaffinity', 0, (cpu! >> 3) + 1, input(long));
      expect(await affinityOf(proc)).toBe((1 << cpu!) >>> 0);
    });
    check('EINVAL: a mask that is not in whole words', async ({ proc }) => {
      for (const size of [0, 1, 3, 5, 1023]) await fails(proc, 'EINVAL', 'sched_getaffinity', 0, size, output(1024));
    });
    check('ESRCH: nobody; EFAULT: no memory', async ({ proc }) => {
      await fails(proc, 'ESRCH', 'sched_getaffinity', NOBODY, 1024, output(1024));
      await fails(proc, 'ESRCH', 'sched_setaffinity', NOBODY, 4, maskOf(1));
      await fails(proc, 'ESRCH', 'sched_setaffinity', NOBODY, 4, maskOf(0));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sched_getaffinity', 0, 1024, wild);
        await fails(proc, 'EFAULT', 'sched_setaffinity', NOBODY, 4, wild);
        await fails(proc, 'EFAULT', 'getcpu', wild, 0, 0);
        await fails(proc, 'EFAULT', 'getcpu', 0, wild, 0);
      }
      expect(await proc.call('getcpu', 0, 0, 0)).toBe(0);
    });
    check('EPERM: somebody else’s process', async ({ proc, spawn }) => {
      const other = await spawn();
      await other.run('setresuid', 1000, 1000, 1000);
      const mask = await affinityOf(proc);
      await fails(other, 'EPERM', 'sched_setaffinity', proc.pid, 4, maskOf(mask));
      await fails(other, 'EPERM', 'sched_setaffinity', proc.pid, 4, maskOf(0));
      expect(await affinityOf(other, proc.pid)).toBe(mask);
    });
    check('a call runs on the CPU that it names', async ({ proc }) => {
      for (const cpu of cpusIn(await affinityOf(proc)).reverse()) {
        proc.bindTo(cpu);
        expect(await cpuOf(proc)).toBe(cpu);
      }
    });
  });
  syscall('membarrier', () => {
    check('tells what it can do, and does it', async ({ proc }) => {
      const commands = await succeeds(proc, 'membarrier', MEMBARRIER_CMD_QUERY, 0);
      const expedited = MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
      expect(commands & (MEMBARRIER_CMD_GLOBAL | expedited)).toBe(MEMBARRIER_CMD_GLOBAL | expedited);
      await succeeds(proc, 'membarrier', MEMBARRIER_CMD_GLOBAL, 0);
      await fails(proc, 'EPERM', 'membarrier', MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
      await succeeds(proc, 'membarrier', MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0);
      await succeeds(proc, 'membarrier', MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
    });
    check('EINVAL: unknown command or flags', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'membarrier', 0x4000, 0);
      await fails(proc, 'EINVAL', 'membarrier', MEMBARRIER_CMD_QUERY, 4);
    });
  });

  syscall(['sched_setscheduler', 'sched_getscheduler', 'sched_getparam', 'sched_setparam'], () => {
    check('policy and priority are kept and told', async (context) => {
      const { proc } = context;
      expect(await schedulingOf(proc)).toEqual([SCHED_OTHER, 0]);
      for (const policy of [SCHED_BATCH, SCHED_IDLE, SCHED_OTHER]) {
        expect(await succeeds(proc, 'sched_setscheduler', 0, policy, words(0))).toBe(0);
        expect(await schedulingOf(proc)).toEqual([policy, 0]);
        expect(await statOf(proc, proc.pid)).toEqual([20, 0, 0, policy]);
      }
      if (!(await mayBeRealtime(context))) return;
      for (const [policy, priority] of [
        [SCHED_FIFO, 1],
        [SCHED_FIFO, 99],
        [SCHED_RR, 50],
      ] as const) {
        expect(await succeeds(proc, 'sched_setscheduler', proc.pid, policy, words(priority))).toBe(0);
        expect(await schedulingOf(proc)).toEqual([policy, priority]);
        expect(await statOf(proc, proc.pid)).toEqual([-1 - priority, 0, priority, policy]);
      }
    });
    check('sched_setparam changes the priority alone', async (context) => {
      const { proc } = context;
      await succeeds(proc, 'sched_setparam', 0, words(0));
      await fails(proc, 'EINVAL', 'sched_setparam', 0, words(1));
      if (!(await mayBeRealtime(context))) return;
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_RR | SCHED_RESET_ON_FORK, words(7));
      await succeeds(proc, 'sched_setparam', 0, words(9));
      expect(await schedulingOf(proc)).toEqual([SCHED_RR | SCHED_RESET_ON_FORK, 9]);
      await fails(proc, 'EINVAL', 'sched_setparam', 0, words(0));
      await fails(proc, 'EINVAL', 'sched_setparam', 0, words(100));
    });
    check('of another process, whatever it does', async (context) => {
      if (!(await mayBeRealtime(context))) return;
      const { proc, spawn } = context;
      const other = await spawn();
      await succeeds(proc, 'sched_setscheduler', other.pid, SCHED_FIFO, words(30));
      expect(await schedulingOf(other)).toEqual([SCHED_FIFO, 30]);
      await succeeds(proc, 'sched_setscheduler', other.pid, SCHED_OTHER, words(0));
      expect(await schedulingOf(proc, other.pid)).toEqual([SCHED_OTHER, 0]);
    });
    check('EINVAL: policies and priorities that do not go together', async ({ proc }) => {
      for (const policy of [SCHED_FIFO, SCHED_RR]) {
        for (const priority of [0, 100, -1])
          await fails(proc, 'EINVAL', 'sched_setscheduler', 0, policy, words(priority));
      }
      for (const policy of [SCHED_OTHER, SCHED_BATCH, SCHED_IDLE]) {
        for (const priority of [1, -1]) await fails(proc, 'EINVAL', 'sched_setscheduler', 0, policy, words(priority));
      }
      for (const policy of [4, SCHED_DEADLINE, 77, -1, 0x80000000]) {
        await fails(proc, 'EINVAL', 'sched_setscheduler', 0, policy, words(0));
        await fails(proc, 'EINVAL', 'sched_setscheduler', 0, policy, words(1));
      }
      expect(await schedulingOf(proc)).toEqual([SCHED_OTHER, 0]);
    });
    check('EINVAL: no record, or a negative number for a process; ESRCH: nobody; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sched_setscheduler', 0, SCHED_OTHER, 0);
      await fails(proc, 'EINVAL', 'sched_setscheduler', -1, SCHED_OTHER, words(0));
      await fails(proc, 'EINVAL', 'sched_setparam', 0, 0);
      await fails(proc, 'EINVAL', 'sched_getparam', 0, 0);
      await fails(proc, 'EINVAL', 'sched_getparam', -1, output(4));
      await fails(proc, 'EINVAL', 'sched_getscheduler', -1);
      await fails(proc, 'ESRCH', 'sched_getscheduler', NOBODY);
      await fails(proc, 'ESRCH', 'sched_setscheduler', NOBODY, SCHED_FIFO, words(0));
      await fails(proc, 'ESRCH', 'sched_setparam', NOBODY, words(100));
      await fails(proc, 'ESRCH', 'sched_getparam', NOBODY, output(4));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sched_setscheduler', 0, SCHED_OTHER, wild);
        await fails(proc, 'EFAULT', 'sched_setparam', NOBODY, wild);
        await fails(proc, 'EFAULT', 'sched_getparam', 0, wild);
      }
    });
    check('EPERM: more than RLIMIT_RTPRIO lets one have', async (context) => {
      if (!(await mayBeRealtime(context)) || !(await limits(context, RLIMIT_RTPRIO, 10))) return;
      const { proc } = context;
      await proc.run('setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'sched_setscheduler', 0, SCHED_FIFO, words(11));
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_FIFO, words(10));
      await fails(proc, 'EPERM', 'sched_setparam', 0, words(11));
      await succeeds(proc, 'sched_setparam', 0, words(5));
      await succeeds(proc, 'setrlimit', RLIMIT_RTPRIO, words(0, 10));
      await succeeds(proc, 'sched_setparam', 0, words(3)); // less is always possible
      await fails(proc, 'EPERM', 'sched_setscheduler', 0, SCHED_RR, words(3));
      await fails(proc, 'EPERM', 'sched_setparam', 0, words(4));
      expect(await schedulingOf(proc)).toEqual([SCHED_FIFO, 3]);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_OTHER, words(0));
      await fails(proc, 'EPERM', 'sched_setscheduler', 0, SCHED_FIFO, words(1));
    });
    check('EPERM: somebody else’s process; back from SCHED_IDLE', async ({ target, proc, spawn }) => {
      const other = await spawn();
      await other.run('setresuid32', 1000, 1000, 1000);
      await fails(other, 'EPERM', 'sched_setscheduler', proc.pid, SCHED_BATCH, words(0));
      await fails(other, 'EPERM', 'sched_setscheduler', proc.pid, SCHED_FIFO, words(1));
      await fails(other, 'EINVAL', 'sched_setscheduler', proc.pid, SCHED_FIFO, words(0));
      await succeeds(other, 'sched_setscheduler', 0, SCHED_IDLE, words(0));
      await fails(other, 'EPERM', 'sched_setscheduler', 0, SCHED_OTHER, words(0));
      const raised = await proc.call('prlimit64', other.pid, RLIMIT_NICE, words(20, 0, 20, 0), 0);
      if (target.own) expect(raised).toBe(0);
      if (raised === 0) await succeeds(other, 'sched_setscheduler', 0, SCHED_OTHER, words(0));
    });
    check('children inherit it, unless SCHED_RESET_ON_FORK says no', async (context) => {
      const { proc } = context;
      const childOf = async (): Promise<number[]> => {
        const child = await proc.fork();
        const result = await schedulingOf(child);
        result.push((await statOf(child, child.pid))[1]!);
        await child.exit(0);
        await proc.wait(child.pid);
        return result;
      };
      await succeeds(proc, 'setpriority', PRIO_PROCESS, 0, -3);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_BATCH, words(0));
      expect(await childOf()).toEqual([SCHED_BATCH, 0, -3]);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_BATCH | SCHED_RESET_ON_FORK, words(0));
      expect(await childOf()).toEqual([SCHED_BATCH, 0, 0]);
      await succeeds(proc, 'setpriority', PRIO_PROCESS, 0, 5);
      expect(await childOf()).toEqual([SCHED_BATCH, 0, 5]);
      if (!(await mayBeRealtime(context))) return;
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_FIFO, words(8));
      expect(await childOf()).toEqual([SCHED_FIFO, 8, 5]);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_RR | SCHED_RESET_ON_FORK, words(8));
      expect(await childOf()).toEqual([SCHED_OTHER, 0, 0]);
    });
    check('EPERM: taking SCHED_RESET_ON_FORK back', async ({ proc }) => {
      await proc.run('setresuid32', 1000, 1000, 1000);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_OTHER | SCHED_RESET_ON_FORK, words(0));
      await fails(proc, 'EPERM', 'sched_setscheduler', 0, SCHED_OTHER, words(0));
      await succeeds(proc, 'sched_setparam', 0, words(0));
      expect(await schedulingOf(proc)).toEqual([SCHED_RESET_ON_FORK, 0]);
    });
  });

  syscall(['sched_setattr', 'sched_getattr'], () => {
    check('a record tells all', async (context) => {
      const { proc } = context;
      expect(await attributesOf(proc)).toEqual([SCHED_OTHER, 0, 0, 0]);
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_BATCH, 0, 7, 0)), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_BATCH, 0, 7, 0]);
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_OTHER, 0, -100, 0)), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_OTHER, 0, -20, 0]);
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_IDLE, 0, -20, 0)), 0);
      expect(await statOf(proc, proc.pid)).toEqual([0, -20, 0, SCHED_IDLE]);
      if (!(await mayBeRealtime(context))) return;
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK, 3, 12)), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK, 0, 12]);
      expect(await statOf(proc, proc.pid)).toEqual([-13, -20, 12, SCHED_FIFO]);
    });
    check('what is to be kept is kept', async (context) => {
      const { proc } = context;
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_BATCH, 0, 7, 0)), 0);
      const keepPolicy = attributes(SCHED_OTHER, SCHED_FLAG_KEEP_POLICY, 3, 0);
      await succeeds(proc, 'sched_setattr', 0, input(keepPolicy), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_BATCH, 0, 3, 0]);
      const keepParameters = attributes(SCHED_OTHER, SCHED_FLAG_KEEP_PARAMS, 9, 0);
      await succeeds(proc, 'sched_setattr', 0, input(keepParameters), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_BATCH, 0, 3, 0]); // the policy counts as one of them
      if (!(await mayBeRealtime(context))) return;
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_RR, 0, 0, 12)), 0);
      const keepPriority = attributes(SCHED_FIFO, SCHED_FLAG_KEEP_PARAMS | SCHED_FLAG_RESET_ON_FORK, 0, 0);
      await succeeds(proc, 'sched_setattr', 0, input(keepPriority), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_RR, SCHED_FLAG_RESET_ON_FORK, 0, 12]);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(SCHED_OTHER, SCHED_FLAG_KEEP_PARAMS, 0, 0)), 0);
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_OTHER, SCHED_FLAG_KEEP_POLICY, 0, 4)), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_RR, SCHED_FLAG_RESET_ON_FORK, 0, 4]);
    });
    check('records of other sizes', async ({ proc }) => {
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_BATCH, 0, 1, 0, SCHED_ATTR_SIZE_VER1)), 0);
      const long = attributes(SCHED_BATCH, 0, 2, 0, 400);
      await succeeds(proc, 'sched_setattr', 0, input(long), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_BATCH, 0, 2, 0]);
      long[399] = 1;
      await fails(proc, 'E2BIG', 'sched_setattr', 0, input(long), 0);
      await fails(proc, 'E2BIG', 'sched_setattr', 0, input(attributes(SCHED_BATCH, 0, 3, 0, 47)), 0);
      long.set(encodeWords([4097]));
      await fails(proc, 'E2BIG', 'sched_setattr', 0, input(long), 0);
      const old = attributes(SCHED_BATCH, 0, 4, 0);
      old[0] = 0;
      await succeeds(proc, 'sched_setattr', 0, input(old), 0);
      expect(await attributesOf(proc)).toEqual([SCHED_BATCH, 0, 4, 0]);
      await fails(proc, 'EINVAL', 'sched_getattr', 0, output(64), SCHED_ATTR_SIZE_VER0 - 1, 0);
      await fails(proc, 'EINVAL', 'sched_getattr', 0, output(64), 4097, 0);
      expect(decodeWords((await proc.run('sched_getattr', 0, output(400), 400, 0)).outputs[0]!)[0]).toBeLessThan(400);
    });
    check('EINVAL: flags, policies, priorities; ESRCH; EFAULT', async ({ proc }) => {
      const good = input(attributes(SCHED_OTHER, 0, 0, 0));
      await fails(proc, 'EINVAL', 'sched_setattr', 0, good, 1);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, 0, 0);
      await fails(proc, 'EINVAL', 'sched_setattr', -1, good, 0);
      await fails(proc, 'EINVAL', 'sched_getattr', 0, output(48), 48, 1);
      await fails(proc, 'EINVAL', 'sched_getattr', -1, output(48), 48, 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(SCHED_OTHER, 0x1000, 0, 0)), 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(-1, 0, 0, 0)), 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(SCHED_OTHER, 0, 0, 1)), 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(SCHED_FIFO, 0, 0, 0)), 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(SCHED_FIFO, 0, 0, 100)), 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, input(attributes(SCHED_DEADLINE, 0, 0, 0)), 0);
      await fails(proc, 'ESRCH', 'sched_setattr', NOBODY, input(attributes(77, 0x1000, 0, 0)), 0);
      await fails(proc, 'ESRCH', 'sched_getattr', NOBODY, output(48), 48, 0);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sched_setattr', 0, wild, 0);
        await fails(proc, 'EFAULT', 'sched_getattr', 0, wild, 48, 0);
      }
    });
    check('EPERM: greedier than RLIMIT_NICE', async (context) => {
      if (!(await limits(context, RLIMIT_NICE, 15))) return;
      const { proc } = context;
      await proc.run('setresuid32', 1000, 1000, 1000);
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_OTHER, 0, 10, 0)), 0);
      await fails(proc, 'EPERM', 'sched_setattr', 0, input(attributes(SCHED_OTHER, 0, 4, 0)), 0);
      await succeeds(proc, 'sched_setattr', 0, input(attributes(SCHED_OTHER, 0, 5, 0)), 0);
      await fails(proc, 'EACCES', 'setpriority', PRIO_PROCESS, 0, 4);
      await fails(proc, 'EPERM', 'nice', -1);
      await succeeds(proc, 'nice', 1);
      await succeeds(proc, 'nice', -1);
      expect(await attributesOf(proc)).toEqual([SCHED_OTHER, 0, 5, 0]);
    });
  });

  syscall(['sched_get_priority_max', 'sched_get_priority_min', 'sched_rr_get_interval'], () => {
    check('tell the range of priorities of a policy', async ({ proc }) => {
      expect(await proc.call('sched_get_priority_max', SCHED_OTHER)).toBe(0);
      expect(await proc.call('sched_get_priority_min', SCHED_OTHER)).toBe(0);
      expect(await proc.call('sched_get_priority_max', SCHED_FIFO)).toBe(99);
      expect(await proc.call('sched_get_priority_min', SCHED_FIFO)).toBe(1);
    });
    check('tell the length of a slice', async ({ proc }) => {
      const { outputs } = await proc.run('sched_rr_get_interval', 0, output(8));
      const [seconds, nanoseconds] = decodeWords(outputs[0]!);
      expect(seconds).toBe(0);
      expect(nanoseconds).toBeLessThan(1_000_000_000);
    });
    check('SCHED_RR has slices, SCHED_FIFO has none', async (context) => {
      if (!(await mayBeRealtime(context))) return;
      const { proc } = context;
      const interval = async (): Promise<number[]> =>
        decodeWords((await proc.run('sched_rr_get_interval', 0, output(8))).outputs[0]!);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_RR, words(1));
      expect(await interval()).toEqual([0, 100_000_000]);
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_FIFO, words(1));
      expect(await interval()).toEqual([0, 0]);
    });
    check('EINVAL: no such policy; ESRCH: nobody', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sched_get_priority_max', 77);
      await fails(proc, 'EINVAL', 'sched_get_priority_min', 77);
      await fails(proc, 'ESRCH', 'sched_rr_get_interval', NOBODY, output(8));
      await fails(proc, 'EINVAL', 'sched_rr_get_interval', -1, output(8));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'sched_rr_get_interval', 0, wild);
    });
  });
});
