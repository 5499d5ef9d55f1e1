/*
 * head [-NUMBER | -n NUMBER | -c NUMBER] [FILE...]: copies the first lines (10) or bytes of files, or of standard input.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { MINUS, NEWLINE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { close, open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { print, printError, putByte, stdout } from './lib/output.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';

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
  const countsBytes = argc > 1 && stringsEqual(argv[1]!, bytes('-c'));
  if (countsBytes || (argc > 1 && stringsEqual(argv[1]!, bytes('-n')))) {
    if (argc < 3 || !parseNumber(argv[2]!, number) || number[0] < 0) {
      printError('usage: head [-NUMBER | -n NUMBER | -c NUMBER] [FILE...]\n');
      return 1;
    }
    next = 3;
  } else if (argc > 1 && argv[1]![0] === MINUS && parseNumber(argv[1]!.add(1), number)) next = 2;
  if (next === argc) copy(0, number[0], countsBytes);
  const isNamed = argc - next > 1;
  let status: i32 = 0;
  for (let i = next; i < argc; i++) {
    const isInput = stringsEqual(argv[i]!, bytes('-'));
    const fd = isInput ? 0 : open(argv[i]!, O_RDONLY, 0);
    if (fd < 0) {
      status = complain('head', argv[i]!, fd);
      continue;
    }
    if (isNamed) print(i > next ? '\n==> %s <==\n' : '==> %s <==\n', argv[i]);
    copy(fd, number[0], countsBytes);
    if (!isInput) close(fd);
  }
  return status;
}

/** Copies so many lines, or bytes. */
function copy(fd: i32, count: i32, countsBytes: boolean): void {
  initInput(input, fd);
  let left = count;
  while (left > 0) {
    const byte = getByte(input);
    if (byte < 0) return;
    putByte(stdout, u32(byte));
    if (countsBytes || byte === NEWLINE) left--;
  }
}
