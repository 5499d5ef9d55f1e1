/*
 * ls [-la] [FILE...]: lists files and the contents of directories, sorted by name; -a with those whose names begin with
 * a dot; -l with type, permissions, links, owner, group, size and time. On a terminal, names stand in columns.
 */

import { TIOCGWINSZ } from '../abi/ioctl.ts';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFSOCK,
  S_ISUID,
  S_ISGID,
  S_ISVTX,
  type Stat64,
} from '../abi/stat.ts';
import { type Winsize } from '../abi/termios.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { DOT } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { calendarDate, type CalendarDate } from './lib/date.ts';
import { closeDirectory, type Directory, nextName, openDirectory } from './lib/directory.ts';
import { complain } from './lib/errors.ts';
import { joinPath } from './lib/files.ts';
import { ioctl, lstat, readlink, stat } from './lib/fileCalls.ts';
import { malloc } from './lib/heap.ts';
import { print, printError, putByte, stdout } from './lib/output.ts';
import { compareStrings, copyString, stringLength, type StringList } from './lib/strings.ts';

const LONG = 0;
const ALL = 1;
const PATH_SIZE: u32 = 4096;

/** Names to be listed, in an array that doubles as it fills. */
class Names {
  items: Ptr<Ptr<u8>>;
  count: u32;
  capacity: u32;
}

const directory = zeroed<Inline<Directory>>();
const status = zeroed<Inline<Stat64>>();
const date = zeroed<Inline<CalendarDate>>();
const path = zeroed<FixedArray<u8, 4096>>();
const linkTarget = zeroed<FixedArray<u8, 4096>>();
const options = zeroed<Inline<Options>>();
const single = zeroed<Inline<Names>>();

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

function main(argc: u32, argv: StringList): i32 {
  if (!readOptions(argv, 'la', options)) return 2;
  if (options.operands === argc) return listOperand(bytes('.'));
  let result: i32 = 0;
  for (let i = options.operands; i < argc; i++) {
    if (argc - options.operands > 1) print(i === options.operands ? '%s:\n' : '\n%s:\n', argv[i]);
    result |= listOperand(argv[i]!);
  }
  return result;
}

/** Lists a directory's contents, or a file. Returns an exit status. */
function listOperand(name: Ptr<u8>): i32 {
  const follow = hasOption(options, LONG) ? lstat(name, status) : stat(name, status);
  const error = follow < 0 ? lstat(name, status) : follow;
  if (error < 0) return complain('ls', name, error);
  const names = single;
  names.count = 0;
  if ((status.st_mode & S_IFMT) !== S_IFDIR) {
    addName(names, name);
    list(names, bytes(''));
    return 0;
  }
  const opened = openDirectory(directory, name);
  if (opened < 0) return complain('ls', name, opened);
  for (let entry = nextName(directory); entry !== null; entry = nextName(directory)) {
    if (entry[0] !== DOT || hasOption(options, ALL)) addName(names, entry);
  }
  closeDirectory(directory);
  sort(names.items, names.count);
  list(names, name);
  return 0;
}

function addName(names: Names, name: Ptr<u8>): void {
  if (names.count === names.capacity) {
    const capacity = names.capacity === 0 ? 64 : names.capacity * 2;
    const items = ptr<Ptr<u8>>(allocate(capacity * 4));
    for (let i: u32 = 0; i < names.count; i++) items[i] = names.items[i];
    names.items = items;
    names.capacity = capacity;
  }
  const size = stringLength(name) + 1;
  const copy = allocate(size);
  copyString(copy, name, size);
  names.items[names.count] = copy;
  names.count++;
}

function allocate(size: u32): Ptr<u8> {
  const memory = malloc(size);
  if (memory === null) {
    printError('ls: out of memory\n');
    ud2();
  }
  return memory;
}

/** Heapsort: no worst case, no recursion. */
function sort(items: Ptr<Ptr<u8>>, count: u32): void {
  for (let i = count / 2; i > 0; i--) siftDown(items, i - 1, count);
  for (let end = count; end > 1; end--) {
    const largest = items[0];
    items[0] = items[end - 1];
    items[end - 1] = largest;
    siftDown(items, 0, end - 1);
  }
}

