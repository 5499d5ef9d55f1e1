/*
 * The encoder: finds the form of an instruction that fits its operands, and writes it.
 *
 * Which form fits is a matter of bit sets: each operand belongs to some classes (an immediate 5 is an i8, s8, i16 and
 * i32), each form's operand accepts some. See forms.ts for the table, SDM volume 2, chapter 2 for ModRM and SIB.
 */

import { type CodeBuffer } from './code.ts';
import { type Form, type FormOperand, formsByMnemonic, OperandClass as C } from './forms.ts';
import {
  type FarOperand,
  formatOperand,
  type ImmediateOperand,
  type MemoryOperand,
  NONE,
  type Operand,
} from './operands.ts';

/** Prefixes that are not a matter of operands. */
export interface Prefixes {
  readonly lock?: boolean;
  readonly repeat?: 'rep' | 'repne';
  /** .code16 or .code32. */
  readonly mode?: 16 | 32;
  /** Forced by `data16` or `data32`, for instructions whose operands do not tell. */
  readonly operandSize?: 16 | 32;
}

/** No form of the instruction takes these operands. */
export class EncodingError extends Error {}

/** Of a 16-bit address the ModRM.rm code, by base + 8 * (index + 1); registers as in operands.ts. */
const rm16 = new Map<number, number>([
  [3 + 8 * 7, 0], // bx+si
  [3 + 8 * 8, 1], // bx+di
  [5 + 8 * 7, 2], // bp+si
  [5 + 8 * 8, 3], // bp+di
  [6, 4], // si
  [7, 5], // di
  [5, 6], // bp
  [3, 7], // bx
]);

const segmentPrefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** The classes that an operand belongs to. */
function classesOf(operand: Operand): number {
  switch (operand.kind) {
    case 'register':
      return operand.width === 32 ? C.R32 : operand.width === 8 ? C.R8 : C.R16;
    case 'immediate':
      return immediateClasses(operand);
    case 'memory':
      return memoryClasses(operand);
    case 'segment':
      return C.Segment;
    case 'control':
      return C.Control;
    case 'debug':
      return C.Debug;
    case 'far':
      return C.Far;
  }
}

function immediateClasses(operand: ImmediateOperand): number {
  if (operand.symbol !== null) return C.I32 | C.I16;
  const value = operand.value | 0;
  let classes: number = C.I32;
  if (value >= -32768 && value <= 65535) classes |= C.I16;
  if (value >= -128 && value <= 255) classes |= C.I8;
  if (value >= -128 && value <= 127) classes |= C.S8;
  if (value === 1) classes |= C.One;
  return classes;
}

function memoryClasses(operand: MemoryOperand): number {
  const isPlain = operand.base === NONE && operand.index === NONE && operand.slot === NONE;
  switch (operand.width) {
    case 8:
      return C.M8 | C.MAny | (isPlain ? C.PlainAddress8 : 0);
    case 16:
      return C.M16 | C.MAny | (isPlain ? C.PlainAddress16 : 0);
    case 32:
      return C.M32 | C.MAny | (isPlain ? C.PlainAddress32 : 0);
    case 48:
      return C.M48 | C.MAny;
    case 64:
      return C.M64 | C.MAny;
    default:
      return (
        C.M8 |
        C.M16 |
        C.M32 |
        C.M48 |
        C.M64 |
        C.MAny |
        (isPlain ? C.PlainAddress8 | C.PlainAddress16 | C.PlainAddress32 : 0)
      );
  }
}

function accepts(form: FormOperand, operand: Operand, classes: number): boolean {
  return (form.classes & classes) !== 0 && (form.exactly < 0 || isExactly(operand, form.exactly));
}

function isExactly(operand: Operand, number: number): boolean {
  return (operand.kind === 'register' || operand.kind === 'segment') && operand.register === number;
}

/** The best form of `mnemonic` that takes these operands; null if there is none. Virtual registers fit any register. */
export function findForm(mnemonic: string, operands: readonly Operand[]): Form | null {
  const forms = formsByMnemonic.get(mnemonic);
  if (forms === undefined) return null;
  const count = operands.length;
  const first = count > 0 ? classesOf(operands[0]!) : 0;
  const second = count > 1 ? classesOf(operands[1]!) : 0;
  const third = count > 2 ? classesOf(operands[2]!) : 0;
  for (let n = 0; n < forms.length; n++) {
    const form = forms[n]!;
    const wanted = form.operands;
    if (wanted.length !== count) continue;
    if (count > 0 && ((wanted[0]!.classes & first) === 0 || !accepts(wanted[0]!, operands[0]!, first))) continue;
    if (count > 1 && ((wanted[1]!.classes & second) === 0 || !accepts(wanted[1]!, operands[1]!, second))) continue;
    if (count > 2 && !accepts(wanted[2]!, operands[2]!, third)) continue;
    return form;
  }
  return null;
}

