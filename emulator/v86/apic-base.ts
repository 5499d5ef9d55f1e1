/*
 * The APIC base register, MSR 1Bh, as the machine has it and not as v86 does.
 *
 * RDMSR and WRMSR of this register become accesses to a port outside the guest's 64 Ki; all other registers are v86's. Values
 * with reserved bits raise the general protection exception, as any privilege but the highest does (that is left to v86).
 *
 * Source: Intel SDM vol. 3A, 11.4.4; vol. 2, RDMSR, WRMSR.
 */

import { layout, symbols } from './layout.ts';
import { code } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

export const APIC_BASE_PORT = 0x10001;

const MSR_APIC_BASE = 0x1b;
/** Bits 0 to 7, 9 and 10 (x2APIC) mean nothing here. */
const RESERVED_BITS = 0x6ff;
const EAX = layout.registers;
const ECX = layout.registers + 4;
const EDX = layout.registers + 8;

export function serveApicBase(editor: WasmModuleEditor): void {
  const isOurs = [
    ...[...code.load32At(ECX), ...code.i32Const(MSR_APIC_BASE), code.i32Eq],
    ...[...code.load8At(layout.privilegeLevel), code.i32Eqz, code.i32And],
  ];
  const read = code.call(editor.functionIndex(symbols.importedPortRead32));
  const write = code.call(editor.functionIndex(symbols.importedPortWrite32));
  const fault = code.call(editor.functionIndex(symbols.triggerProtectionFault));
  editor.wrap(symbols.readMsr, (inner) => [
    ...[...isOurs, ...code.if],
    ...[...code.i32Const(0), ...code.i32Const(APIC_BASE_PORT), ...read, ...code.store32(EAX)],
    ...[...code.i32Const(0), ...code.i32Const(0), ...code.store32(EDX)],
    ...[code.else, ...code.call(inner), code.end],
  ]);
  const reserved = [
    ...code.load32At(EAX),
    ...code.i32Const(RESERVED_BITS),
    code.i32And,
    ...code.load32At(EDX),
    code.i32Or,
  ];
  editor.wrap(symbols.writeMsr, (inner) => [
    ...[...isOurs, ...code.if],
    ...[...reserved, ...code.if, ...code.i32Const(0), ...fault],
    ...[code.else, ...code.i32Const(APIC_BASE_PORT), ...code.load32At(EAX), ...write, code.end],
    ...[code.else, ...code.call(inner), code.end],
  ]);
}
