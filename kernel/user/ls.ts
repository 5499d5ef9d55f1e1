/*
 * ls [-laAdFhi1rRSt] [FILE...]: lists files and the contents of directories, sorted by name; -a with those whose names begin
 * with a dot, -A without . and ..; -l with type, permissions, links, owner, group, size and time, -h with sizes that are
 * easier to read; -i with inode numbers; -d directories themselves; -R what is below them, too; -F with a mark for what is
 * no plain file; -r in reverse, -t by time, -S by size. On a terminal, names stand in columns, unless -1.
 */

import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISUID,
  S_ISGID,
  S_ISVTX,
  type Stat64,
} from '../abi/stat.ts';
import { type Winsize } from '../abi/termios.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { DOT } from './lib/characters.ts';
import { allocate } from './lib/buffer.ts';
import { run } from './lib/crt.ts';
import { calendarDate, type CalendarDate } from './lib/date.ts';
import { closeDirectory, type Directory, nextName, openDirectory } from './lib/directory.ts';
import { complain } from './lib/errors.ts';
import { joinPath } from './lib/files.ts';
import { lstat, readlink, stat } from './lib/fileCalls.ts';
import { print, putByte, stdout } from './lib/output.ts';
import { compareStrings, copyString, stringLength, stringsEqual, type StringList } from './lib/strings.ts';
import { getWindowSize } from './lib/terminal.ts';

const LONG = 0;
const ALL = 1;
const ALMOST_ALL = 2;
const DIRECTORIES = 3;
const MARKS = 4;
const READABLE = 5;
const INODES = 6;
const SINGLE = 7;
const REVERSE = 8;
const RECURSIVE = 9;
const BY_SIZE = 10;
const BY_TIME = 11;
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
/** The operands. */
const files = zeroed<Inline<Names>>();
const directories = zeroed<Inline<Names>>();

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
  if (!readOptions(argv, 'laAdFhi1rRSt', options)) return 2;
  if (options.operands === argc) {
    if (hasOption(options, DIRECTORIES)) addOperand(bytes('.'));
    else addName(directories, bytes('.'));
  }
  let result: i32 = 0;
  for (let i = options.operands; i < argc; i++) result |= addOperand(argv[i]!);
  sort(files, bytes(''));
  list(files, bytes(''));
  sort(directories, bytes(''));
  const titled = argc - options.operands > 1 || hasOption(options, RECURSIVE);
  for (let i: u32 = 0; i < directories.count; i++) {
    if (titled) print(i > 0 || files.count > 0 ? '\n%s:\n' : '%s:\n', directories.items[i]);
    result |= listDirectory(directories.items[i]);
  }
  return result;
}

/** Sorts an operand in: directories are listed after the other files. Returns an exit status. */
function addOperand(name: Ptr<u8>): i32 {
  const follow = !hasOption(options, LONG) && !hasOption(options, DIRECTORIES) && !hasOption(options, MARKS);
  const followed = follow ? stat(name, status) : lstat(name, status);
  const error = followed < 0 ? lstat(name, status) : followed;
  if (error < 0) {
    complain('ls', name, error);
    return 2;
  }
  const isDirectory = (status.st_mode & S_IFMT) === S_IFDIR && !hasOption(options, DIRECTORIES);
  addName(isDirectory ? directories : files, name);
  return 0;
}

/** Lists what is in a directory, and with -R what is in those in it. Returns an exit status. */
function listDirectory(name: Ptr<u8>): i32 {
  const opened = openDirectory(directory, name);
  if (opened < 0) {
    complain('ls', name, opened);
    return 2;
  }
  const names = as<Names>(allocateZeroedOrDie(sizeof<Names>()));
  for (let entry = nextName(directory); entry !== null; entry = nextName(directory)) {
    if (isShown(entry)) addName(names, entry);
  }
  closeDirectory(directory);
  sort(names, name);
  list(names, name);
  return hasOption(options, RECURSIVE) ? listBelow(names, name) : 0;
}

function listBelow(names: Names, parent: Ptr<u8>): i32 {
  let result: i32 = 0;
  for (let i: u32 = 0; i < names.count; i++) {
    const entry = names.items[i];
    if (stringsEqual(entry, bytes('.')) || stringsEqual(entry, bytes('..'))) continue;
    const child = allocate(stringLength(parent) + stringLength(entry) + 2);
    joinPath(child, stringLength(parent) + stringLength(entry) + 2, parent, entry);
    if (lstat(child, status) < 0 || (status.st_mode & S_IFMT) !== S_IFDIR) continue;
    print('\n%s:\n', child);
    result |= listDirectory(child);
  }
  return result;
}

