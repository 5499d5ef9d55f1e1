/*
 * umount DIRECTORY...: takes file systems off.
 */

import { SYS_umount2 } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
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
    printError('usage: umount DIRECTORY...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const error = int80(SYS_umount2, u32(argv[i]!), 0, 0, 0, 0, 0);
    if (error < 0) status = complain('umount', argv[i]!, error);
  }
  return status;
}
