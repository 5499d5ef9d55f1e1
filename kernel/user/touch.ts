/*
 * touch [-c] FILE...: sets the times of files to now; makes those that do not exist, unless -c.
 */

import { ENOENT } from '../abi/errno.ts';
import { O_CREAT, O_WRONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open, touch } from './lib/fileCalls.ts';
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
  if (!readOptions(argv, 'c', options)) return 1;
  if (options.operands === argc) {
    printError('usage: touch [-c] FILE...\n');
    return 1;
  }
  let status: i32 = 0;
  for (let i = options.operands; i < argc; i++) {
    const name = argv[i]!;
    let error = touch(name);
    if (error === -ENOENT && hasOption(options, 0)) continue;
    if (error === -ENOENT) {
      error = open(name, O_WRONLY | O_CREAT, 0o666);
      if (error >= 0) close(error);
    }
    if (error < 0) status = complain('touch', name, error);
  }
  return status;
}
