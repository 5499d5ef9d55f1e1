/*
 * The edits that turn v86's core into one CPU of a deterministic multiprocessor.
 *
 * What they achieve:
 *   1. Exact stops. The core runs until its instruction counter equals the global `stopAt`, in the interpreter and with
 *      compiled code. Compiled code can stop at loop heads only; it is left when the counter reaches `jitStopAt`, which is
 *      far enough ahead of `stopAt` for the longest way to the next loop head, and the interpreter runs the rest.
 *   2. An exact count at every call out of the core. The counter in memory is brought up to date when a stretch of code
 *      ends; `inFlight` holds what the stretch has completed so far. Their sum is the number of completed instructions.
 *   3. Interrupts come from outside: bit 0 of `interruptLines` says that INTR is asserted, bit 1 that an NMI waits, and the
 *      acknowledge cycle is a read of the port ACKNOWLEDGE_PORT. The end of an NMI is told, see interrupt-return.ts.
 *   4. The pages and ports of v86's own APICs and PIC reach the machine like all others.
 *   5. An exception while another is delivered is handled as the architecture says, see exception-delivery.ts; and
 *      ENTER raises those that it meets, see enter.ts.
 *   6. It is known which pages were written, see written-pages.ts.
 *   7. Compiled code never touches devices in memory: such an instruction is left to the interpreter, which is exact.
 *   8. A change of CPU and a quantum take one call each, see switching.ts.
 *   9. Large pages are as the architecture has them.
 *
 * Whether a stretch of guest code was compiled or interpreted, how long the calls of main_loop are and where they end can
 * therefore not be seen by the guest: a run is the same in all modes.
 */

import { deliverExceptions } from './exception-delivery.ts';
import { editEnter } from './enter.ts';
import { GLOBALS, type GlobalIndices } from './globals.ts';
import { serveApicBase } from './apic-base.ts';
import { code, index5, unsigned } from './wasm-code.ts';
import {
  JIT_FAULT_RETRY,
  layout,
  symbols,
  V86_INTERPRETER_LIMIT,
  V86_IO_APIC_PAGE,
  V86_LOCAL_APIC_PAGE,
  V86_LOOP_LIMIT,
} from './layout.ts';
import { editInterruptReturn } from './interrupt-return.ts';
import { protectPrivileged } from './privileged.ts';
import { resumePointSlot } from './resume-points.ts';
import { addSwitching } from './switching.ts';
import { WasmModuleEditor } from './wasm-module.ts';
import { noteWrittenPages } from './written-pages.ts';

/** A port number outside the guest's 64 Ki: reading it is the interrupt acknowledge cycle. */
export const ACKNOWLEDGE_PORT = 0x10000;

export const INTERRUPT_LINE_INTR = 1;
export const INTERRUPT_LINE_NMI = 2;

/**
 * The interpreter looks for compiled code again after a jump back when it has run so many instructions. v86 waits for
 * 100,001, but it does not stop in the middle of hot loops.
 */
const INTERPRETER_LIMIT = 100;

/** PAUSE is a NOP with the prefix F3, which v86 notes as a bit. */
const OPCODE_NOP = 0x90;
const PREFIX_REPZ = 8;

const CR4_PSE = 0x10;
const CR4_PAE = 0x20;

/** Returns the edited core. Throws UnexpectedModuleError when it is not the release that the edits were written for. */
export function patchCore(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const editor = new WasmModuleEditor(bytes);
  const globals = Object.fromEntries(GLOBALS.map((name) => [name, editor.addGlobal(name, 0)])) as GlobalIndices;
  stopExactly(editor, globals);
  keepStopsOutOfCompiler(editor, globals);
  countExactly(editor, globals);
  countStiOnce(editor);
  stopAtPause(editor, globals);
  leaveAfterOneQuantum(editor);
  takeInterruptsFromOutside(editor, globals);
  deliverExceptions(editor, globals);
  editInterruptReturn(editor, globals);
  editEnter(editor, globals);
  protectPrivileged(editor);
  sendDevicesOutside(editor);
  retryDeviceAccessInterpreted(editor, globals);
  markCompiledInstructions(editor);
  honourLargePagesOfPae(editor);
  reportProcessorTopology(editor, globals);
  serveApicBase(editor);
  noteWrittenPages(editor, globals);
  addSwitching(editor, globals);
  return editor.build();
}

const counter = code.load32At(layout.instructionCounter);

/** True (1) when compiled code must not be entered: too close to the stop, or the interpreter was asked for. */
const compiledCodeIsOff = (g: GlobalIndices) => [
  ...code.globalGet(g.jitStopAt),
  ...counter,
  code.i32Sub,
  ...code.i32Const(0),
  code.i32LeS,
  ...code.globalGet(g.forceInterpreter),
  code.i32Or,
];

