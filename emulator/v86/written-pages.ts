/*
 * Which pages of RAM were written.
 *
 * v86 must know of every write to a page from which it compiled code: such pages have a bit in their TLB entries that sends
 * writes the slow way, to the function `noteWrite`; everything that writes without the TLB (the walk that sets accessed and
 * dirty bits, DMA, the host) calls it in any case. We use the same road. A table has a byte for each page of RAM: 0, the
 * page has not been written since the table was cleared; 1, it may have been. As long as it is 0, the page is treated as if
 * there were code in it:
 *
 *   the TLB is filled             the bit is set if there is code in the page, or its byte is 0
 *   noteWrite                     the byte becomes 1, and the bit is taken out of the TLB
 *   the table is cleared          whoever does it sets the bit in all TLB entries (core-state.ts)
 *
 * So the first write to a page is slow and all others are as fast as ever; nothing of it can be seen by the guest; and what
 * is noted is complete for the same reason for which v86 never runs stale code.
 *
 * The table's address is in the global `writtenPages`; 0 means that there is none yet.
 */

import type { GlobalIndices } from './globals.ts';
import { layout, symbols } from './layout.ts';
import { code, index5 } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

const PAGE_SHIFT = code.i32Const(12);
const HAS_CODE_SHIFT = code.i32Const(5);

export function noteWrittenPages(editor: WasmModuleEditor, g: GlobalIndices): void {
  const [CONTEXT, PAGE] = [0, 1];
  const byte = [...code.globalGet(g.writtenPages), ...code.localGet(PAGE), code.i32Add];
  editor.wrap(symbols.noteWrite, (inner) => [
    ...[...code.globalGet(g.writtenPages), ...code.if],
    ...[
      ...code.localGet(PAGE),
      ...code.load32At(layout.memorySize),
      ...PAGE_SHIFT,
      code.i32ShrU,
      code.i32LtU,
      ...code.if,
    ],
    ...[...byte, ...code.load8, code.i32Eqz, ...code.if],
    ...[...byte, ...code.i32Const(1), ...code.store8],
    ...[...code.localGet(PAGE), ...code.i32Const(0), ...code.call(editor.functionIndex(symbols.setHasCode))],
    ...[code.end, code.end, code.end],
    ...[...code.localGet(CONTEXT), ...code.localGet(PAGE), ...code.call(inner)],
  ]);

  // Where the walk puts an entry together, local 2 is the page's physical address, 3 the bit for code, 9 is not 0 for the
  // memory of devices, which is not in the table.
  const bits = [...code.localGet(9), code.i32Or, ...code.localGet(3), code.i32Or];
  const address = [...code.localGet(2), ...code.i32Const(0), 0x28, 2, ...index5(layout.ramBase)];
  const isUnwritten = [
    ...[...code.globalGet(g.writtenPages), ...code.localGet(2), ...PAGE_SHIFT, code.i32ShrU, code.i32Add],
    ...[...code.load8, code.i32Eqz, ...HAS_CODE_SHIFT, code.i32Shl],
  ];
  editor.edit(
    symbols.walkPages,
    'the bits of a TLB entry',
    [...bits, ...address],
    [
      ...bits,
      ...[...code.globalGet(g.writtenPages), code.i32Eqz, ...code.localGet(9), code.i32Or, ...code.ifValue],
      ...[...code.i32Const(0), code.else, ...isUnwritten, code.end, code.i32Or],
      ...address,
    ],
  );
}
