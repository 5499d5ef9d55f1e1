/*
 * What IRET does beyond what v86 makes of it: it ends the handling of an NMI, and it faults.
 *
 * While a CPU handles an NMI it takes no other, until it executes an IRET: that need not be the one that ends the handler,
 * and it counts even if it faults. The machine holds NMIs back meanwhile; the global `insideNmi` asks the core to tell it of
 * the IRET, by a write to a port outside the guest's 64 Ki.
 *
 * For a code segment to which there is no return (the selector is null, or beyond the table; the segment is not executable,
 * more privileged, or not present), v86 gives up; a processor raises an exception, which kernels use to end programs.
 *
 * Source: Intel SDM vol. 3A, 6.7.1 (handling multiple NMIs); vol. 2, IRET.
 */

import type { GlobalIndices } from './globals.ts';
import { symbols } from './layout.ts';
import { code, index5 } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

export const NMI_RETURN_PORT = 0x10002;

/** Locals of the function: its frame on the stack of the core's compiler, and the selector from the guest's stack. */
const FRAME = 1;
const FRAME_BYTES = 176;
const SELECTOR = 3;
const STACK_POINTER = 0;
/** Where v86 keeps the words "not present", and the place in its source that goes with them. */
const NOT_PRESENT = { text: 24380, length: 0x17, place: 24392 };

export function editInterruptReturn(editor: WasmModuleEditor, g: GlobalIndices): void {
  raiseFaults(editor);
  const write = code.call(editor.functionIndex(symbols.importedPortWrite32));
  editor.wrap(symbols.interruptReturn, (inner) => [
    ...[...code.globalGet(g.insideNmi), ...code.if],
    ...[...code.i32Const(NMI_RETURN_PORT), ...code.i32Const(0), ...write, code.end],
    ...[...code.localGet(0), ...code.call(inner)],
  ]);
}

/** All places at which the function panics come before it has changed anything. */
function raiseFaults(editor: WasmModuleEditor): void {
  const panic = [0x10, ...index5(editor.functionIndex(symbols.panic)), code.unreachable];
  const fault = (trigger: string) => [
    ...[...code.localGet(SELECTOR), ...code.i32Const(0xfffc), code.i32And],
    ...code.call(editor.functionIndex(trigger)),
    ...[...code.localGet(FRAME), ...code.i32Const(FRAME_BYTES), code.i32Add, ...code.globalSet(STACK_POINTER)],
    code.return,
  ];
  const constant = (value: number) => [0x41, ...index5(value)];
  editor.edit(
    symbols.interruptReturn,
    'a segment that is not present',
    [...constant(NOT_PRESENT.text), 0x41, NOT_PRESENT.length, ...constant(NOT_PRESENT.place), ...panic],
    fault(symbols.triggerNotPresent),
  );
  const dropMessage = [code.drop, code.drop, code.drop];
  const protectionFault = [...dropMessage, ...fault(symbols.triggerProtectionFault)];
  editor.edit(symbols.interruptReturn, 'a segment of the wrong kind', panic, protectionFault, 6);
}
