/*
 * ENTER with a nesting level, which copies frame pointers from one place of the stack to another.
 *
 * v86 gives up when one of these accesses meets a page that is not there: any program could stop the machine by that. It
 * puts the words into the wrong places, too, and does not look whether the new top of the stack can be written, as
 * processors do.
 *
 * So a function stands in front of it. It makes the accesses' checks before anything has changed: the first that fails
 * raises the page fault, and the instruction can be begun anew when the page is there. Then it does what the manual says;
 * v86 is left with ENTER without a nesting level. Where a stack of 16 bits wraps in the middle, the checks see less than
 * the accesses; then the fault comes in the midst of the instruction, with registers that have moved, but it comes.
 *
 * Source: Intel SDM vol. 2A, ENTER.
 */

import type { GlobalIndices } from './globals.ts';
import { layout, symbols } from './layout.ts';
import { code } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

/** Parameters: the size of the frame, and the nesting level, which becomes the number of pointers still to be copied. */
const SIZE = 0;
const LEVEL = 1;
const MOST_LEVELS = 31;
/** The stack of the core's compiler, and room on it for a result: whether the access failed in bit 0, then the value. */
const STACK_POINTER = 0;
const RESULT_BYTES = 16;
const RESULT_VALUE = 4;

const SS_BASE = layout.segmentBases + 4 * 2;
const ESP = layout.registers + 4 * 4;
const EBP = layout.registers + 4 * 5;

interface OperandSize {
  readonly name: string;
  readonly read: string;
  readonly write: string;
  /** The logarithm of the bytes. */
  readonly shift: number;
}

export function editEnter(editor: WasmModuleEditor, g: GlobalIndices): void {
  const { enter16, read16, write16, enter32, read32, write32 } = symbols;
  for (const size of [
    { name: enter16, read: read16, write: write16, shift: 1 },
    { name: enter32, read: read32, write: write32, shift: 2 },
  ]) {
    editor.wrap(size.name, (inner) => [
      ...[...level, ...code.i32Const(MOST_LEVELS), code.i32And, ...code.localSet(LEVEL)],
      ...checkAccesses(editor, size),
      ...[...level, ...code.if, ...copyFrames(editor, g, size)],
      ...[code.else, ...code.localGet(SIZE), ...level, ...code.call(inner), code.end],
    ]);
  }
}

const level = code.localGet(LEVEL);
const leaveIfSo = [...code.if, code.return, code.end];

function checkAccesses(editor: WasmModuleEditor, { shift }: OperandSize): number[] {
  const bytes = (count: readonly number[]) => [...count, ...code.i32Const(shift), code.i32Shl];
  const stored = bytes([...level, ...code.i32Const(1), code.i32Add]);
  const translate = code.call(editor.functionIndex(symbols.translateRead));
  const check = code.call(editor.functionIndex(symbols.checkWritable));
  const word = code.i32Const(1 << shift);
  const leaveUnlessReadable = (distance: readonly number[]) => [
    ...reading([...below(EBP, distance), ...translate], []),
    ...leaveIfSo,
  ];
  return [
    ...[...below(ESP, word), ...word, ...check, ...leaveIfSo],
    ...[...level, ...code.i32Const(1), code.i32GtU, ...code.if],
    ...leaveUnlessReadable(word),
    ...leaveUnlessReadable(code.i32Const(1)),
    ...leaveUnlessReadable(bytes([...level, ...code.i32Const(1), code.i32Sub])),
    code.end,
    ...[...below(ESP, stored), ...stored, ...check, ...leaveIfSo],
    ...[...below(ESP, [...stored, ...code.localGet(SIZE), code.i32Add]), ...word, ...check, ...leaveIfSo],
  ];
}

function copyFrames(editor: WasmModuleEditor, g: GlobalIndices, { read, write, shift }: OperandSize): number[] {
  const word = code.i32Const(1 << shift);
  const push = (value: readonly number[]) => [
    ...[...below(ESP, word), ...value, ...code.call(editor.functionIndex(write)), ...leaveIfSo],
    ...lower(ESP, word),
  ];
  const readFrame = [...below(EBP, code.i32Const(0)), ...code.call(editor.functionIndex(read))];
  return [
    ...push(code.load32At(EBP)),
    ...[...code.load32At(ESP), ...code.globalSet(g.enteredFrame)],
    ...code.block,
    ...code.loop,
    ...[...level, ...code.i32Const(1), code.i32Sub, ...code.localTee(LEVEL), code.i32Eqz, ...code.brIf(1)],
    ...lower(EBP, word),
    ...[...reading(readFrame, code.globalSet(g.enteredValue)), ...leaveIfSo],
    ...push(code.globalGet(g.enteredValue)),
    ...[...code.br(0), code.end, code.end],
    ...push(code.globalGet(g.enteredFrame)),
    ...[...code.i32Const(EBP), ...code.globalGet(g.enteredFrame), ...(shift === 1 ? code.store16 : code.store32Here)],
    ...lower(ESP, code.localGet(SIZE)),
  ];
}

/** The linear address so many bytes below a register that points into the stack segment. */
function below(register: number, distance: readonly number[]): number[] {
  const mask = [...code.i32Const(-1), ...code.i32Const(0xffff), ...code.load8At(layout.stackIs32Bit), code.select];
  const offset = [...code.load32At(register), ...distance, code.i32Sub, ...mask, code.i32And];
  return [...offset, ...code.load32At(SS_BASE), code.i32Add];
}

/** Moves a register down; of one that points into a stack of 16 bits, the lower half. */
function lower(register: number, distance: readonly number[]): number[] {
  const value = [...code.i32Const(register), ...code.load32At(register), ...distance, code.i32Sub];
  const whole = [...code.load8At(layout.stackIs32Bit), ...code.if, ...value, ...code.store32Here];
  return [...whole, code.else, ...value, ...code.store16, code.end];
}

/** `access` puts its result where its first parameter says. Leaves behind whether it failed; `take` gets the value. */
function reading(access: readonly number[], take: readonly number[]): number[] {
  const move = (bytes: number) => [
    ...[...code.globalGet(STACK_POINTER), ...code.i32Const(bytes), code.i32Add, ...code.globalSet(STACK_POINTER)],
  ];
  const value = [...code.globalGet(STACK_POINTER), ...code.i32Const(RESULT_VALUE), code.i32Add, ...code.load32];
  return [
    ...[...move(-RESULT_BYTES), ...code.globalGet(STACK_POINTER), ...access],
    ...(take.length === 0 ? [] : [...value, ...take]),
    ...[...code.globalGet(STACK_POINTER), ...code.load32, ...code.i32Const(1), code.i32And],
    ...move(RESULT_BYTES),
  ];
}
