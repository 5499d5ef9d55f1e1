/*
 * Buffered input: lines from a descriptor.
 */

import { EINTR } from '../../abi/errno.ts';
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

/**
 * Reads a line, without its newline, ended by zero. Returns its length; -1 at the end of input. What does not fit into
 * `size` bytes is dropped.
 */
export function readLine(input: Input, target: Ptr<u8>, size: u32): i32 {
  let length: u32 = 0;
  let byte = getByte(input);
  if (byte < 0) return -1;
  while (byte >= 0 && byte !== NEWLINE) {
    if (length + 1 < size) {
      target[length] = u8(byte);
      length++;
    }
    byte = getByte(input);
  }
  target[length] = 0;
  return i32(length);
}
