/*
 * cat [FILE...]: copies files, or standard input (also named `-`), to standard output.
 */

import { EINTR } from '../abi/errno.ts';
import { O_RDONLY } from '../abi/fcntl.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open, read } from './lib/fileCalls.ts';
import { writeAll } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

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
  if (argc < 2) return copy(0, bytes('-'));
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const name = argv[i]!;
    if (stringsEqual(name, bytes('-'))) {
      status |= copy(0, name);
      continue;
    }
    const fd = open(name, O_RDONLY, 0);
    if (fd < 0) {
      status = complain('cat', name, fd);
      continue;
    }
    status |= copy(fd, name);
    close(fd);
  }
  return status;
}

/** Copies all of `fd`. Returns an exit status. */
function copy(fd: i32, name: Ptr<u8>): i32 {
  while (true) {
    const got = read(fd, buffer, 4096);
    if (got === 0) return 0;
    if (got === -EINTR) continue;
    if (got < 0) return complain('cat', name, got);
    const error = writeAll(1, buffer, u32(got));
    if (error < 0) return complain('cat', bytes('standard output'), error);
  }
}
