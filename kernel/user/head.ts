/*
 * head [-NUMBER] [FILE]: copies the first lines (10) of a file, or of standard input.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { MINUS, NEWLINE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { putByte, stdout } from './lib/output.ts';
import { parseNumber, type StringList } from './lib/strings.ts';

const input = zeroed<Inline<Input>>();

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
  const number = zeroed<FixedArray<i32, 1>>();
  number[0] = 10;
  let next: u32 = 1;
  if (argc > 1 && argv[1]![0] === MINUS && parseNumber(argv[1]!.add(1), number)) next = 2;
  let fd: i32 = 0;
  if (next < argc) {
    fd = open(argv[next]!, O_RDONLY, 0);
    if (fd < 0) return complain('head', argv[next]!, fd);
  }
  initInput(input, fd);
  let lines: i32 = 0;
  while (lines < number[0]) {
    const byte = getByte(input);
    if (byte < 0) break;
    putByte(stdout, u32(byte));
    if (byte === NEWLINE) lines++;
  }
  return 0;
}
