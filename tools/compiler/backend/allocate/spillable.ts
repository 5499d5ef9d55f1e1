/*
 * Which operand of an instruction may be memory, or an immediate, instead of a register. The instruction table knows it
 * too; this says it without trying forms, for what the code generator emits.
 */

import type { Operand } from '../encoder/operands.ts';
import type { MachineInstruction } from '../machine/types.ts';

/** Whether operand n, a register, could be the memory of a frame slot. */
export function canBeMemory({ effects, operands }: MachineInstruction, n: number): boolean {
  if ((effects.memory & (1 << n)) === 0) return false;
  for (let other = 0; other < operands.length; other++) {
    if (other !== n && !isCompatible(operands[other]!)) return false;
  }
  return true;
}

/** Next to a memory operand there may be registers and immediates, but neither memory nor a segment register. */
function isCompatible(operand: Operand): boolean {
  return operand.kind === 'register' || operand.kind === 'immediate';
}

const immediateOperands = new Set(['mov', 'add', 'sub', 'and', 'or', 'xor', 'adc', 'sbb', 'cmp', 'test']);

/** Whether operand n, a register that is only read, could be an immediate. */
export function canBeImmediate(instruction: MachineInstruction, n: number): boolean {
  const { op, operands } = instruction;
  if (op === 'push') return true;
  const [first, second] = operands;
  if (n !== 1 || !immediateOperands.has(op) || first === undefined) return false;
  return second?.kind === 'register' && second.width === 32 && (first.kind === 'register' || first.kind === 'memory');
}
