/*
 * Functions: their names and bodies. A body is parsed in the arena like all commands, and moves to the heap when its
 * function is defined. A body that is given up while it is being run stays where it is.
 */

import { allocate } from '../lib/buffer.ts';
import { free } from '../lib/heap.ts';
import { stringLength, stringsEqual } from '../lib/strings.ts';
import { type Node, type Redirection, type Word, type WordList } from './tree.ts';

/** A piece of heap memory that belongs to a body; what it holds comes right behind. */
class Piece {
  next: Piece | null;
}

export class ShellFunction {
  next: ShellFunction | null;
  name: Ptr<u8>;
  body: Node | null;
  /** All that the body consists of. */
  pieces: Piece | null;
  /** Calls that are being run. */
  running: u32;
}

class Functions {
  first: ShellFunction | null;
}

const functions = zeroed<Inline<Functions>>();

/** The function with this name, or null. */
export function findFunction(name: Ptr<u8>): ShellFunction | null {
  const found = find(name);
  return found === null || found.body === null ? null : found;
}

/** Defines a function, or defines it anew. */
export function defineFunction(name: Ptr<u8>, body: Node): void {
  let defined = find(name);
  if (defined === null) {
    defined = as<ShellFunction>(allocate(sizeof<ShellFunction>()));
    defined.name = allocate(stringLength(name) + 1);
    copyBytes(defined.name, name, stringLength(name) + 1);
    defined.body = null;
    defined.pieces = null;
    defined.running = 0;
    defined.next = functions.first;
    functions.first = defined;
  }
  drop(defined);
  defined.body = copyNode(defined, body);
}

/** Returns whether there was one. */
export function unsetFunction(name: Ptr<u8>): boolean {
  const found = findFunction(name);
  if (found === null) return false;
  drop(found);
  return true;
}

function find(name: Ptr<u8>): ShellFunction | null {
  for (let f = functions.first; f !== null; f = f.next) {
    if (stringsEqual(f.name, name)) return f;
  }
  return null;
}

function drop(defined: ShellFunction): void {
  let piece = defined.pieces;
  while (piece !== null && defined.running === 0) {
    const next: Piece | null = piece.next;
    free(piece);
    piece = next;
  }
  defined.pieces = null;
  defined.body = null;
}

function take(owner: ShellFunction, source: Ptr<u8>, size: u32): Ptr<u8> {
  const piece = as<Piece>(allocate(sizeof<Piece>() + size));
  piece.next = owner.pieces;
  owner.pieces = piece;
  const memory = ptr<u8>(u32(piece) + sizeof<Piece>());
  copyBytes(memory, source, size);
  return memory;
}

function copyText(owner: ShellFunction, text: Ptr<u8>): Ptr<u8> {
  return take(owner, text, stringLength(text) + 1);
}

function copyNode(owner: ShellFunction, node: Node): Node {
  const copy = as<Node>(take(owner, ptr<u8>(u32(node)), sizeof<Node>()));
  if (node.left !== null) copy.left = copyNode(owner, node.left);
  if (node.right !== null) copy.right = copyNode(owner, node.right);
  // A `for` without `in` says so by a condition that is the node itself.
  if (node.condition === node) copy.condition = copy;
  else if (node.condition !== null) copy.condition = copyNode(owner, node.condition);
  copy.name = copyText(owner, node.name);
  copy.source = take(owner, node.source, node.sourceLength);
  copyWords(owner, copy.words);
  copyWords(owner, copy.assignments);
  copyRedirections(owner, copy);
  return copy;
}

/** Makes a list's words copies of what they are. */
function copyWords(owner: ShellFunction, list: WordList): void {
  let last: Word | null = null;
  for (let word = list.first; word !== null; word = word.next) {
    const copy = as<Word>(take(owner, ptr<u8>(u32(word)), sizeof<Word>()));
    copy.text = copyText(owner, word.text);
    if (last === null) list.first = copy;
    else last.next = copy;
    last = copy;
  }
  list.last = last;
}

function copyRedirections(owner: ShellFunction, node: Node): void {
  let last: Redirection | null = null;
  for (let r = node.redirections; r !== null; r = r.next) {
    const copy = as<Redirection>(take(owner, ptr<u8>(u32(r)), sizeof<Redirection>()));
    copy.target = copyText(owner, r.target);
    copy.nextPending = null;
    if (last === null) node.redirections = copy;
    else last.next = copy;
    last = copy;
  }
}
