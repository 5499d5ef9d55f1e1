/*
 * Selection of copyBytes, fillBytes and the string forms of port I/O.
 *
 * Short blocks of known length become plain moves; longer ones `rep movsd` with the rest by single moves; lengths that
 * are not known `rep movsd` for the words and `rep movsb` for up to three bytes at the end.
 */

import type { Instruction } from '../../ir/types.ts';
import {
  displaced,
  EAX,
  ECX,
  EDI,
  EDX,
  ESI,
  immediate,
  type Operand,
  register,
  type Width,
} from '../encoder/operands.ts';
import type { Selector } from './selector.ts';

/** Blocks up to this many bytes are copied by moves. */
const longestUnrolledCopy = 32;
const longestUnrolledFill = 32;

const countBit = 1 << ECX;

export function copyBytes(selector: Selector, value: Instruction): void {
  const [target, source, count] = value.args as [Instruction, Instruction, Instruction];
  if (count.op === 'const' && Number(count.value) >>> 0 <= longestUnrolledCopy) {
    copyUnrolled(selector, target, source, Number(count.value));
    return;
  }
  const operands = [target, source, count].map((operand) => selector.registerOrImmediate(operand));
  selector.move(register(EDI), operands[0]!);
  selector.move(register(ESI), operands[1]!);
  runByWords(selector, moveOps, count, operands[2]!);
}

/** Pieces that cover `count` bytes: as wide as possible, in ascending order. */
function pieces(count: number): { readonly at: number; readonly width: Width }[] {
  const found: { at: number; width: Width }[] = [];
  for (let at = 0; at < count;) {
    const bytes = count - at >= 4 ? 4 : count - at >= 2 ? 2 : 1;
    found.push({ at, width: (bytes * 8) as Width });
    at += bytes;
  }
  return found;
}

function copyUnrolled(selector: Selector, target: Instruction, source: Instruction, count: number): void {
  const from = selector.memoryAt(32, source, 0);
  const to = selector.memoryAt(32, target, 0);
  for (const { at, width } of pieces(count)) {
    const word = selector.temporary();
    selector.emit(width === 32 ? 'mov' : 'movzx', word, displaced(from, at, width));
    selector.emit('mov', displaced(to, at, width), register(word.register, width));
  }
}

/** One string instruction, by what it moves. */
interface StringOps {
  readonly byte: string;
  readonly word: string;
  readonly long: string;
}

const moveOps: StringOps = { byte: 'movsb', word: 'movsw', long: 'movsd' };
const storeOps: StringOps = { byte: 'stosb', word: 'stosw', long: 'stosd' };

/** `rep movsd` or `stosd` over the words of `count` bytes, then the rest. EDI (and ESI, EAX) are set up already. */
function runByWords(selector: Selector, ops: StringOps, count: Instruction, operand: Operand): void {
  if (count.op === 'const') {
    const bytes = Number(count.value) >>> 0;
    selector.move(register(ECX), immediate(bytes >>> 2));
    repeat(selector, ops.long);
    if ((bytes & 2) !== 0) selector.emit(ops.word);
    if ((bytes & 1) !== 0) selector.emit(ops.byte);
    return;
  }
  selector.move(register(ECX), operand);
  selector.emit('shr', register(ECX), immediate(2));
  repeat(selector, ops.long);
  if (isMultipleOf4(count)) return;
  selector.move(register(ECX), operand);
  selector.emit('and', register(ECX), immediate(3));
  repeat(selector, ops.byte);
}

function repeat(selector: Selector, op: string): void {
  const instruction = selector.emit(op);
  instruction.prefix = 'rep';
  instruction.extraUses |= countBit;
  instruction.extraDefs |= countBit;
}

function isMultipleOf4(value: Instruction): boolean {
  const constant = value.args[1];
  if (constant?.op !== 'const') return false;
  const n = Number(constant.value);
  switch (value.op) {
    case 'shl':
      return (n & 31) >= 2;
    case 'mul':
    case 'and':
      return (n & 3) === 0;
    default:
      return false;
  }
}

export function fillBytes(selector: Selector, value: Instruction): void {
  const [target, byte, count] = value.args as [Instruction, Instruction, Instruction];
  if (count.op === 'const' && byte.op === 'const' && Number(count.value) >>> 0 <= longestUnrolledFill) {
    const to = selector.memoryAt(32, target, 0);
    for (const { at, width } of pieces(Number(count.value))) {
      const pattern = repeated(Number(byte.value));
      const content = width === 32 ? pattern : width === 16 ? (pattern << 16) >> 16 : (pattern << 24) >> 24;
      selector.emit('mov', displaced(to, at, width), immediate(content));
    }
    return;
  }
  const place = selector.registerOrImmediate(target);
  const length = selector.registerOrImmediate(count);
  if (byte.op === 'const') {
    selector.move(register(EDI), place);
    selector.move(register(EAX), immediate(repeated(Number(byte.value))));
  } else {
    const pattern = selector.temporary();
    selector.emit('movzx', pattern, selector.registerOf(byte, 8));
    selector.emit('imul', register(EAX), pattern, immediate(0x01010101));
    selector.move(register(EDI), place);
  }
  runByWords(selector, storeOps, count, length);
}

/** A word of four equal bytes. */
function repeated(byte: number): number {
  return Math.imul(byte & 0xff, 0x01010101);
}

/** rep insw: `count` words from a port to memory. */
export function repInsw(selector: Selector, value: Instruction): void {
  repeatPort(selector, value, 'insw', EDI);
}

/** rep outsw: `count` words from memory to a port. */
export function repOutsw(selector: Selector, value: Instruction): void {
  repeatPort(selector, value, 'outsw', ESI);
}

function repeatPort(selector: Selector, value: Instruction, op: string, pointer: number): void {
  const [port, address, count] = value.args.map((operand) => selector.registerOrImmediate(operand));
  selector.move(register(EDX), port!);
  selector.move(register(pointer), address!);
  selector.move(register(ECX), count!);
  repeat(selector, op);
}
