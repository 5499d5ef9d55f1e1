/*
 * Processes: making them, executing programs in them, ending them, waiting for them.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { input, output, strings, text } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeWaitStatus, decodeWords } from '../../emulator/agent/records.ts';
import { F_GETFD, F_SETFD, FD_CLOEXEC, O_CREAT, O_RDONLY, O_RDWR, O_WRONLY } from '../../kernel/abi/fcntl.ts';
import { CLONE_PARENT_SETTID, CLONE_SIGHAND, CLONE_VFORK, CLONE_VM } from '../../kernel/abi/sched.ts';
import {
  CLD_EXITED,
  CLD_KILLED,
  SIG_DFL,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
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
import { fails, interrupted, onEveryTarget, rejects, succeeds, wildPointers } from './support/suite.ts';

/** Writes an executable file. */
async function install(proc: Process, name: string, contents: Uint8Array, mode = 0o755): Promise<void> {
  const fd = await proc.open(name, O_WRONLY | O_CREAT, mode);
  for (let at = 0; at < contents.length; at += 4000) await proc.write(fd, contents.subarray(at, at + 4000));
  await proc.close(fd);
}

/** Executes a program in a child, and gives what it wrote to its standard output, and how it ended. */
async function outputOf(proc: Process, path: string, argv: readonly string[], envp: readonly string[] = []) {
  const [readEnd, writeEnd] = await proc.pipe();
  const child = await proc.fork();
  await child.dup2(writeEnd, 1);
  await child.close(readEnd);
  await child.close(writeEnd);
  await proc.close(writeEnd);
  await child.exec(path, argv, envp);
  const written = await proc.readAll(readEnd);
  await proc.close(readEnd);
  return { written, ...(await proc.wait(child.pid)) };
}

function siginfo(blob: Uint8Array | undefined) {
  const [signo, , code, pid, , status] = decodeWords(blob!);
  return { signo, code, pid, status };
}

