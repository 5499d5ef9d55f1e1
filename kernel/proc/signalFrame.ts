/*
 * Signal frames: what a handler finds on its stack, and how sigreturn undoes it.
 *
 * Idea. To run a handler, the kernel pretends that the program called it: it pushes a frame that holds the interrupted
 * registers, and enters user mode at the handler with ESP at the frame, whose first word is the return address. That
 * leads to a stub of two or three instructions which makes the call sigreturn, and the kernel puts the registers back.
 *
 *        higher addresses: the interrupted stack
 *   fpstate       the FPU: 112 bytes as FNSAVE writes them, then 512 as FXSAVE does (aligned to 64)
 *   retcode       the stub, for programs that gave no SA_RESTORER
 *   sigcontext    the registers, the old mask; inside `ucontext` for SA_SIGINFO
 *   siginfo       only with SA_SIGINFO
 *   arguments     the signal number; with SA_SIGINFO also pointers to siginfo and ucontext
 *   pretcode      the return address           <- ESP, ESP + 4 divisible by 16
 *
 * Nothing in a frame is trusted when it comes back: segment selectors are checked, EFLAGS and MXCSR are masked.
 *
 * @source the Linux i386 ABI (asm/sigcontext.h, asm/ucontext.h; struct sigframe and rt_sigframe of the kernel).
 */

