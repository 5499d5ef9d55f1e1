/*
 * Tracing, and reaching into the memory of others.
 */

import { expect } from 'vitest';
import { input, output, words } from '../../emulator/agent/arguments.ts';
import { decodeWords, encodeWords } from '../../emulator/agent/records.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_NONE, PROT_READ } from '../../kernel/abi/mman.ts';
import {
  PTRACE_ATTACH,
  PTRACE_CONT,
  PTRACE_DETACH,
  PTRACE_GETEVENTMSG,
  PTRACE_GETFPREGS,
  PTRACE_GETFPXREGS,
  PTRACE_GETREGS,
  PTRACE_GETSIGINFO,
  PTRACE_GETSIGMASK,
  PTRACE_INTERRUPT,
  PTRACE_KILL,
  PTRACE_O_EXITKILL,
  PTRACE_O_TRACEEXIT,
  PTRACE_O_TRACESYSGOOD,
  PTRACE_PEEKDATA,
  PTRACE_PEEKUSR,
  PTRACE_POKEDATA,
  PTRACE_POKEUSR,
  PTRACE_SEIZE,
  PTRACE_SETOPTIONS,
  PTRACE_SETREGS,
  PTRACE_SINGLESTEP,
  PTRACE_SYSCALL,
  PTRACE_TRACEME,
} from '../../kernel/abi/ptrace.ts';
import { SIGKILL, SIGSTOP, SIGTERM, SIGTRAP, SIGUSR1 } from '../../kernel/abi/signal.ts';
import { __WALL, WNOHANG } from '../../kernel/abi/wait.ts';
import { fails, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';

const EIP = 12;
const ORIG_EAX = 11;

/** A child of `proc` that it has attached to, and that stands still. */
async function attached(proc: Process): Promise<Process> {
  const child = await proc.fork();
  await succeeds(proc, 'ptrace', PTRACE_ATTACH, child.pid, 0, 0);
  expect((await proc.wait(child.pid)).status).toMatchObject({ kind: 'stopped', signal: SIGSTOP });
  return child;
}

async function registers(proc: Process, pid: number): Promise<number[]> {
  const { outputs } = await proc.run('ptrace', PTRACE_GETREGS, pid, 0, output(68));
  return decodeWords(outputs[0]!);
}

async function stopOf(proc: Process, pid: number): Promise<number> {
  const { outputs } = await proc.run('wait4', pid, output(4), __WALL, 0);
  return decodeWords(outputs[0]!)[0]!;
}

onEveryTarget(({ target, syscall, check }) => {
  syscall('ptrace', () => {
    check('a tracee that is attached to stops, and goes on when it is let go', async ({ proc }) => {
      const child = await attached(proc);
      await fails(proc, 'EPERM', 'ptrace', PTRACE_ATTACH, child.pid, 0, 0);
      await succeeds(proc, 'ptrace', PTRACE_DETACH, child.pid, 0, 0);
      await fails(proc, 'ESRCH', 'ptrace', PTRACE_CONT, child.pid, 0, 0);
      expect(await child.getpid()).toBe(child.pid);
    });
    check('only the tracer may ask, and only while it stands still', async ({ proc, spawn }) => {
      const child = await attached(proc);
      const other = await spawn();
      await fails(other, 'ESRCH', 'ptrace', PTRACE_CONT, child.pid, 0, 0);
      await succeeds(proc, 'ptrace', PTRACE_CONT, child.pid, 0, 0);
      await child.getpid();
      await fails(proc, 'ESRCH', 'ptrace', PTRACE_GETREGS, child.pid, 0, output(68));
    });
    check('registers can be read and written', async ({ proc }) => {
      const child = await attached(proc);
      const before = await registers(proc, child.pid);
      const { outputs } = await proc.run('ptrace', PTRACE_PEEKUSR, child.pid, EIP * 4, output(4));
      expect(decodeWords(outputs[0]!)).toEqual([before[EIP]]);
      await succeeds(proc, 'ptrace', PTRACE_SETREGS, child.pid, 0, input(encodeWords(before)));
      expect(await registers(proc, child.pid)).toEqual(before);
      await succeeds(proc, 'ptrace', PTRACE_POKEUSR, child.pid, ORIG_EAX * 4, before[ORIG_EAX]!);
      await fails(proc, 'EIO', 'ptrace', PTRACE_PEEKUSR, child.pid, 1, output(4));
      await fails(proc, 'EIO', 'ptrace', PTRACE_PEEKUSR, child.pid, 4000, output(4));
      await succeeds(proc, 'ptrace', PTRACE_DETACH, child.pid, 0, 0);
      expect(await child.getpid()).toBe(child.pid);
    });
    check('memory can be read and written, whatever its rights', async ({ proc }) => {
      const hidden = await proc.mmap({ length: 4096 });
      await proc.poke(hidden, encodeWords([7, 8]));
      await proc.mprotect(hidden, 4096, PROT_NONE);
      const readOnly = await proc.mmap({ length: 4096, prot: PROT_READ });
      const child = await attached(proc);
      const { outputs } = await proc.run('ptrace', PTRACE_PEEKDATA, child.pid, hidden + 4, output(4));
      expect(decodeWords(outputs[0]!)).toEqual([8]);
      await succeeds(proc, 'ptrace', PTRACE_POKEDATA, child.pid, hidden + 4, 9);
      await succeeds(proc, 'ptrace', PTRACE_POKEDATA, child.pid, readOnly, 11);
      await fails(proc, 'EIO', 'ptrace', PTRACE_PEEKDATA, child.pid, 0x10, output(4));
      await fails(proc, 'EIO', 'ptrace', PTRACE_POKEDATA, child.pid, 0xc0100000, 0);
      await succeeds(proc, 'ptrace', PTRACE_DETACH, child.pid, 0, 0);
      expect(decodeWords(await child.peek(readOnly, 4))).toEqual([11]);
      await child.mprotect(hidden, 4096, PROT_READ);
      expect(decodeWords(await child.peek(hidden, 8))).toEqual([7, 9]);
      expect(decodeWords(await proc.peek(readOnly, 4))).toEqual([0]);
    });
    check('stops at the beginning and the end of calls', async ({ proc }) => {
      const child = await attached(proc);
      await succeeds(proc, 'ptrace', PTRACE_SETOPTIONS, child.pid, 0, PTRACE_O_TRACESYSGOOD);
      await succeeds(proc, 'ptrace', PTRACE_SYSCALL, child.pid, 0, 0);
      const call = child.call('getppid');
      for (let found = false; !found;) {
        expect(await stopOf(proc, child.pid)).toBe(((SIGTRAP | 0x80) << 8) | 0x7f);
        const { outputs } = await proc.run('ptrace', PTRACE_GETEVENTMSG, child.pid, 0, output(4));
        const isEnd = decodeWords(outputs[0]!)[0] === 2;
        const all = await registers(proc, child.pid);
        found = isEnd && all[ORIG_EAX] === 64;
        if (found) expect(all[6]).toBe(proc.pid);
        await succeeds(proc, 'ptrace', found ? PTRACE_DETACH : PTRACE_SYSCALL, child.pid, 0, 0);
      }
      expect(await call).toBe(proc.pid);
    });
    check('signals are for the tracer first', async ({ proc }) => {
      const child = await attached(proc);
      await fails(proc, 'EIO', 'ptrace', PTRACE_CONT, child.pid, 0, 65);
      await succeeds(proc, 'ptrace', PTRACE_CONT, child.pid, 0, 0);
      await succeeds(proc, 'kill', child.pid, SIGTERM);
      expect(await stopOf(proc, child.pid)).toBe((SIGTERM << 8) | 0x7f);
      const { outputs } = await proc.run('ptrace', PTRACE_GETSIGINFO, child.pid, 0, output(128));
      expect(decodeWords(outputs[0]!).slice(0, 4)).toEqual([SIGTERM, 0, 0, proc.pid]);
      await succeeds(proc, 'ptrace', PTRACE_CONT, child.pid, 0, 0);
      expect(await child.getpid()).toBe(child.pid);
      await succeeds(proc, 'kill', child.pid, SIGUSR1);
      expect(await stopOf(proc, child.pid)).toBe((SIGUSR1 << 8) | 0x7f);
      await succeeds(proc, 'ptrace', PTRACE_CONT, child.pid, 0, SIGTERM);
      expect((await proc.wait(child.pid)).status).toMatchObject({ kind: 'killed', signal: SIGTERM });
    });
    check('a seized tracee runs on until it is interrupted', async ({ proc }) => {
      const child = await proc.fork();
      await fails(proc, 'EIO', 'ptrace', PTRACE_SEIZE, child.pid, 1, 0);
      await succeeds(proc, 'ptrace', PTRACE_SEIZE, child.pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
      expect(await proc.call('wait4', child.pid, 0, WNOHANG, 0)).toBe(0);
      await succeeds(proc, 'ptrace', PTRACE_INTERRUPT, child.pid, 0, 0);
      expect(await stopOf(proc, child.pid)).toBe((128 << 16) | (SIGTRAP << 8) | 0x7f);
      await succeeds(proc, 'ptrace', PTRACE_DETACH, child.pid, 0, 0);
    });
    check('single steps, where the CPU has them', async ({ proc }) => {
      const child = await attached(proc);
      if (target.own && target.name.startsWith('machine')) {
        await fails(proc, 'EIO', 'ptrace', PTRACE_SINGLESTEP, child.pid, 0, 0);
        return;
      }
      // It sleeps in a call: the first step is that call's end, the second goes on from there.
      await proc.run('kill', child.pid, SIGUSR1);
      await succeeds(proc, 'ptrace', PTRACE_CONT, child.pid, 0, 0);
      expect(await stopOf(proc, child.pid)).toBe((SIGUSR1 << 8) | 0x7f);
      const call = child.call('getppid');
      const places = new Set<number>();
      for (let i = 0; i < 5; i++) {
        await succeeds(proc, 'ptrace', PTRACE_SINGLESTEP, child.pid, 0, 0);
        expect(await stopOf(proc, child.pid)).toBe((SIGTRAP << 8) | 0x7f);
        places.add((await registers(proc, child.pid))[EIP]!);
      }
      expect(places.size).toBeGreaterThan(2);
      await succeeds(proc, 'ptrace', PTRACE_DETACH, child.pid, 0, 0);
      expect(await call).toBe(proc.pid);
    });
    check('the FPU, the mask, options', async ({ proc }) => {
      const child = await attached(proc);
      for (const [request, size] of [
        [PTRACE_GETFPREGS, 108],
        [PTRACE_GETFPXREGS, 512],
      ] as const) {
        const { outputs } = await proc.run('ptrace', request, child.pid, 0, output(size));
        expect(outputs[0]![0]! | (outputs[0]![1]! << 8)).toBe(0x37f);
      }
      const mask = await proc.run('ptrace', PTRACE_GETSIGMASK, child.pid, 8, output(8));
      expect(decodeWords(mask.outputs[0]!)).toEqual([0, 0]);
      await fails(proc, 'EINVAL', 'ptrace', PTRACE_GETSIGMASK, child.pid, 4, output(8));
      await fails(proc, 'EINVAL', 'ptrace', PTRACE_SETOPTIONS, child.pid, 0, 0x8000);
      await fails(proc, 'EIO', 'ptrace', 9999, child.pid, 0, 0);
      await fails(proc, 'EIO', 'ptrace', PTRACE_INTERRUPT, child.pid, 0, 0);
      for (const pointer of wildPointers) {
        await fails(proc, 'EFAULT', 'ptrace', PTRACE_GETREGS, child.pid, 0, pointer);
        await fails(proc, 'EFAULT', 'ptrace', PTRACE_SETREGS, child.pid, 0, pointer);
      }
    });
    check('PTRACE_KILL and SIGKILL end a tracee that stands still', async ({ proc }) => {
      for (const request of [PTRACE_KILL, 0]) {
        const child = await attached(proc);
        if (request === 0) await succeeds(proc, 'kill', child.pid, SIGKILL);
        else await succeeds(proc, 'ptrace', request, child.pid, 0, 0);
        expect((await proc.wait(child.pid)).status).toMatchObject({ kind: 'killed', signal: SIGKILL });
      }
    });
    check('EPERM, ESRCH: oneself, strangers, nobody, a second tracer', async ({ proc, spawn }) => {
      await fails(proc, 'EPERM', 'ptrace', PTRACE_ATTACH, proc.pid, 0, 0);
      await fails(proc, 'ESRCH', 'ptrace', PTRACE_ATTACH, 99999, 0, 0);
      const child = await proc.fork();
      await succeeds(child, 'ptrace', PTRACE_TRACEME, 0, 0, 0);
      await fails(child, 'EPERM', 'ptrace', PTRACE_TRACEME, 0, 0, 0);
      const stranger = await spawn();
      await proc.call('setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'ptrace', PTRACE_ATTACH, stranger.pid, 0, 0);
    });
  });

  syscall(['process_vm_readv', 'process_vm_writev'], () => {
    check('copy between two processes, over the borders of their pieces', async ({ proc }) => {
      const memory = await proc.mmap({ length: 8192 });
      const child = await proc.fork();
      await child.poke(memory + 4090, new TextEncoder().encode('hello world'));
      const local = words(memory, 4, memory + 100, 7);
      const remote = words(memory + 4090, 5, memory + 4095, 6);
      expect(await proc.call('process_vm_readv', child.pid, local, 2, remote, 2, 0)).toBe(11);
      expect(new TextDecoder().decode(await proc.peek(memory, 4))).toBe('hell');
      expect(new TextDecoder().decode(await proc.peek(memory + 100, 7))).toBe('o world');
      expect(await proc.call('process_vm_writev', child.pid, words(memory + 101, 6), 1, words(memory, 3), 1, 0)).toBe(
        3,
      );
      expect(new TextDecoder().decode(await child.peek(memory, 3))).toBe(' wo');
    });
    check('what lies before a hole is copied', async ({ proc }) => {
      const memory = await proc.mmap({ length: 8192 });
      await proc.munmap(memory + 4096, 4096);
      const child = await proc.fork();
      const remote = words(memory + 4000, 200);
      expect(await proc.call('process_vm_readv', child.pid, words(memory, 200), 1, remote, 1, 0)).toBe(96);
      await fails(proc, 'EFAULT', 'process_vm_readv', child.pid, words(memory, 4), 1, words(memory + 4096, 4), 1, 0);
    });
    check('EFAULT: not against the rights of the other side', async ({ proc }) => {
      const memory = await proc.mmap({ length: 4096, flags: MAP_PRIVATE | MAP_ANONYMOUS, prot: PROT_READ });
      const child = await proc.fork();
      await fails(proc, 'EFAULT', 'process_vm_writev', child.pid, words(memory, 4), 1, words(memory, 4), 1, 0);
    });
    check('EINVAL, ESRCH, EPERM, EFAULT', async ({ proc, spawn }) => {
      const memory = await proc.mmap({ length: 4096 });
      const vector = words(memory, 4);
      await fails(proc, 'EINVAL', 'process_vm_readv', proc.pid, vector, 1, vector, 1, 1);
      await fails(proc, 'EINVAL', 'process_vm_writev', proc.pid, vector, 1025, vector, 1, 0);
      await fails(proc, 'ESRCH', 'process_vm_readv', 99999, vector, 1, vector, 1, 0);
      for (const pointer of wildPointers)
        await fails(proc, 'EFAULT', 'process_vm_readv', proc.pid, pointer, 1, vector, 1, 0);
      expect(await proc.call('process_vm_readv', proc.pid, vector, 0, vector, 1, 0)).toBe(0);
      const stranger = await spawn();
      await proc.call('setresuid32', 1000, 1000, 1000);
      await fails(proc, 'EPERM', 'process_vm_readv', stranger.pid, vector, 1, vector, 1, 0);
    });
  });
});
