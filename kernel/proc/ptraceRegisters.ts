/*
 * The registers of a tracee, in the forms that ptrace knows: a record of 17 words, the same words and the debug registers
 * by their places in `struct user`, and the FPU's in two layouts; and what they say of a system call.
 *
 * A tracer may write anything. What comes back from it must not give the tracee more than it has: selectors are checked
 * like a signal frame's, EFLAGS and MXCSR are masked.
 *
 * Locking. The caller holds (T), which keeps the tracee, and it stands still: its registers are at the top of its kernel
 * stack and, the FPU's, in its Task.
 *
 * @source the Linux i386 ABI (sys/user.h); ptrace(2).
 */

import { EIO } from '../abi/errno.ts';
import {
  AUDIT_ARCH_I386,
  FPREGS_SIZE,
  FPXREGS_SIZE,
  NT_PRFPREG,
  NT_PRSTATUS,
  NT_PRXFPREG,
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
  PTRACE_SYSCALL_INFO_ENTRY,
  PTRACE_SYSCALL_INFO_EXIT,
  type PtraceSyscallInfo,
  SYSCALL_INFO_ENTRY_SIZE,
  SYSCALL_INFO_EXIT_SIZE,
  SYSCALL_INFO_SIZE,
  USER_AREA_SIZE,
  type UserRegisters,
} from '../abi/ptrace.ts';
import { SIGTRAP } from '../abi/signal.ts';
import { FEATURE_FXSR, hasFeature } from '../arch/x86/cpuFeatures.ts';
import { USER_CS, USER_DS } from '../arch/x86/segments.ts';
import { EFLAGS_USER, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { fillFpuFrame, FPU_FRAME_SIZE, setFpuImage, setOldFpuImage } from './signalFpu.ts';
import { type Task, userFrame } from './task.ts';
import { usableSelector } from './tls.ts';

/** Words of UserRegisters. The first 12 are as in TrapFrame. */
const REGISTERS: u32 = 17;
// Places of the others, and of the data segments.
const EIP: u32 = 12;
const CS: u32 = 13;
const EFLAGS: u32 = 14;
const ESP: u32 = 15;
const SS: u32 = 16;
const DS: u32 = 7;
const GS: u32 = 10;
/** The debug registers in `struct user`: 8 words at its end. */
const DEBUG_REGISTERS: u32 = USER_AREA_SIZE - 32;

/** Where the frame of `task` has the register at `index`. */
function place(frame: TrapFrame, index: u32): Ptr<u32> {
  switch (index) {
    case EIP:
      return addrOf(frame.eip);
    case CS:
      return addrOf(frame.cs);
    case EFLAGS:
      return addrOf(frame.eflags);
    case ESP:
      return addrOf(frame.esp);
    case SS:
      return addrOf(frame.ss);
    default:
      return ptr<u32>(frame).add(index);
  }
}

function isSelector(index: u32): boolean {
  return (index >= DS && index <= GS) || index === CS || index === SS;
}

function getRegister(task: Task, index: u32): u32 {
  const value = place(userFrame(task), index)[0];
  return isSelector(index) ? value & 0xffff : value;
}

/** 0, or -EIO: not a selector that a program may have. */
function setRegister(task: Task, index: u32, value: u32): i32 {
  const target = place(userFrame(task), index);
  if (index === CS || index === SS) {
    if ((value & 0xffff) !== (index === CS ? USER_CS : USER_DS)) return -EIO;
    target[0] = value & 0xffff;
  } else if (isSelector(index)) {
    if ((value & 0xffff) !== 0 && (value & 3) !== 3) return -EIO;
    target[0] = usableSelector(task, value & 0xffff);
  } else if (index === EFLAGS) {
    target[0] = (target[0] & ~EFLAGS_USER) | (value & EFLAGS_USER);
  } else {
    target[0] = value;
  }
  return 0;
}

/** Reads all of them. */
export function getRegisters(task: Task, registers: UserRegisters): void {
  const words = ptr<u32>(registers);
  for (let i: u32 = 0; i < REGISTERS; i++) words[i] = getRegister(task, i);
}

/** Writes all of them. 0, or -EIO with a part done. */
export function setRegisters(task: Task, registers: UserRegisters): i32 {
  const words = ptr<u32>(registers);
  for (let i: u32 = 0; i < REGISTERS; i++) {
    const error = setRegister(task, i, words[i]);
    if (error < 0) return error;
  }
  return 0;
}

/** Is there a word at this place of `struct user`? */
function isPlace(offset: u32): boolean {
  return (offset & 3) === 0 && offset <= USER_AREA_SIZE - 4;
}

/** Reads the word at a place of `struct user`. All but registers is 0. 0 or -EIO. */
export function peekUser(task: Task, offset: u32, result: Ptr<u32>): i32 {
  if (!isPlace(offset)) return -EIO;
  result[0] = offset < REGISTERS * 4 ? getRegister(task, offset >>> 2) : 0;
  return 0;
}

/** Writes it. The debug registers are off, and can only be left so. 0 or -EIO. */
export function pokeUser(task: Task, offset: u32, value: u32): i32 {
  if (!isPlace(offset)) return -EIO;
  if (offset < REGISTERS * 4) return setRegister(task, offset >>> 2, value);
  return offset >= DEBUG_REGISTERS && value === 0 ? 0 : -EIO;
}

/** Fills both images of the FPU's registers: FPU_FRAME_SIZE bytes. */
export function getFpuImages(task: Task, images: Ptr<u8>): void {
  fillFpuFrame(images, task.fpu);
}

/** Where the newer image begins in what `getFpuImages` gives. */
export const NEW_IMAGE: u32 = FPU_FRAME_SIZE - 512;

/** Sets the FPU's registers from an image in the older form. */
export function setOldFpu(task: Task, image: Ptr<u8>): void {
  setOldFpuImage(task.fpu, image);
}

/** Sets them from an image in the newer form. 0, or -EIO on a CPU that does not have it. */
export function setNewFpu(task: Task, image: Ptr<u8>): i32 {
  if (!hasFeature(FEATURE_FXSR)) return -EIO;
  setFpuImage(task.fpu, image);
  return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// Sets of registers by name (NT_...), and system calls.

/** Bytes of a set; 0: there is none of that name. */
export function registerSetSize(name: u32): u32 {
  if (name === NT_PRSTATUS) return sizeof<UserRegisters>();
  return name === NT_PRFPREG ? FPREGS_SIZE : name === NT_PRXFPREG ? FPXREGS_SIZE : 0;
}

/** Reads a set into a buffer of FPU_FRAME_SIZE bytes. Where in it the set begins. */
export function getRegisterSet(task: Task, name: u32, buffer: Ptr<u8>): u32 {
  if (name === NT_PRSTATUS) {
    getRegisters(task, as<UserRegisters>(buffer));
    return 0;
  }
  getFpuImages(task, buffer);
  return name === NT_PRFPREG ? 0 : NEW_IMAGE;
}

/** Writes a set. 0 or -EIO. */
export function setRegisterSet(task: Task, name: u32, set: Ptr<u8>): i32 {
  if (name === NT_PRSTATUS) return setRegisters(task, as<UserRegisters>(set));
  if (name === NT_PRXFPREG) return setNewFpu(task, set);
  setOldFpu(task, set);
  return 0;
}

/** The results from here on are errors. */
const FIRST_ERROR: u32 = 0xfffff001;

/** Tells of the system call that the tracee has stopped for, if it has (and PTRACE_O_TRACESYSGOOD is on): how many bytes. */
export function fillSyscallInfo(task: Task, info: PtraceSyscallInfo): u32 {
  const frame = userFrame(task);
  info.arch = AUDIT_ARCH_I386;
  info.instructionPointer = u64(frame.eip);
  info.stackPointer = u64(frame.esp);
  if (!task.traceHasInfo || task.traceInfo.code !== (SIGTRAP | 0x80)) return SYSCALL_INFO_SIZE;
  if (task.traceMessage === PTRACE_EVENTMSG_SYSCALL_ENTRY) {
    info.op = PTRACE_SYSCALL_INFO_ENTRY;
    info.number = i64(u64(frame.origEax));
    const words = ptr<u32>(frame); // the six arguments come first, in their order
    for (let i: u32 = 0; i < 6; i++) info.args[i] = u64(words[i]);
    return SYSCALL_INFO_ENTRY_SIZE;
  }
  info.op = PTRACE_SYSCALL_INFO_EXIT;
  info.number = i64(i32(frame.eax));
  info.args[0] = frame.eax >= FIRST_ERROR ? 1n : 0n;
  return SYSCALL_INFO_EXIT_SIZE;
}
