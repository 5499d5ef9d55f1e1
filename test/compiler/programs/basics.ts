/*
 * Integers, loops, structs, globals, calls.
 */

// @expect 3995457

class Point {
  x: i32;
  y: i32;
  next: Point | null;
}

class Counter {
  lock: Inline<Point>;
  hits: u16;
  flags: u8;

  bump(by: u32): u32 {
    this.hits += by;
    return this.hits;
  }
}

let total: u32 = 0;
const counter = zeroed<Inline<Counter>>();
const squares = table<u8, 5>(0, 1, 4, 9, 16);

function sum(limit: u32): u32 {
  let result: u32 = 0;
  for (let i: u32 = 0; i < limit; i++) {
    if (i % 3 === 0 || i % 5 === 0) continue;
    result += i;
  }
  return result;
}

function chain(count: u32): i32 {
  const first = zeroed<Inline<Point>>();
  const second = zeroed<Inline<Point>>();
  first.x = 3;
  second.x = -7;
  first.next = second;
  let n: i32 = 0;
  for (let at: Point | null = first; at !== null; at = at.next) n += at.x * i32(count);
  return n;
}

export function main(): u32 {
  total = sum(1000);
  counter.bump(65535);
  total += counter.bump(7);
  total += squares[3];
  total += u32(-chain(4));
  return total * 15 + 12;
}
