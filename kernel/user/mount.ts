/*
 * mount [-t TYPE] [SOURCE] DIRECTORY: mounts a file system; without arguments, shows what is mounted.
 */

import { SYS_mount } from '../abi/syscallNumbers.ts';
import { run } from './lib/crt.ts';
import { complain } from './lib/errors.ts';
import { readFile } from './lib/files.ts';
import { print, printError } from './lib/output.ts';
import { stringsEqual, type StringList } from './lib/strings.ts';

const text = zeroed<FixedArray<u8, 4096>>();

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
  if (argc === 1) {
    const length = readFile(bytes('/proc/mounts'), text, 4096);
    if (length < 0) return complain('mount', bytes('/proc/mounts'), length);
    print('%s', ptr<u8>(text));
    return 0;
  }
  let type: Ptr<u8> = bytes('tmpfs');
  let next: u32 = 1;
  if (argc > 2 && stringsEqual(argv[1]!, bytes('-t'))) {
    type = argv[2]!;
    next = 3;
  }
  if (argc - next < 1 || argc - next > 2) {
    printError('usage: mount [-t TYPE] [SOURCE] DIRECTORY\n');
    return 1;
  }
  const target = argv[argc - 1]!;
  const error = int80(SYS_mount, u32(argv[next]!), u32(target), u32(type), 0, 0, 0);
  return error < 0 ? complain('mount', target, error) : 0;
}
