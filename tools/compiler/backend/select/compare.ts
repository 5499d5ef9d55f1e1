/*
 * Selection of comparisons, and of what depends on them.
 *
 * A comparison that decides a jump or a select never becomes a value: `flagsOf` emits the cmp or test next to its
 * user and tells which condition to ask for. Only a comparison that is stored, passed or counted with needs setcc.
 */

import type { CompareOp, Instruction } from '../../ir/types.ts';
import { isCompare } from '../../ir/opcodes.ts';
import { moveNames, setNames } from '../encoder/forms.ts';
import { immediate, type MemoryOperand, type Operand, register, type RegisterOperand } from '../encoder/operands.ts';
import type { Selector } from './selector.ts';

/** Numbers of the conditions, as the machine encodes them. The lowest bit negates. */
export const Condition = {
  below: 2,
  aboveOrEqual: 3,
  equal: 4,
  notEqual: 5,
  belowOrEqual: 6,
  above: 7,
  less: 12,
  greaterOrEqual: 13,
  lessOrEqual: 14,
  greater: 15,
} as const;

const conditions: Readonly<Record<CompareOp, number>> = {
  eq: Condition.equal,
  ne: Condition.notEqual,
  ltS: Condition.less,
  leS: Condition.lessOrEqual,
  ltU: Condition.below,
  leU: Condition.belowOrEqual,
};

/** The condition that holds of (b, a) where `condition` holds of (a, b). */
function swapped(condition: number): number {
  switch (condition) {
    case Condition.below:
      return Condition.above;
    case Condition.above:
      return Condition.below;
    case Condition.belowOrEqual:
      return Condition.aboveOrEqual;
    case Condition.aboveOrEqual:
      return Condition.belowOrEqual;
    case Condition.less:
      return Condition.greater;
    case Condition.greater:
      return Condition.less;
    case Condition.lessOrEqual:
      return Condition.greaterOrEqual;
    case Condition.greaterOrEqual:
      return Condition.lessOrEqual;
    default:
      return condition;
  }
}

/** Signed conditions as unsigned ones: for operands that are both known to be no less than 0. */
function unsignedForm(condition: number): number {
  switch (condition) {
    case Condition.less:
      return Condition.below;
    case Condition.greaterOrEqual:
      return Condition.aboveOrEqual;
    case Condition.lessOrEqual:
      return Condition.belowOrEqual;
    case Condition.greater:
      return Condition.above;
    default:
      return condition;
  }
}

/**
 * Emits what sets the flags by `value` (a condition: zero or not) and gives the condition under which it is not zero.
 * No instruction between this and the flags' user may change them; moves do not.
 */
export function flagsOf(selector: Selector, value: Instruction): number {
  const isShared = (selector.uses[value.id] ?? 0) > 1;
  return isShared ? selector.withoutFolding(() => fuse(selector, value)) : fuse(selector, value);
}

function fuse(selector: Selector, value: Instruction): number {
  if (isCompare(value.op)) {
    const [left, right] = value.args as [Instruction, Instruction];
    if (isZero(right) && (value.op === 'eq' || value.op === 'ne') && left.type === 'i32') {
      const condition = testZero(selector, left);
      return value.op === 'ne' ? condition : condition ^ 1;
    }
    return left.type === 'i64' ? compareWide(selector, value) : compareNarrow(selector, value);
  }
  return testZero(selector, value);
}

/** Sets the flags by an i32 and gives the condition under which it is not zero. */
function testZero(selector: Selector, value: Instruction): number {
  if (isCompare(value.op)) return flagsOf(selector, value);
  if (value.op === 'and' && isUnused(selector, value)) return testBits(selector, value);
  const narrow = narrowLoad(selector, value);
  if (narrow !== null) {
    selector.emit('cmp', narrow, immediate(0));
    return Condition.notEqual;
  }
  const operand = selector.registerOrMemory(value);
  if (operand.kind === 'memory') selector.emit('cmp', operand, immediate(0));
  else selector.emit('test', operand, register(operand.register));
  return Condition.notEqual;
}

function isZero(value: Instruction): boolean {
  return value.op === 'const' && (value.value === 0 || value.value === 0n);
}

/** `test`, or `bt` where the mask is a single bit that a register counts. */
function testBits(selector: Selector, value: Instruction): number {
  const [left, right] = value.args as [Instruction, Instruction];
  for (const [word, mask] of [
    [left, right],
    [right, left],
  ] as const) {
    if (mask.op === 'shl' && isConstant(mask.args[0]!, 1) && isUnused(selector, mask)) {
      const bit = selector.registerOf(mask.args[1]!);
      selector.emit('bt', selector.registerOf(word), bit);
      return Condition.below;
    }
    if (isConstant(mask, 1) && word.op === 'shrU' && isUnused(selector, word) && word.args[1]!.op !== 'const') {
      const bit = selector.registerOf(word.args[1]!);
      selector.emit('bt', selector.registerOf(word.args[0]!), bit);
      return Condition.below;
    }
  }
  const [word, mask] = left.op === 'const' ? [right, left] : [left, right];
  if (mask.op === 'const') {
    const bits = Number(mask.value);
    const narrow = narrowLoad(selector, word);
    if (narrow !== null) selector.emit('test', narrow, immediate(bits & ((1 << narrow.width) - 1)));
    else selector.emit('test', selector.registerOrMemory(word), immediate(bits));
    return Condition.notEqual;
  }
  const b = selector.registerOrMemory(mask);
  selector.emit('test', b, selector.registerOf(word));
  return Condition.notEqual;
}

