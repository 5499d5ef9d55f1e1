/*
 * ps: lists all processes, from /proc: pid, parent, CPU, state, CPU time, memory in use (KiB), and the command.
 */

import { USER_HZ } from '../abi/time.ts';
import { type Options, readOptions } from './lib/args.ts';
import { CLOSE_PAREN, OPEN_PAREN, SPACE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { closeDirectory, type Directory, nextName, openDirectory } from './lib/directory.ts';
import { complain } from './lib/errors.ts';
import { joinPath, readFile } from './lib/files.ts';
import { print } from './lib/output.ts';
import { isDigit, parseNumber, type StringList } from './lib/strings.ts';

// Fields of /proc/PID/stat after the name, counted from 0 (proc(5) counts from 1 and begins with the pid).
const FIELD_STATE = 0;
const FIELD_PARENT = 1;
const FIELD_UTIME = 11;
const FIELD_STIME = 12;
const FIELD_RSS = 21;
const FIELD_CPU = 36;

const PAGE_KIB: u32 = 4;

const directory = zeroed<Inline<Directory>>();
const path = zeroed<FixedArray<u8, 64>>();
const text = zeroed<FixedArray<u8, 1024>>();
const command = zeroed<FixedArray<u8, 256>>();

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

function main(_argc: u32, argv: StringList): i32 {
  // All processes are shown, all the time: -e, -f and -ef, and aux ask for nothing else.
  const options = zeroed<Inline<Options>>();
  if (!readOptions(argv, 'efAaux', options)) return 1;
  const error = openDirectory(directory, bytes('/proc'));
  if (error < 0) return complain('ps', bytes('/proc'), error);
  print('  PID  PPID CPU S    TIME   RSS COMMAND\n');
  for (let name = nextName(directory); name !== null; name = nextName(directory)) {
    if (isDigit(name[0])) showProcess(name);
  }
  closeDirectory(directory);
  return 0;
}

/** Prints one line. A process that has gone in the meantime is left out. */
function showProcess(pid: Ptr<u8>): void {
  if (readProcessFile(pid, bytes('stat'), text, 1024) <= 0) return;
  const name = afterByte(text, OPEN_PAREN);
  let end: u32 = 0;
  for (let i: u32 = 0; name[i] !== 0; i++) {
    if (name[i] === CLOSE_PAREN) end = i;
  }
  name[end] = 0;
  const fields = name.add(end + 1 + (name[end + 1] === SPACE ? 1 : 0));
  const ticks = field(fields, FIELD_UTIME) + field(fields, FIELD_STIME);
  const seconds = ticks / USER_HZ;
  print('%5s %5u ', pid, field(fields, FIELD_PARENT));
  print('%3u %c', field(fields, FIELD_CPU), fields[FIELD_STATE]);
  print(' %4u:%02u %5u ', seconds / 60, seconds % 60, field(fields, FIELD_RSS) * PAGE_KIB);
  const length = readProcessFile(pid, bytes('cmdline'), command, 256);
  if (length <= 0) {
    print('[%s]\n', name);
    return;
  }
  for (let i: i32 = 0; i < length - 1; i++) {
    if (command[i] === 0) command[i] = SPACE;
  }
  print('%s\n', command);
}

function readProcessFile(pid: Ptr<u8>, name: Ptr<u8>, target: Ptr<u8>, size: u32): i32 {
  joinPath(path, 64, bytes('/proc'), pid);
  const process = uninitialized<FixedArray<u8, 64>>();
  joinPath(process, 64, path, name);
  return readFile(process, target, size);
}

/** What comes after the first `byte` (or nothing, if there is none). */
function afterByte(from: Ptr<u8>, byte: u8): Ptr<u8> {
  let i: u32 = 0;
  while (from[i] !== 0 && from[i] !== byte) i++;
  return from[i] === 0 ? from.add(i) : from.add(i + 1);
}

/** Field number `index` of a line, as a number. Leaves the line as it is. */
function field(line: Ptr<u8>, index: u32): u32 {
  let at = line;
  for (let i: u32 = 0; i < index; i++) at = afterByte(at, SPACE);
  const digits = zeroed<FixedArray<u8, 16>>();
  const value = zeroed<FixedArray<i32, 1>>();
  for (let i: u32 = 0; i < 15 && isDigit(at[i]); i++) digits[i] = at[i];
  parseNumber(digits, value);
  return u32(value[0]);
}
