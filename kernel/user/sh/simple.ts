/*
 * Simple commands: assignments, functions, builtins, programs.
 */

import { EQUALS, PLUS, SPACE } from '../lib/characters.ts';
import { complain } from '../lib/errors.ts';
import { close, open, read } from '../lib/fileCalls.ts';
import { flush, print, printError, putByte, putString, stderr, stdout } from '../lib/output.ts';
import { contains, indexOf, stringLength, stringsEqual, type StringList } from '../lib/strings.ts';
import { O_RDONLY } from '../../abi/fcntl.ts';
import { take } from './arena.ts';
import { type Builtin, findBuiltin, isReserved, isSpecial } from './builtins.ts';
import { expandAssigned, expandFields } from './expand.ts';
import { findFunction, type ShellFunction } from './functions.ts';
import { execute, findProgram } from './launch.ts';
import { isSet, ShellOption } from './options.ts';
import { runAlone } from './process.ts';
import { redirect, restore, type Saved } from './redirect.ts';
import { abort, leave, shell } from './state.ts';
import { addWord, type Node, NodeKind, type WordList } from './tree.ts';
import { assignVariable, nameLength, restoreTo, savedCount, saveVariable } from './variables.ts';

class Hooks {
  runNode: (node: Node) => i32;
}

const hooks = zeroed<Inline<Hooks>>();

/** Tells how to run commands of any kind. To be called once, by execute.ts, which needs this file. */
export function setRunNode(runNode: (node: Node) => i32): void {
  hooks.runNode = runNode;
}

export function runSimple(node: Node): i32 {
  shell.substitutionStatus = 0;
  const argv = expandArguments(node);
  return shell.aborted ? shell.status : runExpanded(node, argv, false);
}

/** In a process made for it: runs a command and exits. */
export function runHere(node: Node, argv: StringList | null): never {
  if (node.kind === NodeKind.Subshell) {
    leave(redirect(node.redirections, null) ? hooks.runNode(node.left!) : 2);
  }
  if (node.kind !== NodeKind.Simple) leave(hooks.runNode(node));
  if (argv === null) {
    shell.substitutionStatus = 0;
    argv = expandArguments(node);
  }
  leave(shell.aborted ? shell.status : runExpanded(node, argv, true));
}

/** Runs a simple command. With `alone`, the process is there for it only: a program takes its place. */
function runExpanded(node: Node, argv: StringList, alone: boolean): i32 {
  if (argv[0] === null) return runAssignments(node);
  const name = argv[0];
  if (isSet(ShellOption.Trace)) trace(argv);
  const special = isSpecial(name);
  const called = special ? null : findFunction(name);
  if (called !== null) return runFunction(node, argv, called);
  if (stringsEqual(name, bytes('exec'))) return runExec(node, argv);
  const builtin = runningBuiltin(name);
  if (builtin !== null) return runWithin(node, argv, builtin, special);
  if (stringsEqual(name, bytes('command'))) return runCommand(node, argv, alone);
  return runProgram(node, argv, alone);
}

/** A builtin, be it one of those that run other commands. */
function runningBuiltin(name: Ptr<u8>): Builtin | null {
  if (stringsEqual(name, bytes('.'))) return sourceFile;
  if (stringsEqual(name, bytes('eval'))) return evaluateWords;
  if (stringsEqual(name, bytes('type'))) return describeNames;
  return findBuiltin(name);
}

function runProgram(node: Node, argv: StringList, alone: boolean): i32 {
  if (!alone) return runAlone(node, argv, true, runHere);
  if (!redirect(node.redirections, null)) return 2;
  assignAll(node, true, false);
  if (shell.aborted) return shell.status;
  execute(argv);
}

/** `set -x`: the command as it is run, on standard error. */
function trace(argv: StringList): void {
  flush(stdout);
  putByte(stderr, PLUS);
  for (let i: u32 = 0; argv[i] !== null; i++) {
    putByte(stderr, SPACE);
    putString(stderr, argv[i]!);
  }
  printError('\n');
}

