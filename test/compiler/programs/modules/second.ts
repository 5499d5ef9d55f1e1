/*
 * The other half of the cycle.
 */

import { BASE, quadruple, type Shared } from './first.ts';
import { Shared as SharedClass } from './first.ts';

export const COUNT = 4;
export let total: u32 = 5;

export enum Kind {
  First = BASE / 0x200,
  Last = First + 1,
}

const storage = zeroed<Inline<SharedClass>>();
export const shared: Shared = storage;

export function double(n: u32): u32 {
  return n * 2;
}

export function bump(): void {
  total += 2;
  shared.value = quadruple(3);
}
