/*
 * uname [-asnrvmo]: prints what the system calls itself: its name (by default), the node's, release, version, machine, and the
 * operating system.
 */

import { type Utsname } from '../abi/utsname.ts';
import { SYS_uname } from '../abi/syscallNumbers.ts';
import { hasOption, type Options, readOptions } from './lib/args.ts';
import { run } from './lib/crt.ts';
import { print } from './lib/output.ts';
import { type StringList } from './lib/strings.ts';

const ALL = 6;

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
  const names = zeroed<Inline<Utsname>>();
  if (!readOptions(argv, 'snrvmoa', options)) return 1;
  int80(SYS_uname, u32(names), 0, 0, 0, 0, 0);
  let printed = false;
  for (let i: u32 = 0; i < ALL; i++) {
    if (!hasOption(options, ALL) && !hasOption(options, i) && (i !== 0 || options.given !== 0)) continue;
    print(printed ? ' %s' : '%s', field(names, i));
    printed = true;
  }
  print('\n');
  return 0;
}

/** The string that the option of this number (in "snrvmo") asks for. */
function field(names: Utsname, option: u32): Ptr<u8> {
  switch (option) {
    case 0:
      return names.sysname;
    case 1:
      return names.nodename;
    case 2:
      return names.release;
    case 3:
      return names.version;
    case 4:
      return names.machine;
    default:
      return bytes('GNU/Linux'); // whose ABI it is
  }
}
