/*
 * Memory that lives as long as the command that is being read and run: parsed commands and expanded words. Taking some
 * moves a mark up; `release` moves it back down, and all that was taken since is gone. Loops release after each command
 * that they run, so that their length does not matter.
 *
 * The arena is large and in .bss: pages that are never touched cost nothing.
 */

import { exit } from '../lib/crt.ts';
import { printError } from '../lib/output.ts';

const SIZE: u32 = 4194304;

class Arena {
  used: u32;
  memory: FixedArray<u8, 4194304>;
}

const arena = zeroed<Inline<Arena>>();

/** `size` bytes, cleared, aligned to 4. A shell whose arena is full gives up. */
export function take(size: u32): Ptr<u8> {
  const rounded = (size + 3) & 0xfffffffc;
  if (rounded > SIZE - arena.used) {
    printError('sh: out of memory\n');
    exit(2);
  }
  const memory = addrOf(arena.memory[arena.used]);
  arena.used += rounded;
  fillBytes(memory, 0, rounded);
  return memory;
}

/** A copy of `length` bytes, with a zero at its end. */
export function takeCopy(source: Ptr<u8>, length: u32): Ptr<u8> {
  const copy = take(length + 1);
  copyBytes(copy, source, length);
  return copy;
}

/** Where the arena stands now, for `release`. */
export function mark(): u32 {
  return arena.used;
}

/** Gives back all that was taken since `mark`. */
export function release(position: u32): void {
  arena.used = position;
}
