/*
 * Futexes: waiting for a word, waking, moving waiters, and what a futex is.
 */

import { expect } from 'vitest';
import { input, words } from '../../emulator/agent/arguments.ts';
import { decodeWords, encodeTimespec, encodeWords } from '../../emulator/agent/records.ts';
import type { Process } from '../../emulator/agent/process.ts';
import { EAGAIN, EINTR, EPERM, ETIMEDOUT } from '../../kernel/abi/errno.ts';
import { O_CREAT, O_RDWR } from '../../kernel/abi/fcntl.ts';
import {
  FUTEX_BITSET_MATCH_ANY,
  FUTEX_CLOCK_REALTIME,
  FUTEX_CMP_REQUEUE,
  FUTEX_LOCK_PI,
  FUTEX_LOCK_PI2,
  FUTEX_OP_ADD,
  FUTEX_OP_ANDN,
  FUTEX_OP_CMP_EQ,
  FUTEX_OP_CMP_GE,
  FUTEX_OP_CMP_GT,
  FUTEX_OP_CMP_LE,
  FUTEX_OP_CMP_LT,
  FUTEX_OP_CMP_NE,
  FUTEX_OP_OPARG_SHIFT,
  FUTEX_OP_OR,
  FUTEX_OP_SET,
  FUTEX_OP_XOR,
  FUTEX_PRIVATE_FLAG,
  FUTEX_REQUEUE,
  FUTEX_TRYLOCK_PI,
  FUTEX_UNLOCK_PI,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
  FUTEX_WAKE_BITSET,
  FUTEX_WAKE_OP,
} from '../../kernel/abi/futex.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ } from '../../kernel/abi/mman.ts';
import { SA_RESTART, SA_RESTORER, SIGCONT, SIGSTOP, SIGUSR1 } from '../../kernel/abi/signal.ts';
import { WUNTRACED } from '../../kernel/abi/wait.ts';
import { fails, interrupted, onEveryTarget, succeeds, wildPointers } from './support/suite.ts';
import { startThread, type Thread } from './support/threads.ts';

const SOON = encodeTimespec({ seconds: 0, nanoseconds: 20_000_000 });
const SOON64 = encodeWords([0, 0, 20_000_000, 0]);
const PAST = encodeTimespec({ seconds: 1, nanoseconds: 0 });

/** A page of zeroes to wait in. */
const page = (proc: Process, flags = MAP_PRIVATE | MAP_ANONYMOUS): Promise<number> =>
  proc.mmap({ length: 4096, flags });

const wordAt = async (proc: Process, address: number): Promise<number> =>
  decodeWords(await proc.peek(address, 4))[0]! | 0;

/** Wakes at `address` until `count` waiters were woken: they may still be on their way. */
async function wakeAll(proc: Process, address: number, count: number, operation = FUTEX_WAKE, bits = 0): Promise<void> {
  for (let woken = 0; woken < count;) woken += await succeeds(proc, 'futex', address, operation, count, 0, 0, bits);
}

/** A thread that waits at `address`, which holds 0. */
const waiter = (proc: Process, address: number, operation = FUTEX_WAIT, bits = 0): Promise<Thread> =>
  startThread(proc, [['futex', address, operation, 0, 0, 0, bits]]);

/** Lets the agent's handler take SIGUSR1. */
async function handle(proc: Process, flags: number): Promise<void> {
  const { signalHandler: handler, restorer } = proc.agent;
  await proc.sigaction(SIGUSR1, { handler, flags: flags | SA_RESTORER, restorer, mask: 0n });
}

/** FUTEX_WAKE_OP's word. */
const encodeOp = (operation: number, argument: number, comparison: number, compared: number): number =>
  (operation << 28) | (comparison << 24) | ((argument & 0xfff) << 12) | (compared & 0xfff);

