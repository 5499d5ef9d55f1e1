/*
 * Structs: layout, embedding, arrays, statics, methods, copies, addresses.
 */

import { check, result } from './check.ts';

// @expect 45

class Lock {
  word: Volatile<u32>;
  owner: u8;

  take(by: u8): boolean {
    if (this.word !== 0) return false;
    this.word = 1;
    this.owner = by;
    return true;
  }
}

enum State {
  Free,
  Busy = 4,
}

class Item {
  declare phantom: Lock;
  small: u8;
  time: u64;
  state: State;
  ready: boolean;
  lock: Inline<Lock>;
  grid: FixedArray<FixedArray<u16, 3>, 2>;
  locks: FixedArray<Inline<Lock>, 2>;
  next: Item | null;
  name: string;
  readonly handler: (value: u32) => u32;
}

/** @packed */
class Packed {
  a: u8;
  b: u32;
  c: u16;
}

/** @align 64 */
class Line {
  a: u8;
  /** @align 8 */
  b: u8;
}

class Registry {
  static count: u32 = 3;
  static readonly LIMIT: u32 = 7;
  static spare: Item | null = null;

  static add(n: u32): u32 {
    Registry.count += n;
    return Registry.count;
  }
}

const items = zeroed<FixedArray<Inline<Item>, 4>>();
const single = zeroed<Inline<Item>>();
let head: Item | null = null;
let second: Ptr<u32> = addrOf(Registry.count);
const names = table<string, 2>('one', 'two');
const matrix = table<FixedArray<u8, 2>, 3>(table<u8, 2>(1, 2), table<u8, 2>(3, 4), table<u8, 2>(5, 6));

function twice(value: u32): u32 {
  return value * 2;
}

const handlers = table<(value: u32) => u32, 2>(twice, (value: u32): u32 => value + 1);

function layout(): void {
  check(sizeof<Lock>() === 8);
  check(offsetof<Item>('time') === 4 && offsetof<Item>('state') === 12);
  check(offsetof<Item>('ready') === 16 && offsetof<Item>('lock') === 20);
  check(offsetof<Item>('grid') === 28 && offsetof<Item>('locks') === 40);
  check(sizeof<Item>() === 68);
  check(sizeof<Packed>() === 7 && offsetof<Packed>('c') === 5);
  check(sizeof<Line>() === 64 && offsetof<Line>('b') === 8);
  check(sizeof<u16>() === 2 && sizeof<Ptr<u8>>() === 4 && sizeof<FixedArray<Inline<Lock>, 3>>() === 24);
}

function fields(): void {
  const item = items[2];
  item.small = 250;
  item.time = 0x1_0000_0001n;
  item.state = State.Busy;
  item.ready = true;
  item.grid[1][2] = 77;
  item.locks[1].owner = 9;
  item.name = 'name';
  check(items[2].small === 250 && items[2].time === 0x100000001n);
  check(items[2].state === State.Busy && items[2].ready);
  item.small += 10;
  check(item.small === 4);
  let row: u32 = 1;
  let column: u32 = 2;
  check(item.grid[row][column] === 77);
  check(ptr<u16>(item.grid)[5] === 77);
  check(item.locks[row].owner === 9);
  check(u32(item) - u32(items) === 136);
  check(item.grid.length === 2 && item.grid[0].length === 3);
  check(bytes(item.name)[0] === 0x6e && item.name === 'name');
  check(item.lock.take(3));
  check(!item.lock.take(4));
  check(item.lock.owner === 3);
  const lock = item.lock;
  check(u32(addrOf(lock)) === u32(item) + 20);
  check(u32(lock) === u32(item) + 20);
}

function lists(): void {
  for (let i: u32 = 0; i < 4; i++) {
    items[i].next = head;
    items[i].small = u8(i + 1);
    head = items[i];
  }
  let sum: u32 = 0;
  for (let at = head; at !== null; at = at.next) sum = sum * 10 + at.small;
  check(sum === 4321);
  head!.next!.next = null;
  check(head!.next!.small === 3);
  const other = head ?? single;
  check(other === items[3]);
  const chosen: Item = Registry.spare ?? single;
  check(chosen === single);
  Registry.spare ??= items[1];
  Registry.spare ??= items[2];
  check(Registry.spare === items[1]);
}

function pointers(): void {
  let value: u32 = 5;
  const where = addrOf(value);
  where[0] = 6;
  value++;
  check(where[0] === 7 && value === 7);
  const bytesOf = ptr<u8>(where);
  bytesOf[1] = 1;
  check(value === 263);
  second[0] = 11;
  check(Registry.count === 11);
  const array = zeroed<FixedArray<u32, 10>>();
  for (let i: u32 = 0; i < array.length; i++) array[i] = i * i;
  let p: Ptr<u32> = array;
  p = p.add(4);
  check(p[0] === 16 && p[-1] === 9 && p.add(2)[1] === 49);
  check(p > array && addrOf(array[3]) < p);
  const cell = addrOf(array[9]);
  cell[0]++;
  cell[0] *= 2;
  check(array[9] === 164);
  let pointerVariable: Item | null = null;
  const place = addrOf<Item | null>(pointerVariable);
  place[0] = single;
  check(pointerVariable === single);
}

function copies(): void {
  const a = zeroed<Inline<Item>>();
  assign(a, items[2]);
  check(a.time === items[2].time && a.grid[1][2] === 77 && a.name === 'name');
  const small = zeroed<Inline<Lock>>();
  small.owner = 5;
  assign(items[0].lock, small);
  check(items[0].lock.owner === 5);
  const again = uninitialized<Inline<Packed>>();
  again.b = 0x01020304;
  again.c = 0xffff;
  const copy: Inline<Packed> = uninitialized();
  assign(copy, again);
  check(copy.b === 0x01020304 && copy.c === 0xffff);
}

function statics(): void {
  check(Registry.add(4) === 15);
  check(Registry.LIMIT === 7);
  check(names[1] === 'two' && bytes(names[0])[2] === 0x65);
  check(matrix[2][1] === 6 && matrix[0][0] === 1);
  let i: u32 = 1;
  check(matrix[i][i] === 4);
  check(handlers[0](21) === 42 && handlers[i](21) === 22);
  const chosen = as<Item>(u32(single));
  check(chosen === single);
  check(asOrNull<Item>(0) === null);
}

export function main(): u32 {
  layout();
  fields();
  lists();
  pointers();
  copies();
  statics();
  return result();
}
