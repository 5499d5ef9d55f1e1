/*
 * Scope exit: `using` with release functions, dispose methods, witnesses that may be null, on every way out.
 */

import { check, result } from './check.ts';

// @expect 30

interface SpinTag {
  readonly tag: 'spin';
}
interface OtherTag {
  readonly tag: 'other';
}

/** What happened, one decimal digit each. */
let log: u32 = 0;

function note(digit: u32): void {
  log = log * 10 + digit;
}

class Lock<L> {
  depth: u32;
  id: u32;

  /** @releasedBy release */
  acquire(): Held<L> {
    this.depth++;
    note(this.id);
    return witness<L>();
  }

  /** @releasedBy release */
  tryAcquire(): Held<L> | null {
    if (this.depth > 0) return null;
    return this.acquire();
  }

  release(): void {
    this.depth--;
    note(this.id + 5);
  }
}

/** @releasedBy leave */
function enter(level: u32, _by: Held<SpinTag>, factor: u32): Held<OtherTag> {
  note(level * factor);
  return witness<OtherTag>();
}

function leave(level: u32): void {
  note(level);
}

class Guard {
  digit: u32;

  [Symbol.dispose](): void {
    note(this.digit);
  }
}

const first = zeroed<Inline<Lock<SpinTag>>>();
const second = zeroed<Inline<Lock<SpinTag>>>();
const guard = zeroed<Inline<Guard>>();

function guarded(digit: u32): Guard {
  guard.digit = digit;
  return guard;
}

function maybeGuard(digit: u32): Guard | null {
  return digit === 0 ? null : guarded(digit);
}

function needsLock(n: u32, _held: Held<SpinTag>, m: u32): u32 {
  return n * 10 + m;
}

function either(_held: Held<SpinTag> | Held<OtherTag>): u32 {
  return 3;
}

function simple(): u32 {
  using held = first.acquire();
  return needsLock(log, held, either(held));
}

function nested(): void {
  using held = first.acquire();
  {
    using _inner = second.acquire();
    note(9);
  }
  using _level = enter(3, held, 1);
  note(4);
}

function loop(): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < 5; i++) {
    using _held = first.acquire();
    if (i === 0) continue;
    if (i === 2) break;
    count++;
  }
  return count;
}

function outOfTwo(stop: boolean): u32 {
  outer: for (;;) {
    using _a = first.acquire();
    for (;;) {
      using _b = second.acquire();
      if (stop) break outer;
      return 1;
    }
  }
  note(4);
  return 2;
}

function attempt(): boolean {
  using held = first.tryAcquire();
  if (held === null) return false;
  return needsLock(1, held, 1) === 11;
}

function ordered(isFirst: boolean): void {
  using _a = isFirst ? first.acquire() : second.acquire();
  note(4);
}

function orderedTry(isFirst: boolean, mayLock: boolean): boolean {
  using held = isFirst ? first.tryAcquire() : mayLock ? second.acquire() : null;
  return held !== null;
}

function disposing(): void {
  using kept = guarded(8);
  kept.digit--;
  note(1);
}

function disposingMaybe(digit: u32): void {
  using _kept = maybeGuard(digit);
  note(1);
}

function explicit(): u32 {
  const held = first.acquire();
  const n = needsLock(7, held, 0);
  first.release();
  return n;
}

function logged(expected: u32): boolean {
  const same = log === expected;
  log = 0;
  return same;
}

export function main(): u32 {
  first.id = 1;
  second.id = 2;
  check(simple() === 13);
  check(logged(16));
  nested();
  check(logged(12973436));
  check(loop() === 1);
  check(logged(161616));
  check(outOfTwo(true) === 2);
  check(logged(12764));
  check(outOfTwo(false) === 1);
  check(logged(1276));
  check(attempt());
  check(logged(16));
  first.depth = 1;
  check(!attempt());
  check(logged(0));
  first.depth = 0;
  ordered(true);
  check(logged(146));
  ordered(false);
  check(logged(247));
  check(orderedTry(true, true));
  check(logged(16));
  first.depth = 1;
  check(!orderedTry(true, true));
  check(logged(0));
  first.depth = 0;
  check(orderedTry(false, true));
  check(logged(27));
  check(!orderedTry(false, false));
  check(logged(0));
  disposing();
  check(logged(17));
  disposingMaybe(0);
  check(logged(1));
  disposingMaybe(3);
  check(logged(13));
  check(explicit() === 70);
  check(logged(16));
  check(first.depth === 0 && second.depth === 0);
  check(sizeof<Held<SpinTag>>() === 0);
  return result();
}
