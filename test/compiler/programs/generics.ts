/*
 * Generics: functions and classes by monomorphisation, with written and inferred type arguments.
 */

import { check, result } from './check.ts';

// @expect 31

function swap<T>(a: Ptr<T>, b: Ptr<T>): void {
  const saved = a[0];
  a[0] = b[0];
  b[0] = saved;
}

function larger<T extends number>(a: T, b: T): T {
  return a > b ? a : b;
}

class Link<T> {
  next: T | null;
}

class List<T> {
  first: T | null;
  count: u32;

  push(item: T, link: Ptr<Inline<Link<T>>>): void {
    link[0].next = this.first;
    this.first = item;
    this.count++;
  }

  each(visit: (item: T) => void): void {
    const first = this.first;
    if (first !== null) visit(first);
  }

  static empty<U>(list: List<U>): boolean {
    return list.first === null;
  }
}

/** A ring of N elements. */
class Ring<T, N extends number> {
  items: FixedArray<T, N>;
  head: u32;
  used: u32;

  put(item: T): boolean {
    if (this.used === this.items.length) return false;
    this.items[(this.head + this.used) % this.items.length] = item;
    this.used++;
    return true;
  }

  take(): T {
    const item = this.items[this.head];
    this.head = (this.head + 1) % this.items.length;
    this.used--;
    return item;
  }

  get<R>(map: (item: T) => R): R {
    return map(this.items[this.head]);
  }
}

interface MemoryTag {
  readonly tag: 'memory';
}
interface FileTag {
  readonly tag: 'file';
}

/** The tag takes no room, but makes two types. */
class Handle<Tag> {
  declare readonly tag: Tag;
  id: u16;
}

class Page {
  link: Inline<Link<Page>>;
  index: u16;
}

const pages = zeroed<FixedArray<Inline<Page>, 3>>();
const list = zeroed<Inline<List<Page>>>();
const bytesRing = zeroed<Inline<Ring<u8, 4>>>();
const wideRing = zeroed<Inline<Ring<u64, 2>>>();
const memory = zeroed<Inline<Handle<MemoryTag>>>();
const file = zeroed<Inline<Handle<FileTag>>>();
let visited: u32 = 0;

function idOf<Tag>(handle: Handle<Tag>): u32 {
  return handle.id;
}

function visit(page: Page): void {
  visited += page.index;
}

function fold<T, R>(items: Ptr<T>, count: u32, start: R, step: (sum: R, item: T) => R): R {
  let sum = start;
  for (let i: u32 = 0; i < count; i++) sum = step(sum, items[i]);
  return sum;
}

function identity<T>(value: T): T {
  return value;
}

function compare<T extends number>(a: T, b: T): i32 {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(compareItems: (a: u16, b: u16) => i32, a: u16, b: u16): boolean {
  return compareItems(a, b) <= 0;
}

/** Defaults may name the parameters before them. */
type Second<A, B = A> = Ptr<B>;

class Both<T, U = T, V = Ptr<U>> {
  first: T;
  second: U;
  third: V;

  size<W = U>(): u32 {
    return sizeof<W>();
  }
}

function secondSize<T, U = Ptr<T>>(_x: T): u32 {
  return sizeof<U>();
}

function takeSecond(numbers: Second<u16>): u32 {
  return numbers[2];
}

const both = zeroed<Inline<Both<u16>>>();

export function main(): u32 {
  let a: u16 = 1;
  let b: u16 = 2;
  swap(addrOf(a), addrOf(b));
  check(a === 2 && b === 1);
  let x: u64 = 1n;
  let y: u64 = 0x200000000n;
  swap<u64>(addrOf(x), addrOf(y));
  check(x === 0x200000000n && y === 1n);
  check(larger(a, 1) === 2);
  check(larger(-3, 4) === 4);
  check(larger<u8>(200, 100) === 200);
  check(larger(i32(-5), i32(3)) === 3);
  check(larger(u32(0xfffffffb), u32(3)) === 0xfffffffb);

  check(List.empty(list));
  for (let i: u32 = 0; i < 3; i++) {
    pages[i].index = u16(i + 10);
    list.push(pages[i], addrOf(pages[i].link));
  }
  check(list.count === 3 && list.first === pages[2]);
  check(pages[2].link.next === pages[1] && !List.empty(list));
  list.each(visit);
  list.each((page) => {
    visited += page.index;
  });
  check(visited === 24);

  for (let i: u8 = 1; i < 5; i++) check(bytesRing.put(i));
  check(!bytesRing.put(9));
  check(bytesRing.take() === 1 && bytesRing.take() === 2);
  check(bytesRing.put(7) && bytesRing.items[0] === 7);
  check(bytesRing.get<u32>((item) => item * 100) === 300);
  wideRing.put(5n);
  check(wideRing.take() === 5n);
  check(sizeof<Ring<u8, 4>>() === 12 && sizeof<Ring<u64, 2>>() === 24);

  memory.id = 4;
  file.id = 5;
  check(idOf(memory) * 10 + idOf(file) === 45);
  check(sizeof<Handle<FileTag>>() === 2);

  const numbers = zeroed<FixedArray<u16, 3>>();
  numbers[0] = 3;
  numbers[2] = 4;
  const sum = fold<u16, u32>(numbers, 3, 100, (total, item) => total + item);
  check(sum === 107);
  check(identity(a) === 2 && identity<boolean>(true) && identity(pages[1]) === pages[1]);
  check(takeSecond(numbers) === 4);
  both.second = 65535;
  both.third = numbers;
  check(both.second === 65535 && both.third[2] === 4 && sizeof<Both<u16>>() === 8);
  check(both.size() === 2 && both.size<u64>() === 8);
  check(secondSize(a) === 4 && secondSize<u16>(5) === 4 && secondSize<u16, u8>(5) === 1);
  const measure: (x: u64) => u32 = secondSize;
  check(measure(1n) === 4);
  check(sorted(compare, 1, 2) && !sorted(compare<u16>, 2, 1));
  return result();
}
