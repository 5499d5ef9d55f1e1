/*
 * swapon DEVICE...: lets the kernel keep pages on devices that mkswap has prepared. swapon -s, or without operands: shows
 * what is in use. -p PRIORITY: those of higher priority are filled first.
 */

import { SYS_swapon } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { readFile } from './lib/files.ts';
import { print, printError } from './lib/output.ts';
import { parseNumber, stringsEqual, type StringList } from './lib/strings.ts';

const SWAP_FLAG_PREFER: u32 = 0x8000;
const PRIORITY_MAX: i32 = 32767;

const text = zeroed<FixedArray<u8, 2048>>();

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
  let first: u32 = 1;
  let flags: u32 = 0;
  if (argc === 1 || stringsEqual(argv[1]!, bytes('-s'))) return show();
  if (argc > 2 && stringsEqual(argv[1]!, bytes('-p'))) {
    let priority: i32 = 0;
    if (!parseNumber(argv[2]!, addrOf(priority)) || priority < 0 || priority > PRIORITY_MAX) {
      printError('swapon: a priority is a number from 0 to %d\n', PRIORITY_MAX);
      return 1;
    }
    flags = SWAP_FLAG_PREFER | u32(priority);
    first = 3;
  }
  let status: i32 = 0;
  for (let i = first; i < argc; i++) {
    const error = int80(SYS_swapon, u32(argv[i]), flags, 0, 0, 0, 0);
    if (error < 0) status = complain('swapon', argv[i]!, error);
  }
  return status;
}

function show(): i32 {
  const length = readFile(bytes('/proc/swaps'), text, 2048);
  if (length < 0) return complain('swapon', bytes('/proc/swaps'), length);
  print('%s', u32(addrOf(text[0])));
  return 0;
}
