/*
 * Functions that are added to v86's core, so that what happens at each change of CPU, and around each quantum, takes one
 * call each. With slices of one instruction that is most of the work: every call into the core, and every look at one of its
 * globals from outside, takes as long as interpreting an instruction.
 *
 *   save_cpu(at)             copies the state of the CPU to memory at `at`: its block, in which the arithmetic flags are
 *                            computed, and behind it the TSC offset
 *   load_cpu(at, identity)   makes the core go on as the CPU whose state is at `at`, which CPUID shows with `identity`. What
 *                            all CPUs share stays as it is
 *   run_quantum(n)           runs up to `n` instructions; tells how it ended, in the bits ENDED_...
 */

import type { GlobalIndices } from './globals.ts';
import { layout, symbols } from './layout.ts';
import { resumePointSlot } from './resume-points.ts';
import { code, index5 } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

/** Results of run_quantum: PAUSE was executed, and gives way; the CPU has shut down. */
export const ENDED_BY_PAUSE = 1;
export const ENDED_BY_SHUTDOWN = 2;

/** Bytes of the CPU's block. */
const BLOCK = layout.cpuEnd - layout.cpuStart;
const TSC_OFFSET_BYTES = 8;

/** Words in the block that belong to all CPUs. */
const SHARED_WORDS = [
  layout.instructionCounter,
  layout.displayDirtyRange,
  layout.displayDirtyRange + 4,
  layout.memorySize,
  layout.acpiEnabled,
];

const WORD_MASK = 0xffff;
const NO_SHUTDOWN = -1;

export function addSwitching(editor: WasmModuleEditor, g: GlobalIndices): void {
  addSave(editor);
  addLoad(editor, g);
  addRun(editor, g);
  leaveTimeAlone(editor);
}

const copy = (to: readonly number[], from: readonly number[], length: number) => [
  ...to,
  ...from,
  ...code.i32Const(length),
  ...code.memoryCopy,
];

const behindBlock = [...code.localGet(0), ...code.i32Const(BLOCK), code.i32Add];

function addSave(editor: WasmModuleEditor): void {
  editor.addFunction('save_cpu', symbols.setControlWord, 0, [
    ...copy(code.localGet(0), code.i32Const(layout.cpuStart), BLOCK),
    ...copy(behindBlock, code.i32Const(layout.tscOffset), TSC_OFFSET_BYTES),
    ...code.localGet(0),
    ...code.call(editor.functionIndex(symbols.getEflags)),
    ...code.store32(layout.eflags - layout.cpuStart),
    ...code.localGet(0),
    ...code.i32Const(0),
    ...code.store32(layout.flagsChanged - layout.cpuStart),
  ]);
}

function addLoad(editor: WasmModuleEditor, g: GlobalIndices): void {
  const firstLocal = 2;
  editor.addFunction('load_cpu', symbols.jitDirtyCache, SHARED_WORDS.length, [
    ...SHARED_WORDS.flatMap((word, i) => [...code.load32At(word), ...code.localSet(firstLocal + i)]),
    ...copy(code.i32Const(layout.cpuStart), code.localGet(0), BLOCK),
    ...copy(code.i32Const(layout.tscOffset), behindBlock, TSC_OFFSET_BYTES),
    ...SHARED_WORDS.flatMap((word, i) => [
      ...code.i32Const(0),
      ...code.localGet(firstLocal + i),
      ...code.store32(word),
    ]),
    ...code.localGet(1),
    ...code.globalSet(g.cpuidEbx),
    // The rounding mode is kept elsewhere too.
    ...code.load32At(layout.fpuControlWord),
    ...code.i32Const(WORD_MASK),
    code.i32And,
    ...code.call(editor.functionIndex(symbols.setControlWord)),
    ...code.call(editor.functionIndex(symbols.clearTlb)),
    ...code.call(editor.functionIndex(symbols.updateStateFlags)),
  ]);
}

function addRun(editor: WasmModuleEditor, g: GlobalIndices): void {
  const instructionPointer = code.load32At(layout.instructionPointer);
  editor.addFunction('run_quantum', symbols.malloc, 0, [
    ...code.load32At(layout.instructionCounter),
    ...code.localGet(0),
    code.i32Add,
    ...code.localTee(0),
    ...code.globalSet(g.stopAt),
    ...code.localGet(0),
    ...code.globalGet(g.margin),
    code.i32Sub,
    ...code.globalSet(g.jitStopAt),
    ...code.i32Const(0),
    ...code.globalSet(g.paused),
    // The guest goes on here after a stop: a place without meaning for the compiler.
    ...resumePointSlot(g, instructionPointer),
    ...instructionPointer,
    ...code.store32Here,
    ...code.globalGet(g.interruptLines),
    ...code.if,
    ...code.call(editor.functionIndex(symbols.handleIrqs)),
    code.end,
    ...code.call(editor.functionIndex(symbols.mainLoop)),
    code.drop,
    ...code.i32Const(0),
    ...code.globalSet(g.inFlight),
    ...code.globalGet(g.paused),
    ...code.globalGet(g.shutdown),
    ...code.i32Const(NO_SHUTDOWN),
    code.i32Ne,
    ...code.i32Const(1),
    code.i32Shl,
    code.i32Or,
  ]);
}

/** main_loop reads the clock and serves v86's own timers around each quantum, which means nothing here. */
function leaveTimeAlone(editor: WasmModuleEditor): void {
  const call = (name: string) => [0x10, ...index5(editor.functionIndex(name))];
  editor.edit(symbols.mainLoop, 'a reading of the clock', call(symbols.importedMicrotick), code.f64Zero, 2);
  editor.edit(
    symbols.mainLoop,
    "the service of v86's timers",
    call(symbols.importedHardwareTimers),
    [code.drop, code.drop, ...code.f64Zero],
    2,
  );
}
