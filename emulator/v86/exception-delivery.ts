/*
 * Exceptions that arise while an event is delivered: serial handling, the double fault, and shutdown.
 *
 * v86 delivers an exception by a call of call_interrupt_vector. When the delivery itself fails, that function calls itself
 * for the second exception, and so on without end when the stack is what is missing. Here a function stands in front of
 * it. While a delivery is under way (`delivering` is the class of the event, else negative), a second exception is
 * noted only, and the failed delivery returns: it has changed nothing yet, since v86 makes all its checks first. Then the
 * table of the manual decides what is delivered instead:
 *
 *   first \ second   benign   contributory   page fault
 *   benign           second   second         second
 *   contributory     second   double fault   second
 *   page fault       second   double fault   double fault
 *   double fault     second   shutdown       shutdown
 *
 * A shutdown sets the global `shutdown` to the vector of the last exception and stops the core; `run` reports it. Events
 * from outside (interrupts, NMI) and INT instructions are benign, whatever their vector.
 *
 * A vector beyond the IDT's limit, for which v86 gives up, is a general protection exception.
 *
 * Source: Intel SDM vol. 3A, 6.13 (error codes) and 6.15 (interrupt 8).
 */

import type { GlobalIndices } from './globals.ts';
import { layout, symbols } from './layout.ts';
import { code } from './wasm-code.ts';
import type { WasmModuleEditor } from './wasm-module.ts';

const VECTOR_DOUBLE_FAULT = 8;
const VECTOR_GENERAL_PROTECTION = 13;

const CLASS_BENIGN = 0;
const CLASS_CONTRIBUTORY = 1;
const CLASS_PAGE_FAULT = 2;
const CLASS_DOUBLE_FAULT = 3;

/** The classes of vectors 0 to 15, two bits each. */
const CLASSES = [
  [0, CLASS_CONTRIBUTORY], // divide error
  [VECTOR_DOUBLE_FAULT, CLASS_DOUBLE_FAULT],
  [10, CLASS_CONTRIBUTORY], // invalid TSS
  [11, CLASS_CONTRIBUTORY], // segment not present
  [12, CLASS_CONTRIBUTORY], // stack fault
  [VECTOR_GENERAL_PROTECTION, CLASS_CONTRIBUTORY],
  [14, CLASS_PAGE_FAULT],
].reduce((table, [vector, kind]) => table | (kind! << (2 * vector!)), 0);

/** Bits of an error code that names a descriptor: it is in the IDT; the exception arose from an event, not from INT. */
const CODE_IDT = 2;
const CODE_EXTERNAL = 1;

/** Parameters of call_interrupt_vector: the last two are an Option<i32>. They serve as variables here. */
const [VECTOR, SOFTWARE, HAS_CODE, CODE] = [0, 1, 2, 3];

/** The value of `delivering` when nothing is delivered. */
const NOTHING = -1;