function isShown(name: Ptr<u8>): boolean {
  if (name[0] !== DOT || hasOption(options, ALL)) return true;
  if (!hasOption(options, ALMOST_ALL)) return false;
  return !stringsEqual(name, bytes('.')) && !stringsEqual(name, bytes('..'));
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

function allocateZeroedOrDie(size: u32): Ptr<u8> {
  const memory = allocate(size);
  fillBytes(memory, 0, size);
  return memory;
}

/** Heapsort: no worst case, no recursion. `parent` is where the names are. */
function sort(names: Names, parent: Ptr<u8>): void {
  const items = names.items;
  for (let i = names.count / 2; i > 0; i--) siftDown(items, i - 1, names.count, parent);
  for (let end = names.count; end > 1; end--) {
    const largest = items[0];
    items[0] = items[end - 1];
    items[end - 1] = largest;
    siftDown(items, 0, end - 1, parent);
  }
}

/** The order of two names: negative if `a` comes first. */
function compareNames(a: Ptr<u8>, b: Ptr<u8>, parent: Ptr<u8>): i32 {
  let order: i32 = 0;
  if (hasOption(options, BY_TIME) || hasOption(options, BY_SIZE)) {
    const first = sortKey(a, parent);
    const second = sortKey(b, parent);
    order = first > second ? -1 : first < second ? 1 : 0;
  }
  if (order === 0) order = compareStrings(a, b);
  return hasOption(options, REVERSE) ? 0 - order : order;
}

/** The size, or the time in nanoseconds. */
function sortKey(name: Ptr<u8>, parent: Ptr<u8>): i64 {
  joinPath(path, PATH_SIZE, parent, name);
  if (lstat(path, status) < 0) return 0n;
  if (hasOption(options, BY_SIZE)) return status.st_size;
  return i64(status.st_mtime) * 1000000000n + i64(status.st_mtime_nsec);
}

/** Restores the heap below `root`: every item is at least as large as its children, 2 i + 1 and 2 i + 2. */
function siftDown(items: Ptr<Ptr<u8>>, root: u32, count: u32, parent: Ptr<u8>): void {
  let at = root;
  while (2 * at + 1 < count) {
    let child = 2 * at + 1;
    if (child + 1 < count && compareNames(items[child], items[child + 1], parent) < 0) child++;
    if (compareNames(items[at], items[child], parent) >= 0) return;
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
  const plain = hasOption(options, SINGLE) || hasOption(options, INODES) || hasOption(options, MARKS);
  const columns = plain ? 1 : terminalWidth() / (widest + 2);
  if (columns < 2) {
    for (let i: u32 = 0; i < names.count; i++) listPlain(parent, names.items[i]);
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

function listPlain(parent: Ptr<u8>, name: Ptr<u8>): void {
  if (hasOption(options, INODES) || hasOption(options, MARKS)) {
    joinPath(path, PATH_SIZE, parent, name);
    if (lstat(path, status) < 0) status.st_mode = 0;
  }
  if (hasOption(options, INODES)) print('%u ', u32(status.st_ino));
  print('%s', name);
  putMark();
  print('\n');
}

/** -F: what kind of file that was. */
function putMark(): void {
  if (!hasOption(options, MARKS)) return;
  switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
      print('/');
      break;
    case S_IFLNK:
      print('@');
      break;
    case S_IFIFO:
      print('|');
      break;
    case S_IFSOCK:
      print('=');
      break;
    default:
      if ((status.st_mode & S_IFMT) === S_IFREG && (status.st_mode & 0o111) !== 0) print('*');
  }
}

/** Bytes, or with -h in units of 1024 with a digit behind the point while there is but one before it. */
function printSize(size: u64): void {
  if (!hasOption(options, READABLE) || size < 1024n) {
    print('%8lu', u32(size), u32(size >> 32n));
    return;
  }
  let tenths = (size * 10n + 1023n) / 1024n;
  let unit: u32 = 0;
  for (; tenths >= 10240n; unit++) tenths = (tenths + 1023n) / 1024n;
  const letter: u32 = bytes('KMGT')[unit];
  if (tenths < 100n) print('%5u.%u%c', u32(tenths) / 10, u32(tenths) % 10, letter);
  else print('%7u%c', (u32(tenths) + 9) / 10, letter);
}

/** Columns of the terminal on standard output; 0 if it is none. A terminal that does not know its size has 80. */
function terminalWidth(): u32 {
  const size = zeroed<Inline<Winsize>>();
  if (getWindowSize(1, size) < 0) return 0;
  return size.ws_col === 0 ? 80 : size.ws_col;
}

function listLong(parent: Ptr<u8>, name: Ptr<u8>): void {
  joinPath(path, PATH_SIZE, parent, name);
  const error = lstat(path, status);
  if (error < 0) {
    complain('ls', path, error);
    return;
  }
  if (hasOption(options, INODES)) print('%5u ', u32(status.st_ino));
  printMode(status.st_mode);
  print(' %2u %2u %2u ', status.st_nlink, status.st_uid, status.st_gid);
  const type = status.st_mode & S_IFMT;
  const device = u32(status.st_rdev);
  if (type === S_IFCHR || type === S_IFBLK) print('%4u,%3u', (device >>> 8) & 0xfff, device & 0xff);
  else printSize(u64(status.st_size));
  calendarDate(status.st_mtime, date);
  print(' %u-%02u-%02u %02u:%02u %s', date.year, date.month, date.day, date.hour, date.minute, name);
  if (type !== S_IFLNK) putMark();
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
