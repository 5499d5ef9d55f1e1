/*
 * Selection of 64-bit arithmetic, in pairs of registers.
 *
 * Sums carry (add, adc), products are put together from 32-bit ones, shifts go through shld and shrd. Division calls a
 * helper (runtime.ts), except by a constant or zero-extended divisor of 32 bits, where two div instructions do.
 *
 * A half that nobody asked for is not computed; a carry is computed even if its low half is not wanted.
 */

import type { Instruction } from '../../ir/types.ts';
import {
  EAX,
  ECX,
  EDX,
  immediate,
  type ImmediateOperand,
  type Operand,
  register,
  type RegisterOperand,
} from '../encoder/operands.ts';
import { CALLER_SAVED } from '../machine/effects.ts';
import { divisionHelper } from '../runtime.ts';
import { exactLog2 } from './arithmetic.ts';
import type { Selector } from './selector.ts';

type Half = RegisterOperand | ImmediateOperand;

/** Low and high op of the operations that go half by half. */
const pairOps: Readonly<Record<string, readonly [low: string, high: string]>> = {
  add: ['add', 'adc'],
  sub: ['sub', 'sbb'],
  and: ['and', 'and'],
  or: ['or', 'or'],
  xor: ['xor', 'xor'],
};

/** Any i64 binary operation. */
export function selectWideBinary(selector: Selector, value: Instruction): void {
  switch (value.op) {
    case 'mul':
      selectWideMul(selector, value);
      break;
    case 'shl':
    case 'shrS':
    case 'shrU':
      selectWideShift(selector, value);
      break;
    case 'divS':
    case 'divU':
    case 'remS':
    case 'remU':
      selectWideDivision(selector, value);
      break;
    default:
      selectPair(selector, value);
  }
}

function isZero(half: Operand): boolean {
  return half.kind === 'immediate' && half.value === 0 && half.symbol === null;
}

function selectPair(selector: Selector, value: Instruction): void {
  const [left, right] = orderPair(value);
  const [lowOp, carryingOp] = pairOps[value.op]!;
  const wantsHigh = selector.isHighWanted(value);
  const lowRight = selector.lowOf(right);
  // Where the low half of the right operand is zero, nothing carries.
  const carries = lowOp !== carryingOp && !isZero(lowRight) && wantsHigh;
  if (selector.isLowWanted(value) || carries) {
    const low = selector.isLowWanted(value) ? selector.result(value) : selector.temporary();
    selector.move(low, selector.lowOf(left));
    if (!isIdentity(lowOp, lowRight)) selector.emit(lowOp, low, lowRight);
  }
  if (!wantsHigh) return;
  const high = selector.resultHigh(value);
  const highRight = selector.highOf(right);
  selector.move(high, selector.highOf(left));
  if (carries) selector.emit(carryingOp, high, highRight);
  else if (!isIdentity(lowOp, highRight)) selector.emit(lowOp, high, highRight);
}

/** Constants and zero-extended values, whose upper half is a constant, go right. */
function orderPair(value: Instruction): readonly [Instruction, Instruction] {
  const [left, right] = value.args as [Instruction, Instruction];
  const isConstantLike = left.op === 'const' || (left.op === 'zextWide' && right.op !== 'const');
  return value.op !== 'sub' && isConstantLike ? [right, left] : [left, right];
}

function isIdentity(op: string, half: Operand): boolean {
  return isZero(half) && op !== 'and';
}

/** (ah:al) * (bh:bl) = al*bl + ((ah*bl + al*bh) << 32). */
function selectWideMul(selector: Selector, value: Instruction): void {
  const [left, right] = orderPair(value);
  const aLow = selector.lowOf(left);
  const bLow = selector.lowOf(right);
  if (!selector.isHighWanted(value)) {
    multiply(selector, selector.result(value), aLow, bLow);
    return;
  }
  if (left.op === 'sextWide' && right.op === 'sextWide') {
    selector.move(register(EAX), aLow);
    selector.emit('imul', toRegister(selector, bLow));
    takeProduct(selector, value, []);
    return;
  }
  const cross: RegisterOperand[] = [];
  addCross(selector, cross, selector.highOf(left), bLow);
  addCross(selector, cross, selector.highOf(right), aLow);
  const factor = toRegister(selector, bLow);
  selector.move(register(EAX), aLow);
  selector.emit('mul', factor);
  takeProduct(selector, value, cross);
}

/** The low 32 bits of a product that counts for the upper half. */
function addCross(selector: Selector, cross: RegisterOperand[], high: Half, low: Half): void {
  if (isZero(high)) return;
  const product = selector.temporary();
  multiply(selector, product, low, high);
  cross.push(product);
}

