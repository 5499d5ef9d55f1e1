/*
 * kill, as a program and as a builtin of the shell.
 *
 *   kill [-SIGNAL | -s SIGNAL] PROCESS...   sends a signal (TERM by default), given by name or number, to processes, or to
 *                                           process groups (negative numbers; put `--` in front if no signal is given)
 *   kill -l [SIGNAL...]                     lists the names, or turns numbers into names and names into numbers
 */

import { MINUS } from './characters.ts';
import { complain } from './errors.ts';
import { print, printError } from './output.ts';
import { kill } from './processCalls.ts';
import { NAMED_SIGNALS, parseSignal, signalName } from './signalNames.ts';
import { isDigit, parseNumber, stringsEqual, type StringList } from './strings.ts';

/** What a word that is no number stands for, as kill(2) has it; 0 for nothing. */
export type ProcessOf = (text: Ptr<u8>) => i32;

export function killCommand(argc: u32, argv: StringList, processOf: ProcessOf): i32 {
  let signal: Ptr<u8> = bytes('TERM');
  let first: u32 = 1;
  if (argc > 1 && argv[1]![0] === MINUS) {
    const option = argv[1]!.add(1);
    first = 2;
    if (stringsEqual(option, bytes('l'))) return argc > 2 ? translate(argv.add(2)) : list();
    if (stringsEqual(option, bytes('s')) && argc > 2) {
      signal = argv[2]!;
      first = 3;
    } else if (!stringsEqual(option, bytes('-'))) signal = option;
    if (first === 3 && argc > 3 && stringsEqual(argv[3]!, bytes('--'))) first = 4;
  }
  const number = parseSignal(signal);
  if (number === 0 && !stringsEqual(signal, bytes('0'))) {
    printError('kill: %s: no such signal\n', signal);
    return 1;
  }
  if (first >= argc) {
    printError('usage: kill [-SIGNAL] PID...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i = first; i < argc; i++) status |= killOne(argv[i]!, number, processOf);
  return status;
}

function killOne(text: Ptr<u8>, signal: u32, processOf: ProcessOf): i32 {
  const pid = zeroed<FixedArray<i32, 1>>();
  if (!parseNumber(text, pid)) {
    pid[0] = processOf(text);
    if (pid[0] === 0) {
      printError('kill: %s: not a process\n', text);
      return 1;
    }
  }
  const error = kill(pid[0], signal);
  return error < 0 ? complain('kill', text, error) : 0;
}

function list(): i32 {
  for (let signal: u32 = 1; signal <= NAMED_SIGNALS; signal++) print('%2u %s\n', signal, signalName(signal));
  return 0;
}

/** Numbers (the exit statuses that signals make as well) become names, names become numbers. */
function translate(words: StringList): i32 {
  let status: i32 = 0;
  for (let i: u32 = 0; words[i] !== null; i++) {
    const text = words[i]!;
    const number = zeroed<FixedArray<i32, 1>>();
    const isNumber = isDigit(text[0]) && parseNumber(text, number);
    const signal = isNumber ? u32(number[0]) & 0x7f : parseSignal(text);
    if (signal === 0 || signal > NAMED_SIGNALS) {
      printError('kill: %s: no such signal\n', text);
      status = 1;
    } else if (isNumber) print('%s\n', signalName(signal));
    else print('%u\n', signal);
  }
  return status;
}
