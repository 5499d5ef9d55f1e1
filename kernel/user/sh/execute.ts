/*
 * Running parsed commands of all kinds, and texts.
 */

import { NodeKind, type Node, type WordList } from './tree.ts';
import { matches } from '../lib/pattern.ts';
import { stringLength } from '../lib/strings.ts';
import { printError, writeAll } from '../lib/output.ts';
import { mark, release } from './arena.ts';
import { expandFields, expandOne, expandToPattern, setSubstitution } from './expand.ts';
import { defineFunction } from './functions.ts';
import { isSet, ShellOption } from './options.ts';
import { atEnd, parseLine } from './parser.ts';
import { initParser, Outcome, type Parser } from './parserState.ts';
import { runAlone, runPipeline, substitute } from './process.ts';
import { redirect, restore, type Saved } from './redirect.ts';
import { runHere, runSimple, setRunNode } from './simple.ts';
import { leave, shell, unwinding } from './state.ts';
import { runTraps, trappedSignal } from './traps.ts';
import { assignVariable } from './variables.ts';

/** To be called once: what runs commands within words, functions and builtins is known from now on. */
export function initExecution(): void {
  setSubstitution(substitute);
  setRunNode(runNode);
  shell.runText = runText;
}

/** Runs a command. Returns its status, which is `$?` as well. */
export function runNode(node: Node): i32 {
  if (isSet(ShellOption.NoExec) && !shell.interactive) return 0;
  const position = mark();
  const status = dispatch(node);
  shell.status = status;
  release(position);
  if (trappedSignal() !== 0) runTraps();
  const plain = node.kind === NodeKind.Simple || node.kind === NodeKind.Pipe || node.kind === NodeKind.Subshell;
  if (plain && status !== 0 && isSet(ShellOption.ErrorExit) && shell.conditions === 0) leave(status);
  return status;
}

function dispatch(node: Node): i32 {
  switch (node.kind) {
    case NodeKind.Simple:
      return runSimple(node);
    case NodeKind.Pipe:
      return runPipeline(node, runHere);
    case NodeKind.Subshell:
      return runAlone(node, null, true, runHere);
    case NodeKind.Background:
      return runAlone(node.left!, null, false, runHere);
    case NodeKind.And: {
      const status = runCondition(node.left!);
      return status === 0 && !unwinding() ? runNode(node.right!) : status;
    }
    case NodeKind.Or: {
      const status = runCondition(node.left!);
      return status !== 0 && !unwinding() ? runNode(node.right!) : status;
    }
    case NodeKind.Not: {
      const status = runCondition(node.left!);
      if (unwinding()) return status;
      return status === 0 ? 1 : 0;
    }
    case NodeKind.Sequence: {
      const status = runNode(node.left!);
      return unwinding() ? status : runNode(node.right!);
    }
    case NodeKind.Function:
      defineFunction(node.name, node.left!);
      return 0;
    default:
      return runRedirected(node);
  }
}

/** Runs a command whose failure is an answer, not an accident. */
function runCondition(node: Node): i32 {
  shell.conditions++;
  const status = runNode(node);
  shell.conditions--;
  return status;
}

/** Compound commands within the shell: their redirections last as long as they do. */
function runRedirected(node: Node): i32 {
  const saved = zeroed<Inline<Saved>>();
  const status = redirect(node.redirections, saved) ? runCompound(node) : 2;
  restore(saved);
  return status;
}

function runCompound(node: Node): i32 {
  switch (node.kind) {
    case NodeKind.Group:
      return runNode(node.left!);
    case NodeKind.If: {
      const condition = runCondition(node.condition!);
      if (unwinding()) return condition;
      if (condition === 0) return runNode(node.left!);
      return node.right === null ? 0 : runNode(node.right);
    }
    case NodeKind.While:
      return runWhile(node, true);
    case NodeKind.Until:
      return runWhile(node, false);
    case NodeKind.For:
      return runFor(node);
    case NodeKind.Case:
      return runCase(node);
    default:
      return 2;
  }
}

function runWhile(node: Node, wanted: boolean): i32 {
  let status: i32 = 0;
  shell.loops++;
  while (true) {
    const condition = runCondition(node.condition!);
    if (unwinding()) {
      if (shell.returning) status = condition;
      if (!goesOn()) break;
      continue;
    }
    if ((condition === 0) !== wanted) break;
    status = runNode(node.left!);
    if (!goesOn()) break;
  }
  shell.loops--;
  return status;
}

function runFor(node: Node): i32 {
  const fields = zeroed<Inline<WordList>>();
  if (node.condition !== null) expandFields(bytes('"$@"'), fields);
  for (let word = node.words.first; word !== null; word = word.next) expandFields(word.text, fields);
  let status: i32 = 0;
  shell.loops++;
  for (let field = fields.first; field !== null && !unwinding(); field = field.next) {
    assignVariable(node.name, stringLength(node.name), field.text, false);
    if (unwinding()) break;
    status = runNode(node.left!);
    if (!goesOn()) break;
  }
  shell.loops--;
  return status;
}

/** After the body of a loop: is there another round? `break` and `continue` are dealt with here. */
function goesOn(): boolean {
  if (shell.leaving === 0) return !unwinding();
  shell.leaving--;
  return shell.leaving === 0 && shell.continuing;
}

/** The first item with a pattern that fits is run. */
function runCase(node: Node): i32 {
  const subject = expandOne(node.name);
  for (let item = node.right; item !== null && !unwinding(); item = item.right) {
    for (let word = item.words.first; word !== null; word = word.next) {
      const pattern = expandToPattern(word.text, stringLength(word.text));
      if (!matches(pattern, subject, stringLength(subject), false)) continue;
      return item.left === null ? 0 : runNode(item.left);
    }
  }
  return unwinding() ? shell.status : 0;
}

/** Runs all of a text, line by line; a file is input, which `set -v` shows. Returns the status of the last command. */
export function runText(text: Ptr<u8>, length: u32, isInput: boolean): i32 {
  const parser = zeroed<Inline<Parser>>();
  initParser(parser, text, length, true);
  let status: i32 = 0;
  while (!unwinding() && !atEnd(parser)) {
    const position = mark();
    const from = parser.lexer.at;
    const node = parseLine(parser);
    if (isInput && isSet(ShellOption.Verbose)) writeAll(2, text.add(from), parser.lexer.at - from);
    if (parser.outcome === Outcome.Unfinished) printError('sh: syntax error: unexpected end of file\n');
    if (parser.outcome !== Outcome.Parsed) {
      shell.status = 2;
      if (!shell.interactive) leave(2);
      return 2;
    }
    if (node !== null) status = runNode(node);
    release(position);
  }
  return status;
}
