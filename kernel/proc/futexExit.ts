/*
 * What a thread owes to others when it leaves its address space, by exit or by exec.
 *
 * Two things. Locks that it holds and will never release: a thread may have told the kernel where its list of such locks
 * is (set_robust_list), and each of them that bears its number is marked as ownerless, and a waiter woken. And the word
 * that others wait for to join the thread (set_tid_address, CLONE_CHILD_CLEARTID): it is cleared, and a waiter woken.
 *
 * The list is the program's memory, which may be anything. Whatever cannot be read ends the walk; so does its length,
 * for a list may bite its own tail.
 *
 * @source get_robust_list(2); the Linux documentation "A description of what robust futexes are" for the ABI.
 */

import {
  FUTEX_BITSET_MATCH_ANY,
  FUTEX_OWNER_DIED,
  FUTEX_TID_MASK,
  FUTEX_WAITERS,
  type RobustListHead,
} from '../abi/futex.ts';
import { compareAndSwapUser32, copyFromUser, getUser32, putUser32 } from '../arch/x86/userCopy.ts';
import { type Mm } from '../mm/types.ts';
import { futexWake, type FutexWord } from './futex.ts';
import { bequeathPiLocks } from './futexPi.ts';
import { type Task } from './task.ts';

/** Locks of one thread that are looked at, at most. */
const ROBUST_LIST_LIMIT: u32 = 2048;

/** Wakes one of those who wait at a word that may be shared between processes. */
function wakeOneAt(address: u32): void {
  const word = zeroed<Inline<FutexWord>>();
  word.address = address;
  futexWake(word, 1, FUTEX_BITSET_MATCH_ANY);
}

/**
 * Marks a lock as ownerless if the dying thread owns it. False: it cannot be reached.
 *
 * @param isPending the thread was in the middle of taking or releasing it: if it is free, a waiter may have missed that
 */
function abandonLock(address: u32, tid: u32, isPriorityLock: boolean, isPending: boolean): boolean {
  if ((address & 3) !== 0) return false;
  let value: u32 = 0;
  if (getUser32(address, addrOf(value)) < 0) return false;
  if (isPending && !isPriorityLock && value === 0) {
    wakeOneAt(address);
    return true;
  }
  for (;;) {
    if ((value & FUTEX_TID_MASK) !== tid) return true;
    let seen: u32 = 0;
    const fresh: u32 = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    if (compareAndSwapUser32(address, value, fresh, addrOf(seen)) < 0) return false;
    if (seen === value) break;
    value = seen;
  }
  if (!isPriorityLock && (value & FUTEX_WAITERS) !== 0) wakeOneAt(address);
  return true;
}

/** The lowest bit of a list's word says that the lock hands on priorities. */
function entryAddress(entry: u32): u32 {
  return entry & ~1;
}

function abandonLocks(listHead: u32, tid: u32): void {
  const head = zeroed<Inline<RobustListHead>>();
  if (copyFromUser(ptr<u8>(head), listHead, sizeof<RobustListHead>()) < 0) return;
  const offset = u32(head.futex_offset);
  const pending = entryAddress(head.list_op_pending);
  let entry = head.list;
  for (let i: u32 = 0; i < ROBUST_LIST_LIMIT && entryAddress(entry) !== listHead; i++) {
    const address = entryAddress(entry);
    let next: u32 = 0;
    const isLast = getUser32(address, addrOf(next)) < 0;
    // The pending one comes last, whether it is on the list or not.
    if (address !== pending && !abandonLock(address + offset, tid, (entry & 1) !== 0, false)) return;
    if (isLast) return;
    entry = next;
  }
  if (pending !== 0) abandonLock(pending + offset, tid, (head.list_op_pending & 1) !== 0, true);
}

/**
 * `task`, the current one, is about to leave `mm`: gives up its locks, and tells who waits for its end.
 *
 * @sleeps
 */
export function leaveFutexes(task: Task, mm: Mm): void {
  if (task.robustList !== 0) abandonLocks(task.robustList, task.pid);
  task.robustList = 0;
  task.hasLeftFutexes = true;
  bequeathPiLocks(task.pid);
  if (task.clearChildTid === 0) return;
  // Nobody reads the word when no other task shares the memory.
  if (mm.mmUsers > 1 && putUser32(task.clearChildTid, 0) === 0) wakeOneAt(task.clearChildTid);
  task.clearChildTid = 0;
}
