/*
 * Waiting for children: options of waitpid, wait4 and waitid, and the status word.
 *
 * The status word tells four stories apart:
 *
 *   exited        code << 8                 low 7 bits 0
 *   killed        signal (| 0x80: core)     low 7 bits 1..126
 *   stopped       signal << 8 | 0x7F
 *   continued     0xFFFF
 *
 * @source the Linux i386 ABI (linux/wait.h, bits/waitstatus.h).
 */

export const WNOHANG = 1;
export const WUNTRACED = 2;
export const WSTOPPED = 2;
export const WEXITED = 4;
export const WCONTINUED = 8;
export const WNOWAIT = 0x01000000;
/** Wait for children of this thread only, of any kind, or for those that do not announce themselves by SIGCHLD. */
export const __WNOTHREAD = 0x20000000;
export const __WALL = 0x40000000;
export const __WCLONE = 0x80000000;

// What waitid's first argument selects.
export const P_ALL = 0;
export const P_PID = 1;
export const P_PGID = 2;
export const P_PIDFD = 3;

/** The status word of a child that continued. */
export const STATUS_CONTINUED = 0xffff;
/** In the low byte: stopped. */
export const STATUS_STOPPED = 0x7f;
