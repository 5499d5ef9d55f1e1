/*
 * From characters to tokens, one at a time: the base of the parser.
 *
 * A token is where it begins with the space and comments before it (`pos`), where it begins itself (`start`), where it ends
 * (`end`), its kind, and whether a line ends before it. Scanning depends on nothing but `pos`: to look ahead, one remembers
 * that, scans on, and goes back (`rewind`). Two tokens depend on what the parser expects: `>` may be the end of type arguments or
 * the beginning of `>>=`, and `}` may be followed by the rest of a template. They are scanned the short way first, and
 * again when the parser knows (`continueGreater`, `continueTemplate`).
 *
 * What is not understood ends the parsing, by an exception. There are two of them: `mismatch`, the token is none that can
 * stand here; and `refusal`, TypeScript may know what this is, we do not. Whoever tries something out may go on after the
 * first one, but not after the second.
 */

import type ts from 'typescript';
import { isWordCharacter, sort, sorts } from './characters.ts';
import { SyntaxKind } from './kinds.ts';
import { operatorsFrom, singles } from './tokens.ts';
import type { WordTable } from './wordTable.ts';

/** Another token would have to stand here. */
export const mismatch = new Error('unexpected token');
/** This may mean something, but nothing that is known here. */
export const refusal = new Error('unfamiliar syntax');

export abstract class Scanner {
  protected readonly text: string;
  protected pos = 0;
  protected start = 0;
  protected end = 0;
  protected token: ts.SyntaxKind = SyntaxKind.Unknown;
  protected isAfterBreak = false;
  /** What is written there, if it is a word. */
  #word = '';
  readonly #words: WordTable;

  protected constructor(text: string, words: WordTable) {
    this.text = text;
    this.#words = words;
  }

  protected mismatch(): never {
    throw mismatch;
  }

  protected refuse(): never {
    throw refusal;
  }

  /** Goes back to the token that begins at a `pos`. */
  protected rewind(pos: number): void {
    this.end = pos;
    this.next();
  }

  /** The token as a name. */
  protected name(): string {
    return this.#word;
  }

  /** Scans the next token. */
  protected next(): void {
    const { text } = this;
    let at = this.end;
    this.pos = at;
    this.isAfterBreak = false;
    for (;;) {
      const code = text.charCodeAt(at);
      const found = code < 128 ? sorts[code]! : sort.other;
      if (found === sort.space) at++;
      else if (found === sort.lineBreak) {
        this.isAfterBreak = true;
        at++;
      } else if (code === 47 && isCommentAt(text, at)) at = this.#skipComment(at);
      else {
        this.start = at;
        if (found === sort.letter) this.#scanWord(at);
        else if (found === sort.mark) this.#scanMark(code, at);
        else if (found === sort.digit) this.#scanNumber(at);
        else if (at === text.length) this.#take(SyntaxKind.EndOfFileToken, at);
        else this.refuse();
        return;
      }
    }
  }

