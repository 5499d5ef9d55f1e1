/*
 * $((expression)): whole numbers of 64 bits with C's operators, precedence and assignments, but for ++, -- and the comma.
 *
 * What is not to be evaluated (behind `&&`, `||` and `?`) is parsed all the same, with `skipping` set: it neither assigns
 * nor fails.
 */

import {
  AMPERSAND,
  BAR,
  CARET,
  CLOSE_PAREN,
  COLON,
  DIGIT_0,
  EQUALS,
  EXCLAMATION,
  GREATER,
  LESS,
  LOWER_A,
  LOWER_F,
  LOWER_X,
  MINUS,
  NEWLINE,
  OPEN_PAREN,
  PERCENT,
  PLUS,
  QUESTION,
  SLASH,
  SPACE,
  STAR,
  TAB,
  TILDE,
} from '../lib/characters.ts';
import { printError } from '../lib/output.ts';
import { isDigit } from '../lib/strings.ts';
import { takeCopy } from './arena.ts';
import { abort } from './state.ts';
import { assignVariable, findValue, nameLength } from './variables.ts';

class Expression {
  text: Ptr<u8>;
  at: u32;
  skipping: u32;
  failed: boolean;
}

/** Binary operators. Their order is that of the table of precedences. */
enum Operator {
  None,
  Or,
  And,
  BitOr,
  BitXor,
  BitAnd,
  Equal,
  Different,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  ShiftLeft,
  ShiftRight,
  Add,
  Subtract,
  Multiply,
  Divide,
  Remainder,
}

const precedences = table<u8, 19>(0, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 7, 8, 8, 9, 9, 10, 10, 10);

/** The value of an expression, in decimal, in the arena. One that makes no sense drops the command. */
export function evaluate(text: Ptr<u8>): Ptr<u8> {
  const expression = zeroed<Inline<Expression>>();
  expression.text = text;
  const value = peek(expression) === 0 ? 0n : choice(expression);
  if (peek(expression) !== 0) fail(expression, 'syntax error');
  return decimal(value);
}

function fail(expression: Expression, message: string): i64 {
  if (!expression.failed) {
    printError('sh: arithmetic: %s: %s\n', expression.text, message);
    abort(2);
  }
  expression.failed = true;
  return 0n;
}

/** Skips blanks. Returns the next byte, 0 at the end or after a failure. */
function peek(expression: Expression): u32 {
  while (true) {
    const byte = expression.text[expression.at];
    if (expression.failed) return 0;
    if (byte !== SPACE && byte !== TAB && byte !== NEWLINE) return byte;
    expression.at++;
  }
}

function ahead(expression: Expression, count: u32): u32 {
  return expression.text[expression.at] === 0 ? 0 : expression.text[expression.at + count];
}

/** condition ? a : b, and what binds tighter. */
function choice(expression: Expression): i64 {
  const condition = binary(expression, 1);
  if (peek(expression) !== QUESTION) return condition;
  expression.at++;
  const first = evaluateIf(expression, condition !== 0n, 0);
  if (peek(expression) !== COLON) return fail(expression, 'no : behind ?');
  expression.at++;
  const second = evaluateIf(expression, condition === 0n, 0);
  return condition !== 0n ? first : second;
}

/** Evaluates the right-hand side of operators of at least this precedence (0: a choice), or only parses it. */
function evaluateIf(expression: Expression, wanted: boolean, precedence: u32): i64 {
  if (!wanted) expression.skipping++;
  const value = precedence === 0 ? choice(expression) : binary(expression, precedence);
  if (!wanted) expression.skipping--;
  return value;
}

/** Operands joined by operators of at least this precedence. */
function binary(expression: Expression, precedence: u32): i64 {
  let left = unary(expression);
  while (true) {
    const operator = peekOperator(expression);
    const own: u32 = precedences[operator];
    if (own === 0 || own < precedence) return left;
    expression.at += operatorLength(operator);
    if (operator === Operator.And || operator === Operator.Or) {
      const decided = (left !== 0n) === (operator === Operator.Or);
      const right = evaluateIf(expression, !decided, own + 1);
      left = truth(decided ? operator === Operator.Or : right !== 0n);
    } else left = apply(expression, operator, left, binary(expression, own + 1));
  }
}

/** The operator that comes next. One with a `=` behind it is an assignment, and none here. */
function peekOperator(expression: Expression): i32 {
  const byte = peek(expression);
  const next = ahead(expression, 1);
  switch (byte) {
    case BAR:
      return next === BAR ? Operator.Or : Operator.BitOr;
    case CARET:
      return Operator.BitXor;
    case AMPERSAND:
      return next === AMPERSAND ? Operator.And : Operator.BitAnd;
    case EQUALS:
      return next === EQUALS ? Operator.Equal : Operator.None;
    case EXCLAMATION:
      return next === EQUALS ? Operator.Different : Operator.None;
    case LESS:
      if (next === LESS) return Operator.ShiftLeft;
      return next === EQUALS ? Operator.LessEqual : Operator.Less;
    case GREATER:
      if (next === GREATER) return Operator.ShiftRight;
      return next === EQUALS ? Operator.GreaterEqual : Operator.Greater;
    case PLUS:
      return Operator.Add;
    case MINUS:
      return Operator.Subtract;
    case STAR:
      return Operator.Multiply;
    case SLASH:
      return Operator.Divide;
    case PERCENT:
      return Operator.Remainder;
    default:
      return Operator.None;
  }
}

