/*
 * The system as a whole: its name, its memory, its scheduler, random numbers, and switching it off (which is refused).
 */

import { expect } from 'vitest';
import { inout, input, output, text, words } from '../../emulator/agent/arguments.ts';
import { decodeString, decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import {
  GRND_INSECURE,
  GRND_NONBLOCK,
  GRND_RANDOM,
  PR_GET_DUMPABLE,
  PR_GET_NAME,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_PDEATHSIG,
  PR_GET_TIMERSLACK,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_DUMPABLE,
  PR_SET_NAME,
  PR_SET_NO_NEW_PRIVS,
  PR_SET_PDEATHSIG,
  PR_SET_TIMERSLACK,
} from '../../kernel/abi/prctl.ts';
import {
  LINUX_REBOOT_CMD_CAD_OFF,
  LINUX_REBOOT_CMD_POWER_OFF,
  LINUX_REBOOT_CMD_RESTART2,
  LINUX_REBOOT_MAGIC1,
  LINUX_REBOOT_MAGIC2,
} from '../../kernel/abi/reboot.ts';
import { SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_OTHER, SCHED_RESET_ON_FORK } from '../../kernel/abi/sched.ts';
import { SYS_set_thread_area } from '../../kernel/abi/syscallNumbers.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const NOBODY = 0x3fffff;

onEveryTarget(({ target, syscall, check }) => {
  syscall(['uname', 'sethostname', 'setdomainname'], () => {
    check('six strings', async ({ proc }) => {
      const record = (await proc.run('uname', output(390))).outputs[0]!;
      const [system, , release, , machine] = Array.from({ length: 6 }, (_, n) => decodeString(record.slice(n * 65)));
      expect(system).toBe('Linux');
      expect(release).toMatch(/^\d+\.\d+/);
      expect(machine).toMatch(/^(i686|x86_64)$/);
    });
    if (target.own) {
      check('names can be changed', async ({ proc }) => {
        const names = async () => {
          const record = (await proc.run('uname', output(390))).outputs[0]!;
          return [decodeString(record.slice(65)), decodeString(record.slice(325))];
        };
        const [host, domain] = await names();
        await succeeds(proc, 'sethostname', text('other'), 5);
        await succeeds(proc, 'setdomainname', text('elsewhere'), 4);
        expect(await names()).toEqual(['other', 'else']);
        await succeeds(proc, 'sethostname', text(host!), host!.length);
        await succeeds(proc, 'setdomainname', text(domain!), domain!.length);
      });
    }
    check('EINVAL: a name that is too long', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sethostname', text('x'.repeat(70)), 65);
      await fails(proc, 'EINVAL', 'setdomainname', text('x'), -1);
    });
    check('EPERM: not the superuser', async ({ proc }) => {
      await succeeds(proc, 'setuid32', 1000);
      await fails(proc, 'EPERM', 'sethostname', text('x'), 1);
    });
    check('EFAULT: wild pointers', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'uname', wild);
        await fails(proc, 'EFAULT', 'sethostname', wild, 5);
      }
    });
  });

  syscall(['olduname', 'oldolduname'], () => {
    check('the same with fewer strings, and shorter ones', async ({ proc }) => {
      const record = (await proc.run('uname', output(390))).outputs[0]!;
      const older = (await proc.run('olduname', output(325))).outputs[0]!;
      expect(older).toEqual(record.slice(0, 325));
      const oldest = (await proc.run('oldolduname', output(45))).outputs[0]!;
      for (let n = 0; n < 5; n++) {
        expect(decodeString(oldest.slice(n * 9))).toBe(decodeString(record.slice(n * 65)).slice(0, 8));
      }
    });
    check.each(wildPointers.map((wild) => [wild] as const))('EFAULT: %s', async ({ proc }, [wild]) => {
      await fails(proc, 'EFAULT', 'olduname', wild);
      await fails(proc, 'EFAULT', 'oldolduname', wild);
    });
  });

  syscall('sysinfo', () => {
    check('memory and processes', async ({ proc }) => {
      const words = decodeWords((await proc.run('sysinfo', output(64))).outputs[0]!);
      const [total, free] = [words[4]!, words[5]!];
      expect(total).toBeGreaterThan(free);
      expect(words[10]! & 0xffff).toBeGreaterThan(1);
      expect(words[13]).toBeGreaterThan(0); // the unit
    });
    check('EFAULT', async ({ proc }) => {
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'sysinfo', wild);
    });
  });

  syscall(['sched_yield', 'sched_getscheduler', 'sched_setscheduler', 'sched_getparam'], () => {
    check('the ordinary policy, with priority 0', async ({ proc }) => {
      await succeeds(proc, 'sched_yield');
      expect(await proc.call('sched_getscheduler', 0)).toBe(SCHED_OTHER);
      await succeeds(proc, 'sched_setscheduler', proc.pid, SCHED_OTHER, input(encodeWords([0])));
      expect(decodeWords((await proc.run('sched_getparam', 0, output(4))).outputs[0]!)).toEqual([0]);
      expect(await proc.call('sched_get_priority_max', SCHED_OTHER)).toBe(0);
      expect(await proc.call('sched_get_priority_max', SCHED_FIFO)).toBe(99);
      expect(await proc.call('sched_get_priority_min', SCHED_FIFO)).toBe(1);
      await succeeds(proc, 'sched_rr_get_interval', 0, output(8));
    });
    check('EINVAL, ESRCH, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sched_setscheduler', 0, SCHED_OTHER, input(encodeWords([1])));
      await fails(proc, 'EINVAL', 'sched_setscheduler', 0, 77, input(encodeWords([0])));
      await fails(proc, 'EINVAL', 'sched_get_priority_max', 77);
      await fails(proc, 'EINVAL', 'sched_get_priority_min', 77);
      await fails(proc, 'EINVAL', 'sched_getscheduler', -1);
      await fails(proc, 'ESRCH', 'sched_getscheduler', NOBODY);
      await fails(proc, 'ESRCH', 'sched_getparam', NOBODY, output(4));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sched_getparam', 0, wild);
        await fails(proc, 'EFAULT', 'sched_setscheduler', 0, SCHED_OTHER, wild);
        await fails(proc, 'EFAULT', 'sched_rr_get_interval', 0, wild);
      }
    });
  });

  syscall(['sched_setparam', 'sched_getattr', 'sched_setattr', 'sched_rr_get_interval_time64'], () => {
    check('policies for work that nobody waits for', async ({ proc }) => {
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_IDLE, words(0));
      expect(await succeeds(proc, 'sched_getscheduler', 0)).toBe(SCHED_IDLE);
      await succeeds(proc, 'sched_setparam', 0, words(0));
      await fails(proc, 'EINVAL', 'sched_setparam', 0, words(1));
      await succeeds(proc, 'sched_setattr', 0, words(48, SCHED_BATCH, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0), 0);
      const { outputs } = await proc.run('sched_getattr', 0, output(48), 48, 0);
      expect([...decodeWords(outputs[0]!).slice(0, 6)]).toEqual([48, SCHED_BATCH, 0, 0, 5, 0]);
    });
    check('SCHED_RESET_ON_FORK is told beside the policy', async ({ proc }) => {
      await succeeds(proc, 'sched_setscheduler', 0, SCHED_BATCH | SCHED_RESET_ON_FORK, words(0));
      expect(await succeeds(proc, 'sched_getscheduler', 0)).toBe(SCHED_BATCH | SCHED_RESET_ON_FORK);
    });
    check('EINVAL, E2BIG, ESRCH, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sched_getattr', 0, 0, 48, 0);
      await fails(proc, 'EINVAL', 'sched_getattr', 0, output(48), 47, 0);
      await fails(proc, 'EINVAL', 'sched_setattr', 0, 0, 0);
      await fails(proc, 'E2BIG', 'sched_setattr', 0, inout(encodeWords([47, ...new Array<number>(11).fill(0)])), 0);
      await fails(proc, 'ESRCH', 'sched_setparam', NOBODY, words(0));
      await fails(proc, 'ESRCH', 'sched_rr_get_interval_time64', NOBODY, output(16));
      await succeeds(proc, 'sched_rr_get_interval_time64', 0, output(16));
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'sched_getattr', 0, wild, 48, 0);
    });
  });

  syscall(['sched_getaffinity', 'sched_setaffinity', 'getcpu'], () => {
    check('a process runs where it may', async ({ proc }) => {
      const size = 1024;
      const { value, outputs } = await proc.run('sched_getaffinity', 0, size, output(size));
      expect(value % 4).toBe(0);
      const mask = decodeWords(outputs[0]!.slice(0, value));
      expect(mask.some((word) => word !== 0)).toBe(true);
      await succeeds(proc, 'sched_setaffinity', 0, value, input(encodeWords(mask)));
      const cpu = decodeWords((await proc.run('getcpu', output(4), output(4))).outputs[0]!)[0]!;
      expect((mask[cpu >> 5]! >>> (cpu & 31)) & 1).toBe(1);
    });
    check('EINVAL: too small, or nowhere to run', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'sched_getaffinity', 0, 3, output(4));
      await fails(proc, 'EINVAL', 'sched_setaffinity', 0, 4, input(encodeWords([0])));
    });
    check('ESRCH and EFAULT', async ({ proc }) => {
      await fails(proc, 'ESRCH', 'sched_getaffinity', NOBODY, 1024, output(1024));
      await fails(proc, 'ESRCH', 'sched_setaffinity', NOBODY, 4, input(encodeWords([-1])));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sched_getaffinity', 0, 1024, wild);
        await fails(proc, 'EFAULT', 'sched_setaffinity', 0, 4, wild);
        await fails(proc, 'EFAULT', 'getcpu', wild, null);
      }
    });
  });

  syscall(['prctl', 'personality'], () => {
    check('what is kept is told', async ({ proc }) => {
      await succeeds(proc, 'prctl', PR_SET_PDEATHSIG, 10);
      expect([...decodeWords((await proc.run('prctl', PR_GET_PDEATHSIG, output(4))).outputs[0]!)]).toEqual([10]);
      await fails(proc, 'EINVAL', 'prctl', PR_SET_PDEATHSIG, 65);
      expect(await succeeds(proc, 'prctl', PR_GET_DUMPABLE)).toBe(1);
      await succeeds(proc, 'prctl', PR_SET_DUMPABLE, 0);
      expect(await succeeds(proc, 'prctl', PR_GET_DUMPABLE)).toBe(0);
      await succeeds(proc, 'prctl', PR_SET_TIMERSLACK, 77);
      expect(await succeeds(proc, 'prctl', PR_GET_TIMERSLACK)).toBe(77);
      await succeeds(proc, 'prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      expect(await succeeds(proc, 'prctl', PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)).toBe(1);
      await fails(proc, 'EINVAL', 'prctl', PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
    });
    check('a subreaper takes in the orphans among its descendants', async ({ proc }) => {
      await succeeds(proc, 'prctl', PR_SET_CHILD_SUBREAPER, 1);
      const child = await proc.fork();
      const orphan = await child.fork();
      await child.exit(1);
      await proc.wait(child.pid);
      await orphan.exit(2);
      expect(await proc.wait(orphan.pid)).toEqual({ pid: orphan.pid, status: { kind: 'exited', code: 2 } });
    });
    check('the name of a thread', async ({ proc }) => {
      await succeeds(proc, 'prctl', PR_SET_NAME, text('a name that is much too long'), 0, 0, 0);
      const { outputs } = await proc.run('prctl', PR_GET_NAME, output(16), 0, 0, 0);
      expect(decodeString(outputs[0]!)).toBe('a name that is ');
    });
    check('EINVAL and EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'prctl', 9999, 0, 0, 0, 0);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'prctl', PR_SET_NAME, wild, 0, 0, 0);
        await fails(proc, 'EFAULT', 'prctl', PR_GET_NAME, wild, 0, 0, 0);
      }
    });
    check('personality tells', async ({ proc }) => {
      expect((await proc.call('personality', 0xffffffff | 0)) & 0xff).toBe(0);
    });
  });

  syscall(['set_thread_area', 'get_thread_area'], () => {
    // Entry (-1: any), base, limit, flags: 32-bit, data, limit in pages, usable.
    const descriptor = (entry: number, base = 0x12345678): Uint8Array => encodeWords([entry, base, 0xfffff, 0x51]);
    check('gives an entry, which can be read back', async ({ proc }) => {
      const { outputs } = await proc.run('set_thread_area', inout(descriptor(-1)));
      const [entry] = decodeWords(outputs[0]!);
      const back = await proc.run('get_thread_area', inout(encodeWords([entry!, 0, 0, 0])));
      expect(decodeWords(back.outputs[0]!)).toEqual([entry, 0x12345678, 0xfffff, 0x51]);
    });
    check('ESRCH: none is left; one that was cleared can be had again', async ({ proc }) => {
      const entries: number[] = [];
      for (let tries = 0; tries < 4; tries++) {
        const { value, outputs } = await proc.request(SYS_set_thread_area, [inout(descriptor(-1))]);
        if (value === 0) entries.push(decodeWords(outputs[0]!)[0]!);
      }
      expect(entries.length).toBeGreaterThan(0);
      await fails(proc, 'ESRCH', 'set_thread_area', inout(descriptor(-1)));
      await proc.run('set_thread_area', input(encodeWords([entries[0]!, 0, 0, 0x28])));
      const again = await proc.run('set_thread_area', inout(descriptor(-1)));
      expect(decodeWords(again.outputs[0]!)[0]).toBe(entries[0]);
    });
    check('each process has its own', async ({ proc }) => {
      const { outputs } = await proc.run('set_thread_area', inout(descriptor(-1, 0x1000)));
      const [entry] = decodeWords(outputs[0]!);
      const child = await proc.fork();
      await child.run('set_thread_area', input(descriptor(entry!, 0x2000)));
      const own = await proc.run('get_thread_area', inout(encodeWords([entry!, 0, 0, 0])));
      expect(decodeWords(own.outputs[0]!)[1]).toBe(0x1000);
    });
    check('EINVAL: code segments, 16-bit segments, entries of others', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'set_thread_area', input(encodeWords([-1, 1, 1, 0x55])));
      await fails(proc, 'EINVAL', 'set_thread_area', input(encodeWords([-1, 1, 1, 0x50])));
      await fails(proc, 'EINVAL', 'set_thread_area', input(descriptor(3)));
      await fails(proc, 'EINVAL', 'get_thread_area', input(descriptor(99)));
    });
    check('EFAULT: wild pointers', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'set_thread_area', wild);
        await fails(proc, 'EFAULT', 'get_thread_area', wild);
      }
    });
  });

  syscall('getrandom', () => {
    check('fills the whole buffer, not twice alike', async ({ proc }) => {
      const draw = async () => {
        const { value, outputs } = await proc.run('getrandom', output(64), 64, GRND_NONBLOCK);
        expect(value).toBe(64);
        return Buffer.from(outputs[0]!).toString('hex');
      };
      expect(await draw()).not.toBe(await draw());
      expect(await proc.call('getrandom', output(8), 0, 0)).toBe(0);
    });
    check('EINVAL: unknown flags, or two that exclude each other', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'getrandom', output(8), 8, 0x100);
      await fails(proc, 'EINVAL', 'getrandom', output(8), 8, GRND_RANDOM | GRND_INSECURE);
    });
    check('EFAULT', async ({ proc }) => {
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'getrandom', wild, 8, 0);
    });
  });

  syscall('reboot', () => {
    check('EPERM: who is not the superuser', async ({ proc }) => {
      await succeeds(proc, 'setuid32', 1000);
      await fails(proc, 'EPERM', 'reboot', LINUX_REBOOT_MAGIC1 | 0, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
    });
    if (target.own) {
      check('EFAULT: a command that is nowhere', async ({ proc }) => {
        const [one, two] = [LINUX_REBOOT_MAGIC1 | 0, LINUX_REBOOT_MAGIC2];
        for (const wild of wildPointers)
          await fails(proc, 'EFAULT', 'reboot', one, two, LINUX_REBOOT_CMD_RESTART2, wild);
      });
    }
    check('EINVAL: without the magic, or with no such command', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'reboot', 1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, 0);
      await fails(proc, 'EINVAL', 'reboot', LINUX_REBOOT_MAGIC1 | 0, 2, LINUX_REBOOT_CMD_CAD_OFF, 0);
      await fails(proc, 'EINVAL', 'reboot', LINUX_REBOOT_MAGIC1 | 0, LINUX_REBOOT_MAGIC2, 99, 0);
    });
  });

  syscall([], () => {
    check('ENOSYS: numbers that nobody has', async ({ proc }) => {
      for (const number of [500, 511, 512, 100_000, 0x7fffffff, -1, -1000]) {
        expect((await proc.request(number, [])).value, `call ${number}`).toBe(-38);
      }
    });
  });
});
