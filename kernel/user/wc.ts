/*
 * wc [-lwc] [FILE...]: counts lines, words and bytes of files, or of standard input.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { NEWLINE, SPACE, TAB } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { print } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const input = zeroed<Inline<Input>>();

class Counts {
  /** Lines, words, bytes: in the order of the options. */
  count: FixedArray<u32, 3>;
}

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
  const counts = zeroed<Inline<Counts>>();
  if (!readOptions(argv, 'lwc', options)) return 1;
  if (options.given === 0) options.given = 7;
  if (options.operands === argc) {
    count(0, counts);
    show(options, counts, bytes(''));
    return 0;
  }
  let status: i32 = 0;
  const total = zeroed<Inline<Counts>>();
  for (let i = options.operands; i < argc; i++) {
    const fd = open(argv[i]!, O_RDONLY, 0);
    if (fd < 0) {
      status = complain('wc', argv[i]!, fd);
      continue;
    }
    count(fd, counts);
    close(fd);
    show(options, counts, argv[i]!);
    for (let k: u32 = 0; k < 3; k++) total.count[k] += counts.count[k];
  }
  if (argc - options.operands > 1) show(options, total, bytes('total'));
  return status;
}

function count(fd: i32, counts: Counts): void {
  initInput(input, fd);
  for (let i: u32 = 0; i < 3; i++) counts.count[i] = 0;
  let inWord = false;
  for (let byte = getByte(input); byte >= 0; byte = getByte(input)) {
    const blank = byte === SPACE || byte === NEWLINE || byte === TAB;
    if (byte === NEWLINE) counts.count[0]++;
    if (!blank && !inWord) counts.count[1]++;
    counts.count[2]++;
    inWord = !blank;
  }
}

function show(options: Options, counts: Counts, name: Ptr<u8>): void {
  let first = true;
  for (let i: u32 = 0; i < 3; i++) {
    if (!hasOption(options, i)) continue;
    print(first ? '%u' : ' %u', counts.count[i]);
    first = false;
  }
  print(name[0] === 0 ? '\n' : ' %s\n', name);
}
