/*
 * What print.ts and parse.ts agree on: how names, widths and places are written in the textual form of the IR.
 *
 *   entry @boot:main
 *   constant @PAGE_SIZE = 4096
 *   struct @mm:Page size 8 align 4 {
 *     flags: u32 at 0 size 4
 *   }
 *   data @mm:table size 8 align 4 constant {
 *     bytes 0: "0100000000000000"
 *     address 4: @mm:find + 0
 *   }
 *   function @mm:find(i32, i32): i32 named find !mm.ts:3:1 {
 *     slot 0: buffer size 16 align 4
 *   b0:
 *     %0 = param 0 !3:22
 *     %1 = param 1 !3:30
 *     %2 = load u16 [%0 + 4] volatile !4:10
 *     %3 = ltU %2, %1
 *     branch %3, b1, b2
 *   b1 from b0 cold:
 *     ...
 *
 * A value is an i32 unless its definition says otherwise (`%4: i64 = ...`). Symbols begin with `@`; a name with unusual
 * characters is quoted as in JSON. `from` lists the predecessors in the order that the operands of phis have; it may be
 * left out when writing by hand. A location is `!file:line:column`, without the file where it is the function's own; in
 * inlined code the places of the calls follow, innermost first. `;` starts a comment.
 */

/** The width and signedness of a memory access or a sized intrinsic: u8 to u64, i8 to i64. */
export function accessName(size: number, signed: boolean): string {
  return `${signed ? 'i' : 'u'}${size * 8}`;
}

/** The inverse of accessName; null for any other word. */
export function parseAccess(word: string): { size: 1 | 2 | 4 | 8; signed: boolean } | null {
  const match = /^([iu])(8|16|32|64)$/.exec(word);
  if (match === null) return null;
  const size = (Number(match[2]) / 8) as 1 | 2 | 4 | 8;
  return { size, signed: match[1] === 'i' };
}

/** Names that need no quotes. */
export const plainName = /^[A-Za-z_$](?:[\w$./:<>-]*[\w$./<>-])?$/;

/** File names that need no quotes in a location. */
export const plainFile = /^[A-Za-z_./][^\s":!;]*$/;

/** The name a debugger would use, where nothing else is said: `mm/buddy:allocPages` is `allocPages`. */
export function defaultDebugName(symbol: string): string {
  return symbol.slice(symbol.lastIndexOf(':') + 1);
}

/** How functions are aligned unless they say otherwise, in bytes. */
export const defaultFunctionAlign = 16;
