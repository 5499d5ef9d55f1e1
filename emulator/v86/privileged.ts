/*
 * INVD and RDPMC, which v86 does not know: privileged instructions are general protection exceptions for programs, not
 * invalid opcodes.
 *
 * A function in front of the one that raises the exception for invalid opcodes looks at the instruction itself, which
 * stands at the previous instruction pointer. There are no caches that INVD could empty, and no counters to be read.
 *
 * Source: Intel SDM vol. 2, INVD, RDPMC.
 */

import { layout, symbols } from './layout.ts';
import { code } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

/** 0F 08 and 0F 33, as a number of 16 bits. */
const INVD = 0x080f;
const RDPMC = 0x330f;
/** The stack of the core's compiler, and room on it for a result: whether the access failed in bit 0, then the value. */
const STACK_POINTER = 0;
const RESULT_BYTES = 16;
const RESULT_VALUE = 4;

export function protectPrivileged(editor: WasmModuleEditor): void {
  const fault = [...code.i32Const(0), ...code.call(editor.functionIndex(symbols.triggerProtectionFault)), code.return];
  const move = (bytes: number) => [
    ...[...code.globalGet(STACK_POINTER), ...code.i32Const(bytes), code.i32Add, ...code.globalSet(STACK_POINTER)],
  ];
  /** Its bytes were fetched a moment ago; a failure, if there could be one, has raised its exception already. */
  const fetch = [
    ...[...move(-RESULT_BYTES), ...code.globalGet(STACK_POINTER), ...code.load32At(layout.previousInstructionPointer)],
    ...[...code.call(editor.functionIndex(symbols.read16)), ...move(RESULT_BYTES)],
  ];
  const result = (offset: number) => [
    ...[...code.globalGet(STACK_POINTER), ...code.i32Const(offset - RESULT_BYTES), code.i32Add, ...code.load32],
  ];
  const isInstruction = (opcode: number) => [...result(RESULT_VALUE), ...code.i32Const(opcode), code.i32Eq];
  editor.wrap(symbols.triggerInvalidOpcode, (inner) => [
    ...[...fetch, ...result(0), ...code.i32Const(1), code.i32And, ...code.if, code.return, code.end],
    ...[...isInstruction(RDPMC), ...code.if, ...fault, code.end],
    ...[...isInstruction(INVD), ...code.if],
    ...[...code.load8At(layout.privilegeLevel), code.i32Eqz, ...code.if, code.return, code.end, ...fault, code.end],
    ...code.call(inner),
  ]);
}
