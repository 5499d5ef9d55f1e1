/*
 * Processes: their beginnings (fork, vfork, clone, execve), their ends, and waiting for them.
 */

import { expect } from 'vitest';
import { inout, input, output, strings, text, words } from '../../emulator/agent/arguments.ts';
import { decodeWaitStatus, decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../kernel/abi/fcntl.ts';
import {
  CLONE_CHILD_SETTID,
  CLONE_PARENT_SETTID,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VM,
} from '../../kernel/abi/sched.ts';
import {
  CLD_CONTINUED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
} from '../../kernel/abi/signal.ts';
import {
  P_ALL,
  P_PGID,
  P_PID,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../../kernel/abi/wait.ts';
import { fails, onEveryTarget, rejects, succeeds, wildPointers } from './support/suite.ts';

const SIGINFO_SIZE = 128;

/** waitid, and the words of the siginfo that matter: signal, code, pid, status. */
async function waitid(proc: Process, kind: number, id: number, options: number) {
  const { value, outputs } = await proc.run('waitid', kind, id, output(SIGINFO_SIZE), options, null);
  const [signal, , code, pid, , status] = decodeWords(outputs[0]!);
  return { value, signal, code, pid, status };
}

onEveryTarget(({ syscall, check }) => {
  syscall(['fork', 'vfork', 'clone'], () => {
    check('a child has an id of its own, and its parent', async ({ proc }) => {
      const child = await proc.fork();
      expect(await child.getpid()).toBe(child.pid);
      expect(child.pid).not.toBe(proc.pid);
      expect(await child.call('getppid')).toBe(proc.pid);
    });
    check('memory is a copy', async ({ proc }) => {
      const address = await proc.mmap({ length: 8192 });
      await proc.poke(address, encodeWords([1, 2]));
      const child = await proc.fork();
      await child.poke(address, encodeWords([7]));
      await proc.poke(address + 4, encodeWords([8]));
      expect(await proc.peekWords(address, 2)).toEqual([1, 8]);
      expect(await child.peekWords(address, 2)).toEqual([7, 2]);
    });
    check('descriptors are copied, their files shared', async ({ proc }) => {
      const fd = await proc.open('file', O_WRONLY | O_CREAT, 0o600);
      const child = await proc.fork();
      await child.write(fd, 'abc');
      expect(await proc.lseek(fd, 0, 1)).toBe(3);
      await child.close(fd);
      expect(await proc.write(fd, 'd')).toBe(1);
    });
    check('the working directory is a copy', async ({ proc, directory }) => {
      const child = await proc.fork();
      await child.chdir('/');
      expect(await proc.getcwd()).toBe(directory);
    });
    check('vfork: the parent sleeps until the child is gone', async ({ proc }) => {
      const { child, returned } = await proc.vfork();
      let isBack = false;
      void returned.then(() => (isBack = true));
      await child.getpid();
      expect(isBack).toBe(false);
      await child.exit(3);
      expect(await returned).toBe(child.pid);
      expect((await proc.wait()).status).toEqual({ kind: 'exited', code: 3 });
    });
    check('vfork: the parent goes on when the child executes a program', async ({ proc }) => {
      const { child, returned } = await proc.vfork();
      await child.exec('/bin/true', ['true']);
      expect(await returned).toBe(child.pid);
      expect((await proc.wait()).status).toEqual({ kind: 'exited', code: 0 });
    });
    check('clone sets the words that it is asked to set', async ({ proc }) => {
      // A clone that the agent does not know would answer calls twice: so it ends at once, in code of our own.
      const address = await proc.mmap({ length: 4096, prot: 7 });
      await proc.poke(address, cloneAndExit(address + 256, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD));
      const pid = await proc.invoke(address);
      expect(pid).toBeGreaterThan(0);
      const waited = await proc.wait(pid);
      expect(waited.status).toEqual({ kind: 'exited', code: 17 });
      expect((await proc.peekWords(address + 256, 2))[0]).toBe(pid);
    });
    check('clone: the end is told by the signal that it was given', async ({ proc }) => {
      await proc.sigaction(SIGUSR1, { handler: SIG_IGN });
      const address = await proc.mmap({ length: 4096, prot: 7 });
      await proc.poke(address, cloneAndExit(address + 256, SIGUSR1));
      const pid = await proc.invoke(address);
      const __WCLONE = 0x80000000 | 0;
      await fails(proc, 'ECHILD', 'wait4', pid, null, 0, null);
      expect((await proc.wait(pid, __WCLONE)).pid).toBe(pid);
    });
    check('EINVAL: threads without what they must share', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'clone', CLONE_SIGHAND, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'clone', CLONE_THREAD | CLONE_VM, 0, 0, 0, 0);
    });
  });

  syscall('execve', () => {
    check('runs another program with arguments and environment', async ({ proc }) => {
      const out = await proc.open('out', O_WRONLY | O_CREAT, 0o600);
      const child = await proc.fork();
      await child.dup2(out, 1);
      await child.exec('/bin/sh', ['sh', '-c', 'echo $0 $1 $NAME', 'zero', 'one'], ['NAME=value']);
      expect((await proc.wait(child.pid)).status).toEqual({ kind: 'exited', code: 0 });
      expect(await proc.readText(await proc.open('out', O_RDONLY))).toBe('zero one value\n');
    });
    check('a script runs its interpreter', async ({ proc }) => {
      const script = await proc.open('script', O_WRONLY | O_CREAT, 0o755);
      await proc.write(script, '#!/bin/sh\nexit $1\n');
      await proc.close(script);
      const child = await proc.fork();
      await child.exec('./script', ['script', '42']);
      expect((await proc.wait()).status).toEqual({ kind: 'exited', code: 42 });
    });
    check('errors of the path', async ({ proc }) => {
      const none = strings([]);
      const file = await proc.open('file', O_WRONLY | O_CREAT, 0o600);
      await proc.write(file, 'text');
      await fails(proc, 'ENOENT', 'execve', text('missing'), none, none);
      await fails(proc, 'ENOENT', 'execve', text(''), none, none);
      await fails(proc, 'ENOTDIR', 'execve', text('file/x'), none, none);
      await fails(proc, 'EACCES', 'execve', text('file'), none, none);
      await fails(proc, 'EACCES', 'execve', text('.'), none, none);
      await fails(proc, 'ENAMETOOLONG', 'execve', text('x'.repeat(300)), none, none);
      await proc.close(file);
    });
    check('ENOEXEC: neither a program nor a script', async ({ proc }) => {
      const file = await proc.open('file', O_WRONLY | O_CREAT, 0o700);
      await proc.write(file, 'text');
      await proc.close(file);
      await fails(proc, 'ENOEXEC', 'execve', text('file'), strings([]), strings([]));
    });
    check('EFAULT: wild pointers, also within the vectors', async ({ proc }) => {
      const path = text('/bin/true');
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'execve', wild, strings([]), strings([]));
        await fails(proc, 'EFAULT', 'execve', path, wild, strings([]));
        await fails(proc, 'EFAULT', 'execve', path, strings([]), wild);
        await fails(proc, 'EFAULT', 'execve', path, words(wild, 0), strings([]));
      }
    });
    check('E2BIG: a string of more than 128 KiB', async ({ proc }) => {
      const length = 200_000;
      const address = await proc.mmap({ length });
      await proc.poke(address, new Uint8Array(140_000).fill(120));
      await fails(proc, 'E2BIG', 'execve', text('/bin/true'), words(address, 0), strings([]));
    });
  });

  syscall(['exit', 'exit_group', 'wait4', 'waitpid'], () => {
    check('the low eight bits of the code', async ({ proc }) => {
      for (const [code, seen] of [
        [0, 0],
        [255, 255],
        [256, 0],
        [-1, 255],
      ] as const) {
        const child = await proc.fork();
        await child.exit(code);
        expect(await proc.wait(child.pid)).toEqual({ pid: child.pid, status: { kind: 'exited', code: seen } });
      }
    });
    check('exit ends a process with one thread', async ({ proc }) => {
      const child = await proc.fork();
      await child.request(1, [9]).catch(() => undefined);
      const { value, outputs } = await proc.run('waitpid', child.pid, output(4), 0);
      expect(value).toBe(child.pid);
      expect(decodeWaitStatus(decodeWords(outputs[0]!)[0]!)).toEqual({ kind: 'exited', code: 9 });
    });
    check('a signal is told', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGKILL);
      expect((await proc.wait()).status).toEqual({ kind: 'killed', signal: SIGKILL, core: false });
    });
    check('WNOHANG: nothing yet', async ({ proc }) => {
      const child = await proc.fork();
      expect((await proc.wait(child.pid, WNOHANG)).pid).toBe(0);
    });
    check('waits while the child lives', async ({ proc }) => {
      const child = await proc.fork();
      const waited = proc.wait();
      await child.getpid();
      await child.exit(1);
      expect(await waited).toEqual({ pid: child.pid, status: { kind: 'exited', code: 1 } });
    });
    check('WUNTRACED and WCONTINUED: each change is told once', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGSTOP);
      expect((await proc.wait(child.pid, WUNTRACED)).status).toEqual({ kind: 'stopped', signal: SIGSTOP });
      expect((await proc.wait(child.pid, WUNTRACED | WNOHANG)).pid).toBe(0);
      await child.kill(SIGCONT);
      expect((await proc.wait(child.pid, WCONTINUED)).status).toEqual({ kind: 'continued' });
      expect((await proc.wait(child.pid, WCONTINUED | WNOHANG)).pid).toBe(0);
    });
    check('by group', async ({ proc }) => {
      const child = await proc.fork();
      const other = await proc.fork();
      await succeeds(child, 'setpgid', 0, 0);
      await child.exit(5);
      await other.exit(6);
      expect((await proc.wait(-child.pid)).pid).toBe(child.pid);
      expect((await proc.wait(0)).pid).toBe(other.pid);
    });
    check('a grandchild goes to process 1, not to us', async ({ proc }) => {
      const child = await proc.fork();
      const grandchild = await child.fork();
      await child.exit(0);
      await proc.wait(child.pid);
      await fails(proc, 'ECHILD', 'wait4', grandchild.pid, null, 0, null);
      expect(await grandchild.call('getppid')).not.toBe(child.pid);
    });
    check('whoever ignores SIGCHLD gets no zombies', async ({ proc }) => {
      await proc.sigaction(SIGCHLD, { handler: SIG_IGN });
      const child = await proc.fork();
      const waited = rejects('ECHILD', proc.wait());
      await child.exit(0);
      await waited;
    });
    check('the usage of the child', async ({ proc }) => {
      const child = await proc.fork();
      await child.exit(0);
      const { outputs } = await proc.run('wait4', -1, null, 0, output(72));
      const usage = decodeWords(outputs[0]!);
      expect(usage).toHaveLength(18);
      expect(usage[8]).toBeGreaterThan(0); // minor faults
    });
    check('ECHILD: no child, or not ours', async ({ proc }) => {
      await fails(proc, 'ECHILD', 'wait4', -1, null, 0, null);
      await fails(proc, 'ECHILD', 'wait4', 1, null, 0, null);
      await fails(proc, 'ECHILD', 'waitpid', 0x7fffffff, null, 0);
    });
    check('EINVAL: unknown options', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'wait4', -1, null, 0x100, null);
    });
    check('EFAULT: a wild status or usage', async ({ proc }) => {
      for (const wild of wildPointers) {
        await (await proc.fork()).exit(0);
        await fails(proc, 'EFAULT', 'wait4', -1, wild, 0, null);
        await (await proc.fork()).exit(0);
        await fails(proc, 'EFAULT', 'wait4', -1, null, 0, wild);
      }
    });
  });

  syscall('waitid', () => {
    check('tells all that happens to a child', async ({ proc }) => {
      const child = await proc.fork();
      const about = { value: 0, signal: SIGCHLD, pid: child.pid };
      await child.kill(SIGSTOP);
      expect(await waitid(proc, P_PID, child.pid, WSTOPPED)).toEqual({ ...about, code: CLD_STOPPED, status: SIGSTOP });
      await child.kill(SIGCONT);
      expect(await waitid(proc, P_ALL, 0, WCONTINUED)).toEqual({ ...about, code: CLD_CONTINUED, status: SIGCONT });
      await child.exit(7);
      expect(await waitid(proc, P_PID, child.pid, WEXITED)).toEqual({ ...about, code: CLD_EXITED, status: 7 });
    });
    check('WNOWAIT leaves the zombie', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGTERM);
      const told = { value: 0, signal: SIGCHLD, pid: child.pid, code: CLD_KILLED, status: SIGTERM };
      expect(await waitid(proc, P_ALL, 0, WEXITED | WNOWAIT)).toEqual(told);
      expect(await waitid(proc, P_ALL, 0, WEXITED)).toEqual(told);
      await fails(proc, 'ECHILD', 'waitid', P_ALL, 0, output(SIGINFO_SIZE), WEXITED, null);
    });
    check('WNOHANG: zeroes while there is nothing', async ({ proc }) => {
      const child = await proc.fork();
      expect(await waitid(proc, P_PID, child.pid, WEXITED | WNOHANG)).toMatchObject({ value: 0, signal: 0, pid: 0 });
    });
    check('by group', async ({ proc }) => {
      const child = await proc.fork();
      await succeeds(child, 'setpgid', 0, 0);
      await child.exit(1);
      expect((await waitid(proc, P_PGID, child.pid, WEXITED)).pid).toBe(child.pid);
    });
    check('EINVAL: no such kind, no such option, nothing to wait for', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'waitid', 99, 0, null, WEXITED, null);
      await fails(proc, 'EINVAL', 'waitid', P_ALL, 0, null, WEXITED | 0x100, null);
      await fails(proc, 'EINVAL', 'waitid', P_ALL, 0, null, WNOHANG, null);
      await fails(proc, 'EINVAL', 'waitid', P_PID, 0, null, WEXITED, null);
    });
    check('ECHILD: nobody fits', ({ proc }) => fails(proc, 'ECHILD', 'waitid', P_ALL, 0, null, WEXITED, null));
    check('EFAULT: a wild result', async ({ proc }) => {
      await (await proc.fork()).exit(0);
      await fails(proc, 'EFAULT', 'waitid', P_ALL, 0, wildPointers[1], WEXITED, null);
    });
  });

  syscall(['getpid', 'gettid', 'getppid', 'set_tid_address'], () => {
    check('the one thread has the id of the process', async ({ proc }) => {
      expect(await proc.getpid()).toBe(proc.pid);
      expect(await proc.call('gettid')).toBe(proc.pid);
      expect(await proc.call('set_tid_address', 0)).toBe(proc.pid);
    });
    check('an orphan is adopted', async ({ proc }) => {
      const child = await proc.fork();
      const grandchild = await child.fork();
      expect(await grandchild.call('getppid')).toBe(child.pid);
      await child.exit(0);
      await proc.wait();
      expect(await grandchild.call('getppid')).not.toBe(child.pid);
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
    check('three entries, then ESRCH; a cleared one can be had again', async ({ proc }) => {
      const entries: number[] = [];
      for (let n = 0; n < 3; n++) {
        const result = await proc.request(243, [inout(descriptor(-1))]);
        if (result.value < 0) break;
        entries.push(decodeWords(result.outputs[0]!)[0]!);
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
});

/** Machine code: clone(flags, 0, words, 0, words + 4); the child ends with the code 17, the parent returns its pid. */
function cloneAndExit(area: number, flags: number): Uint8Array {
  const word = (value: number): number[] => [...encodeWords([value])];
  return Uint8Array.from([
    ...[0x53, 0x56, 0x57], // push ebx, esi, edi
    ...[0xb8, ...word(120)], // mov eax, SYS_clone
    ...[0xbb, ...word(flags)], // mov ebx, flags
    ...[0x31, 0xc9], // xor ecx, ecx
    ...[0xba, ...word(area)], // mov edx, area
    ...[0x31, 0xf6], // xor esi, esi
    ...[0xbf, ...word(area + 4)], // mov edi, area + 4
    ...[0xcd, 0x80], // int 0x80
    ...[0x85, 0xc0, 0x75, 0x0c], // test eax, eax; jnz parent
    ...[0xb8, ...word(1)], // mov eax, SYS_exit
    ...[0xbb, ...word(17)], // mov ebx, 17
    ...[0xcd, 0x80], // int 0x80
    ...[0x5f, 0x5e, 0x5b, 0xc3], // pop edi, esi, ebx; ret
  ]);
}