function operatorLength(operator: i32): u32 {
  switch (operator) {
    case Operator.Or:
    case Operator.And:
    case Operator.Equal:
    case Operator.Different:
    case Operator.LessEqual:
    case Operator.GreaterEqual:
    case Operator.ShiftLeft:
    case Operator.ShiftRight:
      return 2;
    default:
      return 1;
  }
}

function apply(expression: Expression, operator: i32, a: i64, b: i64): i64 {
  switch (operator) {
    case Operator.BitOr:
      return a | b;
    case Operator.BitXor:
      return a ^ b;
    case Operator.BitAnd:
      return a & b;
    case Operator.Equal:
      return truth(a === b);
    case Operator.Different:
      return truth(a !== b);
    case Operator.Less:
      return truth(a < b);
    case Operator.LessEqual:
      return truth(a <= b);
    case Operator.Greater:
      return truth(a > b);
    case Operator.GreaterEqual:
      return truth(a >= b);
    case Operator.ShiftLeft:
      return a << b;
    case Operator.ShiftRight:
      return a >> b;
    case Operator.Add:
      return a + b;
    case Operator.Subtract:
      return a - b;
    case Operator.Multiply:
      return a * b;
    default:
      return divide(expression, operator === Operator.Divide, a, b);
  }
}

/** The quotient or the remainder. The least number divided by -1 overflows: it stays what it is. */
function divide(expression: Expression, quotient: boolean, a: i64, b: i64): i64 {
  if (b === 0n) return expression.skipping > 0 ? 0n : fail(expression, 'division by zero');
  if (b === -1n) return quotient ? 0n - a : 0n;
  return quotient ? a / b : a % b;
}

function truth(yes: boolean): i64 {
  return yes ? 1n : 0n;
}

function unary(expression: Expression): i64 {
  const byte = peek(expression);
  switch (byte) {
    case PLUS:
      expression.at++;
      return unary(expression);
    case MINUS:
      expression.at++;
      return 0n - unary(expression);
    case TILDE:
      expression.at++;
      return ~unary(expression);
    case EXCLAMATION:
      expression.at++;
      return truth(unary(expression) === 0n);
    case OPEN_PAREN: {
      expression.at++;
      const value = choice(expression);
      if (peek(expression) !== CLOSE_PAREN) return fail(expression, 'no closing parenthesis');
      expression.at++;
      return value;
    }
    default:
      return isDigit(byte) ? number(expression) : variable(expression);
  }
}

/** A number: decimal, 0 octal, 0x hexadecimal. */
function number(expression: Expression): i64 {
  let base: i64 = 10n;
  if (peek(expression) === DIGIT_0) {
    base = 8n;
    expression.at++;
    if ((peek(expression) | 0x20) === LOWER_X) {
      base = 16n;
      expression.at++;
    }
  }
  let value: i64 = 0n;
  while (true) {
    const digit = digitValue(expression.text[expression.at]);
    if (digit < 0n) break;
    if (digit >= base) return fail(expression, 'not a number');
    value = value * base + digit;
    expression.at++;
  }
  return nameLength(expression.text.add(expression.at)) === 0 ? value : fail(expression, 'not a number');
}

/** Of 0 to 9 and a to f; else -1. */
function digitValue(byte: u32): i64 {
  if (isDigit(byte)) return i64(byte - DIGIT_0);
  const lower = byte | 0x20;
  return lower >= LOWER_A && lower <= LOWER_F ? i64(lower - LOWER_A + 10) : -1n;
}

/** A variable: its value, or an assignment to it. */
function variable(expression: Expression): i64 {
  const name = expression.text.add(expression.at);
  const length = nameLength(name);
  if (length === 0) return fail(expression, 'syntax error');
  expression.at += length;
  const operator = peekOperator(expression);
  const width = operator === Operator.None ? 0 : operatorLength(operator);
  const isComparison = operator >= Operator.Equal && operator <= Operator.GreaterEqual;
  const assigns = !isComparison && peek(expression) !== 0 && ahead(expression, width) === EQUALS;
  if (!assigns || (operator === Operator.None && ahead(expression, 1) === EQUALS))
    return valueOfVariable(expression, name, length);
  expression.at += width + 1;
  const right = choice(expression);
  if (expression.skipping > 0 || expression.failed) return 0n;
  const old = operator === Operator.None ? 0n : valueOfVariable(expression, name, length);
  const value = operator === Operator.None ? right : apply(expression, operator, old, right);
  if (!expression.failed) assignVariable(name, length, decimal(value), false);
  return value;
}

/** The value is a number, with a sign if need be; what is not set is 0. */
function valueOfVariable(expression: Expression, name: Ptr<u8>, length: u32): i64 {
  const text = findValue(name, length);
  if (text === null || expression.skipping > 0) return 0n;
  const inner = zeroed<Inline<Expression>>();
  inner.text = text;
  const first = peek(inner);
  if (first === 0) return 0n;
  const signed = first === MINUS || first === PLUS;
  if (signed) inner.at++;
  if (!isDigit(peek(inner))) return fail(inner, 'not a number');
  const value = number(inner);
  if (peek(inner) !== 0) fail(inner, 'not a number');
  if (inner.failed) expression.failed = true;
  return first === MINUS ? 0n - value : value;
}

function decimal(value: i64): Ptr<u8> {
  const digits = zeroed<FixedArray<u8, 24>>();
  let at: u32 = 24;
  let rest = value < 0n ? 0n - u64(value) : u64(value);
  do {
    at--;
    digits[at] = u8(DIGIT_0 + u32(rest % 10n));
    rest = rest / 10n;
  } while (rest !== 0n);
  if (value < 0n) {
    at--;
    digits[at] = MINUS;
  }
  return takeCopy(addrOf(digits[at]), 24 - at);
}