/** The low 32 bits of a product. */
function multiply(selector: Selector, to: RegisterOperand, a: Half, b: Half): void {
  if (b.kind === 'immediate') selector.emit('imul', to, toRegister(selector, a), b);
  else if (a.kind === 'immediate') selector.emit('imul', to, b, a);
  else {
    selector.move(to, a);
    selector.emit('imul', to, b);
  }
}

/** The result from edx:eax, with the cross products added to the upper half. */
function takeProduct(selector: Selector, value: Instruction, cross: readonly RegisterOperand[]): void {
  const high = selector.resultHigh(value);
  if (selector.isLowWanted(value)) selector.move(selector.result(value), register(EAX));
  selector.move(high, register(EDX));
  for (const product of cross) selector.emit('add', high, product);
}

function toRegister(selector: Selector, operand: Half): RegisterOperand {
  if (operand.kind === 'register') return operand;
  const copy = selector.temporary();
  selector.move(copy, operand);
  return copy;
}

function selectWideShift(selector: Selector, value: Instruction): void {
  const count = value.args[1]!;
  if (count.op === 'const') shiftByConstant(selector, value, Number(count.value) & 63);
  else shiftByRegister(selector, value, count);
}

function shiftByConstant(selector: Selector, value: Instruction, count: number): void {
  const operand = value.args[0]!;
  const low = selector.lowOf(operand);
  const high = selector.highOf(operand);
  const isLeft = value.op === 'shl';
  // Seen from where the bits go: `far` receives them, `near` runs empty.
  const [near, far] = isLeft ? [low, high] : [high, low];
  const wantsNear = isLeft ? selector.isLowWanted(value) : selector.isHighWanted(value);
  const wantsFar = isLeft ? selector.isHighWanted(value) : selector.isLowWanted(value);
  const toNear = (): RegisterOperand => (isLeft ? selector.result(value) : selector.resultHigh(value));
  const toFar = (): RegisterOperand => (isLeft ? selector.resultHigh(value) : selector.result(value));
  const op = isLeft ? 'shl' : value.op === 'shrS' ? 'sar' : 'shr';
  if (wantsFar) {
    if (count >= 32) {
      selector.move(toFar(), near);
      if (count > 32) selector.emit(op, toFar(), immediate(count - 32));
    } else {
      const bits = toRegister(selector, near);
      selector.move(toFar(), far);
      if (count > 0) selector.emit(isLeft ? 'shld' : 'shrd', toFar(), bits, immediate(count));
    }
  }
  if (!wantsNear) return;
  if (count >= 32 && op !== 'sar') {
    selector.move(toNear(), immediate(0));
    return;
  }
  selector.move(toNear(), near);
  if (count > 0) selector.emit(op, toNear(), immediate(Math.min(count, 31)));
}

/** shld and shrd count modulo 32; bit 5 of the count then moves a whole word. */
function shiftByRegister(selector: Selector, value: Instruction, count: Instruction): void {
  const operand = value.args[0]!;
  const isLeft = value.op === 'shl';
  const op = isLeft ? 'shl' : value.op === 'shrS' ? 'sar' : 'shr';
  const low = selector.temporary();
  const high = selector.temporary();
  const fill = selector.temporary();
  const by = selector.anyOperand(count);
  selector.move(low, selector.lowOf(operand));
  selector.move(high, selector.highOf(operand));
  selector.move(register(ECX), by);
  const [near, far] = isLeft ? [low, high] : [high, low];
  selector.emit(isLeft ? 'shld' : 'shrd', far, near, register(ECX, 8));
  selector.emit(op, near, register(ECX, 8));
  if (op === 'sar') {
    selector.move(fill, near);
    selector.emit('sar', fill, immediate(31));
  } else {
    selector.move(fill, immediate(0));
  }
  selector.emit('test', register(ECX, 8), immediate(32));
  selector.emit('cmovne', far, near);
  selector.emit('cmovne', near, fill);
  if (selector.isLowWanted(value)) selector.move(selector.result(value), low);
  if (selector.isHighWanted(value)) selector.move(selector.resultHigh(value), high);
}

