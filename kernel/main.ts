/*
 * The boot, from the first line of TypeScript to the first program.
 *
 * Order is everything here: each step uses what the steps before have set up, and nothing else. Interrupts stay off until
 * there is a task that they can interrupt; the code below then turns into the first CPU's idle task.
 */

import { cpuById } from './arch/x86/cpu.ts';
import { initCpuFeatures } from './arch/x86/cpuFeatures.ts';
import { initDescriptors } from './arch/x86/gdt.ts';
import { initEarlyConsole } from './arch/x86/earlyConsole.ts';
import { isTrapEntry } from './arch/x86/entry.ts';
import { initFpu } from './arch/x86/fpu.ts';
import { initTraps } from './arch/x86/idt.ts';
import { initInterrupts } from './arch/x86/irq.ts';
import { type PhysAddr } from './arch/x86/layout.ts';
import { readMultiboot } from './arch/x86/multiboot.ts';
import { initClocks } from './arch/x86/timer.ts';
import { registerBacktrace } from './lib/backtrace.ts';
import { getCommandLine, hasOption } from './lib/cmdline.ts';
import { printk, setQuiet } from './lib/printk.ts';
import { freePageCount, totalPageCount } from './mm/buddy.ts';
import { initMemory } from './mm/initMemory.ts';
import { isKernelMapped, kernelDirectory } from './mm/kernelMap.ts';

/** The double fault's stack of the first CPU. */
const doubleFaultStack = zeroed<FixedArray<u8, 4096>>();

/** From arch/x86/boot.ts, on the boot stack, with what the loader left in EAX and EBX. */
export function kernelMain(magic: u32, info: PhysAddr): never {
  initEarlyConsole();
  registerBacktrace(isKernelMapped, isTrapEntry);
  readMultiboot(magic, info);
  setQuiet(hasOption('quiet'));
  printk('pagewright: booting, command line "%s"\n', getCommandLine());
  initMachine();
  printk('memory: %u KiB, %u KiB free\n', totalPageCount() * 4, freePageCount() * 4);
  for (;;) stiHlt();
}

/** Memory, traps, interrupts, clocks: what the rest of the kernel takes for granted. */
function initMachine(): void {
  initCpuFeatures();
  initMemory();
  initDescriptors(cpuById(0), u32(doubleFaultStack) + 4096, kernelDirectory());
  initTraps();
  initFpu();
  initInterrupts();
  initClocks();
}