/*
 * Locals of main_loop: 3 and 9 are temporaries, 5 is the counter at its start, 11 counts the instructions of the current
 * stretch including the one that is about to run, 12 is the counter at the stretch's start.
 */
function stopExactly(editor: WasmModuleEditor, g: GlobalIndices): void {
  editor.edit(
    symbols.mainLoop,
    'the bound of a quantum',
    [...counter, ...code.localGet(5), code.i32Sub, ...code.i32Const(V86_LOOP_LIMIT), code.i32LtU, ...code.brIf(0)],
    [...code.globalGet(g.stopAt), ...counter, code.i32Sub, ...code.i32Const(0), code.i32GtS, ...code.brIf(0)],
  );
  const whileBelow = (limit: number) => [
    ...code.block,
    ...code.localGet(11),
    ...code.i32Const(limit),
    code.i32LtU,
    ...code.brIf(0),
  ];
  editor.edit(symbols.mainLoop, 'the bound of an interpreted stretch', whileBelow(V86_INTERPRETER_LIMIT), [
    ...code.globalGet(g.stopAt),
    ...counter,
    code.i32Sub,
    ...code.localGet(11),
    code.i32LeS,
    ...code.brIf(1),
    ...whileBelow(INTERPRETER_LIMIT),
  ]);
  // Two places look for compiled code at the current address.
  const lookUp = [0x28, 2, ...index5(49180), ...code.localTee(3), code.i32Eqz];
  editor.edit(symbols.mainLoop, 'the first look-up of compiled code', lookUp, [
    ...lookUp,
    ...compiledCodeIsOff(g),
    code.i32Or,
  ]);
  const lookUpAgain = [code.i32Add, 0x28, 2, 0, ...code.localTee(9), code.i32Eqz];
  editor.edit(symbols.mainLoop, 'the second look-up of compiled code', lookUpAgain, [
    ...lookUpAgain,
    ...compiledCodeIsOff(g),
    code.i32Or,
  ]);
}

/**
 * After interpreting, main_loop notes where it began, as a place at which compiled code must be enterable, and compiles the
 * page when it is hot. Both are wrong for what is interpreted because of a stop: code that is compiled already must not
 * become hot by it, and a stop, an interrupt or a device access can be anywhere, so that in the end every instruction would
 * be a place to enter. Such places are kept in a small table, by their low bits.
 */
function keepStopsOutOfCompiler(editor: WasmModuleEditor, g: GlobalIndices): void {
  const isJitDisabled = [...code.i32Const(0), 0x2d, 0, ...index5(layout.jitDisabled)];
  editor.edit(symbols.mainLoop, 'the test of whether to count heat', isJitDisabled, [
    ...isJitDisabled,
    ...compiledCodeIsOff(g),
    code.i32Or,
    ...resumePointSlot(g, code.localGet(7)),
    ...code.load32,
    ...code.localGet(7),
    code.i32Eq,
    code.i32Or,
  ]);
}

function countExactly(editor: WasmModuleEditor, g: GlobalIndices): void {
  const start = [...counter, ...code.localSet(12), ...code.i32Const(1), ...code.localSet(11)];
  editor.edit(symbols.mainLoop, 'the start of an interpreted stretch', start, [
    ...start,
    ...code.i32Const(0),
    ...code.globalSet(g.forceInterpreter),
  ]);
  const next = [...code.localGet(11), ...code.i32Const(1), code.i32Add, ...code.localSet(11)];
  editor.edit(symbols.mainLoop, 'the step to the next interpreted instruction', next, [
    ...code.localGet(11),
    ...code.globalSet(g.inFlight),
    ...next,
  ]);
  // A stretch that ends because the next instruction cannot be fetched must be counted as well.
  editor.edit(
    symbols.mainLoop,
    'the end of a stretch by a fault',
    [...counter, ...code.localSet(3), ...code.br(1)],
    [],
  );
  const end = [
    ...code.i32Const(0),
    ...counter,
    ...code.localGet(11),
    code.i32Add,
    ...code.localTee(3),
    ...code.store32(layout.instructionCounter),
  ];
  editor.edit(symbols.mainLoop, 'the end of an interpreted stretch', end, [
    ...end,
    ...code.i32Const(0),
    ...code.globalSet(g.inFlight),
  ]);
}

/** `sti` runs the instruction after it as well, since no interrupt may come between the two. They count as one. */
function countStiOnce(editor: WasmModuleEditor): void {
  const increment = [
    ...code.i32Const(0),
    ...counter,
    ...code.i32Const(1),
    code.i32Add,
    ...code.store32(layout.instructionCounter),
  ];
  editor.edit(symbols.sti, 'the count of the instruction after sti', increment, []);
}

