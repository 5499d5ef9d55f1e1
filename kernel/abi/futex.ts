/*
 * Futexes: the operations of futex(2), and the list of robust ones that a thread leaves behind.
 *
 * @source the Linux ABI (linux/futex.h), futex(2), get_robust_list(2).
 */

export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;
export const FUTEX_REQUEUE = 3;
export const FUTEX_CMP_REQUEUE = 4;
export const FUTEX_WAKE_OP = 5;
export const FUTEX_LOCK_PI = 6;
export const FUTEX_UNLOCK_PI = 7;
export const FUTEX_TRYLOCK_PI = 8;
export const FUTEX_WAIT_BITSET = 9;
export const FUTEX_WAKE_BITSET = 10;
export const FUTEX_LOCK_PI2 = 13;
/** The operation without the two flags. */
export const FUTEX_CMD_MASK = 0x7f;
/** Only threads of one address space use it. */
export const FUTEX_PRIVATE_FLAG = 0x80;
/** The timeout is a point on CLOCK_REALTIME instead of CLOCK_MONOTONIC. */
export const FUTEX_CLOCK_REALTIME = 0x100;
export const FUTEX_BITSET_MATCH_ANY = 0xffffffff;

// What FUTEX_WAKE_OP does to the second word, and how it compares what was there.
export const FUTEX_OP_SET = 0;
export const FUTEX_OP_ADD = 1;
export const FUTEX_OP_OR = 2;
export const FUTEX_OP_ANDN = 3;
export const FUTEX_OP_XOR = 4;
/** Added to an operation: its argument is the number of a bit. */
export const FUTEX_OP_OPARG_SHIFT = 8;
export const FUTEX_OP_CMP_EQ = 0;
export const FUTEX_OP_CMP_NE = 1;
export const FUTEX_OP_CMP_LT = 2;
export const FUTEX_OP_CMP_LE = 3;
export const FUTEX_OP_CMP_GT = 4;
export const FUTEX_OP_CMP_GE = 5;

// The word of a lock: its owner's thread id, and two flags.
export const FUTEX_WAITERS = 0x80000000;
export const FUTEX_OWNER_DIED = 0x40000000;
export const FUTEX_TID_MASK = 0x3fffffff;

/** What set_robust_list announces. `list` is the first of a ring of such words, which ends where it began. */
export class RobustListHead {
  list: u32;
  /** From a word of the list to the lock that it belongs to. */
  futex_offset: i32;
  /** A lock that is being taken or released, and may be on the list already or not; or 0. */
  list_op_pending: u32;
}
