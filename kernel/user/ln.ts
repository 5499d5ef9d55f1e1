/*
 * ln [-s] EXISTING NEW: gives a file another name; with -s, makes NEW a symbolic link to EXISTING.
 */

import { hasOption, type Options, readOptions } from './lib/args.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { link, symlink } from './lib/fileCalls.ts';
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
  const options = zeroed<Inline<Options>>();
  if (!readOptions(argv, 's', options)) return 1;
  if (argc - options.operands !== 2) {
    printError('usage: ln [-s] EXISTING NEW\n');
    return 1;
  }
  const from = argv[options.operands]!;
  const to = argv[options.operands + 1]!;
  const error = hasOption(options, 0) ? symlink(from, to) : link(from, to);
  return error < 0 ? complain('ln', to, error) : 0;
}
