/*
 * sh [-aefnuvxC] [-o OPTION] [-c COMMAND [NAME [PARAMETER...]] | FILE [PARAMETER...] | -s [PARAMETER...]]: the shell.
 *
 * Without a command or a file, it reads from standard input; if that is a terminal, it is interactive: it prompts, a ^C
 * drops the line but not the shell, and jobs can be stopped and taken up again (sh/jobs.ts). The terminal's own line
 * editing is all there is.
 *
 * The language is POSIX's: sh/parser.ts has the grammar, sh/expand.ts what happens to words, sh/builtins.ts the commands
 * of the shell itself. Not there: aliases, and the history that `fc` edits.
 */

import { EINTR } from '../abi/errno.ts';
import { SIG_IGN, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SA_RESTORER } from '../abi/signal.ts';
import { append, appendBytes, type Buffer, contents } from './lib/buffer.ts';
import { MINUS, NEWLINE, PLUS, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { read } from './lib/fileCalls.ts';
import { flush, print, printError, stdout, writeAll } from './lib/output.ts';
import { getpgid, getpid, getppid, restoreSignal, setpgid, setSignal } from './lib/processCalls.ts';
import { bytesEqual, stringLength, type StringList } from './lib/strings.ts';
import { isTerminal, setForeground } from './lib/terminal.ts';
import { mark, release } from './sh/arena.ts';
import { currentDirectory } from './sh/builtins.ts';
import { initExecution, runNode, runText } from './sh/execute.ts';
import { expandDocument } from './sh/expand.ts';
import { reportJobs } from './sh/jobs.ts';
import { type Lexer } from './sh/lexer.ts';
import { isSet, setByLetter, setByName, ShellOption } from './sh/options.ts';
import { numberText } from './sh/parameters.ts';
import { initParsing, parseLine } from './sh/parser.ts';
import { initParser, Outcome, type Parser } from './sh/parserState.ts';
import { runFile } from './sh/simple.ts';
import { leave, shell } from './sh/state.ts';
import { initTraps, runTraps, trappedSignal } from './sh/traps.ts';
import { assign, exportVariable, importEnvironment, valueOf } from './sh/variables.ts';

/** Bytes that are read from a terminal at a time: at least a line of its. */
const CHUNK: u32 = 4096;

/** What was typed in of a command, over all its lines. */
const input = zeroed<Inline<Buffer>>();

/** The here-document that the text ends in, if it does. */
class OpenDocument {
  isOpen: boolean;
  stripsTabs: boolean;
  /** The line that ends it. */
  delimiter: Inline<Buffer>;
}

const openDocument = zeroed<Inline<OpenDocument>>();

const LETTER_C = 0x63;
const LETTER_I = 0x69;
const LETTER_O = 0x6f;
const LETTER_S = 0x73;

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(_argc: u32, argv: StringList, envp: StringList): i32 {
  shell.pid = getpid();
  shell.name = argv[0]!;
  initTraps();
  initParsing();
  initExecution();
  importEnvironment(envp);
  const ppid = numberText(getppid());
  assign('PPID', ppid);
  assign('OPTIND', bytes('1'));
  assign('IFS', bytes(' \t\n'));
  notePlace();
  const modes = zeroed<Inline<Modes>>();
  const first = readOptions(argv, modes);
  if (first === 0) return 2;
  const operand = argv[first];
  if (modes.command) {
    if (operand === null) {
      printError('sh: -c: no command\n');
      return 2;
    }
    setParameters(argv.add(first + 1));
    leave(runText(operand, stringLength(operand), true));
  }
  if (operand !== null && !modes.standardInput) {
    setParameters(argv.add(first));
    leave(runFile(operand, false));
  }
  useParameters(argv.add(first));
  if (modes.interactive || isTerminal(0)) becomeInteractive();
  leave(readCommands());
}

/** PWD, whatever the environment says of it. */
function notePlace(): void {
  const position = mark();
  const directory = currentDirectory();
  if (directory !== null) assign('PWD', directory);
  exportVariable(bytes('PWD'), 3);
  release(position);
}

/** Where commands come from, and whether to behave as if somebody sat there. */
class Modes {
  command: boolean;
  standardInput: boolean;
  interactive: boolean;
}

/** Options of the shell's own: those of `set`, and -c, -i, -s. Returns the index of the first operand; 0 for an error. */
function readOptions(argv: StringList, modes: Modes): u32 {
  let i: u32 = 1;
  for (; argv[i] !== null; i++) {
    const text = argv[i]!;
    const on = text[0] === MINUS;
    if ((!on && text[0] !== PLUS) || text[1] === 0) break;
    if (on && text[1] === MINUS && text[2] === 0) return i + 1;
    for (let k: u32 = 1; text[k] !== 0; k++) {
      if (text[k] === LETTER_C) modes.command = true;
      else if (text[k] === LETTER_I) modes.interactive = true;
      else if (text[k] === LETTER_S) modes.standardInput = true;
      else if (text[k] === LETTER_O && argv[i + 1] !== null && setByName(argv[i + 1]!, on)) i++;
      else if (!setByLetter(text[k], on)) {
        printError('sh: %s: unknown option\n', text);
        return 0;
      }
    }
  }
  return i;
}

/** `$0` and what follows. */
function setParameters(list: StringList): void {
  if (list[0] !== null) shell.name = list[0];
  useParameters(list[0] === null ? list : list.add(1));
}

function useParameters(list: StringList): void {
  shell.parameters.list = list;
  while (list[shell.parameters.count] !== null) shell.parameters.count++;
}

/** Signals from the terminal are for the jobs. ^C is caught, so that it ends a read of the prompt's line. */
function becomeInteractive(): void {
  shell.interactive = true;
  setSignal(SIGINT, u32(onInterrupt), SA_RESTORER, u32(restoreSignal));
  setSignal(SIGQUIT, SIG_IGN, 0, 0);
  setSignal(SIGTERM, SIG_IGN, 0, 0);
  setSignal(SIGTSTP, SIG_IGN, 0, 0);
  setSignal(SIGTTIN, SIG_IGN, 0, 0);
  setSignal(SIGTTOU, SIG_IGN, 0, 0);
  setpgid(0, 0);
  shell.group = getpgid(0);
  setForeground(0, shell.group);
}

function onInterrupt(): void {
  shell.interrupted = true;
}

/** Reads and runs commands until the end of input. Returns the last one's status. */
function readCommands(): i32 {
  const parser = zeroed<Inline<Parser>>();
  while (true) {
    const continues = input.length > 0;
    if (!continues) {
      openDocument.isOpen = false;
      reportJobs();
    }
    shell.interrupted = false;
    prompt(continues);
    const lineStart = input.length;
    const isLast = !readLine();
    if (shell.interrupted) {
      print('\n');
      shell.status = 128 + SIGINT;
      input.length = 0;
      continue;
    }
    if (trappedSignal() !== 0) runTraps();
    if (continues && !isLast && !shell.interactive && goesOn(lineStart)) continue;
    if (isLast && input.length === 0) {
      if (shell.interactive) print('\n');
      return shell.status;
    }
    const position = mark();
    initParser(parser, contents(input), input.length, isLast);
    const node = parseLine(parser);
    if (parser.outcome === Outcome.Unfinished && !isLast) {
      noteDocument(parser.lexer);
      release(position);
      continue;
    }
    input.length = 0;
    if (parser.outcome === Outcome.Unfinished) printError('sh: syntax error: unexpected end of file\n');
    if (parser.outcome !== Outcome.Parsed) {
      shell.status = 2;
      if (!shell.interactive) return 2;
    } else if (node !== null) runNode(node);
    release(position);
    shell.leaving = 0;
    shell.aborted = false;
    shell.returning = false;
    shell.conditions = 0;
  }
}

/** Before the arena is released: remembers which line the text waits for. */
function noteDocument(lexer: Lexer): void {
  const document = lexer.pending;
  openDocument.isOpen = document !== null;
  if (document === null) return;
  openDocument.stripsTabs = document.stripsTabs;
  openDocument.delimiter.length = 0;
  appendBytes(openDocument.delimiter, document.delimiter, stringLength(document.delimiter));
}

/** Is the line of `input` that begins at `start` one of a here-document, not its end? Parsing it all again can wait. */
function goesOn(start: u32): boolean {
  if (!openDocument.isOpen) return false;
  let from = start;
  while (openDocument.stripsTabs && input.data![from] === TAB) from++;
  const length = openDocument.delimiter.length;
  if (input.length - 1 - from !== length) return true;
  return !bytesEqual(input.data!.add(from), contents(openDocument.delimiter), length);
}

/** PS1, or PS2 within a command. What they are if they are not set: the directory, and `> `. */
function prompt(continued: boolean): void {
  if (!shell.interactive) return;
  const position = mark();
  const own = valueOf(continued ? 'PS2' : 'PS1');
  if (own !== null) print('%s', expandDocument(own));
  else if (continued) print('> ');
  else {
    const directory = currentDirectory();
    print('pagewright:%s# ', directory === null ? bytes('?') : directory);
  }
  flush(stdout);
  release(position);
}

/**
 * Reads a line, with its newline, behind what `input` has. Returns false at the end of input. A terminal gives a line at
 * a time; from anything else it is taken byte by byte, since commands may read what follows it.
 */
function readLine(): boolean {
  const chunk = zeroed<FixedArray<u8, 4096>>();
  const before = input.length;
  while (true) {
    const got = read(0, chunk, shell.interactive ? CHUNK : 1);
    if (got === -EINTR && !shell.interrupted) {
      runTraps();
      continue;
    }
    if (got < 0) return false;
    if (got === 0) {
      if (input.length === before) return false;
      append(input, NEWLINE);
      return true;
    }
    appendBytes(input, chunk, u32(got));
    if (isSet(ShellOption.Verbose)) writeAll(2, chunk, u32(got));
    if (input.data![input.length - 1] === NEWLINE) return true;
  }
}