/**
 * When `pauseStops` is set, PAUSE ends the quantum and sets `paused`: a CPU that spins gives way to the one it waits for.
 * In run_prefix_instruction, local 1 is the opcode after the prefix. Compiled code does the same, see jit-module.ts.
 */
function stopAtPause(editor: WasmModuleEditor, g: GlobalIndices): void {
  const opcodeRead = [0x2d, 0, 0, ...code.localSet(1)];
  editor.edit(symbols.runPrefixed, 'the opcode after a prefix', opcodeRead, [
    ...opcodeRead,
    ...code.globalGet(g.pauseStops),
    ...code.if,
    ...code.localGet(1),
    ...code.i32Const(OPCODE_NOP),
    code.i32Eq,
    ...code.i32Const(0),
    0x2d,
    0,
    ...unsigned(layout.prefixes),
    ...code.i32Const(PREFIX_REPZ),
    code.i32Eq,
    code.i32And,
    ...code.if,
    ...counter,
    ...code.globalSet(g.stopAt),
    ...code.i32Const(1),
    ...code.globalSet(g.paused),
    code.end,
    code.end,
  ]);
}

/** main_loop goes on for a millisecond of its clock. One quantum is what the machine wants: compare with -1 instead of 1. */
function leaveAfterOneQuantum(editor: WasmModuleEditor): void {
  const greater = 0x64;
  editor.edit(
    symbols.mainLoop,
    'the test for the end of a frame',
    [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, greater],
    [0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0xbf, greater],
  );
}

function takeInterruptsFromOutside(editor: WasmModuleEditor, g: GlobalIndices): void {
  // The result is Option<u8>: a byte that says whether there is a vector, then the vector.
  editor.replaceBody(symbols.acknowledgePic, [
    ...code.localGet(0),
    ...code.globalGet(g.interruptLines),
    ...code.ifValue,
    ...code.i32Const(ACKNOWLEDGE_PORT),
    ...code.call(editor.functionIndex(symbols.importedPortRead32)),
    code.else,
    ...code.i32Const(0),
    code.end,
    ...code.store16,
    ...code.localGet(0),
    ...code.load8,
    ...code.globalSet(g.externalEvent),
  ]);
  const interruptFlag = [
    ...code.i32Const(0),
    0x2d,
    0,
    ...unsigned(layout.eflags + 1),
    ...code.i32Const(2),
    code.i32And,
  ];
  editor.edit(symbols.handleIrqs, 'the test of the interrupt flag', interruptFlag, [
    ...interruptFlag,
    ...code.globalGet(g.interruptLines),
    ...code.i32Const(INTERRUPT_LINE_NMI),
    code.i32And,
    code.i32Or,
  ]);
}

function sendDevicesOutside(editor: WasmModuleEditor): void {
  const read32 = editor.functionIndex(symbols.importedRead32);
  const readFrom = (page: number) => [...code.localGet(0), ...code.i32Const(page), code.i32Add, ...code.call(read32)];
  editor.replaceBody(symbols.localApicRead, readFrom(V86_LOCAL_APIC_PAGE));
  editor.replaceBody(symbols.ioApicRead, readFrom(V86_IO_APIC_PAGE));
  // Writes compare the masked address with the page. An odd number never equals it.
  for (const page of [V86_LOCAL_APIC_PAGE, V86_IO_APIC_PAGE]) {
    editor.edit(
      symbols.mmapWrite32,
      'the test for an APIC page',
      [code.i32And, ...code.i32Const(page), 0x46],
      [code.i32And, ...code.i32Const(page | 1), 0x46],
    );
  }
  editor.replaceBody(symbols.portRead8, [
    ...code.localGet(0),
    ...code.call(editor.functionIndex(symbols.importedPortRead8)),
  ]);
  editor.replaceBody(symbols.portWrite8, [
    ...code.localGet(0),
    ...code.localGet(1),
    ...code.call(editor.functionIndex(symbols.importedPortWrite8)),
  ]);
}

/**
 * Compiled code that meets memory of a device leaves as it does for self-modifying code: the instruction pointer goes back
 * to the instruction, the fault is "retry", and the interpreter takes over.
 */