function isConstant(value: Instruction, wanted: number): boolean {
  return value.op === 'const' && value.value === wanted;
}

/** The value has no user but the one at hand. */
function isUnused(selector: Selector, value: Instruction): boolean {
  return (selector.uses[value.id] ?? 0) === 1 && !selector.isWanted(value);
}

/** The memory of an 8- or 16-bit zero-extending load, if it may be read here. */
function narrowLoad(selector: Selector, value: Instruction): MemoryOperand | null {
  if (value.op !== 'load' || value.size > 2 || value.signed || !selector.canFoldLoad(value)) return null;
  return selector.takeLoad(value);
}

/** An i32 comparison. A constant goes right. */
function compareNarrow(selector: Selector, value: Instruction): number {
  const [first, second] = value.args as [Instruction, Instruction];
  const isSwapped = first.op === 'const' && second.op !== 'const';
  const [left, right] = isSwapped ? [second, first] : [first, second];
  const plain = conditions[value.op as CompareOp];
  const condition = isSwapped ? swapped(plain) : plain;
  if (right.op === 'const' && compareByte(selector, left, Number(right.value))) return unsignedForm(condition);
  const b = selector.anyOperand(right);
  const a = b.kind === 'memory' ? selector.registerOf(left) : selector.anyOperand(left);
  selector.emit('cmp', a.kind === 'immediate' ? toRegister(selector, a) : a, b);
  return condition;
}

function toRegister(selector: Selector, operand: Operand): RegisterOperand {
  const copy = selector.temporary();
  selector.move(copy, operand);
  return copy;
}

/** Compares an 8- or 16-bit load with a constant in place, where that comes to the same. */
function compareByte(selector: Selector, value: Instruction, constant: number): boolean {
  if (value.op !== 'load' || value.size > 2 || value.signed) return false;
  if (constant < 0 || constant >= 1 << (value.size * 8)) return false;
  const place = narrowLoad(selector, value);
  if (place === null) return false;
  selector.emit('cmp', place, immediate(constant));
  return true;
}

/** An i64 comparison: or the differences for equality, subtract with borrow for order. */
function compareWide(selector: Selector, value: Instruction): number {
  const [left, right] = value.args as [Instruction, Instruction];
  const op = value.op as CompareOp;
  const scratch = selector.temporary();
  if (op === 'eq' || op === 'ne') {
    equalWide(selector, left, right, scratch);
    return conditions[op];
  }
  // a <= b is !(b < a).
  const isLess = op === 'ltS' || op === 'ltU';
  const [a, b] = isLess ? [left, right] : [right, left];
  const low = selector.lowOf(a);
  selector.emit('cmp', low.kind === 'immediate' ? toRegister(selector, low) : low, selector.lowOf(b));
  selector.move(scratch, selector.highOf(a));
  selector.emit('sbb', scratch, selector.highOf(b));
  const condition = op === 'ltS' || op === 'leS' ? Condition.less : Condition.below;
  return isLess ? condition : condition ^ 1;
}

function equalWide(selector: Selector, left: Instruction, right: Instruction, scratch: RegisterOperand): void {
  const [a, b] = left.op === 'const' ? [right, left] : [left, right];
  if (isZero(b)) {
    selector.move(scratch, selector.lowOf(a));
    selector.emit('or', scratch, selector.highOf(a));
    return;
  }
  const high = selector.highOf(b);
  selector.move(scratch, selector.lowOf(a));
  selector.emit('xor', scratch, selector.lowOf(b));
  if (high.kind === 'immediate' && high.value === 0 && high.symbol === null) {
    selector.emit('or', scratch, selector.highOf(a));
    return;
  }
  const other = selector.temporary();
  selector.move(other, selector.highOf(a));
  selector.emit('xor', other, high);
  selector.emit('or', scratch, other);
}

/** A comparison as a value: 0 or 1. */
export function selectCompare(selector: Selector, value: Instruction): void {
  const condition = flagsOf(selector, value);
  selectSet(selector, value, condition);
}

/** The result of `value` from the flags: 1 if `condition` holds. */
export function selectSet(selector: Selector, value: Instruction, condition: number): void {
  const bit = selector.temporary(8);
  selector.emit(setNames[condition]!, bit);
  selector.emit('movzx', selector.result(value), bit);
}

/** select: a conditional move. */
export function selectSelect(selector: Selector, value: Instruction): void {
  const [condition, ifTrue, ifFalse] = value.args as [Instruction, Instruction, Instruction];
  const isWide = value.type === 'i64';
  const wantsLow = selector.isLowWanted(value);
  const wantsHigh = isWide && selector.isHighWanted(value);
  // The operands come first: what computes them may change the flags.
  const low = wantsLow ? ([toMovable(selector, selector.lowOf(ifTrue)), selector.lowOf(ifFalse)] as const) : null;
  const high = wantsHigh ? ([toMovable(selector, selector.highOf(ifTrue)), selector.highOf(ifFalse)] as const) : null;
  const move = moveNames[flagsOf(selector, condition)]!;
  if (low !== null) {
    selector.move(selector.result(value), low[1]);
    selector.emit(move, selector.result(value), low[0]);
  }
  if (high !== null) {
    selector.move(selector.resultHigh(value), high[1]);
    selector.emit(move, selector.resultHigh(value), high[0]);
  }
}

function toMovable(selector: Selector, operand: Operand): Operand {
  return operand.kind === 'immediate' ? toRegister(selector, operand) : operand;
}
