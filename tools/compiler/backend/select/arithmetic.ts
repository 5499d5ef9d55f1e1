/*
 * Selection of 32-bit arithmetic.
 *
 * Most instructions of the i386 overwrite their first operand, so an operation is a move followed by the operation; the
 * allocator makes the move disappear where the operand is not needed afterwards. Where it is, `lea` adds without harm.
 */

import type { Instruction } from '../../ir/types.ts';
import { isCommutative } from '../../ir/opcodes.ts';
import {
  displaced,
  EAX,
  ECX,
  EDX,
  immediate,
  memory,
  type MemoryOperand,
  NONE,
  type Operand,
  register,
  type RegisterOperand,
} from '../encoder/operands.ts';
import { scaleOf, sumOperand } from './address.ts';
import type { Selector } from './selector.ts';

const twoOperand: Readonly<Record<string, string>> = { add: 'add', sub: 'sub', and: 'and', or: 'or', xor: 'xor' };
const shiftOps: Readonly<Record<string, string>> = { shl: 'shl', shrS: 'sar', shrU: 'shr' };

/** `to = left op right` by way of `mov to, left; op to, right`. */
function overwrite(selector: Selector, op: string, to: RegisterOperand, left: Operand, right: Operand): void {
  selector.move(to, left);
  selector.emit(op, to, right);
}

/** Any i32 binary operation. */
export function selectBinary(selector: Selector, value: Instruction): void {
  switch (value.op) {
    case 'add':
      selectAdd(selector, value);
      break;
    case 'sub':
      selectSub(selector, value);
      break;
    case 'mul':
      selectMul(selector, value);
      break;
    case 'shl':
    case 'shrS':
    case 'shrU':
      selectShift(selector, value);
      break;
    case 'divS':
    case 'divU':
    case 'remS':
    case 'remU':
      selectDivision(selector, value);
      break;
    case 'mulHighS':
    case 'mulHighU':
      selectMulHigh(selector, value);
      break;
    default:
      selectTwoOperand(selector, value);
  }
}

/** Constants go right; else the operand that is not needed afterwards goes left, where it is overwritten. */
function orderOperands(selector: Selector, value: Instruction): readonly [Instruction, Instruction] {
  const [left, right] = value.args as [Instruction, Instruction];
  if (!isCommutative(value.op)) return [left, right];
  if (left.op === 'const' || left.op === 'symbol') return [right, left];
  if (right.op === 'const' || right.op === 'symbol') return [left, right];
  // A load that can be folded is best on the right, as a memory operand.
  if (selector.canFoldLoad(left) && !selector.canFoldLoad(right)) return [right, left];
  if (!selector.diesHere(left) && selector.diesHere(right) && !selector.canFoldLoad(right)) return [right, left];
  return [left, right];
}

function selectTwoOperand(selector: Selector, value: Instruction): void {
  const [left, right] = orderOperands(selector, value);
  if (value.op === 'and' && right.op === 'const' && selectMask(selector, value, left, Number(right.value))) return;
  const b = selector.anyOperand(right);
  const a = selector.anyOperand(left);
  overwrite(selector, twoOperand[value.op]!, selector.result(value), a, b);
}

/** `and` with 0xff and 0xffff is a zero extension, which need not overwrite its operand. */
function selectMask(selector: Selector, value: Instruction, operand: Instruction, mask: number): boolean {
  if (mask !== 0xff && mask !== 0xffff) return false;
  selectExtension(selector, value, operand, 'movzx', mask === 0xff ? 8 : 16);
  return true;
}

function selectAdd(selector: Selector, value: Instruction): void {
  const [left, right] = orderOperands(selector, value);
  const canFold = selector.canFoldLoad(right) || selector.canFoldLoad(left);
  const isInPlace = selector.diesHere(left) && isPlain(left) && isPlain(right);
  if (!canFold && !isInPlace) {
    selectLea(selector, value);
    return;
  }
  const b = selector.anyOperand(right);
  const a = selector.anyOperand(left);
  overwrite(selector, 'add', selector.result(value), a, b);
}

function isPlain(value: Instruction): boolean {
  return value.op !== 'shl' && value.op !== 'add' && value.op !== 'mul' && value.op !== 'slot';
}

/** Adds by `lea`, which has a destination of its own. */
function selectLea(selector: Selector, value: Instruction): void {
  const address = value.op === 'add' ? sumOperand(selector, value) : selector.memoryAt(0, value, 0);
  const to = selector.result(value);
  if (address.symbol !== null && address.base === NONE && address.index === NONE && address.slot === NONE) {
    selector.move(to, immediate(address.displacement, address.symbol));
  } else {
    selector.emit('lea', to, address);
  }
}

function selectSub(selector: Selector, value: Instruction): void {
  const [left, right] = value.args as [Instruction, Instruction];
  if (right.op === 'const' && !selector.diesHere(left) && !selector.canFoldLoad(left)) {
    selectLea(selector, value);
    return;
  }
  if (left.op === 'const' && Number(left.value) === 0) {
    const a = selector.anyOperand(right);
    selector.move(selector.result(value), a);
    selector.emit('neg', selector.result(value));
    return;
  }
  const b = selector.anyOperand(right);
  const a = selector.anyOperand(left);
  overwrite(selector, 'sub', selector.result(value), a, b);
}

