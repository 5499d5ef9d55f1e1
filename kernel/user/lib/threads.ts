/*
 * Threads, and what they wait for each other with: locks, conditions and barriers over futexes.
 *
 * A thread runs a function on a stack of its own, in the memory of the program. The kernel clears its tid word when it has
 * ended, and wakes whoever waits there: that is all there is to joining. Nothing else in kernel/user/lib is for several
 * threads at once: output, the heap and the like belong to one thread, or are used with a lock held.
 *
 * Locks are those of Drepper's "Futexes Are Tricky" (2011): 0 free, 1 taken, 2 taken and somebody may wait.
 */

import { FUTEX_CMP_REQUEUE, FUTEX_PRIVATE_FLAG, FUTEX_WAIT, FUTEX_WAKE } from '../../abi/futex.ts';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../../abi/mman.ts';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
} from '../../abi/sched.ts';
import { SYS_clone, SYS_exit, SYS_futex, SYS_mmap2, SYS_munmap } from '../../abi/syscallNumbers.ts';

const STACK_SIZE: u32 = 65536;
const FLAGS: u32 =
  CLONE_VM |
  CLONE_FS |
  CLONE_FILES |
  CLONE_SIGHAND |
  CLONE_THREAD |
  CLONE_SYSVSEM |
  CLONE_CHILD_SETTID |
  CLONE_CHILD_CLEARTID;

const FREE: u32 = 0;
const TAKEN: u32 = 1;
const CONTENDED: u32 = 2;

export class Thread {
  /** Its id; 0 once it has ended. The kernel writes it. */
  tid: Volatile<u32>;
  stack: u32;
}

/** A lock. All zeroes is a free one. */
export class Lock {
  word: Volatile<u32>;
}

/** Where threads that hold a lock wait for something to come true. All zeroes is one that nobody waits for. */
export class Condition {
  sequence: Volatile<u32>;
}

/** Where `total` threads wait for each other, again and again. Set `total` in one of zeroes. */
export class Barrier {
  total: u32;
  arrived: Volatile<u32>;
  generation: Volatile<u32>;
}

function futexWait(word: Ptr<Volatile<u32>>, value: u32, flags: u32): void {
  int80(SYS_futex, u32(word), FUTEX_WAIT | flags, value, 0, 0, 0);
}

function futexWake(word: Ptr<Volatile<u32>>, count: u32): void {
  int80(SYS_futex, u32(word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, 0, 0, 0);
}

/** Starts a thread that calls `entry(argument)` and ends when that returns. 0, or a negated error number. */
export function startThread(thread: Thread, entry: (argument: u32) => void, argument: u32): i32 {
  const access = PROT_READ | PROT_WRITE;
  const stack = int80(SYS_mmap2, 0, STACK_SIZE, access, MAP_PRIVATE | MAP_ANONYMOUS, 0xffffffff, 0);
  if (stack < 0 && stack > -4096) return stack;
  thread.stack = u32(stack);
  thread.tid = 0xffffffff; // until the kernel knows better
  const top = ptr<u32>(thread.stack + STACK_SIZE - 8);
  top[0] = u32(entry);
  top[1] = argument;
  const result = cloneThread(FLAGS, u32(top), addrOf(thread.tid));
  if (result >= 0) return 0;
  int80(SYS_munmap, thread.stack, STACK_SIZE, 0, 0, 0, 0);
  return result;
}

/** Waits until the thread has ended, and frees its stack. */
export function joinThread(thread: Thread): void {
  for (let tid: u32 = thread.tid; tid !== 0; tid = thread.tid) futexWait(addrOf(thread.tid), tid, 0);
  int80(SYS_munmap, thread.stack, STACK_SIZE, 0, 0, 0, 0);
}

/** Takes a lock; waits for as long as it takes. */
export function takeLock(lock: Lock): void {
  if (atomic.cmpxchg(addrOf(lock.word), FREE, TAKEN) !== FREE) takeContended(lock);
}

/** Takes a lock that others may wait for as well. */
function takeContended(lock: Lock): void {
  while (atomic.xchg(addrOf(lock.word), CONTENDED) !== FREE) {
    futexWait(addrOf(lock.word), CONTENDED, FUTEX_PRIVATE_FLAG);
  }
}

/** Releases it. */
export function releaseLock(lock: Lock): void {
  if (atomic.xchg(addrOf(lock.word), FREE) === CONTENDED) futexWake(addrOf(lock.word), 1);
}

/** Lets go of the lock until the next broadcast, and takes it again. As a signal may end the wait as well, look again. */
export function waitForCondition(condition: Condition, lock: Lock): void {
  const seen: u32 = condition.sequence;
  releaseLock(lock);
  futexWait(addrOf(condition.sequence), seen, FUTEX_PRIVATE_FLAG);
  takeContended(lock);
}

/** Wakes all who wait; the caller holds the lock. One of them is woken at once, the others wait for the lock instead. */
export function broadcast(condition: Condition, lock: Lock): void {
  const sequence: u32 = atomic.fetchAdd(addrOf(condition.sequence), 1) + 1;
  atomic.xchg(addrOf(lock.word), CONTENDED);
  const operation = FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG;
  const all: u32 = 0x7fffffff;
  int80(SYS_futex, u32(addrOf(condition.sequence)), operation, 1, all, u32(addrOf(lock.word)), sequence);
}

/** Waits until all have come here. */
export function waitAtBarrier(barrier: Barrier): void {
  const generation: u32 = barrier.generation;
  if (atomic.fetchAdd(addrOf(barrier.arrived), 1) + 1 === barrier.total) {
    barrier.arrived = 0;
    atomic.inc(addrOf(barrier.generation));
    futexWake(addrOf(barrier.generation), barrier.total);
    return;
  }
  while (barrier.generation === generation) {
    futexWait(addrOf(barrier.generation), generation, FUTEX_PRIVATE_FLAG);
  }
}

/**
 * Makes a thread whose stack, at `stack`, begins with its function and that function's argument. The tid, or an error.
 * @naked
 */
function cloneThread(_flags: u32, _stack: u32, _tid: Ptr<Volatile<u32>>): i32 {
  return asm`push ebx
      push esi
      push edi
      mov ebx, eax
      mov edi, ecx
      mov ecx, edx
      xor edx, edx
      xor esi, esi
      mov eax, ${SYS_clone}
      int 0x80
      test eax, eax
      jz child
      pop edi
      pop esi
      pop ebx
      ret
    child:
      xor ebp, ebp
      pop ecx
      pop eax
      call ecx
      mov eax, ${SYS_exit}
      xor ebx, ebx
      int 0x80`;
}
