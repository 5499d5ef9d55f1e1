/*
 * Random bytes for programs: getrandom, AT_RANDOM, /dev/urandom.
 *
 * A run of the machine is a function of its inputs, and random numbers are no exception: they come from a generator that
 * is seeded at boot from the command line (`seed=N`), else from a constant. They are good for hash tables and test data, and
 * no good for secrets.
 *
 * The generator is xoshiro128** (Blackman, Vigna: "Scrambled linear pseudorandom number generators", 2021), its state filled
 * by splitmix32 steps.
 *
 * Locking. (N) randomLock: the state.
 */

import { EFAULT, EINVAL } from '../abi/errno.ts';
import { GRND_INSECURE, GRND_NONBLOCK, GRND_RANDOM } from '../abi/prctl.ts';
import { copyToUser } from '../arch/x86/userCopy.ts';
import { type Spinlock } from '../sync/spinlock.ts';

/** The class of randomLock. */
export class RandomLock {
  declare readonly lock: 'random';
}

const randomLock = zeroed<Inline<Spinlock<RandomLock>>>();
const state = zeroed<FixedArray<u32, 4>>(); // (N) never all zero once seeded

/** Begins the sequence that belongs to `seed`. */
export function seedRandom(seed: u32): void {
  randomLock.init('random');
  let word = seed;
  for (let i: u32 = 0; i < 4; i++) {
    word += 0x9e3779b9;
    let mixed = word;
    mixed = (mixed ^ (mixed >>> 16)) * 0x21f0aaad;
    mixed = (mixed ^ (mixed >>> 15)) * 0x735a2d97;
    state[i] = mixed ^ (mixed >>> 15);
  }
  if ((state[0] | state[1] | state[2] | state[3]) === 0) state[0] = 1;
}

function rotateLeft(word: u32, count: u32): u32 {
  return (word << count) | (word >>> (32 - count));
}

/** The next word. */
function randomWord(): u32 {
  using _held = randomLock.acquireIrqSave();
  const result = rotateLeft(state[1] * 5, 7) * 9;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotateLeft(state[3], 11);
  return result;
}

/** Fills memory of the kernel's. */
export function fillRandom(target: Ptr<u8>, count: u32): void {
  let word: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if ((i & 3) === 0) word = randomWord();
    target[i] = u8(word);
    word >>>= 8;
  }
}

/**
 * getrandom(buffer, count, flags): never waits. A bad address after some bytes were stored ends the call early.
 *
 * @source getrandom(2)
 */
export function sysGetrandom(address: u32, count: u32, flags: u32): i32 {
  if ((flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) !== 0) return -EINVAL;
  if ((flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
  const limit: u32 = count > 0x1ffffff ? 0x1ffffff : count;
  const chunk = uninitialized<FixedArray<u8, 256>>();
  let done: u32 = 0;
  while (done < limit) {
    const part = limit - done < 256 ? limit - done : 256;
    fillRandom(chunk, part);
    if (copyToUser(address + done, chunk, part) < 0) return done === 0 ? -EFAULT : i32(done);
    done += part;
  }
  return i32(done);
}
