/*
 * hexdump [-C] [FILE]: shows bytes in hexadecimal, 16 a line, with the offset; with -C also as characters.
 */

import { O_RDONLY } from '../abi/fcntl.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { DELETE, DOT, SPACE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { open } from './lib/fileCalls.ts';
import { getByte, initInput, type Input } from './lib/input.ts';
import { print, putByte, stdout } from './lib/output.ts';
import { bytesEqual, type StringList } from './lib/strings.ts';

const WIDTH: u32 = 16;

const input = zeroed<Inline<Input>>();
const line = zeroed<FixedArray<u8, 16>>();
const previous = zeroed<FixedArray<u8, 16>>();

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
  if (!readOptions(argv, 'C', options)) return 1;
  let fd: i32 = 0;
  if (options.operands < argc) fd = open(argv[options.operands]!, O_RDONLY, 0);
  if (fd < 0) return complain('hexdump', argv[options.operands]!, fd);
  initInput(input, fd);
  const canonical = hasOption(options, 0);
  let offset: u32 = 0;
  let starred = false;
  while (true) {
    const count = fillLine();
    if (count === 0) break;
    // A full line like the one before is only hinted at.
    if (offset > 0 && count === WIDTH && bytesEqual(line, previous, WIDTH)) {
      if (!starred) print('*\n');
      starred = true;
    } else {
      if (canonical) showCanonical(offset, count);
      else showWords(offset, count);
      starred = false;
      copyBytes(previous, line, WIDTH);
    }
    offset += count;
  }
  if (offset > 0) print(canonical ? '%08x\n' : '%07x\n', offset);
  return 0;
}

/** Reads up to a line's bytes. */
function fillLine(): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < WIDTH; i++) line[i] = 0;
  while (count < WIDTH) {
    const byte = getByte(input);
    if (byte < 0) break;
    line[count] = u8(byte);
    count++;
  }
  return count;
}

/** Words of 16 bits, as this CPU reads them. */
function showWords(offset: u32, count: u32): void {
  print('%07x', offset);
  for (let i: u32 = 0; i < WIDTH; i += 2) {
    if (i < count) print(' %04x', line[i] | (line[i + 1] << 8));
    else print('     ');
  }
  print('\n');
}

function showCanonical(offset: u32, count: u32): void {
  print('%08x', offset);
  for (let i: u32 = 0; i < WIDTH; i++) {
    if (i % 8 === 0) print(' ');
    if (i < count) print(' %02x', line[i]);
    else print('   ');
  }
  print('  |');
  for (let i: u32 = 0; i < count; i++) putByte(stdout, line[i] >= SPACE && line[i] < DELETE ? line[i] : DOT);
  print('|\n');
}
