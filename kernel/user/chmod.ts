/*
 * chmod [-R] MODE FILE...: sets permissions: an octal number, or changes like u+x,go-w, a=r.
 */

import { type Stat64 } from '../abi/stat.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { chmod, stat } from './lib/fileCalls.ts';
import { BAD_MODE, changeMode } from './lib/modes.ts';
import { printError } from './lib/output.ts';
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
  if (argc < 3) {
    printError('usage: chmod MODE FILE...\n');
    return 1;
  }
  let result: i32 = 0;
  for (let i: u32 = 2; i < argc; i++) {
    const status = zeroed<Inline<Stat64>>();
    const error = stat(argv[i]!, status);
    const mode = changeMode(argv[1]!, status.st_mode);
    if (mode === BAD_MODE) {
      printError('chmod: %s: no mode\n', argv[1]);
      return 1;
    }
    const failed = error < 0 ? error : chmod(argv[i]!, mode);
    if (failed < 0) result = complain('chmod', argv[i]!, failed);
  }
  return result;
}
