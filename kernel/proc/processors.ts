/*
 * All CPUs to work: what each needs of memory and of the scheduler before it can run tasks.
 *
 * A CPU that the tables name and that does not answer is reported and left out; the others get the numbers 1, 2, ... in
 * the order of the table.
 */

import { placeTrampoline, resetCpus, startCpu } from '../arch/x86/apStart.ts';
import { cpuById, cpuCount, nextCpu } from '../arch/x86/cpu.ts';
import { hasApic } from '../arch/x86/irq.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { isIntegratedApic } from '../arch/x86/localApic.ts';
import { machineInfo } from '../arch/x86/mpTable.ts';
import { printk } from '../lib/printk.ts';
import { allocPages } from '../mm/buddy.ts';
import { pageAddress } from '../mm/page.ts';
import { createIdleTask } from './init.ts';
import { idleLoop, setIdleTask } from './scheduler.ts';
import { stackTop, type Task } from './task.ts';

/** What the next CPU will get. */
class Provisions {
  idle: Task | null; // null: nothing prepared
  doubleFaultStackTop: u32;
}

/** Makes an idle task and a stack for double faults, unless they are left from a CPU that did not come. */
function prepare(provisions: Provisions): boolean {
  if (provisions.idle !== null) return true;
  const page = allocPages(0);
  const idle = page === null ? null : createIdleTask();
  if (idle === null) return false;
  provisions.idle = idle;
  provisions.doubleFaultStackTop = u32(pageAddress(page!)) + PAGE_SIZE;
  setIdleTask(nextCpu(), idle);
  return true;
}

/** Starts all CPUs that the firmware's tables name. On the first one, with its tick running and interrupts on. */
export function startProcessors(): void {
  const machine = machineInfo();
  if (!hasApic() || machine.cpuCount === 1) return;
  if (!isIntegratedApic() || !placeTrampoline()) {
    printk('cpu: the other CPUs cannot be started\n');
    return;
  }
  resetCpus(machine.apicIds, machine.cpuCount);
  const provisions = zeroed<Inline<Provisions>>();
  for (let i: u32 = 0; i < machine.cpuCount; i++) {
    if (machine.apicIds[i] === cpuById(0).apicId) continue;
    if (!prepare(provisions)) {
      printk('cpu: no memory for more than %u\n', cpuCount());
      break;
    }
    startOne(provisions, machine.apicIds[i]);
  }
  printk('cpu: %u of %u run\n', cpuCount(), machine.cpuCount);
}

function startOne(provisions: Provisions, apicId: u32): void {
  const idle = provisions.idle!;
  const cpu = nextCpu();
  if (startCpu(cpu, apicId, stackTop(idle), provisions.doubleFaultStackTop, idleLoop)) provisions.idle = null;
  else printk('cpu: the one with APIC id %u does not answer\n', apicId);
}
