/*
 * WebAssembly instructions as bytes: just enough of an assembler to write edits that can be read, and the lengths of
 * instructions, to walk over code that another compiler produced.
 *
 * v86's core comes from a linker that pads indices to five bytes. `index5` writes that form, so that a search text looks
 * like what is in the file.
 *
 * Source: WebAssembly Core Specification 2.0, section 5.4 (instructions).
 */

/** LEB128 of a non-negative integer below 2^32. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; rest >>= 7) {
    const low = rest & 0x7f;
    if ((rest >> 6 === 0 && (low & 0x40) === 0) || (rest >> 6 === -1 && (low & 0x40) !== 0)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** LEB128 in exactly five bytes, as linkers write what they relocate. */
export function index5(value: number): number[] {
  return [0, 7, 14, 21].map((shift) => ((value >>> shift) & 0x7f) | 0x80).concat(value >>> 28);
}

export const code = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  if: [0x04, 0x40],
  /** An `if` that gives an i32. */
  ifValue: [0x04, 0x7f],
  else: 0x05,
  end: 0x0b,
  unreachable: 0x00,
  nop: 0x01,
  drop: 0x1a,
  select: 0x1b,
  return: 0x0f,
  br: (depth: number) => [0x0c, ...unsigned(depth)],
  brIf: (depth: number) => [0x0d, ...unsigned(depth)],
  call: (index: number) => [0x10, ...unsigned(index)],
  localGet: (index: number) => [0x20, ...unsigned(index)],
  localSet: (index: number) => [0x21, ...unsigned(index)],
  localTee: (index: number) => [0x22, ...unsigned(index)],
  globalGet: (index: number) => [0x23, ...unsigned(index)],
  globalSet: (index: number) => [0x24, ...unsigned(index)],
  i32Const: (value: number) => [0x41, ...signed(value)],
  /** i32.load from a constant address. */
  load32At: (address: number) => [0x41, 0, 0x28, 2, ...unsigned(address)],
  /** The second half of an i32.store to a constant address; the first half is `i32Const(0)`, then the value. */
  store32: (address: number) => [0x36, 2, ...unsigned(address)],
  /** i32.load8_u from a constant address. */
  load8At: (address: number) => [0x41, 0, 0x2d, 0, ...unsigned(address)],
  load32: [0x28, 2, 0],
  load8: [0x2d, 0, 0],
  store32Here: [0x36, 2, 0],
  store16: [0x3b, 1, 0],
  store8: [0x3a, 0, 0],
  /** From the second address on the stack to the first, so many bytes as the third value says. */
  memoryCopy: [0xfc, 0x0a, 0, 0],
  f64Zero: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32LeS: 0x4c,
  i32LeU: 0x4d,
  i32GeS: 0x4e,
  i32GeU: 0x4f,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
  i32Shl: 0x74,
  i32ShrU: 0x76,
} as const;

/** The position after the instruction at `at`. Throws on an instruction that is not in the MVP, bulk or SIMD sets. */
export function nextInstruction(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at]!;
  const next = at + 1;
  if (opcode >= 0x02 && opcode <= 0x04) return skipLeb(bytes, next); // block type
  if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) return skipLeb(bytes, next);
  if (opcode === 0x0e) {
    let position = next;
    const start = position;
    position = skipLeb(bytes, position);
    for (let left = readUnsigned(bytes, start) + 1; left > 0; left--) position = skipLeb(bytes, position);
    return position;
  }
  if (opcode === 0x11) return skipLeb(bytes, skipLeb(bytes, next));
  if (opcode >= 0x20 && opcode <= 0x24) return skipLeb(bytes, next);
  if (opcode >= 0x28 && opcode <= 0x3e) return skipLeb(bytes, skipLeb(bytes, next)); // alignment, offset
  if (opcode === 0x3f || opcode === 0x40) return next + 1;
  if (opcode === 0x41 || opcode === 0x42) return skipLeb(bytes, next);
  if (opcode === 0x43) return next + 4;
  if (opcode === 0x44) return next + 8;
  if (opcode === 0xfc) return skipLeb(bytes, next); // saturating truncations only; they have no immediates
  if (opcode === 0xfd) return skipSimd(bytes, next);
  if (opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f) return next;
  if (opcode === 0x1a || opcode === 0x1b || (opcode >= 0x45 && opcode <= 0xc4)) return next;
  throw new Error(`WebAssembly opcode 0x${opcode.toString(16)} at ${at} is not known here`);
}

/** The labels of the br_table at `at`, the default included. */
export function branchTargets(bytes: Uint8Array, at: number): number[] {
  const targets: number[] = [];
  let position = skipLeb(bytes, at + 1);
  for (let left = readUnsigned(bytes, at + 1) + 1; left > 0; left--) {
    targets.push(readUnsigned(bytes, position));
    position = skipLeb(bytes, position);
  }
  return targets;
}

/** The unsigned LEB128 at `at`. */
export function readUnsigned(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let shift = 0, position = at; ; shift += 7, position++) {
    const byte = bytes[position]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

function skipSimd(bytes: Uint8Array, at: number): number {
  const opcode = readUnsigned(bytes, at);
  const next = skipLeb(bytes, at);
  if (opcode <= 11 || opcode === 92 || opcode === 93) return skipLeb(bytes, skipLeb(bytes, next));
  if (opcode === 12 || opcode === 13) return next + 16; // v128.const, shuffle
  if (opcode >= 21 && opcode <= 34) return next + 1; // lane index
  if (opcode >= 84 && opcode <= 91) return skipLeb(bytes, skipLeb(bytes, next)) + 1;
  return next;
}

/** The position after the LEB128 at `at`. */
export function skipLeb(bytes: Uint8Array, at: number): number {
  let position = at;
  while (bytes[position]! >= 0x80) position++;
  return position + 1;
}
