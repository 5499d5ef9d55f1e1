/*
 * Statements: loops with labels, switch with fallthrough, conditions that short-circuit.
 */

import { check, result } from './check.ts';

// @expect 34

let calls: u32 = 0;

function yes(): boolean {
  calls++;
  return true;
}

function no(): boolean {
  calls += 10;
  return false;
}

function shortCircuit(): void {
  calls = 0;
  check(!(no() && yes()));
  check(calls === 10);
  check(yes() || no());
  check(calls === 11);
  const both = yes() && !no() && (yes() || no());
  check(both);
  check(calls === 23);
  if (!(yes() && no()) || no()) calls += 100;
  check(calls === 134);
  let flag = false;
  flag ||= yes();
  flag &&= yes();
  check(flag && calls === 136);
  flag &&= no();
  flag &&= yes();
  check(!flag && calls === 146);
}

function labels(): u32 {
  let found: u32 = 0;
  outer: for (let i: u32 = 0; i < 10; i++) {
    for (let j: u32 = 0; ; j++) {
      if (j === 5) continue outer;
      if (i === 7) break outer;
      if ((i + j) % 2 === 1) continue;
      found += i * j;
    }
  }
  skip: {
    if (found > 0) break skip;
    found = 1;
  }
  return found;
}

function loops(): void {
  let n: u32 = 0;
  do n++;
  while (n < 5);
  check(n === 5);
  while (n > 0) {
    n--;
    if (n === 2) break;
  }
  check(n === 2);
  let i: i32 = 10;
  let j: i32 = 0;
  for (; i > j; i--, j++) continue;
  check(i === 5 && j === 5);
  for (;;) {
    if (++n > 20) break;
  }
  check(n === 21);
  check(labels() === 108);
  let a: u32 = 1;
  let b: u32 = 2;
  for (let k: u32 = 0; k < 5; k++) {
    const swapped = a; // a and b change places: the phis must not be mixed up
    a = b;
    b = swapped;
  }
  check(a === 2 && b === 1);
}

const enum Kind {
  Zero,
  One,
  Two,
  Ten = 10,
  Eleven,
  Minus = -1,
}

function choose(kind: Kind): u32 {
  let sum: u32 = 0;
  switch (kind) {
    case Kind.Zero:
      return 100;
    case Kind.One:
      sum += 1;
    case Kind.Two:
      sum += 2;
      break;
    default:
      sum += 1000;
    case Kind.Minus:
      sum += 4;
      break;
    case Kind.Ten: {
      for (let i: u32 = 0; i < 3; i++) {
        if (i === 1) continue;
        sum += 20;
      }
      break;
    }
  }
  return sum;
}

function wideSwitch(value: u64): u32 {
  switch (value) {
    case 0x100000000n:
      return 1;
    case 5n:
    case 6n:
      return 2;
  }
  return 3;
}

/** What a case computes runs only if none before it was equal. */
function lazySwitch(value: u32, p: Ptr<u32> | null): u32 {
  switch (true) {
    case p === null:
      return 1;
    case p![0] === value:
      return 2;
  }
  switch (value) {
    case counted(1):
      return 3;
    case counted(5):
      return 4;
    case counted(6):
      return 5;
  }
  return 6;
}

function counted(value: u32): u32 {
  calls++;
  return value;
}

function switches(): void {
  check(lazySwitch(5, null) === 1);
  let five: u32 = 5;
  check(lazySwitch(5, addrOf(five)) === 2);
  calls = 0;
  check(lazySwitch(1, addrOf(five)) === 3 && calls === 1);
  check(choose(Kind.Zero) === 100);
  check(choose(Kind.One) === 3);
  check(choose(Kind.Two) === 2);
  check(choose(Kind.Ten) === 40);
  check(choose(Kind.Eleven) === 1004);
  check(choose(Kind.Minus) === 4);
  check(wideSwitch(0x100000000n) === 1);
  check(wideSwitch(6n) === 2);
  check(wideSwitch(0n) === 3);
  let letter: u8 = 0x62;
  let count: u32 = 0;
  for (let i: u32 = 0; i < 4; i++, letter++) {
    switch (letter) {
      case 0x62:
      case 0x64:
        continue;
    }
    count++;
  }
  check(count === 2);
}

function dead(): u32 {
  for (;;) {
    return 5;
    calls++;
  }
}

function conditional(n: u32): u32 {
  return n < 3 ? (n === 0 ? 7 : 8) : n > 10 ? n : 9;
}

let shadowed: u32 = 1;

enum Names {
  shadowed = 20,
  twice = shadowed * 2,
}

function shadows(shadowed: u32): u32 {
  let sum = shadowed; // 2
  {
    const shadowed = 30;
    sum += shadowed;
  }
  for (let shadowed: u32 = 100; shadowed < 101; shadowed++) sum += shadowed;
  return sum + shadowed;
}

export function main(): u32 {
  shadowed += shadows(2);
  check(shadowed === 135 && Names.twice === 40);
  shortCircuit();
  loops();
  switches();
  check(dead() === 5);
  check(conditional(0) === 7 && conditional(1) === 8 && conditional(5) === 9);
  check(conditional(50) === 50);
  let x: u32 = 3;
  const y = (x++, x * 2);
  check(y === 8);
  check((x !== 4) === false);
  return result();
}
