/*
 * Functions: pointers, arrows, rest parameters, recursion, never.
 */

import { check, result } from './check.ts';

// @expect 28

type Operation = (a: u32, b: u32) => u32;

class Device {
  base: u32;
  read: ((device: Device, offset: u32) => u32) | null;
  write: (device: Device, offset: u32, value: u32) => void;
}

let last: u32 = 0;
const device = zeroed<Inline<Device>>();
let current: Operation = add;
const fixed: Operation = multiply;

function add(a: u32, b: u32): u32 {
  return a + b;
}

function multiply(a: u32, b: u32): u32 {
  return a * b;
}

/** Types and values have names of their own. */
type Twice = u16;

function Twice(x: Twice): Twice {
  return u16(x * 2);
}

function onlyFirst(a: u32): u32 {
  return a;
}

function apply(operation: Operation, a: u32, b: u32): u32 {
  return operation(a, b);
}

function readPort(of: Device, offset: u32): u32 {
  return of.base + offset;
}

/** Five words: the last two travel on the stack. */
function many(a: u8, b: i64, c: boolean, d: i16, e: string): i32 {
  return i32(a) + i32(b) + (c ? 1000 : 0) + d + i32(bytes(e)[0]);
}

function count(...args: Word[]): u32 {
  return args.length;
}

function sum(start: u32, ...args: Word[]): u32 {
  let total = start;
  for (let i: u32 = 0; i < args.length; i++) total += u32(args[i]);
  return total;
}

function forward(...args: Word[]): u32 {
  return sum(1, ...args) + total(args);
}

function total(args: Word[]): u32 {
  return args.length * 100;
}

function fibonacci(n: u32): u32 {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

function isEven(n: u32): boolean {
  return n === 0 || isOdd(n - 1);
}

function isOdd(n: u32): boolean {
  return n !== 0 && isEven(n - 1);
}

function fail(): never {
  for (;;) last = 99;
}

function mustBeSmall(n: u32): u32 {
  if (n > 100) fail();
  return n + 1;
}

function neverValue(n: u32): u32 {
  const checked: u32 = n > 100 ? fail() : n;
  return checked;
}

function setLast(value: u32): void {
  last = value;
}

function early(n: u32): void {
  if (n === 0) return;
  return setLast(n);
}

class Shape {
  side: u32;

  area(): u32 {
    return this.scaled(1);
  }

  scaled(by: u32): u32 {
    return this.side * this.side * by;
  }

  static make(side: u32, into: Shape): Shape {
    into.side = side;
    return into;
  }
}

export function main(): u32 {
  check(apply(add, 3, 4) === 7);
  check(apply(multiply, 3, 4) === 12);
  check(apply(onlyFirst, 3, 4) === 3);
  check(apply((a, b) => a - b, 10, 4) === 6);
  check(apply((a) => a * 100, 3, 4) === 300);
  check(current(1, 2) === 3);
  current = (a: u32): u32 => a + 50;
  check(current(1, 2) === 51);
  check(fixed(5, 6) === 30);
  const bias = 7; // a constant of the function around may be used
  check(apply((a) => a + bias, 1, 0) === 8);

  device.base = 0x100;
  check(device.read === null);
  device.read = readPort;
  check(device.read(device, 8) === 0x108);
  device.write = (of, offset, value) => {
    last = of.base + offset * 16 + value;
  };
  device.write(device, 2, 3);
  check(last === 0x123);
  check(u32(readPort) !== 0 && device.read === readPort);
  const castBack = as<(device: Device, offset: u32) => u32>(u32(readPort));
  check(castBack(device, 1) === 0x101);

  check(many(1, 20n, true, -300, 'A') === 786);
  check(count() === 0 && count(1, true, 'x', null) === 4);
  check(sum(5) === 5 && sum(5, 1, u8(2), device.base) === 264);
  check(sum(1, sum(2, 3, 4), sum(5, 6)) === 21);
  check(forward(10, 20, 30) === 361);

  check(fibonacci(15) === 610);
  check(Twice(0xffff) === 0xfffe);
  check(isEven(10) && !isEven(7));
  check(mustBeSmall(41) === 42);
  check(neverValue(5) === 5);
  early(0);
  check(last === 0x123);
  early(8);
  check(last === 8);
  const shape = zeroed<Inline<Shape>>();
  check(Shape.make(5, shape).area() === 25);
  check(shape.scaled(2) === 50);
  return result();
}
