/*
 * Parsed commands.
 */

import { take } from './arena.ts';

/** Kinds of nodes, and what their fields mean. */
export enum NodeKind {
  /** words, assignments, redirections */
  Simple,
  /** left | right */
  Pipe,
  /** left && right */
  And,
  /** left || right */
  Or,
  /** ! left */
  Not,
  /** left ; right (right may be null) */
  Sequence,
  /** left & */
  Background,
  /** ( left ) redirections */
  Subshell,
  /** { left } redirections */
  Group,
  /** if condition; then left; else right; fi (right may be null) */
  If,
  /** while condition; do left; done */
  While,
  /** until condition; do left; done */
  Until,
  /** for name in words; do left; done; without `in`, condition is this node itself: the words are "$@" */
  For,
  /** case name in right esac: the items are a list */
  Case,
  /** words are patterns: ) left (may be null) ;; right is the next item */
  CaseItem,
  /** name ( ) left */
  Function,
}

/** A word as it was written, quotes and all. */
export class Word {
  next: Word | null;
  text: Ptr<u8>;
}

export class WordList {
  first: Word | null;
  last: Word | null;
}

export enum RedirectKind {
  /** < file */
  In,
  /** > file */
  Out,
  /** >| file: also if `set -C` protects it */
  Clobber,
  /** >> file */
  Append,
  /** <& or >& descriptor */
  Copy,
  /** <> file */
  Both,
  /** << word */
  Document,
}

export class Redirection {
  next: Redirection | null;
  kind: i32;
  /** The descriptor that is redirected. */
  fd: i32;
  /** A file's name; of a copy, a descriptor's number or `-`; of a here-document, its text. */
  target: Ptr<u8>;
  /** Of a here-document: the line that ends it, without quotes; the next one that is still to be read. */
  delimiter: Ptr<u8>;
  nextPending: Redirection | null;
  /** Nothing in it is expanded, since its delimiter was quoted; tabs at the beginning of lines go, for `<<-`. */
  isLiteral: boolean;
  stripsTabs: boolean;
}

export class Node {
  kind: i32;
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

export function makeNode(kind: i32): Node {
  const node = as<Node>(take(sizeof<Node>()));
  node.kind = kind;
  node.name = bytes('');
  node.source = bytes('');
  return node;
}

export function makePair(kind: i32, left: Node, right: Node | null): Node {
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
