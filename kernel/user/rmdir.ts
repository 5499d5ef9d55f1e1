/*
 * rmdir DIRECTORY...: removes empty directories.
 */

import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { rmdir } from './lib/fileCalls.ts';
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
    printError('usage: rmdir DIRECTORY...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const error = rmdir(argv[i]!);
    if (error < 0) status = complain('rmdir', argv[i]!, error);
  }
  return status;
}
