/*
 * Per-CPU data.
 *
 * Idea. Each CPU has one `Cpu`, with its own descriptor table and task state segments in it. While in the kernel, GS
 * selects a segment that begins at this record, so `thisCpu()` is one load, and the current task another, without
 * asking the local APIC who we are. User code has its own GS; the entry stubs exchange them.
 *
 * Invariant. `self` is the first field and holds the record's own address.
 *
 * Locking. A field belongs to its CPU alone, except where it says otherwise. A thread may use what `thisCpu()` returned
 * only as long as it cannot move to another CPU: with interrupts off, with a spinlock held, or in a trap. `current()`
 * is always right: the answer moves along.
 */

import { type Mm } from '../../mm/types.ts';
import { type Task } from '../../proc/task.ts';
import { type TrapFrame } from './trapFrame.ts';

export const MAX_CPUS: u32 = 8;

/** Task state segment (SDM vol. 3A, figure 8-2). We use esp0/ss0, and all of it in the double fault's. */
export class TaskState {
  previous: u32;
  esp0: u32;
  ss0: u32;
  esp1: u32;
  ss1: u32;
  esp2: u32;
  ss2: u32;
  cr3: u32;
  eip: u32;
  eflags: u32;
  eax: u32;
  ecx: u32;
  edx: u32;
  ebx: u32;
  esp: u32;
  ebp: u32;
  esi: u32;
  edi: u32;
  es: u32;
  cs: u32;
  ss: u32;
  ds: u32;
  fs: u32;
  gs: u32;
  ldt: u32;
  trap: u16;
  ioMapBase: u16;
}

/** Translations that other CPUs are to forget (shootdown.ts). Filled in by the CPU that owns it, read by the others. */
export class FlushRequest {
  /** Atomic: bit n: CPU n has not yet done it. */
  waiting: Volatile<u32>;
  mm: Mm | null; // null: pages of the kernel
  start: u32;
  end: u32;
}

/** A function that other CPUs are to call (crossCall.ts). Filled in by the CPU that owns it, read by the others. */
export class CrossCall {
  /** Atomic: bit n: CPU n has not yet done it. */
  waiting: Volatile<u32>;
  work: (argument: u32) => void;
  argument: u32;
}

export class Cpu {
  self: Cpu;
  /** The task that runs here. Written by the scheduler, interrupts off. */
  current: Task;
  /** What runs when nothing else does. */
  idle: Task;
  /** 0 for the CPU that booted, then in the order of the MP table. */
  id: u32;
  apicId: u32;
  /** How many interrupts are being handled, nested. */
  irqDepth: u32;
  /** What the device's interrupt that is being handled interrupted. */
  irqFrame: TrapFrame;
  /** Spinlocks held: a thread that sleeps needs this to be 0 (1 for the scheduler's own). */
  spinDepth: u32;
  /** Set (by any CPU) to have `schedule` called before the next return to user mode. */
  needResched: Volatile<boolean>;
  /** Stopped for good by another CPU (stop.ts). Read by all. */
  isStopped: Volatile<boolean>;
  /** Stopped in user mode or while idle, in the middle of nothing. For the host (emulator/inspect). */
  isStoppedIdle: boolean;
  /** Past the start-up; takes interrupts. Read by all. */
  online: Volatile<boolean>;
  /** What to add to this CPU's time-stamp counter to have that of CPU 0. */
  tscOffset: u64;
  /** Timer interrupts taken. */
  ticks: u64;
  /** Messages taken: to look at the run queue, to forget translations, to call a function; and NMIs. */
  reschedules: u32;
  flushes: u32;
  calls: u32;
  nmis: u32;
  /** Interrupts from devices, by line; spurious ones; errors that the local APIC has reported. */
  irqCounts: FixedArray<u32, 16>;
  spurious: u32;
  apicErrors: u32;
  /** Ticks, by what they interrupted. */
  userTicks: u32;
  niceTicks: u32;
  systemTicks: u32;
  idleTicks: u32;
  /** The address space whose directory is in CR3, or was: one reference of Mm.mmCount. Null: the kernel's own. */
  activeMm: Mm | null;
  /** Is it in CR3? If not, the kernel's own is, which has the same upper half. */
  isMmLoaded: boolean;
  /** The current task has no address space; activeMm is somebody else's. */
  isLazy: boolean;
  /** The last reference to this one was ours: to be freed when no lock is held. */
  retiredMm: Mm | null;
  /** What this CPU asks of others. */
  flush: Inline<FlushRequest>;
  call: Inline<CrossCall>;
  /** Written by any CPU: not 0 if somebody's `flush` has our bit. */
  flushAsked: Volatile<u32>;
  /** Lowest address of the stack in use; below is no man's land. */
  stackLimit: u32;
  tss: Inline<TaskState>;
  doubleFaultTss: Inline<TaskState>;
  gdt: FixedArray<u64, 32>; // GDT_ENTRIES
}

const cpus = zeroed<FixedArray<Inline<Cpu>, 8>>();
let count: u32 = 1;

/** The CPU that executes this. */
export function thisCpu(): Cpu {
  return as<Cpu>(readGs32(0));
}

/** The task that executes this. Interrupt handlers see the task that they interrupted. */
export function current(): Task {
  return as<Task>(readGs32(offsetof<Cpu>('current')));
}

/** By number, 0 to `cpuCount() - 1`. */
export function cpuById(id: u32): Cpu {
  return cpus[id];
}

/** CPUs that run: 0 to one less than this are their numbers. Grows during the boot alone. */
export function cpuCount(): u32 {
  return count;
}

/** The record for the CPU that will be started next. */
export function nextCpu(): Cpu {
  const cpu = cpus[count];
  cpu.id = count;
  return cpu;
}

/** The CPU with the next number runs. */
export function addCpu(): void {
  count++;
}

/** One bit for each CPU that runs, bit n for CPU n. */
export function cpuMask(): u32 {
  return (u32(1) << count) - 1;
}
