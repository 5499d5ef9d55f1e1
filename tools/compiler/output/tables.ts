/*
 * Tables that the linker makes for the program's own use.
 *
 * The exception table: pairs of addresses (from, to), sorted by `from`; a fault at `from` continues at `to`.
 *
 * The symbol table of a kernel, for backtraces. All numbers are u32, little-endian:
 *
 *   count
 *   count records { address, frameSize, name }    sorted by address, one per function
 *   the names, each ended by a zero byte          `name` counts bytes from the start of the table
 *
 * A record covers the addresses up to the next record's. `frameSize` is the distance in bytes from ESP to the return
 * address in the body of the function, that is, what its prologue pushes and subtracts; NO_FRAME (0xffffffff) for naked
 * functions. The caller's ESP is ESP + frameSize + 4. No register has to be restored to walk on: frames have a fixed
 * size, and EBP is nothing special.
 *
 * In a prologue or an epilogue the depth differs. Both can be told from the code: a prologue is pushes (one byte each, 53
 * 55 56 57) and at most one `sub esp, n`; an epilogue is `add esp, n`, then pops (58 to 5f), then `ret` (c3). The code
 * generator emits a `pop` nowhere else but after `pushfd`. So a walker that must be exact at any instruction (an
 * interrupt may hit every one) counts the pops between the program counter and a `ret`: if there is nothing else in
 * between, the return address is that many words above ESP.
 */

import type { Item } from './items.ts';
import { ByteWriter, StringTable } from './bytes.ts';

const NO_FRAME = 0xffffffff;

/** A table that must be filled when addresses are known. */
export interface GeneratedTable {
  readonly item: Item;
  readonly fill: () => void;
}

function makeItem(name: string, size: number): Item {
  return {
    name,
    size,
    align: 4,
    bytes: new Uint8Array(size),
    fixups: [],
    section: null,
    kind: 'constant',
    isExported: false,
    code: null,
    owner: null,
    address: 0,
  };
}

export function buildExceptionTable(name: string, functions: readonly Item[]): GeneratedTable {
  const count = functions.reduce((sum, { code }) => sum + code!.exceptions.length, 0);
  const item = makeItem(name, count * 8);
  const fill = (): void => {
    const pairs = functions.flatMap(({ address, code }) => {
      return code!.exceptions.map(({ from, to }) => ({ from: address + from, to: address + to }));
    });
    pairs.sort((a, b) => a.from - b.from);
    const writer = new ByteWriter();
    for (const { from, to } of pairs) {
      writer.u32(from);
      writer.u32(to);
    }
    item.bytes!.set(writer.finish());
  };
  return { item, fill };
}

export function buildSymbolTable(name: string, functions: readonly Item[]): GeneratedTable {
  const headSize = 4 + functions.length * 12;
  const names = new StringTable();
  const offsets = new Map(functions.map((fn) => [fn, headSize + names.add(fn.name)]));
  const text = names.finish();
  const item = makeItem(name, headSize + text.length);
  const fill = (): void => {
    const writer = new ByteWriter();
    writer.u32(functions.length);
    for (const fn of functions.toSorted((a, b) => a.address - b.address)) {
      writer.u32(fn.address);
      writer.u32(fn.code!.frame?.size ?? NO_FRAME);
      writer.u32(offsets.get(fn)!);
    }
    writer.bytes(text);
    item.bytes!.set(writer.finish());
  };
  return { item, fill };
}
