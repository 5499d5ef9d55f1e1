/*
 * Computes an operation whose operands are known, by the tables that the interpreter uses.
 */

import { isArithmetic, isBinary, isCompare, isConversion, isDivision, isShift, isUnary } from './opcodes.ts';
import {
  binary32,
  binary64,
  compare32,
  compare64,
  divisionTraps,
  narrow,
  pureIntrinsics,
  shift64,
  unary32,
  unary64,
  widen,
} from './semantics.ts';
import type { Instruction } from './types.ts';

type Known = number | bigint;

/** Its result is a function of its operands that can be computed here. */
export function isFoldable({ op, intrinsic }: Instruction): boolean {
  return isArithmetic(op) || (op === 'intrinsic' && pureIntrinsics.has(intrinsic));
}

/** The result for these operands; null if there is none (a trap, or not foldable). */
export function foldConstants(instruction: Instruction, values: readonly Known[]): Known | null {
  const { op } = instruction;
  const [a, b] = values;
  if (a === undefined) return null;
  if (op === 'intrinsic') return pureIntrinsics.get(instruction.intrinsic)?.(Number(a)) ?? null;
  if (isUnary(op)) {
    if (isConversion(op)) return op === 'narrow' ? narrow(BigInt(a)) : widen[op](Number(a));
    if (typeof a === 'number') return unary32[op](a);
    return op === 'neg' || op === 'not' ? unary64[op](a) : null;
  }
  if (b === undefined) return null;
  if (isCompare(op)) return (typeof a === 'bigint' ? compare64[op](a, BigInt(b)) : compare32[op](a, Number(b))) ? 1 : 0;
  if (!isBinary(op) || (isDivision(op) && divisionTraps(op, a, b))) return null;
  if (typeof a === 'number') return binary32[op](a, Number(b));
  if (isShift(op)) return shift64[op](a, Number(b));
  return op === 'mulHighS' || op === 'mulHighU' ? null : binary64[op](a, BigInt(b));
}
