/*
 * Descriptor tables: the GDT and the task state segments of a CPU.
 *
 * Segmentation is flat: code and data segments of both rings cover all 4 GiB. What is left to descriptors is the ring,
 * the per-CPU segment, thread-local storage (whose base a program chooses), and the task state segments:
 *
 *   TSS           where the CPU finds the kernel stack when it leaves ring 3
 *   double fault  a complete second context, on a stack of its own. A kernel stack that overflows runs into a hole;
 *                 the page fault cannot be reported on that stack, which is a double fault, and this one can.
 */

import { panicDoubleFault } from './doubleFault.ts';
import { type Cpu, type TaskState, thisCpu } from './cpu.ts';
import { KERNEL_STACK_SIZE } from './layout.ts';
import {
  GDT_DOUBLE_FAULT,
  GDT_KERNEL_CODE,
  GDT_KERNEL_DATA,
  GDT_PER_CPU,
  GDT_TLS_COUNT,
  GDT_TLS_FIRST,
  GDT_TSS,
  GDT_USER_CODE,
  GDT_USER_DATA,
  KERNEL_CS,
  KERNEL_DS,
  PER_CPU_SELECTOR,
  TSS_SELECTOR,
} from './segments.ts';
import { EFLAGS_FIXED } from './trapFrame.ts';

// The access byte: present, ring, kind (SDM vol. 3A, 3.4.5).
const ACCESS_KERNEL_CODE: u32 = 0x9b;
const ACCESS_KERNEL_DATA: u32 = 0x93;
const ACCESS_USER_CODE: u32 = 0xfb;
const ACCESS_USER_DATA: u32 = 0xf3;
const ACCESS_TSS: u32 = 0x89;
/** Flags: the limit counts pages, 32-bit. */
const FLAGS_FLAT: u32 = 0xc;
/** Flags: the limit counts bytes, 32-bit. */
const FLAGS_BYTES: u32 = 0x4;

/** LGDT's and LIDT's operand. @packed */
class TableDescriptor {
  limit: u16;
  base: u32;
}

/** Packs a segment descriptor. `limit` is in bytes or pages, as `flags` says: the highest valid offset. */
export function segmentDescriptor(base: u32, limit: u32, access: u32, flags: u32): u64 {
  const low = (limit & 0xffff) | (base << 16);
  const high = ((base >>> 16) & 0xff) | (access << 8) | (limit & 0xf0000) | (flags << 20) | (base & 0xff000000);
  return (u64(high) << 32n) | u64(low);
}

/** Fills and loads the tables of `cpu`, which must be the CPU that executes this. After it, `thisCpu` works. */
export function initDescriptors(cpu: Cpu, doubleFaultStackTop: u32): void {
  cpu.self = cpu;
  const gdt = cpu.gdt;
  gdt[GDT_KERNEL_CODE] = segmentDescriptor(0, 0xfffff, ACCESS_KERNEL_CODE, FLAGS_FLAT);
  gdt[GDT_KERNEL_DATA] = segmentDescriptor(0, 0xfffff, ACCESS_KERNEL_DATA, FLAGS_FLAT);
  gdt[GDT_USER_CODE] = segmentDescriptor(0, 0xfffff, ACCESS_USER_CODE, FLAGS_FLAT);
  gdt[GDT_USER_DATA] = segmentDescriptor(0, 0xfffff, ACCESS_USER_DATA, FLAGS_FLAT);
  gdt[GDT_PER_CPU] = segmentDescriptor(u32(cpu), sizeof<Cpu>() - 1, ACCESS_KERNEL_DATA, FLAGS_BYTES);
  gdt[GDT_TSS] = segmentDescriptor(u32(cpu.tss), sizeof<TaskState>() - 1, ACCESS_TSS, 0);
  gdt[GDT_DOUBLE_FAULT] = segmentDescriptor(u32(cpu.doubleFaultTss), sizeof<TaskState>() - 1, ACCESS_TSS, 0);
  cpu.tss.ss0 = KERNEL_DS;
  cpu.tss.ioMapBase = u16(sizeof<TaskState>()); // beyond the limit: no port is open to ring 3
  initDoubleFaultTask(cpu.doubleFaultTss, doubleFaultStackTop);

  const descriptor = zeroed<Inline<TableDescriptor>>();
  descriptor.limit = 32 * 8 - 1;
  descriptor.base = u32(gdt);
  lgdt(ptr<u8>(descriptor));
  loadKernelSegments();
  loadGs(PER_CPU_SELECTOR);
  loadFs(0);
  lldt(0);
  ltr(TSS_SELECTOR);
}

/** Puts a task's three TLS descriptors in this CPU's table: the task is about to run here. */
export function loadTls(descriptors: Ptr<u64>): void {
  const gdt = thisCpu().gdt;
  for (let i: u32 = 0; i < GDT_TLS_COUNT; i++) gdt[GDT_TLS_FIRST + i] = descriptors[i];
}

/** The page directory that this CPU's double fault will use: the one loaded now, which must be the kernel's own. */
export function updateDoubleFaultDirectory(): void {
  thisCpu().doubleFaultTss.cr3 = readCr3();
}

/** The stack of the task that is about to run: the next trap from ring 3 pushes its frame at its top. */
export function setKernelStack(top: u32): void {
  const cpu = thisCpu();
  cpu.tss.esp0 = top;
  cpu.stackLimit = top - KERNEL_STACK_SIZE;
}

/** Points this CPU at the interrupt descriptor table: `bytes` bytes at `base`. */
export function loadIdt(base: u32, bytes: u32): void {
  const descriptor = zeroed<Inline<TableDescriptor>>();
  descriptor.limit = u16(bytes - 1);
  descriptor.base = base;
  lidt(ptr<u8>(descriptor));
}

/** The context that a double fault switches to. */
function initDoubleFaultTask(task: TaskState, stackTop: u32): void {
  task.cr3 = readCr3();
  task.eip = u32(panicDoubleFault);
  task.esp = stackTop;
  task.eflags = EFLAGS_FIXED;
  task.cs = KERNEL_CS;
  task.ss = KERNEL_DS;
  task.ds = KERNEL_DS;
  task.es = KERNEL_DS;
  task.gs = PER_CPU_SELECTOR;
  task.ioMapBase = u16(sizeof<TaskState>());
}

/**
 * CS can be loaded by a far return only; the other registers follow.
 *
 * @naked
 */
function loadKernelSegments(): void {
  return asm`
    pop eax                       ; the return address: near, to be made far
    push 0x60                     ; KERNEL_CS
    push eax
    mov eax, 0x68                 ; KERNEL_DS
    mov ds, eax
    mov es, eax
    mov ss, eax
    retf
  `;
}
