/*
 * Commands that the shell carries out itself: those that change it, and some that it would be slow to start programs
 * for. Those that run other commands (`exec`, `.`, `eval`, `command`) are in simple.ts.
 */

import { chdir, getcwd, umask } from '../lib/fileCalls.ts';
import { SYS_times } from '../../abi/syscallNumbers.ts';
import { complain } from '../lib/errors.ts';
import { echoCommand } from '../lib/echoCommand.ts';
import { BAD_MODE, changeMode } from '../lib/modes.ts';
import { flush, print, printError, stdout } from '../lib/output.ts';
import { printfCommand } from '../lib/printfCommand.ts';
import { isDigit, stringsEqual, type StringList } from '../lib/strings.ts';
import { take } from './arena.ts';
import { getOption } from './getopts.ts';
import { killBuiltin, showJobs, toBackground, toForeground, waitForJobs } from './jobBuiltins.ts';
import { numberArgument } from './parameters.ts';
import { readVariables } from './read.ts';
import { abort, leave, shell } from './state.ts';
import { testBuiltin } from './test.ts';
import { trapBuiltin } from './traps.ts';
import { exportNames, localNames, protectNames, setBuiltin, unsetNames } from './variableBuiltins.ts';
import { assign, valueOf } from './variables.ts';

/** Gets its arguments as a program would; gives its status. */
export type Builtin = (argc: u32, argv: StringList) => i32;

const PATH_SIZE: u32 = 4096;

/** Special ones come first: their assignments last, and their errors end a script. */
const SPECIAL_COUNT: u32 = 12;
const COUNT: u32 = 30;

const names = table<string, 30>(
  ':',
  'break',
  'continue',
  'exit',
  'export',
  'readonly',
  'return',
  'set',
  'shift',
  'times',
  'trap',
  'unset',
  '[',
  'bg',
  'cd',
  'echo',
  'false',
  'fg',
  'getopts',
  'hash',
  'jobs',
  'kill',
  'local',
  'printf',
  'pwd',
  'read',
  'test',
  'true',
  'umask',
  'wait',
);

const functions = table<Builtin, 30>(
  doNothing,
  breakLoop,
  continueLoop,
  leaveShell,
  exportNames,
  protectNames,
  leaveFunction,
  setBuiltin,
  shiftParameters,
  showTimes,
  trapBuiltin,
  unsetNames,
  testBuiltin,
  toBackground,
  changeDirectory,
  echoCommand,
  fail,
  toForeground,
  getOption,
  doNothing,
  showJobs,
  killBuiltin,
  localNames,
  printfCommand,
  printDirectory,
  readVariables,
  testBuiltin,
  doNothing,
  changeMask,
  waitForJobs,
);

const reserved = table<string, 16>(
  '!',
  '{',
  '}',
  'case',
  'do',
  'done',
  'elif',
  'else',
  'esac',
  'fi',
  'for',
  'if',
  'in',
  'then',
  'until',
  'while',
);

/** The builtin with this name, or null. */
export function findBuiltin(name: Ptr<u8>): Builtin | null {
  for (let i: u32 = 0; i < COUNT; i++) {
    if (stringsEqual(name, bytes(names[i]))) return functions[i];
  }
  return null;
}

export function isSpecial(name: Ptr<u8>): boolean {
  for (let i: u32 = 0; i < SPECIAL_COUNT; i++) {
    if (stringsEqual(name, bytes(names[i]))) return true;
  }
  return stringsEqual(name, bytes('.')) || stringsEqual(name, bytes('eval')) || stringsEqual(name, bytes('exec'));
}

/** Is it a word of the grammar? */
export function isReserved(name: Ptr<u8>): boolean {
  for (let i: u32 = 0; i < 16; i++) {
    if (stringsEqual(name, bytes(reserved[i]))) return true;
  }
  return false;
}

function doNothing(): i32 {
  return 0;
}

function fail(): i32 {
  return 1;
}

/** cd [DIRECTORY]: to HOME without one, with `-` to where the shell was before. */
function changeDirectory(argc: u32, argv: StringList): i32 {
  let first: u32 = 1;
  while (first < argc && isPathOption(argv[first]!)) first++;
  const back = first < argc && stringsEqual(argv[first]!, bytes('-'));
  const value = first < argc && !back ? argv[first] : valueOf(back ? 'OLDPWD' : 'HOME');
  if (value === null) {
    printError('sh: cd: %s not set\n', back ? 'OLDPWD' : 'HOME');
    return 2;
  }
  const before = currentDirectory();
  const error = chdir(value);
  if (error < 0) {
    complain('sh: cd', value, error);
    return 2;
  }
  if (before !== null) assign('OLDPWD', before);
  const now = currentDirectory();
  if (now !== null) assign('PWD', now);
  if (back && now !== null) print('%s\n', now);
  return 0;
}

