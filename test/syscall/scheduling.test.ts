/*
 * Scheduling: policies, as far as there is one (everything runs under SCHED_OTHER), and which CPUs a process may use.
 */

import { expect } from 'vitest';
import { input, output } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords } from '../../emulator/agent/records.ts';
import {
  MEMBARRIER_CMD_GLOBAL,
  MEMBARRIER_CMD_PRIVATE_EXPEDITED,
  MEMBARRIER_CMD_QUERY,
  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
} from '../../kernel/abi/membarrier.ts';
import { SCHED_FIFO, SCHED_OTHER } from '../../kernel/abi/sched.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

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
    check('EINVAL: no such policy; ESRCH: nobody', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sched_get_priority_max', 77);
      await fails(proc, 'EINVAL', 'sched_get_priority_min', 77);
      await fails(proc, 'ESRCH', 'sched_rr_get_interval', 0x7ffffff0, output(8));
    });
  });
});
