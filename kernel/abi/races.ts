/*
 * The races of 1999 by number: what a build with RACE_TEST is told to open, and which test it is told to run
 * (mm/raceFlags.ts, mm/raceTest.ts). The host writes these numbers into the kernel's memory.
 */

/** None is open. */
export const RACE_NONE: u32 = 0;
export const RACE_SCAN: u32 = 1;
export const RACE_SPLIT: u32 = 2;
export const RACE_SWAPOUT: u32 = 3;
export const RACE_ENTRY: u32 = 4;
export const RACE_MLOCK: u32 = 5;
export const RACE_MOVE: u32 = 6;
export const RACE_MOVE_FLAGS: u32 = 7;
export const RACE_MERGE: u32 = 8;
export const RACE_REGION: u32 = 9;
export const RACE_RSS: u32 = 10;
export const RACE_PTRACE: u32 = 11;
export const RACE_STACK: u32 = 12;
