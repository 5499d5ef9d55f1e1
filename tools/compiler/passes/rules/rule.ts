/*
 * What the rules of the simplifier have in common: their shape, and small questions about operands.
 */

import type { Attributes, Instruction, IrModule, Opcode, ValueType } from '../../ir/types.ts';

/** What a rule can ask for. New instructions stand in front of the one that is being looked at, simplified themselves. */
export interface Emitter {
  readonly module: IrModule;
  emit(op: Opcode, type: ValueType, args: Instruction[], attributes?: Partial<Attributes>): Instruction;
  constant(value: number): Instruction;
  wideConstant(value: bigint): Instruction;
  /** Says that the instruction was changed in place. */
  touch(): void;
  /** Only the instruction that is being looked at needs `value`, as far as is known. */
  isUsedOnce(value: Instruction): boolean;
}

/** Gives a value to use instead of the instruction; null to keep it (changed in place, perhaps). */
export type Rule = (instruction: Instruction, emitter: Emitter) => Instruction | null;

/** The value of an i32 constant; null for anything else. */
export function constantOf(value: Instruction): number | null {
  return value.op === 'const' && typeof value.value === 'number' ? value.value : null;
}

/** The value of an i64 constant; null for anything else. */
export function wideConstantOf(value: Instruction): bigint | null {
  return value.op === 'const' && typeof value.value === 'bigint' ? value.value : null;
}

/** Of an i64 constant that is not negative and below 2^32, as an i32; null for anything else. */
export function narrowConstantOf(value: Instruction): number | null {
  const wide = wideConstantOf(value);
  return wide !== null && wide >= 0n && wide < 1n << 32n ? Number(BigInt.asIntN(32, wide)) : null;
}

/** A constant of the type. */
export function constantLike(type: ValueType, value: number, emitter: Emitter): Instruction {
  return type === 'i64' ? emitter.wideConstant(BigInt(value)) : emitter.constant(value);
}

/** `value` is this constant, whatever its type. */
export function isConstant(value: Instruction, wanted: number): boolean {
  return value.op === 'const' && value.value == wanted; // loosely: a bigint equals the number too
}

/** n if the constant (taken as unsigned) is 2 to the n; null otherwise. */
export function powerOfTwo(value: Instruction): number | null {
  if (value.op !== 'const') return null;
  const bits = typeof value.value === 'bigint' ? BigInt.asUintN(64, value.value) : BigInt(value.value >>> 0);
  if (bits === 0n || (bits & (bits - 1n)) !== 0n) return null;
  return bits.toString(2).length - 1;
}

/** The operands of a binary operation. */
export function operandsOf(instruction: Instruction): [Instruction, Instruction] {
  return instruction.args as [Instruction, Instruction];
}

/** The two operands of `value` if that is such an operation with a constant on the right, and i32. */
export function withConstant(value: Instruction, op: Opcode): { value: Instruction; constant: number } | null {
  if (value.op !== op || value.type !== 'i32') return null;
  const constant = constantOf(value.args[1]!);
  return constant === null ? null : { value: value.args[0]!, constant };
}
