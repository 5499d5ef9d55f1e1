/*
 * The kernel's library, exercised from inside: each exported function returns 0, or the number of the check that failed.
 */

import { clearBit, findClearBit, setBit, testBit } from '../../../kernel/lib/bitmap.ts';
import { getOption, hasOption, setCommandLine } from '../../../kernel/lib/cmdline.ts';
import { formatText, hi, lo } from '../../../kernel/lib/format.ts';
import { type ListHead } from '../../../kernel/lib/list.ts';
import { type Ring } from '../../../kernel/lib/ring.ts';
import {
  memcmp,
  memmove,
  startsWith,
  strchr,
  strcmp,
  strlcpy,
  strlen,
  strncmp,
  strrchr,
} from '../../../kernel/lib/string.ts';
import { daysSinceEpoch } from '../../../kernel/arch/x86/rtc.ts';

const text = zeroed<FixedArray<u8, 64>>();

/** The text in the buffer is this, and so long. */
function isText(length: u32, expected: string): boolean {
  return length === strlen(bytes(expected)) && strcmp(text, bytes(expected)) === 0;
}

/** @export */
export function formats(): u32 {
  const big: u64 = 0x123456789abcdef0n;
  if (!isText(formatText(text, 64, 'plain %%'), 'plain %')) return 1;
  if (!isText(formatText(text, 64, '%d %d', -2147483648, 2147483647), '-2147483648 2147483647')) return 2;
  if (!isText(formatText(text, 64, '%u %x %04o', 0xffffffff, 0xdeadbeef, 0o644), '4294967295 deadbeef 0644')) return 3;
  if (!isText(formatText(text, 64, '%lu', lo(big), hi(big)), '1311768467463790320')) return 4;
  if (!isText(formatText(text, 64, '%ld', 0xffffffff, 0xffffffff), '-1')) return 5;
  if (!isText(formatText(text, 64, '%lx', lo(big), hi(big)), '123456789abcdef0')) return 6;
  if (!isText(formatText(text, 64, '[%5d|%-5d|%05d]', -42, -42, -42), '[  -42|-42  |-0042]')) return 7;
  if (!isText(formatText(text, 64, '[%4s|%-4s|%.2s]', 'ab', 'ab', 'abc'), '[  ab|ab  |ab]')) return 8;
  if (!isText(formatText(text, 64, '%p %c %s', 0xabc, 0x41, null), '00000abc A (null)')) return 9;
  if (!isText(formatText(text, 64, '%d %d', 7), '7 ?0')) return 10;
  if (!isText(formatText(text, 64, '%y'), '%y')) return 11;
  // Cut short: the result tells how long it would have been.
  if (formatText(text, 4, '%s', 'abcdef') !== 6 || strcmp(text, bytes('abc')) !== 0) return 12;
  return 0;
}

/** @export */
export function strings(): u32 {
  if (strcmp(bytes('a'), bytes('b')) >= 0 || strcmp(bytes('ab'), bytes('a')) <= 0) return 1;
  if (strncmp(bytes('abc'), bytes('abd'), 2) !== 0 || strncmp(bytes('a'), bytes('a'), 9) !== 0) return 2;
  if (memcmp(bytes('\u00ff'), bytes('a'), 1) <= 0) return 3; // bytes are unsigned
  const path = bytes('/a/b');
  if (u32(strchr(path, 0x2f)) !== u32(path) || u32(strrchr(path, 0x2f)) !== u32(path) + 2) return 4;
  if (strchr(path, 0x78) !== null) return 5;
  if (!startsWith(bytes('init=/x'), bytes('init=')) || startsWith(bytes('in'), bytes('init'))) return 6;
  if (strlcpy(text, bytes('hello'), 4) !== 5 || strcmp(text, bytes('hel')) !== 0) return 7;
  strlcpy(text, bytes('abcdef'), 64);
  memmove(text.add(2), text, 4); // overlapping, upwards
  if (strcmp(text, bytes('ababcd')) !== 0) return 8;
  memmove(text, text.add(2), 4);
  if (strcmp(text, bytes('abcdcd')) !== 0) return 9;
  return 0;
}

