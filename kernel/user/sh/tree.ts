/*
 * Parsed commands.
 */

import { take } from './arena.ts';

// Kinds of nodes, and what their fields mean.
/** words, assignments, redirections */
export const NODE_SIMPLE = 1;
/** left | right */
export const NODE_PIPE = 2;
/** left && right */
export const NODE_AND = 3;
/** left || right */
export const NODE_OR = 4;
/** ! left */
export const NODE_NOT = 5;
/** left ; right (right may be null) */
export const NODE_SEQUENCE = 6;
/** left & */
export const NODE_BACKGROUND = 7;
/** ( left ) redirections */
export const NODE_SUBSHELL = 8;
/** { left } redirections */
export const NODE_GROUP = 9;
/** if condition; then left; else right; fi (right may be null) */
export const NODE_IF = 10;
/** while condition; do left; done */
export const NODE_WHILE = 11;
/** until condition; do left; done */
export const NODE_UNTIL = 12;
/** for name in words; do left; done */
export const NODE_FOR = 13;

/** A word as it was written, quotes and all. */
export class Word {
  next: Word | null;
  text: Ptr<u8>;
}

export class WordList {
  first: Word | null;
  last: Word | null;
}

// Kinds of redirections: < > >> <& (or >&) <>
export const REDIRECT_IN = 1;
export const REDIRECT_OUT = 2;
export const REDIRECT_APPEND = 3;
export const REDIRECT_COPY = 4;
export const REDIRECT_BOTH = 5;

export class Redirection {
  next: Redirection | null;
  kind: u32;
  /** The descriptor that is redirected. */
  fd: i32;
  /** A file's name; of REDIRECT_COPY, a descriptor's number or `-`. */
  target: Ptr<u8>;
}

export class Node {
  kind: u32;
  left: Node | null;
  right: Node | null;
  condition: Node | null;
  name: Ptr<u8>;
  words: Inline<WordList>;
  assignments: Inline<WordList>;
  redirections: Redirection | null;
  /** The command as it was written, for `jobs`. */
  source: Ptr<u8>;
  sourceLength: u32;
}

export function makeNode(kind: u32): Node {
  const node = as<Node>(take(sizeof<Node>()));
  node.kind = kind;
  return node;
}

export function makePair(kind: u32, left: Node, right: Node | null): Node {
  const node = makeNode(kind);
  node.left = left;
  node.right = right;
  node.source = left.source;
  node.sourceLength = right === null ? left.sourceLength : u32(right.source) + right.sourceLength - u32(left.source);
  return node;
}

export function addWord(list: WordList, text: Ptr<u8>): void {
  const word = as<Word>(take(sizeof<Word>()));
  word.text = text;
  if (list.last === null) list.first = word;
  else list.last.next = word;
  list.last = word;
}
