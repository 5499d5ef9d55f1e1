/*
 * Running parsed commands.
 */

import { SPACE, EQUALS, NEWLINE } from '../lib/characters.ts';
import { exit } from '../lib/crt.ts';
import { complain } from '../lib/errors.ts';
import { close, open, pipe, read } from '../lib/fileCalls.ts';
import { flush, print, printError, stdout } from '../lib/output.ts';
import { indexOf, stringLength, stringsEqual, type StringList } from '../lib/strings.ts';
import { O_RDONLY } from '../../abi/fcntl.ts';
import { mark, release, take } from './arena.ts';
import { type Builtin, findBuiltin } from './builtins.ts';
import { expandFields, expandOne, setSubstitution } from './expand.ts';
import { dropJob, jobNumber, makeJob, MAX_STAGES, waitForeground, type Job } from './jobs.ts';
import { execute, forkMember, moveTo } from './launch.ts';
import { atEnd, initParser, type Parser, parseLine, PARSE_ERROR, PARSE_UNFINISHED } from './parser.ts';
import { redirect, restore, type Saved } from './redirect.ts';
import { shell } from './state.ts';
import {
  type Node,
  NODE_AND,
  NODE_BACKGROUND,
  NODE_FOR,
  NODE_GROUP,
  NODE_IF,
  NODE_NOT,
  NODE_OR,
  NODE_PIPE,
  NODE_SEQUENCE,
  NODE_SIMPLE,
  NODE_SUBSHELL,
  NODE_UNTIL,
  NODE_WHILE,
  type WordList,
} from './tree.ts';
import { assignVariable } from './variables.ts';

/** To be called once: words can have commands in them from now on. */
export function initExecution(): void {
  setSubstitution(substitute);
}

/** Is the shell on its way out of something, so that the rest of it is not to be run? */
function unwinding(): boolean {
  return shell.interrupted || shell.leaving > 0;
}

/** Runs a command. Returns its status, which is `$?` as well. */
export function runNode(node: Node): i32 {
  const position = mark();
  const status = dispatch(node);
  shell.status = status;
  release(position);
  const plain = node.kind === NODE_SIMPLE || node.kind === NODE_PIPE || node.kind === NODE_SUBSHELL;
  if (plain && status !== 0 && shell.exitOnError && shell.conditions === 0) exit(status);
  return status;
}

