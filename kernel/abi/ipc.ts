/*
 * System V IPC: shared memory segments, semaphores, message queues.
 *
 * @source the Linux i386 ABI (linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h, asm/shmbuf.h, asm/sembuf.h, asm/msgbuf.h);
 * shmget(2), shmop(2), shmctl(2), semget(2), semop(2), semctl(2), msgget(2), msgop(2), msgctl(2), ipc(2).
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
export const SEMOP = 1;
export const SEMGET = 2;
export const SEMCTL = 3;
export const SEMTIMEDOP = 4;
export const MSGSND = 11;
export const MSGRCV = 12;
export const MSGGET = 13;
export const MSGCTL = 14;
export const SHMAT = 21;
export const SHMDT = 22;
export const SHMGET = 23;
export const SHMCTL = 24;

/** Of semop and messages: do not wait. */
export const IPC_NOWAIT = 0o4000;

/** Of semop: to be undone when the process ends. */
export const SEM_UNDO = 0x1000;
export const GETPID = 11;
export const GETVAL = 12;
export const GETALL = 13;
export const GETNCNT = 14;
export const GETZCNT = 15;
export const SETVAL = 16;
export const SETALL = 17;
export const SEM_STAT = 18;
export const SEM_INFO = 19;
export const SEM_STAT_ANY = 20;
/** Sets that there may be, semaphores in a set and in all, operations at once, the largest value. */
export const SEMMNI = 1024;
export const SEMMSL = 32000;
export const SEMMNS = SEMMNI * SEMMSL;
export const SEMOPM = 500;
export const SEMVMX = 32767;

/** Of msgrcv: cut what is too long; any type but this one; a copy of the message at that place. */
export const MSG_NOERROR = 0o10000;
export const MSG_EXCEPT = 0o20000;
export const MSG_COPY = 0o40000;
export const MSG_STAT = 11;
export const MSG_INFO = 12;
export const MSG_STAT_ANY = 13;
/** Queues that there may be, bytes in a message, bytes in a queue unless the superuser allows more. */
export const MSGMNI = 1024;
export const MSGMAX = 8192;
export const MSGMNB = 16384;

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

/** struct semid64_ds. */
export class SemStatus {
  sem_perm: Inline<IpcPermissions>;
  sem_otime: u32;
  sem_otime_high: u32;
  sem_ctime: u32;
  sem_ctime_high: u32;
  sem_nsems: u32;
  unused3: u32;
  unused4: u32;
}

/** What semop takes. */
export class SemOperation {
  sem_num: u16;
  sem_op: i16;
  sem_flg: u16;
}

/** What IPC_INFO and SEM_INFO tell. */
export class SemLimits {
  semmap: u32;
  semmni: u32;
  semmns: u32;
  semmnu: u32;
  semmsl: u32;
  semopm: u32;
  semume: u32;
  /** SEM_INFO: sets. */
  semusz: u32;
  semvmx: u32;
  /** SEM_INFO: semaphores. */
  semaem: u32;
}

/** struct msqid64_ds. */
export class MsgStatus {
  msg_perm: Inline<IpcPermissions>;
  msg_stime: u32;
  msg_stime_high: u32;
  msg_rtime: u32;
  msg_rtime_high: u32;
  msg_ctime: u32;
  msg_ctime_high: u32;
  msg_cbytes: u32;
  msg_qnum: u32;
  msg_qbytes: u32;
  msg_lspid: u32;
  msg_lrpid: u32;
  unused4: u32;
  unused5: u32;
}

/** What IPC_INFO and MSG_INFO tell. */
export class MsgLimits {
  /** MSG_INFO: queues. */
  msgpool: u32;
  /** MSG_INFO: messages. */
  msgmap: u32;
  msgmax: u32;
  msgmnb: u32;
  msgmni: u32;
  msgssz: u32;
  /** MSG_INFO: bytes. */
  msgtql: u32;
  msgseg: u16;
}
