/*
 * seq [FIRST [STEP]] LAST: prints whole numbers, one per line.
 */

import { run } from './lib/crt.ts';
import { print, printError } from './lib/output.ts';
import { parseNumber, type StringList } from './lib/strings.ts';

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
  const numbers = zeroed<FixedArray<i32, 3>>();
  let count: u32 = 0;
  while (count + 1 < argc && count < 3 && parseNumber(argv[count + 1]!, addrOf(numbers[count]))) count++;
  if (count === 0 || count + 1 !== argc) {
    printError('usage: seq [FIRST [STEP]] LAST\n');
    return 1;
  }
  const step: i32 = count === 3 ? numbers[1] : 1;
  if (step === 0) {
    printError('seq: the step is 0\n');
    return 1;
  }
  const last = i64(numbers[count - 1]);
  for (let n: i64 = count === 1 ? 1n : i64(numbers[0]); step > 0 ? n <= last : n >= last; n += i64(step)) {
    print('%d\n', i32(n));
  }
  return 0;
}
