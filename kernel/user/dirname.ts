/*
 * dirname PATH: a path without its last part.
 */

import { SLASH } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { print, printError } from './lib/output.ts';
import { stringLength, type StringList } from './lib/strings.ts';

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
  if (argc !== 2) {
    printError('usage: dirname PATH\n');
    return 1;
  }
  const path = argv[1]!;
  let end = stringLength(path);
  while (end > 1 && path[end - 1] === SLASH) end--;
  while (end > 0 && path[end - 1] !== SLASH) end--;
  while (end > 1 && path[end - 1] === SLASH) end--;
  path[end] = 0;
  print('%s\n', end === 0 ? bytes('.') : path);
  return 0;
}
