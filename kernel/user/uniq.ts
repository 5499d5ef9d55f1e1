/*
 * uniq [-c]: copies standard input with repeated lines only once; -c with how often each came.
 */

import { hasOption, type Options, readOptions } from './lib/args.ts';
import { run } from './lib/crt.ts';
import { initInput, type Input, readLine } from './lib/input.ts';
import { print } from './lib/output.ts';
import { copyString, stringsEqual, type StringList } from './lib/strings.ts';

const LINE_SIZE: u32 = 4096;

const input = zeroed<Inline<Input>>();
const line = zeroed<FixedArray<u8, 4096>>();
const previous = zeroed<FixedArray<u8, 4096>>();

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
  const options = zeroed<Inline<Options>>();
  if (!readOptions(argv, 'c', options)) return 1;
  const counts = hasOption(options, 0);
  initInput(input, 0);
  let count: u32 = 0;
  while (readLine(input, line, LINE_SIZE) >= 0) {
    if (count > 0 && !stringsEqual(line, previous)) {
      show(counts, count);
      count = 0;
    }
    if (count === 0) copyString(previous, line, LINE_SIZE);
    count++;
  }
  if (count > 0) show(counts, count);
  return 0;
}

function show(counts: boolean, count: u32): void {
  if (counts) print('%7u ', count);
  print('%s\n', ptr<u8>(previous));
}
