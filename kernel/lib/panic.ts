/*
 * The end: something is wrong with the kernel itself, and going on would make it worse.
 *
 * A report goes to all consoles, quiet or not: what happened, in which function, on behalf of which task; registers and
 * control registers; the chain of calls. Then the machine is told that the run is over (EXIT_PORT); where nobody listens
 * there, the CPU halts for good.
 *
 * A panic within a panic (the report itself stumbles) says so, and stops at once.
 *
 * Other CPUs are stopped first, so that what they did can be seen, and report after the one that panicked
 * (arch/x86/stop.ts). If two panic at once, one of them reports, and the other's message is part of its own report.
 *
 * Locking. None: `owner` is claimed by an atomic exchange, and after that everything here belongs to one CPU at a time.
 */

import { EXIT_PORT, EXIT_STATUS_PANIC } from '../abi/bootInfo.ts';
import { current, thisCpu } from '../arch/x86/cpu.ts';
import { PER_CPU_SELECTOR } from '../arch/x86/segments.ts';
import { frameStackPointer, type TrapFrame } from '../arch/x86/trapFrame.ts';
import { stopLockChecker } from '../sync/lockClass.ts';
import { printBacktrace } from './backtrace.ts';
import { formatWords } from './format.ts';
import { bustLogLock, printk } from './printk.ts';
import { findSymbol, NO_FRAME, symbolName } from './symbols.ts';

const MESSAGE_SIZE: u32 = 256;
const message = zeroed<FixedArray<u8, 256>>();
let depth: Volatile<u32> = 0;
/** 1 + the number of the CPU that reports; 0: nobody has panicked. */
let owner: Volatile<u32> = 0;

/** What a CPU wanted to say that panicked while another one did; empty: nothing. By number. */
class LateMessage {
  text: FixedArray<u8, 128>;
}

const lateMessages = zeroed<FixedArray<Inline<LateMessage>, 8>>(); // MAX_CPUS

/** Registered by those who can stop other CPUs. */
let stopOthers: (() => void) | null = null;
let letOthersReport: (() => void) | null = null;

/** Tells how to stop all other CPUs, and how to have each of them call `reportStopped`. */
export function registerStop(stopAll: () => void, reportAll: () => void): void {
  stopOthers = stopAll;
  letOthersReport = reportAll;
}

/**
 * Reports, and ends the run. For states that should be impossible; errors that can happen are handled.
 *
 * @noinline
 */
export function panic(format: string, ...args: Word[]): never {
  cli();
  const frame = zeroed<Inline<TrapFrame>>();
  captureRegisters(frame);
  leaveFrame(frame, returnAddress());
  begin(format, ptr<u32>(addrOf(args[0])), args.length);
  report(frame, frame.esp);
  finish();
}

/** The same, with the registers of a trap: `esp` is what the stack pointer was when it hit. */
export function panicWithFrame(frame: TrapFrame, esp: u32, format: string, ...args: Word[]): never {
  cli();
  begin(format, ptr<u32>(addrOf(args[0])), args.length);
  report(frame, esp);
  finish();
}

/**
 * What must hold. The check stays in every build: it is cheaper than what follows when it does not hold.
 *
 * @inline
 */
export function assert(condition: boolean, what: string): void {
  if (!condition) panic('assertion failed: %s', what);
}

/** Formats the message and prints it; for a panic within a panic that is all. */
function begin(format: string, args: Ptr<u32>, argCount: u32): void {
  stopLockChecker();
  const me = cpuNumber();
  const first = atomic.cmpxchg(addrOf(owner), 0, me + 1);
  if (first !== 0 && first !== me + 1) {
    formatWords(lateMessages[me].text, 128, bytes(format), args, argCount);
    sleep(); // an NMI ends it
  }
  const stopAll = stopOthers;
  if (depth === 0 && stopAll !== null) stopAll();
  bustLogLock();
  depth = depth + 1;
  if (depth > 2) stop();
  formatWords(message, MESSAGE_SIZE, bytes(format), args, argCount);
  printk('\npanic: %s\n', message);
  if (depth === 1) return;
  printk('(while reporting another panic)\n');
  stop();
}

