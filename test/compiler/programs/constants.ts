/*
 * Constants: untyped ones, enums, build constants, branches that are dropped, strings, tables, volatile and atomic places.
 */

import { check, result } from './check.ts';
import { BASE, limits, Mode, PAGES, type Shared } from './modules/first.ts';
import * as second from './modules/second.ts';

// @expect 44

const PAGE_SIZE = 4096;
const MASK = ~(PAGE_SIZE - 1);
const HIGH_BIT = 1 << 31;
const TYPED: u8 = 0x80;
const NEGATIVE = -1;
const WIDE = 1n << 40n;
const SMP: boolean = define('SMP', false);
const LEVEL: u32 = define('LEVEL', 3);
const VGA = ptr<u16>(0xb8000);
const GREETING = 'hello';

staticAssert(PAGE_SIZE === 1 << 12, 'a page is 4 KiB');
staticAssert(sizeof<Packet>() === 8, 'the packet is a wire format');

enum Flag {
  None,
  Read = 1 << 0,
  Write = 1 << 1,
  Both = Read | Write,
  Next,
  Top = 0x80000000,
}

class Packet {
  head: Volatile<u32>;
  tail: Volatile<u8>;
  flags: u16;
}

const packet = zeroed<Inline<Packet>>();
/** @section .data.special */
let special: u32 = 0x1234;
/** @align 64 */
let aligned: u8 = 1;
let counter: u32 = 10;
let signedByte: i8 = -2;
let text: string = GREETING;
let cell: Ptr<u32> = addrOf(counter);
let shared: Shared | null = null;

declare function missing(): void;

function buildConstants(): void {
  if (SMP) {
    missing(); // dropped before anybody looks for it
    check(false);
  }
  check(!SMP && LEVEL === 3);
  check(SMP ? false : LEVEL > 2);
  if (!SMP || counter > 1000) counter++;
  check(counter === 11);
  while (SMP) check(false);
  const local = LEVEL * 2;
  if (local === 6) counter--;
  check(counter === 10);
}

function untyped(): void {
  let address: u32 = 0x12345678;
  check((address & MASK) === 0x12345000);
  check((address & ~0xff) === 0x12345600);
  check((address & HIGH_BIT) === 0);
  address |= HIGH_BIT;
  check(address === 0x92345678);
  let signed: i32 = NEGATIVE;
  check(signed === -1);
  signed &= ~1;
  check(signed === -2);
  check(TYPED + 0x80 === 256);
  check(u64(address) + WIDE === 0x10092345678n);
  let narrow: u8 = TYPED;
  narrow &= ~0x80;
  check(narrow === 0);
  check(u32(VGA) === 0xb8000 && u32(VGA.add(2)) === 0xb8004);
  check(PAGE_SIZE / 3 === 1365 && -7 / 2 === -3 && -7 % 2 === -1);
  let large = 0xffffffff;
  large += 2;
  check(large === 1);
}

function enums(): void {
  check(Flag.Both === 3 && Flag.Next === 4);
  let flag: Flag = Flag.Read;
  flag |= Flag.Write;
  check(flag === Flag.Both);
  const mode: Mode = Mode.Slow;
  check(mode === 6 && second.Kind.Last === 9);
  let flags: u16 = Flag.Write;
  check((flags & Flag.Write) !== 0 && (flags & Flag.Read) === 0);
}

function modules(): void {
  check(BASE === 0x1000 && PAGES === 16);
  check(limits[2] === 30);
  check(second.double(21) === 42);
  check(second.total === 5);
  second.bump();
  check(second.total === 7);
  shared = second.shared;
  check(shared.value === 12);
}

function strings(): void {
  check(text === 'hello' && text === GREETING);
  check(bytes('a\u00e9\n')[1] === 0xc3 && bytes('a\u00e9\n')[2] === 0xa9 && bytes('a\u00e9\n')[4] === 0);
  text = 'other';
  check(text !== GREETING);
  check(bytes('')[0] === 0);
}

function memory(): void {
  check(special === 0x1234 && aligned === 1);
  check((u32(addrOf(aligned)) & 63) === 0);
  cell[0] = 77;
  check(counter === 77);
  packet.head = 5;
  packet.tail = 255;
  packet.tail++;
  check(packet.head === 5 && packet.tail === 0);
  check(reload<u32>(packet.head) === 5);
  check(atomic.xchg(addrOf(packet.head), 9) === 5);
  check(atomic.cmpxchg(addrOf(packet.head), 9, 20) === 9);
  check(atomic.fetchAdd(addrOf(counter), 3) === 77 && counter === 80);
  atomic.sub(addrOf(counter), 79);
  check(atomic.decAndTest(addrOf(counter)) && counter === 0);
  atomic.or(addrOf(packet.flags), 0x100);
  atomic.inc(addrOf(packet.flags));
  check(packet.flags === 0x101);
  check(!atomic.testAndSetBit(addrOf(counter), 4) && atomic.testAndClearBit(addrOf(counter), 4));
  check(atomic.xchg(addrOf(signedByte), 3) === -2);
  compilerBarrier();
  check(signedByte === 3);
  const bytesBlock = uninitialized<FixedArray<u8, 20>>();
  fillBytes(bytesBlock, 7, 20);
  copyBytes(bytesBlock.add(4), bytes('abc'), 3);
  check(bytesBlock[3] === 7 && bytesBlock[6] === 0x63);
}

export function main(): u32 {
  buildConstants();
  untyped();
  enums();
  modules();
  strings();
  memory();
  return result();
}
