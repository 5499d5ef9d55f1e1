/*
 * Selection of intrinsics: one row per name of ir/intrinsics.ts (blocks of memory have a file of their own).
 *
 * Instructions with fixed registers get their operands moved there right before, and their results fetched right after;
 * the allocator lets the moves vanish where it can.
 */

import type { Instruction } from '../../ir/types.ts';
import {
  displaced,
  DS,
  EAX,
  EBP,
  EBX,
  ECX,
  EDI,
  EDX,
  ES,
  ESI,
  ESP,
  FS,
  GS,
  immediate,
  inSegment,
  memory,
  type MemoryOperand,
  type Operand,
  register,
  type RegisterOperand,
  type SystemRegisterOperand,
  type Width,
} from '../encoder/operands.ts';
import { copyBytes, fillBytes, repInsw, repOutsw } from './blocks.ts';
import { Condition, selectSet } from './compare.ts';
import { storable } from './memory.ts';
import type { Selector } from './selector.ts';

type Row = (selector: Selector, value: Instruction) => void;

/** An intrinsic call. */
export function selectIntrinsic(selector: Selector, value: Instruction): void {
  const row = rows.get(value.intrinsic);
  if (row === undefined) throw new Error(`the intrinsic ${value.intrinsic} has no lowering`);
  row(selector, value);
}