/** -P and -L are the same here: paths are always physical. */
function isPathOption(text: Ptr<u8>): boolean {
  return stringsEqual(text, bytes('-P')) || stringsEqual(text, bytes('-L')) || stringsEqual(text, bytes('--'));
}

/** The current directory, in the arena; null if it has no path. */
export function currentDirectory(): Ptr<u8> | null {
  const path = take(PATH_SIZE);
  return getcwd(path, PATH_SIZE) < 0 ? null : path;
}

function printDirectory(): i32 {
  const path = take(PATH_SIZE);
  const error = getcwd(path, PATH_SIZE);
  if (error < 0) return complain('pwd', bytes('.'), error);
  print('%s\n', path);
  return 0;
}

/** exit [STATUS]: the last command's by default. */
function leaveShell(argc: u32, argv: StringList): i32 {
  leave(argc > 1 ? numberArgument(argv[1]!, 2) & 0xff : shell.status);
}

/** return [STATUS]: from a function, or a file that `.` runs; elsewhere, it ends the shell. */
function leaveFunction(argc: u32, argv: StringList): i32 {
  const status = argc > 1 ? numberArgument(argv[1]!, 2) & 0xff : shell.status;
  if (shell.calls === 0) leave(status);
  shell.returning = true;
  return status;
}

/** shift [COUNT] */
function shiftParameters(argc: u32, argv: StringList): i32 {
  const count = argc > 1 ? u32(numberArgument(argv[1]!, 0)) : 1;
  if (count > shell.parameters.count) {
    printError("sh: shift: can't shift that many\n");
    abort(2);
    return 2;
  }
  shell.parameters.list = shell.parameters.list.add(count);
  shell.parameters.count -= count;
  return 0;
}

/** break [LEVELS] */
function breakLoop(argc: u32, argv: StringList): i32 {
  return leaveLoops(argc, argv, false);
}

/** continue [LEVELS] */
function continueLoop(argc: u32, argv: StringList): i32 {
  return leaveLoops(argc, argv, true);
}

function leaveLoops(argc: u32, argv: StringList, continuing: boolean): i32 {
  const levels = argc > 1 ? u32(numberArgument(argv[1]!, 1)) : 1;
  shell.leaving = levels < shell.loops ? levels : shell.loops;
  shell.continuing = continuing;
  return 0;
}

/** umask [-S] [MASK]: what new files do not get, in octal; with -S or letters, what they may get. */
function changeMask(argc: u32, argv: StringList): i32 {
  const symbolic = argc > 1 && stringsEqual(argv[1]!, bytes('-S'));
  const operand = argv[symbolic ? 2 : 1];
  const mask = u32(umask(0));
  umask(mask);
  if (operand === null) {
    if (symbolic) printAllowed(~mask);
    else print('%04o\n', mask);
    return 0;
  }
  const mode = changeMode(operand, ~mask & 0o777);
  if (mode === BAD_MODE || mode > 0o777) {
    printError('sh: umask: %s: no mode\n', operand);
    return 2;
  }
  umask(isDigit(operand[0]) ? mode : ~mode & 0o777);
  return 0;
}

function printAllowed(allowed: u32): void {
  const who = bytes('ugo');
  const what = bytes('rwx');
  for (let i: u32 = 0; i < 3; i++) {
    print(i === 0 ? '%c=' : ',%c=', who[i]);
    for (let k: u32 = 0; k < 3; k++) {
      if (((allowed >>> (8 - 3 * i - k)) & 1) !== 0) print('%c', what[k]);
    }
  }
  print('\n');
}

/** times: the processor time of the shell (user, system), and below it that of its children. */
function showTimes(): i32 {
  const ticks = zeroed<FixedArray<u32, 4>>();
  int80(SYS_times, u32(ticks), 0, 0, 0, 0, 0);
  for (let i: u32 = 0; i < 4; i++) {
    const hundredths = ticks[i];
    print('%um%u.%02u0000s', hundredths / 6000, (hundredths / 100) % 60, hundredths % 100);
    print(i % 2 === 0 ? ' ' : '\n');
  }
  flush(stdout);
  return 0;
}