/** This CPU's number; 0 as long as CPUs do not know their numbers. */
function cpuNumber(): u32 {
  return readGs() === PER_CPU_SELECTOR ? thisCpu().id : 0;
}

/** In its turn: the report of a CPU that was stopped at `frame`. */
export function reportStopped(frame: TrapFrame): void {
  const late = lateMessages[thisCpu().id].text;
  if (late[0] !== 0) printk('panic at the same time: %s\n', late);
  printk('stopped ');
  report(frame, frameStackPointer(frame));
}

function report(frame: TrapFrame, esp: u32): void {
  printPlace(frame);
  printk('eax %p  ebx %p  ecx %p  edx %p\n', frame.eax, frame.ebx, frame.ecx, frame.edx);
  printk('esi %p  edi %p  ebp %p  esp %p\n', frame.esi, frame.edi, frame.ebp, esp);
  printk('eip %p  eflags %p  cs %x  ds %x', frame.eip, frame.eflags, frame.cs & 0xffff, frame.ds & 0xffff);
  printk('  es %x  fs %x  gs %x\n', frame.es & 0xffff, frame.fs & 0xffff, frame.gs & 0xffff);
  printk('cr0 %p  cr2 %p  cr3 %p  cr4 %p\n', readCr0(), readCr2(), readCr3(), readCr4());
  if ((frame.cs & 3) === 3) return;
  printk('calls, innermost first:\n');
  printBacktrace(frame.eip, esp);
}

/** The function, the CPU, and the task if there are tasks yet. */
function printPlace(frame: TrapFrame): void {
  const symbol = findSymbol(frame.eip);
  if (symbol !== null) printk('in %s+%x', symbolName(symbol), frame.eip - symbol.address);
  else printk('at %p', frame.eip);
  if (readGs() !== PER_CPU_SELECTOR) {
    printk(', early in the boot\n');
    return;
  }
  printk(', CPU %u', thisCpu().id);
  const task = current();
  if (u32(task) !== 0) printk(', task %u (%s)', task.pid, task.name);
  printk('\n');
}

function finish(): never {
  const reportAll = letOthersReport;
  if (reportAll !== null) reportAll();
  stop();
}

function stop(): never {
  outl(EXIT_PORT, EXIT_STATUS_PANIC);
  sleep();
}

function sleep(): never {
  for (;;) {
    cli();
    hlt();
  }
}

/** Makes a frame of the caller's out of one of the function that is running: what matters is who called panic. */
function leaveFrame(frame: TrapFrame, caller: u32): void {
  const symbol = findSymbol(frame.eip);
  if (symbol === null || symbol.frameSize === NO_FRAME) return;
  frame.esp += symbol.frameSize + 4;
  frame.eip = caller;
}

/**
 * Stores the registers in a frame as if a trap had hit where this returns to. The field offsets are those of TrapFrame.
 *
 * @naked
 */
function captureRegisters(_frame: TrapFrame): void {
  return asm`
    mov [eax], ebx
    mov [eax + 4], ecx
    mov [eax + 8], edx
    mov [eax + 12], esi
    mov [eax + 16], edi
    mov [eax + 20], ebp
    mov [eax + 24], eax
    mov ecx, ds
    mov [eax + 28], ecx
    mov ecx, es
    mov [eax + 32], ecx
    mov ecx, fs
    mov [eax + 36], ecx
    mov ecx, gs
    mov [eax + 40], ecx
    mov ecx, [esp]
    mov [eax + 56], ecx           ; eip
    mov ecx, cs
    mov [eax + 60], ecx
    pushfd
    pop ecx
    mov [eax + 64], ecx
    lea ecx, [esp + 4]
    mov [eax + 68], ecx           ; esp, once we have returned
    mov ecx, ss
    mov [eax + 72], ecx
    ret
  `;
}