/** Emits an atomic operation whose answer is a condition, and gives that; null for any other intrinsic. */
export function flagsOfIntrinsic(selector: Selector, value: Instruction): number | null {
  switch (value.intrinsic) {
    case 'atomicDecAndTest':
      locked(selector, 'dec', placeOf(selector, value));
      return Condition.equal;
    case 'atomicTestAndSetBit':
      return testBit(selector, value, 'bts');
    case 'atomicTestAndClearBit':
      return testBit(selector, value, 'btr');
    default:
      return null;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Atomics.

function widthOf(value: Instruction): Width {
  return (value.size * 8) as Width;
}

function placeOf(selector: Selector, value: Instruction): MemoryOperand {
  return selector.memoryAt(value.size * 8, value.args[0]!, 0);
}

function locked(selector: Selector, op: string, ...operands: Operand[]): void {
  selector.emit(op, ...operands).prefix = 'lock';
}

/** The result, zero-extended from the low bits of a register. */
function extended(selector: Selector, value: Instruction, from: number): void {
  if (!selector.isWanted(value)) return;
  const width = widthOf(value);
  selector.emit(width === 32 ? 'mov' : 'movzx', selector.result(value), register(from, width));
}

/** lock op [place], operand */
function atomicUpdate(op: string): Row {
  return (selector, value) => {
    const operand = storable(selector, value.args[1]!, widthOf(value));
    locked(selector, op, placeOf(selector, value), operand);
  };
}

/** op [place], register, which then holds what was in the place. */
function atomicExchange(op: string): Row {
  return (selector, value) => {
    const exchanged = selector.temporary();
    selector.move(exchanged, selector.registerOrImmediate(value.args[1]!));
    const place = placeOf(selector, value);
    const instruction = selector.emit(op, place, register(exchanged.register, widthOf(value)));
    if (op !== 'xchg') instruction.prefix = 'lock'; // xchg locks by itself
    extended(selector, value, exchanged.register);
  };
}

function atomicCmpxchg(selector: Selector, value: Instruction): void {
  if (value.size === 8) {
    atomicCmpxchg8b(selector, value);
    return;
  }
  const [, expected, desired] = value.args as [Instruction, Instruction, Instruction];
  const source = selector.registerOf(desired, widthOf(value));
  const place = placeOf(selector, value);
  selector.move(register(EAX), selector.registerOrImmediate(expected));
  locked(selector, 'cmpxchg', place, source);
  extended(selector, value, EAX);
}

function atomicCmpxchg8b(selector: Selector, value: Instruction): void {
  const [, expected, desired] = value.args as [Instruction, Instruction, Instruction];
  const place = placeOf(selector, value);
  selector.move(register(EAX), selector.lowOf(expected));
  selector.move(register(EDX), selector.highOf(expected));
  selector.move(register(EBX), selector.lowOf(desired));
  selector.move(register(ECX), selector.highOf(desired));
  locked(selector, 'cmpxchg8b', place);
  if (selector.isLowWanted(value)) selector.move(selector.result(value), register(EAX));
  if (selector.isHighWanted(value)) selector.move(selector.resultHigh(value), register(EDX));
}

/** bts and btr on memory take a register's bits beyond the lowest five as a distance in words: not wanted here. */
function testBit(selector: Selector, value: Instruction, op: string): number {
  const [address, bit] = value.args as [Instruction, Instruction];
  let operand: Operand;
  if (bit.op === 'const') {
    operand = immediate(Number(bit.value) & 31);
  } else {
    const masked = selector.temporary();
    selector.move(masked, selector.registerOf(bit));
    selector.emit('and', masked, immediate(31));
    operand = masked;
  }
  locked(selector, op, selector.memoryAt(32, address, 0), operand);
  return Condition.below;
}

function flagsAsValue(selector: Selector, value: Instruction): void {
  const condition = flagsOfIntrinsic(selector, value)!;
  if (selector.isWanted(value)) selectSet(selector, value, condition);
}

// ---------------------------------------------------------------------------------------------------------------------
// The CPU.

/** Instructions without operands. */
function plain(...ops: string[]): Row {
  return (selector) => {
    for (const op of ops) selector.emit(op);
  };
}

/** The operand is the memory at the given address. */
function onMemory(op: string): Row {
  return (selector, value) => selector.emit(op, selector.memoryAt(0, value.args[0]!, 0));
}

/** Copies a system register to the result; does nothing if nobody wants it. */
function readSystem(kind: 'control' | 'segment', number: number): Row {
  return (selector, value) => {
    if (!selector.isWanted(value)) return;
    const to = selector.result(value);
    selector.emit('mov', to, { kind, register: number });
    // What the upper half becomes differs between CPUs (SDM volume 2, MOV).
    if (kind === 'segment') selector.emit('movzx', to, register(to.register, 16));
  };
}

function writeSystem(kind: SystemRegisterOperand['kind'], number: number): Row {
  return (selector, value) => {
    const from = selector.registerOf(value.args[0]!);
    selector.emit('mov', { kind, register: number }, from);
  };
}

function onSelector(op: string): Row {
  return (selector, value) => selector.emit(op, selector.registerOf(value.args[0]!, 16));
}

function readSegment(segment: number): Row {
  return (selector, value) => {
    if (!selector.isWanted(value)) return;
    const place = inSegment(selector.memoryAt(32, value.args[0]!, 0), segment);
    selector.move(selector.result(value), place);
  };
}

function writeSegment(segment: number): Row {
  return (selector, value) => {
    const operand = selector.registerOrImmediate(value.args[1]!);
    selector.emit('mov', inSegment(selector.memoryAt(32, value.args[0]!, 0), segment), operand);
  };
}

function takePair(selector: Selector, value: Instruction): void {
  if (selector.isLowWanted(value)) selector.move(selector.result(value), register(EAX));
  if (selector.isHighWanted(value)) selector.move(selector.resultHigh(value), register(EDX));
}

function wrmsr(selector: Selector, value: Instruction): void {
  const [index, content] = value.args as [Instruction, Instruction];
  selector.move(register(ECX), selector.registerOrImmediate(index));
  selector.move(register(EAX), selector.lowOf(content));
  selector.move(register(EDX), selector.highOf(content));
  selector.emit('wrmsr');
}

function cpuid(selector: Selector, value: Instruction): void {
  const [leaf, subleaf, result] = value.args as [Instruction, Instruction, Instruction];
  const place = selector.memoryAt(32, result, 0);
  selector.move(register(EAX), selector.registerOrImmediate(leaf));
  selector.move(register(ECX), selector.registerOrImmediate(subleaf));
  selector.emit('cpuid');
  [EAX, EBX, ECX, EDX].forEach((from, n) => selector.emit('mov', displaced(place, n * 4), register(from)));
}

// ---------------------------------------------------------------------------------------------------------------------
// Ports and system calls.

/** A port below 256 that is known goes into the instruction, any other into DX. */
function portOperand(selector: Selector, port: Instruction): Operand {
  if (port.op === 'const' && Number(port.value) >>> 0 < 256) return immediate(Number(port.value));
  selector.move(register(EDX), selector.registerOrImmediate(port));
  return register(EDX, 16);
}

function input(width: Width): Row {
  return (selector, value) => {
    selector.emit('in', register(EAX, width), portOperand(selector, value.args[0]!));
    if (!selector.isWanted(value)) return;
    selector.emit(width === 32 ? 'mov' : 'movzx', selector.result(value), register(EAX, width));
  };
}

function output(width: Width): Row {
  return (selector, value) => {
    const operand = selector.registerOrImmediate(value.args[1]!);
    selector.move(register(EAX), operand);
    selector.emit('out', portOperand(selector, value.args[0]!), register(EAX, width));
  };
}

const systemCallRegisters = [EAX, EBX, ECX, EDX, ESI, EDI, EBP];

function int80(selector: Selector, value: Instruction): void {
  const operands = value.args.map((operand) => selector.registerOrImmediate(operand));
  // EBP first: what is left when the last operand is placed is EAX, which every operand may have been computed in.
  systemCallRegisters.toReversed().forEach((number, n) => selector.move(register(number), operands[6 - n]!));
  const instruction = selector.emit('int', immediate(0x80));
  for (const number of systemCallRegisters) instruction.extraUses |= 1 << number;
  instruction.extraDefs = 1 << EAX;
  if (selector.isWanted(value)) selector.move(selector.result(value), register(EAX));
}

// ---------------------------------------------------------------------------------------------------------------------
// Flags, stack, bits.

function readEflags(selector: Selector, value: Instruction): void {
  selector.emit('pushfd');
  selector.emit('pop', selector.result(value));
}

function writeEflags(selector: Selector, value: Instruction): void {
  const operand = selector.registerOrImmediate(value.args[0]!);
  selector.emit('push', operand);
  selector.emit('popfd');
}

function returnAddress(selector: Selector, value: Instruction): void {
  if (!selector.isWanted(value)) return;
  const slot = selector.machine.newSlot('incoming', 4, 4, -4);
  selector.move(selector.result(value), memory(32, { slot }));
}

function bitScan(op: string): Row {
  return (selector, value) => {
    const operand = selector.registerOrMemory(value.args[0]!);
    selector.emit(op, selector.result(value), operand);
  };
}

function bswap(selector: Selector, value: Instruction): void {
  const to: RegisterOperand = selector.result(value);
  selector.move(to, selector.anyOperand(value.args[0]!));
  selector.emit('bswap', to);
}

function rdmsr(selector: Selector, value: Instruction): void {
  selector.move(register(ECX), selector.registerOrImmediate(value.args[0]!));
  selector.emit('rdmsr');
  takePair(selector, value);
}

const rows: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['atomicXchg', atomicExchange('xchg')],
  ['atomicCmpxchg', atomicCmpxchg],
  ['atomicFetchAdd', atomicExchange('xadd')],
  ['atomicAdd', atomicUpdate('add')],
  ['atomicSub', atomicUpdate('sub')],
  ['atomicAnd', atomicUpdate('and')],
  ['atomicOr', atomicUpdate('or')],
  ['atomicInc', (selector, value) => locked(selector, 'inc', placeOf(selector, value))],
  ['atomicDec', (selector, value) => locked(selector, 'dec', placeOf(selector, value))],
  ['atomicDecAndTest', flagsAsValue],
  ['atomicTestAndSetBit', flagsAsValue],
  ['atomicTestAndClearBit', flagsAsValue],
  ['compilerBarrier', plain()],
  ['mfence', plain('mfence')],
  ['copyBytes', copyBytes],
  ['fillBytes', fillBytes],
  ['cli', plain('cli')],
  ['sti', plain('sti')],
  ['hlt', plain('hlt')],
  ['stiHlt', plain('sti', 'hlt')],
  ['pause', plain('pause')],
  ['int3', plain('int3')],
  ['ud2', plain('ud2')],
  ['readEflags', readEflags],
  ['writeEflags', writeEflags],
  ['readEsp', (selector, value) => selector.move(selector.result(value), register(ESP))],
  ['returnAddress', returnAddress],
  ['inb', input(8)],
  ['inw', input(16)],
  ['inl', input(32)],
  ['outb', output(8)],
  ['outw', output(16)],
  ['outl', output(32)],
  ['repInsw', repInsw],
  ['repOutsw', repOutsw],
  ['readCr0', readSystem('control', 0)],
  ['readCr2', readSystem('control', 2)],
  ['readCr3', readSystem('control', 3)],
  ['readCr4', readSystem('control', 4)],
  ['writeCr0', writeSystem('control', 0)],
  ['writeCr3', writeSystem('control', 3)],
  ['writeCr4', writeSystem('control', 4)],
  ['invlpg', onMemory('invlpg')],
  ['lgdt', onMemory('lgdt')],
  ['lidt', onMemory('lidt')],
  ['ltr', onSelector('ltr')],
  ['lldt', onSelector('lldt')],
  ['loadDs', writeSystem('segment', DS)],
  ['loadEs', writeSystem('segment', ES)],
  ['loadFs', writeSystem('segment', FS)],
  ['loadGs', writeSystem('segment', GS)],
  ['readFs', readSystem('segment', FS)],
  ['readGs', readSystem('segment', GS)],
  ['readGs32', readSegment(GS)],
  ['writeGs32', writeSegment(GS)],
  ['readFs32', readSegment(FS)],
  ['writeFs32', writeSegment(FS)],
  [
    'rdtsc',
    (selector, value) => {
      selector.emit('rdtsc');
      takePair(selector, value);
    },
  ],
  ['rdmsr', rdmsr],
  ['wrmsr', wrmsr],
  ['cpuid', cpuid],
  ['clts', plain('clts')],
  ['fninit', plain('fninit')],
  ['fnsave', onMemory('fnsave')],
  ['frstor', onMemory('frstor')],
  ['fxsave', onMemory('fxsave')],
  ['fxrstor', onMemory('fxrstor')],
  ['wbinvd', plain('wbinvd')],
  ['bsf', bitScan('bsf')],
  ['bsr', bitScan('bsr')],
  ['bswap', bswap],
  ['int80', int80],
]);
