/*
 * Threads: clone in all its forms, what threads have in common, and what each has for itself.
 */

import { expect } from 'vitest';
import { inout, output, words } from '../../emulator/agent/arguments.ts';
import { decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import { ProcessGone } from '../../emulator/agent/failures.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { O_RDONLY } from '../../kernel/abi/fcntl.ts';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_FS,
  CLONE_IO,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_UNTRACED,
  CLONE_VM,
} from '../../kernel/abi/sched.ts';
import { SIGCHLD, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1 } from '../../kernel/abi/signal.ts';
import { __WALL, __WCLONE, WUNTRACED } from '../../kernel/abi/wait.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';
import { startThread } from './support/threads.ts';

/** Clones a child that exits at once, waits for it, and gives its pid. */
async function cloneAndWait(proc: Process, flags: number): Promise<number> {
  const pid = await succeeds(proc, 'clone', flags, 0, 0, 0, 0);
  expect((await proc.wait(pid, __WALL)).pid).toBe(pid);
  return pid;
}

interface Clone3 {
  readonly flags?: number;
  readonly high?: number;
  readonly exitSignal?: number;
  readonly stack?: number;
  readonly stackSize?: number;
  readonly setTid?: number;
}

/** The record of clone3: 22 words. */
function clone3Words(fields: Clone3, size = 22): number[] {
  const record = new Array<number>(size).fill(0);
  record[0] = fields.flags ?? 0;
  record[1] = fields.high ?? 0;
  record[8] = fields.exitSignal ?? 0;
  record[10] = fields.stack ?? 0;
  record[12] = fields.stackSize ?? 0;
  record[18] = fields.setTid ?? 0;
  return record;
}

async function tasksOf(proc: Process): Promise<string[]> {
  const fd = await proc.open('/proc/self/task', O_RDONLY);
  const entries = await proc.getdents(fd);
  await proc.close(fd);
  return entries.map(({ name }) => name).filter((name) => !name.startsWith('.'));
}

