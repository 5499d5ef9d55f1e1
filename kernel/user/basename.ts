/*
 * basename PATH [SUFFIX]: the last part of a path, without a suffix.
 */

import { SLASH } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { print, printError } from './lib/output.ts';
import { stringLength, stringsEqual, type StringList } from './lib/strings.ts';
import { baseName } from './lib/files.ts';

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
  if (argc < 2 || argc > 3) {
    printError('usage: basename PATH [SUFFIX]\n');
    return 1;
  }
  const path = argv[1]!;
  for (let end = stringLength(path); end > 1 && path[end - 1] === SLASH; end--) path[end - 1] = 0;
  const name = path[0] === SLASH && path[1] === 0 ? path : baseName(path);
  if (argc === 3) {
    const length = stringLength(name);
    const suffix = stringLength(argv[2]!);
    if (suffix < length && stringsEqual(name.add(length - suffix), argv[2]!)) name[length - suffix] = 0;
  }
  print('%s\n', name);
  return 0;
}
