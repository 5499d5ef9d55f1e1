/*
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): rewrites any bytes so that none of them is zero, at a
 * cost of one byte in 254. Zero then marks the ends of frames, and a receiver that lost its place finds it again at the
 * next zero.
 *
 * The coded form is a chain of groups. A group's first byte n says that n - 1 bytes follow as they are, and, unless
 * n is 255, that a zero follows those; the zero that would end the last group is not part of the data.
 *
 *   11 22 00 33   becomes   03 11 22 02 33
 *
 * Shared by guest and host: plain arithmetic alone.
 */

const LONGEST_GROUP = 255;
/** What decoding gives for bytes that are no coded form. */
export const COBS_MALFORMED: u32 = 0xffffffff;

/** Bytes that the coded form of `length` bytes takes at most. */
export function cobsBound(length: u32): u32 {
  return length + (((length + 253) / 254) >>> 0) + 1;
}

/** Writes the coded form of `source[0..length)` to `target` from `at` on. Returns the index after its last byte. */
export function cobsEncode(source: Ptr<u8>, length: u32, target: Ptr<u8>, at: u32): u32 {
  let head: u32 = at;
  let next: u32 = at + 1;
  for (let i: u32 = 0; i < length; i++) {
    const byte = source[i];
    if (byte !== 0) {
      target[next] = byte;
      next++;
    }
    if (byte === 0 || next - head === LONGEST_GROUP) {
      target[head] = (next - head) & 0xff;
      head = next;
      next++;
    }
  }
  target[head] = (next - head) & 0xff;
  return next;
}

/**
 * Decodes `data[0..length)` in place: the plain form is never longer than what has been read of the coded one.
 * Returns its length, or COBS_MALFORMED (there is a zero in it, or a group reaches over the end).
 */
export function cobsDecode(data: Ptr<u8>, length: u32): u32 {
  let from: u32 = 0;
  let to: u32 = 0;
  while (from < length) {
    const group: u32 = data[from];
    if (group === 0 || from + group > length) return COBS_MALFORMED;
    for (let i: u32 = 1; i < group; i++) {
      const byte = data[from + i];
      if (byte === 0) return COBS_MALFORMED;
      data[to] = byte;
      to++;
    }
    from += group;
    if (group !== LONGEST_GROUP && from < length) {
      data[to] = 0;
      to++;
    }
  }
  return to;
}
