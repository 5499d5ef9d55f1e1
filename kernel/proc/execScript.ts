/*
 * Scripts: files that begin with "#!" name the program that runs them.
 *
 *   #!/bin/sh -e          script with this line, called as   script a b
 *   is run as             /bin/sh -e script a b
 *
 * One argument at most, blanks and all. The interpreter may be a script itself, a few levels deep: then what was put
 * together so far follows what its own first line says.
 *
 * The words are gathered in a buffer from its end towards its beginning, since each level puts its own in front.
 *
 * @source execve(2), "Interpreter scripts".
 */

import { EACCES, ENOEXEC, ENOMEM } from '../abi/errno.ts';
import { PAGE_SIZE } from '../arch/x86/layout.ts';
import { strlen } from '../lib/string.ts';
import { kfree, kmalloc } from '../mm/slab.ts';

/** How much of a file decides what it is; a first line must end within it. */
export const HEAD_SIZE: u32 = 256;
/** Interpreters that are scripts themselves: so many in a row, then ELOOP. */
export const MAX_NESTING: u32 = 5;

const SPACE: u8 = 32;
const TAB: u8 = 9;
const NEWLINE: u8 = 10;

/** The words that scripts put in front of the arguments. Zero-filled: no script. */
export class Script {
  buffer: Ptr<u8> | null; // two pages
  start: u32; // offset of the first word; each ends with a zero
  count: u32;

  /** Puts a word of `length` bytes in front of the others. 0 or -ENOMEM. */
  prepend(word: Ptr<u8>, length: u32): i32 {
    if (this.buffer === null) {
      this.buffer = kmalloc(2 * PAGE_SIZE);
      this.start = 2 * PAGE_SIZE;
    }
    const buffer = this.buffer;
    if (buffer === null || length + 1 > this.start) return -ENOMEM;
    this.start -= length + 1;
    copyBytes(buffer.add(this.start), word, length);
    buffer[this.start + length] = 0;
    this.count++;
    return 0;
  }

  /** The program to run, in place of the script: the first word. */
  interpreter(): Ptr<u8> {
    return this.buffer!.add(this.start);
  }

  /** The i-th word. */
  argument(i: u32): Ptr<u8> {
    let word = this.interpreter();
    for (let skipped: u32 = 0; skipped < i; skipped++) word = word.add(strlen(word) + 1);
    return word;
  }

  /** Gives the buffer back. */
  end(): void {
    if (this.buffer !== null) kfree(this.buffer);
  }
}

/** Does a file that begins like this name an interpreter? */
export function isScript(head: Ptr<u8>): boolean {
  return head[0] === 35 && head[1] === 33; // "#!"
}

function isBlank(byte: u8): boolean {
  return byte === SPACE || byte === TAB;
}

/** The offset of the end of the first line; HEAD_SIZE - 1 if it does not end in `head` (and the file goes on). */
function endOfLine(head: Ptr<u8>): u32 {
  let end: u32 = 2;
  while (end < HEAD_SIZE - 1 && head[end] !== NEWLINE && head[end] !== 0) end++;
  return end;
}

/**
 * Takes the first line of a script apart and puts its words in front of what `script` has.
 *
 * @param path the script's own, as its interpreter is to find it; null: it is there already
 * @returns 0, -ENOEXEC (no interpreter in the line, or no end of its name), -EACCES (there is nothing but the mark: its
 *   empty name means the current directory), -ENOMEM
 */
export function readScript(script: Script, head: Ptr<u8>, path: Ptr<u8> | null): i32 {
  let end = endOfLine(head);
  const isCut = end === HEAD_SIZE - 1;
  const isMarkOnly = head[end] === 0 && !isCut;
  while (end > 2 && isBlank(head[end - 1])) end--;
  let name: u32 = 2;
  while (name < end && isBlank(head[name])) name++;
  if (name === end) return isMarkOnly ? -EACCES : -ENOEXEC;
  let nameEnd = name;
  while (nameEnd < end && !isBlank(head[nameEnd])) nameEnd++;
  if (isCut && nameEnd === HEAD_SIZE - 1) return -ENOEXEC;
  let argument = nameEnd;
  while (argument < end && isBlank(head[argument])) argument++;
  let error: i32 = 0;
  if (path !== null) error = script.prepend(path, strlen(path));
  if (error === 0 && argument < end) error = script.prepend(head.add(argument), end - argument);
  return error === 0 ? script.prepend(head.add(name), nameEnd - name) : error;
}
