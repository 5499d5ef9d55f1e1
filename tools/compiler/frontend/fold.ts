/*
 * The folding that the builder does on the spot: constants with constants of address arithmetic, and neutral elements.
 * What needs to look further is the passes' business.
 */

import type { Instruction, Opcode } from '../ir/types.ts';

/** The value of a constant instruction; null for any other. */
function constantOf(instruction: Instruction): bigint | null {
  return instruction.op === 'const' ? BigInt(instruction.value) : null;
}

/** The operand that the operation leaves as it is, or the constant that it gives; null if it has to be computed. */
export function foldBinary(op: Opcode, a: Instruction, b: Instruction): Instruction | bigint | null {
  const right = constantOf(b);
  if (right === null) return null;
  if (right === 0n && ['add', 'sub', 'or', 'xor', 'shl', 'shrS', 'shrU'].includes(op)) return a;
  if (right === 1n && (op === 'mul' || op === 'divU' || op === 'divS')) return a;
  const left = constantOf(a);
  if (left === null) return null;
  switch (op) {
    case 'add':
      return left + right;
    case 'sub':
      return left - right;
    case 'mul':
      return left * right;
    default:
      return null;
  }
}
