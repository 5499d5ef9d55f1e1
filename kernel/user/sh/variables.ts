/*
 * Shell variables: a list of `NAME=value` strings on the heap, some of them exported, out of which the environment of
 * each command is made.
 *
 * `save` notes what a variable is, and `restoreTo` makes all that were noted since what they were: for the variables of
 * functions (`local`), and for those that are set for one builtin only.
 */

import { allocate } from '../lib/buffer.ts';
import { EQUALS, SINGLE_QUOTE } from '../lib/characters.ts';
import { free } from '../lib/heap.ts';
import { print, printError, putByte, stdout } from '../lib/output.ts';
import {
  bytesEqual,
  compareStrings,
  indexOf,
  isDigit,
  isNameStart,
  stringLength,
  type StringList,
} from '../lib/strings.ts';
import { take } from './arena.ts';
import { isSet, ShellOption } from './options.ts';
import { abort } from './state.ts';

class Variable {
  next: Variable | null;
  exported: boolean;
  readOnly: boolean;
  /** Length of the name. */
  nameLength: u32;
  /** NAME=value, on the heap. Null: exported by name, but never set. */
  text: Ptr<u8> | null;
  /** The name alone. */
  name: Ptr<u8>;
}

/** What a variable was. */
class SavedVariable {
  next: SavedVariable | null;
  variable: Variable;
  exported: boolean;
  text: Ptr<u8> | null;
}

class Variables {
  first: Variable | null;
  saved: SavedVariable | null;
  savedCount: u32;
}

const variables = zeroed<Inline<Variables>>();

/** Takes over the environment that the shell was started with. */
export function importEnvironment(envp: StringList): void {
  for (let i: u32 = 0; envp[i] !== null; i++) {
    const text = envp[i]!;
    const length = indexOf(text, EQUALS);
    if (text[length] !== 0) assignVariable(text, length, text.add(length + 1), true);
  }
}

/** Length of the name at the beginning of `text`; 0 if there is none. */
export function nameLength(text: Ptr<u8>): u32 {
  if (!isNameStart(text[0])) return 0;
  let length: u32 = 1;
  while (isNameStart(text[length]) || isDigit(text[length])) length++;
  return length;
}

/** The value of a variable, or null. */
export function findValue(name: Ptr<u8>, length: u32): Ptr<u8> | null {
  const variable = find(name, length);
  if (variable === null || variable.text === null) return null;
  return variable.text.add(length + 1);
}

/** Sets a variable, which stays exported if it was. One that is read-only is an error. */
export function assignVariable(name: Ptr<u8>, length: u32, value: Ptr<u8>, exported: boolean): void {
  const variable = findOrMake(name, length);
  if (variable.readOnly) {
    complainReadOnly(variable);
    return;
  }
  const valueLength = stringLength(value);
  const text = allocate(length + valueLength + 2);
  copyBytes(text, name, length);
  text[length] = EQUALS;
  copyBytes(text.add(length + 1), value, valueLength + 1);
  free(variable.text);
  variable.text = text;
  if (exported || isSet(ShellOption.AllExport)) variable.exported = true;
}

/** Sets a variable whose name is a constant. */
export function assign(name: string, value: Ptr<u8>): void {
  assignVariable(bytes(name), stringLength(bytes(name)), value, false);
}

/** The value of a variable whose name is a constant, or null. */
export function valueOf(name: string): Ptr<u8> | null {
  return findValue(bytes(name), stringLength(bytes(name)));
}

function complainReadOnly(variable: Variable): void {
  printError('sh: %s: is read only\n', variable.name);
  abort(2);
}

/** Marks a variable for export, set or not. */
export function exportVariable(name: Ptr<u8>, length: u32): void {
  findOrMake(name, length).exported = true;
}

export function protectVariable(name: Ptr<u8>, length: u32): void {
  findOrMake(name, length).readOnly = true;
}

export function unsetVariable(name: Ptr<u8>): void {
  const variable = find(name, stringLength(name));
  if (variable === null) return;
  if (variable.readOnly) {
    complainReadOnly(variable);
    return;
  }
  free(variable.text);
  variable.text = null;
  variable.exported = false;
}

