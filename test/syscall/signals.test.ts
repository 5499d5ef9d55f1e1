/*
 * Signals: sending, blocking, catching, waiting for them, alternate stacks.
 */

import { expect } from 'vitest';
import { inout, input, output, words } from '../../emulator/agent/arguments.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { decodeU64, decodeWords, encodeU64, encodeWords, signalSet } from '../../emulator/agent/records.ts';
import { O_RDONLY } from '../../kernel/abi/fcntl.ts';
import {
  SA_NODEFER,
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
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
  SIGALRM,
  SIGCHLD,
  SIGCONT,
  SIGFPE,
  SIGILL,
  SIGINT,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGTERM,
  SIGTRAP,
  SIGURG,
  SIGUSR1,
  SIGUSR2,
  SS_DISABLE,
} from '../../kernel/abi/signal.ts';
import { PROT_READ, PROT_EXEC, PROT_WRITE } from '../../kernel/abi/mman.ts';
import { WUNTRACED } from '../../kernel/abi/wait.ts';
import { ITIMER_PROF, ITIMER_VIRTUAL } from '../../kernel/abi/time.ts';
import { fails, interrupted, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

/** Lets the agent's handler catch a signal. */
async function catchSignal(proc: Process, signal: number, flags = 0, mask = 0n): Promise<void> {
  const { signalHandler, siginfoHandler, restorer, siginfoRestorer } = proc.agent;
  const tells = (flags & SA_SIGINFO) !== 0;
  await proc.sigaction(signal, {
    handler: tells ? siginfoHandler : signalHandler,
    flags: flags | SA_RESTORER,
    restorer: tells ? siginfoRestorer : restorer,
    mask,
  });
}

async function caught(proc: Process): Promise<number[]> {
  return (await proc.signals()).map(({ signal }) => signal);
}

/** Puts machine code into the process and gives its address. */
async function code(proc: Process, ...bytes: readonly number[]): Promise<number> {
  const address = await proc.mmap({ length: 4096, prot: PROT_READ | PROT_WRITE | PROT_EXEC });
  await proc.poke(address, Uint8Array.from(bytes));
  return address;
}

/** Runs code that kills the process; tells the signal. */
async function deathBy(proc: Process, ...bytes: readonly number[]): Promise<number> {
  const address = await code(proc, ...bytes);
  await proc.invoke(address).catch(() => undefined);
  const status = await proc.exited;
  return status.kind === 'killed' ? status.signal : 0;
}

const set8 = (set: bigint) => input(encodeU64(set));
const wait10ms = words(0, 10_000_000);

onEveryTarget(({ syscall, check }) => {
  syscall('rt_sigaction', () => {
    check('sets, and tells what was', async ({ proc }) => {
      const action = { handler: 0x12345678, flags: SA_RESTORER | SA_RESTART, restorer: 0x9abcdef, mask: 5n };
      expect((await proc.sigaction(SIGUSR1, action)).handler).toBe(SIG_DFL);
      expect(await proc.sigaction(SIGUSR1, null)).toEqual(action);
    });
    check('a handler runs, with the signal blocked meanwhile', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect(await caught(proc)).toEqual([SIGUSR1]);
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(0n);
    });
    check('SA_SIGINFO tells who sent it', async ({ proc, spawn }) => {
      await catchSignal(proc, SIGUSR1, SA_SIGINFO);
      const sender = await spawn();
      await sender.sendSignal(proc.pid, SIGUSR1);
      expect(await proc.signals()).toMatchObject([{ signal: SIGUSR1, code: SI_USER, origin: sender.pid }]);
    });
    check('SA_SIGINFO tells how a child ended', async ({ proc }) => {
      await catchSignal(proc, SIGCHLD, SA_SIGINFO);
      const child = await proc.fork();
      await child.exit(7);
      await proc.wait();
      expect(await proc.signals()).toMatchObject([{ signal: SIGCHLD, code: 1, origin: child.pid, status: 7 }]);
    });
    check('SA_RESETHAND works once', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1, SA_RESETHAND);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect((await proc.sigaction(SIGUSR1, null)).handler).toBe(SIG_DFL);
    });
    check('SA_RESTART makes an interrupted call go on', async ({ proc }) => {
      const [readEnd, writeEnd] = await proc.pipe();
      const child = await proc.fork();
      await catchSignal(child, SIGUSR1, SA_RESTART);
      const reading = child.readText(readEnd);
      await proc.sendSignal(child.pid, SIGUSR1);
      await proc.write(writeEnd, 'data');
      expect(await reading).toBe('data');
      expect(await caught(child)).toEqual([SIGUSR1]);
    });
    check('ignored signals are dropped; some are ignored by default', async ({ proc }) => {
      await proc.sigaction(SIGTERM, { handler: SIG_IGN });
      await proc.sendSignal(proc.pid, SIGTERM);
      await proc.sendSignal(proc.pid, SIGURG);
      await proc.sendSignal(proc.pid, SIGCHLD);
      await proc.sendSignal(proc.pid, SIGCONT);
      expect(await proc.getpid()).toBe(proc.pid);
    });
    check('setting SIG_IGN drops what is pending', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await proc.sigaction(SIGUSR1, { handler: SIG_IGN });
      await proc.sigaction(SIGUSR1, { handler: SIG_DFL });
      await proc.sigprocmask(SIG_SETMASK, 0n);
      expect(await proc.getpid()).toBe(proc.pid);
    });
    check('EINVAL: no such signal, one that cannot be caught, another size of set', async ({ proc }) => {
      const action = input(new Uint8Array(20));
      await fails(proc, 'EINVAL', 'rt_sigaction', 0, action, null, 8);
      await fails(proc, 'EINVAL', 'rt_sigaction', 65, action, null, 8);
      await fails(proc, 'EINVAL', 'rt_sigaction', SIGKILL, action, null, 8);
      await fails(proc, 'EINVAL', 'rt_sigaction', SIGSTOP, action, null, 8);
      await fails(proc, 'EINVAL', 'rt_sigaction', SIGUSR1, action, null, 4);
    });
    check('EFAULT', async ({ proc }) => {
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'rt_sigaction', SIGUSR1, wild, null, 8);
        await fails(proc, 'EFAULT', 'rt_sigaction', SIGUSR1, null, wild, 8);
      }
    });
  });

  syscall(['sigaction', 'signal'], () => {
    check('the old forms do the same', async ({ proc }) => {
      const { signalHandler, restorer } = proc.agent;
      await succeeds(proc, 'sigaction', SIGUSR1, words(signalHandler, 0, SA_RESTORER, restorer), null);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect(await caught(proc)).toEqual([SIGUSR1]);
      const { outputs } = await proc.run('sigaction', SIGUSR1, null, output(16));
      expect(decodeWords(outputs[0]!)[0]).toBe(signalHandler);
      expect(await proc.call('signal', SIGUSR1, SIG_IGN)).toBe(signalHandler | 0);
      expect(await proc.call('signal', SIGUSR1, SIG_DFL)).toBe(SIG_IGN);
    });
    check('EINVAL, EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'signal', SIGKILL, SIG_IGN);
      await fails(proc, 'EINVAL', 'sigaction', 99, null, null);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'sigaction', SIGUSR1, wild, null);
    });
  });

  syscall(['rt_sigprocmask', 'sigprocmask', 'rt_sigpending', 'sigpending', 'sgetmask', 'ssetmask'], () => {
    check('a blocked signal waits', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGUSR1);
      expect(await caught(proc)).toEqual([]);
      const pending = await proc.run('rt_sigpending', output(8), 8);
      expect(decodeU64(pending.outputs[0]!)).toBe(signalSet(SIGUSR1));
      const old = await proc.run('sigpending', output(4));
      expect(decodeWords(old.outputs[0]!)).toEqual([Number(signalSet(SIGUSR1))]);
      await proc.sigprocmask(SIG_UNBLOCK, signalSet(SIGUSR1));
      expect(await caught(proc)).toEqual([SIGUSR1]);
    });
    check('SIG_BLOCK adds, SIG_UNBLOCK takes away, SIG_SETMASK sets', async ({ proc }) => {
      await proc.sigprocmask(SIG_SETMASK, signalSet(1, 2, 40));
      await proc.sigprocmask(SIG_BLOCK, signalSet(3));
      expect(await proc.sigprocmask(SIG_UNBLOCK, signalSet(1))).toBe(signalSet(1, 2, 3, 40));
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(2, 3, 40));
      await proc.sigprocmask(SIG_SETMASK, 0n);
    });
    check('SIGKILL and SIGSTOP cannot be blocked', async ({ proc }) => {
      await proc.sigprocmask(SIG_SETMASK, 0xffff_ffff_ffff_ffffn);
      expect((await proc.sigprocmask(SIG_BLOCK, null)) & signalSet(SIGKILL, SIGSTOP)).toBe(0n);
      await proc.sendSignal(proc.pid, SIGKILL).catch(() => undefined);
      expect(await proc.exited).toMatchObject({ kind: 'killed', signal: SIGKILL });
    });
    check('a fork inherits the mask, not what is pending', async ({ proc }) => {
      await proc.sigprocmask(SIG_SETMASK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      const child = await proc.fork();
      expect(await child.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(SIGUSR1));
      const { outputs } = await child.run('rt_sigpending', output(8), 8);
      expect(decodeU64(outputs[0]!)).toBe(0n);
    });
    check('the old forms see 32 signals', async ({ proc }) => {
      const { outputs } = await proc.run('sigprocmask', SIG_BLOCK, words(0x200), output(4));
      expect(decodeWords(outputs[0]!)).toEqual([0]);
      expect(await proc.call('sgetmask')).toBe(0x200);
      expect(await proc.call('ssetmask', 0x800)).toBe(0x200);
      expect(await proc.call('sgetmask')).toBe(0x800);
    });
    check('EINVAL: an unknown change, another size; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'rt_sigprocmask', 7, set8(0n), null, 8);
      await fails(proc, 'EINVAL', 'rt_sigprocmask', SIG_BLOCK, set8(0n), null, 4);
      await fails(proc, 'EINVAL', 'sigprocmask', 7, words(0), null);
      await fails(proc, 'EINVAL', 'rt_sigpending', output(16), 16);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'rt_sigprocmask', SIG_BLOCK, wild, null, 8);
        await fails(proc, 'EFAULT', 'rt_sigprocmask', SIG_BLOCK, null, wild, 8);
        await fails(proc, 'EFAULT', 'sigprocmask', SIG_BLOCK, wild, null);
        await fails(proc, 'EFAULT', 'rt_sigpending', wild, 8);
        await fails(proc, 'EFAULT', 'sigpending', wild);
      }
    });
  });

  syscall(['rt_sigsuspend', 'sigsuspend', 'pause'], () => {
    check('pause waits for a handler', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1);
      expect(await interrupted(proc, SIGUSR1, proc.call('pause'))).toBe(-4);
    });
    check('rt_sigsuspend lets in what was blocked, and blocks it again', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await fails(proc, 'EINTR', 'rt_sigsuspend', set8(0n), 8);
      expect(await caught(proc)).toEqual([SIGUSR1]);
      expect(await proc.sigprocmask(SIG_BLOCK, null)).toBe(signalSet(SIGUSR1));
    });
    check('sigsuspend takes the mask as a word', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await fails(proc, 'EINTR', 'sigsuspend', 0, 0, 0);
    });
    check('EINVAL: another size; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'rt_sigsuspend', set8(0n), 4);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'rt_sigsuspend', wild, 8);
    });
  });

  syscall(['rt_sigtimedwait', 'rt_sigtimedwait_time64'], () => {
    check('take a blocked signal without a handler', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, SIGUSR2));
      await proc.sendSignal(proc.pid, SIGUSR2);
      const { value, outputs } = await proc.run(
        'rt_sigtimedwait',
        set8(signalSet(SIGUSR1, SIGUSR2)),
        output(128),
        null,
        8,
      );
      expect([value, decodeWords(outputs[0]!)[3]]).toEqual([SIGUSR2, proc.pid]);
    });
    check('wait for one', async ({ proc }) => {
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1));
      const waiting = proc.call('rt_sigtimedwait', set8(signalSet(SIGUSR1)), null, null, 8);
      await proc.kill(SIGUSR1);
      expect(await waiting).toBe(SIGUSR1);
    });
    check('EAGAIN: none came in time', async ({ proc }) => {
      await fails(proc, 'EAGAIN', 'rt_sigtimedwait', set8(signalSet(SIGUSR1)), null, wait10ms, 8);
      const time64 = words(0, 0, 10_000_000, 0);
      await fails(proc, 'EAGAIN', 'rt_sigtimedwait_time64', set8(signalSet(SIGUSR1)), null, time64, 8);
    });
    check('EINVAL: another size, an impossible time; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'rt_sigtimedwait', set8(0n), null, wait10ms, 4);
      await fails(proc, 'EINVAL', 'rt_sigtimedwait', set8(0n), null, words(0, 1_000_000_000), 8);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'rt_sigtimedwait', wild, null, wait10ms, 8);
    });
  });

  syscall(['tkill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo'], () => {
    check('tell that they were used', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1, SA_SIGINFO);
      await succeeds(proc, 'tkill', proc.pid, SIGUSR1);
      await succeeds(proc, 'tgkill', proc.pid, proc.pid, SIGUSR1);
      const info = input(encodeWords([SIGUSR1, 0, SI_QUEUE, 123, 0, 9, ...new Array<number>(26).fill(0)]));
      await succeeds(proc, 'rt_sigqueueinfo', proc.pid, SIGUSR1, info);
      await succeeds(proc, 'rt_tgsigqueueinfo', proc.pid, proc.pid, SIGUSR1, info);
      expect(await proc.signals()).toMatchObject([
        { code: SI_TKILL, origin: proc.pid },
        { code: SI_TKILL, origin: proc.pid },
        { code: SI_QUEUE, origin: 123, status: 9 },
        { code: SI_QUEUE, origin: 123, status: 9 },
      ]);
    });
    check('a real-time signal is delivered as often as it is sent', async ({ proc }) => {
      await catchSignal(proc, SIGRTMIN + 2);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGRTMIN + 2));
      for (let i = 0; i < 3; i++) await succeeds(proc, 'tkill', proc.pid, SIGRTMIN + 2);
      await proc.sigprocmask(SIG_SETMASK, 0n);
      expect(await caught(proc)).toHaveLength(3);
    });
    check('ESRCH, EINVAL, EPERM, EFAULT', async ({ proc }) => {
      await fails(proc, 'ESRCH', 'tkill', 0x7ffffff0, SIGUSR1);
      await fails(proc, 'ESRCH', 'tgkill', 0x7ffffff0, proc.pid, SIGUSR1);
      await fails(proc, 'EINVAL', 'tkill', -1, SIGUSR1);
      await fails(proc, 'EINVAL', 'tkill', proc.pid, 65);
      await fails(proc, 'EINVAL', 'tgkill', 0, proc.pid, SIGUSR1);
      const forged = input(encodeWords([SIGUSR1, 0, SI_USER, 1, ...new Array<number>(28).fill(0)]));
      const child = await proc.fork();
      await fails(proc, 'EPERM', 'rt_sigqueueinfo', child.pid, SIGUSR1, forged);
      for (const wild of wildPointers) await fails(proc, 'EFAULT', 'rt_sigqueueinfo', proc.pid, SIGUSR1, wild);
    });
  });

  syscall('sigaltstack', () => {
    check('a handler with SA_ONSTACK runs there', async ({ proc }) => {
      const stack = await proc.mmap({ length: 16384 });
      await succeeds(proc, 'sigaltstack', words(stack, 0, 16384), null);
      await catchSignal(proc, SIGUSR1, SA_ONSTACK);
      await catchSignal(proc, SIGUSR2);
      await proc.sendSignal(proc.pid, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGUSR2);
      const [there, elsewhere] = await proc.signals();
      const within = (address: number): boolean => address >= stack && address < stack + 16384;
      expect([within(there!.stackPointer), within(elsewhere!.stackPointer)]).toEqual([true, false]);
      const { outputs } = await proc.run('sigaltstack', null, output(12));
      expect(decodeWords(outputs[0]!)).toEqual([stack, 0, 16384]);
    });
    check('catches an overflow of the stack', async ({ proc }) => {
      const stack = await proc.mmap({ length: 16384 });
      await succeeds(proc, 'sigaltstack', words(stack, 0, 16384), null);
      await catchSignal(proc, SIGSEGV, SA_ONSTACK | SA_RESETHAND | SA_SIGINFO);
      // L: push eax; jmp L
      expect(await deathBy(proc, 0x50, 0xeb, 0xfd)).toBe(SIGSEGV);
    });
    check('EPERM: while one is on it', async ({ proc }) => {
      const maps = await proc.open('/proc/self/maps', O_RDONLY);
      const [, start, end] = /^(\w+)-(\w+) .*\[stack\]$/m.exec(await proc.readAll(maps))!;
      const at = parseInt(start!, 16);
      await succeeds(proc, 'sigaltstack', words(at, 0, parseInt(end!, 16) - at), null);
      await fails(proc, 'EPERM', 'sigaltstack', words(0, SS_DISABLE, 0), null);
    });
    check('SS_DISABLE; ENOMEM: too small; EINVAL: unknown flags; EFAULT', async ({ proc }) => {
      await succeeds(proc, 'sigaltstack', words(0, SS_DISABLE, 0), null);
      const { outputs } = await proc.run('sigaltstack', null, output(12));
      expect(decodeWords(outputs[0]!)[1]).toBe(SS_DISABLE);
      await fails(proc, 'ENOMEM', 'sigaltstack', words(0x10000, 0, 100), null);
      await fails(proc, 'EINVAL', 'sigaltstack', words(0x10000, 64, 16384), null);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'sigaltstack', wild, null);
        await fails(proc, 'EFAULT', 'sigaltstack', null, wild);
      }
    });
  });

  syscall('restart_syscall', () => {
    check('EINTR: there is nothing to go on with', ({ proc }) => fails(proc, 'EINTR', 'restart_syscall'));
  });

  syscall(['rt_sigreturn', 'sigreturn'], () => {
    check('bring back every register', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1);
      await catchSignal(proc, SIGUSR2, SA_SIGINFO);
      // kill(getpid(), SIGUSR1); kill(getpid(), SIGUSR2) with known values in ESI, EDI and EBP; gives their sum.
      const address = await code(
        proc,
        ...[0x53, 0x56, 0x57, 0x55], // push ebx, esi, edi, ebp
        ...[0xbe, 0x01, 0x00, 0x00, 0x00], // mov esi, 1
        ...[0xbf, 0x02, 0x00, 0x00, 0x00], // mov edi, 2
        ...[0xbd, 0x04, 0x00, 0x00, 0x00], // mov ebp, 4
        ...[0x89, 0xc3], // mov ebx, eax
        ...[0xb9, SIGUSR1, 0x00, 0x00, 0x00], // mov ecx, SIGUSR1
        ...[0xb8, 37, 0x00, 0x00, 0x00, 0xcd, 0x80], // mov eax, SYS_kill; int 0x80
        ...[0xb9, SIGUSR2, 0x00, 0x00, 0x00], // mov ecx, SIGUSR2
        ...[0xb8, 37, 0x00, 0x00, 0x00, 0xcd, 0x80], // mov eax, SYS_kill; int 0x80
        ...[0x8d, 0x04, 0x37, 0x01, 0xe8], // lea eax, [edi+esi]; add eax, ebp
        ...[0x5d, 0x5f, 0x5e, 0x5b, 0xc3], // pop ebp, edi, esi, ebx; ret
      );
      expect(await proc.invoke(address, proc.pid)).toBe(7);
      expect(await caught(proc)).toEqual([SIGUSR1, SIGUSR2]);
    });
    check('without a frame they are the end of the process', async ({ proc, spawn }) => {
      await expect(proc.call('rt_sigreturn')).rejects.toThrow();
      expect(await proc.exited).toMatchObject({ kind: 'killed', signal: SIGSEGV });
      const other = await spawn();
      await expect(other.call('sigreturn')).rejects.toThrow();
      expect(await other.exited).toMatchObject({ kind: 'killed', signal: SIGSEGV });
    });
  });

  syscall('kill', () => {
    check('faults tell where', async ({ proc }) => {
      await catchSignal(proc, SIGSEGV, SA_SIGINFO | SA_RESETHAND);
      const address = await proc.mmap({ length: 4096, prot: PROT_READ });
      const child = await proc.fork();
      await child.poke(address + 5, new Uint8Array([1])).catch(() => undefined);
      expect((await proc.wait()).status).toMatchObject({ kind: 'killed', signal: SIGSEGV });
    });
    check('a handler that makes the page accessible lets the access happen', async ({ proc }) => {
      // The agent's handler only records, so the fault repeats; SA_RESETHAND lets it kill the second time. The record
      // is lost with the process, so a vfork's child does it, whose memory is its parent's.
      await catchSignal(proc, SIGSEGV, SA_SIGINFO | SA_RESETHAND);
      const address = await proc.mmap({ length: 4096, prot: PROT_READ });
      const { child, returned } = await proc.vfork();
      await child.poke(address + 5, new Uint8Array([1])).catch(() => undefined);
      await returned;
      expect(await proc.signals()).toMatchObject([{ signal: SIGSEGV, code: SEGV_ACCERR, origin: address + 5 }]);
      await proc.munmap(address, 4096);
      const again = await proc.vfork();
      await again.child.sigaction(SIGSEGV, {
        handler: proc.agent.siginfoHandler,
        flags: SA_SIGINFO | SA_RESETHAND | SA_RESTORER,
        restorer: proc.agent.siginfoRestorer,
      });
      await again.child.peek(address, 1).catch(() => undefined);
      await again.returned;
      expect((await proc.signals()).at(-1)).toMatchObject({ code: SEGV_MAPERR, origin: address });
    });
    check('what programs must not do kills them', async ({ proc, spawn }) => {
      expect(await deathBy(proc, 0xf4)).toBe(SIGSEGV); // hlt
      expect(await deathBy(await spawn(), 0xfa)).toBe(SIGSEGV); // cli
      expect(await deathBy(await spawn(), 0x0f, 0x20, 0xc0)).toBe(SIGSEGV); // mov eax, cr0
      expect(await deathBy(await spawn(), 0xec)).toBe(SIGSEGV); // in al, dx
      expect(await deathBy(await spawn(), 0x0f, 0x0b)).toBe(SIGILL); // ud2
      expect(await deathBy(await spawn(), 0xcc)).toBe(SIGTRAP); // int3
      expect(await deathBy(await spawn(), 0x31, 0xc9, 0xf7, 0xf1)).toBe(SIGFPE); // xor ecx, ecx; div ecx
      expect(await deathBy(await spawn(), 0xcd, 0x0d)).toBe(SIGSEGV); // int 13
      expect(await deathBy(await spawn(), 0x50, 0xeb, 0xfd)).toBe(SIGSEGV); // endless recursion
      expect(await deathBy(await spawn(), 0xea, 0, 0, 0, 0, 0x08, 0)).toBe(SIGSEGV); // jmp 8:0
    });
    check('SIGSTOP stops, SIGCONT lets go on', async ({ proc }) => {
      const child = await proc.fork();
      await child.kill(SIGSTOP);
      await proc.wait(-1, WUNTRACED);
      const answer = child.getpid();
      await child.kill(SIGCONT);
      expect(await answer).toBe(child.pid);
    });
  });

  syscall(['alarm', 'setitimer', 'getitimer'], () => {
    check('an alarm rings', async ({ proc }) => {
      await catchSignal(proc, SIGALRM);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGALRM)); // it waits for sigsuspend, should it be early
      const before = await proc.call('alarm', 1);
      expect([before, await proc.call('rt_sigsuspend', set8(0n), 8)]).toEqual([0, -4]);
      expect(await caught(proc)).toEqual([SIGALRM]);
    });
    check('alarm tells what was left of the one before', async ({ proc }) => {
      expect(await proc.call('alarm', 1_000_000)).toBe(0);
      expect(await proc.call('alarm', 0)).toBeGreaterThan(900_000);
    });
    check('a timer with an interval rings again', async ({ proc }) => {
      await catchSignal(proc, SIGALRM);
      await succeeds(proc, 'setitimer', 0, words(0, 10_000, 0, 10_000), null);
      for (let i = 0; i < 3; i++) await proc.call('pause');
      await succeeds(proc, 'setitimer', 0, words(0, 0, 0, 0), null);
      expect((await caught(proc)).length).toBeGreaterThanOrEqual(3);
      const { outputs } = await proc.run('getitimer', 0, output(16));
      expect(decodeWords(outputs[0]!)).toEqual([0, 0, 0, 0]);
    });
    check('EINVAL: no such timer, an impossible time; EFAULT', async ({ proc }) => {
      await fails(proc, 'EINVAL', 'setitimer', 7, words(0, 0, 0, 0), null);
      for (const which of [ITIMER_VIRTUAL, ITIMER_PROF]) {
        await succeeds(proc, 'setitimer', which, words(0, 0, 1000, 0), null);
        const { outputs } = await proc.run('getitimer', which, output(16));
        expect(decodeWords(outputs[0]!)[2]).toBeGreaterThan(990);
        await succeeds(proc, 'setitimer', which, words(0, 0, 0, 0), null);
      }
      await fails(proc, 'EINVAL', 'getitimer', 7, output(16));
      await fails(proc, 'EINVAL', 'setitimer', 0, words(0, 0, 0, 1_000_000), null);
      for (const wild of wildPointers) {
        await fails(proc, 'EFAULT', 'setitimer', 0, wild, null);
        await fails(proc, 'EFAULT', 'getitimer', 0, wild);
      }
    });
  });

  syscall('rt_sigaction', () => {
    check('SA_NODEFER, SA_NOCLDSTOP and SA_NOCLDWAIT', async ({ proc }) => {
      await catchSignal(proc, SIGINT, SA_NODEFER);
      await catchSignal(proc, SIGCHLD, SA_NOCLDSTOP);
      const child = await proc.fork();
      await child.kill(SIGSTOP);
      await proc.wait(-1, WUNTRACED);
      expect(await caught(proc)).toEqual([]);
      await proc.sigaction(SIGCHLD, { handler: SIG_DFL, flags: SA_NOCLDWAIT });
      await child.kill(SIGKILL);
      expect(await proc.call('wait4', -1, 0, 0, 0)).toBe(-10);
    });
    check('the mask of the action is blocked while the handler runs', async ({ proc }) => {
      await catchSignal(proc, SIGUSR1, 0, signalSet(SIGUSR2));
      await catchSignal(proc, SIGUSR2);
      await proc.sigprocmask(SIG_BLOCK, signalSet(SIGUSR1, SIGUSR2));
      await proc.sendSignal(proc.pid, SIGUSR1);
      await proc.sendSignal(proc.pid, SIGUSR2);
      await proc.sigprocmask(SIG_SETMASK, 0n);
      expect((await caught(proc)).sort()).toEqual([SIGUSR1, SIGUSR2]);
    });
    check('a blocking call with a time goes on after SIGCONT', async ({ proc }) => {
      const child = await proc.fork();
      const sleeping = child.call('nanosleep', inout(encodeWords([0, 50_000_000])), null);
      await child.kill(SIGSTOP);
      await child.kill(SIGCONT);
      expect(await sleeping).toBe(0);
    });
  });
});
