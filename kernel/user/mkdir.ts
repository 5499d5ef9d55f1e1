/*
 * mkdir [-p] DIRECTORY...: makes directories; with -p also those above them, and it does not matter if they are there.
 */

import { EEXIST } from '../abi/errno.ts';
import { S_IFDIR, S_IFMT, type Stat64 } from '../abi/stat.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { SLASH } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { mkdir, stat } from './lib/fileCalls.ts';
import { printError } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

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
  if (!readOptions(argv, 'p', options)) return 1;
  if (options.operands === argc) {
    printError('usage: mkdir [-p] DIRECTORY...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i = options.operands; i < argc; i++) {
    const error = hasOption(options, 0) ? makeAll(argv[i]!) : mkdir(argv[i]!, 0o777);
    if (error < 0) status = complain('mkdir', argv[i]!, error);
  }
  return status;
}

/** Makes each directory on the way, cutting the path off behind it in turn. */
function makeAll(path: Ptr<u8>): i32 {
  for (let i: u32 = 1; path[i] !== 0; i++) {
    if (path[i] !== SLASH) continue;
    path[i] = 0;
    const error = makeOne(path);
    path[i] = SLASH;
    if (error < 0) return error;
  }
  return makeOne(path);
}

function makeOne(path: Ptr<u8>): i32 {
  const error = mkdir(path, 0o777);
  if (error !== -EEXIST) return error;
  const status = zeroed<Inline<Stat64>>();
  return stat(path, status) === 0 && (status.st_mode & S_IFMT) === S_IFDIR ? 0 : error;
}
