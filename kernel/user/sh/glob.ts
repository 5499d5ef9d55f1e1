/*
 * Names of files that match a pattern (lib/pattern.ts). A name that begins with a dot must be asked for with one.
 */

import { BACKSLASH, DOT, OPEN_BRACKET, QUESTION, SLASH, STAR } from '../lib/characters.ts';
import { closeDirectory, type Directory, nextName, openDirectory } from '../lib/directory.ts';
import { lstat } from '../lib/fileCalls.ts';
import { matches } from '../lib/pattern.ts';
import { compareStrings, copyString, stringLength } from '../lib/strings.ts';
import { type Stat64 } from '../../abi/stat.ts';
import { takeCopy } from './arena.ts';
import { addWord, type Word, type WordList } from './tree.ts';

/** Bytes of a path that a pattern can match. */
const PATH_SIZE: u32 = 1024;

/** Adds the paths that match `pattern` to `result`, sorted. Returns whether there were any. */
export function expandPattern(pattern: Ptr<u8>, result: WordList): boolean {
  const before = result.last;
  const path = zeroed<FixedArray<u8, 1024>>();
  walk(path, 0, pattern, result);
  const first = before === null ? result.first : before.next;
  sort(first);
  return first !== null;
}

/** Goes on from the directory in `path[0..length)` with what is left of the pattern. */
function walk(path: Ptr<u8>, length: u32, pattern: Ptr<u8>, result: WordList): void {
  let at = length;
  let rest = pattern;
  while (rest[0] === SLASH) {
    path[at] = SLASH;
    at++;
    rest = rest.add(1);
  }
  let end: u32 = 0;
  while (rest[end] !== 0 && rest[end] !== SLASH) end++;
  path[at] = 0;
  if (!isPattern(rest, end)) {
    walkLiteral(path, at, rest, end, result);
    return;
  }
  const directory = zeroed<Inline<Directory>>();
  if (openDirectory(directory, at === 0 ? bytes('.') : path) < 0) return;
  for (let name = nextName(directory); name !== null; name = nextName(directory)) {
    if (name[0] === DOT && rest[0] !== DOT) continue;
    const nameLength = stringLength(name);
    if (!matches(rest, name, nameLength, true) || at + nameLength + 2 > PATH_SIZE) continue;
    copyString(path.add(at), name, PATH_SIZE - at);
    if (rest[end] !== 0) walk(path, at + nameLength, rest.add(end), result);
    else addWord(result, takeCopy(path, at + nameLength));
  }
  closeDirectory(directory);
}

/** A component without special characters: appended as it is; the path counts if it exists. */
function walkLiteral(path: Ptr<u8>, from: u32, text: Ptr<u8>, end: u32, result: WordList): void {
  let at = from;
  for (let i: u32 = 0; i < end && at + 2 < PATH_SIZE; i++) {
    if (text[i] === BACKSLASH && i + 1 < end) i++;
    path[at] = text[i];
    at++;
  }
  path[at] = 0;
  if (text[end] !== 0) {
    walk(path, at, text.add(end), result);
    return;
  }
  const status = zeroed<Inline<Stat64>>();
  if (lstat(path, status) === 0) addWord(result, takeCopy(path, at));
}

function isPattern(text: Ptr<u8>, length: u32): boolean {
  for (let i: u32 = 0; i < length; i++) {
    const byte = text[i];
    if (byte === BACKSLASH) i++;
    else if (byte === STAR || byte === QUESTION || byte === OPEN_BRACKET) return true;
  }
  return false;
}

/** Sorts a list of words by exchanging their texts: the lists are short. */
function sort(first: Word | null): void {
  for (let a = first; a !== null; a = a.next) {
    for (let b = a.next; b !== null; b = b.next) {
      if (compareStrings(a.text, b.text) <= 0) continue;
      const text = a.text;
      a.text = b.text;
      b.text = text;
    }
  }
}