onEveryTarget(({ syscall, check }) => {
  syscall('futex', () => {
    check('EAGAIN: the word holds another value', async ({ proc }) => {
      await fails(proc, 'EAGAIN', 'futex', words(5), FUTEX_WAIT, 4, 0);
      await fails(proc, 'EAGAIN', 'futex', words(5), FUTEX_WAIT_BITSET, 4, 0, 0, 1);
    });
    check('ETIMEDOUT: a length for FUTEX_WAIT, a point in time for FUTEX_WAIT_BITSET', async ({ proc }) => {
      await fails(proc, 'ETIMEDOUT', 'futex', words(5), FUTEX_WAIT, 5, input(SOON));
      await fails(proc, 'ETIMEDOUT', 'futex', words(5), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 5, input(SOON));
      for (const clock of [0, FUTEX_CLOCK_REALTIME]) {
        await fails(proc, 'ETIMEDOUT', 'futex', words(5), FUTEX_WAIT_BITSET | clock, 5, input(PAST), 0, 1);
      }
    });
    check('EINVAL: an address, a timeout or a set that cannot be', async ({ proc }) => {
      const memory = await page(proc);
      await fails(proc, 'EINVAL', 'futex', memory + 1, FUTEX_WAIT, 0, 0);
      await fails(proc, 'EINVAL', 'futex', memory + 2, FUTEX_WAKE, 1);
      const bad = encodeTimespec({ seconds: 0, nanoseconds: 1_000_000_000 });
      await fails(proc, 'EINVAL', 'futex', memory, FUTEX_WAIT, 0, input(bad));
      await fails(proc, 'EINVAL', 'futex', memory, FUTEX_WAIT_BITSET, 0, 0, 0, 0);
      await fails(proc, 'EINVAL', 'futex', memory, FUTEX_WAKE_BITSET, 1, 0, 0, 0);
      await fails(proc, 'EINVAL', 'futex', memory, FUTEX_REQUEUE, -1, 1, memory + 4);
      await fails(proc, 'EINVAL', 'futex', memory, FUTEX_REQUEUE, 1, -1, memory + 4);
    });
    check('EFAULT: nothing is there', async ({ proc }) => {
      const hidden = await proc.mmap({ length: 4096, prot: PROT_NONE });
      for (const pointer of [0, 0xc0100000, 0xfffffff0, hidden]) {
        await fails(proc, 'EFAULT', 'futex', pointer, FUTEX_WAIT, 0, 0);
        await fails(proc, 'EFAULT', 'futex', pointer, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, 0);
        await fails(proc, 'EFAULT', 'futex', pointer, FUTEX_WAKE, 1);
      }
      for (const pointer of wildPointers) await fails(proc, 'EFAULT', 'futex', words(0), FUTEX_WAIT, 0, pointer);
      await succeeds(proc, 'futex', hidden, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1); // that needs no look
    });
    check('ENOSYS: what there is not', async ({ proc }) => {
      const memory = await page(proc);
      for (const operation of [2, 14, 63, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, FUTEX_WAKE | FUTEX_CLOCK_REALTIME]) {
        await fails(proc, 'ENOSYS', 'futex', memory, operation, 0, 0);
      }
      await fails(proc, 'ENOSYS', 'futex', memory, FUTEX_WAKE_OP, 1, 1, memory, encodeOp(7, 0, 0, 0));
      await fails(proc, 'ENOSYS', 'futex', memory, FUTEX_WAKE_OP, 1, 1, memory, encodeOp(0, 0, 9, 0));
    });
    check('a lock with an owner is handed over, in turn', async ({ proc }) => {
      const memory = await page(proc);
      expect(await proc.call('futex', memory, FUTEX_LOCK_PI, 0, 0)).toBe(0);
      expect(await wordAt(proc, memory)).toBe(proc.pid);
      await fails(proc, 'EDEADLK', 'futex', memory, FUTEX_LOCK_PI, 0, 0);
      await proc.poke(memory + 64, PAST);
      const hasty = await startThread(proc, [
        ['futex', memory, FUTEX_TRYLOCK_PI, 0, 0],
        ['futex', memory, FUTEX_UNLOCK_PI, 0, 0],
        ['futex', memory, FUTEX_LOCK_PI, 0, memory + 64],
        ['futex', memory, FUTEX_LOCK_PI2, 0, memory + 64],
      ]);
      expect(await hasty.results()).toEqual([-EAGAIN, -EPERM, -ETIMEDOUT, -ETIMEDOUT]);
      expect(await proc.call('futex', memory, FUTEX_UNLOCK_PI, 0, 0)).toBe(0);
      expect(await proc.call('futex', memory, FUTEX_TRYLOCK_PI, 0, 0)).toBe(0);
      const patient = await startThread(proc, [
        ['futex', memory, FUTEX_LOCK_PI, 0, 0],
        ['futex', memory, FUTEX_UNLOCK_PI, 0, 0],
      ]);
      while ((await wordAt(proc, memory)) >= 0) await proc.nanosleep(0, 1_000_000); // until FUTEX_WAITERS is set
      expect(await proc.call('futex', memory, FUTEX_UNLOCK_PI, 0, 0)).toBe(0);
      expect(await patient.results()).toEqual([0, 0]);
      expect(await wordAt(proc, memory)).toBe(0);
    });
    check('a lock of the dead goes to who waits for it', async ({ proc }) => {
      const memory = await page(proc);
      const thread = await startThread(proc, [
        ['futex', memory, FUTEX_LOCK_PI, 0, 0],
        ['futex', memory + 64, FUTEX_WAIT, 0, 0],
      ]);
      while ((await wordAt(proc, memory)) === 0) await proc.nanosleep(0, 1_000_000);
      const waiting = await startThread(proc, [['futex', memory, FUTEX_LOCK_PI, 0, 0]]);
      while ((await wordAt(proc, memory)) > 0) await proc.nanosleep(0, 1_000_000);
      await wakeAll(proc, memory + 64, 1);
      await thread.results();
      expect(await waiting.results()).toEqual([0]);
    });
    check('EPERM, ESRCH, EINVAL, EFAULT: of locks with owners', async ({ proc }) => {
      const memory = await page(proc);
      await fails(proc, 'EPERM', 'futex', memory, FUTEX_UNLOCK_PI, 0, 0);
      await proc.poke(memory, encodeWords([0x3ffffff0]));
      await fails(proc, 'ESRCH', 'futex', memory, FUTEX_LOCK_PI, 0, 0);
      await fails(proc, 'EINVAL', 'futex', memory + 2, FUTEX_LOCK_PI, 0, 0);
      for (const pointer of wildPointers) {
        await fails(proc, 'EFAULT', 'futex', pointer & ~3, FUTEX_LOCK_PI, 0, 0);
        await fails(proc, 'EFAULT', 'futex', pointer & ~3, FUTEX_UNLOCK_PI, 0, 0);
      }
    });
    check('nobody waits: nobody is woken', async ({ proc }) => {
      const memory = await page(proc);
      expect(await proc.call('futex', memory, FUTEX_WAKE, 10)).toBe(0);
      expect(await proc.call('futex', memory, FUTEX_CMP_REQUEUE, 1, 1, memory + 4, 0)).toBe(0);
    });
    check.each<[string, number]>([
      ['private', FUTEX_PRIVATE_FLAG],
      ['not said to be private', 0],
    ])('wakes so many as it is told: %s', async ({ proc }, [, flag]) => {
      const memory = await page(proc);
      const threads = [];
      for (let i = 0; i < 4; i++) threads.push(await waiter(proc, memory, FUTEX_WAIT | flag));
      await wakeAll(proc, memory, 1, FUTEX_WAKE | flag);
      await wakeAll(proc, memory, 3, FUTEX_WAKE | flag);
      for (const thread of threads) expect(await thread.results()).toEqual([0]);
    });
    check('private and shared futexes in one place are two', async ({ proc }) => {
      const memory = await page(proc);
      const thread = await waiter(proc, memory, FUTEX_WAIT | FUTEX_PRIVATE_FLAG);
      expect(await proc.call('futex', memory, FUTEX_WAKE, 1)).toBe(0);
      await wakeAll(proc, memory, 1, FUTEX_WAKE | FUTEX_PRIVATE_FLAG);
      expect(await thread.results()).toEqual([0]);
    });
    check('wakes for bits in common', async ({ proc }) => {
      const memory = await page(proc);
      const two = await waiter(proc, memory, FUTEX_WAIT_BITSET, 2);
      const four = await waiter(proc, memory, FUTEX_WAIT_BITSET, 4);
      expect(await proc.call('futex', memory, FUTEX_WAKE_BITSET, 9, 0, 0, 8)).toBe(0);
      await wakeAll(proc, memory, 1, FUTEX_WAKE_BITSET, 6 & 4);
      expect(await four.results()).toEqual([0]);
      await wakeAll(proc, memory, 1, FUTEX_WAKE_BITSET, FUTEX_BITSET_MATCH_ANY);
      expect(await two.results()).toEqual([0]);
    });
    check.each<[string, number]>([
      ['FUTEX_REQUEUE', FUTEX_REQUEUE],
      ['FUTEX_CMP_REQUEUE', FUTEX_CMP_REQUEUE],
    ])('%s moves waiters to another futex', async ({ proc }, [, operation]) => {
      const memory = await page(proc);
      const threads = [];
      for (let i = 0; i < 3; i++) threads.push(await waiter(proc, memory));
      let moved = 0;
      while (moved < 3) moved += await succeeds(proc, 'futex', memory, operation, 0, 10, memory + 4, 0);
      expect(await proc.call('futex', memory, FUTEX_WAKE, 10)).toBe(0);
      expect(await proc.call('futex', memory + 4, FUTEX_WAKE, 10)).toBe(3);
      for (const thread of threads) expect(await thread.results()).toEqual([0]);
    });
    check('FUTEX_CMP_REQUEUE: one is woken, and as many as there are move', async ({ proc }) => {
      const memory = await page(proc);
      const thread = await waiter(proc, memory, FUTEX_WAIT);
      let woken = 0;
      while (woken === 0) {
        woken = await succeeds(proc, 'futex', memory, FUTEX_CMP_REQUEUE, 1, 0x7fffffff, memory + 4, 0);
      }
      expect(await thread.results()).toEqual([0]);
    });
    check('FUTEX_CMP_REQUEUE: EAGAIN for another value', ({ proc }) =>
      fails(proc, 'EAGAIN', 'futex', words(1), FUTEX_CMP_REQUEUE, 1, 1, words(0), 2),
    );
    check.each<[string, number, number, number]>([
      ['set', FUTEX_OP_SET, 7, 7],
      ['add', FUTEX_OP_ADD, -2, 10],
      ['or', FUTEX_OP_OR, 3, 15],
      ['and not', FUTEX_OP_ANDN, 4, 8],
      ['xor', FUTEX_OP_XOR, 5, 9],
      ['or a bit', FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 5, 44],
    ])('FUTEX_WAKE_OP changes the second word: %s', async ({ proc }, [, operation, argument, wanted]) => {
      const memory = await page(proc);
      await proc.poke(memory, encodeWords([12]));
      const word = encodeOp(operation, argument, FUTEX_OP_CMP_EQ, 0);
      await succeeds(proc, 'futex', memory + 8, FUTEX_WAKE_OP, 1, 1, memory, word);
      expect(await wordAt(proc, memory)).toBe(wanted);
    });
    check.each<[string, number, number, boolean]>([
      ['equal', FUTEX_OP_CMP_EQ, -1, true],
      ['not equal', FUTEX_OP_CMP_NE, -1, false],
      ['less', FUTEX_OP_CMP_LT, 0, true],
      ['not less', FUTEX_OP_CMP_LT, -1, false],
      ['at most', FUTEX_OP_CMP_LE, -1, true],
      ['greater', FUTEX_OP_CMP_GT, -2, true],
      ['at least', FUTEX_OP_CMP_GE, 0, false],
    ])('FUTEX_WAKE_OP compares the old value: %s', async ({ proc }, [, comparison, compared, isWoken]) => {
      const memory = await page(proc);
      const thread = await waiter(proc, memory + 8);
      // A second waiter that is woken shows that the first one, who came earlier, was there to be woken.
      const later = await waiter(proc, memory + 12);
      let moved = 0;
      while (moved === 0) moved += await succeeds(proc, 'futex', memory + 8, FUTEX_REQUEUE, 0, 1, memory + 4);
      const word = encodeOp(FUTEX_OP_SET, 0, comparison, compared);
      await proc.poke(memory + 4, encodeWords([-1]));
      const woken = await succeeds(proc, 'futex', memory + 12, FUTEX_WAKE_OP, 0x7fffffff, 1, memory + 4, word);
      expect(await wordAt(proc, memory + 4)).toBe(0);
      if (!isWoken) expect(await proc.call('futex', memory + 4, FUTEX_WAKE, 1)).toBe(1);
      expect(await thread.results()).toEqual([0]);
      if (woken < (isWoken ? 2 : 1)) await wakeAll(proc, memory + 12, 1);
      expect(await later.results()).toEqual([0]);
    });
    check('FUTEX_WAKE_OP: EFAULT where it cannot write', async ({ proc }) => {
      const memory = await page(proc);
      const readOnly = await proc.mmap({ length: 4096, prot: PROT_READ });
      const word = encodeOp(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0);
      await fails(proc, 'EFAULT', 'futex', memory, FUTEX_WAKE_OP, 1, 1, readOnly, word);
      await fails(proc, 'EFAULT', 'futex', memory, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1, readOnly, word);
    });
    check('works between processes in shared anonymous memory', async ({ proc }) => {
      const memory = await page(proc, MAP_SHARED | MAP_ANONYMOUS);
      const child = await proc.fork();
      const call = child.call('futex', memory, FUTEX_WAIT, 0, 0);
      await wakeAll(proc, memory, 1);
      expect(await call).toBe(0);
    });
    check('and in a file that both have mapped, each elsewhere', async ({ proc, spawn }) => {
      const other = await spawn();
      const fd = await proc.open('file', O_RDWR | O_CREAT, 0o600);
      await proc.run('ftruncate', fd, 8192);
      const elsewhere = await other.open('file', O_RDWR);
      const mine = await proc.mmap({ length: 8192, flags: MAP_SHARED, fd });
      const theirs = await other.mmap({ length: 4096, flags: MAP_SHARED, fd: elsewhere, pageOffset: 1 });
      const call = other.call('futex', theirs + 40, FUTEX_WAIT, 0, 0);
      expect(await proc.call('futex', mine + 40, FUTEX_WAKE, 1)).toBe(0); // the same place in another page
      await wakeAll(proc, mine + 4096 + 40, 1);
      expect(await call).toBe(0);
    });
    check('private memory is not shared by a fork', async ({ proc }) => {
      const memory = await page(proc);
      const child = await proc.fork();
      const call = child.call('futex', memory, FUTEX_WAIT, 0, input(SOON));
      expect(await proc.call('futex', memory, FUTEX_WAKE, 1)).toBe(0);
      expect(await call).toBe(-ETIMEDOUT);
    });
    check('EINTR: a signal with a handler; without SA_RESTART, or with a timeout', async ({ proc, spawn }) => {
      const memory = await page(proc);
      const long = encodeTimespec({ seconds: 1000, nanoseconds: 0 });
      await handle(proc, 0);
      expect(await interrupted(proc, SIGUSR1, proc.call('futex', memory, FUTEX_WAIT, 0, 0))).toBe(-EINTR);
      const other = await spawn();
      const there = await page(other);
      await handle(other, SA_RESTART);
      expect(await interrupted(other, SIGUSR1, other.call('futex', there, FUTEX_WAIT, 0, input(long)))).toBe(-EINTR);
    });
    check('a stop does not lengthen the wait, nor does it end', async ({ proc }) => {
      const child = await proc.fork();
      const memory = await page(child);
      const call = child.call('futex', memory, FUTEX_WAIT, 0, input(SOON));
      await proc.run('kill', child.pid, SIGSTOP);
      await proc.wait(child.pid, WUNTRACED);
      await proc.run('kill', child.pid, SIGCONT);
      expect(await call).toBe(-ETIMEDOUT);
    });
    check('the page need not be there yet, nor writable', async ({ proc }) => {
      const readOnly = await proc.mmap({ length: 4096, prot: PROT_READ });
      expect(await proc.call('futex', readOnly, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1, 0)).toBe(-EAGAIN);
      await fails(proc, 'EFAULT', 'futex', readOnly, FUTEX_WAIT, 1, 0); // no word that nobody can change is shared
      const fresh = await page(proc);
      const word = encodeOp(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0);
      await succeeds(proc, 'futex', fresh + 2048, FUTEX_WAKE_OP, 1, 1, fresh, word);
      expect(await wordAt(proc, fresh)).toBe(5);
    });
  });

  syscall('futex_time64', () => {
    check('takes wide times', async ({ proc }) => {
      await fails(proc, 'ETIMEDOUT', 'futex_time64', words(5), FUTEX_WAIT, 5, input(SOON64));
      const past = encodeWords([1, 0, 0, 0]);
      await fails(proc, 'ETIMEDOUT', 'futex_time64', words(5), FUTEX_WAIT_BITSET, 5, input(past), 0, 1);
      await fails(proc, 'EINVAL', 'futex_time64', words(5), FUTEX_WAIT, 5, input(encodeWords([-1, -1, 0, 0])));
      for (const pointer of wildPointers) await fails(proc, 'EFAULT', 'futex_time64', words(0), FUTEX_WAIT, 0, pointer);
    });
    check('and is futex otherwise', async ({ proc }) => {
      const memory = await page(proc);
      await fails(proc, 'EAGAIN', 'futex_time64', memory, FUTEX_WAIT, 4, 0);
      expect(await proc.call('futex_time64', memory, FUTEX_WAKE, 1)).toBe(0);
      await fails(proc, 'ENOSYS', 'futex_time64', memory, 63, 0, 0);
    });
  });
});