function selectWideDivision(selector: Selector, value: Instruction): void {
  const [left, right] = value.args as [Instruction, Instruction];
  const isUnsigned = value.op === 'divU' || value.op === 'remU';
  if (isUnsigned && divideByPower(selector, value, left, right)) return;
  const divisor = selector.highOf(right);
  if (isUnsigned && isZero(divisor)) {
    divideBy32(selector, value, selector.lowOf(left), selector.highOf(left), selector.lowOf(right));
    return;
  }
  selector.emit('mov', selector.outgoing(0), divisor);
  selector.move(register(EAX), selector.lowOf(left));
  selector.move(register(EDX), selector.highOf(left));
  selector.move(register(ECX), selector.lowOf(right));
  const call = selector.emit('call', immediate(0, divisionHelper(value.op)));
  call.extraUses = CALLER_SAVED;
  if (selector.isLowWanted(value)) selector.move(selector.result(value), register(EAX));
  if (selector.isHighWanted(value)) selector.move(selector.resultHigh(value), register(EDX));
}

/** Unsigned division by 2 to the n: a shift or a mask. */
function divideByPower(selector: Selector, value: Instruction, left: Instruction, right: Instruction): boolean {
  if (right.op !== 'const') return false;
  const divisor = BigInt.asUintN(64, BigInt(right.value));
  if (divisor === 0n || (divisor & (divisor - 1n)) !== 0n) return false;
  const highPower = exactLog2(Number(divisor >> 32n));
  const power = highPower >= 0 ? highPower + 32 : exactLog2(Number(divisor));
  const mask = divisor - 1n;
  if (value.op === 'remU') {
    if (selector.isLowWanted(value)) {
      selector.move(selector.result(value), selector.lowOf(left));
      selector.emit('and', selector.result(value), immediate(Number(BigInt.asIntN(32, mask))));
    }
    if (selector.isHighWanted(value)) {
      selector.move(selector.resultHigh(value), selector.highOf(left));
      selector.emit('and', selector.resultHigh(value), immediate(Number(BigInt.asIntN(32, mask >> 32n))));
    }
    return true;
  }
  shiftRight(selector, value, left, power);
  return true;
}

function shiftRight(selector: Selector, value: Instruction, left: Instruction, power: number): void {
  const [low, high] = [selector.lowOf(left), selector.highOf(left)];
  if (selector.isLowWanted(value)) {
    const to = selector.result(value);
    if (power >= 32) {
      selector.move(to, high);
      selector.emit('shr', to, immediate(power - 32));
    } else {
      const bits = toRegister(selector, high);
      selector.move(to, low);
      selector.emit('shrd', to, bits, immediate(power));
    }
  }
  if (!selector.isHighWanted(value)) return;
  selector.move(selector.resultHigh(value), power >= 32 ? immediate(0) : high);
  if (power < 32) selector.emit('shr', selector.resultHigh(value), immediate(power));
}

/** Schoolbook division by one 32-bit digit: the remainder of the upper half is the upper half of the next dividend. */
function divideBy32(selector: Selector, value: Instruction, low: Half, high: Half, divisor: Half): void {
  const by = toRegister(selector, divisor);
  const isQuotient = value.op === 'divU';
  selector.move(register(EAX), high);
  selector.move(register(EDX), immediate(0));
  selector.emit('div', by);
  const upper = selector.temporary();
  if (isQuotient && selector.isHighWanted(value)) selector.move(upper, register(EAX));
  selector.move(register(EAX), low);
  selector.emit('div', by);
  if (selector.isLowWanted(value)) selector.move(selector.result(value), register(isQuotient ? EAX : EDX));
  if (selector.isHighWanted(value)) selector.move(selector.resultHigh(value), isQuotient ? upper : immediate(0));
}

/** neg, not and sextWide of an i64; the other conversions are only names for halves. */
export function selectWideUnary(selector: Selector, value: Instruction): void {
  const operand = value.args[0]!;
  if (value.op === 'sextWide') {
    selector.move(selector.resultHigh(value), selector.anyOperand(operand));
    selector.emit('sar', selector.resultHigh(value), immediate(31));
    return;
  }
  const wantsHigh = selector.isHighWanted(value);
  if (value.op === 'not') {
    if (selector.isLowWanted(value)) complement(selector, selector.result(value), selector.lowOf(operand));
    if (wantsHigh) complement(selector, selector.resultHigh(value), selector.highOf(operand));
    return;
  }
  // 0 - x: neg leaves the borrow in the carry flag.
  const low = selector.isLowWanted(value) ? selector.result(value) : selector.temporary();
  selector.move(low, selector.lowOf(operand));
  selector.emit('neg', low);
  if (!wantsHigh) return;
  selector.move(selector.resultHigh(value), immediate(0));
  selector.emit('sbb', selector.resultHigh(value), selector.highOf(operand));
}

function complement(selector: Selector, to: RegisterOperand, from: Half): void {
  selector.move(to, from);
  selector.emit('not', to);
}