/** All forms that take these operands. For the assembler, which must know whether a memory operand's size is plain. */
export function findAllForms(mnemonic: string, operands: readonly Operand[]): Form[] {
  const forms = formsByMnemonic.get(mnemonic) ?? [];
  return forms.filter(
    (form) =>
      form.operands.length === operands.length &&
      form.operands.every((wanted, n) => accepts(wanted, operands[n]!, classesOf(operands[n]!))),
  );
}

/** Appends the instruction to `code`. Throws EncodingError if no form fits. */
export function encode(
  code: CodeBuffer,
  mnemonic: string,
  operands: readonly Operand[],
  prefixes: Prefixes = {},
): void {
  const form = findForm(mnemonic, operands);
  if (form === null) {
    const known = formsByMnemonic.has(mnemonic);
    const text = `${mnemonic} ${operands.map(formatOperand).join(', ')}`.trim();
    throw new EncodingError(
      known ? `no form of this instruction takes these operands: ${text}` : `unknown instruction: ${text}`,
    );
  }
  encodeForm(code, form, operands, prefixes);
}

/** Appends the instruction in the given form, which must fit the operands. */
export function encodeForm(code: CodeBuffer, form: Form, operands: readonly Operand[], prefixes: Prefixes): void {
  const mode = prefixes.mode ?? 32;
  writePrefixes(code, form, operands, prefixes, mode);
  const { opcode, opcodeAt, modrm, regAt, rmAt } = form;
  for (let n = 0; n < opcode.length - 1; n++) code.byte(opcode[n]!);
  code.byte(opcode[opcode.length - 1]! + (opcodeAt < 0 ? 0 : registerOf(operands[opcodeAt]!)));
  if (modrm !== 'none') writeModRm(code, modrm === 'register' ? registerOf(operands[regAt]!) : modrm, operands[rmAt]!);
  for (let n = 0; n < operands.length; n++)
    writeTail(code, form, form.operands[n]!, operands[n]!, prefixes.operandSize ?? mode);
}

function registerOf(operand: Operand): number {
  if (operand.kind === 'memory' || operand.kind === 'immediate' || operand.kind === 'far') return 0;
  if (operand.register > 7) throw new EncodingError(`a virtual register reached the encoder: v${operand.register}`);
  return operand.register;
}

function writePrefixes(
  code: CodeBuffer,
  form: Form,
  operands: readonly Operand[],
  prefixes: Prefixes,
  mode: 16 | 32,
): void {
  if (prefixes.lock === true) code.byte(0xf0);
  if (prefixes.repeat !== undefined) code.byte(prefixes.repeat === 'rep' ? 0xf3 : 0xf2);
  const memory = memoryAmong(operands);
  if (memory !== null) {
    if (memory.segment !== NONE) code.byte(segmentPrefixes[memory.segment]!);
    if (memory.addressSize !== mode) code.byte(0x67);
  }
  const size = form.operandSize === 0 ? (prefixes.operandSize ?? mode) : form.operandSize;
  if (size !== mode) code.byte(0x66);
}

function memoryAmong(operands: readonly Operand[]): MemoryOperand | null {
  for (let n = 0; n < operands.length; n++) {
    const operand = operands[n]!;
    if (operand.kind === 'memory') return operand;
  }
  return null;
}

/** What follows ModRM: immediates, plain addresses, jump targets of `size` bits. */
function writeTail(code: CodeBuffer, form: Form, wanted: FormOperand, operand: Operand, size: 16 | 32): void {
  switch (wanted.use) {
    case 'immediate':
      writeImmediate(code, operand as ImmediateOperand, form.immediateSize);
      break;
    case 'address': {
      const memory = operand as MemoryOperand;
      writeAbsolute(code, memory.symbol, memory.displacement, memory.addressSize);
      break;
    }
    case 'relative':
      writeRelative(code, operand as ImmediateOperand, size);
      break;
    case 'far': {
      const far = operand as FarOperand;
      writeAbsolute(code, far.offset.symbol, far.offset.value, size);
      writeAbsolute(code, far.selector.symbol, far.selector.value, 16);
      break;
    }
    default:
      break;
  }
}

