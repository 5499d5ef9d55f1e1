/*
 * ptrace: requests, options, events, and the records that carry registers.
 *
 * @source the Linux i386 ABI (linux/ptrace.h, asm/ptrace-abi.h, sys/user.h); ptrace(2).
 */

export const PTRACE_TRACEME = 0;
export const PTRACE_PEEKTEXT = 1;
export const PTRACE_PEEKDATA = 2;
export const PTRACE_PEEKUSR = 3;
export const PTRACE_POKETEXT = 4;
export const PTRACE_POKEDATA = 5;
export const PTRACE_POKEUSR = 6;
export const PTRACE_CONT = 7;
export const PTRACE_KILL = 8;
export const PTRACE_SINGLESTEP = 9;
export const PTRACE_GETREGS = 12;
export const PTRACE_SETREGS = 13;
export const PTRACE_GETFPREGS = 14;
export const PTRACE_SETFPREGS = 15;
export const PTRACE_ATTACH = 16;
export const PTRACE_DETACH = 17;
export const PTRACE_GETFPXREGS = 18;
export const PTRACE_SETFPXREGS = 19;
export const PTRACE_SYSCALL = 24;
export const PTRACE_SETOPTIONS = 0x4200;
export const PTRACE_GETEVENTMSG = 0x4201;
export const PTRACE_GETSIGINFO = 0x4202;
export const PTRACE_SETSIGINFO = 0x4203;
export const PTRACE_GETREGSET = 0x4204;
export const PTRACE_SETREGSET = 0x4205;
export const PTRACE_SEIZE = 0x4206;
export const PTRACE_INTERRUPT = 0x4207;
export const PTRACE_GETSIGMASK = 0x420a;
export const PTRACE_SETSIGMASK = 0x420b;
export const PTRACE_GET_SYSCALL_INFO = 0x420e;

// Options. An option that asks for an event is 1 << the event.
export const PTRACE_O_TRACESYSGOOD = 0x1;
export const PTRACE_O_TRACEFORK = 0x2;
export const PTRACE_O_TRACEVFORK = 0x4;
export const PTRACE_O_TRACECLONE = 0x8;
export const PTRACE_O_TRACEEXEC = 0x10;
export const PTRACE_O_TRACEVFORKDONE = 0x20;
export const PTRACE_O_TRACEEXIT = 0x40;
export const PTRACE_O_EXITKILL = 0x100000;
/** All that there are here. */
export const PTRACE_O_MASK = 0x10007f;

export const PTRACE_EVENT_FORK = 1;
export const PTRACE_EVENT_VFORK = 2;
export const PTRACE_EVENT_CLONE = 3;
export const PTRACE_EVENT_EXEC = 4;
export const PTRACE_EVENT_VFORK_DONE = 5;
export const PTRACE_EVENT_EXIT = 6;
/** Of a seized task: a stop of its group, or one that PTRACE_INTERRUPT asked for. */
export const PTRACE_EVENT_STOP = 128;

// What PTRACE_GETEVENTMSG tells at stops for system calls.
export const PTRACE_EVENTMSG_SYSCALL_ENTRY = 1;
export const PTRACE_EVENTMSG_SYSCALL_EXIT = 2;

/** struct user_regs_struct: 17 words. */
export class UserRegisters {
  ebx: u32;
  ecx: u32;
  edx: u32;
  esi: u32;
  edi: u32;
  ebp: u32;
  eax: u32;
  ds: u32;
  es: u32;
  fs: u32;
  gs: u32;
  orig_eax: u32;
  eip: u32;
  cs: u32;
  eflags: u32;
  esp: u32;
  ss: u32;
}

/** sizeof(struct user), which PTRACE_PEEKUSR reads: registers first, debug registers last. */
export const USER_AREA_SIZE = 284;
/** Bytes of the FPU's registers as PTRACE_GETFPREGS and PTRACE_GETFPXREGS give them. */
export const FPREGS_SIZE = 108;
export const FPXREGS_SIZE = 512;

// Sets of registers, as PTRACE_GETREGSET names them: UserRegisters, and the FPU's in both forms.
export const NT_PRSTATUS = 1;
export const NT_PRFPREG = 2;
export const NT_PRXFPREG = 0x46e62b7f;

// PtraceSyscallInfo.op
export const PTRACE_SYSCALL_INFO_NONE = 0;
export const PTRACE_SYSCALL_INFO_ENTRY = 1;
export const PTRACE_SYSCALL_INFO_EXIT = 2;

/** PtraceSyscallInfo.arch of i386 (linux/audit.h). */
export const AUDIT_ARCH_I386 = 0x40000003;

/** struct ptrace_syscall_info. */
export class PtraceSyscallInfo {
  op: u8;
  reserved: FixedArray<u8, 3>;
  arch: u32;
  instructionPointer: u64;
  stackPointer: u64;
  /** The call's number at its entry, its result at its end. */
  number: i64;
  /** At the entry. At the end, the first byte says whether the result is an error. */
  args: FixedArray<u64, 6>;
}

/** How much of it there is at a stop for something else, at an entry, at an end. */
export const SYSCALL_INFO_SIZE = 24;
export const SYSCALL_INFO_ENTRY_SIZE = 80;
export const SYSCALL_INFO_EXIT_SIZE = 33;