onEveryTarget(({ target, syscall, check }) => {
  syscall(['fork', 'getpid', 'getppid', 'gettid'], () => {
    check('parent and child know each other', async ({ proc }) => {
      const child = await proc.fork();
      expect(await child.getpid()).toBe(child.pid);
      expect(await child.call('gettid')).toBe(child.pid);
      expect(await child.call('getppid')).toBe(proc.pid);
      expect(child.pid).not.toBe(proc.pid);
    });
    check('memory is copied', async ({ proc }) => {
      const address = await proc.mmap({ length: 4096 });
      await proc.poke(address, new Uint8Array([1]));
      const child = await proc.fork();
      await proc.poke(address, new Uint8Array([2]));
      expect(await child.peek(address, 1)).toEqual(new Uint8Array([1]));
      await child.poke(address, new Uint8Array([3]));
      expect(await proc.peek(address, 1)).toEqual(new Uint8Array([2]));
    });
    check('descriptions are shared, descriptors are not', async ({ proc }) => {
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      const child = await proc.fork();
      await child.write(fd, 'abc');
      expect(await proc.lseek(fd, 0, 1)).toBe(3);
      await child.close(fd);
      await proc.fstat(fd);
    });
    check('an orphan gets another parent', async ({ proc }) => {
      const child = await proc.fork();
      const grandchild = await child.fork();
      await child.exit(0);
      await proc.wait(child.pid);
      expect(await grandchild.call('getppid')).not.toBe(child.pid);
      await grandchild.exit(0);
    });
  });

  syscall('vfork', () => {
    check('the parent waits until the child exits; memory is shared', async ({ proc }) => {
      const address = await proc.mmap({ length: 4096 });
      const { child, returned } = await proc.vfork();
      await child.poke(address, new Uint8Array([42]));
      await child.exit(5);
      expect(await returned).toBe(child.pid);
      expect(await proc.peek(address, 1)).toEqual(new Uint8Array([42]));
      expect((await proc.wait()).status).toEqual({ kind: 'exited', code: 5 });
    });
    check('or executes a program', async ({ proc }) => {
      const { child, returned } = await proc.vfork();
      await child.exec('/bin/false', ['false']);
      await returned;
      expect((await proc.wait()).status).toEqual({ kind: 'exited', code: 1 });
    });
  });

  syscall('clone', () => {
    check('with SIGCHLD is fork', async ({ proc }) => {
      const pid = await succeeds(proc, 'clone', SIGCHLD, 0, 0, 0, 0);
      expect(await proc.wait(pid)).toEqual({ pid, status: { kind: 'exited', code: 0 } });
    });
    check('CLONE_VM | CLONE_VFORK is vfork', async ({ proc }) => {
      const pid = await succeeds(proc, 'clone', CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
      expect((await proc.wait(pid)).status).toEqual({ kind: 'exited', code: 0 });
    });
    check('CLONE_PARENT_SETTID stores the pid', async ({ proc }) => {
      const { value, outputs } = await proc.run('clone', CLONE_PARENT_SETTID | SIGCHLD, 0, output(4), 0, 0);
      expect(decodeWords(outputs[0]!)).toEqual([value]);
      await proc.wait(value);
    });
    check('EINVAL: shared handlers need shared memory', ({ proc }) =>
      fails(proc, 'EINVAL', 'clone', CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0),
    );
  });

  syscall('execve', () => {
    check('passes arguments and environment', async ({ proc }) => {
      const { written, status } = await outputOf(proc, '/bin/echo', ['echo', 'a b', '', 'c']);
      expect(written).toBe('a b  c\n');
      expect(status).toEqual({ kind: 'exited', code: 0 });
      const environment = await outputOf(proc, '/bin/env', ['env'], ['ONE=1', 'TWO=2 2']);
      expect(environment.written.split('\n')).toEqual(expect.arrayContaining(['ONE=1', 'TWO=2 2']));
    });
    check('closes what is to be closed, keeps the rest', async ({ proc, spawn }) => {
      const kept = await proc.open('/dev/null', O_RDONLY);
      const closed = await proc.open('/dev/null', O_RDONLY);
      await proc.fcntl(closed, F_SETFD, FD_CLOEXEC);
      expect(await proc.fcntl(kept, F_GETFD)).toBe(0);
      const script = `/bin/cat <&${kept} && ! /bin/cat <&${closed}`;
      await proc.exec('/bin/sh', ['sh', '-c', script]);
      expect(await proc.exited).toEqual({ kind: 'exited', code: 0 });
      await spawn();
    });
    check('runs a script by its interpreter', async ({ proc, directory }) => {
      const shell = '#!/bin/echo -n  one\nwhatever';
      await install(proc, 'script', new TextEncoder().encode(shell));
      const { written } = await outputOf(proc, `${directory}/script`, ['ignored', 'x y']);
      expect(written.trimEnd()).toBe(`-n  one ${directory}/script x y`);
    });
    check('a caught signal is default again, an ignored one stays ignored', async ({ proc }) => {
      const { signalHandler, restorer } = proc.agent;
      const child = await proc.fork();
      await child.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x04000000, restorer });
      await child.sigaction(SIGUSR2, { handler: SIG_IGN });
      await child.exec('/bin/sh', ['sh', '-c', 'kill -USR2 $$ && kill -USR1 $$'], ['PATH=/bin']);
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGUSR1 });
    });
    check('ENOENT, ENOTDIR, EACCES, EISDIR-like', async ({ proc }) => {
      const argv = strings(['x']);
      await install(proc, 'plain', new TextEncoder().encode('no program'), 0o644);
      await fails(proc, 'ENOENT', 'execve', text('nothing'), argv, strings([]));
      await fails(proc, 'ENOTDIR', 'execve', text('plain/x'), argv, strings([]));
      await fails(proc, 'EACCES', 'execve', text('plain'), argv, strings([]));
      await fails(proc, 'EACCES', 'execve', text('.'), argv, strings([]));
      await fails(proc, 'EACCES', 'execve', text('/dev/null'), argv, strings([]));
    });
    check('ENOENT: a script whose interpreter is not there', async ({ proc }) => {
      await install(proc, 'script', new TextEncoder().encode('#!/no/such/interpreter\n'));
      await fails(proc, 'ENOENT', 'execve', text('script'), strings(['x']), strings([]));
    });
    check('ENOEXEC: no program, or a damaged one', async ({ proc }) => {
      const program = readFileSync(join(inject('imageFolder'), 'bin', 'true'));
      await install(proc, 'text', new TextEncoder().encode('not a program at all, just some text'));
      await install(proc, 'empty', new Uint8Array(0));
      await install(proc, 'short', program.subarray(0, 30));
      const wrongMachine = Uint8Array.from(program);
      wrongMachine[18] = 0x28; // ARM
      await install(proc, 'foreign', wrongMachine);
      const noHeaders = Uint8Array.from(program);
      noHeaders[42] = 1; // e_phentsize
      await install(proc, 'broken', noHeaders);
      for (const name of ['text', 'empty', 'short', 'foreign', 'broken']) {
        await fails(proc, 'ENOEXEC', 'execve', text(name), strings(['x']), strings([]));
      }
    });
    check('E2BIG: more arguments than there is room for', async ({ proc }) => {
      // An argument of 128 KiB and more is too long by itself.
      const address = await proc.mmap({ length: 0x30000 });
      await proc.poke(address, new Uint8Array(4096).fill(0x61));
      const [readEnd, writeEnd] = await proc.pipe();
      for (let at = 4096; at < 0x2a000; at += 4096) {
        await succeeds(proc, 'write', writeEnd, address, 4096);
        await succeeds(proc, 'read', readEnd, address + at, 4096);
      }
      const argv = await proc.mmap({ length: 4096 });
      await proc.poke(argv, new Uint8Array(new Uint32Array([address, 0]).buffer));
      await fails(proc, 'E2BIG', 'execve', text('/bin/true'), argv, strings([]));
    });
    check('EFAULT: wild pointers anywhere', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'execve', wild, strings(['x']), strings([]));
        await fails(proc, 'EFAULT', 'execve', text('/bin/true'), wild, strings([]));
        await fails(proc, 'EFAULT', 'execve', text('/bin/true'), strings(['x']), wild);
        await fails(proc, 'EFAULT', 'execve', text('/bin/true'), inputWords(wild, 0), strings([]));
      }
    });
  });

  syscall(['exit', 'exit_group'], () => {
    check('pass the low byte on', async ({ proc }) => {
      for (const [code, seen] of [
        [0, 0],
        [255, 255],
        [256 + 7, 7],
        [-1, 255],
      ] as const) {
        const child = await proc.fork();
        await child.exit(code);
        expect((await proc.wait(child.pid)).status).toEqual({ kind: 'exited', code: seen });
      }
    });
    check('exit does, too', async ({ proc }) => {
      const child = await proc.fork();
      const gone = child.call('exit', 9).catch(() => undefined);
      expect((await proc.wait(child.pid)).status).toEqual({ kind: 'exited', code: 9 });
      await gone;
    });
    check('descriptors are closed', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      await proc.close(writeEnd);
      const reading = proc.readText(readEnd);
      await child.exit(0);
      expect(await reading).toBe('');
    });
  });

  syscall(['wait4', 'waitpid'], () => {
    check('wait until a child ends', async ({ proc }) => {
      const child = await proc.fork();
      const waiting = proc.wait();
      await child.exit(3);
      expect(await waiting).toEqual({ pid: child.pid, status: { kind: 'exited', code: 3 } });
    });
    check('tell the signal that killed it', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGTERM);
      expect((await proc.wait(child.pid)).status).toMatchObject({ kind: 'killed', signal: SIGTERM });
      const wild = await proc.fork();
      await wild.peek(0x10, 4).catch(() => undefined);
      expect((await proc.wait(wild.pid)).status).toMatchObject({ kind: 'killed', signal: SIGSEGV });
    });
    check('WNOHANG does not wait', async ({ proc }) => {
      const child = await proc.fork();
      expect((await proc.wait(-1, WNOHANG)).pid).toBe(0);
      await child.exit(0);
      await proc.wait(-1);
      await rejects('ECHILD', proc.wait(-1, WNOHANG));
    });
    check('choose by pid and by group', async ({ proc }) => {
      const first = await proc.fork();
      const second = await proc.fork();
      await succeeds(proc, 'setpgid', second.pid, second.pid);
      await first.exit(1);
      await second.exit(2);
      expect((await proc.wait(-second.pid)).pid).toBe(second.pid);
      expect((await proc.wait(0)).pid).toBe(first.pid);
    });
    check('WUNTRACED and WCONTINUED tell of stops', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGSTOP);
      expect((await proc.wait(-1, WUNTRACED)).status).toEqual({ kind: 'stopped', signal: SIGSTOP });
      await child.kill(SIGCONT);
      expect((await proc.wait(-1, WCONTINUED)).status).toEqual({ kind: 'continued' });
      await child.kill(SIGKILL);
      expect((await proc.wait(-1)).status).toMatchObject({ kind: 'killed', signal: SIGKILL });
    });
    check('waitpid is the older form', async ({ proc }) => {
      const child = await proc.fork();
      await child.exit(4);
      const { value, outputs } = await proc.run('waitpid', -1, output(4), 0);
      expect(value).toBe(child.pid);
      expect(decodeWaitStatus(decodeWords(outputs[0]!)[0]!)).toEqual({ kind: 'exited', code: 4 });
    });
    check('with SIGCHLD ignored, children leave nothing behind', async ({ proc }) => {
      await proc.sigaction(SIGCHLD, { handler: SIG_IGN });
      const child = await proc.fork();
      const waiting = proc.call('wait4', -1, 0, 0, 0);
      await child.exit(0);
      expect(await waiting).toBe(-10);
      await proc.sigaction(SIGCHLD, { handler: SIG_DFL });
    });
    check('ECHILD: no such child; EINVAL: unknown options; EFAULT', async ({ proc }) => {
      await fails(proc, 'ECHILD', 'wait4', -1, 0, 0, 0);
      await fails(proc, 'ECHILD', 'wait4', 1, 0, 0, 0);
      await fails(proc, 'EINVAL', 'wait4', -1, 0, 0x40, 0);
      const child = await proc.fork();
      await child.exit(0);
      await fails(proc, 'EFAULT', 'wait4', -1, wildPointers[0], 0, 0);
    });
    check('EINTR: a signal that is caught ends the wait', async ({ proc }) => {
      await proc.fork();
      const { signalHandler, restorer } = proc.agent;
      await proc.sigaction(SIGUSR1, { handler: signalHandler, flags: 0x04000000, restorer });
      expect(await interrupted(proc, SIGUSR1, proc.call('wait4', -1, 0, 0, 0))).toBe(-4);
    });
  });

  syscall('waitid', () => {
    check('tells the story in a siginfo, and can leave it there', async ({ proc }) => {
      const child = await proc.fork();
      await child.exit(6);
      const wanted = { signo: SIGCHLD, code: CLD_EXITED, pid: child.pid, status: 6 };
      const peeked = await proc.run('waitid', P_PID, child.pid, output(128), WEXITED | WNOWAIT, null);
      expect(siginfo(peeked.outputs[0])).toEqual(wanted);
      const taken = await proc.run('waitid', P_ALL, 0, output(128), WEXITED, null);
      expect([taken.value, siginfo(taken.outputs[0])]).toEqual([0, wanted]);
      await fails(proc, 'ECHILD', 'waitid', P_ALL, 0, output(128), WEXITED, null);
    });
    check('of a killed and of a stopped child', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGSTOP);
      const stopped = await proc.run('waitid', P_PID, child.pid, output(128), WSTOPPED, null);
      expect(siginfo(stopped.outputs[0])).toMatchObject({ status: SIGSTOP });
      await child.kill(SIGKILL);
      const killed = await proc.run('waitid', P_PGID, await proc.call('getpgrp'), output(128), WEXITED, null);
      expect(siginfo(killed.outputs[0])).toMatchObject({ code: CLD_KILLED, status: SIGKILL });
    });
    check('WNOHANG with nobody to report gives zeros', async ({ proc }) => {
      await proc.fork();
      const { value, outputs } = await proc.run('waitid', P_ALL, 0, output(128), WEXITED | WNOHANG, null);
      expect([value, siginfo(outputs[0])]).toMatchObject([0, { signo: 0, pid: 0 }]);
    });
    check('EINVAL: nothing to wait for, an unknown kind; ECHILD', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'waitid', P_ALL, 0, output(128), 0, null);
      await fails(proc, 'EINVAL', 'waitid', 77, 0, output(128), WEXITED, null);
      await fails(proc, 'ECHILD', 'waitid', P_ALL, 0, output(128), WEXITED, null);
    });
  });

  if (target.own) {
    syscall(['fork', 'mmap2'], () => {
      check('EAGAIN or ENOMEM: a bomb of processes, and of memory, ends without harm', async ({ proc }) => {
        await proc.exec('/bin/torture', ['torture', '--bomb', 'processes']);
        expect(await proc.exited).toEqual({ kind: 'exited', code: 0 });
      });
      check('a hog of memory does, too', async ({ proc }) => {
        await proc.exec('/bin/torture', ['torture', '--bomb', 'memory']);
        expect(await proc.exited).toEqual({ kind: 'exited', code: 0 });
      });
    });
  }
});

function inputWords(...items: readonly number[]) {
  return input(new Uint8Array(new Uint32Array(items).buffer));
}
