/*
 * cp FROM TO: copies a file, its permissions too. If TO is a directory, the copy goes there.
 */

import { EINTR } from '../abi/errno.ts';
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../abi/fcntl.ts';
import { S_IFDIR, S_IFMT, S_IRWXUGO, type Stat64 } from '../abi/stat.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { fstat, open, read, stat } from './lib/fileCalls.ts';
import { baseName, joinPath } from './lib/files.ts';
import { printError, writeAll } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const inside = zeroed<FixedArray<u8, 4096>>();
const buffer = zeroed<FixedArray<u8, 4096>>();

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
    printError('usage: cp FROM TO\n');
    return 1;
  }
  const status = zeroed<Inline<Stat64>>();
  let to = argv[2]!;
  if (stat(to, status) === 0 && (status.st_mode & S_IFMT) === S_IFDIR) {
    joinPath(inside, 4096, to, baseName(argv[1]!));
    to = ptr<u8>(inside);
  }
  const source = open(argv[1]!, O_RDONLY, 0);
  if (source < 0) return complain('cp', argv[1]!, source);
  fstat(source, status);
  const target = open(to, O_WRONLY | O_CREAT | O_TRUNC, status.st_mode & S_IRWXUGO);
  if (target < 0) return complain('cp', to, target);
  while (true) {
    const got = read(source, buffer, 4096);
    if (got === 0) return 0;
    if (got === -EINTR) continue;
    if (got < 0) return complain('cp', argv[1]!, got);
    const error = writeAll(target, buffer, u32(got));
    if (error < 0) return complain('cp', to, error);
  }
}
