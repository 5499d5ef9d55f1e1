/*
 * rm [-rf] FILE...: removes files; with -r, directories and what is in them. -f: what is not there need not be removed.
 */

import { EISDIR, ENOENT, EPERM } from '../abi/errno.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { run } from './lib/crt.ts';
import { closeDirectory, type Directory, nextName, openDirectory } from './lib/directory.ts';
import { complain } from './lib/errors.ts';
import { joinPath } from './lib/files.ts';
import { rmdir, unlink } from './lib/fileCalls.ts';
import { printError } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

const RECURSIVE = 0;
const FORCE = 1;
/** Bytes of a path, its zero included. */
const PATH_SIZE: u32 = 1024;

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
  const options = zeroed<Inline<Options>>();
  if (!readOptions(argv, 'rf', options)) return 1;
  if (options.operands === argc && !hasOption(options, FORCE)) {
    printError('usage: rm [-rf] FILE...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i = options.operands; i < argc; i++) {
    const name = argv[i]!;
    const error = hasOption(options, RECURSIVE) ? removeTree(name) : unlink(name);
    if (error === -ENOENT && hasOption(options, FORCE)) continue;
    if (error < 0) status = complain('rm', name, error);
  }
  return status;
}

/**
 * Removes a file, or a directory with all that is in it. The directory is opened anew after each removal: its offsets
 * mean nothing once an entry is gone. Returns 0 or an error, negated.
 */
function removeTree(path: Ptr<u8>): i32 {
  const error = unlink(path);
  if (error !== -EISDIR && error !== -EPERM) return error;
  const directory = zeroed<Inline<Directory>>();
  const child = zeroed<FixedArray<u8, 1024>>();
  while (true) {
    const opened = openDirectory(directory, path);
    if (opened < 0) return opened;
    let name = nextName(directory);
    while (name !== null && isDots(name)) name = nextName(directory);
    if (name !== null) joinPath(child, PATH_SIZE, path, name);
    closeDirectory(directory);
    if (name === null) return rmdir(path);
    const removed = removeTree(child);
    if (removed < 0) return removed;
  }
}

function isDots(name: Ptr<u8>): boolean {
  return stringsEqual(name, bytes('.')) || stringsEqual(name, bytes('..'));
}