onEveryTarget(({ syscall, check }) => {
  syscall('clone', () => {
    check('CLONE_THREAD makes a thread: same process, its own tid', async ({ proc }) => {
      const thread = await startThread(proc, [['getpid'], ['gettid'], ['getppid']]);
      const [pid, tid, parent] = await thread.results();
      expect(pid).toBe(proc.pid);
      expect(tid).toBe(thread.tid);
      expect(tid).not.toBe(proc.pid);
      expect(parent).toBe(await proc.call('getppid'));
    });
    check('threads cannot be waited for', async ({ proc }) => {
      const thread = await startThread(proc, []);
      await thread.results();
      await fails(proc, 'ECHILD', 'wait4', thread.tid, 0, __WALL, 0);
      await fails(proc, 'ECHILD', 'wait4', -1, 0, __WALL, 0);
    });
    check('CLONE_SETTLS gives the thread a segment of its own', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096 });
      const area = encodeWords([-1, 0x1000, 0xfffff, 0x51]);
      const entry = decodeWords((await proc.run('set_thread_area', inout(area))).outputs[0]!)[0]!; // systems differ in it
      await proc.poke(memory, encodeWords([entry, 0x12345000, 0xfffff, 0x51]));
      await proc.poke(memory + 16, encodeWords([entry, 0, 0, 0]));
      const thread = await startThread(proc, [['get_thread_area', memory + 16]], memory, CLONE_SETTLS);
      expect(await thread.results()).toEqual([0]);
      expect(decodeWords(await proc.peek(memory + 20, 4))).toEqual([0x12345000]);
    });
    check('EFAULT, EINVAL: a bad thread area', async ({ proc }) => {
      for (const pointer of wildPointers)
        await fails(proc, 'EFAULT', 'clone', CLONE_SETTLS | SIGCHLD, 0, 0, pointer, 0);
      const area = words(3, 0, 0xfffff, 0x51);
      await fails(proc, 'EINVAL', 'clone', CLONE_SETTLS | SIGCHLD, 0, 0, area, 0);
    });
    check('EINVAL: flags that contradict each other', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clone', CLONE_THREAD, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'clone', CLONE_THREAD | CLONE_VM, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'clone', CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'clone', CLONE_SIGHAND, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'clone', CLONE_NEWNS | CLONE_FS, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'clone', CLONE_NEWUSER | CLONE_FS, 0, 0, 0, 0);
      const thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
      await fails(proc, 'EINVAL', 'clone', thread | CLONE_NEWPID, 0, 0, 0, 0);
    });
    check('EPERM: namespaces are for the superuser', async ({ proc }) => {
      await proc.call('setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'clone', CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0);
      await fails(proc, 'EPERM', 'clone', CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0);
    });
    check.each<[string, number]>([
      ['CLONE_DETACHED', CLONE_DETACHED],
      ['CLONE_UNTRACED', CLONE_UNTRACED],
      ['CLONE_SYSVSEM', CLONE_SYSVSEM],
      ['CLONE_IO', CLONE_IO],
      ['CLONE_FILES', CLONE_FILES],
      ['CLONE_FS', CLONE_FS],
      ['CLONE_VM | CLONE_SIGHAND', CLONE_VM | CLONE_SIGHAND],
    ])('%s is accepted', ({ proc }, [, flags]) => cloneAndWait(proc, flags | SIGCHLD));
    check('CLONE_CHILD_SETTID stores the pid in the child, CLONE_PARENT_SETTID in the parent', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096, flags: 0x21 });
      const flags = CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | SIGCHLD;
      const pid = await succeeds(proc, 'clone', flags, 0, memory, 0, memory + 4);
      await proc.wait(pid);
      expect(decodeWords(await proc.peek(memory, 8))).toEqual([pid, pid]);
    });
    check('CLONE_CHILD_CLEARTID clears it at the end, if the memory is shared', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096 });
      await proc.poke(memory, encodeWords([1]));
      const flags = CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD;
      await proc.wait(await succeeds(proc, 'clone', flags, 0, 0, 0, memory));
      expect(decodeWords(await proc.peek(memory, 4))).toEqual([0]);
    });
    check('a signal that is none: no announcement, and __WCLONE waits', async ({ proc }) => {
      for (const signal of [0, 65, 255]) {
        const pid = await succeeds(proc, 'clone', signal, 0, 0, 0, 0);
        await fails(proc, 'ECHILD', 'wait4', pid, 0, 0, 0);
        expect((await proc.wait(pid, __WCLONE)).pid).toBe(pid);
      }
    });
    check('CLONE_PARENT makes a sibling', async ({ proc }) => {
      const child = await proc.fork();
      const pid = await succeeds(child, 'clone', CLONE_PARENT, 0, 0, 0, 0);
      await fails(child, 'ECHILD', 'wait4', pid, 0, __WALL, 0);
      expect((await proc.wait(pid)).pid).toBe(pid); // it announces itself as its sibling does
    });
    check('at its end a thread takes the process along only if it is the last', async ({ proc }) => {
      const child = await proc.fork();
      // The process may be gone before it has said that the thread has begun.
      const begun = startThread(child, [['exit_group', 9]]).catch(() => undefined);
      expect((await proc.wait(child.pid)).status).toEqual({ kind: 'exited', code: 9 });
      await begun;
    });
    check('a fatal signal to one thread ends all', async ({ proc }) => {
      const child = await proc.fork();
      const thread = await startThread(child, [['pause']]);
      await succeeds(proc, 'tkill', thread.tid, SIGTERM);
      expect((await proc.wait(child.pid)).status).toMatchObject({ kind: 'killed', signal: SIGTERM });
    });
    check('SIGSTOP stops all', async ({ proc }) => {
      const child = await proc.fork();
      const thread = await startThread(child, [['pause']]);
      await succeeds(proc, 'tgkill', child.pid, thread.tid, SIGSTOP);
      expect((await proc.wait(child.pid, WUNTRACED)).status).toMatchObject({ kind: 'stopped', signal: SIGSTOP });
      await succeeds(proc, 'kill', child.pid, SIGKILL);
      await proc.wait(child.pid);
    });
    check('threads are listed in /proc/PID/task', async ({ proc }) => {
      const thread = await startThread(proc, [['pause']]);
      expect((await tasksOf(proc)).map(Number).sort((a, b) => a - b)).toEqual([proc.pid, thread.tid]);
    });
  });

  syscall(['kill', 'tgkill', 'getpgid', 'getsid', 'setpgid'], () => {
    check('a tid names the process of the thread', async ({ proc }) => {
      const { tid } = await startThread(proc, [['pause']]);
      await succeeds(proc, 'kill', tid, 0);
      expect(await proc.call('getpgid', tid)).toBe(await proc.call('getpgid', 0));
      expect(await proc.call('getsid', tid)).toBe(await proc.call('getsid', 0));
      await fails(proc, 'EINVAL', 'setpgid', tid, 0);
      await fails(proc, 'ESRCH', 'tgkill', tid, tid, 0);
      await fails(proc, 'ESRCH', 'tgkill', 1, tid, 0);
    });
  });

  syscall(['getpriority', 'setpriority'], () => {
    check('concern one thread', async ({ proc }) => {
      const thread = await startThread(proc, [
        ['setpriority', 0, 0, 5],
        ['getpriority', 0, 0],
      ]);
      expect(await thread.results()).toEqual([0, 15]);
      expect(await proc.call('getpriority', 0, 0)).toBe(20);
    });
  });

  syscall('rt_sigprocmask', () => {
    check('each thread has a mask of its own, and inherits one', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096 });
      await proc.poke(memory, encodeWords([1 << (SIGUSR1 - 1), 0]));
      const thread = await startThread(proc, [
        ['rt_sigprocmask', 0, memory, 0, 8],
        ['rt_sigprocmask', 0, 0, memory + 8, 8],
      ]);
      expect(await thread.results()).toEqual([0, 0]);
      expect(decodeWords(await proc.peek(memory + 8, 8))).toEqual([1 << (SIGUSR1 - 1), 0]);
      const { outputs } = await proc.run('rt_sigprocmask', 0, 0, output(8), 8);
      expect(decodeWords(outputs[0]!)).toEqual([0, 0]);
    });
  });

  syscall('clone3', () => {
    check('with SIGCHLD is fork', async ({ proc }) => {
      const pid = await succeeds(proc, 'clone3', words(...clone3Words({ exitSignal: SIGCHLD })), 88);
      expect(await proc.wait(pid)).toEqual({ pid, status: { kind: 'exited', code: 0 } });
    });
    check('knows its first version, and later ones whose fields are zero', async ({ proc }) => {
      const record = clone3Words({ exitSignal: SIGCHLD }, 30);
      for (const size of [64, 80, 88, 120]) {
        await proc.wait(await succeeds(proc, 'clone3', words(...record), size));
      }
    });
    check('E2BIG: a later version that says something; larger than a page', async ({ proc }) => {
      const record = clone3Words({ exitSignal: SIGCHLD }, 30);
      record[25] = 1;
      await fails(proc, 'E2BIG', 'clone3', words(...record), 120);
      await fails(proc, 'E2BIG', 'clone3', words(...record), 4097);
    });
    check('EINVAL: too small', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clone3', words(...clone3Words({ exitSignal: SIGCHLD })), 63);
      await fails(proc, 'EINVAL', 'clone3', 0, 0);
    });
    check('EFAULT: a wild pointer', async ({ proc }) => {
      for (const pointer of wildPointers) await fails(proc, 'EFAULT', 'clone3', pointer, 88);
    });
    check.each<[string, Clone3]>([
      ['a signal among the flags', { flags: SIGCHLD }],
      ['CLONE_DETACHED', { flags: CLONE_DETACHED, exitSignal: SIGCHLD }],
      ['an unknown flag', { high: 0x80000000, exitSignal: SIGCHLD }],
      ['no such signal', { exitSignal: 65 }],
      ['a thread with a signal', { flags: CLONE_THREAD | CLONE_VM | CLONE_SIGHAND, exitSignal: SIGCHLD }],
      ['a sibling with a signal', { flags: CLONE_PARENT, exitSignal: SIGCHLD }],
      ['a thread without shared handlers', { flags: CLONE_THREAD }],
      ['a stack without a size', { stack: 0x10000, exitSignal: SIGCHLD }],
      ['a size without a stack', { stackSize: 4096, exitSignal: SIGCHLD }],
      ['handlers shared and reset', { flags: CLONE_SIGHAND | CLONE_VM, high: 1, exitSignal: SIGCHLD }],
      ['a pid without a number', { setTid: 0x10000, exitSignal: SIGCHLD }],
    ])('EINVAL: %s', ({ proc }, [, fields]) => fails(proc, 'EINVAL', 'clone3', words(...clone3Words(fields)), 88));
    check('the stack is given by its lower end', async ({ proc }) => {
      const stack = await proc.mmap({ length: 8192 });
      const flags = CLONE_VM | CLONE_SIGHAND;
      const record = words(...clone3Words({ flags, exitSignal: SIGCHLD, stack, stackSize: 8192 }));
      await proc.wait(await succeeds(proc, 'clone3', record, 88));
    });
  });

  syscall(['set_robust_list', 'get_robust_list'], () => {
    check('the list of a thread is remembered', async ({ proc }) => {
      await succeeds(proc, 'set_robust_list', 0x12340, 12);
      const { outputs } = await proc.run('get_robust_list', 0, output(4), output(4));
      expect(outputs.map((bytes) => decodeWords(bytes)[0])).toEqual([0x12340, 12]);
      const child = await proc.fork();
      const fresh = await child.run('get_robust_list', 0, output(4), output(4));
      expect(decodeWords(fresh.outputs[0]!)).toEqual([0]);
    });
    check('EINVAL: another size; ESRCH: no such thread; EFAULT: a wild pointer', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'set_robust_list', 0x12340, 24);
      await fails(proc, 'ESRCH', 'get_robust_list', 99999, output(4), output(4));
      for (const pointer of wildPointers) {
        await fails(proc, 'EFAULT', 'get_robust_list', 0, pointer, output(4));
        await fails(proc, 'EFAULT', 'get_robust_list', 0, output(4), pointer);
      }
    });
    check('EPERM: of a stranger', async ({ proc, spawn }) => {
      const other = await spawn();
      await proc.call('setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'get_robust_list', other.pid, output(4), output(4));
    });
    check('a lock that its owner holds at the end is marked, and a waiter woken', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096 });
      const [head, node, lock] = [memory, memory + 64, memory + 72];
      await proc.poke(head, encodeWords([node, 8, 0]));
      await proc.poke(node, encodeWords([head]));
      const thread = await startThread(proc, [
        ['set_robust_list', head, 12],
        ['futex', memory + 256, 0, 0], // until the test has put the thread's number in the lock
      ]);
      const owned = thread.tid | 0x80000000;
      await proc.poke(lock, encodeWords([owned]));
      const waiter = await startThread(proc, [['futex', lock, 0, owned]]);
      while ((await proc.call('futex', memory + 256, 1, 1)) === 0) continue; // the word stays 0: it waits, sooner or later
      await thread.results();
      expect(decodeWords(await proc.peek(lock, 4))).toEqual([0xc0000000]);
      const [woken] = await waiter.results();
      expect([0, -11]).toContain(woken); // EAGAIN if it came too late to wait
    });
    check('a list in a ring, or nowhere, does no harm', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096 });
      await proc.poke(memory, encodeWords([memory + 64, 0, 0x10]));
      await proc.poke(memory + 64, encodeWords([memory + 64]));
      const ring = await startThread(proc, [['set_robust_list', memory, 12]]);
      expect(await ring.results()).toEqual([0]);
      const nowhere = await startThread(proc, [['set_robust_list', 0xc0100000, 12]]);
      expect(await nowhere.results()).toEqual([0]);
    });
  });

  syscall('set_tid_address', () => {
    check('returns the tid, and the word is cleared at the end', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096 });
      await proc.poke(memory, encodeWords([5]));
      // The thread's own word is replaced: nobody tells the end of it, so the test looks for it to leave the list.
      const thread = await startThread(proc, [['set_tid_address', memory]]);
      while (decodeWords(await proc.peek(memory, 4))[0] !== 0) continue;
      expect((await tasksOf(proc)).map(Number)).toContain(proc.pid);
      expect(thread.tid).not.toBe(proc.pid);
    });
  });

  syscall('unshare', () => {
    check('parts the descriptors of threads', async ({ proc }) => {
      const fd = await proc.open('/dev/null', O_RDONLY);
      const thread = await startThread(proc, [
        ['unshare', CLONE_FILES | CLONE_FS | CLONE_SYSVSEM],
        ['close', fd],
        ['close', fd],
      ]);
      expect(await thread.results()).toEqual([0, 0, -9]);
      await succeeds(proc, 'close', fd); // it still had it
    });
    check('parts the current directories', async ({ proc, directory }) => {
      const memory = await proc.mmap({ length: 4096 });
      await proc.poke(memory, new TextEncoder().encode('/\0'));
      const thread = await startThread(proc, [
        ['unshare', CLONE_FS],
        ['chdir', memory],
      ]);
      expect(await thread.results()).toEqual([0, 0]);
      expect(await proc.getcwd()).toBe(directory);
    });
    check('EINVAL: unknown flags, and what cannot be parted while it is shared', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'unshare', 1);
      await succeeds(proc, 'unshare', CLONE_VM | CLONE_SIGHAND | CLONE_THREAD);
      const thread = await startThread(proc, [
        ['unshare', CLONE_VM],
        ['unshare', CLONE_SIGHAND],
        ['unshare', CLONE_THREAD],
      ]);
      expect(await thread.results()).toEqual([-22, -22, -22]);
    });
  });

  syscall('execve', () => {
    check('a thread that executes a program takes the place of all', async ({ proc }) => {
      const child = await proc.fork();
      await startThread(child, [['pause']]);
      const memory = await child.mmap({ length: 4096 });
      await child.poke(memory, new TextEncoder().encode('/bin/false\0'));
      await child.poke(memory + 64, encodeWords([memory, 0]));
      const started = startThread(child, [['execve', memory, memory + 64, memory + 68]]);
      // On another CPU, the thread may execute the program before the worker has told that there is a thread.
      await started.catch((reason: unknown) => expect(reason).toBeInstanceOf(ProcessGone));
      expect(await proc.wait(child.pid)).toEqual({ pid: child.pid, status: { kind: 'exited', code: 1 } });
    });
  });
});
