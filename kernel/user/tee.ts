/*
 * tee [-a] [FILE...]: copies standard input to standard output and to files; with -a, to their ends.
 */

import { EINTR } from '../abi/errno.ts';
import { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open, read } from './lib/fileCalls.ts';
import { printError, writeAll } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const MAX_FILES: u32 = 32;

const buffer = zeroed<FixedArray<u8, 4096>>();
const files = zeroed<FixedArray<i32, 32>>();

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
  if (!readOptions(argv, 'a', options)) return 1;
  if (argc - options.operands >= MAX_FILES) {
    printError('tee: more than %u files\n', MAX_FILES - 1);
    return 1;
  }
  const mode = hasOption(options, 0) ? O_APPEND : O_TRUNC;
  let status: i32 = 0;
  let count: u32 = 1;
  files[0] = 1;
  for (let i = options.operands; i < argc; i++) {
    const fd = open(argv[i]!, O_WRONLY | O_CREAT | mode, 0o666);
    if (fd < 0) status = complain('tee', argv[i]!, fd);
    else {
      files[count] = fd;
      count++;
    }
  }
  while (true) {
    const got = read(0, buffer, 4096);
    if (got === -EINTR) continue;
    if (got < 0) return complain('tee', bytes('standard input'), got);
    if (got === 0) return status;
    for (let i: u32 = 0; i < count; i++) {
      const error = files[i] < 0 ? 0 : writeAll(files[i], buffer, u32(got));
      if (error === 0) continue;
      status = complain('tee', bytes('write'), error);
      files[i] = -1;
    }
  }
}
