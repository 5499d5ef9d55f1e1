/*
 * Shell variables: a list of `NAME=value` strings on the heap, some of them exported, out of which the environment of
 * each command is made.
 */

import { EQUALS } from '../lib/characters.ts';
import { exit } from '../lib/crt.ts';
import { free, malloc } from '../lib/heap.ts';
import { print, printError } from '../lib/output.ts';
import { bytesEqual, indexOf, isDigit, isNameStart, stringLength, type StringList } from '../lib/strings.ts';
import { take } from './arena.ts';

class Variable {
  next: Variable | null;
  exported: boolean;
  /** Length of the name. */
  nameLength: u32;
  /** NAME=value, on the heap. Null: exported by name, but never set. */
  text: Ptr<u8> | null;
  /** The name alone, if there is no text. */
  name: FixedArray<u8, 64>;
}

class Variables {
  first: Variable | null;
}

const variables = zeroed<Inline<Variables>>();
const NAME_SIZE: u32 = 64;

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

/** Sets a variable. It stays exported if it was. */
export function assignVariable(name: Ptr<u8>, length: u32, value: Ptr<u8>, exported: boolean): void {
  const variable = findOrMake(name, length);
  const valueLength = stringLength(value);
  const text = allocate(length + valueLength + 2);
  copyBytes(text, name, length);
  text[length] = EQUALS;
  copyBytes(text.add(length + 1), value, valueLength + 1);
  free(variable.text);
  variable.text = text;
  if (exported) variable.exported = true;
}

/** Marks a variable for export, set or not. */
export function exportVariable(name: Ptr<u8>, length: u32): void {
  findOrMake(name, length).exported = true;
}

export function unsetVariable(name: Ptr<u8>): void {
  const variable = find(name, stringLength(name));
  if (variable === null) return;
  free(variable.text);
  variable.text = null;
  variable.exported = false;
}

/** Prints all that are set, one per line; with `exportedOnly`, as commands that would export them. */
export function printVariables(exportedOnly: boolean): void {
  for (let v = variables.first; v !== null; v = v.next) {
    if (v.text !== null && (v.exported || !exportedOnly)) print(exportedOnly ? 'export %s\n' : '%s\n', v.text);
  }
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
  if (length >= NAME_SIZE) {
    printError('sh: a name of more than %u characters\n', NAME_SIZE - 1);
    exit(2);
  }
  const variable = as<Variable>(allocate(sizeof<Variable>()));
  variable.exported = false;
  variable.text = null;
  variable.nameLength = length;
  copyBytes(variable.name, name, length);
  variable.next = variables.first;
  variables.first = variable;
  return variable;
}

function allocate(size: u32): Ptr<u8> {
  const memory = malloc(size);
  if (memory === null) {
    printError('sh: out of memory\n');
    exit(2);
  }
  return memory;
}
