/*
 * Diagnostics: what the compiler has to say about a program, in one form for tsc's findings and our own.
 *
 * A Reporter collects them during a build. The same function may be lowered for several programs, so equal findings are
 * kept once; where tsc has found fault with a line, ours about that line are dropped, since they are mostly echoes.
 */

import { lineAndCharacterOf, sourceOf, startOf, ts } from '../syntax/index.ts';
import { codes, type CodeName } from './codes.ts';

export interface Span {
  readonly file: string;
  /** Line and column count from 1; columns and the length are in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export interface RelatedSpan extends Span {
  readonly message: string;
}

export interface Diagnostic extends Span {
  /** `PW1001` for ours, `TS2345` for tsc's. */
  readonly code: string;
  readonly message: string;
  /** What to write instead; null if there is nothing to say beyond the message. */
  readonly hint: string | null;
  readonly related: readonly RelatedSpan[];
}

/** A second place that explains a finding. */
export interface RelatedNode {
  readonly node: ts.Node;
  readonly message: string;
}

/** The source range of a node without the comments before it. */
function spanOf(node: ts.Node): Span {
  const source = sourceOf(node);
  const start = startOf(node, source);
  return spanOfRange(source, start, Math.max(1, node.end - start));
}

export function spanOfRange(source: ts.SourceFile, start: number, length: number): Span {
  const { line, character } = lineAndCharacterOf(source, start);
  return { file: source.fileName, line: line + 1, column: character + 1, length };
}

/** Puts `$1`, `$2`, ... in. */
function fill(template: string, values: readonly string[]): string {
  return template.replace(/\$(\d)/g, (_, digit: string) => values[Number(digit) - 1] ?? '');
}

/** What is said where nothing else is said of something that was left out: it must not go unnoticed. */
const unexplained = 'something is wrong here that nothing was said about';

export class Reporter {
  readonly #found = new Map<string, Diagnostic>();
  #hasFollowed = false;

  /** Adds a finding of ours. `values` replace `$1`, `$2`, ... in the code's message and hint. */
  report(node: ts.Node, name: CodeName, values: readonly string[] = [], related: readonly RelatedNode[] = []): void {
    const row = codes[name];
    this.add({
      ...spanOf(node),
      code: row.code,
      message: fill(row.message, values),
      hint: fill(row.hint, values),
      related: related.map((other) => ({ ...spanOf(other.node), message: other.message })),
    });
  }

  /** About a comment, which is no node. */
  reportRange(source: ts.SourceFile, { pos, end }: ts.TextRange, name: CodeName, values: readonly string[] = []): void {
    const { code, message, hint } = codes[name];
    const span = spanOfRange(source, pos, end - pos);
    this.add({ ...span, code, message: fill(message, values), hint: fill(hint, values), related: [] });
  }

  /** About a file as a whole. */
  reportFile(file: string, name: CodeName): void {
    const { code, message, hint } = codes[name];
    this.add({ file, line: 1, column: 1, length: 1, code, message, hint, related: [] });
  }

  /** Something follows from an error. Should there be none, then it is the compiler's own. */
  followError(node: ts.Node): void {
    if (this.#hasFollowed || !this.isEmpty) return;
    this.#hasFollowed = true;
    this.report(node, 'internal', [unexplained]);
  }

  add(diagnostic: Diagnostic): void {
    const { code, file, line, column, message } = diagnostic;
    const key = `${code}|${file}|${line}|${column}|${message}`;
    if (!this.#found.has(key)) this.#found.set(key, diagnostic);
  }

  get isEmpty(): boolean {
    return this.#found.size === 0;
  }

  /**
   * All findings by file, line and column, without echoes. Where ours say that the language has not what stands on a line,
   * tsc's word about the line goes (what it says of a generator's type helps nobody); else ours on a line that tsc has
   * complained about. And tsc's complaints about no file at all (a global type that some syntax would need), if there is
   * anything else.
   */
  sorted(): Diagnostic[] {
    const known = [...this.#found.values()];
    const explained = known.filter(({ message }) => !message.endsWith(unexplained));
    const found = explained.length > 0 ? explained : known;
    const placed = found.filter((d) => d.file !== '');
    const all = placed.length > 0 ? placed : found;
    const place = (d: Diagnostic): string => `${d.file}:${d.line}`;
    const lines = (isWanted: (d: Diagnostic) => boolean): Set<string> => new Set(all.filter(isWanted).map(place));
    const [foreign, byTsc] = [lines(isForeignSyntax), lines(isOfTsc)];
    const isEcho = (d: Diagnostic): boolean =>
      isOfTsc(d) ? foreign.has(place(d)) : byTsc.has(place(d)) && !isForeignSyntax(d);
    return all.filter((d) => !isEcho(d)).sort(compare);
  }
}

function isOfTsc({ code }: Diagnostic): boolean {
  return code.startsWith('TS');
}

/** What is right in TypeScript, but not in kernel TS, whatever its types are. */
function isForeignSyntax({ code }: Diagnostic): boolean {
  if (code === codes.undefinedValue.code) return true;
  return code.startsWith('PW10') && code !== codes.unknownSyntax.code;
}

function compare(a: Diagnostic, b: Diagnostic): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  if (a.line !== b.line) return a.line - b.line;
  if (a.column !== b.column) return a.column - b.column;
  return a.code < b.code ? -1 : a.code > b.code ? 1 : 0;
}
