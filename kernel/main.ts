/*
 * The boot, from the first line of TypeScript to the first program.
 *
 * Order is everything here: each step uses what the steps before have set up, and nothing else. Interrupts stay off until
 * there is a task that they can interrupt; then the other CPUs are started, and the code below turns into the first one's
 * idle task.
 */

import { ENOMEM, ENOSPC } from './abi/errno.ts';
import { bootStack } from './arch/x86/bootMemory.ts';
import { cpuById } from './arch/x86/cpu.ts';
import { initCpuFeatures } from './arch/x86/cpuFeatures.ts';
import { initDescriptors, setKernelStack, updateDoubleFaultDirectory } from './arch/x86/gdt.ts';
import { initEarlyConsole } from './arch/x86/earlyConsole.ts';
import { isTrapEntry } from './arch/x86/entry.ts';
import { initFpu } from './arch/x86/fpu.ts';
import { initTraps } from './arch/x86/idt.ts';
import { initInterrupts } from './arch/x86/irq.ts';
import { KERNEL_STACK_SIZE, type PhysAddr, physToVirt } from './arch/x86/layout.ts';
import { bootModule, bootModuleCount, readMultiboot, releaseBootModules } from './arch/x86/multiboot.ts';
import { initClocks, startTick } from './arch/x86/timer.ts';
import { initDrivers } from './drivers/init.ts';
import { unpackArchive } from './fs/cpio.ts';
import { initFs } from './fs/init.ts';
import { registerBacktrace } from './lib/backtrace.ts';
import { getCommandLine, hasOption } from './lib/cmdline.ts';
import { crashIfAsked, crashTogetherIfAsked } from './lib/crashTest.ts';
import { printk, setQuiet } from './lib/printk.ts';
import { freePageCount, totalPageCount } from './mm/buddy.ts';
import { initMemory } from './mm/initMemory.ts';
import { initReclaim } from './mm/reclaim.ts';
import { isKernelMapped } from './mm/kernelMap.ts';
import { initTasks, startInit } from './proc/init.ts';
import { startProcessors } from './proc/processors.ts';
import { idleLoop } from './proc/scheduler.ts';
import { endLockBoot, initLockChecker } from './sync/lockChecker.ts';
import { startLockTest } from './sync/lockTest.ts';
import { startMmTest } from './mm/mmTest.ts';
import { RACE_TEST } from './mm/raceFlags.ts';
import { startRaceTest } from './mm/raceTest.ts';

/** Of the boot stack: the page below it (arch/x86/bootMemory.ts). */
const BOOT_STACK_HOLE: u32 = 4096;

/** The double fault's stack of the first CPU. */
const doubleFaultStack = zeroed<FixedArray<u8, 4096>>();

/** From arch/x86/boot.ts, on the boot stack, with what the loader left in EAX and EBX. */
export function kernelMain(magic: u32, info: PhysAddr): never {
  initEarlyConsole();
  registerBacktrace(isKernelMapped, isTrapEntry);
  initTrapping();
  readMultiboot(magic, info);
  initLockChecker();
  setQuiet(hasOption('quiet'));
  printk('pagewright: booting, command line "%s"\n', getCommandLine());
  initMachine();
  printk('memory: %u KiB, %u KiB free\n', totalPageCount() * 4, freePageCount() * 4);
  initTasks(u32(bootStack) + BOOT_STACK_HOLE);
  crashIfAsked();
  initFs();
  unpackModules();
  initDrivers();
  startTick();
  endLockBoot();
  sti();
  startProcessors();
  crashTogetherIfAsked();
  initReclaim();
  startInit();
  startLockTest();
  startMmTest();
  if (RACE_TEST) startRaceTest();
  printk('starting the first program, %u KiB free\n', freePageCount() * 4);
  idleLoop();
}

/** Descriptor tables and per-CPU data. First of all: from here on a mistake is a panic, not a reset. */
function initTrapping(): void {
  initDescriptors(cpuById(0), u32(doubleFaultStack) + 4096);
  setKernelStack(u32(bootStack) + BOOT_STACK_HOLE + KERNEL_STACK_SIZE);
  initTraps();
}

/** Memory, interrupts, clocks: what the rest of the kernel takes for granted. */
function initMachine(): void {
  initCpuFeatures();
  initMemory();
  updateDoubleFaultDirectory();
  initFpu();
  initInterrupts();
  initClocks();
}

/**
 * The loader's modules are archives: each is unpacked over what is there, then its memory is given back. What is missing
 * is told in quiet boots, too: nothing that comes later would say why it fails.
 */
function unpackModules(): void {
  for (let i: u32 = 0; i < bootModuleCount(); i++) {
    const module = bootModule(i);
    const error = unpackArchive(ptr<u8>(physToVirt(module.start)), module.end - module.start);
    if (error === 0) continue;
    const isTooLarge = error === -ENOMEM || error === -ENOSPC;
    setQuiet(false);
    printk('module %u is not unpacked: error %d%s\n', i, -error, isTooLarge ? ', it needs more memory' : '');
    setQuiet(hasOption('quiet'));
  }
  releaseBootModules();
}
