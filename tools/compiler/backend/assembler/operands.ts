/*
 * Operands of the assembler.
 *
 *   eax   5   table   [ebx+ecx*4+8]   dword ptr gs:[16]   0x08:label
 *
 * A symbol or label by itself means its address (`offset` may stand before it); in brackets, what is there.
 */

import {
  type ImmediateOperand,
  type MemoryOperand,
  memory,
  NONE,
  type Operand,
  registersByName,
  segmentNames,
} from '../encoder/operands.ts';
import { LineError } from './errors.ts';
import { type Cursor, type Linear, readExpression } from './expression.ts';

/** What stands for an expression with symbols in an operand until the body's labels are settled. */
export interface Names {
  /** The name to use in the operand for the symbols and labels of a form; null if it has none. */
  nameFor(form: Linear): string | null;
}

export interface OperandContext extends Names {
  readonly mode: 16 | 32;
  /** Forced by addr16 or addr32. */
  readonly addressSize: 16 | 32 | null;
}

const sizes = new Map([
  ['byte', 8],
  ['word', 16],
  ['dword', 32],
  ['fword', 48],
  ['qword', 64],
]);

/** Reads one operand. */
export function readOperand(cursor: Cursor, context: OperandContext): Operand {
  cursor.acceptWord('short', 'near');
  const isFar = cursor.acceptWord('far') !== null;
  const size = cursor.acceptWord(...sizes.keys());
  if (size !== null) cursor.acceptWord('ptr');
  const width = size === null ? (isFar ? 48 : 0) : sizes.get(size)!;
  const segment = readSegment(cursor);
  if (segment !== NONE || (cursor.next?.kind === 'mark' && cursor.next.text === '[')) {
    return readMemory(cursor, context, width, segment);
  }
  const isOffset = cursor.acceptWord('offset') !== null;
  const token = cursor.next;
  const register = token?.kind === 'name' ? registersByName.get(token.text.toLowerCase()) : undefined;
  if (register !== undefined && !isOffset) {
    cursor.take();
    return { ...register };
  }
  const form = readExpression(cursor);
  if (cursor.accept(':')) {
    return { kind: 'far', selector: toImmediate(form, context), offset: toImmediate(readExpression(cursor), context) };
  }
  if (size !== null) throw new LineError(`${size} ptr must be followed by [an address]`);
  return toImmediate(form, context);
}

function toImmediate(form: Linear, context: OperandContext): ImmediateOperand {
  if (form.registers.size > 0) throw new LineError('registers can be added only in an address, [eax+4]');
  return { kind: 'immediate', value: form.constant, symbol: context.nameFor(form) };
}

/** `gs:` in front of a bracket. */
function readSegment(cursor: Cursor): number {
  const token = cursor.next;
  const after = cursor.peek(1);
  if (token?.kind !== 'name' || after?.kind !== 'mark' || after.text !== ':') return NONE;
  const number = segmentNames.indexOf(token.text.toLowerCase() as (typeof segmentNames)[number]);
  if (number < 0) return NONE;
  cursor.take();
  cursor.take();
  return number;
}

function readMemory(cursor: Cursor, context: OperandContext, width: number, segment: number): MemoryOperand {
  cursor.expect('[');
  const form = readExpression(cursor);
  cursor.expect(']');
  let base = NONE;
  let index = NONE;
  let scale = 1;
  let registerWidth: 16 | 32 | null = null;
  for (const [name, factor] of form.registers) {
    const register = registersByName.get(name)!;
    if (register.kind !== 'register' || register.width === 8) throw new LineError(`${name} cannot be in an address`);
    if (registerWidth !== null && registerWidth !== register.width)
      throw new LineError('registers of two widths in an address');
    registerWidth = register.width;
    if (factor === 1 && base === NONE) base = register.register;
    else if (index === NONE) {
      index = register.register;
      scale = factor;
    } else throw new LineError('an address has at most two registers: [base + index*scale + displacement]');
  }
  // x + x is x*2; x*3 is x + x*2.
  if (base === NONE && (scale === 3 || scale === 5 || scale === 9)) {
    base = index;
    scale--;
  }
  if (scale !== 1 && scale !== 2 && scale !== 4 && scale !== 8) throw new LineError('the scale is 1, 2, 4 or 8');
  return memory(width, {
    base,
    index,
    scale: (scale | 0) as typeof scale, // so that V8 keeps it as an integer
    displacement: form.constant | 0,
    symbol: context.nameFor(form),
    segment,
    addressSize: registerWidth ?? context.addressSize ?? context.mode,
  });
}
