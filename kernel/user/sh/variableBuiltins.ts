/*
 * Builtins on variables and parameters: export, readonly, local, unset, set.
 */

import { allocate } from '../lib/buffer.ts';
import { EQUALS, MINUS, PLUS } from '../lib/characters.ts';
import { free } from '../lib/heap.ts';
import { printError } from '../lib/output.ts';
import { stringLength, stringsEqual, type StringList } from '../lib/strings.ts';
import { unsetFunction } from './functions.ts';
import { printOptions, setByLetter, setByName } from './options.ts';
import { abort, shell } from './state.ts';
import {
  assignVariable,
  exportVariable,
  nameLength,
  printExported,
  printReadOnly,
  printVariables,
  protectVariable,
  saveVariable,
  unsetVariable,
} from './variables.ts';

/** Length of the name in `NAME` or `NAME=value`; 0, after a complaint, if it is none. */
function checkName(builtin: Ptr<u8>, text: Ptr<u8>): u32 {
  const length = nameLength(text);
  if (length > 0 && (text[length] === 0 || text[length] === EQUALS)) return length;
  printError('sh: %s: %s: not a name\n', builtin, text);
  abort(2);
  return 0;
}

/** Carries out the `=value` behind a name, if there is one. */
function assignArgument(text: Ptr<u8>, length: u32): void {
  if (text[length] === EQUALS) assignVariable(text, length, text.add(length + 1), false);
}

function isPrint(argc: u32, argv: StringList): boolean {
  return argc === 1 || stringsEqual(argv[1]!, bytes('-p'));
}

/** export [-p] [NAME[=VALUE]...] */
export function exportNames(argc: u32, argv: StringList): i32 {
  if (isPrint(argc, argv)) {
    printExported();
    return 0;
  }
  for (let i: u32 = 1; i < argc; i++) {
    const length = checkName(argv[0]!, argv[i]!);
    if (length === 0) return 2;
    assignArgument(argv[i]!, length);
    exportVariable(argv[i]!, length);
  }
  return shell.aborted ? shell.status : 0;
}

/** readonly [-p] [NAME[=VALUE]...] */
export function protectNames(argc: u32, argv: StringList): i32 {
  if (isPrint(argc, argv)) {
    printReadOnly();
    return 0;
  }
  for (let i: u32 = 1; i < argc; i++) {
    const length = checkName(argv[0]!, argv[i]!);
    if (length === 0) return 2;
    assignArgument(argv[i]!, length);
    protectVariable(argv[i]!, length);
  }
  return shell.aborted ? shell.status : 0;
}

/** local NAME[=VALUE]...: in a function, the variables are what they were again when it ends. */
export function localNames(argc: u32, argv: StringList): i32 {
  if (shell.calls === 0) {
    printError('sh: local: not in a function\n');
    return 2;
  }
  for (let i: u32 = 1; i < argc; i++) {
    const length = checkName(argv[0]!, argv[i]!);
    if (length === 0) return 2;
    saveVariable(argv[i]!, length);
    assignArgument(argv[i]!, length);
  }
  return 0;
}

/** unset [-v|-f] NAME...: variables, or functions. */
export function unsetNames(argc: u32, argv: StringList): i32 {
  const functions = argc > 1 && stringsEqual(argv[1]!, bytes('-f'));
  const first: u32 = functions || (argc > 1 && stringsEqual(argv[1]!, bytes('-v'))) ? 2 : 1;
  for (let i = first; i < argc; i++) {
    if (functions) unsetFunction(argv[i]!);
    else unsetVariable(argv[i]!);
  }
  return shell.aborted ? shell.status : 0;
}

/** set [-aefnuxC] [+aefnuxC] [-o NAME] [--] [PARAMETER...]; without arguments, prints all variables. */
export function setBuiltin(argc: u32, argv: StringList): i32 {
  if (argc === 1) {
    printVariables();
    return 0;
  }
  let i: u32 = 1;
  let given = false;
  for (; i < argc; i++) {
    const text = argv[i]!;
    if ((text[0] !== MINUS && text[0] !== PLUS) || text[1] === 0) break;
    if (stringsEqual(text, bytes('--'))) {
      given = true;
      i++;
      break;
    }
    const on = text[0] === MINUS;
    if (text[1] === LETTER_O && text[2] === 0) {
      i++;
      if (!setLong(i < argc ? argv[i] : null, on)) return 2;
    } else if (!setLetters(text, on)) return 2;
  }
  if (given || i < argc) setParameters(argv.add(i), argc - i);
  return 0;
}

const LETTER_O = 0x6f;

function setLong(name: Ptr<u8> | null, on: boolean): boolean {
  if (name === null) {
    printOptions(!on);
    return true;
  }
  return setByName(name, on) || complain(name);
}

function setLetters(text: Ptr<u8>, on: boolean): boolean {
  for (let k: u32 = 1; text[k] !== 0; k++) {
    if (!setByLetter(text[k], on)) return complain(text);
  }
  return true;
}

function complain(option: Ptr<u8>): boolean {
  printError('sh: set: %s: unknown option\n', option);
  abort(2);
  return false;
}

/** Makes the words `$1` and so on: copies of them, in one piece of heap memory. */
function setParameters(words: StringList, count: u32): void {
  let size = (count + 1) * 4;
  for (let i: u32 = 0; i < count; i++) size += stringLength(words[i]!) + 1;
  const block = allocate(size);
  const list = ptr<Ptr<u8> | null>(u32(block));
  let at = (count + 1) * 4;
  for (let i: u32 = 0; i < count; i++) {
    const length = stringLength(words[i]!) + 1;
    copyBytes(block.add(at), words[i]!, length);
    list[i] = block.add(at);
    at += length;
  }
  list[count] = null;
  free(shell.parameters.block);
  shell.parameters.block = block;
  shell.parameters.list = list;
  shell.parameters.count = count;
}
