/*
 * Where a node stands, as the IR wants to know it.
 *
 * Every instruction has a location, so there are many to be found, mostly near to the one before.
 */

import type { SourceLocation } from '../ir/types.ts';
import { lineAt, lineStartsOf, sourceOf, startOf, type ts } from '../syntax/index.ts';

/** The place of the node's first character, after the comments before it. */
export function locationOf(node: ts.Node): SourceLocation {
  return new Locations(sourceOf(node)).of(node);
}

/** The locations in one file. */
export class Locations {
  readonly #source: ts.SourceFile;
  /** Where its lines begin. */
  readonly #starts: readonly number[];
  /** The line of the last answer, counted from 0. */
  #line = 0;
  #last: SourceLocation | null = null;

  constructor(source: ts.SourceFile) {
    this.#source = source;
    this.#starts = lineStartsOf(source);
  }

  of(node: ts.Node): SourceLocation {
    return this.at(startOf(node, this.#source));
  }

  at(position: number): SourceLocation {
    const starts = this.#starts;
    const line = this.#line;
    const isSame = position >= starts[line]! && (line + 1 === starts.length || position < starts[line + 1]!);
    if (!isSame) this.#line = lineAt(starts, position);
    const column = position - starts[this.#line]! + 1;
    if (this.#last?.line !== this.#line + 1 || this.#last.column !== column)
      this.#last = { file: this.#source.fileName, line: this.#line + 1, column };
    return this.#last;
  }
}
