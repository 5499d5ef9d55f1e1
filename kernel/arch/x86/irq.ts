/*
 * Interrupt lines: from a device to its handler, over whatever controllers the machine has.
 *
 *   with an MP table      device -> I/O APIC -> local APIC -> vector 32 + line;  8259s masked
 *   without               device -> 8259s -> vector 32 + line
 *
 * Lines are numbered as on the ISA bus, 0 to 15. Handlers run with interrupts off, one after the other, and must not
 * sleep. A line has one handler.
 */

import { EBUSY, EINVAL } from '../../abi/errno.ts';
import { printk } from '../../lib/printk.ts';
import { readAcpi } from './acpi.ts';
import { cpuById, thisCpu } from './cpu.ts';
import { initMessages } from './ipi.ts';
import { initIoApics, routeLine } from './ioApic.ts';
import {
  endOfInterrupt,
  initLocalApic,
  localApicErrors,
  mapLocalApic,
  VECTOR_APIC_ERROR,
  VECTOR_SPURIOUS,
} from './localApic.ts';
import { machineInfo, readMpTable } from './mpTable.ts';
import { acknowledgePicLine, initPic, isSpuriousPicLine, unmaskPicLine } from './pic.ts';
import { initStop } from './stop.ts';
import { type TrapFrame } from './trapFrame.ts';
import { setVectorHandler } from './traps.ts';

const FIRST_VECTOR: u32 = 32;
/** Lines of interrupts that devices can have. */
export const LINES: u32 = 16;

type IrqHandler = (irq: u32) => void;

const handlers = zeroed<FixedArray<IrqHandler | null, 16>>();
/** Who has asked for the line. */
const names = zeroed<FixedArray<string, 16>>();
let withApic = false;

/** Finds the controllers and silences them all. After it, `requestIrq` may be called. */
export function initInterrupts(): void {
  initPic(FIRST_VECTOR);
  readMpTable();
  readAcpi();
  const machine = machineInfo();
  withApic = machine.found && initIoApics();
  if (!withApic) {
    printk('irq: %s, using the 8259\n', machine.found ? 'no I/O APIC where the MP table says' : 'no MP table');
    setVectorHandler(FIRST_VECTOR + 7, handlePicLine);
    setVectorHandler(FIRST_VECTOR + 15, handlePicLine);
    return;
  }
  if (machine.hasImcr) {
    outb(0x22, 0x70); // the interrupt mode register: disconnect the 8259s from the CPU
    outb(0x23, 0x01);
  }
  mapLocalApic();
  initLocalApic();
  setVectorHandler(VECTOR_SPURIOUS, ignoreSpurious);
  initMessages();
  initStop();
  setVectorHandler(VECTOR_APIC_ERROR, reportApicError);
}

/** Does this machine have APICs that we use? */
export function hasApic(): boolean {
  return withApic;
}

/**
 * Makes `handler` responsible for a line, and lets its interrupts through. 0, -EINVAL (no such line), -EBUSY.
 *
 * @param name the device, for /proc/interrupts
 */
export function requestIrq(irq: u32, handler: IrqHandler, name: string): i32 {
  if (irq >= LINES) return -EINVAL;
  if (handlers[irq] !== null) return -EBUSY;
  handlers[irq] = handler;
  names[irq] = name;
  setVectorHandler(FIRST_VECTOR + irq, withApic ? handleApicLine : handlePicLine);
  if (!withApic) unmaskPicLine(irq);
  else if (!routeLine(machineInfo().isaLines[irq], FIRST_VECTOR + irq, cpuById(0).apicId)) return -EINVAL;
  return 0;
}

/** Interrupts of a line that CPU `cpu` has taken since boot. */
export function irqCountOn(irq: u32, cpu: u32): u32 {
  return cpuById(cpu).irqCounts[irq];
}

/** Who uses a line; empty: nobody. */
export function irqName(irq: u32): string {
  return handlers[irq] === null ? '' : names[irq];
}

/** The pin of its controller that a line ends at. */
export function irqPin(irq: u32): u32 {
  return withApic ? machineInfo().isaLines[irq].pin : irq;
}

function handleApicLine(frame: TrapFrame): void {
  callHandler(frame.vector - FIRST_VECTOR, frame);
  endOfInterrupt();
}

function handlePicLine(frame: TrapFrame): void {
  const irq = frame.vector - FIRST_VECTOR;
  if (isSpuriousPicLine(irq)) return;
  callHandler(irq, frame);
  acknowledgePicLine(irq);
}

function callHandler(irq: u32, frame: TrapFrame): void {
  const cpu = thisCpu();
  cpu.irqDepth++;
  cpu.irqFrame = frame;
  cpu.irqCounts[irq]++;
  const handler = handlers[irq];
  if (handler !== null) handler(irq);
  cpu.irqDepth--;
}

/** A request that vanished between the APIC's offer and the CPU's answer. Not acknowledged: it is in no register. */
function ignoreSpurious(_frame: TrapFrame): void {
  thisCpu().spurious++;
}

function reportApicError(_frame: TrapFrame): void {
  thisCpu().apicErrors++;
  printk('local APIC: error status %x\n', localApicErrors());
  endOfInterrupt();
}
