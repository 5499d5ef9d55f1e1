/*
 * swapoff DEVICE...: brings all pages back that the kernel keeps there, and stops to use it.
 */

import { SYS_swapoff } from '../abi/syscallNumbers.ts';
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
    printError('usage: swapoff DEVICE...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const error = int80(SYS_swapoff, u32(argv[i]), 0, 0, 0, 0, 0);
    if (error < 0) status = complain('swapoff', argv[i]!, error);
  }
  return status;
}
