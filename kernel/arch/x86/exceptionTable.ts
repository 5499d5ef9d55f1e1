/*
 * The exception table: instructions of the kernel that may fault, and where to go on when they do.
 *
 * The linker gathers it from the `.extable` directives of assembly functions (userCopy.ts, entry.ts): pairs of addresses.
 * It is short and only read after a fault that nothing else could mend, so it is searched from front to end.
 */

import { type TrapFrame } from './trapFrame.ts';

/** If the instruction that faulted has an entry, makes the frame continue there; says whether it has one. */
export function fixupException(frame: TrapFrame): boolean {
  const pairs = ptr<u32>(linkerSymbol('__exTableStart'));
  const words = (linkerSymbol('__exTableEnd') - linkerSymbol('__exTableStart')) >>> 2;
  for (let i: u32 = 0; i < words; i += 2) {
    if (pairs[i] === frame.eip) {
      frame.eip = pairs[i + 1];
      return true;
    }
  }
  return false;
}
