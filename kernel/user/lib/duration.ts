/*
 * Lengths of time as people write them.
 */

import { type Timespec } from '../../abi/time.ts';
import { DIGIT_0, DOT } from './characters.ts';
import { isDigit } from './strings.ts';

/**
 * Reads a decimal number, perhaps with digits behind a point, and a unit: s (or none), m, h or d. Returns false if it is
 * something else. Nanoseconds are the finest; more digits count for nothing.
 */
export function parseDuration(text: Ptr<u8>, result: Timespec): boolean {
  let i: u32 = 0;
  let seconds: i32 = 0;
  let nanoseconds: i32 = 0;
  let digits: u32 = 0;
  for (; isDigit(text[i]); i++, digits++) seconds = seconds * 10 + (i32(text[i]) - DIGIT_0);
  if (text[i] === DOT) {
    let unit: i32 = 100000000;
    for (i++; isDigit(text[i]); i++, digits++) {
      nanoseconds += (i32(text[i]) - DIGIT_0) * unit;
      unit = unit / 10;
    }
  }
  const scale = unitOf(text[i]);
  const whole = i64(seconds) * 1000000000n + i64(nanoseconds);
  const scaled = whole * i64(scale);
  result.tv_sec = i32(scaled / 1000000000n);
  result.tv_nsec = i32(scaled % 1000000000n);
  return digits > 0 && scale !== 0 && (text[i] === 0 || text[i + 1] === 0);
}

/** Seconds of a unit, 0 if there is none such. */
function unitOf(letter: u8): i32 {
  switch (letter) {
    case 0:
    case 0x73: // s
      return 1;
    case 0x6d: // m
      return 60;
    case 0x68: // h
      return 3600;
    case 0x64: // d
      return 86400;
    default:
      return 0;
  }
}
