/*
 * true: succeeds.
 */

import { run } from './lib/crt.ts';

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
  return 0;
}
