import { type Mm } from './types.ts';
/** Empty, users = count = 1. null: no memory. */
export declare function createMm(): Mm | null;
/** A copy-on-write copy. */
export declare function forkMm(old: Mm): Mm | null;
export declare function getMm(mm: Mm): void;
/** Drops a user; the last frees everything. */
export declare function putMm(mm: Mm): void;
/** Loads the page directory on this CPU (null: the kernel's own). */
export declare function activateMm(mm: Mm | null): void;
/** Reads/writes memory of any mm (for /proc/PID/cmdline, ptrace). 0 or -EFAULT. */
export declare function accessMm(mm: Mm, address: u32, buffer: Ptr<u8>, count: u32, write: boolean): i32;