function writeImmediate(code: CodeBuffer, operand: ImmediateOperand, size: number): void {
  if (size === 1) code.byte(operand.value & 0xff);
  else writeAbsolute(code, operand.symbol, operand.value, size === 2 ? 16 : 32);
}

function writeAbsolute(code: CodeBuffer, symbol: string | null, value: number, width: 16 | 32): void {
  if (symbol !== null) code.fixup(width === 16 ? 'abs16' : 'abs32', symbol, value);
  const bytes = symbol === null ? value : 0;
  if (width === 16) code.word(bytes & 0xffff);
  else code.long(bytes);
}

function writeRelative(code: CodeBuffer, operand: ImmediateOperand, mode: 16 | 32): void {
  if (operand.symbol === null) throw new EncodingError('a jump needs a symbol or a label as its target');
  const size = mode / 8;
  code.fixup(mode === 16 ? 'rel16' : 'rel32', operand.symbol, operand.value - size);
  if (mode === 16) code.word(0);
  else code.long(0);
}

function writeModRm(code: CodeBuffer, reg: number, rm: Operand): void {
  if (rm.kind !== 'memory') {
    code.byte(0xc0 | (reg << 3) | registerOf(rm));
    return;
  }
  if (rm.base > 7 || rm.index > 7) throw new EncodingError('a virtual register reached the encoder');
  if (rm.slot !== NONE) throw new EncodingError('a frame slot reached the encoder');
  if (rm.addressSize === 16) writeAddress16(code, reg << 3, rm);
  else writeAddress32(code, reg << 3, rm);
}

function writeAddress16(code: CodeBuffer, reg: number, operand: MemoryOperand): void {
  if (operand.base === NONE && operand.index === NONE) {
    code.byte(reg | 6);
    writeAbsolute(code, operand.symbol, operand.displacement, 16);
    return;
  }
  const rm =
    rm16.get(operand.base + 8 * (operand.index + 1)) ?? rm16.get(operand.index + 8 * (operand.base + 1)) ?? undefined;
  if (rm === undefined || operand.scale !== 1) {
    throw new EncodingError('a 16-bit address is one of bx, bp plus one of si, di plus a displacement');
  }
  const displacement = operand.displacement;
  if (operand.symbol === null && displacement === 0 && rm !== 6) code.byte(reg | rm);
  else if (operand.symbol === null && displacement >= -128 && displacement <= 127) {
    code.byte(0x40 | reg | rm);
    code.byte(displacement & 0xff);
  } else {
    code.byte(0x80 | reg | rm);
    writeAbsolute(code, operand.symbol, displacement, 16);
  }
}

function writeAddress32(code: CodeBuffer, reg: number, operand: MemoryOperand): void {
  let { base, index, scale } = operand;
  // [x*2] costs four bytes of displacement that [x+x] does not need.
  if (base === NONE && index !== NONE && scale <= 2) {
    base = index;
    if (scale === 1) index = NONE;
    scale = 1;
  }
  if (index === 4) {
    if (scale !== 1 || base === 4) throw new EncodingError('esp cannot be scaled');
    [base, index] = [index, base];
  }
  const { displacement, symbol } = operand;
  if (base === NONE) {
    code.byte(reg | (index === NONE ? 5 : 4));
    if (index !== NONE) code.byte((log2(scale) << 6) | (index << 3) | 5);
    writeAbsolute(code, symbol, displacement, 32);
    return;
  }
  const mode =
    symbol !== null || displacement < -128 || displacement > 127 ? 0x80 : displacement !== 0 || base === 5 ? 0x40 : 0;
  const needsSib = index !== NONE || base === 4;
  code.byte(mode | reg | (needsSib ? 4 : base));
  if (needsSib) code.byte((log2(scale) << 6) | ((index === NONE ? 4 : index) << 3) | base);
  if (mode === 0x80) writeAbsolute(code, symbol, displacement, 32);
  else if (mode === 0x40) code.byte(displacement & 0xff);
}

function log2(scale: number): number {
  return scale === 8 ? 3 : scale >> 1;
}
