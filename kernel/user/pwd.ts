/*
 * pwd: prints the current directory.
 */

import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { getcwd } from './lib/fileCalls.ts';
import { print } from './lib/output.ts';

const path = zeroed<FixedArray<u8, 4096>>();

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

function main(): i32 {
  const error = getcwd(path, 4096);
  if (error < 0) return complain('pwd', bytes('.'), error);
  print('%s\n', path);
  return 0;
}
