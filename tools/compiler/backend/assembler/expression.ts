/*
 * Expressions of the assembler: sums of constants, symbols, labels and (in brackets) registers.
 *
 * Everything is kept as a linear form, so that `[table + ecx*4 + 8]` and `label - start + 0x8000` are read by the same
 * code. Operators other than + and - need constants.
 *
 *   sum      product { (+ | - | '|' | '^') product }
 *   product  unary { (* | / | % | << | >> | &) unary }
 *   unary    (- | ~ | +) unary | ( sum ) | number | 'c' | name | ${...}
 */

import { registersByName } from '../encoder/operands.ts';
import { LineError } from './errors.ts';
import type { Token } from './lexer.ts';

/** constant + the sum of symbols + the sum of registers, each times a factor. */
export interface Linear {
  readonly constant: number;
  /** Global symbols. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Labels of the body. */
  readonly labels: ReadonlyMap<string, number>;
  /** By the register's name. */
  readonly registers: ReadonlyMap<string, number>;
}

/** Walks the tokens of one line. */
export class Cursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  get isAtDirective(): boolean {
    const token = this.next;
    return token?.kind === 'name' && token.text.startsWith('.');
  }

  peek(distance: number): Token | undefined {
    return this.#tokens[this.#at + distance];
  }

  take(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new LineError('the line ends too early');
    return token;
  }

  /** Takes the token if it is this mark. */
  accept(mark: string): boolean {
    const token = this.next;
    if (token?.kind !== 'mark' || token.text !== mark) return false;
    this.#at++;
    return true;
  }

  expect(mark: string): void {
    if (!this.accept(mark)) throw new LineError(`expected '${mark}', found ${describe(this.next)}`);
  }

  /** Takes the token if it is one of these words. */
  acceptWord(...words: string[]): string | null {
    const token = this.next;
    if (token?.kind !== 'name' || !words.includes(token.text.toLowerCase())) return null;
    this.#at++;
    return token.text.toLowerCase();
  }
}

export function describe(token: Token | undefined): string {
  return token === undefined ? 'the end of the line' : token.text;
}

const nothing: ReadonlyMap<string, number> = new Map();

function constant(value: number): Linear {
  return { constant: value, symbols: nothing, labels: nothing, registers: nothing };
}

export function isConstant(form: Linear): boolean {
  return form.symbols.size === 0 && form.labels.size === 0 && form.registers.size === 0;
}

/** Reads an expression. */
export function readExpression(cursor: Cursor): Linear {
  let left = readProduct(cursor);
  for (;;) {
    if (cursor.accept('+')) left = combine(left, readProduct(cursor), 1);
    else if (cursor.accept('-')) left = combine(left, readProduct(cursor), -1);
    else if (cursor.accept('|')) left = compute(left, readProduct(cursor), (a, b) => a | b);
    else if (cursor.accept('^')) left = compute(left, readProduct(cursor), (a, b) => a ^ b);
    else return left;
  }
}

/** Reads an expression that must be a constant. */
export function readConstant(cursor: Cursor): number {
  const form = readExpression(cursor);
  if (!isConstant(form)) throw new LineError('a constant is needed here');
  return form.constant;
}

function readProduct(cursor: Cursor): Linear {
  let left = readUnary(cursor);
  for (;;) {
    if (cursor.accept('*')) left = multiply(left, readUnary(cursor));
    else if (cursor.accept('/')) left = compute(left, readUnary(cursor), divide);
    else if (cursor.accept('%')) left = compute(left, readUnary(cursor), (a, b) => a - divide(a, b) * b);
    else if (cursor.accept('<<')) left = compute(left, readUnary(cursor), (a, b) => a << b);
    else if (cursor.accept('>>')) left = compute(left, readUnary(cursor), (a, b) => a >>> b);
    else if (cursor.accept('&')) left = compute(left, readUnary(cursor), (a, b) => a & b);
    else return left;
  }
}

function readUnary(cursor: Cursor): Linear {
  if (cursor.accept('-')) return combine(constant(0), readUnary(cursor), -1);
  if (cursor.accept('+')) return readUnary(cursor);
  if (cursor.accept('~')) return compute(readUnary(cursor), constant(0), (a) => ~a);
  if (cursor.accept('(')) {
    const inner = readExpression(cursor);
    cursor.expect(')');
    return inner;
  }
  const token = cursor.take();
  switch (token.kind) {
    case 'number':
      return constant(token.value);
    case 'string':
      if (token.bytes.length !== 1) throw new LineError(`${token.text} is not a single character`);
      return constant(token.bytes[0]!);
    case 'operand':
      if ('constant' in token.operand) return constant(token.operand.constant);
      return { ...constant(0), symbols: new Map([[token.operand.symbol, 1]]) };
    case 'name': {
      const name = token.text.toLowerCase();
      if (registersByName.has(name)) return { ...constant(0), registers: new Map([[name, 1]]) };
      return { ...constant(0), labels: new Map([[token.text, 1]]) };
    }
    default:
      throw new LineError(`expected a value, found ${token.text}`);
  }
}

/** a + sign * b */
function combine(a: Linear, b: Linear, sign: 1 | -1): Linear {
  return {
    constant: (a.constant + sign * b.constant) | 0,
    symbols: merge(a.symbols, b.symbols, sign),
    labels: merge(a.labels, b.labels, sign),
    registers: merge(a.registers, b.registers, sign),
  };
}

function merge(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
  sign: number,
): ReadonlyMap<string, number> {
  if (b.size === 0) return a;
  const sum = new Map(a);
  for (const [name, factor] of b) {
    const total = (sum.get(name) ?? 0) + sign * factor;
    if (total === 0) sum.delete(name);
    else sum.set(name, total);
  }
  return sum;
}

function multiply(a: Linear, b: Linear): Linear {
  const [form, by] = isConstant(b) ? [a, b.constant] : [b, a.constant];
  if (!isConstant(a) && !isConstant(b)) throw new LineError('one side of * must be a constant');
  const scale = (factors: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
    return new Map([...factors].map(([name, factor]) => [name, factor * by]));
  };
  if (isConstant(form)) return constant(Math.imul(form.constant, by));
  return {
    constant: Math.imul(form.constant, by),
    symbols: scale(form.symbols),
    labels: scale(form.labels),
    registers: scale(form.registers),
  };
}

function divide(a: number, b: number): number {
  if (b === 0) throw new LineError('division by zero');
  return Math.trunc(a / b);
}

function compute(a: Linear, b: Linear, apply: (a: number, b: number) => number): Linear {
  if (!isConstant(a) || !isConstant(b))
    throw new LineError('this operator needs constants; labels and symbols can only be added and subtracted');
  return constant(apply(a.constant, b.constant) | 0);
}
