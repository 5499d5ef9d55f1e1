/*
 * Making nodes. They are plain objects with the fields that TypeScript's have, as far as anybody looks at them; nodes of one
 * kind have the same fields in the same order, which makes them quick to read. Only lists of variables and files have `flags`.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';

/** A node that is being made. */
export type Made<T> = { -readonly [K in keyof T]?: T[K] | undefined };

/** Tells a part of a node what it is part of. */
export function adopt(parent: object, child: ts.Node): void {
  (child as { parent: ts.Node }).parent = parent as ts.Node;
}

export function adoptIfAny(parent: object, child: ts.Node | undefined): void {
  if (child !== undefined) (child as { parent: ts.Node }).parent = parent as ts.Node;
}

export function adoptAll(parent: object, children: readonly ts.Node[] | undefined): void {
  if (children === undefined) return;
  for (let index = 0; index < children.length; index++) {
    (children[index] as { parent: ts.Node }).parent = parent as ts.Node;
  }
}

/** A list of nodes, of just its length: one that has grown has room for 17, and most have one or two. */
export function nodeArray<T extends ts.Node>(nodes: readonly T[]): ts.NodeArray<T> {
  return nodes.slice() as readonly T[] as ts.NodeArray<T>;
}

/** An operator or a keyword. */
export function makeToken(kind: ts.SyntaxKind, pos: number, end: number): ts.Node {
  const node: Made<ts.Node> = { kind, pos, end, parent: undefined };
  return node as ts.Node;
}

export function makeIdentifier(text: string, pos: number, end: number): ts.Identifier {
  const node: Made<ts.Identifier> = { kind: SyntaxKind.Identifier, pos, end, parent: undefined, text };
  return node as ts.Identifier;
}

/** A number, a string, or a piece of a template. */
export function makeLiteral(kind: ts.SyntaxKind, text: string, pos: number, end: number): ts.LiteralLikeNode {
  const node: Made<ts.LiteralLikeNode> = { kind, pos, end, parent: undefined, text };
  return node as ts.LiteralLikeNode;
}
