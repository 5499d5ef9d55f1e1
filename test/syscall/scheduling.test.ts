/*
 * Scheduling policies, as far as there is one: everything runs under SCHED_OTHER.
 */

import { expect } from 'vitest';
import { output } from '../../emulator/agent/arguments.ts';
import { decodeWords } from '../../emulator/agent/records.ts';
import { SCHED_FIFO, SCHED_OTHER } from '../../kernel/abi/sched.ts';
import { fails, onEveryTarget } from './support/suite.ts';

onEveryTarget(({ syscall, check }) => {
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
