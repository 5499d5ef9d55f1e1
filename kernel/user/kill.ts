/*
 * kill: lib/killCommand.ts tells how it is used.
 */

import { run } from './lib/crt.ts';
import { killCommand } from './lib/killCommand.ts';
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
  return killCommand(argc, argv, () => 0);
}