function dispatch(node: Node): i32 {
  switch (node.kind) {
    case NODE_SIMPLE:
      return runSimple(node);
    case NODE_PIPE:
      return runPipeline(node);
    case NODE_SUBSHELL:
      return runAlone(node, null, true);
    case NODE_BACKGROUND:
      return runAlone(node.left!, null, false);
    case NODE_AND: {
      const status = runCondition(node.left!);
      return status === 0 && !unwinding() ? runNode(node.right!) : status;
    }
    case NODE_OR: {
      const status = runCondition(node.left!);
      return status !== 0 && !unwinding() ? runNode(node.right!) : status;
    }
    case NODE_NOT:
      return runCondition(node.left!) === 0 ? 1 : 0;
    case NODE_SEQUENCE: {
      const status = runNode(node.left!);
      return unwinding() ? status : runNode(node.right!);
    }
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
  const status = redirect(node.redirections, saved) ? runCompound(node) : 1;
  restore(saved);
  return status;
}

function runCompound(node: Node): i32 {
  switch (node.kind) {
    case NODE_GROUP:
      return runNode(node.left!);
    case NODE_IF: {
      const condition = runCondition(node.condition!);
      if (unwinding()) return condition;
      if (condition === 0) return runNode(node.left!);
      return node.right === null ? 0 : runNode(node.right);
    }
    case NODE_WHILE:
      return runWhile(node, true);
    case NODE_UNTIL:
      return runWhile(node, false);
    case NODE_FOR:
      return runFor(node);
    default:
      return 2;
  }
}

function runWhile(node: Node, wanted: boolean): i32 {
  let status: i32 = 0;
  shell.loops++;
  while ((runCondition(node.condition!) === 0) === wanted && !unwinding()) {
    status = runNode(node.left!);
    if (!goesOn()) break;
  }
  shell.loops--;
  return status;
}

function runFor(node: Node): i32 {
  const fields = zeroed<Inline<WordList>>();
  for (let word = node.words.first; word !== null; word = word.next) expandFields(word.text, fields);
  let status: i32 = 0;
  shell.loops++;
  for (let field = fields.first; field !== null; field = field.next) {
    assignVariable(node.name, stringLength(node.name), field.text, false);
    status = runNode(node.left!);
    if (!goesOn()) break;
  }
  shell.loops--;
  return status;
}

/** After the body of a loop: is there another round? `break` and `continue` are dealt with here. */
function goesOn(): boolean {
  if (shell.interrupted) return false;
  if (shell.leaving === 0) return true;
  shell.leaving--;
  return shell.leaving === 0 && shell.continuing;
}

// ---------------------------------------------------------------------------------------------------------------------
// Simple commands.

function runSimple(node: Node): i32 {
  return runExpanded(node, expandArguments(node), false);
}

/** Runs a simple command. With `alone`, the process is there for it only: a program takes its place. */
function runExpanded(node: Node, argv: StringList, alone: boolean): i32 {
  if (argv[0] === null) return runAssignments(node);
  const name = argv[0];
  if (stringsEqual(name, bytes('exec'))) return runExec(node, argv);
  const builtin = findBuiltin(name);
  if (builtin !== null) return runWithin(node, argv, builtin);
  if (stringsEqual(name, bytes('.'))) return runWithin(node, argv, runFileHere);
  if (stringsEqual(name, bytes('eval'))) return runWithin(node, argv, runArguments);
  if (!alone) return runAlone(node, argv, true);
  if (!redirect(node.redirections, null)) return 1;
  assignAll(node, true);
  execute(argv);
}

/** The words of a command, expanded, as an argv in the arena. */
function expandArguments(node: Node): StringList {
  const fields = zeroed<Inline<WordList>>();
  let count: u32 = 0;
  for (let word = node.words.first; word !== null; word = word.next) expandFields(word.text, fields);
  for (let field = fields.first; field !== null; field = field.next) count++;
  const argv = ptr<Ptr<u8> | null>(take((count + 1) * 4));
  let next: u32 = 0;
  for (let field = fields.first; field !== null; field = field.next) {
    argv[next] = field.text;
    next++;
  }
  return argv;
}

/** A command without words: sets variables. Its status is that of the last command run within their values. */
function runAssignments(node: Node): i32 {
  const saved = zeroed<Inline<Saved>>();
  const redirected = redirect(node.redirections, saved);
  shell.status = 0;
  assignAll(node, false);
  restore(saved);
  return redirected ? shell.status : 1;
}

function assignAll(node: Node, exported: boolean): void {
  for (let word = node.assignments.first; word !== null; word = word.next) {
    const length = indexOf(word.text, EQUALS);
    assignVariable(word.text, length, expandOne(word.text.add(length + 1)), exported);
  }
}

/** A builtin: its redirections are undone afterwards. */
function runWithin(node: Node, argv: StringList, builtin: Builtin): i32 {
  const saved = zeroed<Inline<Saved>>();
  let status: i32 = 1;
  if (redirect(node.redirections, saved)) {
    assignAll(node, false);
    let argc: u32 = 0;
    while (argv[argc] !== null) argc++;
    status = builtin(argc, argv);
  }
  restore(saved);
  return status;
}

/** exec [COMMAND]: without a command, its redirections stay. */
function runExec(node: Node, argv: StringList): i32 {
  if (!redirect(node.redirections, null)) return 1;
  assignAll(node, true);
  if (argv[1] !== null) execute(argv.add(1));
  return 0;
}

/** . FILE */
function runFileHere(argc: u32, argv: StringList): i32 {
  return argc === 2 ? runFile(argv[1]!) : 2;
}

/** eval WORD...: the words, with blanks between them, as a command. */
function runArguments(argc: u32, argv: StringList): i32 {
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
  return runText(text, at);
}

// ---------------------------------------------------------------------------------------------------------------------
// Commands in processes of their own.

/** Runs one command in a process. `argv` if it is a program and has been expanded already. */
function runAlone(node: Node, argv: StringList | null, foreground: boolean): i32 {
  const job = makeJob(node.source, node.sourceLength, foreground);
  if (job === null) return 2;
  const pid = forkMember(job);
  if (pid === 0) runHere(node, argv);
  if (pid < 0) {
    dropJob(job);
    return 2;
  }
  if (foreground) return waitForeground(job);
  announce(job, pid);
  return 0;
}

/** A background job has started. */
function announce(job: Job, pid: i32): void {
  shell.lastBackground = pid;
  if (!shell.interactive) return;
  print('[%u] %d\n', jobNumber(job), pid);
  flush(stdout);
}

/** In a process made for it: runs a command and exits. */
function runHere(node: Node, argv: StringList | null): never {
  if (node.kind === NODE_SUBSHELL) {
    exit(redirect(node.redirections, null) ? runNode(node.left!) : 1);
  }
  if (node.kind !== NODE_SIMPLE) exit(runNode(node));
  exit(runExpanded(node, argv === null ? expandArguments(node) : argv, true));
}

/** The stages of a pipeline run side by side; its status is the last one's. */
function runPipeline(node: Node): i32 {
  const stages = zeroed<FixedArray<Node, 16>>();
  let count: u32 = 1;
  for (let n: Node = node; n.kind === NODE_PIPE; n = n.left!) count++;
  if (count > MAX_STAGES) {
    printError('sh: a pipeline of more than %u stages\n', MAX_STAGES);
    return 2;
  }
  let rest: Node = node;
  for (let i = count; i > 1; i--) {
    stages[i - 1] = rest.right!;
    rest = rest.left!;
  }
  stages[0] = rest;
  const job = makeJob(node.source, node.sourceLength, true);
  if (job === null) return 2;
  return startStages(job, stages, count) ? waitForeground(job) : 2;
}

/** Starts all stages. If that fails half-way, those that run see the ends of their pipes and finish; false. */
function startStages(job: Job, stages: Ptr<Node>, count: u32): boolean {
  let input: i32 = -1;
  for (let i: u32 = 0; i < count; i++) {
    const ends = zeroed<FixedArray<i32, 2>>();
    const last = i + 1 === count;
    if (!last) {
      const error = pipe(ends);
      if (error < 0) return abandon(job, input, complain('sh', bytes('pipe'), error));
    }
    const pid = forkMember(job);
    if (pid === 0) {
      if (input >= 0) moveTo(input, 0);
      if (!last) {
        close(ends[0]);
        moveTo(ends[1], 1);
      }
      runHere(stages[i], null);
    }
    if (input >= 0) close(input);
    if (!last) close(ends[1]);
    input = last ? -1 : ends[0];
    if (pid < 0) return abandon(job, input, 2);
  }
  return true;
}

function abandon(job: Job, input: i32, _status: i32): boolean {
  if (input >= 0) close(input);
  if (job.count > 0) waitForeground(job);
  else dropJob(job);
  return false;
}

/** The output of a command, in the arena, without the newlines at its end. Zero bytes are left out. */
function substitute(command: Ptr<u8>, length: u32): Ptr<u8> {
  const ends = zeroed<FixedArray<i32, 2>>();
  const job = makeJob(command, length, true);
  if (job === null) return bytes('');
  const error = pipe(ends);
  const pid = error < 0 ? error : forkMember(job);
  if (pid === 0) {
    close(ends[0]);
    moveTo(ends[1], 1);
    exit(runText(command, length));
  }
  if (pid < 0) {
    dropJob(job);
    if (error === 0) close(ends[0]);
    if (error === 0) close(ends[1]);
    return bytes('');
  }
  close(ends[1]);
  const output = collectOutput(ends[0]);
  close(ends[0]);
  shell.status = waitForeground(job);
  return output;
}

/** Reads to the end. The arena hands out adjacent pieces, as nothing else takes from it meanwhile. */
function collectOutput(fd: i32): Ptr<u8> {
  const text = take(4);
  const chunk = zeroed<FixedArray<u8, 512>>();
  let length: u32 = 0;
  let room: u32 = 4;
  while (true) {
    const got = read(fd, chunk, 512);
    if (got <= 0) break;
    for (let i: i32 = 0; i < got; i++) {
      if (chunk[i] === 0) continue;
      if (length + 1 === room) {
        take(512);
        room += 512;
      }
      text[length] = chunk[i];
      length++;
    }
  }
  while (length > 0 && text[length - 1] === NEWLINE) length--;
  text[length] = 0;
  return text;
}

// ---------------------------------------------------------------------------------------------------------------------
// Text.

/** Runs all of a text, line by line. Returns the status of the last command. */
export function runText(text: Ptr<u8>, length: u32): i32 {
  const parser = zeroed<Inline<Parser>>();
  initParser(parser, text, length);
  let status: i32 = 0;
  while (!unwinding() && !atEnd(parser)) {
    const position = mark();
    const node = parseLine(parser);
    if (parser.outcome === PARSE_UNFINISHED) printError('sh: syntax error: unexpected end of file\n');
    if (parser.outcome === PARSE_UNFINISHED || parser.outcome === PARSE_ERROR) return 2;
    if (node !== null) status = runNode(node);
    release(position);
  }
  return status;
}

/** Runs a file. Returns the status of its last command; 127 if it cannot be read. */
export function runFile(path: Ptr<u8>): i32 {
  const fd = open(path, O_RDONLY, 0);
  if (fd < 0) {
    complain('sh', path, fd);
    return 127;
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
  return runText(text, length);
}
