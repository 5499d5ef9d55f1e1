/*
 * env [-i] [-u NAME]... [NAME=VALUE...] [COMMAND [ARGUMENT...]]: runs a command with variables set or (-u) not set, with -i
 * with no others; without a command, prints the environment.
 */

import { EQUALS } from './lib/characters.ts';
import { allocate } from './lib/buffer.ts';
import { run } from './lib/crt.ts';
import { executeFound } from './lib/executable.ts';
import { print } from './lib/output.ts';
import { contains, indexOf, bytesEqual, stringLength, stringsEqual, type StringList } from './lib/strings.ts';

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

function main(argc: u32, argv: StringList, envp: StringList): i32 {
  let next: u32 = 1;
  let inherited = true;
  if (argc > 1 && (stringsEqual(argv[1]!, bytes('-i')) || stringsEqual(argv[1]!, bytes('-')))) {
    inherited = false;
    next = 2;
  }
  let size: u32 = 0;
  while (envp[size] !== null) size++;
  const list = ptr<Ptr<u8> | null>(allocate((size + argc + 1) * 4));
  let count: u32 = 0;
  for (let i: u32 = 0; inherited && i < size; i++) {
    list[count] = envp[i];
    count++;
  }
  for (; next + 1 < argc && stringsEqual(argv[next]!, bytes('-u')); next += 2) {
    count = unset(list, count, argv[next + 1]!);
  }
  for (; next < argc && contains(argv[next]!, EQUALS); next++) count = set(list, count, argv[next]!);
  list[count] = null;
  if (next < argc) return executeFound('env', argv.add(next), list);
  for (let i: u32 = 0; i < count; i++) print('%s\n', list[i]);
  return 0;
}

/** Puts `NAME=VALUE` into the list, in the place of the variable's old value if it has one. Returns the new count. */
function set(list: StringList, count: u32, text: Ptr<u8>): u32 {
  const length = indexOf(text, EQUALS) + 1;
  for (let i: u32 = 0; i < count; i++) {
    if (indexOf(list[i]!, EQUALS) + 1 !== length || !bytesEqual(list[i]!, text, length)) continue;
    list[i] = text;
    return count;
  }
  list[count] = text;
  return count + 1;
}

/** Takes a variable out of the list. Returns the new count. */
function unset(list: StringList, count: u32, name: Ptr<u8>): u32 {
  const length = stringLength(name);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (bytesEqual(list[i]!, name, length) && list[i]![length] === EQUALS) continue;
    list[kept] = list[i];
    kept++;
  }
  return kept;
}
