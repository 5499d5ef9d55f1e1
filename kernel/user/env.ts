/*
 * env: prints the environment.
 */

import { run } from './lib/crt.ts';
import { print } from './lib/output.ts';
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

function main(_argc: u32, _argv: StringList, envp: StringList): i32 {
  for (let i: u32 = 0; envp[i] !== null; i++) print('%s\n', envp[i]);
  return 0;
}
