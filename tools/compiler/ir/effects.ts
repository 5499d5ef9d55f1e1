/*
 * What a pass may do with an instruction: drop it, move it, merge it with an equal one.
 *
 * A plain load may be dropped and merged, but not moved to where it would not have been executed: its address may be
 * good only there. Division is the same if its divisor might be zero, and its trap is an effect: it cannot be dropped.
 */

import { intrinsics } from './intrinsics.ts';
import { isArithmetic, isDivision } from './opcodes.ts';
import { type Instruction, isTerminator } from './types.ts';

/** Must stay, whether its result is used or not. */
export function hasEffect(instruction: Instruction): boolean {
  switch (instruction.op) {
    case 'store':
    case 'call':
    case 'callIndirect':
      return true;
    case 'load':
      return instruction.isVolatile;
    case 'intrinsic':
      return effectOf(instruction) === 'effect' || effectOf(instruction) === 'barrier';
    default:
      return isTerminator(instruction.op) || mayTrap(instruction);
  }
}

/** Its result depends on its operands alone, and it can be computed anywhere at no risk. */
export function isPure(instruction: Instruction): boolean {
  const { op } = instruction;
  if (isArithmetic(op)) return !mayTrap(instruction);
  switch (op) {
    case 'const':
    case 'symbol':
    case 'slot':
    case 'select':
      return true;
    case 'intrinsic':
      return effectOf(instruction) === 'pure';
    default:
      return false;
  }
}

/** A division that is not known to be harmless. */
export function mayTrap(instruction: Instruction): boolean {
  if (!isDivision(instruction.op)) return false;
  const divisor = instruction.args[1];
  if (divisor?.op !== 'const' || divisor.value == 0) return true;
  return (instruction.op === 'divS' || instruction.op === 'remS') && divisor.value == -1;
}

/** An intrinsic that looks at memory or machine state, and changes nothing. */
export function isReading(instruction: Instruction): boolean {
  return instruction.op === 'intrinsic' && effectOf(instruction) === 'read';
}

/** Memory may be different afterwards. */
export function writesMemory(instruction: Instruction): boolean {
  switch (instruction.op) {
    case 'store':
    case 'call':
    case 'callIndirect':
      return true;
    case 'intrinsic':
      return effectOf(instruction) === 'barrier';
    default:
      return false;
  }
}

/** Somebody may look at memory here: stores before it must have happened. */
export function readsMemory(instruction: Instruction): boolean {
  switch (instruction.op) {
    case 'load':
    case 'call':
    case 'callIndirect':
      return true;
    case 'intrinsic':
      return effectOf(instruction) === 'read' || effectOf(instruction) === 'barrier';
    default:
      return false;
  }
}

function effectOf(instruction: Instruction): 'pure' | 'read' | 'effect' | 'barrier' {
  return intrinsics.get(instruction.intrinsic)?.effect ?? 'barrier';
}