/** Restores the heap below `root`: every item is at least as large as its children, 2 i + 1 and 2 i + 2. */
function siftDown(items: Ptr<Ptr<u8>>, root: u32, count: u32): void {
  let at = root;
  while (2 * at + 1 < count) {
    let child = 2 * at + 1;
    if (child + 1 < count && compareStrings(items[child], items[child + 1]) < 0) child++;
    if (compareStrings(items[at], items[child]) >= 0) return;
    const item = items[at];
    items[at] = items[child];
    items[child] = item;
    at = child;
  }
}

function list(names: Names, parent: Ptr<u8>): void {
  if (hasOption(options, LONG)) {
    for (let i: u32 = 0; i < names.count; i++) listLong(parent, names.items[i]);
    return;
  }
  let widest: u32 = 1;
  for (let i: u32 = 0; i < names.count; i++) {
    const length = stringLength(names.items[i]);
    if (length > widest) widest = length;
  }
  const columns = terminalWidth() / (widest + 2);
  if (columns < 2) {
    for (let i: u32 = 0; i < names.count; i++) print('%s\n', names.items[i]);
    return;
  }
  const rows = (names.count + columns - 1) / columns;
  for (let row: u32 = 0; row < rows; row++) {
    for (let i = row; i < names.count; i += rows) {
      if (i + rows < names.count) print('%-*s', widest + 2, names.items[i]);
      else print('%s\n', names.items[i]);
    }
  }
}

/** Columns of the terminal on standard output; 0 if it is none. A terminal that does not know its size has 80. */
function terminalWidth(): u32 {
  const size = zeroed<Inline<Winsize>>();
  if (ioctl(1, TIOCGWINSZ, u32(size)) < 0) return 0;
  return size.ws_col === 0 ? 80 : size.ws_col;
}

function listLong(parent: Ptr<u8>, name: Ptr<u8>): void {
  joinPath(path, PATH_SIZE, parent, name);
  const error = lstat(path, status);
  if (error < 0) {
    complain('ls', path, error);
    return;
  }
  printMode(status.st_mode);
  print(' %2u %2u %2u ', status.st_nlink, status.st_uid, status.st_gid);
  const type = status.st_mode & S_IFMT;
  const device = u32(status.st_rdev);
  if (type === S_IFCHR || type === S_IFBLK) print('%4u,%3u', (device >>> 8) & 0xfff, device & 0xff);
  else print('%8u', u32(status.st_size));
  calendarDate(status.st_mtime, date);
  print(' %u-%02u-%02u %02u:%02u %s', date.year, date.month, date.day, date.hour, date.minute, name);
  if (type === S_IFLNK) {
    const length = readlink(path, linkTarget, PATH_SIZE - 1);
    linkTarget[length < 0 ? 0 : length] = 0;
    print(' -> %s', linkTarget);
  }
  print('\n');
}

/** The ten characters `drwxr-xr-x`. */
function printMode(mode: u32): void {
  putByte(stdout, typeLetter(mode & S_IFMT));
  printTriple(mode >>> 6, (mode & S_ISUID) !== 0, LETTER_S);
  printTriple(mode >>> 3, (mode & S_ISGID) !== 0, LETTER_S);
  printTriple(mode, (mode & S_ISVTX) !== 0, LETTER_T);
}

const LETTER_S: u32 = 0x73;
const LETTER_T: u32 = 0x74;
const LETTER_X: u32 = 0x78;
const CASE_BIT: u32 = 0x20;

/** Three permissions. A special bit shows in place of the x, as a capital letter if there would be none. */
function printTriple(bits: u32, special: boolean, letter: u32): void {
  const execute = (bits & 1) !== 0;
  print((bits & 4) !== 0 ? 'r' : '-');
  print((bits & 2) !== 0 ? 'w' : '-');
  if (special) putByte(stdout, execute ? letter : letter - CASE_BIT);
  else if (execute) putByte(stdout, LETTER_X);
  else print('-');
}

function typeLetter(type: u32): u32 {
  switch (type) {
    case S_IFDIR:
      return bytes('d')[0];
    case S_IFCHR:
      return bytes('c')[0];
    case S_IFBLK:
      return bytes('b')[0];
    case S_IFIFO:
      return bytes('p')[0];
    case S_IFLNK:
      return bytes('l')[0];
    case S_IFSOCK:
      return bytes('s')[0];
    default:
      return bytes('-')[0];
  }
}
