/*
 * One half of a cycle of imports: values one way, values the other way.
 */

import { COUNT, double } from './second.ts';

export const BASE = 0x1000;
export const PAGES = COUNT * 4;

export enum Mode {
  Fast = COUNT,
  Middle = COUNT + 1,
  Slow = COUNT + 2,
}

export class Shared {
  value: u32;
  next: Shared | null;
}

export const limits = table<u32, 3>(10, 20, COUNT * 5 + 10);

export function quadruple(n: u32): u32 {
  return double(double(n));
}
