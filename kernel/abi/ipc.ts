/*
 * System V IPC: shared memory segments. (Semaphores and message queues are not there.)
 *
 * @source the Linux i386 ABI (linux/ipc.h, linux/shm.h, asm/shmbuf.h); shmget(2), shmop(2), shmctl(2), ipc(2).
 */

export const IPC_PRIVATE = 0;
export const IPC_CREAT = 0o1000;
export const IPC_EXCL = 0o2000;
export const IPC_RMID = 0;
export const IPC_SET = 1;
export const IPC_STAT = 2;
export const IPC_INFO = 3;
/** Of ipc(2): the records are of this version, not of the 16-bit one. */
export const IPC_64 = 0x100;

export const SHM_RDONLY = 0o10000;
export const SHM_RND = 0o20000;
export const SHM_REMAP = 0o40000;
export const SHM_EXEC = 0o100000;
/** In a segment's mode: it goes when nobody is attached any more. */
export const SHM_DEST = 0o1000;
export const SHM_LOCKED = 0o2000;
export const SHM_LOCK = 11;
export const SHM_UNLOCK = 12;
export const SHM_STAT = 13;
export const SHM_INFO = 14;
export const SHM_STAT_ANY = 15;

// What ipc(2) does: its first argument.
export const SHMAT = 21;
export const SHMDT = 22;
export const SHMGET = 23;
export const SHMCTL = 24;

/** Segments that there may be. */
export const SHMMNI = 4096;
/** Bytes that a segment may have. */
export const SHMMAX = 0xfeffffff;

/** struct ipc64_perm. */
export class IpcPermissions {
  key: i32;
  uid: u32;
  gid: u32;
  cuid: u32;
  cgid: u32;
  mode: u32;
  seq: u32;
  unused1: u32;
  unused2: u32;
}

/** struct shmid64_ds. */
export class ShmStatus {
  shm_perm: Inline<IpcPermissions>;
  shm_segsz: u32;
  shm_atime: u32;
  shm_atime_high: u32;
  shm_dtime: u32;
  shm_dtime_high: u32;
  shm_ctime: u32;
  shm_ctime_high: u32;
  shm_cpid: u32;
  shm_lpid: u32;
  shm_nattch: u32;
  unused4: u32;
  unused5: u32;
}

/** What IPC_INFO tells. */
export class ShmLimits {
  shmmax: u32;
  shmmin: u32;
  shmmni: u32;
  shmseg: u32;
  shmall: u32;
  unused: FixedArray<u32, 4>;
}

/** What SHM_INFO tells. */
export class ShmUsage {
  used_ids: u32;
  shm_tot: u32;
  shm_rss: u32;
  shm_swp: u32;
  swap_attempts: u32;
  swap_successes: u32;
}
