/*
 * Cuts the textual form of the IR into tokens, for parse.ts. One token of look-ahead is all that the grammar needs.
 */

/** What is wrong with a text, and where. Lines and columns count from 1. */
export class IrSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, message: string) {
    super(`${line}:${column}: ${message}`);
    this.name = 'IrSyntaxError';
    this.line = line;
    this.column = column;
  }
}

export type TokenKind = 'word' | 'symbol' | 'value' | 'number' | 'string' | 'location' | 'punctuation' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a symbol or string: what it stands for, without sign and quotes. */
  readonly text: string;
  readonly start: number;
}

const blank = /(?:\s+|;[^\n]*)*/y;
const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ['symbol', /@(?:"(?:[^"\\\n]|\\.)*"|[A-Za-z_$](?:[\w$./:<>-]*[\w$./<>-])?)/y],
  ['value', /%\d+/y],
  ['string', /"(?:[^"\\\n]|\\.)*"/y],
  ['location', /!(?:(?:"(?:[^"\\\n]|\\.)*"|[A-Za-z_./][^\s":!;]*):)?\d+:\d+/y],
  ['number', /\d+n?/y],
  ['word', /[A-Za-z_$](?:[\w$./:<>-]*[\w$./<>-])?/y],
  ['punctuation', /[{}()[\],:=+-]/y],
];

export class Lexer {
  readonly #text: string;
  #token: Token;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#scan(0);
  }

  /** The token that comes next; it stays. */
  get next(): Token {
    return this.#token;
  }

  /** Takes the next token, whatever it is. */
  take(): Token {
    const token = this.#token;
    this.#token = this.#scan(this.#end);
    return token;
  }

  /** Takes the next token if it reads so. */
  accept(text: string): boolean {
    if (this.#token.text !== text || !isBare(this.#token)) return false;
    this.take();
    return true;
  }

  /** Takes the next token, which must read so. */
  expect(text: string): void {
    if (!this.accept(text)) this.fail(`"${text}"`);
  }

  /** Takes the next token, which must be of this kind; gives its text. */
  expectKind(kind: TokenKind, description: string): string {
    if (this.#token.kind !== kind) this.fail(description);
    return this.take().text;
  }

  /** Reports that something else should stand where the next token does. */
  fail(expected: string): never {
    const found = this.#token.kind === 'end' ? 'the end of the text' : `"${this.#token.text}"`;
    return this.failAt(this.#token.start, `expected ${expected}, found ${found}`);
  }

  /** Reports a mistake at an offset in the text. */
  failAt(offset: number, message: string): never {
    const before = this.#text.slice(0, offset).split('\n');
    throw new IrSyntaxError(before.length, before[before.length - 1]!.length + 1, message);
  }

  #end = 0;

  #scan(from: number): Token {
    blank.lastIndex = from;
    const start = from + (blank.exec(this.#text)?.[0].length ?? 0);
    if (start === this.#text.length) {
      this.#end = start;
      return { kind: 'end', text: '', start };
    }
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = start;
      const match = pattern.exec(this.#text);
      if (match === null) continue;
      this.#end = start + match[0].length;
      return { kind, text: this.#meaning(kind, match[0], start), start };
    }
    return this.failAt(start, `unexpected character "${this.#text[start]!}"`);
  }

  #meaning(kind: TokenKind, text: string, start: number): string {
    const body = kind === 'symbol' ? text.slice(1) : text;
    if (kind === 'location' || !body.startsWith('"')) return body;
    return this.unquote(body, start);
  }

  /** The string that a JSON literal stands for. */
  unquote(literal: string, start: number): string {
    try {
      const parsed: unknown = JSON.parse(literal);
      if (typeof parsed === 'string') return parsed;
    } catch {
      // falls through to the report
    }
    return this.failAt(start, `malformed string ${literal}`);
  }
}

/** Words and punctuation can be keywords; what is quoted or has a sign cannot. */
function isBare(token: Token): boolean {
  return token.kind === 'word' || token.kind === 'punctuation';
}
