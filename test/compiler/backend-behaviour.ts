/*
 * Runs functions of a module both in the interpreter and as a program of this computer, for comparison. The program also
 * checks that every call leaves the registers alone that it must preserve.
 */

import { expect } from 'vitest';
import { generateCode } from '../../tools/compiler/backend/index.ts';
import { Interpreter } from '../../tools/compiler/ir/interpret.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { type AsmOperand, IrFunction, type IrModule } from '../../tools/compiler/ir/types.ts';
import { assertValid } from '../../tools/compiler/ir/verify.ts';
import { linkUserProgram } from '../../tools/compiler/output/index.ts';
import { optimise } from '../../tools/compiler/passes/optimise.ts';
import { runI386, type Workplace } from './backend-support.ts';

/** One call of a function: its name, its arguments in words. */
export interface Call {
  readonly name: string;
  readonly words: readonly number[];
}

/** Results of the calls (each as 64 bits) and then the contents of the data, in hexadecimal; or that it trapped. */
export type Behaviour =
  { readonly trap: true } | { readonly results: readonly string[]; readonly data: readonly string[] };

/**
 * Adds a `start` that makes the calls in order and writes to standard output EDX:EAX of each, then the data, whole.
 */
function addStart(module: IrModule, calls: readonly Call[], data: readonly string[]): void {
  const location = { file: 'start', line: 1, column: 1 };
  const pieces: string[] = [];
  const operands: AsmOperand[] = [];
  let text = `sub esp, ${calls.length * 8}\n`;
  const refer = (symbol: string): void => {
    pieces.push(text);
    operands.push({ symbol });
    text = '\n';
  };
  calls.forEach(({ name, words }, n) => {
    const onStack = words.slice(3).toReversed();
    for (const word of onStack) text += `push ${word}\n`;
    ['eax', 'edx', 'ecx'].forEach((register, w) => (text += `mov ${register}, ${words[w] ?? 0x5a5a5a5a}\n`));
    // What a function must preserve it gets with known contents, and they are checked afterwards.
    text += 'mov ebx, 0x1234\nmov esi, 0x2345\nmov edi, 0x3456\nmov ebp, 0x4567\ncall ';
    refer(name);
    const kept = [
      ['ebx', 0x1234],
      ['esi', 0x2345],
      ['edi', 0x3456],
      ['ebp', 0x4567],
    ] as const;
    for (const [register, value] of kept) text += `cmp ${register}, ${value}\njne spoilt\n`;
    text += `add esp, ${onStack.length * 4}\nmov [esp+${n * 8}], eax\nmov [esp+${n * 8 + 4}], edx\n`;
  });
  const write = (from: () => void, size: number): void => {
    text += 'mov eax, 4\nmov ebx, 1\nmov ecx, ';
    from();
    text += `\nmov edx, ${size}\nint 0x80\n`;
  };
  write(() => (text += 'esp'), calls.length * 8);
  for (const name of data) write(() => refer(name), module.data.get(name)!.size);
  text += 'mov eax, 1\nxor ebx, ebx\nint 0x80\nspoilt: mov eax, 1\nmov ebx, 77\nint 0x80\n';
  pieces.push(text);
  const options = { section: null, align: 16, inline: null, isExported: true };
  const start = new IrFunction('start', [], 'void', options, { name: 'start', location });
  start.asm = { pieces, operands, location };
  module.functions.set('start', start);
  module.entry = 'start';
}

export function native(place: Workplace, module: IrModule, calls: readonly Call[], data: readonly string[]): Behaviour {
  addStart(module, calls, data);
  const path = place.write(linkUserProgram(generateCode(module)).elf, 'native');
  module.functions.delete('start');
  const { output, signal, status } = runI386(path);
  if (signal === 'SIGFPE' || signal === 'SIGILL' || signal === 'SIGSEGV') return { trap: true };
  if (status !== 0)
    throw new Error(status === 77 ? 'a preserved register was spoilt' : `ended with ${signal ?? status ?? '?'}`);
  const results = calls.map(({ name }, n) => {
    const { returns } = module.functions.get(name)!;
    if (returns === 'void') return 'void';
    return returns === 'i64' ? String(output.readBigInt64LE(n * 8)) : String(output.readInt32LE(n * 8));
  });
  let at = calls.length * 8;
  const contents = data.map((name) => {
    const { size } = module.data.get(name)!;
    return output.subarray(at, (at += size)).toString('hex');
  });
  return { results, data: contents };
}

/** Null if it runs for too long. */
export function interpreted(module: IrModule, calls: readonly Call[], data: readonly string[]): Behaviour | null {
  const interpreter = new Interpreter(module, { memorySize: 1 << 18, stepLimit: 300_000 });
  const results: string[] = [];
  for (const { name, words } of calls) {
    const outcome = interpreter.call(name, argumentsOf(module.functions.get(name)!, words));
    if (outcome.kind === 'trap') return outcome.trap === 'steps' ? null : { trap: true };
    if (outcome.kind !== 'return') throw new Error(`${name} ended with ${outcome.kind}`);
    results.push(outcome.value === null ? 'void' : String(outcome.value));
  }
  const contents = data.map((name) => {
    const start = interpreter.memory.addressOf(name);
    return Buffer.from(interpreter.memory.bytes.slice(start, start + module.data.get(name)!.size)).toString('hex');
  });
  return { results, data: contents };
}

function argumentsOf(fn: IrFunction, words: readonly number[]): (number | bigint)[] {
  let at = 0;
  return fn.parameters.map((type) => {
    const low = words[at++]! | 0;
    if (type !== 'i64') return low;
    return BigInt.asIntN(64, (BigInt(words[at++]! | 0) << 32n) | BigInt(low >>> 0));
  });
}

/** Both at all levels; gives what the interpreter says. */
export function expectAgreement(
  place: Workplace,
  text: string,
  calls: readonly Call[],
  data: readonly string[] = [],
): Behaviour {
  const before = interpreted(parse(text), calls, data);
  if (before === null) throw new Error('it runs for too long');
  for (const level of [0, 1, 2] as const) {
    const module = parse(text);
    optimise(module, { level });
    expect(native(place, module, calls, data), `level ${level}`).toEqual(before);
  }
  return before;
}

export function parse(text: string): IrModule {
  const module = parseModule(text);
  assertValid(module, 'the test');
  return module;
}
