/*
 * The kernel's own symbol table: from an address to a name, and to the size of a function's frame.
 *
 * The linker puts it between __symbolTableStart and __symbolTableEnd (tools/compiler/output describes it as well):
 *
 *   u32 count
 *   count times { u32 address, u32 frameSize, u32 name }    by address; `name` counts from the start of the table
 *   the names, each ended by a zero byte
 *
 * frameSize is the distance from ESP, once the prologue has run, to the return address; NO_FRAME for assembly functions,
 * which may do as they please.
 */

/** `frameSize` of a function whose frame nobody knows. */
export const NO_FRAME: u32 = 0xffffffff;

export class KernelSymbol {
  address: u32;
  frameSize: u32;
  name: u32;
}

/** Is this an address in the kernel's code? */
export function isKernelText(address: u32): boolean {
  return address >= linkerSymbol('__textStart') && address < linkerSymbol('__textEnd');
}

/** The function that contains `address`; null if it is none of the kernel's. */
export function findSymbol(address: u32): KernelSymbol | null {
  if (!isKernelText(address)) return null;
  const start = linkerSymbol('__symbolTableStart');
  if (start === linkerSymbol('__symbolTableEnd')) return null;
  const symbols = ptr<Inline<KernelSymbol>>(start + 4);
  let low: u32 = 0;
  let high = ptr<u32>(start)[0];
  if (high === 0 || address < symbols[0].address) return null;
  // Invariant: symbols[low].address <= address < symbols[high].address, if there is one.
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (symbols[middle].address <= address) low = middle;
    else high = middle;
  }
  return symbols[low];
}

export function symbolName(symbol: KernelSymbol): Ptr<u8> {
  return ptr<u8>(linkerSymbol('__symbolTableStart') + symbol.name);
}
