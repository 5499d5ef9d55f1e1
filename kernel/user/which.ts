/*
 * which COMMAND...: the files that commands mean, looked for in PATH.
 */

import { run } from './lib/crt.ts';
import { findExecutable } from './lib/executable.ts';
import { print } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

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

function main(argc: u32, argv: StringList, envp: StringList): i32 {
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    if (findExecutable(argv[i]!, envp, path)) print('%s\n', ptr<u8>(path));
    else status = 1;
  }
  return status;
}