  #take(token: ts.SyntaxKind, end: number): void {
    this.token = token;
    this.end = end;
  }

  #skipComment(at: number): number {
    const { text } = this;
    if (text.charCodeAt(at + 1) === 47) {
      const end = text.indexOf('\n', at);
      return end < 0 ? text.length : end;
    }
    const end = text.indexOf('*/', at + 2);
    if (end < 0) this.refuse();
    const lineEnd = text.indexOf('\n', at);
    if (lineEnd >= 0 && lineEnd < end) this.isAfterBreak = true;
    return end + 2;
  }

  #scanWord(from: number): void {
    const { text } = this;
    let at = from;
    let hash = 0;
    let code = text.charCodeAt(at);
    while (isWordCharacter(code)) {
      hash = (Math.imul(hash, 31) + code) | 0;
      code = text.charCodeAt(++at);
    }
    if (code > 127 || code === 92) this.refuse(); // a letter of another language, or an escape
    const { kind, text: word } = this.#words.find(text, from, at, hash);
    this.#word = word;
    this.#take(kind, at);
  }

  #scanNumber(from: number): void {
    const { text } = this;
    let at = from;
    let code = text.charCodeAt(at);
    while (isWordCharacter(code)) code = text.charCodeAt(++at);
    if (code === 46 || code > 127 || code === 92) this.refuse(); // a fraction
    const isBigint = text.charCodeAt(at - 1) === 110;
    this.#take(isBigint ? SyntaxKind.BigIntLiteral : SyntaxKind.NumericLiteral, at);
  }

  #scanMark(code: number, at: number): void {
    switch (code) {
      case 34: // "
      case 39: // '
        this.#take(SyntaxKind.StringLiteral, this.#endOfString(code, at));
        break;
      case 46: // .
        this.#scanDot(at);
        break;
      case 96: // `
        this.#scanTemplate(at, SyntaxKind.NoSubstitutionTemplateLiteral, SyntaxKind.TemplateHead);
        break;
      default: {
        const single = singles[code];
        if (single !== undefined) this.#take(single, at + 1);
        else this.#scanOperator(code, at);
      }
    }
  }

  #scanDot(at: number): void {
    const { text } = this;
    const next = text.charCodeAt(at + 1);
    if (next >= 48 && next <= 57) this.refuse(); // .5
    if (next === 46 && text.charCodeAt(at + 2) === 46) this.#take(SyntaxKind.DotDotDotToken, at + 3);
    else this.#take(SyntaxKind.DotToken, at + 1);
  }

  #endOfString(quote: number, from: number): number {
    const { text } = this;
    for (let at = from + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) return at + 1;
      if (code === 10 || code === 13) break;
      if (code === 92) at++;
    }
    return this.refuse();
  }

  /** A template from its backquote, or from the `}` of a substitution: `whole` if it ends, `part` if there is a substitution. */
  #scanTemplate(from: number, whole: ts.SyntaxKind, part: ts.SyntaxKind): void {
    const { text } = this;
    for (let at = from + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 96) {
        this.#take(whole, at + 1);
        return;
      }
      if (code === 36 && text.charCodeAt(at + 1) === 123) {
        this.#take(part, at + 2);
        return;
      }
      if (code === 13) break; // TypeScript makes a line feed of it
      if (code === 92) at++;
    }
    this.refuse();
  }

  /** The token is the `}` after a substitution: goes on with the template. */
  protected continueTemplate(): void {
    this.#scanTemplate(this.start, SyntaxKind.TemplateTail, SyntaxKind.TemplateMiddle);
  }

  /** Operators of several characters; of those that begin with `>`, only that. */
  #scanOperator(code: number, at: number): void {
    const { text } = this;
    const second = text.charCodeAt(at + 1);
    const third = text.charCodeAt(at + 2);
    if (code === 63 && second === 46 && third >= 48 && third <= 57) {
      this.#take(SyntaxKind.QuestionToken, at + 1); // a ? .5 : 1
      return;
    }
    for (const operator of operatorsFrom(code)) {
      if (operator.length > 1 && operator.second !== second) continue;
      if (operator.length > 2 && operator.third !== third) continue;
      this.#take(operator.kind, at + operator.length);
      return;
    }
    this.refuse();
  }

  /** The token is `>`, and an operator may stand here: takes what belongs to it. */
  protected continueGreater(): void {
    const { start, text } = this;
    let end = start + 1;
    while (end < start + 3 && text.charCodeAt(end) === 62) end++;
    const isAssignment = text.charCodeAt(end) === 61;
    const kinds = isAssignment ? greaterEquals : greater;
    this.#take(kinds[end - start - 1]!, isAssignment ? end + 1 : end);
  }
}

function isCommentAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at + 1);
  return code === 47 || code === 42;
}

const greater: readonly ts.SyntaxKind[] = [
  SyntaxKind.GreaterThanToken,
  SyntaxKind.GreaterThanGreaterThanToken,
  SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
];

const greaterEquals: readonly ts.SyntaxKind[] = [
  SyntaxKind.GreaterThanEqualsToken,
  SyntaxKind.GreaterThanGreaterThanEqualsToken,
  SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken,
];