/** Where `save` stands, for `restoreTo`. */
export function savedCount(): u32 {
  return variables.savedCount;
}

/** Notes what a variable is, set or not. */
export function saveVariable(name: Ptr<u8>, length: u32): void {
  const variable = findOrMake(name, length);
  const saved = as<SavedVariable>(allocate(sizeof<SavedVariable>()));
  saved.variable = variable;
  saved.exported = variable.exported;
  saved.text = null;
  if (variable.text !== null) saved.text = copyText(variable.text);
  saved.next = variables.saved;
  variables.saved = saved;
  variables.savedCount++;
}

/** Undoes all that happened to variables that were saved since `savedCount` gave `count`. */
export function restoreTo(count: u32): void {
  while (variables.savedCount > count) {
    const saved = variables.saved!;
    free(saved.variable.text);
    saved.variable.text = saved.text;
    saved.variable.exported = saved.exported;
    variables.saved = saved.next;
    variables.savedCount--;
    free(saved);
  }
}

function copyText(text: Ptr<u8>): Ptr<u8> {
  const length = stringLength(text);
  const copy = allocate(length + 1);
  copyBytes(copy, text, length + 1);
  return copy;
}

/** Prints all that are set, so that the shell could read it, sorted. */
export function printVariables(): void {
  printSorted('', false, false);
}

export function printExported(): void {
  printSorted('export ', true, false);
}

export function printReadOnly(): void {
  printSorted('readonly ', false, true);
}

/** The list is not in order: each round prints the least name that is above the last one. */
function printSorted(prefix: string, exported: boolean, readOnly: boolean): void {
  let last: Ptr<u8> = bytes('');
  while (true) {
    let least: Variable | null = null;
    for (let v = variables.first; v !== null; v = v.next) {
      const shown = exported ? v.exported : readOnly ? v.readOnly : v.text !== null;
      if (!shown || compareStrings(v.name, last) <= 0) continue;
      if (least === null || compareStrings(v.name, least.name) < 0) least = v;
    }
    if (least === null) return;
    print('%s%s', prefix, least.name);
    if (least.text !== null) {
      putByte(stdout, EQUALS);
      printQuoted(least.text.add(least.nameLength + 1));
    }
    print('\n');
    last = least.name;
  }
}

/** In single quotes; a single quote in the value stands outside of them, behind a backslash. */
export function printQuoted(value: Ptr<u8>): void {
  putByte(stdout, SINGLE_QUOTE);
  for (let i: u32 = 0; value[i] !== 0; i++) {
    if (value[i] === SINGLE_QUOTE) print("'\\'");
    putByte(stdout, value[i]);
  }
  putByte(stdout, SINGLE_QUOTE);
}

/** The environment for a command, in the arena. */
export function environment(): StringList {
  let count: u32 = 0;
  for (let v = variables.first; v !== null; v = v.next) count++;
  const list = ptr<Ptr<u8> | null>(take((count + 1) * 4));
  let next: u32 = 0;
  for (let v = variables.first; v !== null; v = v.next) {
    if (!v.exported || v.text === null) continue;
    list[next] = v.text;
    next++;
  }
  return list;
}

function find(name: Ptr<u8>, length: u32): Variable | null {
  for (let v = variables.first; v !== null; v = v.next) {
    if (v.nameLength === length && bytesEqual(v.name, name, length)) return v;
  }
  return null;
}

function findOrMake(name: Ptr<u8>, length: u32): Variable {
  const found = find(name, length);
  if (found !== null) return found;
  const variable = as<Variable>(allocate(sizeof<Variable>()));
  variable.exported = false;
  variable.readOnly = false;
  variable.text = null;
  variable.nameLength = length;
  variable.name = allocate(length + 1);
  copyBytes(variable.name, name, length);
  variable.name[length] = 0;
  variable.next = variables.first;
  variables.first = variable;
  return variable;
}
