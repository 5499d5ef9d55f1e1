/*
 * Signals: actions, masks, delivery, waiting for them, sending them, alternate stacks, and what they do to calls that
 * they interrupt.
 */

import { expect } from 'vitest';
import { input, output } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import {
  decodeSigaction,
  decodeU64,
  decodeWords,
  encodeTimespec,
  encodeU64,
  encodeWords,
  signalSet,
} from '../../emulator/agent/records.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../kernel/abi/mman.ts';
import {
  MINSIGSTKSZ,
  SA_NODEFER,
  SA_ONSTACK,
  SA_RESETHAND,
  SA_RESTART,
  SA_RESTORER,
  SA_SIGINFO,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SI_QUEUE,
  SI_TKILL,
  SI_USER,
  SIG_BLOCK,
  SIG_DFL,
  SIG_IGN,
  SIG_SETMASK,
  SIG_UNBLOCK,
  SIGCHLD,
  SIGCONT,
  SIGHUP,
  SIGKILL,
  SIGPIPE,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGTSTP,
  SIGUSR1,
  SIGUSR2,
  SIGWINCH,
  SS_DISABLE,
} from '../../kernel/abi/signal.ts';
import { WUNTRACED } from '../../kernel/abi/wait.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const SET = 8;
const SIGINFO_SIZE = 128;

/** Installs one of the agent's handlers, which record what comes. */
function handle(proc: Process, signal: number, flags = 0, mask = 0n) {
  const { signalHandler, siginfoHandler, restorer, siginfoRestorer } = proc.agent;
  const hasInfo = (flags & SA_SIGINFO) !== 0;
  return proc.sigaction(signal, {
    handler: hasInfo ? siginfoHandler : signalHandler,
    flags: flags | SA_RESTORER,
    restorer: hasInfo ? siginfoRestorer : restorer,
    mask,
  });
}

async function recorded(proc: Process): Promise<number[]> {
  return (await proc.signals()).map(({ signal }) => signal);
}

async function pending(proc: Process): Promise<bigint> {
  return decodeU64((await proc.run('rt_sigpending', output(SET), SET)).outputs[0]!);
}

/** A call that waits, known to have begun: another process finds it asleep. */
async function asleep(proc: Process, observer: Process): Promise<void> {
  for (;;) {
    const fd = await observer.open(`/proc/${proc.pid}/stat`, 0);
    const line = await observer.readText(fd);
    await observer.close(fd);
    if (/\) [SD] /.test(line)) return;
  }
}

