/*
 * Limits, accounts, priorities.
 */

import { expect } from 'vitest';
import { input, output } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import { MAP_ANONYMOUS, MAP_POPULATE, MAP_PRIVATE } from '../../kernel/abi/mman.ts';
import {
  RLIM_INFINITY,
  RLIM_NLIMITS,
  RLIMIT_CORE,
  RLIMIT_NOFILE,
  RLIMIT_STACK,
  RUSAGE_CHILDREN,
  RUSAGE_SELF,
} from '../../kernel/abi/resource.ts';
import { PRIO_PGRP, PRIO_PROCESS, PRIO_USER } from '../../kernel/abi/sched.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const NOBODY = 0x3fffff;

async function limit(proc: Process, which: number): Promise<number[]> {
  return decodeWords((await proc.run('ugetrlimit', which, output(8))).outputs[0]!);
}

onEveryTarget(({ syscall, check }) => {
  syscall(['getrlimit', 'ugetrlimit', 'setrlimit', 'prlimit64'], () => {
    check('the soft one moves below the hard one', async ({ proc }) => {
      await succeeds(proc, 'setrlimit', RLIMIT_CORE, input(encodeWords([100, 200])));
      expect(await limit(proc, RLIMIT_CORE)).toEqual([100, 200]);
      await succeeds(proc, 'setrlimit', RLIMIT_CORE, input(encodeWords([200, 200])));
      const child = await proc.fork();
      expect(await limit(child, RLIMIT_CORE)).toEqual([200, 200]);
    });
    check('prlimit64 has 64 bits, and gets and sets in one', async ({ proc }) => {
      const { outputs } = await proc.run('prlimit64', 0, RLIMIT_CORE, input(encodeWords([5, 0, 6, 0])), output(16));
      expect(outputs[0]).toHaveLength(16);
      const back = await proc.run('prlimit64', proc.pid, RLIMIT_CORE, null, output(16));
      expect(decodeWords(back.outputs[0]!)).toEqual([5, 0, 6, 0]);
    });
    check('prlimit64: of another process', async ({ proc }) => {
      const child = await proc.fork();
      await proc.run('prlimit64', child.pid, RLIMIT_CORE, input(encodeWords([7, 0, 8, 0])), null);
      expect(await limit(child, RLIMIT_CORE)).toEqual([7, 8]);
    });
    check('the old call cuts what has more than 31 bits', async ({ proc }) => {
      await succeeds(proc, 'setrlimit', RLIMIT_CORE, input(encodeWords([1, RLIM_INFINITY | 0])));
      expect(decodeWords((await proc.run('getrlimit', RLIMIT_CORE, output(8))).outputs[0]!)).toEqual([1, 0x7fffffff]);
    });
    check('the limit of descriptors holds at once', async ({ proc }) => {
      const [, hard] = await limit(proc, RLIMIT_NOFILE);
      await succeeds(proc, 'setrlimit', RLIMIT_NOFILE, input(encodeWords([4, hard!])));
      await proc.dup(0).catch(() => undefined);
      await fails(proc, 'EMFILE', 'dup', 0);
    });
    check('EINVAL: no such limit, soft above hard', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'ugetrlimit', RLIM_NLIMITS, output(8));
      await fails(proc, 'EINVAL', 'getrlimit', 99, output(8));
      await fails(proc, 'EINVAL', 'setrlimit', -1, input(encodeWords([1, 1])));
      await fails(proc, 'EINVAL', 'setrlimit', RLIMIT_STACK, input(encodeWords([2, 1])));
      await fails(proc, 'EINVAL', 'prlimit64', 0, RLIM_NLIMITS, null, output(16));
    });
    check('EPERM: only the superuser raises a hard limit; and changes those of others', async ({ proc, spawn }) => {
      const other = await spawn();
      await succeeds(proc, 'setrlimit', RLIMIT_CORE, input(encodeWords([1, 2])));
      await succeeds(proc, 'setuid32', 1000);
      await fails(proc, 'EPERM', 'setrlimit', RLIMIT_CORE, input(encodeWords([1, 3])));
      await fails(proc, 'EPERM', 'prlimit64', other.pid, RLIMIT_CORE, null, output(16));
    });
    check('ESRCH: nobody', ({ proc }) => fails(proc, 'ESRCH', 'prlimit64', NOBODY, RLIMIT_CORE, null, output(16)));
    check('EFAULT: wild pointers', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'getrlimit', RLIMIT_CORE, wild);
        await fails(proc, 'EFAULT', 'ugetrlimit', RLIMIT_CORE, wild);
        await fails(proc, 'EFAULT', 'setrlimit', RLIMIT_CORE, wild);
        await fails(proc, 'EFAULT', 'prlimit64', 0, RLIMIT_CORE, wild, null);
        await fails(proc, 'EFAULT', 'prlimit64', 0, RLIMIT_CORE, null, wild);
      }
    });
  });

  syscall('getrusage', () => {
    check('faults are counted', async ({ proc }) => {
      const usage = async (who: number) => decodeWords((await proc.run('getrusage', who, output(72))).outputs[0]!);
      const before = await usage(RUSAGE_SELF);
      const address = await proc.mmap({ length: 16 * 4096 });
      for (let page = 0; page < 16; page++) await proc.poke(address + page * 4096, new Uint8Array([1]));
      const after = await usage(RUSAGE_SELF);
      expect(after[8]! - before[8]!).toBeGreaterThanOrEqual(16);
      expect((await usage(RUSAGE_CHILDREN)).every((word) => word === 0)).toBe(true);
    });
    check('those of children, and the largest of them, are told when they were waited for', async ({ proc }) => {
      const usage = async (who: number) => decodeWords((await proc.run('getrusage', who, output(72))).outputs[0]!);
      const child = await proc.fork();
      const address = await child.mmap({ length: 600 * 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE });
      await child.munmap(address, 600 * 4096);
      const grandchild = await child.fork();
      const other = await grandchild.mmap({ length: 32 * 4096 });
      for (let page = 0; page < 32; page++) await grandchild.poke(other + page * 4096, new Uint8Array([1]));
      await grandchild.exit(0);
      await child.wait(grandchild.pid);
      expect((await usage(RUSAGE_CHILDREN)).every((word) => word === 0)).toBe(true);
      await child.exit(0);
      await proc.wait(child.pid);
      const { 4: largest, 8: faults, 16: switches } = await usage(RUSAGE_CHILDREN);
      expect(largest).toBeGreaterThanOrEqual(500 * 4); // Linux counts resident pages in batches
      expect(faults).toBeGreaterThanOrEqual(32);
      expect(switches).toBeGreaterThan(0);
    });
    check('EINVAL and EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'getrusage', 5, output(72));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'getrusage', RUSAGE_SELF, wild);
    });
  });

  syscall(['nice', 'getpriority', 'setpriority'], () => {
    check('nice adds; getpriority tells 20 minus it', async ({ proc }) => {
      const before = await proc.call('getpriority', PRIO_PROCESS, 0);
      await succeeds(proc, 'nice', 3);
      expect(await proc.call('getpriority', PRIO_PROCESS, 0)).toBe(before - 3);
      const child = await proc.fork();
      expect(await child.call('getpriority', PRIO_PROCESS, 0)).toBe(before - 3);
    });
    check('setpriority cuts to -20 and 19', async ({ proc }) => {
      await succeeds(proc, 'setpriority', PRIO_PROCESS, proc.pid, 100);
      expect(await proc.call('getpriority', PRIO_PROCESS, proc.pid)).toBe(1);
      await succeeds(proc, 'setpriority', PRIO_PROCESS, proc.pid, -100);
      expect(await proc.call('getpriority', PRIO_PROCESS, proc.pid)).toBe(40);
    });
    check('by group: the greediest counts', async ({ proc }) => {
      const child = await proc.fork();
      await succeeds(child, 'setpgid', 0, 0);
      const other = await proc.fork();
      await succeeds(proc, 'setpgid', other.pid, child.pid);
      await succeeds(proc, 'setpriority', PRIO_PGRP, child.pid, 7);
      await succeeds(proc, 'setpriority', PRIO_PROCESS, other.pid, 5);
      expect(await proc.call('getpriority', PRIO_PGRP, child.pid)).toBe(15);
      expect(await child.call('getpriority', PRIO_PROCESS, 0)).toBe(13);
    });
    check('EINVAL: no such kind', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'getpriority', 3, 0);
      await fails(proc, 'EINVAL', 'setpriority', -1, 0, 0);
    });
    check('ESRCH: nobody', async ({ proc }) => {
      await fails(proc, 'ESRCH', 'getpriority', PRIO_PROCESS, NOBODY);
      await fails(proc, 'ESRCH', 'setpriority', PRIO_PGRP, NOBODY, 0);
      await fails(proc, 'ESRCH', 'getpriority', PRIO_USER, 123_456);
    });
    check('EACCES and EPERM: who is not the superuser', async ({ proc, spawn }) => {
      const other = await spawn();
      await succeeds(proc, 'setuid32', 1000);
      await fails(proc, 'EACCES', 'setpriority', PRIO_PROCESS, 0, -1);
      await fails(proc, 'EPERM', 'nice', -1);
      await fails(proc, 'EPERM', 'setpriority', PRIO_PROCESS, other.pid, 5);
    });
  });
});