function selectMul(selector: Selector, value: Instruction): void {
  const [left, right] = orderOperands(selector, value);
  const to = selector.result(value);
  if (right.op !== 'const') {
    const b = selector.registerOrMemory(right);
    const a = selector.anyOperand(left);
    overwrite(selector, 'imul', to, a, b);
    return;
  }
  const factor = Number(right.value);
  const power = exactLog2(factor);
  if (scaleOf(value) !== 0 && !selector.diesHere(left)) {
    selector.emit('lea', to, memory(0, { index: selector.registerOf(left).register, scale: factor as 2 | 4 | 8 }));
  } else if (power >= 0) {
    overwrite(selector, 'shl', to, selector.anyOperand(left), immediate(power));
  } else if (factor === 3 || factor === 5 || factor === 9) {
    const base = selector.registerOf(left).register;
    selector.emit('lea', to, memory(0, { base, index: base, scale: (factor - 1) as 2 | 4 | 8 }));
  } else {
    selector.emit('imul', to, selector.registerOrMemory(left), immediate(factor));
  }
}

/** n if `value` is 2 to the n (as an unsigned number), else -1. */
export function exactLog2(value: number): number {
  const bits = value >>> 0;
  return bits !== 0 && (bits & (bits - 1)) === 0 ? 31 - Math.clz32(bits) : -1;
}

function selectShift(selector: Selector, value: Instruction): void {
  const [left, count] = value.args as [Instruction, Instruction];
  const op = shiftOps[value.op]!;
  const to = selector.result(value);
  if (count.op === 'const') {
    const n = Number(count.value) & 31;
    if (value.op === 'shl' && n >= 1 && n <= 3 && !selector.diesHere(left) && !selector.canFoldLoad(left)) {
      const scale = (1 << n) as 2 | 4 | 8;
      selector.emit('lea', to, memory(0, { index: selector.registerOf(left).register, scale }));
    } else {
      overwrite(selector, op, to, selector.anyOperand(left), immediate(n));
    }
    return;
  }
  const by = selector.anyOperand(count);
  const from = selector.anyOperand(left);
  selector.move(to, from);
  selector.move(register(ECX), by);
  selector.emit(op, to, register(ECX, 8));
}

/** div and idiv give both quotient and remainder; an equal division in the block that wants the other half joins in. */
function selectDivision(selector: Selector, value: Instruction): void {
  const [left, right] = value.args as [Instruction, Instruction];
  const isSigned = value.op === 'divS' || value.op === 'remS';
  const power = right.op === 'const' && !isSigned ? exactLog2(Number(right.value)) : -1;
  if (power >= 0) {
    const [op, by] = value.op === 'divU' ? ['shr', power] : ['and', Number(right.value) - 1];
    overwrite(selector, op, selector.result(value), selector.anyOperand(left), immediate(by));
    return;
  }
  const twin = findTwin(selector, value);
  if (twin !== null && selector.shareDivision(twin, value)) return;
  const by = selector.registerOrMemory(right);
  const from = selector.anyOperand(left);
  selector.move(register(EAX), from);
  if (isSigned) selector.emit('cdq');
  else selector.move(register(EDX), immediate(0));
  selector.emit(isSigned ? 'idiv' : 'div', by);
  const partner = selector.partnerOf(value);
  for (const each of partner === null ? [value] : [value, partner]) {
    if (!selector.isWanted(each)) continue;
    selector.move(selector.result(each), register(each.op === 'divS' || each.op === 'divU' ? EAX : EDX));
  }
}

const otherHalf: Readonly<Record<string, string>> = { divS: 'remS', remS: 'divS', divU: 'remU', remU: 'divU' };

/** An earlier division of the block with the same operands that gives the other half of the result. */
function findTwin(selector: Selector, value: Instruction): Instruction | null {
  const wanted = otherHalf[value.op]!;
  const instructions = selector.block.instructions;
  for (let n = instructions.indexOf(value) - 1; n >= 0; n--) {
    const other = instructions[n]!;
    if (other.op !== wanted || other.type !== 'i32') continue;
    if (other.args[0] === value.args[0] && other.args[1] === value.args[1]) return other;
  }
  return null;
}

function selectMulHigh(selector: Selector, value: Instruction): void {
  const [left, right] = orderOperands(selector, value);
  const b = selector.registerOrMemory(right);
  const a = selector.anyOperand(left);
  selector.move(register(EAX), a);
  selector.emit(value.op === 'mulHighU' ? 'mul' : 'imul', b);
  selector.move(selector.result(value), register(EDX));
}

/** neg, not and the extensions of an i32. */
export function selectUnary(selector: Selector, value: Instruction): void {
  const operand = value.args[0]!;
  switch (value.op) {
    case 'neg':
    case 'not':
      selector.move(selector.result(value), selector.anyOperand(operand));
      selector.emit(value.op, selector.result(value));
      break;
    case 'sext8':
    case 'zext8':
      selectExtension(selector, value, operand, value.op === 'sext8' ? 'movsx' : 'movzx', 8);
      break;
    default:
      selectExtension(selector, value, operand, value.op === 'sext16' ? 'movsx' : 'movzx', 16);
  }
}

function selectExtension(
  selector: Selector,
  value: Instruction,
  operand: Instruction,
  op: string,
  width: 8 | 16,
): void {
  const folded = narrowLoad(selector, operand, width);
  selector.emit(op, selector.result(value), folded ?? selector.registerOf(operand, width));
}

/** Of a load of at least `width` bits: the memory of its low bits, if they may as well be read here alone. */
function narrowLoad(selector: Selector, load: Instruction, width: 8 | 16): MemoryOperand | null {
  if (!selector.canFoldLoad(load) || load.size * 8 < width) return null;
  if (load.isVolatile && load.size * 8 !== width) return null;
  const place = selector.takeLoad(load);
  return displaced(place, 0, width);
}
