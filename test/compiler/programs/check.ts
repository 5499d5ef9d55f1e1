/*
 * Shared by the test programs: counts the checks that hold. A program's result is that count, so that a check which
 * never runs is missed as well as one that fails.
 */

let passed: u32 = 0;
let failed: u32 = 0;

export function check(holds: boolean): void {
  if (holds) passed++;
  else failed++;
}

/** How many checks held; a thousand and more if one failed. */
export function result(): u32 {
  return passed + failed * 1000;
}
