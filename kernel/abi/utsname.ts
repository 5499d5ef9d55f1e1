/*
 * What uname gives: six strings of 65 bytes each, ended by zero.
 *
 * @source the Linux i386 ABI (linux/utsname.h, struct new_utsname).
 */

/** Bytes of one string, its zero included. */
export const UTS_LENGTH = 65;

/** Of the older forms: strings in all, and bytes of one in the oldest. */
export const OLD_STRINGS = 5;
export const OLDEST_LENGTH = 9;

export class Utsname {
  sysname: FixedArray<u8, 65>;
  nodename: FixedArray<u8, 65>;
  release: FixedArray<u8, 65>;
  version: FixedArray<u8, 65>;
  machine: FixedArray<u8, 65>;
  domainname: FixedArray<u8, 65>;
}
