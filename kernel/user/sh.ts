/*
 * sh [-e] [-c COMMAND [NAME [PARAMETER...]] | FILE [PARAMETER...]]: the shell.
 *
 * Without a command or a file, it reads from standard input; if that is a terminal, it is interactive: it prompts, a ^C
 * drops the line but not the shell, and jobs can be stopped and taken up again (sh/jobs.ts). The terminal's own line
 * editing is all there is.
 *
 * The language is the core of POSIX's: sh/parser.ts has the grammar, sh/expand.ts what happens to words, sh/builtins.ts
 * the commands of the shell itself. Not there: functions, case, here-documents, arithmetic, ${name:-word}.
 */

import { EINTR } from '../abi/errno.ts';
import { SIG_IGN, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SA_RESTORER } from '../abi/signal.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { NEWLINE } from './lib/characters.ts';
import { exit, run } from './lib/crt.ts';
import { getcwd, read } from './lib/fileCalls.ts';
import { flush, print, printError, stdout } from './lib/output.ts';
import { getpgid, getpid, restoreSignal, setpgid, setSignal } from './lib/processCalls.ts';
import { stringLength, type StringList } from './lib/strings.ts';
import { isTerminal, setForeground } from './lib/terminal.ts';
import { mark, release } from './sh/arena.ts';
import { initExecution, runFile, runNode, runText } from './sh/execute.ts';
import { reportJobs } from './sh/jobs.ts';
import { initParser, type Parser, parseLine, PARSE_UNFINISHED, PARSED } from './sh/parser.ts';
import { shell } from './sh/state.ts';
import { importEnvironment } from './sh/variables.ts';

const OPTION_COMMAND = 0;
const OPTION_EXIT = 1;

/** Bytes of a command that is typed in, over all its lines. */
const INPUT_SIZE: u32 = 16384;

const input = zeroed<FixedArray<u8, 16384>>();
const directory = zeroed<FixedArray<u8, 4096>>();

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
  const options = zeroed<Inline<Options>>();
  if (!readOptions(argv, 'ce', options)) return 2;
  shell.pid = getpid();
  shell.name = argv[0]!;
  shell.exitOnError = hasOption(options, OPTION_EXIT);
  importEnvironment(envp);
  initExecution();
  const operand = argv[options.operands];
  if (hasOption(options, OPTION_COMMAND)) {
    if (operand === null) {
      printError('sh: -c: no command\n');
      return 2;
    }
    setParameters(argv.add(options.operands + 1));
    return runText(operand, stringLength(operand));
  }
  if (operand !== null) {
    setParameters(argv.add(options.operands));
    return runFile(operand);
  }
  shell.parameters = argv.add(options.operands);
  if (isTerminal(0)) becomeInteractive();
  return readCommands();
}

/** `$0` and what follows. */
function setParameters(list: StringList): void {
  shell.parameters = list;
  if (list[0] === null) return;
  shell.name = list[0];
  shell.parameters = list.add(1);
  while (shell.parameters[shell.parameterCount] !== null) shell.parameterCount++;
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
  let length: u32 = 0;
  while (true) {
    if (length === 0) reportJobs();
    shell.interrupted = false;
    prompt(length > 0);
    const got = readLine(length);
    if (shell.interrupted) {
      print('\n');
      shell.status = 128 + SIGINT;
      length = 0;
      continue;
    }
    if (got < 0) {
      if (length > 0) printError('sh: syntax error: unexpected end of file\n');
      else if (shell.interactive) print('\n');
      return shell.status;
    }
    length += u32(got);
    const position = mark();
    initParser(parser, input, length);
    const node = parseLine(parser);
    if (parser.outcome === PARSE_UNFINISHED && length + 1 < INPUT_SIZE) {
      release(position);
      continue;
    }
    length = 0;
    if (parser.outcome !== PARSED) shell.status = 2;
    else if (node !== null) runNode(node);
    release(position);
    shell.leaving = 0;
  }
}

function prompt(continued: boolean): void {
  if (!shell.interactive) return;
  if (continued) print('> ');
  else {
    const error = getcwd(directory, 4096);
    print('pagewright:%s# ', error < 0 ? bytes('?') : directory);
  }
  flush(stdout);
}

/**
 * Reads a line to `input` from `at` on, with its newline. Returns its length, or -1 at the end of input. A terminal
 * gives a line at a time; from anything else it is taken byte by byte, since commands may read what follows it.
 */
function readLine(at: u32): i32 {
  let length = at;
  while (length + 1 < INPUT_SIZE) {
    const got = read(0, addrOf(input[length]), shell.interactive ? INPUT_SIZE - 1 - length : 1);
    if (got === -EINTR && !shell.interrupted) continue;
    if (got < 0) return -1;
    if (got === 0) {
      if (length === at) return -1;
      input[length] = NEWLINE;
      return i32(length + 1 - at);
    }
    length += u32(got);
    if (input[length - 1] === NEWLINE) return i32(length - at);
  }
  printError('sh: line too long\n');
  exit(2);
}