/** The words of a command, expanded, as an argv in the arena. */
function expandArguments(node: Node): StringList {
  const fields = zeroed<Inline<WordList>>();
  let count: u32 = 0;
  let isDeclaration = false;
  for (let word = node.words.first; word !== null; word = word.next) {
    const length = isDeclaration ? nameLength(word.text) : 0;
    if (length > 0 && word.text[length] === EQUALS) addWord(fields, expandDeclared(word.text, length));
    else expandFields(word.text, fields);
    if (word === node.words.first) isDeclaration = declares(fields);
  }
  for (let field = fields.first; field !== null; field = field.next) count++;
  const argv = ptr<Ptr<u8> | null>(take((count + 1) * 4));
  let next: u32 = 0;
  for (let field = fields.first; field !== null; field = field.next) {
    argv[next] = field.text;
    next++;
  }
  return argv;
}

/** Do the arguments of this command set variables? Then their values are not split. */
function declares(fields: WordList): boolean {
  if (fields.first === null) return false;
  const name = fields.first.text;
  return (
    stringsEqual(name, bytes('export')) || stringsEqual(name, bytes('readonly')) || stringsEqual(name, bytes('local'))
  );
}

/** NAME=VALUE with the value expanded, as one field. `length` is the name's. */
function expandDeclared(text: Ptr<u8>, length: u32): Ptr<u8> {
  const value = expandAssigned(text.add(length + 1));
  const size = stringLength(value) + 1;
  const whole = take(length + 1 + size);
  copyBytes(whole, text, length + 1);
  copyBytes(whole.add(length + 1), value, size);
  return whole;
}

export function countWords(argv: StringList): u32 {
  let count: u32 = 0;
  while (argv[count] !== null) count++;
  return count;
}

/** A command without words: sets variables. Its status is that of the last command run within their values. */
function runAssignments(node: Node): i32 {
  const saved = zeroed<Inline<Saved>>();
  const redirected = redirect(node.redirections, saved);
  if (redirected) assignAll(node, false, false);
  restore(saved);
  if (shell.aborted) return shell.status;
  return redirected ? shell.substitutionStatus : 2;
}

/** Carries out a command's assignments. With `kept`, what the variables were is noted first. */
function assignAll(node: Node, exported: boolean, kept: boolean): void {
  for (let word = node.assignments.first; word !== null; word = word.next) {
    const length = indexOf(word.text, EQUALS);
    const value = expandAssigned(word.text.add(length + 1));
    if (shell.aborted) return;
    if (kept) saveVariable(word.text, length);
    assignVariable(word.text, length, value, exported);
  }
}

/** A builtin. Its redirections are undone afterwards, and so are assignments unless it is a special one. */
function runWithin(node: Node, argv: StringList, builtin: Builtin, special: boolean): i32 {
  const saved = zeroed<Inline<Saved>>();
  const variables = savedCount();
  let status: i32 = 2;
  if (redirect(node.redirections, saved)) {
    assignAll(node, !special, !special);
    status = shell.aborted ? shell.status : checkOutput(argv, builtin(countWords(argv), argv));
  } else if (special) abort(2);
  restore(saved);
  // `local` has saved variables as well, which the function's end restores.
  if (!special && node.assignments.first !== null) restoreTo(variables);
  return status;
}

/** A builtin whose output could not be written has failed. */
function checkOutput(argv: StringList, status: i32): i32 {
  const error = flush(stdout);
  if (error === 0) return status;
  stdout.error = 0;
  complain('sh', argv[0]!, error);
  return status === 0 ? 1 : status;
}

function runFunction(node: Node, argv: StringList, called: ShellFunction): i32 {
  const saved = zeroed<Inline<Saved>>();
  const variables = savedCount();
  let status: i32 = 2;
  if (redirect(node.redirections, saved)) {
    assignAll(node, true, true);
    status = shell.aborted ? shell.status : callFunction(argv, called);
  }
  restore(saved);
  restoreTo(variables);
  return status;
}

/** Runs a function's body with parameters of its own. `break` does not reach loops outside of it. */
function callFunction(argv: StringList, called: ShellFunction): i32 {
  const parameters = shell.parameters;
  const list = parameters.list;
  const count = parameters.count;
  const block = parameters.block;
  const loops = shell.loops;
  parameters.list = argv.add(1);
  parameters.count = countWords(argv) - 1;
  parameters.block = null;
  shell.loops = 0;
  shell.calls++;
  called.running++;
  const status = hooks.runNode(called.body!);
  called.running--;
  shell.calls--;
  shell.returning = false;
  shell.loops = loops;
  parameters.list = list;
  parameters.count = count;
  parameters.block = block;
  return status;
}

