/*
 * yes [WORD...]: prints words (y), line after line, until nobody reads any more.
 */

import { run } from './lib/crt.ts';
import { print, stdout } from './lib/output.ts';
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
  while (stdout.error === 0) {
    if (argc < 2) print('y');
    for (let i: u32 = 1; i < argc; i++) print(i > 1 ? ' %s' : '%s', argv[i]);
    print('\n');
  }
  return 1;
}
