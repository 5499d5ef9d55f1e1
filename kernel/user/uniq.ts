/*
 * uniq [-cdu] [FILE]: copies lines, repeated ones only once; -c with how often each came, -d only those that were
 * repeated, -u only those that were not.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { appendBytes, type Buffer, contents } from './lib/buffer.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open } from './lib/fileCalls.ts';
import { initInput, type Input, nextLine } from './lib/input.ts';
import { print } from './lib/output.ts';
import { bytesEqual, type StringList } from './lib/strings.ts';

const COUNTS = 0;
const REPEATED = 1;
const UNIQUE = 2;

const options = zeroed<Inline<Options>>();
const input = zeroed<Inline<Input>>();
const line = zeroed<Inline<Buffer>>();
const previous = zeroed<Inline<Buffer>>();

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

function main(_argc: u32, argv: StringList): i32 {
  if (!readOptions(argv, 'cdu', options)) return 1;
  const name = argv[options.operands];
  const fd = name === null ? 0 : open(name, O_RDONLY, 0);
  if (fd < 0) return complain('uniq', name!, fd);
  initInput(input, fd);
  let count: u32 = 0;
  while (nextLine(input, line)) {
    if (count > 0 && !isRepeated()) {
      show(count);
      count = 0;
    }
    if (count === 0) {
      previous.length = 0;
      appendBytes(previous, contents(line), line.length);
    }
    count++;
  }
  if (count > 0) show(count);
  return 0;
}

function isRepeated(): boolean {
  return line.length === previous.length && bytesEqual(contents(line), contents(previous), line.length);
}

function show(count: u32): void {
  if (hasOption(options, count > 1 ? UNIQUE : REPEATED)) return;
  if (hasOption(options, COUNTS)) print('%7u ', count);
  print('%s\n', contents(previous));
}
