/*
 * Integers: widths, promotion, wrapping, signedness, conversions, 64 bits.
 */

import { check, result } from './check.ts';

// @expect 80

let byte: u8 = 200;
let short: u16 = 65535;
let tiny: i8 = -100;
let word: u32 = 0xfffffff0;
let int: i32 = -17;
let wide: u64 = 0x123456789abcdef0n;
let signedWide: i64 = -5n;

function promotion(): void {
  check(byte + byte === 400);
  check(u8(byte + byte) === 144);
  byte += 100;
  check(byte === 44);
  byte -= 45;
  check(byte === 255);
  byte++;
  check(byte === 0);
  byte--;
  check(byte === 255);
  check(byte++ === 255);
  check(++byte === 1);
  short += 3;
  check(short === 2);
  tiny -= 100;
  check(tiny === 56);
  check(tiny + int === 39);
  byte = 255;
  check(byte + int === 238); // next to an i32, a u8 is an i32
  check(~byte === 0xffffff00);
  check(byte << 4 === 0xff0);
  const masked: u8 = word & 0xff;
  check(masked === 0xf0);
  const small: u16 = byte * 2;
  check(small === 510);
}

function wrapping(): void {
  check(word + 32 === 16);
  check(word * 2 === 0xffffffe0);
  word -= 0xfffffff1;
  check(word === 0xffffffff);
  let big: i32 = 0x7fffffff;
  big++;
  check(big === -0x80000000);
  check(-word === 1);
}

function signedness(): void {
  check(int / 5 === -3);
  check(int % 5 === -2);
  check(int >> 2 === -5);
  check(int >>> 28 === 15);
  check(int < 3);
  const unsigned = u32(int);
  check(unsigned > 3);
  check(unsigned / 5 === 858993455);
  check(unsigned % 10 === 9);
  check(unsigned >> 28 === 15);
  check(i32(unsigned) === -17);
  check(u32(tiny) === 56);
  tiny = -1;
  check(u32(tiny) === 0xffffffff);
  check(u16(tiny) === 65535);
  check(i16(u16(65535)) === -1);
  check(i8(u32(0x1ff)) === -1);
  check(int <= -17 && int >= -17);
}

function shifts(): void {
  let count: u32 = 33;
  check(u32(1) << count === 2); // counts are taken modulo the width
  check((word & (1 << count)) === 2);
  const bit = u32(1) << 31;
  check(bit >>> 31 === 1);
  count = 5;
  check((1 << count) - 1 === 31);
  check((word & ~(1 << count)) === 0xffffffdf);
  check(int << 1 === -34);
}

function sixtyFour(): void {
  check(wide + 1n === 0x123456789abcdef1n);
  check(u32(wide) === 0x9abcdef0);
  check(u32(wide >> 32n) === 0x12345678);
  check(wide * 3n === 0x369d0369d0369cd0n);
  check(wide / 1000n === 1311768467463790n);
  check(wide % 1000n === 320n);
  check(signedWide / 2n === -2n);
  check(signedWide % 2n === -1n);
  check(signedWide >> 1n === -3n);
  check(signedWide < 0n);
  check(i64(int) === -17n);
  check(u64(word) === 0xffffffffn);
  check(u64(int) === 0xffffffffffffffefn);
  check(u64(byte) === 255n);
  check(~wide === 0xedcba9876543210fn);
  check(-signedWide === 5n);
  wide <<= 4n;
  check(wide === 0x23456789abcdef00n);
  wide |= 7n;
  wide ^= 1n;
  check((wide & 0xffn) === 6n);
  wide++;
  check(u8(wide) === 7);
  check(u64(u32(1)) << 40n === 0x10000000000n);
  check((wide === 7n ? 1n : 2n) === 2n);
  let local: i64 = 1n;
  for (let i: u32 = 0; i < 40; i++) local *= 2n;
  check(local === 1n << 40n);
  check(pass64(local, 7, -local) === 7n);
}

function pass64(a: i64, b: u8, c: i64): i64 {
  return a + c + i64(b);
}

function mixtures(): void {
  const flag = int < 0;
  check(u32(flag) === 1);
  const either = flag ? 20 : 8;
  check(either === 20);
  word = 5;
  word += flag ? 20 : 8;
  check(word === 25);
  int = flag ? -1 : 1;
  check(int === -1);
  check((word & (flag ? 0x10 : 1)) === 16);
  check(i64(flag ? -1 : 1) === -1n && u64(flag ? 0xffffffff : 1) === 0xffffffffn);
  check(i64(~(flag ? 1 : 0)) === -2n);
  const eight: u32 = flag ? 1000 : byte;
  check(eight === 1000);
  check((flag ? -1 : byte) === -1);
  const negative: i32 = -(flag ? 5 : 4);
  check(negative === -5);
  let index: i32 = 3;
  index = index * -2;
  check(index === -6);
  check(mulHigh(0x80000000, 6) === 3);
  check(bswap(0x11223344) === 0x44332211);
  check(bsf(0x50) === 4 && bsr(0x50) === 6);
}

export function main(): u32 {
  promotion();
  wrapping();
  signedness();
  shifts();
  sixtyFour();
  mixtures();
  return result();
}
