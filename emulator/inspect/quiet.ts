/*
 * Is nobody in the middle of anything?
 *
 * What adds up over the whole machine (references, counts of swap slots) is right whenever no CPU is inside the kernel but
 * idle: the kernel is not preempted, and who sleeps in it has left its accounts in order. A CPU that was stopped when the
 * machine was switched off has noted what it was doing; the one that switches it off is doing nothing else.
 */
import type { Cpu } from '../../kernel/arch/x86/cpu.ts';
import type { MemoryState } from './memoryState.ts';
import type { View } from './view.ts';

/** The CPUs of the machine, by number of their local APICs. */
export interface GuestCpus {
  registers(cpu: number): { readonly cs: number };
}

/** Whether all counts of the kernel's memory management can be compared now. */
export function isQuiet(state: MemoryState, machine: GuestCpus): boolean {
  const { reader } = state;
  const first = reader.symbol('arch/x86/cpu:cpus');
  const count = reader.word(reader.symbol('arch/x86/cpu:count'));
  const cpus = Array.from({ length: count }, (_, i) => reader.at<Cpu>('Cpu', first + i * reader.sizeOf('Cpu')));
  const isOver = reader.word(reader.symbol('arch/x86/stop:purpose')) !== 0;
  return cpus.every((cpu) => {
    if (cpu.isStopped) return cpu.isStoppedIdle;
    return isOver || (machine.registers(cpu.apicId).cs & 3) === 3 || isIdle(cpu);
  });
}

function isIdle(cpu: View<Cpu>): boolean {
  return cpu.online && cpu.current.isIdle && cpu.irqDepth === 0 && cpu.spinDepth === 0;
}