onEveryTarget(({ syscall, check }) => {
  syscall(['rt_sigaction', 'sigaction', 'signal'], () => {
    check('tell the action before, and keep the new one', async ({ proc }) => {
      const before = await proc.sigaction(SIGUSR1, { handler: SIG_IGN, flags: SA_RESTART, mask: signalSet(SIGHUP) });
      expect(before).toMatchObject({ handler: SIG_DFL, mask: 0n });
      const now = await proc.sigaction(SIGUSR1, null);
      expect(now).toMatchObject({ handler: SIG_IGN, flags: SA_RESTART, mask: signalSet(SIGHUP) });
    });
    check('SIGKILL and SIGSTOP cannot be put in a mask', async ({ proc }) => {
      await proc.sigaction(SIGUSR1, { handler: SIG_IGN, mask: signalSet(SIGKILL, SIGSTOP, SIGTERM) });
      expect((await proc.sigaction(SIGUSR1, null)).mask).toBe(signalSet(SIGTERM));
    });
    check('a handler runs, and the program goes on', async ({ proc }) => {
      await handle(proc, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect(await recorded(proc)).toEqual([SIGUSR1]);
    });
    check('SA_SIGINFO: a handler learns who sent it', async ({ proc }) => {
      await handle(proc, SIGUSR2, SA_SIGINFO);
      await proc.sendSignal(proc.pid, SIGUSR2);
      expect(await proc.signals()).toMatchObject([{ signal: SIGUSR2, code: SI_USER, origin: proc.pid }]);
    });
    check('SA_RESETHAND: once', async ({ proc }) => {
      await handle(proc, SIGUSR1, SA_RESETHAND);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect((await proc.sigaction(SIGUSR1, null)).handler).toBe(SIG_DFL);
    });
    check('the mask and the signal itself are blocked while the handler runs, unless SA_NODEFER', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, SIGUSR2));
      for (const signal of [SIGUSR1, SIGUSR2]) await proc.sendSignal(proc.pid, signal);
      await handle(proc, SIGUSR1, SA_NODEFER);
      await handle(proc, SIGUSR2, 0, signalSet(SIGUSR1));
      await proc.sigprocmask(SIG_UNBLOCK, signalSet(SIGUSR1, SIGUSR2));
      // Both frames are built before either handler runs: the later one, of SIGUSR2, on top, so it records first.
      expect(await recorded(proc)).toEqual([SIGUSR2, SIGUSR1]);
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(0n);
    });
    check('to ignore a signal discards it, blocked or not', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, SIGWINCH));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGWINCH);
      await proc.sigaction(SIGUSR1, { handler: SIG_IGN });
      await proc.sigaction(SIGWINCH, { handler: SIG_DFL });
      expect(await pending(proc)).toBe(0n);
    });
    check('a child inherits actions; a new program keeps only what is ignored', async ({ proc }) => {
      await proc.sigaction(SIGUSR1, { handler: SIG_IGN });
      await handle(proc, SIGUSR2);
      const child = await proc.fork();
      expect((await child.sigaction(SIGUSR2, null)).handler).toBe(proc.agent.signalHandler);
      await child.exec('/bin/sh', ['sh', '-c', 'kill -USR1 $$; kill -USR2 $$']);
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGUSR2 });
    });
    check('the old call sees half of the mask', async ({ proc }) => {
      const record = input(encodeWords([SIG_IGN, 0x2, SA_RESTART, 0]));
      await proc.run('sigaction', SIGUSR1, record, null);
      expect(await proc.sigaction(SIGUSR1, null)).toMatchObject({ handler: SIG_IGN, flags: SA_RESTART, mask: 2n });
      const { outputs } = await proc.run('sigaction', SIGUSR1, null, output(16));
      expect(decodeWords(outputs[0]!).slice(0, 3)).toEqual([SIG_IGN, 2, SA_RESTART]);
    });
    check('signal gives the old handler, and sets one that serves once', async ({ proc }) => {
      expect(await proc.call('signal', SIGUSR1, SIG_IGN)).toBe(SIG_DFL);
      expect(await proc.call('signal', SIGUSR1, SIG_DFL)).toBe(SIG_IGN);
      expect((await proc.sigaction(SIGUSR1, null)).flags >>> 0).toBe((SA_RESETHAND | SA_NODEFER) >>> 0);
    });
    check('EINVAL: signals that do not exist or cannot be changed, a set of another size', async ({ proc }) => {
      const ignore = input(encodeWords([SIG_IGN, 0, 0, 0, 0]));
      for (const signal of [0, 65, -1, SIGKILL, SIGSTOP])
        await fails(proc, 'EINVAL', 'rt_sigaction', signal, ignore, null, SET);
      await fails(proc, 'EINVAL', 'rt_sigaction', SIGUSR1, ignore, null, 4);
      await fails(proc, 'EINVAL', 'sigaction', SIGKILL, ignore, null);
      await fails(proc, 'EINVAL', 'signal', 65, SIG_IGN);
      const { outputs } = await proc.run('rt_sigaction', SIGKILL, null, output(20), SET);
      expect(decodeSigaction(outputs[0]!).handler).toBe(SIG_DFL);
    });
    check('EFAULT: wild pointers', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'rt_sigaction', SIGUSR1, wild, null, SET);
        await fails(proc, 'EFAULT', 'rt_sigaction', SIGUSR1, null, wild, SET);
        await fails(proc, 'EFAULT', 'sigaction', SIGUSR1, wild, null);
      }
    });
  });

  syscall(['rt_sigprocmask', 'sigprocmask', 'sgetmask', 'ssetmask', 'rt_sigpending', 'sigpending'], () => {
    check('block, unblock, set', async ({ proc }) => {
      expect(await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, 40))).toBe(0n);
      expect(await proc.sigprocmask(SIG_UNBLOCK, signalSet(SIGUSR1))).toBe(signalSet(SIGUSR1, 40));
      expect(await proc.sigprocmask(SIG_SETMASK, signalSet(SIGHUP, 64))).toBe(signalSet(40));
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(SIGHUP, 64));
    });
    check('SIGKILL and SIGSTOP stay out', async ({ proc }) => {
      await proc.sigprocmask(SIG_SETMASK, ~0n);
      const mask = await proc.sigprocmask(SIG_SETMASK, 0n);
      expect(mask & signalSet(SIGKILL, SIGSTOP)).toBe(0n);
      expect(mask & signalSet(SIGTERM, 64)).toBe(signalSet(SIGTERM, 64));
    });
    check('a blocked signal is pending until it is unblocked', async ({ proc }) => {
      await handle(proc, SIGUSR1);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect(await pending(proc)).toBe(signalSet(SIGUSR1));
      expect(await recorded(proc)).toEqual([]);
      await proc.sigprocmask(SIG_UNBLOCK, signalSet(SIGUSR1));
      expect(await recorded(proc)).toEqual([SIGUSR1]);
      expect(await pending(proc)).toBe(0n);
    });
    check('the old calls see the first 32 signals', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, 40));
      const { outputs } = await proc.run('sigprocmask', SIG_SETMASK, input(encodeWords([2])), output(4));
      expect(decodeWords(outputs[0]!)[0]).toBe(Number(signalSet(SIGUSR1)));
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(2, 40));
      expect(await proc.call('sgetmask')).toBe(2);
      expect(await proc.call('ssetmask', 4)).toBe(2);
      await proc.sendSignal(proc.pid, 3);
      expect(decodeWords((await proc.run('sigpending', output(4))).outputs[0]!)).toEqual([4]);
    });
    check('a child inherits the mask, but nothing that is pending', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      const child = await proc.fork();
      expect(await child.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(SIGUSR1));
      expect(await pending(child)).toBe(0n);
    });
    check('EINVAL: no such way, a set of another size', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'rt_sigprocmask', 3, input(encodeU64(0n)), null, SET);
      await fails(proc, 'EINVAL', 'rt_sigprocmask', SIG_BLOCK, null, output(SET), 16);
      await fails(proc, 'EINVAL', 'sigprocmask', 9, input(encodeWords([0])), null);
      await fails(proc, 'EINVAL', 'rt_sigpending', output(16), 16);
    });
    check('EFAULT: wild pointers', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'rt_sigprocmask', SIG_BLOCK, wild, null, SET);
        await fails(proc, 'EFAULT', 'rt_sigprocmask', SIG_BLOCK, null, wild, SET);
        await fails(proc, 'EFAULT', 'rt_sigpending', wild, SET);
        await fails(proc, 'EFAULT', 'sigpending', wild);
      }
    });
  });

  syscall(['kill', 'tkill', 'tgkill'], () => {
    check('to a process, to a thread', async ({ proc }) => {
      await handle(proc, SIGUSR1, SA_SIGINFO);
      await succeeds(proc, 'kill', proc.pid, SIGUSR1);
      await succeeds(proc, 'tkill', proc.pid, SIGUSR1);
      await succeeds(proc, 'tgkill', proc.pid, proc.pid, SIGUSR1);
      const codes = (await proc.signals()).map(({ code }) => code);
      expect(codes).toEqual([SI_USER, SI_TKILL, SI_TKILL]);
    });
    check('to a group', async ({ proc }) => {
      const one = await proc.fork();
      const two = await proc.fork();
      await succeeds(proc, 'setpgid', one.pid, one.pid);
      await succeeds(proc, 'setpgid', two.pid, one.pid);
      await succeeds(proc, 'kill', -one.pid, SIGTERM);
      expect((await proc.wait(one.pid)).status).toMatchObject({ signal: SIGTERM });
      expect((await proc.wait(two.pid)).status).toMatchObject({ signal: SIGTERM });
    });
    check('signal 0 only asks; a zombie can be asked', async ({ proc }) => {
      const child = await proc.fork();
      await succeeds(proc, 'kill', child.pid, 0);
      await child.exit(0);
      await succeeds(proc, 'kill', child.pid, 0);
      await proc.wait();
      await fails(proc, 'ESRCH', 'kill', child.pid, 0);
    });
    check('what is ignored by default does nothing', async ({ proc }) => {
      for (const signal of [SIGCHLD, SIGWINCH, SIGCONT]) await succeeds(proc, 'kill', proc.pid, signal);
      expect(await proc.getpid()).toBe(proc.pid);
    });
    check('stop signals stop, SIGCONT goes on', async ({ proc }) => {
      const child = await proc.fork();
      await succeeds(proc, 'setpgid', child.pid, child.pid);
      await succeeds(proc, 'kill', child.pid, SIGTSTP);
      expect((await proc.wait(child.pid, WUNTRACED)).status).toEqual({ kind: 'stopped', signal: SIGTSTP });
      await succeeds(proc, 'kill', child.pid, SIGCONT);
      expect(await child.getpid()).toBe(child.pid);
    });
    check('ESRCH: nobody there', async ({ proc }) => {
      await fails(proc, 'ESRCH', 'kill', 0x3fffff, SIGTERM);
      await fails(proc, 'ESRCH', 'kill', -0x3fffff, SIGTERM);
      await fails(proc, 'ESRCH', 'tkill', 0x3fffff, SIGTERM);
      await fails(proc, 'ESRCH', 'tgkill', 1, proc.pid, SIGTERM);
    });
    check('EINVAL: no such signal, no such id', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'kill', proc.pid, 65);
      await fails(proc, 'EINVAL', 'kill', proc.pid, -1);
      await fails(proc, 'EINVAL', 'tkill', 0, SIGTERM);
      await fails(proc, 'EINVAL', 'tkill', proc.pid, 65);
      await fails(proc, 'EINVAL', 'tgkill', -1, proc.pid, SIGTERM);
    });
    check('EPERM: of another user', async ({ proc }) => {
      const child = await proc.fork();
      await succeeds(child, 'setuid32', 1234);
      await fails(child, 'EPERM', 'kill', proc.pid, SIGTERM);
      await succeeds(child, 'kill', proc.pid, SIGCONT); // of the same session
    });
  });

  syscall(['rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'rt_sigtimedwait'], () => {
    const info = (signal: number, value: number, code = SI_QUEUE): Uint8Array => {
      const record = new Uint8Array(SIGINFO_SIZE);
      record.set(encodeWords([signal, 0, code, 7, 8, value]));
      return record;
    };
    const take = async (proc: Process, signal: number) => {
      const { value, outputs } = await proc.run(
        'rt_sigtimedwait',
        input(encodeU64(signalSet(signal))),
        output(SIGINFO_SIZE),
        input(encodeTimespec({ seconds: 0, nanoseconds: 0 })),
        SET,
      );
      const [, , code, pid, , status] = decodeWords(outputs[0]!);
      return { value, code: code! | 0, pid, status };
    };
    check('real-time signals queue, with their values and in order', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGRTMIN + 2));
      for (const value of [11, 22, 33]) {
        await proc.run('rt_sigqueueinfo', proc.pid, SIGRTMIN + 2, input(info(SIGRTMIN + 2, value)));
      }
      for (const status of [11, 22, 33]) {
        expect(await take(proc, SIGRTMIN + 2)).toEqual({ value: SIGRTMIN + 2, code: SI_QUEUE, pid: 7, status });
      }
      expect(await pending(proc)).toBe(0n);
    });
    check('standard signals do not', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      for (const value of [11, 22]) await proc.run('rt_sigqueueinfo', proc.pid, SIGUSR1, input(info(SIGUSR1, value)));
      expect((await take(proc, SIGUSR1)).status).toBe(11);
      expect(await pending(proc)).toBe(0n);
    });
    check('to a thread', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.run('rt_tgsigqueueinfo', proc.pid, proc.pid, SIGUSR1, input(info(SIGUSR1, 5)));
      expect((await take(proc, SIGUSR1)).status).toBe(5);
    });
    check('waits for a signal that comes later, which no handler sees', async ({ proc, spawn }) => {
      const observer = await spawn();
      await handle(proc, SIGUSR2);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR2));
      const waited = proc.call('rt_sigtimedwait', input(encodeU64(signalSet(SIGUSR2))), null, null, SET);
      await asleep(proc, observer);
      await observer.sendSignal(proc.pid, SIGUSR2);
      expect(await waited).toBe(SIGUSR2);
      expect(await recorded(proc)).toEqual([]);
    });
    check('EAGAIN: the time is over', async ({ proc }) => {
      const soon = input(encodeTimespec({ seconds: 0, nanoseconds: 20_000_000 }));
      await fails(proc, 'EAGAIN', 'rt_sigtimedwait', input(encodeU64(signalSet(SIGUSR1))), null, soon, SET);
    });
    check('EINTR: another signal has a handler', async ({ proc, spawn }) => {
      const observer = await spawn();
      await handle(proc, SIGUSR1);
      const waited = fails(proc, 'EINTR', 'rt_sigtimedwait', input(encodeU64(signalSet(SIGUSR2))), null, null, SET);
      await asleep(proc, observer);
      await observer.sendSignal(proc.pid, SIGUSR1);
      await waited;
    });
    check('EPERM: to pretend to be kill, to others', async ({ proc, spawn }) => {
      const other = await spawn();
      await fails(proc, 'EPERM', 'rt_sigqueueinfo', other.pid, SIGUSR1, input(info(SIGUSR1, 1, SI_USER)));
      await fails(proc, 'EPERM', 'rt_sigqueueinfo', other.pid, SIGUSR1, input(info(SIGUSR1, 1, SI_TKILL)));
    });
    check('EINVAL and EFAULT', async ({ proc }) => {
      const set = input(encodeU64(1n));
      await fails(proc, 'EINVAL', 'rt_sigtimedwait', set, null, null, 4);
      const bad = input(encodeTimespec({ seconds: 0, nanoseconds: 1_000_000_000 }));
      await fails(proc, 'EINVAL', 'rt_sigtimedwait', set, null, bad, SET);
      await fails(proc, 'EINVAL', 'rt_sigqueueinfo', proc.pid, 65, input(info(65, 0)));
      await fails(proc, 'ESRCH', 'rt_sigqueueinfo', 0x3fffff, SIGUSR1, input(info(SIGUSR1, 0)));
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'rt_sigtimedwait', wild, null, null, SET);
        await fails(proc, 'EFAULT', 'rt_sigqueueinfo', proc.pid, SIGUSR1, wild);
      }
    });
  });

  syscall(['pause', 'sigsuspend', 'rt_sigsuspend'], () => {
    check('pause ends with EINTR when a handler has run', async ({ proc, spawn }) => {
      const observer = await spawn();
      await handle(proc, SIGUSR1, SA_RESTART);
      const paused = fails(proc, 'EINTR', 'pause');
      await asleep(proc, observer);
      await observer.sendSignal(proc.pid, SIGUSR1);
      await paused;
      expect(await recorded(proc)).toEqual([SIGUSR1]);
    });
    check('pause does not end for a signal without a handler', async ({ proc, spawn }) => {
      const observer = await spawn();
      await handle(proc, SIGUSR1);
      const paused = fails(proc, 'EINTR', 'pause');
      await asleep(proc, observer);
      for (const signal of [SIGWINCH, SIGSTOP, SIGCONT]) await observer.sendSignal(proc.pid, signal);
      await asleep(proc, observer);
      await observer.sendSignal(proc.pid, SIGUSR1);
      await paused;
    });
    check('rt_sigsuspend: another mask for the time of the wait', async ({ proc, spawn }) => {
      const observer = await spawn();
      for (const signal of [SIGUSR1, SIGUSR2]) await handle(proc, signal);
      await proc.sigprocmask(SIG_SETMASK, signalSet(SIGUSR2));
      await proc.sendSignal(proc.pid, SIGUSR2);
      await fails(proc, 'EINTR', 'rt_sigsuspend', input(encodeU64(signalSet(SIGUSR1))), SET);
      expect(await recorded(proc)).toEqual([SIGUSR2]);
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(SIGUSR2));
      const waited = fails(proc, 'EINTR', 'sigsuspend', 0, 0, 0);
      await asleep(proc, observer);
      await observer.sendSignal(proc.pid, SIGUSR1);
      await waited;
    });
    check('EINVAL and EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'rt_sigsuspend', input(encodeU64(0n)), 4);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'rt_sigsuspend', wild, SET);
    });
  });

  syscall(['sigreturn', 'rt_sigreturn', 'restart_syscall'], () => {
    check('a read goes on after a handler with SA_RESTART, and ends without', async ({ proc, spawn }) => {
      const observer = await spawn();
      const [readEnd, writeEnd] = await proc.pipe();
      for (const flags of [SA_RESTART, SA_RESTART | SA_SIGINFO]) {
        await handle(proc, SIGUSR1, flags);
        const child = await proc.fork();
        const read = proc.readText(readEnd, 5);
        await asleep(proc, observer);
        await observer.sendSignal(proc.pid, SIGUSR1);
        await asleep(proc, observer);
        await child.write(writeEnd, 'after');
        expect(await read).toBe('after');
      }
      await handle(proc, SIGUSR1);
      const read = fails(proc, 'EINTR', 'read', readEnd, output(5), 5);
      await asleep(proc, observer);
      await observer.sendSignal(proc.pid, SIGUSR1);
      await read;
    });
    check('a stop and a continue do not end a call', async ({ proc, spawn }) => {
      const observer = await spawn();
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      const read = proc.readText(readEnd, 5);
      await asleep(proc, observer);
      for (const signal of [SIGSTOP, SIGCONT]) await observer.sendSignal(proc.pid, signal);
      await asleep(proc, observer);
      await child.write(writeEnd, 'after');
      expect(await read).toBe('after');
    });
    check('restart_syscall without anything to go on with: EINTR', async ({ proc }) => {
      await fails(proc, 'EINTR', 'restart_syscall');
    });
    check('a forged frame is a segmentation fault', async ({ proc }) => {
      const child = await proc.fork();
      await child.call('sigreturn').catch(() => undefined);
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGSEGV });
    });
  });

  syscall('sigaltstack', () => {
    const stack = (address: number, flags: number, size: number): Uint8Array => encodeWords([address, flags, size]);
    check('there is none at first; what is set is told', async ({ proc }) => {
      const before = decodeWords((await proc.run('sigaltstack', null, output(12))).outputs[0]!);
      expect(before).toEqual([0, SS_DISABLE, 0]);
      const address = await proc.mmap({ length: 8192 });
      await proc.run('sigaltstack', input(stack(address, 0, 8192)), null);
      const { outputs } = await proc.run('sigaltstack', input(stack(0, SS_DISABLE, 0)), output(12));
      expect(decodeWords(outputs[0]!)).toEqual([address, 0, 8192]);
    });
    check('handlers with SA_ONSTACK run on it, others do not', async ({ proc }) => {
      const address = await proc.mmap({ length: 16384 });
      await proc.run('sigaltstack', input(stack(address, 0, 16384)), null);
      await handle(proc, SIGUSR1, SA_ONSTACK);
      await handle(proc, SIGUSR2);
      for (const signal of [SIGUSR1, SIGUSR2]) await proc.sendSignal(proc.pid, signal);
      const [on, off] = (await proc.signals()).map(({ stackPointer }) => stackPointer - address);
      expect(on).toBeGreaterThan(0);
      expect(on).toBeLessThan(16384);
      expect(off! >= 16384 || off! < 0).toBe(true);
    });
    check('ENOMEM: too small; EINVAL: unknown flags', async ({ proc }) => {
      await fails(proc, 'ENOMEM', 'sigaltstack', input(stack(0x10000, 0, MINSIGSTKSZ - 1)), null);
      await fails(proc, 'EINVAL', 'sigaltstack', input(stack(0x10000, 8, 65536)), null);
    });
    check('EFAULT: wild pointers', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sigaltstack', wild, null);
        await fails(proc, 'EFAULT', 'sigaltstack', null, wild);
      }
    });
  });

  syscall('rt_sigaction', () => {
    check('faults: a handler learns the address and the kind', async ({ proc }) => {
      const readOnly = await proc.mmap({ length: 4096, prot: PROT_READ });
      const code = await proc.mmap({ length: 4096, prot: PROT_READ | PROT_WRITE | PROT_EXEC });
      await proc.poke(code, exitWithCode(code + 256));
      const cases = [
        [readOnly + 5, SEGV_ACCERR],
        [0x2000, SEGV_MAPERR],
        [0xc0000010, SEGV_MAPERR],
      ] as const;
      for (const [address, kind] of cases) {
        await proc.poke(code + 256, encodeWords([address | 0]));
        const child = await proc.fork();
        await child.sigaction(SIGSEGV, { handler: code, flags: SA_SIGINFO });
        await child.poke(address, new Uint8Array([1])).catch(() => undefined);
        expect((await proc.wait(child.pid)).status).toEqual({ kind: 'exited', code: kind });
      }
    });
    check('SIGPIPE ends who writes to nobody', async ({ proc }) => {
      const child = await proc.fork();
      const [readEnd, writeEnd] = await child.pipe();
      await child.close(readEnd);
      await child.write(writeEnd, 'x').catch(() => undefined);
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGPIPE });
    });
  });
});

/** Machine code of a handler: exits with si_code, plus 64 if si_addr is not the word at `expected`. */
function exitWithCode(expected: number): Uint8Array {
  return Uint8Array.from([
    ...[0x8b, 0x4c, 0x24, 0x08], // mov ecx, [esp + 8]
    ...[0x8b, 0x59, 0x08], // mov ebx, [ecx + 8]
    ...[0x8b, 0x41, 0x0c], // mov eax, [ecx + 12]
    ...[0x3b, 0x05, ...encodeWords([expected])], // cmp eax, [expected]
    ...[0x74, 0x03, 0x83, 0xcb, 0x40], // je next; or ebx, 64; next:
    ...[0xb8, 0xfc, 0, 0, 0], // mov eax, SYS_exit_group
    ...[0xcd, 0x80], // int 0x80
  ]);
}
