/*
 * Signals as Linux i386 programs see them: numbers, flags, codes, and the records that cross the boundary.
 *
 * A signal set is 64 bits, signal n being bit n - 1. The old calls (sigaction, sigprocmask, ...) carry the low word
 * alone, the rt_ calls both words and the size of the set, which must be SIGSET_SIZE.
 *
 * The layouts of the frames that a handler finds on its stack are in proc/signalFrame.ts: nobody but the kernel's
 * delivery and the C library's trampoline knows them.
 *
 * @source the Linux i386 ABI (asm/signal.h, asm-generic/siginfo.h).
 */

export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGILL = 4;
export const SIGTRAP = 5;
export const SIGABRT = 6;
export const SIGBUS = 7;
export const SIGFPE = 8;
export const SIGKILL = 9;
export const SIGUSR1 = 10;
export const SIGSEGV = 11;
export const SIGUSR2 = 12;
export const SIGPIPE = 13;
export const SIGALRM = 14;
export const SIGTERM = 15;
export const SIGSTKFLT = 16;
export const SIGCHLD = 17;
export const SIGCONT = 18;
export const SIGSTOP = 19;
export const SIGTSTP = 20;
export const SIGTTIN = 21;
export const SIGTTOU = 22;
export const SIGURG = 23;
export const SIGXCPU = 24;
export const SIGXFSZ = 25;
export const SIGVTALRM = 26;
export const SIGPROF = 27;
export const SIGWINCH = 28;
export const SIGIO = 29;
export const SIGPWR = 30;
export const SIGSYS = 31;
/** The first real-time signal: from here on, each sending is delivered (queued), not only the fact. */
export const SIGRTMIN = 32;
/** The largest signal number. */
export const NSIG = 64;
/** Bytes of a signal set in the rt_ calls. */
export const SIGSET_SIZE = 8;

export const SIG_DFL = 0;
export const SIG_IGN = 1;

export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

export const SA_NOCLDSTOP = 0x00000001;
export const SA_NOCLDWAIT = 0x00000002;
export const SA_SIGINFO = 0x00000004;
export const SA_RESTORER = 0x04000000;
export const SA_ONSTACK = 0x08000000;
export const SA_RESTART = 0x10000000;
export const SA_NODEFER = 0x40000000;
export const SA_RESETHAND = 0x80000000;
/** Asks for address tags in si_addr; there are none on this machine, but the flag is known. */
export const SA_EXPOSE_TAGBITS = 0x00000800;

// Codes that say where a signal came from (si_code). Positive ones come from the kernel.
export const SI_USER = 0;
export const SI_KERNEL = 0x80;
export const SI_QUEUE = -1;
export const SI_TIMER = -2;
export const SI_TKILL = -6;
export const ILL_ILLOPN = 2;
export const FPE_INTDIV = 1;
export const FPE_INTOVF = 2;
export const FPE_FLTDIV = 3;
export const FPE_FLTOVF = 4;
export const FPE_FLTUND = 5;
export const FPE_FLTRES = 6;
export const FPE_FLTINV = 7;
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRALN = 1;
export const BUS_ADRERR = 2;
export const TRAP_BRKPT = 1;
export const TRAP_TRACE = 2;
export const CLD_EXITED = 1;
export const CLD_KILLED = 2;
export const CLD_DUMPED = 3;
export const CLD_TRAPPED = 4;
export const CLD_STOPPED = 5;
export const CLD_CONTINUED = 6;

// How a timer tells (sigevent).
export const SIGEV_SIGNAL = 0;
export const SIGEV_NONE = 1;
export const SIGEV_THREAD = 2;
/** Beside SIGEV_SIGNAL: to that thread. */
export const SIGEV_THREAD_ID = 4;

/** What timer_create takes. */
export class Sigevent {
  sigev_value: u32;
  sigev_signo: i32;
  sigev_notify: u32;
  sigev_tid: u32;
  reserved: FixedArray<u32, 12>;
}

/** What is read from a signalfd. */
export class SignalfdSiginfo {
  ssi_signo: u32;
  ssi_errno: i32;
  ssi_code: i32;
  ssi_pid: u32;
  ssi_uid: u32;
  ssi_fd: i32;
  ssi_tid: u32;
  ssi_band: u32;
  ssi_overrun: u32;
  ssi_trapno: u32;
  ssi_status: i32;
  ssi_int: i32;
  ssi_ptr: u64;
  ssi_utime: u64;
  ssi_stime: u64;
  ssi_addr: u64;
  reserved: FixedArray<u32, 12>;
}

export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;
/** Beside one of them: while a handler runs there is no alternate stack, so that it may jump out and never return. */
export const SS_AUTODISARM = 0x80000000;
/** sigaltstack refuses less. */
export const MINSIGSTKSZ = 2048;

/**
 * What a handler with SA_SIGINFO is told. The words after `si_code` are a union in C; which names are meant follows
 * from the signal and the code:
 *
 *   word   sent by kill/tkill   sigqueue   SI_TIMER   SIGCHLD      fault
 *   3      pid                  pid        timer      pid          address
 *   4      uid                  uid        overrun    uid          -
 *   5      -                    value      value      status       -
 *   6, 7   -                    -          -          utime, stime (clock ticks)
 */
export class Siginfo {
  si_signo: i32;
  si_errno: i32;
  si_code: i32;
  si_pid: u32;
  si_uid: u32;
  si_status: u32;
  si_utime: u32;
  si_stime: u32;
  reserved: FixedArray<u32, 24>;
}

/** What rt_sigaction takes and gives. */
export class KernelSigaction {
  sa_handler: u32;
  sa_flags: u32;
  sa_restorer: u32;
  sa_mask: u64;
}

/** What the old sigaction takes and gives: another order, and half a mask. */
export class OldSigaction {
  sa_handler: u32;
  sa_mask: u32;
  sa_flags: u32;
  sa_restorer: u32;
}

export class SigaltStack {
  ss_sp: u32;
  ss_flags: u32;
  ss_size: u32;
}
