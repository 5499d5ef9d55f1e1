/*
 * Buffered input: lines from a descriptor.
 */

import { EINTR } from '../../abi/errno.ts';
import { append, type Buffer } from './buffer.ts';
import { NEWLINE } from './characters.ts';
import { read } from './fileCalls.ts';

export class Input {
  fd: i32;
  /** Bytes in the buffer, and how many of them are consumed. */
  used: u32;
  next: u32;
  buffer: FixedArray<u8, 1024>;
}

export function initInput(input: Input, fd: i32): void {
  input.fd = fd;
  input.used = 0;
  input.next = 0;
}

/** The next byte; -1 at the end of input; or an error, negated and less 1 (so that EPERM is not taken for the end). */
export function getByte(input: Input): i32 {
  if (input.next === input.used) {
    let got: i32 = 0;
    do got = read(input.fd, input.buffer, 1024);
    while (got === -EINTR);
    if (got <= 0) return got - 1;
    input.used = u32(got);
    input.next = 0;
  }
  const byte = input.buffer[input.next];
  input.next++;
  return byte;
}

/** Reads a line of any length, without its newline, in place of what `line` holds. False at the end of input. */
export function nextLine(input: Input, line: Buffer): boolean {
  line.length = 0;
  let byte = getByte(input);
  if (byte < 0) return false;
  for (; byte >= 0 && byte !== NEWLINE; byte = getByte(input)) append(line, u32(byte));
  return true;
}