export function deliverExceptions(editor: WasmModuleEditor, g: GlobalIndices): void {
  const set = (name: keyof GlobalIndices, ...value: number[]) => [...value, ...code.globalSet(g[name])];
  const get = (name: keyof GlobalIndices) => code.globalGet(g[name]);
  editor.wrap(symbols.callInterruptVector, (deliver) => [
    ...[...get('delivering'), ...code.i32Const(0), code.i32GeS, ...code.if],
    ...set('nestedVector', ...code.localGet(VECTOR)),
    ...set('nestedHasCode', ...code.localGet(HAS_CODE)),
    ...set('nestedCode', ...code.localGet(CODE)),
    ...[code.return, code.end],

    ...set('delivering', ...eventClass(g)),
    ...set('externalEvent', ...code.i32Const(0)),
    ...code.loop,
    ...set('nestedVector', ...code.i32Const(-1)),
    ...[...isBeyondIdt, ...code.if],
    ...set('nestedVector', ...code.i32Const(VECTOR_GENERAL_PROTECTION)),
    ...set('nestedHasCode', ...code.i32Const(1)),
    ...set(
      'nestedCode',
      ...code.localGet(VECTOR),
      ...code.i32Const(3),
      code.i32Shl,
      ...code.i32Const(CODE_IDT),
      code.i32Or,
    ),
    code.else,
    ...[VECTOR, SOFTWARE, HAS_CODE, CODE].flatMap((parameter) => code.localGet(parameter)),
    ...code.call(deliver),
    code.end,

    ...[...get('nestedVector'), ...code.i32Const(0), code.i32LtS, ...code.if],
    ...set('delivering', ...code.i32Const(NOTHING)),
    ...[code.return, code.end],

    ...[...escalates(g), ...code.if],
    ...[...get('delivering'), ...code.i32Const(CLASS_DOUBLE_FAULT), code.i32Eq, ...code.if],
    ...set('shutdown', ...get('nestedVector')),
    ...set('stopAt', ...code.load32At(layout.instructionCounter)),
    ...set('jitStopAt', ...code.load32At(layout.instructionCounter)),
    ...set('delivering', ...code.i32Const(NOTHING)),
    ...[code.return, code.end],
    ...[...code.i32Const(VECTOR_DOUBLE_FAULT), ...code.localSet(VECTOR)],
    ...[...code.i32Const(1), ...code.localSet(HAS_CODE)],
    ...[...code.i32Const(0), ...code.localSet(CODE)],
    code.else,
    ...[...get('nestedVector'), ...code.localSet(VECTOR)],
    ...[...get('nestedHasCode'), ...code.localSet(HAS_CODE)],
    ...[...get('nestedCode'), ...externalBit(g), code.i32Or, ...code.localSet(CODE)],
    code.end,
    ...[...code.i32Const(0), ...code.localSet(SOFTWARE)],
    ...set('delivering', ...classOf(code.localGet(VECTOR))),
    ...code.br(0),
    code.end,
  ]);
}

/** The class of an exception. */
function classOf(vector: readonly number[]): number[] {
  return [
    ...[
      ...code.i32Const(CLASSES),
      ...vector,
      ...code.i32Const(1),
      code.i32Shl,
      code.i32ShrU,
      ...code.i32Const(3),
      code.i32And,
    ],
    ...code.i32Const(CLASS_BENIGN),
    ...[...vector, ...code.i32Const(16), code.i32LtU, code.select],
  ];
}

/** The class of the event that the function was called for. */
function eventClass(g: GlobalIndices): number[] {
  return [
    ...code.i32Const(CLASS_BENIGN),
    ...classOf(code.localGet(VECTOR)),
    ...[...code.localGet(SOFTWARE), ...code.globalGet(g.externalEvent), code.i32Or, code.select],
  ];
}

/** Whether the vector's gate lies beyond the limit of the IDT. In real mode, v86 knows no limit. */
const isBeyondIdt = [
  ...[...code.localGet(VECTOR), ...code.i32Const(3), code.i32Shl, ...code.i32Const(7), code.i32Or],
  ...[...code.load32At(layout.idtLimit), code.i32GtU],
  ...[...code.load8At(layout.protectedMode), code.i32And],
];

/** Whether the event that was under way and the exception that it met make a double fault, or worse. */
function escalates(g: GlobalIndices): number[] {
  const first = code.globalGet(g.delivering);
  const second = classOf(code.globalGet(g.nestedVector));
  return [
    // A contributory exception only with its like; what is worse with anything but the benign.
    ...[...second, ...code.i32Const(CLASS_CONTRIBUTORY), code.i32Eq],
    ...[...second, ...code.i32Const(CLASS_BENIGN), code.i32GtU],
    ...[...first, ...code.i32Const(CLASS_CONTRIBUTORY), code.i32Eq, code.select],
    ...[...first, ...code.i32Const(CLASS_BENIGN), code.i32GtU, code.i32And],
  ];
}

/** CODE_EXTERNAL for the error code of a contributory exception, unless an INT instruction met it. */
function externalBit(g: GlobalIndices): number[] {
  const isContributory = [...classOf(code.globalGet(g.nestedVector)), ...code.i32Const(CLASS_CONTRIBUTORY), code.i32Eq];
  return [
    ...code.localGet(SOFTWARE),
    code.i32Eqz,
    ...isContributory,
    code.i32And,
    ...code.i32Const(CODE_EXTERNAL),
    code.i32And,
  ];
}
