/*
 * Bodies of functions that are parsed when somebody looks into them, and given up when that is done.
 *
 * Most of a file is in its functions, and each of them is looked into once, when it is lowered. A tree of all files at once would
 * be the largest part of what a build keeps, all of which V8's garbage collector copies twice.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { adoptAll } from './nodes.ts';

/** Reads the statements of a block that stands between two positions. Throws UnfamiliarBody. */
export type ReadStatements = (pos: number, end: number) => ts.NodeArray<ts.Statement>;

/** Whoever asked for a body is to parse the file as a whole: only TypeScript knows what is in it. */
export class UnfamiliarBody extends Error {}

class LaterBlock {
  readonly kind = SyntaxKind.Block;
  readonly pos: number;
  readonly end: number;
  readonly parent: ts.Node | undefined = undefined;
  readonly #read: ReadStatements;
  #statements: ts.NodeArray<ts.Statement> | null = null;

  constructor(pos: number, end: number, read: ReadStatements) {
    this.pos = pos;
    this.end = end;
    this.#read = read;
  }

  get statements(): ts.NodeArray<ts.Statement> {
    if (this.#statements === null) {
      this.#statements = this.#read(this.pos, this.end);
      adoptAll(this, this.#statements);
    }
    return this.#statements;
  }

  giveUp(): void {
    this.#statements = null;
  }
}

export function makeLaterBlock(pos: number, end: number, read: ReadStatements): ts.Block {
  return new LaterBlock(pos, end, read) as unknown as ts.Block;
}

/** Nobody needs what is in the block now. Whoever asks for it again gets another tree. False if it is one of those that stay. */
export function giveUpBlock(block: ts.Node): boolean {
  if (!(block instanceof LaterBlock)) return false;
  block.giveUp();
  return true;
}
