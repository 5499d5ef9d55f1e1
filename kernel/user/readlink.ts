/*
 * readlink FILE...: what symbolic links point to.
 */

import { run } from './lib/crt.ts';
import { readlink } from './lib/fileCalls.ts';
import { print, printError } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const TARGET_SIZE: u32 = 4096;

const target = zeroed<FixedArray<u8, 4097>>();

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
    printError('usage: readlink FILE...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const length = readlink(argv[i]!, target, TARGET_SIZE);
    if (length < 0) status = 1;
    else {
      target[length] = 0;
      print('%s\n', ptr<u8>(target));
    }
  }
  return status;
}
