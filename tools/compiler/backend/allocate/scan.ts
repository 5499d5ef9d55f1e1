/*
 * Which registers an instruction reads and writes, operands and fixed registers together. One scanner is used over and
 * over, so that looking at an instruction allocates nothing.
 */

import { ESP, FIRST_VIRTUAL, NONE, type Operand } from '../encoder/operands.ts';
import { READS, WRITES } from '../machine/effects.ts';
import type { MachineInstruction } from '../machine/types.ts';

/** EAX, ECX, EDX, EBX, EBP, ESI, EDI, as a set of bits. */
export const ALLOCATABLE = 0b1110_1111;

/** ESP, EBP, ESI, EDI: their low bytes have no names. */
export const NOT_BYTE = 0b1111_0000;

export class RegisterScanner {
  /** Virtual registers read, including those in addresses; the first `useCount` entries. */
  readonly uses: number[] = [];
  useCount = 0;
  readonly defs: number[] = [];
  defCount = 0;
  /** Virtual registers used as bytes: the first `byteCount` entries. */
  readonly bytes: number[] = [];
  byteCount = 0;
  /** Real registers read and written, as bits. */
  fixedUses = 0;
  fixedDefs = 0;

  scan(instruction: MachineInstruction): void {
    const { effects, operands } = instruction;
    this.useCount = 0;
    this.defCount = 0;
    this.byteCount = 0;
    this.fixedUses = effects.uses | instruction.extraUses;
    this.fixedDefs = effects.defs | instruction.extraDefs;
    for (let n = 0; n < operands.length; n++) this.#scanOperand(operands[n]!, effects.roles[n] ?? READS);
  }

  #scanOperand(operand: Operand, role: number): void {
    if (operand.kind === 'register') {
      const { register } = operand;
      if (register < FIRST_VIRTUAL) {
        if ((role & READS) !== 0) this.fixedUses |= 1 << register;
        if ((role & WRITES) !== 0) this.fixedDefs |= 1 << register;
        return;
      }
      if ((role & READS) !== 0) this.uses[this.useCount++] = register;
      if ((role & WRITES) !== 0) this.defs[this.defCount++] = register;
      if (operand.width === 8) this.bytes[this.byteCount++] = register;
    } else if (operand.kind === 'memory') {
      this.#scanAddress(operand.base);
      this.#scanAddress(operand.index);
    }
  }

  #scanAddress(register: number): void {
    if (register >= FIRST_VIRTUAL) this.uses[this.useCount++] = register;
    else if (register !== NONE && register !== ESP) this.fixedUses |= 1 << register;
  }
}

/** A move between registers, whole: what coalescing can remove. */
export function isCopy(instruction: MachineInstruction): boolean {
  if (instruction.op !== 'mov') return false;
  const to = instruction.operands[0]!;
  const from = instruction.operands[1]!;
  return to.kind === 'register' && from.kind === 'register' && to.width === 32 && from.width === 32;
}
