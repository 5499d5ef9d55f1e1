/*
 * The end of an NMI handler.
 *
 * While a CPU handles an NMI it takes no other, until it executes an IRET: that need not be the one that ends the handler,
 * and it counts even if it faults. The machine holds NMIs back meanwhile; the global `insideNmi` asks the core to tell it of
 * the IRET, by a write to a port outside the guest's 64 Ki.
 *
 * Source: Intel SDM vol. 3A, 6.7.1 (handling multiple NMIs).
 */

import type { GlobalIndices } from './globals.ts';
import { symbols } from './layout.ts';
import { code } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

export const NMI_RETURN_PORT = 0x10002;

export function tellOfReturnFromNmi(editor: WasmModuleEditor, g: GlobalIndices): void {
  const write = code.call(editor.functionIndex(symbols.importedPortWrite32));
  editor.wrap(symbols.interruptReturn, (inner) => [
    ...[...code.globalGet(g.insideNmi), ...code.if],
    ...[...code.i32Const(NMI_RETURN_PORT), ...code.i32Const(0), ...write, code.end],
    ...[...code.localGet(0), ...code.call(inner)],
  ]);
}
