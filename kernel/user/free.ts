/*
 * free [-b|-k|-m]: memory in KiB (bytes, MiB), from /proc/meminfo.
 */

import { hasOption, type Options, readOptions } from './lib/args.ts';
import { SPACE } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { readFile } from './lib/files.ts';
import { print } from './lib/output.ts';
import { isDigit, startsWith, stringLength, type StringList } from './lib/strings.ts';

const text = zeroed<FixedArray<u8, 4096>>();

const BYTES = 0;
const MEGABYTES = 2;

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
  if (!readOptions(argv, 'bkm', options)) return 1;
  const length = readFile(bytes('/proc/meminfo'), text, 4096);
  if (length < 0) return complain('free', bytes('/proc/meminfo'), length);
  const total = entry('MemTotal:');
  const unused = entry('MemFree:');
  const cached = entry('Buffers:') + entry('Cached:');
  print('%10s %10s %10s %10s\n', 'total', 'used', 'free', 'cached');
  const inMegabytes = hasOption(options, MEGABYTES);
  const inBytes = hasOption(options, BYTES);
  const figures = zeroed<FixedArray<u32, 4>>();
  figures[0] = total;
  figures[1] = total - unused - cached;
  figures[2] = unused;
  figures[3] = cached;
  for (let i: u32 = 0; i < 4; i++) {
    print(i === 0 ? '%10u' : ' %10u', inBytes ? figures[i] * 1024 : inMegabytes ? figures[i] / 1024 : figures[i]);
  }
  print('\n');
  return 0;
}

/** The number on the line that begins with `label`; 0 if there is no such line. */
function entry(label: string): u32 {
  let at: u32 = 0;
  while (text[at] !== 0 && !startsWith(addrOf(text[at]), bytes(label))) {
    while (text[at] !== 0 && text[at] !== 0x0a) at++;
    if (text[at] !== 0) at++;
  }
  if (text[at] === 0) return 0;
  at += stringLength(bytes(label));
  while (text[at] === SPACE) at++;
  let value: u32 = 0;
  for (; isDigit(text[at]); at++) value = value * 10 + (text[at] - 0x30);
  return value;
}
