/*
 * mkfifo FILE...: makes named pipes.
 */

import { S_IFIFO } from '../abi/stat.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { mknod } from './lib/fileCalls.ts';
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
  if (argc < 2) {
    printError('usage: mkfifo FILE...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const error = mknod(argv[i]!, S_IFIFO | 0o666, 0);
    if (error < 0) status = complain('mkfifo', argv[i]!, error);
  }
  return status;
}