class Item {
  value: u32;
  link: Inline<ListHead>;
}

const items = zeroed<FixedArray<Inline<Item>, 4>>();
const list = zeroed<Inline<ListHead>>();
const other = zeroed<Inline<ListHead>>();

/** The values on a list, as decimal digits. */
function digits(head: ListHead): u32 {
  let result: u32 = 0;
  for (let link = head.next; link !== head; link = link.next) {
    result = result * 10 + as<Item>(u32(link) - offsetof<Item>('link')).value;
  }
  return result;
}

/** @export */
export function lists(): u32 {
  list.init();
  other.init();
  for (let i: u32 = 0; i < 4; i++) {
    items[i].value = i + 1;
    items[i].link.init();
  }
  if (!list.isEmpty() || list.takeFirst() !== null) return 1;
  list.addBefore(items[0].link);
  list.addBefore(items[1].link);
  list.addAfter(items[2].link);
  if (digits(list) !== 312 || !items[1].link.isLinked()) return 2;
  items[0].link.unlink();
  items[0].link.unlink(); // harmless
  if (digits(list) !== 32 || items[0].link.isLinked()) return 3;
  other.addBefore(items[0].link);
  other.addBefore(items[3].link);
  list.spliceTail(other);
  if (digits(list) !== 3214 || !other.isEmpty()) return 4;
  const first = list.takeFirst();
  if (first === null || u32(first) !== u32(items[2].link) || digits(list) !== 214) return 5;
  return 0;
}

const bits = zeroed<FixedArray<u32, 3>>();
const ring = zeroed<Inline<Ring>>();

/** @export */
export function collections(): u32 {
  for (let bit: u32 = 0; bit < 70; bit++) setBit(bits, bit);
  if (findClearBit(bits, 70, 0) !== 70) return 1;
  clearBit(bits, 31);
  clearBit(bits, 64);
  if (findClearBit(bits, 70, 0) !== 31 || findClearBit(bits, 70, 32) !== 64 || testBit(bits, 31)) return 2;
  ring.init(text, 4);
  if (ring.get() !== -1) return 3;
  for (let round: u32 = 0; round < 3; round++) {
    for (let i: u32 = 0; i < 4; i++) if (!ring.put(u8(i))) return 4;
    if (ring.put(9) || ring.room() !== 0) return 5;
    for (let i: u32 = 0; i < 4; i++) if (ring.get() !== i32(i)) return 6;
  }
  // The counters wrap, and nothing happens.
  ring.head = 0xfffffffe;
  ring.tail = 0xfffffffe;
  for (let i: u32 = 0; i < 4; i++) ring.put(u8(i));
  if (ring.used() !== 4 || ring.get() !== 0) return 7;
  return 0;
}

/** @export */
export function commandLine(): u32 {
  setCommandLine(bytes('quiet init=/bin/sh  console=ttyS0 init=/bin/init quieter'));
  if (!hasOption('quiet') || hasOption('quie') || !hasOption('quieter') || hasOption('bin')) return 1;
  if (getOption('init', text, 64) !== 9 || strcmp(text, bytes('/bin/init')) !== 0) return 2; // the last one counts
  if (getOption('console', text, 4) !== 5 || strcmp(text, bytes('tty')) !== 0) return 3;
  if (getOption('quiet', text, 64) !== 0 || getOption('nothing', text, 64) !== -1) return 4;
  return 0;
}

/** @export */
export function dates(): u32 {
  if (daysSinceEpoch(1970, 1, 1) !== 0) return 1;
  if (daysSinceEpoch(1972, 2, 29) !== 789 || daysSinceEpoch(1972, 3, 1) !== 790) return 2;
  if (daysSinceEpoch(2000, 2, 29) !== 11016 || daysSinceEpoch(2000, 3, 1) !== 11017) return 3;
  if (daysSinceEpoch(2038, 1, 19) !== 24855) return 4;
  return 0;
}
