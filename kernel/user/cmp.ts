/*
 * cmp FILE FILE: tells where two files differ first; the status is 0 if they do not, 1 if they do, 2 for errors.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { NEWLINE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { print, printError } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

const first = zeroed<Inline<Input>>();
const second = zeroed<Inline<Input>>();

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
  if (argc !== 3) {
    printError('usage: cmp FILE FILE\n');
    return 2;
  }
  if (!begin(first, argv[1]!) || !begin(second, argv[2]!)) return 2;
  let line: u32 = 1;
  for (let at: u32 = 1; ; at++) {
    const a = getByte(first);
    const b = getByte(second);
    if (a < 0 && b < 0) return 0;
    if (a < 0 || b < 0) {
      printError('cmp: EOF on %s after byte %u\n', a < 0 ? argv[1] : argv[2], at - 1);
      return 1;
    }
    if (a !== b) {
      print('%s %s differ: byte %u, line %u\n', argv[1], argv[2], at, line);
      return 1;
    }
    if (a === NEWLINE) line++;
  }
}

function begin(input: Input, name: Ptr<u8>): boolean {
  const fd = stringsEqual(name, bytes('-')) ? 0 : open(name, O_RDONLY, 0);
  if (fd < 0) complain('cmp', name, fd);
  initInput(input, fd);
  return fd >= 0;
}