import { EFAULT } from '../abi/errno.ts';
import {
  SA_ONSTACK,
  SA_RESTORER,
  type Siginfo,
  type SigaltStack,
  SS_AUTODISARM,
  SS_DISABLE,
  SS_ONSTACK,
} from '../abi/signal.ts';
import { fpuInit, fpuRestore, fpuSave } from '../arch/x86/fpu.ts';
import { USER_CS, USER_DS } from '../arch/x86/segments.ts';
import { EFLAGS_DF, EFLAGS_RF, EFLAGS_TF, EFLAGS_USER, NOT_A_SYSCALL, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { copyFromUser, copyToUser } from '../arch/x86/userCopy.ts';
import { fillFpuFrame, FPU_FRAME_SIZE, loadFpuFrame } from './signalFpu.ts';
import { type SignalAction, type SignalInfo, type SignalSet } from './signalState.ts';
import { type Task } from './task.ts';
import { usableSelector } from './tls.ts';

/** The interrupted registers, as handlers see (and may change) them. */
class SignalContext {
  gs: u32;
  fs: u32;
  es: u32;
  ds: u32;
  edi: u32;
  esi: u32;
  ebp: u32;
  esp: u32;
  ebx: u32;
  edx: u32;
  ecx: u32;
  eax: u32;
  trapno: u32;
  err: u32;
  eip: u32;
  cs: u32;
  eflags: u32;
  espAtSignal: u32;
  ss: u32;
  fpstate: u32;
  oldmask: u32;
  cr2: u32;
}

/** The frame of a handler without SA_SIGINFO. */
class SignalFrame {
  pretcode: u32;
  signal: i32;
  context: Inline<SignalContext>;
  unusedFpstate: FixedArray<u8, 624>;
  extramask: u32;
  retcode: FixedArray<u8, 8>;
}

class UserContext {
  flags: u32;
  link: u32;
  stack: Inline<SigaltStack>;
  context: Inline<SignalContext>;
  mask: SignalSet;
}

/** The frame of a handler with SA_SIGINFO. */
class RtSignalFrame {
  pretcode: u32;
  signal: i32;
  infoPointer: u32;
  contextPointer: u32;
  info: Inline<Siginfo>;
  context: Inline<UserContext>;
  retcode: FixedArray<u8, 8>;
}

/** popl %eax; movl $SYS_sigreturn, %eax; int $0x80 */
const returnCode = table<u8, 8>(0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80);
/** movl $SYS_rt_sigreturn, %eax; int $0x80 */
const rtReturnCode = table<u8, 8>(0xb8, 0xad, 0, 0, 0, 0xcd, 0x80, 0);

/** Is `esp` on the task's alternate signal stack? */
export function isOnAltStack(task: Task, esp: u32): boolean {
  if (task.altStackDisarms) return false; // it is taken away from whoever runs on it
  return task.altStackSize !== 0 && esp > task.altStack && esp - task.altStack <= task.altStackSize;
}

/** What sigaltstack reports about the stack in use. */
export function altStackFlags(task: Task, esp: u32): u32 {
  const disarms: u32 = task.altStackDisarms ? SS_AUTODISARM : 0;
  if (task.altStackSize === 0) return disarms | SS_DISABLE;
  return isOnAltStack(task, esp) ? SS_ONSTACK : disarms;
}

/** A handler starts: the alternate stack goes, if that was wanted. The frame tells where it was. */
function disarmAltStack(task: Task): void {
  if (!task.altStackDisarms) return;
  task.altStack = 0;
  task.altStackSize = 0;
  task.altStackDisarms = false;
}

/** Where the handler's stack begins: below the interrupted one, or on the alternate stack. 0: no room. */
function handlerStack(task: Task, action: SignalAction, esp: u32): u32 {
  if (isOnAltStack(task, esp)) {
    const room = FPU_FRAME_SIZE + 64 + sizeof<SignalFrame>() + 16;
    return esp - task.altStack > room ? esp : 0;
  }
  if ((action.flags & SA_ONSTACK) !== 0 && task.altStackSize !== 0) return task.altStack + task.altStackSize;
  return esp;
}

/** The address of a frame of `size` bytes below `top`: as a call leaves it, the word above ESP is aligned to 16. */
function alignFrame(top: u32, size: u32): u32 {
  return ((top - size + 4) & ~u32(15)) - 4;
}

function fillContext(context: SignalContext, task: Task, frame: TrapFrame, fpstate: u32, mask: SignalSet): void {
  context.gs = frame.gs & 0xffff;
  context.fs = frame.fs & 0xffff;
  context.es = frame.es & 0xffff;
  context.ds = frame.ds & 0xffff;
  context.edi = frame.edi;
  context.esi = frame.esi;
  context.ebp = frame.ebp;
  context.esp = frame.esp;
  context.ebx = frame.ebx;
  context.edx = frame.edx;
  context.ecx = frame.ecx;
  context.eax = frame.eax;
  context.trapno = task.trapNumber;
  context.err = task.trapError;
  context.eip = frame.eip;
  context.cs = frame.cs & 0xffff;
  context.eflags = frame.eflags;
  context.espAtSignal = frame.esp;
  context.ss = frame.ss & 0xffff;
  context.fpstate = fpstate;
  context.oldmask = u32(mask);
  context.cr2 = task.faultAddress;
}

/** Enters the handler when the task returns to user mode. */
function enterHandler(frame: TrapFrame, handler: u32, esp: u32, signal: i32): void {
  frame.esp = esp;
  frame.eip = handler;
  frame.eax = u32(signal); // for handlers with register arguments, like Linux
  frame.edx = 0;
  frame.ecx = 0;
  frame.ds = USER_DS;
  frame.es = USER_DS;
  frame.ss = USER_DS;
  frame.cs = USER_CS;
  frame.eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
}

/** Stores the FPU's registers below `top`; the address goes to `result`. 0 or -EFAULT. */
function pushFpu(task: Task, top: u32, result: Ptr<u32>): i32 {
  const area = uninitialized<FixedArray<u8, 624>>();
  fpuSave(task.fpu);
  fillFpuFrame(area, task.fpu);
  fpuInit(task.fpu); // the handler begins with a fresh FPU: no exception of the interrupted code is pending in it
  fpuRestore(task.fpu);
  // The FXSAVE part, which comes after the older one, is the one to align.
  const address = ((top - 512) & ~u32(63)) - (FPU_FRAME_SIZE - 512);
  result[0] = address;
  return copyToUser(address, area, FPU_FRAME_SIZE);
}

/** Builds the small frame. 0 or -EFAULT. */
function pushFrame(task: Task, action: SignalAction, signal: i32, mask: SignalSet, frame: TrapFrame): i32 {
  const top = handlerStack(task, action, frame.esp);
  if (top === 0) return -EFAULT;
  let fpstate: u32 = 0;
  if (pushFpu(task, top, addrOf(fpstate)) < 0) return -EFAULT;
  const esp = alignFrame(fpstate, sizeof<SignalFrame>());
  const image = zeroed<Inline<SignalFrame>>();
  const returnTo = esp + offsetof<SignalFrame>('retcode');
  image.pretcode = (action.flags & SA_RESTORER) !== 0 ? action.restorer : returnTo;
  image.signal = signal;
  fillContext(image.context, task, frame, fpstate, mask);
  image.extramask = u32(mask >> 32n);
  copyBytes(image.retcode, returnCode, 8);
  if (copyToUser(esp, ptr<u8>(image), sizeof<SignalFrame>()) < 0) return -EFAULT;
  enterHandler(frame, action.handler, esp, signal);
  return 0;
}

/** Copies what is known about a signal to the record that programs see. */
export function fillSiginfo(target: Siginfo, info: SignalInfo): void {
  target.si_signo = info.signal;
  target.si_errno = 0;
  target.si_code = info.code;
  target.si_pid = info.pidOrAddress;
  target.si_uid = info.uid;
  target.si_status = info.status;
  target.si_utime = info.utime;
  target.si_stime = info.stime;
}

/** Builds the frame for SA_SIGINFO. 0 or -EFAULT. */
function pushRtFrame(task: Task, action: SignalAction, info: SignalInfo, mask: SignalSet, frame: TrapFrame): i32 {
  const top = handlerStack(task, action, frame.esp);
  if (top === 0) return -EFAULT;
  let fpstate: u32 = 0;
  if (pushFpu(task, top, addrOf(fpstate)) < 0) return -EFAULT;
  const esp = alignFrame(fpstate, sizeof<RtSignalFrame>());
  const image = zeroed<Inline<RtSignalFrame>>();
  const returnTo = esp + offsetof<RtSignalFrame>('retcode');
  image.pretcode = (action.flags & SA_RESTORER) !== 0 ? action.restorer : returnTo;
  image.signal = info.signal;
  image.infoPointer = esp + offsetof<RtSignalFrame>('info');
  image.contextPointer = esp + offsetof<RtSignalFrame>('context');
  fillSiginfo(image.info, info);
  const context = image.context;
  context.stack.ss_sp = task.altStack;
  context.stack.ss_size = task.altStackSize;
  context.stack.ss_flags = altStackFlags(task, frame.esp);
  context.mask = mask;
  fillContext(context.context, task, frame, fpstate, mask);
  copyBytes(image.retcode, rtReturnCode, 8);
  if (copyToUser(esp, ptr<u8>(image), sizeof<RtSignalFrame>()) < 0) return -EFAULT;
  enterHandler(frame, action.handler, esp, info.signal);
  frame.edx = image.infoPointer;
  frame.ecx = image.contextPointer;
  return 0;
}

/**
 * Makes the current task run a handler when it returns to user mode.
 *
 * @param mask what sigreturn is to restore as the blocked set
 * @returns 0, or -EFAULT if the stack cannot take the frame; the registers are unchanged then
 */
export function pushSignalFrame(
  task: Task,
  action: SignalAction,
  info: SignalInfo,
  wantsInfo: boolean,
  mask: SignalSet,
  frame: TrapFrame,
): i32 {
  let error: i32;
  if (wantsInfo) error = pushRtFrame(task, action, info, mask, frame);
  else error = pushFrame(task, action, info.signal, mask, frame);
  if (error === 0) disarmAltStack(task);
  return error;
}

/**
 * Puts the registers back that a handler's frame has kept. -EFAULT: the frame's FPU state cannot be read, or CS or SS are
 * not a program's, which no handler has any business with: the frame is none.
 */
function restoreContext(task: Task, frame: TrapFrame, context: SignalContext): i32 {
  if (((context.cs & 0xffff) | 3) !== USER_CS || ((context.ss & 0xffff) | 3) !== USER_DS) return -EFAULT;
  if (loadFpuFrame(task.fpu, context.fpstate) < 0) return -EFAULT;
  fpuRestore(task.fpu);
  frame.gs = usableSelector(task, context.gs);
  frame.fs = usableSelector(task, context.fs);
  frame.es = usableSelector(task, context.es);
  frame.ds = usableSelector(task, context.ds);
  frame.edi = context.edi;
  frame.esi = context.esi;
  frame.ebp = context.ebp;
  frame.esp = context.esp;
  frame.ebx = context.ebx;
  frame.edx = context.edx;
  frame.ecx = context.ecx;
  frame.eax = context.eax;
  frame.eip = context.eip;
  frame.cs = USER_CS;
  frame.ss = USER_DS;
  frame.eflags = (frame.eflags & ~EFLAGS_USER) | (context.eflags & EFLAGS_USER);
  frame.origEax = NOT_A_SYSCALL; // a result that looks like "restart" is the program's own
  return 0;
}

/** sigreturn: undoes pushFrame; the mask to restore goes to `mask`. 0 or -EFAULT. */
export function popFrame(task: Task, frame: TrapFrame, mask: Ptr<SignalSet>): i32 {
  const image = uninitialized<Inline<SignalFrame>>();
  // The handler's RET took pretcode, the stub's POP the signal number.
  if (copyFromUser(ptr<u8>(image), frame.esp - 8, sizeof<SignalFrame>()) < 0) return -EFAULT;
  mask[0] = (u64(image.extramask) << 32n) | u64(image.context.oldmask);
  return restoreContext(task, frame, image.context);
}

/**
 * rt_sigreturn: undoes pushRtFrame; the mask and the alternate stack to restore go to `mask` and `stack`. 0 or -EFAULT.
 */
export function popRtFrame(task: Task, frame: TrapFrame, mask: Ptr<SignalSet>, stack: SigaltStack): i32 {
  const image = uninitialized<Inline<RtSignalFrame>>();
  // The handler's RET took pretcode.
  if (copyFromUser(ptr<u8>(image), frame.esp - 4, sizeof<RtSignalFrame>()) < 0) return -EFAULT;
  mask[0] = image.context.mask;
  assign(stack, image.context.stack);
  return restoreContext(task, frame, image.context.context);
}
