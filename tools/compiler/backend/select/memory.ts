/*
 * Selection of loads and stores.
 *
 * A store of what was just loaded from the same place and changed by one operation becomes one instruction on memory:
 * `add [ebx+4], 1`. Volatile places are left out of that; they get exactly the accesses that the source has.
 */

import { isCompare } from '../../ir/opcodes.ts';
import type { Instruction } from '../../ir/types.ts';
import { setNames } from '../encoder/forms.ts';
import {
  displaced,
  immediate,
  type ImmediateOperand,
  register,
  type RegisterOperand,
  type Width,
} from '../encoder/operands.ts';
import { flagsOf } from './compare.ts';
import type { Selector } from './selector.ts';

export function selectLoad(selector: Selector, value: Instruction): void {
  const { offset, signed, size } = value;
  if (value.isVolatile) selector.hasVolatile = true;
  const place = selector.memoryAt(size === 8 ? 32 : size * 8, value.args[0]!, offset);
  if (size === 8) {
    const isVolatile = value.isVolatile;
    if (isVolatile || selector.isLowWanted(value)) selector.move(selector.result(value), place);
    if (isVolatile || selector.isHighWanted(value)) selector.move(selector.resultHigh(value), displaced(place, 4));
  } else {
    selector.emit(size === 4 ? 'mov' : signed ? 'movsx' : 'movzx', selector.result(value), place);
  }
}

export function selectStore(selector: Selector, store: Instruction): void {
  const { offset, size } = store;
  const [address, value] = store.args as [Instruction, Instruction];
  if (size === 8) {
    const place = selector.memoryAt(32, address, offset);
    selector.emit('mov', place, selector.lowOf(value));
    selector.emit('mov', displaced(place, 4), selector.highOf(value));
    return;
  }
  const width = (size * 8) as Width;
  const stored = withoutExtension(selector, value, width);
  if (!store.isVolatile && updateInPlace(selector, store, stored, width)) return;
  const place = selector.memoryAt(width, address, offset);
  if (size === 1 && isCompare(stored.op) && selector.isFoldable(stored)) {
    const condition = flagsOf(selector, stored);
    selector.emit(setNames[condition]!, place);
    return;
  }
  selector.emit('mov', place, storable(selector, stored, width));
}

/** What a narrow store stores of a value whose upper bits it drops anyway. */
function withoutExtension(selector: Selector, value: Instruction, width: Width): Instruction {
  let stripped = value;
  while (selector.uses[stripped.id] === 1 && dropsOnly(stripped, width)) stripped = stripped.args[0]!;
  return stripped;
}

/** The operation changes nothing in the low `width` bits of its operand. */
function dropsOnly(value: Instruction, width: Width): boolean {
  switch (value.op) {
    case 'zext8':
    case 'sext8':
      return width === 8;
    case 'zext16':
    case 'sext16':
      return width <= 16;
    case 'and': {
      const mask = value.args[1]!;
      if (mask.op !== 'const' || width === 32) return false;
      const low = width === 8 ? 0xff : 0xffff;
      return (Number(mask.value) & low) === low;
    }
    default:
      return false;
  }
}

/** A value as the source of an instruction of `width` bits. */
export function storable(selector: Selector, value: Instruction, width: Width): RegisterOperand | ImmediateOperand {
  const operand = selector.registerOrImmediate(value);
  if (operand.kind === 'register') return register(operand.register, width);
  if (width === 32) return operand;
  if (operand.symbol !== null) return selector.registerOf(value, width);
  return immediate(width === 8 ? (operand.value << 24) >> 24 : (operand.value << 16) >> 16);
}

const inPlaceOps = new Map<string, string>([
  ['add', 'add'],
  ['sub', 'sub'],
  ['and', 'and'],
  ['or', 'or'],
  ['xor', 'xor'],
  ['neg', 'neg'],
  ['not', 'not'],
  ['shl', 'shl'],
  ['shrS', 'sar'],
  ['shrU', 'shr'],
]);

/** `*p = *p op x` as one instruction. Says whether the store is of that kind. */
function updateInPlace(selector: Selector, store: Instruction, value: Instruction, width: Width): boolean {
  const op = inPlaceOps.get(value.op);
  if (op === undefined || value.type !== 'i32' || !selector.isFoldable(value) || selector.isWanted(value)) return false;
  const isShift = value.op === 'shl' || value.op === 'shrS' || value.op === 'shrU';
  if (isShift && (width !== 32 || value.args[1]!.op !== 'const')) return false;
  const load = value.args.find((operand, n) => {
    return isSamePlace(selector, operand, store) && (n === 0 || value.op === 'add' || isBitwise(value.op));
  });
  if (load === undefined) return false;
  selector.markDone(value);
  selector.markDone(load);
  const place = selector.memoryAt(width, store.args[0]!, store.offset);
  if (value.args.length === 1) {
    selector.emit(op, place);
    return true;
  }
  const other = value.args[0] === load ? value.args[1]! : value.args[0]!;
  if (isShift) selector.emit(op, place, immediate(Number(other.value) & 31));
  else selector.emit(op, place, storable(selector, other, width));
  return true;
}

function isBitwise(op: string): boolean {
  return op === 'and' || op === 'or' || op === 'xor';
}

/** A load from where the store stores to, that nobody else uses. */
function isSamePlace(selector: Selector, load: Instruction, store: Instruction): boolean {
  return (
    load.op === 'load' &&
    !load.isVolatile &&
    load.args[0] === store.args[0] &&
    load.offset === store.offset &&
    load.size === store.size &&
    selector.canFoldLoad(load)
  );
}
