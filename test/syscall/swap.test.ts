/*
 * Swap areas. What would change the host is only done to this kernel; the host is only asked to refuse. That pages come
 * back from where they were is tested under pressure (test/kernel/swap.test.ts).
 */

import { text } from '../../emulator/agent/arguments.ts';
import { O_CREAT, O_WRONLY } from '../../kernel/abi/fcntl.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

/** A bit that means nothing in the flags of swapon. */
const NO_FLAG = 0x80000;

onEveryTarget(({ target, syscall, check }) => {
  syscall(['swapon', 'swapoff'], () => {
    if (target.own) {
      check('EINVAL: no device, no area; ENOENT; EFAULT; senseless flags', async ({ proc }) => {
        await proc.open('file', O_CREAT | O_WRONLY, 0o600);
        for (const call of ['swapon', 'swapoff'] as const) {
          await fails(proc, 'EINVAL', call, text('file'), 0);
          await fails(proc, 'EINVAL', call, text('/dev/null'), 0);
          await fails(proc, 'ENOENT', call, text('nothing'), 0);
          for (const wild of wildPointers) await fails(proc, 'EFAULT', call, wild, 0);
        }
        await fails(proc, 'EINVAL', 'swapon', text('file'), NO_FLAG);
      });
    }
    check('EPERM: not root', async ({ proc }) => {
      if ((await proc.call('geteuid32')) === 0) await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'swapon', text('/dev/null'), 0);
      await fails(proc, 'EPERM', 'swapoff', text('/dev/null'));
    });
  });
});
