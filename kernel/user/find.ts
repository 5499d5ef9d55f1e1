/*
 * find [DIRECTORY...] [-name PATTERN] [-type f|d|l|c|b|p]: prints the paths of all files below directories (here).
 */

import { S_IFDIR, S_IFMT, type Stat64 } from '../abi/stat.ts';
import { allocate } from './lib/buffer.ts';
import { MINUS } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { closeDirectory, type Directory, nextName, openDirectory } from './lib/directory.ts';
import { complain } from './lib/errors.ts';
import { lstat } from './lib/fileCalls.ts';
import { baseName, joinPath } from './lib/files.ts';
import { free } from './lib/heap.ts';
import { matches } from './lib/pattern.ts';
import { print, printError } from './lib/output.ts';
import { stringLength, stringsEqual, type StringList } from './lib/strings.ts';

const PATH_SIZE: u32 = 4096;
const letters = 'pcdbfl';
const types = table<u32, 6>(0o010000, 0o020000, 0o040000, 0o060000, 0o100000, 0o120000);

class Search {
  name: Ptr<u8> | null;
  type: u32;
  failed: boolean;
}

const search = zeroed<Inline<Search>>();

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
  let count: u32 = 1;
  while (count < argc && argv[count]![0] !== MINUS) count++;
  for (let i = count; i < argc; i += 2) {
    if (i + 1 === argc || !readTest(argv[i]!, argv[i + 1]!)) {
      printError('usage: find [DIRECTORY...] [-name PATTERN] [-type f|d|l|c|b|p]\n');
      return 1;
    }
  }
  if (count === 1) visit(bytes('.'));
  for (let i: u32 = 1; i < count; i++) visit(argv[i]!);
  return search.failed ? 1 : 0;
}

function readTest(name: Ptr<u8>, value: Ptr<u8>): boolean {
  if (stringsEqual(name, bytes('-name'))) {
    search.name = value;
    return true;
  }
  for (let i: u32 = 0; i < 6; i++) {
    if (bytes(letters)[i] === value[0]) search.type = types[i];
  }
  return stringsEqual(name, bytes('-type')) && search.type !== 0 && value[1] === 0;
}

/** A file, and if it is a directory what is in it. */
function visit(path: Ptr<u8>): void {
  const status = zeroed<Inline<Stat64>>();
  const error = lstat(path, status);
  if (error < 0) {
    complain('find', path, error);
    search.failed = true;
    return;
  }
  const type = status.st_mode & S_IFMT;
  const base = baseName(path);
  const fits = search.name === null || matches(search.name, base, stringLength(base), false);
  if (fits && (search.type === 0 || search.type === type)) print('%s\n', path);
  if (type === S_IFDIR) visitContents(path);
}

function visitContents(path: Ptr<u8>): void {
  const memory = allocate(sizeof<Directory>() + PATH_SIZE);
  const directory = as<Directory>(memory);
  const child = memory.add(sizeof<Directory>());
  const error = openDirectory(directory, path);
  if (error < 0) {
    complain('find', path, error);
    search.failed = true;
  } else {
    for (let name = nextName(directory); name !== null; name = nextName(directory)) {
      if (stringsEqual(name, bytes('.')) || stringsEqual(name, bytes('..'))) continue;
      joinPath(child, PATH_SIZE, path, name);
      visit(child);
    }
    closeDirectory(directory);
  }
  free(memory);
}
