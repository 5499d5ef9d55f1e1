/*
 * Where a node stands, as the IR wants to know it.
 *
 * Every instruction has a location, so there are many to be found, mostly near to the one before.
 */

import type { SourceLocation } from '../ir/types.ts';
import type { ts } from './typescript.ts';

const slash = 47;

/** The place of the node's first character, after the comments before it. */
export function locationOf(node: ts.Node): SourceLocation {
  return new Locations(node.getSourceFile()).of(node);
}

/** The locations in one file. */
export class Locations {
  readonly #source: ts.SourceFile;
  /** Where its lines begin. */
  readonly #starts: readonly number[];
  /** The line of the last answer, counted from 0. */
  #line = 0;

  constructor(source: ts.SourceFile) {
    this.#source = source;
    this.#starts = source.getLineStarts();
  }

  of(node: ts.Node): SourceLocation {
    return this.at(startOf(node, this.#source));
  }

  at(position: number): SourceLocation {
    const starts = this.#starts;
    const line = this.#line;
    const isSame = position >= starts[line]! && (line + 1 === starts.length || position < starts[line + 1]!);
    if (!isSame) this.#line = this.#lineOf(position);
    return { file: this.#source.fileName, line: this.#line + 1, column: position - starts[this.#line]! + 1 };
  }

  /** The last line that does not begin behind the position. */
  #lineOf(position: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** What is left of a node without the space and the comments that it begins with. */
function startOf(node: ts.Node, source: ts.SourceFile): number {
  const { text } = source;
  let position = node.pos;
  let code = text.charCodeAt(position);
  while (code === 32 || code === 10 || code === 13) code = text.charCodeAt(++position);
  const mayBeSpace = code < 33 || code > 127 || code === slash; // or a comment
  return mayBeSpace ? node.getStart(source) : position;
}
