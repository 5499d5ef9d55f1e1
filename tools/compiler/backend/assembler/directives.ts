/*
 * Directives of the assembler.
 *
 *   .byte 1, 2    .word x    .long label - start, ${symbol}    .ascii "text"    .asciz "text"
 *   .align 16     .code16    .code32                           .extable from, to
 */

import type { FixupKind } from '../encoder/code.ts';
import type { Assembler } from './assemble.ts';
import { LineError } from './errors.ts';
import { type Cursor, describe, readConstant, readExpression } from './expression.ts';

/** Executes the directive that the cursor stands on. */
export function assembleDirective(assembler: Assembler, cursor: Cursor): void {
  const name = cursor.take().text.toLowerCase();
  switch (name) {
    case '.byte':
      numbers(assembler, cursor, 1);
      break;
    case '.word':
      numbers(assembler, cursor, 2);
      break;
    case '.long':
      numbers(assembler, cursor, 4);
      break;
    case '.ascii':
    case '.asciz':
      text(assembler, cursor, name === '.asciz');
      break;
    case '.align':
      align(assembler, cursor);
      break;
    case '.code16':
      assembler.mode = 16;
      break;
    case '.code32':
      assembler.mode = 32;
      break;
    case '.extable': {
      const from = labelName(cursor);
      cursor.expect(',');
      assembler.addException(from, labelName(cursor));
      break;
    }
    default:
      throw new LineError(
        `unknown directive ${name}; there are .byte .word .long .ascii .asciz .align .code16 .code32 .extable`,
      );
  }
}

function labelName(cursor: Cursor): string {
  const token = cursor.take();
  if (token.kind !== 'name') throw new LineError(`expected a label, found ${token.text}`);
  return token.text;
}

const fixupKinds = new Map<number, FixupKind>([
  [1, 'abs8'],
  [2, 'abs16'],
  [4, 'abs32'],
]);

function numbers(assembler: Assembler, cursor: Cursor, size: number): void {
  const { code } = assembler;
  do {
    const form = readExpression(cursor);
    if (form.registers.size > 0) throw new LineError('a register is not a number');
    const name = assembler.nameFor(form);
    const limit = 2 ** (size * 8);
    if (name === null && (form.constant >= limit || form.constant < -limit / 2)) {
      throw new LineError(`${form.constant} does not fit in ${size} ${size === 1 ? 'byte' : 'bytes'}`);
    }
    if (name !== null) code.fixup(fixupKinds.get(size)!, name, form.constant);
    for (let n = 0; n < size; n++) code.byte(name === null ? (form.constant >> (n * 8)) & 0xff : 0);
  } while (cursor.accept(','));
}

function text(assembler: Assembler, cursor: Cursor, isEnded: boolean): void {
  do {
    const token = cursor.take();
    if (token.kind !== 'string') throw new LineError(`expected a string, found ${describe(token)}`);
    for (const byte of token.bytes) assembler.code.byte(byte);
    if (isEnded) assembler.code.byte(0);
  } while (cursor.accept(','));
}

function align(assembler: Assembler, cursor: Cursor): void {
  const alignment = readConstant(cursor);
  if (alignment < 1 || alignment > 4096 || (alignment & (alignment - 1)) !== 0) {
    throw new LineError('the alignment is a power of two up to 4096');
  }
  assembler.code.align(alignment);
  assembler.alignment = Math.max(assembler.alignment, alignment);
}
