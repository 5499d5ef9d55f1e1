/*
 * test, also called `[`: questions about files, strings and numbers, answered by the exit status (0 yes, 1 no, 2 the
 * question makes no sense). As POSIX has it, the number of arguments decides what is meant.
 */

import { R_OK, W_OK, X_OK } from '../../abi/fcntl.ts';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
  type Stat64,
} from '../../abi/stat.ts';
import { DIGIT_0, MINUS, NEWLINE, PLUS, SPACE, TAB } from '../lib/characters.ts';
import { access, lstat, stat } from '../lib/fileCalls.ts';
import { printError } from '../lib/output.ts';
import { compareStrings, isDigit, parseNumber, stringsEqual, type StringList } from '../lib/strings.ts';
import { isTerminal } from '../lib/terminal.ts';

const YES = 0;
const NO = 1;
const ERROR = 2;
/** What stands between two words is no operator; nothing has been said. */
const NO_OPERATOR = 3;

/** `test` with its arguments, or `[` with a `]` at the end. */
export function testBuiltin(argc: u32, argv: StringList): i32 {
  let count = argc;
  if (stringsEqual(argv[0]!, bytes('['))) {
    if (!stringsEqual(argv[argc - 1]!, bytes(']'))) {
      printError('sh: [: no ]\n');
      return ERROR;
    }
    count--;
  }
  return question(count - 1, argv.add(1));
}

/** Decides by the number of arguments; with more than four, they are an expression of -a, -o, ! and parentheses. */
function question(count: u32, argv: StringList): i32 {
  if (count === 0) return NO;
  if (count === 1) return answer(argv[0]![0] !== 0);
  const inverted = stringsEqual(argv[0]!, bytes('!'));
  if (count === 2 && !inverted) return argv[0]![0] === MINUS ? unary(argv[0]!, argv[1]!) : senseless();
  if (count === 3) {
    const result = binary(argv[0]!, argv[1]!, argv[2]!);
    if (result !== NO_OPERATOR) return result;
  }
  if (count <= 4 && inverted) {
    const result = question(count - 1, argv.add(1));
    return result === ERROR ? ERROR : YES + NO - result;
  }
  const expression = zeroed<Inline<Expression>>();
  expression.count = count;
  expression.words = argv;
  const result = alternatives(expression);
  return expression.at === count ? result : senseless();
}

function senseless(): i32 {
  printError('sh: test: cannot make sense of this\n');
  return ERROR;
}

class Expression {
  words: StringList;
  count: u32;
  at: u32;
}

/** Is this the next word? Steps over it. */
function accept(e: Expression, word: string): boolean {
  if (e.at >= e.count || !stringsEqual(e.words[e.at]!, bytes(word))) return false;
  e.at++;
  return true;
}

/** a -o b */
function alternatives(e: Expression): i32 {
  let result = conjunction(e);
  while (result !== ERROR && accept(e, '-o')) {
    const right = conjunction(e);
    result = right === ERROR ? ERROR : answer(result === YES || right === YES);
  }
  return result;
}

/** a -a b */
function conjunction(e: Expression): i32 {
  let result = primary(e);
  while (result !== ERROR && accept(e, '-a')) {
    const right = primary(e);
    result = right === ERROR ? ERROR : answer(result === YES && right === YES);
  }
  return result;
}

function primary(e: Expression): i32 {
  const left = e.count - e.at;
  if (left === 0) return senseless();
  if (left >= 3) {
    const result = binary(e.words[e.at]!, e.words[e.at + 1]!, e.words[e.at + 2]!);
    if (result !== NO_OPERATOR) {
      e.at += 3;
      return result;
    }
  }
  if (accept(e, '!')) {
    const result = primary(e);
    return result === ERROR ? ERROR : YES + NO - result;
  }
  if (accept(e, '(')) {
    const result = alternatives(e);
    return result === ERROR || accept(e, ')') ? result : senseless();
  }
  const word = e.words[e.at]!;
  e.at++;
  if (word[0] !== MINUS || word[1] === 0 || word[2] !== 0 || e.at === e.count) return answer(word[0] !== 0);
  e.at++;
  return unary(word, e.words[e.at - 1]!);
}

function answer(yes: boolean): i32 {
  return yes ? YES : NO;
}

