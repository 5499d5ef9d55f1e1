/*
 * Who a process is: users, groups, process groups, sessions.
 *
 * Tests that change users need root, which the guest's processes are; on a Linux where the tests are somebody else, the
 * same calls must fail with EPERM.
 */

import { expect } from 'vitest';
import { inout, input, output, text, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import { O_RDONLY } from '../../kernel/abi/fcntl.ts';
import { SIGUSR1 } from '../../kernel/abi/signal.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

async function threeIds(proc: Process, call: 'getresuid32' | 'getresgid32'): Promise<number[]> {
  const { outputs } = await proc.run(call, output(4), output(4), output(4));
  return outputs.map((blob) => decodeWords(blob)[0]!);
}

async function isRoot(proc: Process): Promise<boolean> {
  return (await proc.call('geteuid32')) === 0;
}

onEveryTarget(({ syscall, check }) => {
  syscall(
    [
      ...(['getuid', 'geteuid', 'getgid', 'getegid'] as const),
      ...(['getuid32', 'geteuid32', 'getgid32', 'getegid32', 'getresuid32', 'getresgid32'] as const),
    ],
    () => {
      check('agree with each other', async ({ proc }) => {
        const [real, effective, saved] = await threeIds(proc, 'getresuid32');
        expect(await proc.call('getuid32')).toBe(real);
        expect(await proc.call('geteuid32')).toBe(effective);
        expect(saved).toBe(effective);
        expect(await proc.call('getuid')).toBe(real! & 0xffff);
        expect(await proc.call('geteuid')).toBe(effective! & 0xffff);
        const [group, effectiveGroup] = await threeIds(proc, 'getresgid32');
        expect(await proc.call('getgid32')).toBe(group);
        expect(await proc.call('getegid32')).toBe(effectiveGroup);
        expect(await proc.call('getgid')).toBe(group! & 0xffff);
        expect(await proc.call('getegid')).toBe(effectiveGroup! & 0xffff);
      });
      check('EFAULT', async ({ proc }) => {
        await fails(proc, 'EFAULT', 'getresuid32', output(4), wildPointers[0], output(4));
        await fails(proc, 'EFAULT', 'getresgid32', wildPointers[1], output(4), output(4));
      });
    },
  );

  syscall(['setresuid32', 'setresuid', 'setresgid32', 'setresgid'], () => {
    check('set each of the three; -1 leaves one', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setresgid32', 11, 22, 33);
      expect(await threeIds(proc, 'getresgid32')).toEqual([11, 22, 33]);
      await succeeds(proc, 'setresgid', 0xffff, 44, 0xffff);
      expect(await threeIds(proc, 'getresgid32')).toEqual([11, 44, 33]);
      await succeeds(proc, 'setresuid', 1, 0xffff, 0xffff);
      await succeeds(proc, 'setresuid32', -1, 2, 3);
      expect(await threeIds(proc, 'getresuid32')).toEqual([1, 2, 3]);
    });
    check('without privilege, only among the three', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setresuid32', 1, 2, 3);
      await succeeds(proc, 'setresuid32', 3, 1, 2);
      expect(await threeIds(proc, 'getresuid32')).toEqual([3, 1, 2]);
      await fails(proc, 'EPERM', 'setresuid32', -1, 0, -1);
      await fails(proc, 'EPERM', 'setresgid32', -1, 77, -1);
    });
  });

  syscall(['setuid', 'setuid32', 'setgid', 'setgid32'], () => {
    check('of root set all three', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setgid32', 70000);
      expect(await threeIds(proc, 'getresgid32')).toEqual([70000, 70000, 70000]);
      await succeeds(proc, 'setgid', 5);
      await succeeds(proc, 'setuid', 1000);
      expect(await threeIds(proc, 'getresuid32')).toEqual([1000, 1000, 1000]);
      await fails(proc, 'EPERM', 'setuid32', 0);
      await fails(proc, 'EPERM', 'setgid', 0);
    });
    check('of others switch to the saved one', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setresuid32', 1000, 2000, 3000);
      await succeeds(proc, 'setuid32', 3000);
      expect(await threeIds(proc, 'getresuid32')).toEqual([1000, 3000, 3000]);
    });
    check('EINVAL: -1', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'setuid32', -1);
      await fails(proc, 'EINVAL', 'setgid32', -1);
    });
  });

  syscall(['setreuid', 'setreuid32', 'setregid', 'setregid32'], () => {
    check('swap real and effective', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setregid32', 10, 20);
      await succeeds(proc, 'setregid', 20, 10);
      expect(await threeIds(proc, 'getresgid32')).toEqual([20, 10, 10]);
      await succeeds(proc, 'setreuid32', 1000, 2000);
      await succeeds(proc, 'setreuid', 2000, 1000);
      expect(await threeIds(proc, 'getresuid32')).toEqual([2000, 1000, 1000]);
      await fails(proc, 'EPERM', 'setreuid32', 0, -1);
      await fails(proc, 'EPERM', 'setregid32', 0, -1);
    });
  });

  syscall(['setfsuid32', 'setfsgid32'], () => {
    check('give the one before, whatever happens', async ({ proc }) => {
      const uid = await proc.call('geteuid32');
      expect(await proc.call('setfsuid32', -1)).toBe(uid);
      const gid = await proc.call('getegid32');
      expect(await proc.call('setfsgid32', -1)).toBe(gid);
    });
    check('the id counts for files', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await proc.mkdir('closed', 0o700);
      await succeeds(proc, 'chmod', text('.'), 0o755);
      await proc.call('setfsuid32', 1000);
      await fails(proc, 'EACCES', 'open', text('closed/x'), O_RDONLY);
      expect(await proc.call('setfsuid32', 0)).toBe(1000);
      await fails(proc, 'ENOENT', 'open', text('closed/x'), O_RDONLY);
    });
  });

  syscall(['getgroups32', 'setgroups32'], () => {
    check('keep a list', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setgroups32', 3, words(30, 10, 20));
      expect(await proc.call('getgroups32', 0, 0)).toBe(3);
      const { value, outputs } = await proc.run('getgroups32', 3, output(12));
      expect([value, decodeWords(outputs[0]!).sort()]).toEqual([3, [10, 20, 30]]);
      await succeeds(proc, 'setgroups32', 0, 0);
      expect(await proc.call('getgroups32', 0, 0)).toBe(0);
    });
    check('EINVAL: no room, too many; EPERM; EFAULT', async ({ proc }) => {
      if (!(await isRoot(proc))) return;
      await succeeds(proc, 'setgroups32', 2, words(1, 2));
      await fails(proc, 'EINVAL', 'getgroups32', 1, output(4));
      await fails(proc, 'EINVAL', 'getgroups32', -1, output(4));
      await fails(proc, 'EINVAL', 'setgroups32', 70000, words(1));
      await fails(proc, 'EFAULT', 'getgroups32', 2, wildPointers[0]);
      await fails(proc, 'EFAULT', 'setgroups32', 2, wildPointers[0]);
      await succeeds(proc, 'setuid32', 1000);
      await fails(proc, 'EPERM', 'setgroups32', 0, 0);
    });
  });

  syscall(['getresuid', 'getresgid', 'getgroups', 'setgroups', 'setfsuid', 'setfsgid'], () => {
    check('tell and take ids of 16 bits; what does not fit looks like nobody', async ({ proc }) => {
      if (!(await isRoot(proc))) return fails(proc, 'EPERM', 'setgroups', 0, 0);
      await succeeds(proc, 'setgroups32', 2, words(7, 70000));
      const { value, outputs } = await proc.run('getgroups', 5, output(4));
      expect([value, ...new Uint16Array(outputs[0]!.slice().buffer)]).toEqual([2, 7, 65534]);
      await succeeds(proc, 'setgroups', 1, input(Uint8Array.of(9, 0)));
      expect([...decodeWords((await proc.run('getgroups32', 1, output(4))).outputs[0]!)]).toEqual([9]);
      await succeeds(proc, 'setresgid32', 70000, 5, 6);
      await succeeds(proc, 'setresuid32', 70001, 0, 2);
      const short = async (name: 'getresuid' | 'getresgid') =>
        (await proc.run(name, output(2), output(2), output(2))).outputs.map((blob) => blob[0]! + 256 * blob[1]!);
      expect(await short('getresuid')).toEqual([65534, 0, 2]);
      expect(await short('getresgid')).toEqual([65534, 5, 6]);
      expect(await succeeds(proc, 'setfsuid', 3)).toBe(0);
      expect(await succeeds(proc, 'setfsuid', 0xffff)).toBe(3);
      expect(await succeeds(proc, 'setfsgid', 4)).toBe(5);
    });
    check('EINVAL, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'getgroups', -1, 0);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'getresuid', wild, wild, wild);
    });
  });

  syscall(['getpgid', 'getpgrp', 'setpgid', 'getsid', 'setsid'], () => {
    check('a spawned process leads a session and a group', async ({ proc }) => {
      expect(await proc.call('getpgrp')).toBe(proc.pid);
      expect(await proc.call('getpgid', 0)).toBe(proc.pid);
      expect(await proc.call('getsid', 0)).toBe(proc.pid);
    });
    check('children inherit; setpgid moves them to a group of their own, or to another', async ({ proc }) => {
      const first = await proc.fork();
      const second = await proc.fork();
      expect(await first.call('getpgrp')).toBe(proc.pid);
      await succeeds(proc, 'setpgid', first.pid, 0);
      expect(await proc.call('getpgid', first.pid)).toBe(first.pid);
      await succeeds(second, 'setpgid', 0, first.pid);
      expect(await second.call('getpgrp')).toBe(first.pid);
      await first.kill(9);
      await second.kill(9);
    });
    check('setsid leaves the group', async ({ proc }) => {
      const child = await proc.fork();
      expect(await child.call('setsid')).toBe(child.pid);
      expect(await child.call('getsid', 0)).toBe(child.pid);
      expect(await child.call('getpgrp')).toBe(child.pid);
      await child.kill(9);
    });
    check('EPERM: a leader cannot leave, another session cannot be joined', async ({ proc, spawn }) => {
      await fails(proc, 'EPERM', 'setsid');
      await fails(proc, 'EPERM', 'setpgid', 0, (await proc.fork()).pid);
      const other = await spawn();
      const child = await proc.fork();
      await fails(proc, 'EPERM', 'setpgid', child.pid, other.pid);
      await fails(proc, 'EPERM', 'setpgid', child.pid, 0x7ffffff0);
    });
    check('EACCES: a child that executes another program', async ({ proc }) => {
      const child = await proc.fork();
      await child.exec('/bin/sleep', ['sleep', '1000']);
      await fails(proc, 'EACCES', 'setpgid', child.pid, 0);
    });
    check('ESRCH: no such process, or no child; EINVAL: a negative group', async ({ proc, spawn }) => {
      await fails(proc, 'ESRCH', 'getpgid', 0x7ffffff0);
      await fails(proc, 'ESRCH', 'getsid', 0x7ffffff0);
      await fails(proc, 'ESRCH', 'setpgid', (await spawn()).pid, 0);
      await fails(proc, 'EINVAL', 'setpgid', 0, -1);
    });
  });

  syscall('kill', () => {
    check('EPERM: a process of another user; ESRCH: none there', async ({ proc, spawn }) => {
      await fails(proc, 'ESRCH', 'kill', 0x7ffffff0, 0);
      await fails(proc, 'ESRCH', 'kill', -0x7ffffff0, SIGUSR1);
      if (!(await isRoot(proc))) return;
      const other = await spawn();
      await succeeds(proc, 'setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'kill', other.pid, 0);
      await fails(proc, 'EPERM', 'kill', 1, SIGUSR1);
    });
    check('reaches all of a group', async ({ proc }) => {
      const first = await proc.fork();
      const second = await proc.fork();
      await succeeds(proc, 'setpgid', first.pid, first.pid);
      await succeeds(proc, 'setpgid', second.pid, first.pid);
      await proc.sendSignal(-first.pid, SIGUSR1);
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGUSR1 });
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGUSR1 });
    });
    check('EINVAL: no such signal', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'kill', proc.pid, 65);
      await fails(proc, 'EINVAL', 'kill', proc.pid, -1);
      expect(await proc.call('kill', proc.pid, 0)).toBe(0);
    });
  });

  syscall('set_tid_address', () => {
    check('gives the thread id', async ({ proc }) => {
      expect(await proc.call('set_tid_address', input(new Uint8Array(4)))).toBe(proc.pid);
    });
  });

  syscall('capget', () => {
    const versions = [0x19980330, 0x20071026, 0x20080522] as const;
    check('the superuser has some, others none', async ({ proc }) => {
      for (const version of versions) {
        const { outputs } = await proc.run('capget', words(version, 0), output(24));
        const [effective, permitted] = decodeWords(outputs[0]!);
        expect([effective !== 0, permitted !== 0]).toEqual([true, true]);
      }
      await proc.call('setresuid32', 1000, 1000, 1000);
      const { outputs } = await proc.run('capget', words(versions[2], 0), output(24));
      expect(decodeWords(outputs[0]!)).toEqual([0, 0, 0, 0, 0, 0]);
    });
    check('tells the version that it knows', async ({ proc }) => {
      const { value, outputs } = await proc.run('capget', inout(encodeWords([5, 0])), 0);
      expect([value, decodeWords(outputs[0]!)[0]]).toEqual([0, versions[2]]);
      await fails(proc, 'EINVAL', 'capget', inout(encodeWords([5, 0])), output(24));
    });
    check('EINVAL, ESRCH, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'capget', words(versions[2], -1), output(24));
      await fails(proc, 'ESRCH', 'capget', words(versions[2], 99999), output(24));
      for (const pointer of wildPointers) {
        await fails(proc, 'EFAULT', 'capget', pointer, output(24));
        await fails(proc, 'EFAULT', 'capget', words(versions[2], 0), pointer);
      }
    });
  });
});
