/*
 * mv FROM TO: renames a file. If TO is a directory, the file goes there.
 */

import { S_IFDIR, S_IFMT, type Stat64 } from '../abi/stat.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { rename, stat } from './lib/fileCalls.ts';
import { baseName, joinPath } from './lib/files.ts';
import { printError } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const inside = zeroed<FixedArray<u8, 4096>>();

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
  if (argc !== 3) {
    printError('usage: mv FROM TO\n');
    return 1;
  }
  const from = argv[1]!;
  let to = argv[2]!;
  const status = zeroed<Inline<Stat64>>();
  if (stat(to, status) === 0 && (status.st_mode & S_IFMT) === S_IFDIR) {
    joinPath(inside, 4096, to, baseName(from));
    to = ptr<u8>(inside);
  }
  const error = rename(from, to);
  return error < 0 ? complain('mv', from, error) : 0;
}