/** exec [COMMAND]: without a command, its redirections stay. */
function runExec(node: Node, argv: StringList): i32 {
  if (!redirect(node.redirections, null)) {
    abort(2);
    return 2;
  }
  assignAll(node, true, false);
  if (argv[1] !== null) execute(argv.add(1));
  return 0;
}

/** command [-v|-V] NAME...: runs a command that is no function, or says what the name means. */
function runCommand(node: Node, argv: StringList, alone: boolean): i32 {
  let first: u32 = 1;
  while (argv[first] !== null && stringsEqual(argv[first]!, bytes('-p'))) first++;
  if (argv[first] === null) return 0;
  if (stringsEqual(argv[first]!, bytes('-v'))) return runWithin(node, argv.add(first), nameMeanings, false);
  if (stringsEqual(argv[first]!, bytes('-V'))) return runWithin(node, argv.add(first), describeNames, false);
  const rest = argv.add(first);
  const builtin = runningBuiltin(rest[0]!);
  return builtin !== null ? runWithin(node, rest, builtin, false) : runProgram(node, rest, alone);
}

/** command -v NAME...: what would be run, in a word each. */
function nameMeanings(argc: u32, argv: StringList): i32 {
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const name = argv[i]!;
    const program = isKnown(name) ? name : findProgram(name);
    if (program !== null) print('%s\n', program);
    else status = 127;
  }
  return status;
}

/** Is the name one that the shell itself gives a meaning? */
function isKnown(name: Ptr<u8>): boolean {
  return isReserved(name) || isSpecial(name) || findFunction(name) !== null || isBuiltinName(name);
}

function isBuiltinName(name: Ptr<u8>): boolean {
  return runningBuiltin(name) !== null || stringsEqual(name, bytes('command'));
}

/** type NAME...: what the names mean, in a sentence each. */
function describeNames(argc: u32, argv: StringList): i32 {
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const name = argv[i]!;
    const program = isKnown(name) ? null : findProgram(name);
    if (isReserved(name)) print('%s is a shell keyword\n', name);
    else if (isSpecial(name)) print('%s is a special shell builtin\n', name);
    else if (findFunction(name) !== null) print('%s is a shell function\n', name);
    else if (isBuiltinName(name)) print('%s is a shell builtin\n', name);
    else if (program !== null) print('%s is %s\n', name, program);
    else {
      print('%s: not found\n', name);
      status = 127;
    }
  }
  return status;
}

/** . FILE: runs a file's commands in this shell. One without a slash is looked for here, too. */
function sourceFile(argc: u32, argv: StringList): i32 {
  if (argc < 2) {
    printError('sh: .: no file\n');
    return 2;
  }
  const name = argv[1]!;
  const program = contains(name, 0x2f) ? null : findProgram(name);
  shell.calls++;
  const status = runFile(program === null ? name : program, true);
  shell.calls--;
  shell.returning = false;
  return status;
}

/** eval WORD...: the words, with blanks between them, as a command. */
function evaluateWords(argc: u32, argv: StringList): i32 {
  let size: u32 = 0;
  for (let i: u32 = 1; i < argc; i++) size += stringLength(argv[i]!) + 1;
  const text = take(size + 1);
  let at: u32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const length = stringLength(argv[i]!);
    copyBytes(text.add(at), argv[i]!, length);
    text[at + length] = SPACE;
    at += length + 1;
  }
  return shell.runText(text, at, false);
}

/** Runs a file. Returns the status of its last command; one that cannot be read ends a script that asks for it. */
export function runFile(path: Ptr<u8>, isSourced: boolean): i32 {
  const fd = open(path, O_RDONLY, 0);
  if (fd < 0) {
    complain('sh', path, fd);
    if (!isSourced) return 127;
    abort(2);
    return 2;
  }
  let room: u32 = 4096;
  const text = take(room);
  let length: u32 = 0;
  while (true) {
    if (length === room) {
      take(4096);
      room += 4096;
    }
    const got = read(fd, text.add(length), room - length);
    if (got <= 0) break;
    length += u32(got);
  }
  close(fd);
  return shell.runText(text, length, true);
}
