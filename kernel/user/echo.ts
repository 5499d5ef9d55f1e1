/*
 * echo [-n] [WORD...]: prints its arguments, separated by blanks, and a newline unless -n.
 */

import { SPACE, NEWLINE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { putByte, putString, stdout } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

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
  const bare = argc > 1 && stringsEqual(argv[1]!, bytes('-n'));
  const first: u32 = bare ? 2 : 1;
  for (let i = first; i < argc; i++) {
    if (i > first) putByte(stdout, SPACE);
    putString(stdout, argv[i]!);
  }
  if (!bare) putByte(stdout, NEWLINE);
  return 0;
}