function retryDeviceAccessInterpreted(editor: WasmModuleEditor, g: GlobalIndices): void {
  const retry = (instructionPointer: number[]) => [
    ...code.i32Const(0),
    ...code.i32Const(JIT_FAULT_RETRY),
    ...code.store32(layout.jitFault),
    ...code.i32Const(0),
    ...code.load32At(layout.instructionPointer),
    ...code.i32Const(-4096),
    code.i32And,
    ...instructionPointer,
    code.i32Or,
    ...code.store32(layout.instructionPointer),
    ...resumePointSlot(g, code.load32At(layout.instructionPointer)),
    ...code.load32At(layout.instructionPointer),
    ...code.store32Here,
    ...code.i32Const(1),
    ...code.globalSet(g.forceInterpreter),
  ];
  // Both functions choose by the width of the access next; only what is in a device's memory gets here.
  const byWidth = [
    ...code.block,
    ...code.localGet(1),
    ...code.localGet(1),
    ...code.i32Const(-1),
    code.i32Add,
    code.i32And,
    ...code.brIf(0),
    ...code.block,
  ];
  editor.edit(symbols.jitSlowRead, 'a read from a device', byWidth, [
    ...retry([...code.localGet(3), ...code.i32Const(0xffff), code.i32And]),
    ...code.i32Const(1),
    ...code.localSet(1),
    ...code.br(1),
    ...byWidth,
  ]);
  editor.edit(symbols.jitSlowWrite, 'a write to a device', byWidth, [
    ...retry(code.localGet(6)),
    ...code.br(4),
    ...byWidth,
  ]);
}

/**
 * Lets v86's compiler emit a marker before the code of each guest instruction: `nop`, and the instruction's address as a
 * constant that is dropped. The rewriter of compiled modules reads and removes them. (v86 itself emits no `nop`.)
 *
 * In the compiler, local 7 is its frame; the context of the compilation is at 44, with the code's builder at 80 and the
 * address of the instruction at 88.
 */
function markCompiledInstructions(editor: WasmModuleEditor): void {
  const emit = (opcode: number) =>
    editor.addVariant(symbols.emitEqz, code.i32Const(code.i32Eqz), code.i32Const(opcode));
  const [emitNop, emitDrop] = [emit(code.nop), emit(code.drop)];
  const emitConst = editor.functionIndex(symbols.emitConst);
  const frame = (offset: number) => [...code.localGet(7), ...code.i32Const(offset), code.i32Add];
  const compile = [...frame(44), ...frame(272), 0x10, ...index5(editor.functionIndex(symbols.compileInstruction))];
  const builder = [...code.localGet(7), 0x28, 2, 80];
  const address = [...code.localGet(7), 0x28, 2, 88];
  const marker = [
    ...[...builder, ...code.call(emitNop)],
    ...[...builder, ...address, ...code.call(emitConst)],
    ...[...builder, ...code.call(emitDrop)],
  ];
  editor.edit(symbols.generateModule, 'the compilation of an instruction', compile, [...marker, ...compile], 3);
}

/**
 * With PAE, a page directory's entry can be a page of 2 MiB whatever CR4.PSE says (SDM vol. 3A, 4.4.2); v86 asks for PSE. In
 * the walk, local 8 is CR4.
 */
function honourLargePagesOfPae(editor: WasmModuleEditor): void {
  const test = (bits: number) => [...code.localGet(8), ...code.i32Const(bits), code.i32And, code.i32Eqz];
  editor.edit(symbols.walkPages, 'the test for large pages', test(CR4_PSE), test(CR4_PSE | CR4_PAE));
}

/**
 * CPUID leaf 1: EBX holds the APIC id and the number of logical processors, EDX the APIC and HTT bits. Leaf 4, in EAX: each
 * of these is a core, with its own caches.
 */
function reportProcessorTopology(editor: WasmModuleEditor, g: GlobalIndices): void {
  const withApic = 125873017;
  const withoutApic = 125872505;
  editor.edit(
    symbols.cpuid,
    'the feature bits',
    [
      ...code.i32Const(withApic),
      ...code.i32Const(withoutApic),
      ...code.i32Const(0),
      0x2d,
      0,
      ...unsigned(layout.acpiEnabled),
      0x1b,
    ],
    [...code.i32Const(withoutApic), ...code.globalGet(g.cpuidEdx), code.i32Or],
  );
  const oneProcessor = code.i32Const(0x10800);
  editor.edit(
    symbols.cpuid,
    'the processor count',
    [...oneProcessor, ...code.localSet(0)],
    [...code.i32Const(0x00800), ...code.globalGet(g.cpuidEbx), code.i32Or, ...code.localSet(0)],
  );
  // Local 3 is EAX, local 1 is EBX, which is the same for all caches.
  const cache = [...code.i32Const(1), ...code.localSet(1), code.end];
  editor.edit(symbols.cpuid, 'the description of a cache', cache, [
    ...[...code.localGet(3), ...code.globalGet(g.cpuidEbx), ...code.i32Const(16), code.i32ShrU],
    ...[...code.i32Const(0xff), code.i32And, ...code.i32Const(1), code.i32Sub],
    ...[...code.i32Const(26), code.i32Shl, code.i32Or, ...code.localSet(3)],
    ...cache,
  ]);
}
