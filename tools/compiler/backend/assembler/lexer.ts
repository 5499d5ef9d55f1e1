/*
 * Assembly text to tokens, one list per line. Pieces of text alternate with operands, which are tokens of their own.
 */

import type { AsmBody, AsmOperand } from '../../ir/types.ts';
import { LineError } from './errors.ts';

export type Token =
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'string'; readonly bytes: readonly number[]; readonly text: string }
  | { readonly kind: 'mark'; readonly text: string }
  | { readonly kind: 'operand'; readonly operand: AsmOperand; readonly text: string };

export interface Line {
  /** Counted from 1 in the source file. */
  readonly number: number;
  /** Where its first token stands, counted from 1 in the source file. */
  readonly column: number;
  readonly tokens: readonly Token[];
  /** Why the line could not be read. */
  readonly problem: string | null;
}

/** White space, or one of these groups: a comment, a name, a number, a string, a mark. Names for groups would cost an object. */
const pattern =
  /\s+|(;.*)|([A-Za-z_.$@][\w.$@]*)|(0[xX][0-9a-fA-F_]+|0[bB][01_]+|\d[\d_]*)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(<<|>>|[[\]():,+\-*/%&|^~])/y;

/** How a body begins, at its location. */
const opening = 'asm`';

/** Splits a body into lines of tokens. Empty lines are left out. */
export function readLines(body: AsmBody): Line[] {
  const lines: Line[] = [];
  let number = body.location.line;
  let column = body.location.column + opening.length + indentOf(body.pieces[0]!);
  let tokens: Token[] = [];
  let problem: string | null = null;
  const endLine = (): void => {
    if (tokens.length > 0 || problem !== null) lines.push({ number, column, tokens, problem });
    tokens = [];
    problem = null;
  };
  body.pieces.forEach((piece, n) => {
    piece.split('\n').forEach((text, part) => {
      if (part > 0) {
        endLine();
        number++;
        column = 1 + indentOf(text);
      }
      try {
        readTokens(text, tokens);
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        problem = error.message;
      }
    });
    const operand = body.operands[n];
    if (operand !== undefined) {
      const text = 'symbol' in operand ? operand.symbol : String(operand.constant);
      tokens.push({ kind: 'operand', operand, text: `\${${text}}` });
    }
  });
  endLine();
  return lines;
}

/** The number of spaces that a text begins with. */
function indentOf(text: string): number {
  return text.length - text.trimStart().length;
}

function readTokens(text: string, tokens: Token[]): void {
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new LineError(`unexpected character '${text[at]!}'`);
    const name = match[2];
    const number = match[3];
    const string = match[4];
    const mark = match[5];
    if (match[1] !== undefined) return;
    if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (number !== undefined) tokens.push({ kind: 'number', value: readNumber(number), text: number });
    else if (string !== undefined) tokens.push({ kind: 'string', bytes: readString(string), text: string });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
  }
}

function readNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!(value <= 0xffff_ffff)) throw new LineError(`${text} does not fit in 32 bits`);
  return value;
}

const escapes = new Map([
  ['n', 10],
  ['t', 9],
  ['r', 13],
  ['0', 0],
  ['\\', 92],
  ['"', 34],
  ["'", 39],
]);

/** The bytes of a quoted string: UTF-8, with C's escapes. */
function readString(text: string): number[] {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const match of text.slice(1, -1).matchAll(/\\x([0-9a-fA-F]{2})|\\(.)|[^\\]/gsu)) {
    const [whole, hex, escape] = match;
    if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (escape !== undefined) {
      const byte = escapes.get(escape);
      if (byte === undefined) throw new LineError(`unknown escape \\${escape}; write \\xNN`);
      bytes.push(byte);
    } else bytes.push(...encoder.encode(whole));
  }
  return bytes;
}
