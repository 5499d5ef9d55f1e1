/*
 * Addressing modes: the sum behind an address, as far as base + index * scale + displacement can express it.
 *
 * Before:  %3 = shl %1, 2          After:  mov v9, [v8+v7*4+16]
 *          %4 = add %0, %3
 *          %5 = load u32 [%4 + 16]
 *
 * Constants, symbols and frame slots are always absorbed: they cost nothing. A sum of two registers is absorbed if it has
 * no other user, or if all its users are addresses in the same block, so that it need not be computed at all.
 */

import type { Instruction } from '../../ir/types.ts';
import { makeMemory, type MemoryOperand, NONE } from '../encoder/operands.ts';
import type { Selector } from './selector.ts';

/** The terms of an address, as values that have not been asked for yet. */
interface Terms {
  readonly displacement: number;
  readonly symbol: string | null;
  readonly slot: number;
  readonly base: Instruction | null;
  readonly index: Instruction | null;
  readonly scale: 1 | 2 | 4 | 8;
}

/** All terms are made here: copies with `...` would not all have one shape to V8. */
function make(
  displacement: number,
  symbol: string | null,
  slot: number,
  base: Instruction | null,
  index: Instruction | null,
  scale: Terms['scale'],
): Terms {
  return { displacement, symbol, slot, base, index, scale };
}

const nothing = make(0, null, NONE, null, null, 1);

function further(terms: Terms, by: number): Terms {
  return make(terms.displacement + by, terms.symbol, terms.slot, terms.base, terms.index, terms.scale);
}

function withIndex(terms: Terms, index: Instruction, scale: Terms['scale']): Terms {
  return make(terms.displacement, terms.symbol, terms.slot, terms.base, index, scale);
}

/** A memory operand for `value` + `offset`. Asks for the registers that remain. */
export function addressOf(selector: Selector, width: number, value: Instruction, offset: number): MemoryOperand {
  return operandFor(selector, width, absorb(selector, further(nothing, offset), value)!);
}

/** The operand of a `lea` that computes `value`, a sum: taken apart whoever else wants it, since this is what makes it. */
export function sumOperand(selector: Selector, value: Instruction): MemoryOperand {
  return operandFor(selector, 0, absorbOperands(selector, nothing, value)!);
}

function operandFor(selector: Selector, width: number, terms: Terms): MemoryOperand {
  const { base, displacement, index, scale, slot, symbol } = terms;
  const baseRegister = base === null ? NONE : selector.registerOf(base).register;
  const indexRegister = index === null ? NONE : selector.registerOf(index).register;
  return makeMemory(width, baseRegister, indexRegister, scale, displacement | 0, symbol, slot);
}

/** The terms with the value added; null if there is no room. Nothing is asked for yet, so this may be tried. */
function absorb(selector: Selector, terms: Terms, value: Instruction): Terms | null {
  return absorbParts(selector, terms, value) ?? withRegister(terms, value);
}

function absorbParts(selector: Selector, terms: Terms, value: Instruction): Terms | null {
  switch (value.op) {
    case 'const':
      return further(terms, Number(value.value));
    case 'symbol':
      if (terms.symbol !== null) return null;
      return make(terms.displacement + value.offset, value.symbol, terms.slot, terms.base, terms.index, terms.scale);
    case 'slot':
      return withSlot(selector, terms, value);
    case 'sub': {
      const [left, right] = value.args as [Instruction, Instruction];
      if (right.op !== 'const') return null;
      return absorb(selector, further(terms, -Number(right.value)), left);
    }
    case 'add':
      return absorbSum(selector, terms, value);
    case 'shl':
    case 'mul': {
      const scale = scaleOf(value);
      if (scale === 0 || terms.index !== null || !isWorthIt(selector, value)) return null;
      return withIndex(terms, value.args[0]!, scale);
    }
    default:
      return null;
  }
}

/** A register more: as the base if that is free, else as the index. */
function withRegister(terms: Terms, value: Instruction): Terms | null {
  const { base, displacement, index, scale, slot, symbol } = terms;
  if (base === null && slot === NONE) return make(displacement, symbol, slot, value, index, scale);
  return index === null ? make(displacement, symbol, slot, base, value, scale) : null;
}

/** ESP, which a slot is relative to, can only be the base: a register that is there moves over. */
function withSlot(selector: Selector, terms: Terms, value: Instruction): Terms | null {
  if (terms.slot !== NONE || selector.source.slots[value.index]!.align > 4) return null;
  const slot = selector.slots[value.index]!;
  const { base, displacement, index, scale, symbol } = terms;
  if (base === null) return make(displacement, symbol, slot, base, index, scale);
  return index === null ? make(displacement, symbol, slot, null, base, scale) : null;
}

function absorbSum(selector: Selector, terms: Terms, value: Instruction): Terms | null {
  const [left, right] = value.args as [Instruction, Instruction];
  const isFree = right.op === 'const' || ((left.op === 'symbol' || right.op === 'symbol') && terms.symbol === null);
  return isFree || isWorthIt(selector, value) ? absorbOperands(selector, terms, value) : null;
}

function absorbOperands(selector: Selector, terms: Terms, value: Instruction): Terms | null {
  const [left, right] = value.args as [Instruction, Instruction];
  const first = absorb(selector, terms, right);
  const both = first === null ? null : absorb(selector, first, left);
  if (both !== null) return both;
  // One of the operands took all the room by itself: take it whole.
  const whole = withRegister(terms, right);
  return whole === null ? null : absorb(selector, whole, left);
}

/** Whether taking the value apart spares its computation. */
function isWorthIt(selector: Selector, value: Instruction): boolean {
  if (value.block !== selector.block || selector.isWanted(value)) return false;
  return selector.uses[value.id] === 1 || selector.isAddressOnly(value);
}

/** 2, 4 or 8 if the value is that multiple of its first operand, else 0. */
export function scaleOf(value: Instruction): 0 | 2 | 4 | 8 {
  const factor = value.args[1]!;
  if (factor.op !== 'const') return 0;
  const n = value.op === 'shl' ? 1 << Number(factor.value) : Number(factor.value);
  return n === 2 || n === 4 || n === 8 ? n : 0;
}
