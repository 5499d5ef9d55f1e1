/*
 * Integer arithmetic at compile time: values of constants, and bounds of the rest.
 *
 * Constants are bigints. Those with a type wrap as the machine does; untyped ones are exact, as in Go, and must stay
 * within 64 bits.
 */

import type { Bounds, Operand } from './operand.ts';
import type { IntType } from './types.ts';

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^';
export type ShiftOp = '<<' | '>>' | '>>>';
export type CompareToken = '===' | '!==' | '<' | '<=' | '>' | '>=';

/** The exact value; null for a division by zero. */
export function foldArithmetic(op: ArithmeticOp, a: bigint, b: bigint): bigint | null {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? null : a / b;
    case '%':
      return b === 0n ? null : a % b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
  }
}

/** `type` null means an untyped value, whose count must be small. */
export function foldShift(op: ShiftOp, a: bigint, count: bigint, type: IntType | null): bigint | null {
  if (type === null && (count < 0n || count > 63n)) return null;
  const by = type === null ? count : BigInt.asUintN(64, count) % BigInt(type.bits);
  if (op === '<<') return a << by;
  if (op === '>>') return a >> by;
  return BigInt.asUintN(type?.bits ?? (a < -0x80000000n ? 64 : 32), a) >> by;
}

export function foldCompare(op: CompareToken, a: bigint, b: bigint): boolean {
  switch (op) {
    case '===':
      return a === b;
    case '!==':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

const anything: Bounds = { min: -Infinity, max: Infinity };

/** Where the exact result lies. Bounds wider than the result's type mean that it may wrap: the caller widens them. */
export function arithmeticBounds(op: ArithmeticOp, a: Operand, b: Operand): Bounds {
  const positive = a.min >= 0 && b.min >= 0;
  switch (op) {
    case '+':
      return { min: a.min + b.min, max: a.max + b.max };
    case '-':
      return { min: a.min - b.max, max: a.max - b.min };
    case '*':
      return spread([a.min * b.min, a.min * b.max, a.max * b.min, a.max * b.max]);
    case '/':
      return positive ? { min: 0, max: a.max } : anything;
    case '%':
      return positive ? { min: 0, max: Math.min(a.max, Math.max(0, b.max - 1)) } : anything;
    case '&':
      if (positive) return { min: 0, max: Math.min(a.max, b.max) };
      return a.min >= 0 ? { min: 0, max: a.max } : b.min >= 0 ? { min: 0, max: b.max } : anything;
    default:
      return positive ? { min: 0, max: allOnes(Math.max(a.max, b.max)) } : anything;
  }
}

/** For a shift of `a`, whose type is `bits` wide. */
export function shiftBounds(op: ShiftOp, a: Operand, count: bigint | null, bits: number): Bounds {
  if (count === null) return op !== '<<' && a.min >= 0 ? { min: 0, max: a.max } : anything;
  const factor = 2 ** Number(BigInt.asUintN(64, count) % BigInt(bits));
  if (op === '<<') return { min: a.min * factor, max: a.max * factor };
  if (op === '>>' || a.min >= 0) return { min: Math.floor(a.min / factor), max: Math.floor(a.max / factor) };
  return factor === 1 ? anything : { min: 0, max: 2 ** bits / factor - 1 };
}

function spread(values: readonly number[]): Bounds {
  return { min: Math.min(...values), max: Math.max(...values) };
}

/** The least number of the form 2^n - 1 that is not less. */
function allOnes(value: number): number {
  return 2 ** Math.ceil(Math.log2(value + 1)) - 1;
}
