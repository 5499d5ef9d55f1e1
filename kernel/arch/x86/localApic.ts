/*
 * The local APIC: a CPU's own interrupt controller, which takes interrupts from the I/O APIC, from other CPUs and from
 * its timer, and wants to be told when one has been dealt with (SDM vol. 3A, chapter 11).
 *
 * Every CPU sees its own at the same address. Registers are 32 bits wide, 16 bytes apart.
 */

import { mapDevice } from '../../mm/kernelMap.ts';
import { thisCpu } from './cpu.ts';
import { irqRestore, irqSave } from './irqFlags.ts';
import { PAGE_SHIFT, type PhysAddr } from './layout.ts';
import { machineInfo } from './mpTable.ts';

const REGISTER_ID: u32 = 0x20;
const REGISTER_VERSION: u32 = 0x30;
const REGISTER_TASK_PRIORITY: u32 = 0x80;
const REGISTER_EOI: u32 = 0xb0;
const REGISTER_SPURIOUS: u32 = 0xf0;
const REGISTER_ERROR_STATUS: u32 = 0x280;
const REGISTER_COMMAND: u32 = 0x300;
const REGISTER_COMMAND_TARGET: u32 = 0x310;
const REGISTER_LVT_TIMER: u32 = 0x320;
const REGISTER_LVT_LINT0: u32 = 0x350;
const REGISTER_LVT_LINT1: u32 = 0x360;
const REGISTER_LVT_ERROR: u32 = 0x370;
const REGISTER_TIMER_INITIAL: u32 = 0x380;
const REGISTER_TIMER_CURRENT: u32 = 0x390;
const REGISTER_TIMER_DIVIDE: u32 = 0x3e0;

const SPURIOUS_ENABLE: u32 = 0x100;
const LVT_MASKED: u32 = 0x10000;
const LVT_NMI: u32 = 0x400;
const LVT_PERIODIC: u32 = 0x20000;
const DIVIDE_BY_16: u32 = 0x3;

// The command register, low half: what is sent, and whether it is still on its way (SDM vol. 3A, figure 11-12).
const COMMAND_NMI: u32 = 0x400;
const COMMAND_INIT: u32 = 0x500;
const COMMAND_STARTUP: u32 = 0x600;
const COMMAND_PENDING: u32 = 0x1000;
const COMMAND_ASSERT: u32 = 0x4000;
const COMMAND_LEVEL: u32 = 0x8000;

export const VECTOR_TIMER: u32 = 0xef;
export const VECTOR_FLUSH: u32 = 0xfb;
export const VECTOR_CALL: u32 = 0xfc;
export const VECTOR_RESCHEDULE: u32 = 0xfd;
export const VECTOR_APIC_ERROR: u32 = 0xfe;
/** The low four bits of this one are ones on every model. */
export const VECTOR_SPURIOUS: u32 = 0xff;

/** The registers; address 0 while there is no APIC in use. */
let registers: Ptr<Volatile<u32>> = ptr<Volatile<u32>>(0);

function read(register: u32): u32 {
  return registers[register >>> 2];
}

function write(register: u32, value: u32): void {
  registers[register >>> 2] = value;
}

/** Maps the registers where the MP table says they are. Once. */
export function mapLocalApic(): void {
  registers = ptr<Volatile<u32>>(mapDevice(machineInfo().localApic, 4096));
}

/** Prepares the APIC of this CPU: everything accepted, nothing pending, the timer still. */
export function initLocalApic(): void {
  thisCpu().apicId = read(REGISTER_ID) >>> 24;
  write(REGISTER_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
  write(REGISTER_LVT_TIMER, LVT_MASKED);
  write(REGISTER_LVT_LINT0, LVT_MASKED);
  write(REGISTER_LVT_LINT1, LVT_NMI);
  write(REGISTER_LVT_ERROR, VECTOR_APIC_ERROR);
  write(REGISTER_ERROR_STATUS, 0);
  write(REGISTER_TASK_PRIORITY, 0);
  write(REGISTER_EOI, 0);
}

/** The interrupt that is being handled has been dealt with. */
export function endOfInterrupt(): void {
  write(REGISTER_EOI, 0);
}

/** Why the APIC raised its error interrupt (SDM vol. 3A, figure 11-9). Reading takes a write first. */
export function localApicErrors(): u32 {
  write(REGISTER_ERROR_STATUS, 0);
  return read(REGISTER_ERROR_STATUS);
}

/** Lets the timer count down once from the top, without an interrupt: for calibration. */
export function startTimerCount(): void {
  write(REGISTER_LVT_TIMER, LVT_MASKED);
  write(REGISTER_TIMER_DIVIDE, DIVIDE_BY_16);
  write(REGISTER_TIMER_INITIAL, 0xffffffff);
}

/** Counts since `startTimerCount`. */
export function timerCount(): u32 {
  return 0xffffffff - read(REGISTER_TIMER_CURRENT);
}

/** An interrupt on VECTOR_TIMER every `counts` counts, from now on, on this CPU. */
export function startPeriodicTimer(counts: u32): void {
  write(REGISTER_TIMER_DIVIDE, DIVIDE_BY_16);
  write(REGISTER_LVT_TIMER, LVT_PERIODIC | VECTOR_TIMER);
  write(REGISTER_TIMER_INITIAL, counts);
}

/** Is the APIC part of the CPU? The 82489DX, which is not, knows no STARTUP message. */
export function isIntegratedApic(): boolean {
  return (read(REGISTER_VERSION) & 0xf0) !== 0;
}

/**
 * Writes the command register: a message to the CPU with this APIC id. The register has two halves, so no interrupt may
 * come between that sends a message of its own.
 */
function send(apicId: u32, command: u32): void {
  const flags = irqSave();
  while ((read(REGISTER_COMMAND) & COMMAND_PENDING) !== 0) pause();
  write(REGISTER_COMMAND_TARGET, apicId << 24);
  write(REGISTER_COMMAND, command);
  irqRestore(flags);
}

/** Interrupts another CPU with `vector`. */
export function sendInterrupt(apicId: u32, vector: u32): void {
  send(apicId, COMMAND_ASSERT | vector);
}

/** Interrupts another CPU, whether it takes interrupts or not. */
export function sendNmi(apicId: u32): void {
  send(apicId, COMMAND_ASSERT | COMMAND_NMI);
}

/** Resets another CPU; it waits for a STARTUP message then. Level triggered: asserted, then taken back. */
export function sendInit(apicId: u32): void {
  send(apicId, COMMAND_LEVEL | COMMAND_ASSERT | COMMAND_INIT);
  send(apicId, COMMAND_LEVEL | COMMAND_INIT);
}

/** Starts a CPU that waits, in real mode at the beginning of this page, which is below 1 MiB. */
export function sendStartup(apicId: u32, page: PhysAddr): void {
  send(apicId, COMMAND_ASSERT | COMMAND_STARTUP | (page >>> PAGE_SHIFT));
}