function unary(operator: Ptr<u8>, operand: Ptr<u8>): i32 {
  if (stringsEqual(operator, bytes('-n'))) return answer(operand[0] !== 0);
  if (stringsEqual(operator, bytes('-z'))) return answer(operand[0] === 0);
  if (stringsEqual(operator, bytes('-r'))) return answer(access(operand, R_OK) === 0);
  if (stringsEqual(operator, bytes('-w'))) return answer(access(operand, W_OK) === 0);
  if (stringsEqual(operator, bytes('-x'))) return answer(access(operand, X_OK) === 0);
  if (stringsEqual(operator, bytes('-t'))) {
    const fd = zeroed<FixedArray<i32, 1>>();
    return answer(parseNumber(operand, fd) && isTerminal(fd[0]));
  }
  const status = zeroed<Inline<Stat64>>();
  const link = stringsEqual(operator, bytes('-L')) || stringsEqual(operator, bytes('-h'));
  const there = (link ? lstat(operand, status) : stat(operand, status)) === 0;
  const type = status.st_mode & S_IFMT;
  if (link) return answer(there && type === S_IFLNK);
  if (stringsEqual(operator, bytes('-e'))) return answer(there);
  if (stringsEqual(operator, bytes('-f'))) return answer(there && type === S_IFREG);
  if (stringsEqual(operator, bytes('-d'))) return answer(there && type === S_IFDIR);
  if (stringsEqual(operator, bytes('-c'))) return answer(there && type === S_IFCHR);
  if (stringsEqual(operator, bytes('-b'))) return answer(there && type === S_IFBLK);
  if (stringsEqual(operator, bytes('-S'))) return answer(there && type === S_IFSOCK);
  if (stringsEqual(operator, bytes('-p'))) return answer(there && type === S_IFIFO);
  if (stringsEqual(operator, bytes('-s'))) return answer(there && status.st_size > 0n);
  if (stringsEqual(operator, bytes('-u'))) return answer(there && (status.st_mode & S_ISUID) !== 0);
  if (stringsEqual(operator, bytes('-g'))) return answer(there && (status.st_mode & S_ISGID) !== 0);
  if (stringsEqual(operator, bytes('-k'))) return answer(there && (status.st_mode & S_ISVTX) !== 0);
  printError('sh: test: %s: unknown operator\n', operator);
  return ERROR;
}

/** NO_OPERATOR if there is none such. */
function binary(left: Ptr<u8>, operator: Ptr<u8>, right: Ptr<u8>): i32 {
  if (stringsEqual(operator, bytes('='))) return answer(stringsEqual(left, right));
  if (stringsEqual(operator, bytes('!='))) return answer(!stringsEqual(left, right));
  if (stringsEqual(operator, bytes('<'))) return answer(compareStrings(left, right) < 0);
  if (stringsEqual(operator, bytes('>'))) return answer(compareStrings(left, right) > 0);
  if (stringsEqual(operator, bytes('-ef'))) return answer(isSameFile(left, right));
  if (stringsEqual(operator, bytes('-nt'))) return answer(isNewer(left, right));
  if (stringsEqual(operator, bytes('-ot'))) return answer(isNewer(right, left));
  const comparison = comparisonOf(operator);
  if (comparison === 0) return NO_OPERATOR;
  const a = zeroed<FixedArray<i64, 1>>();
  const b = zeroed<FixedArray<i64, 1>>();
  if (!parseDecimal(left, a) || !parseDecimal(right, b)) return ERROR;
  const order: u32 = a[0] < b[0] ? BELOW : a[0] === b[0] ? SAME : ABOVE;
  return answer((comparison & order) !== 0);
}

const BELOW: u32 = 1;
const SAME: u32 = 2;
const ABOVE: u32 = 4;

/** The orders for which the answer is yes; 0 if this is no comparison. */
function comparisonOf(operator: Ptr<u8>): u32 {
  if (stringsEqual(operator, bytes('-eq'))) return SAME;
  if (stringsEqual(operator, bytes('-ne'))) return BELOW | ABOVE;
  if (stringsEqual(operator, bytes('-lt'))) return BELOW;
  if (stringsEqual(operator, bytes('-le'))) return BELOW | SAME;
  if (stringsEqual(operator, bytes('-gt'))) return ABOVE;
  return stringsEqual(operator, bytes('-ge')) ? ABOVE | SAME : 0;
}

/** A decimal number, with blanks around it and a sign if need be. Complains if it is none. */
function parseDecimal(text: Ptr<u8>, result: Ptr<i64>): boolean {
  let i: u32 = 0;
  while (text[i] === SPACE || text[i] === TAB || text[i] === NEWLINE) i++;
  const negative = text[i] === MINUS;
  if (negative || text[i] === PLUS) i++;
  const first = i;
  let value: i64 = 0n;
  for (; isDigit(text[i]); i++) value = value * 10n + i64(text[i] - DIGIT_0);
  const hasDigits = i > first;
  while (text[i] === SPACE || text[i] === TAB || text[i] === NEWLINE) i++;
  result[0] = negative ? 0n - value : value;
  if (hasDigits && text[i] === 0) return true;
  printError('sh: test: %s: not a number\n', text);
  return false;
}

function isSameFile(a: Ptr<u8>, b: Ptr<u8>): boolean {
  const first = zeroed<Inline<Stat64>>();
  const second = zeroed<Inline<Stat64>>();
  if (stat(a, first) !== 0 || stat(b, second) !== 0) return false;
  return first.st_dev === second.st_dev && first.st_ino === second.st_ino;
}

/** Was `a` changed after `b`, or is it there while `b` is not? */
function isNewer(a: Ptr<u8>, b: Ptr<u8>): boolean {
  const first = zeroed<Inline<Stat64>>();
  const second = zeroed<Inline<Stat64>>();
  if (stat(a, first) !== 0) return false;
  if (stat(b, second) !== 0) return true;
  if (first.st_mtime !== second.st_mtime) return first.st_mtime > second.st_mtime;
  return first.st_mtime_nsec > second.st_mtime_nsec;
}
