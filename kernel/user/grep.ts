/*
 * grep [-EFcilnqv] PATTERN [FILE...]: prints the lines that a regular expression matches (lib/regex.ts): a basic one, with -E
 * an extended one, with -F plain text. -v those that it does not; -i whatever the case; -c how many; -n with their
 * numbers; -l only the names of the files; -q nothing: the status is 0 if there was a line, else 1, and 2 for errors.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { type Buffer, contents } from './lib/buffer.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open } from './lib/fileCalls.ts';
import { initInput, type Input, nextLine } from './lib/input.ts';
import { print, printError } from './lib/output.ts';
import { compileRegex, matchesRegex, Syntax } from './lib/regex.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

const EXTENDED = 0;
const FIXED = 1;
const COUNT = 2;
const FOLD = 3;
const NAMES = 4;
const NUMBERS = 5;
const QUIET = 6;
const INVERT = 7;

const NO_MATCH = 1;
const TROUBLE = 2;

const options = zeroed<Inline<Options>>();
const input = zeroed<Inline<Input>>();
const line = zeroed<Inline<Buffer>>();

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
  if (!readOptions(argv, 'EFcilnqv', options)) return TROUBLE;
  if (options.operands === argc) {
    printError('usage: grep [-EFcilnqv] PATTERN [FILE...]\n');
    return TROUBLE;
  }
  const syntax = hasOption(options, FIXED)
    ? Syntax.Fixed
    : hasOption(options, EXTENDED)
      ? Syntax.Extended
      : Syntax.Basic;
  const problem = compileRegex(argv[options.operands]!, syntax, hasOption(options, FOLD));
  if (problem !== null) {
    printError('grep: %s\n', problem);
    return TROUBLE;
  }
  const first = options.operands + 1;
  if (first === argc) return searchFile(0, bytes('(standard input)'), false) > 0 ? 0 : NO_MATCH;
  let found = false;
  let failed = false;
  for (let i = first; i < argc; i++) {
    const name = argv[i]!;
    const isInput = stringsEqual(name, bytes('-'));
    const fd = isInput ? 0 : open(name, O_RDONLY, 0);
    if (fd < 0) {
      complain('grep', name, fd);
      failed = true;
      continue;
    }
    if (searchFile(fd, name, argc - first > 1) > 0) found = true;
    if (!isInput) close(fd);
    if (found && hasOption(options, QUIET)) return 0;
  }
  return failed ? TROUBLE : found ? 0 : NO_MATCH;
}

/** Returns how many lines were found. */
function searchFile(fd: i32, name: Ptr<u8>, named: boolean): u32 {
  const silent = hasOption(options, COUNT) || hasOption(options, NAMES) || hasOption(options, QUIET);
  let count: u32 = 0;
  let number: u32 = 0;
  initInput(input, fd);
  while (nextLine(input, line)) {
    number++;
    if (matchesRegex(contents(line), line.length) === hasOption(options, INVERT)) continue;
    count++;
    if (hasOption(options, QUIET) || hasOption(options, NAMES)) break;
    if (silent) continue;
    if (named) print('%s:', name);
    if (hasOption(options, NUMBERS)) print('%u:', number);
    print('%s\n', contents(line));
  }
  if (hasOption(options, QUIET)) return count;
  if (hasOption(options, NAMES) && count > 0) print('%s\n', name);
  else if (hasOption(options, COUNT)) {
    if (named) print('%s:', name);
    print('%u\n', count);
  }
  return count;
}
