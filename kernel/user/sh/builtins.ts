/*
 * Commands that the shell carries out itself, because they change it. Those that run other commands (`exec`, `.`,
 * `eval`) are in execute.ts.
 */

import { EINTR } from '../../abi/errno.ts';
import { BACKSLASH, EQUALS, NEWLINE, PERCENT, SPACE, TAB } from '../lib/characters.ts';
import { exit } from '../lib/crt.ts';
import { complain } from '../lib/errors.ts';
import { chdir, getcwd, read, umask } from '../lib/fileCalls.ts';
import { print, printError } from '../lib/output.ts';
import { parseNumber, stringLength, stringsEqual, type StringList } from '../lib/strings.ts';
import { take } from './arena.ts';
import { findJob, type Job, jobOfProcess, listJobs, resumeJob, waitBackground } from './jobs.ts';
import { shell } from './state.ts';
import { testBuiltin } from './test.ts';
import { assignVariable, exportVariable, findValue, nameLength, printVariables, unsetVariable } from './variables.ts';

/** Gets its arguments as a program would; gives its status. */
export type Builtin = (argc: u32, argv: StringList) => i32;

const COUNT: u32 = 18;
const PATH_SIZE: u32 = 4096;

const names = table<string, 18>(
  ':',
  'cd',
  'pwd',
  'exit',
  'export',
  'unset',
  'set',
  'shift',
  'break',
  'continue',
  'jobs',
  'fg',
  'bg',
  'wait',
  'read',
  'umask',
  'test',
  '[',
);

const functions = table<Builtin, 18>(
  doNothing,
  changeDirectory,
  printDirectory,
  leaveShell,
  exportNames,
  unsetNames,
  setOptions,
  shiftParameters,
  breakLoop,
  continueLoop,
  showJobs,
  toForeground,
  toBackground,
  waitForJobs,
  readVariables,
  changeMask,
  testBuiltin,
  testBuiltin,
);

/** The builtin with this name, or null. */
export function findBuiltin(name: Ptr<u8>): Builtin | null {
  for (let i: u32 = 0; i < COUNT; i++) {
    if (stringsEqual(name, bytes(names[i]))) return functions[i];
  }
  return null;
}

function doNothing(): i32 {
  return 0;
}

/** cd [DIRECTORY]: to HOME without one. */
function changeDirectory(argc: u32, argv: StringList): i32 {
  const home = findValue(bytes('HOME'), 4);
  const target = argc > 1 ? argv[1]! : home === null ? bytes('/') : home;
  const error = chdir(target);
  return error < 0 ? complain('cd', target, error) : 0;
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
  exit(argc > 1 ? numberArgument(argv[1]!, 2) : shell.status);
}

/** A number, or `otherwise` with a complaint. */
function numberArgument(text: Ptr<u8>, otherwise: i32): i32 {
  const number = zeroed<FixedArray<i32, 1>>();
  if (parseNumber(text, number)) return number[0];
  printError('sh: %s: not a number\n', text);
  return otherwise;
}

/** export [NAME[=VALUE]...] */
function exportNames(argc: u32, argv: StringList): i32 {
  if (argc === 1) printVariables(true);
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const text = argv[i]!;
    const length = nameLength(text);
    if (length > 0 && text[length] === EQUALS) assignVariable(text, length, text.add(length + 1), true);
    else if (length > 0 && text[length] === 0) exportVariable(text, length);
    else {
      printError('sh: export: %s: not a name\n', text);
      status = 1;
    }
  }
  return status;
}

function unsetNames(argc: u32, argv: StringList): i32 {
  for (let i: u32 = 1; i < argc; i++) unsetVariable(argv[i]!);
  return 0;
}

/** set: prints all variables; set -e, set +e */
function setOptions(argc: u32, argv: StringList): i32 {
  if (argc === 1) {
    printVariables(false);
    return 0;
  }
  if (stringsEqual(argv[1]!, bytes('-e'))) shell.exitOnError = true;
  else if (stringsEqual(argv[1]!, bytes('+e'))) shell.exitOnError = false;
  else {
    printError('sh: set: %s: unknown option\n', argv[1]);
    return 2;
  }
  return 0;
}

/** shift [COUNT] */
function shiftParameters(argc: u32, argv: StringList): i32 {
  const count = argc > 1 ? u32(numberArgument(argv[1]!, 0)) : 1;
  if (count > shell.parameterCount) return 1;
  shell.parameters = shell.parameters.add(count);
  shell.parameterCount -= count;
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

function showJobs(): i32 {
  listJobs();
  return 0;
}

/** fg [JOB] */
function toForeground(argc: u32, argv: StringList): i32 {
  return resume(argc, argv, true);
}

/** bg [JOB] */
function toBackground(argc: u32, argv: StringList): i32 {
  return resume(argc, argv, false);
}

function resume(argc: u32, argv: StringList, foreground: boolean): i32 {
  const job = argc > 1 ? jobArgument(argv[1]!) : findJob(0);
  if (job === null || job.group === 0) {
    printError('sh: %s: no such job\n', argv[0]);
    return 1;
  }
  return resumeJob(job, foreground);
}

/** `%2` is a job's number, anything else the pid of one of its processes. */
function jobArgument(text: Ptr<u8>): Job | null {
  const number = zeroed<FixedArray<i32, 1>>();
  const isNumber = text[0] === PERCENT;
  if (!parseNumber(isNumber ? text.add(1) : text, number) || number[0] <= 0) return null;
  return isNumber ? findJob(u32(number[0])) : jobOfProcess(number[0]);
}

/** wait [JOB...]: for all by default. */
function waitForJobs(argc: u32, argv: StringList): i32 {
  if (argc === 1) return waitBackground(null);
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const job = jobArgument(argv[i]!);
    status = job === null ? 127 : waitBackground(job);
  }
  return status;
}

/** read NAME...: a line of input, a word for each name, the rest for the last. Status 1 at the end of input. */
function readVariables(argc: u32, argv: StringList): i32 {
  const line = take(PATH_SIZE);
  const ended = !readInputLine(line);
  let at: u32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    while (line[at] === SPACE || line[at] === TAB) at++;
    const from = at;
    const last = i + 1 === argc;
    while (line[at] !== 0 && (last || (line[at] !== SPACE && line[at] !== TAB))) at++;
    if (line[at] !== 0) {
      line[at] = 0;
      at++;
    }
    assignVariable(argv[i]!, stringLength(argv[i]!), line.add(from), false);
  }
  return ended ? 1 : 0;
}

/** One byte at a time: what follows the line belongs to whoever reads next. A backslash joins lines. */
function readInputLine(line: Ptr<u8>): boolean {
  let length: u32 = 0;
  while (length + 1 < PATH_SIZE) {
    const got = read(0, line.add(length), 1);
    if (got === -EINTR && !shell.interrupted) continue;
    if (got <= 0) break;
    if (line[length] !== NEWLINE) {
      length++;
      continue;
    }
    if (length === 0 || line[length - 1] !== BACKSLASH) {
      line[length] = 0;
      return true;
    }
    length--;
  }
  line[length] = 0;
  return false;
}

/** umask [MASK] */
function changeMask(argc: u32, argv: StringList): i32 {
  if (argc > 1) {
    const digits = take(stringLength(argv[1]!) + 2);
    digits[0] = 0x30; // the mask is octal with or without a zero in front
    copyBytes(digits.add(1), argv[1]!, stringLength(argv[1]!) + 1);
    umask(u32(numberArgument(digits, 0o22)));
    return 0;
  }
  const mask = umask(0);
  umask(u32(mask));
  print('%04o\n', mask);
  return 0;
}
