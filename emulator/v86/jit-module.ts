/*
 * Makes a module that v86's compiler wrote count and stop exactly.
 *
 * What v86 writes: one function; a local L counts instructions and is added to the counter in memory on the way out; each
 * basic block begins with `L += n`, n being its number of instructions; each loop head leaves when L reaches a constant.
 * So L is ahead of the truth inside a block, and far ahead when an instruction in the middle of it faults. The markers
 * (a `nop` before each guest instruction, see patches.ts) say how far.
 *
 *   as written                        rewritten
 *   L += n                            L += n
 *   nop ...                           ...
 *   nop ... call f ...                ... inFlight = L - (n - 1); call f ...
 *   if L >= 100003 leave              if counter + L >= jitStopAt leave
 *   leave by a fault: counter += L    L = inFlight + (1 if an instruction raised an exception, 0 if it is to be tried
 *                                     again); counter += L; inFlight = 0
 *
 * `sti` and the instruction after it count as one, as in the interpreter, which runs both in one step.
 *
 * Guarantees: the code between two tests of `jitStopAt` completes at most `longestPath` instructions.
 */

import { JIT_FAULT_EXCEPTION_LAST, layout, V86_LOOP_LIMIT } from './layout.ts';
import { code, nextInstruction, readUnsigned, unsigned } from './wasm-code.ts';

const SECTION_IMPORT = 2;
const SECTION_CODE = 10;
const KIND_GLOBAL = 3;
const TYPE_I32 = 0x7f;
const MUTABLE = 1;
const OP_LOOP = 0x03;
const OP_CALL = 0x10;

/** Indices of the imported globals in a rewritten module, in the order of their imports. */
const JIT_STOP_AT = 0;
const IN_FLIGHT = 1;
const IMPORTED_GLOBALS = ['jitStopAt', 'inFlight'];

export interface RewrittenModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The most instructions that can be completed between two tests of `jitStopAt`. */
  readonly longestPath: number;
}

/** Rewrites a module of v86's compiler. Throws if it does not have the expected shape. */
export function rewriteJitModule(module: Uint8Array): RewrittenModule {
  const output = new ByteWriter(module.length * 2);
  output.copy(module, 0, 8);
  let functionNames: readonly string[] = [];
  let longestPath = 0;
  for (let at = 8; at < module.length;) {
    const id = module[at]!;
    const size = readUnsigned(module, at + 1);
    const start = skipLeb(module, at + 1);
    const end = start + size;
    if (id === SECTION_IMPORT) {
      const imports = readImports(module, start);
      functionNames = imports.functions;
      writeImports(output, module, imports, end);
    } else if (id === SECTION_CODE) {
      const body = new ByteWriter(size * 2);
      const rewriter = new BodyRewriter(module, body, functionNames);
      const bodySizeAt = skipLeb(module, start); // after the number of functions, which is one
      rewriter.run(skipLeb(module, bodySizeAt), end);
      longestPath = rewriter.instructions;
      const content = body.bytes();
      const bodySize = unsigned(content.length);
      output.push(id, ...unsigned(1 + bodySize.length + content.length), 1, ...bodySize);
      output.copy(content, 0, content.length);
    } else {
      output.copy(module, at, end);
    }
    at = end;
  }
  return { bytes: output.bytes(), longestPath };
}

interface Imports {
  readonly functions: readonly string[];
  readonly count: number;
  /** Position after the number of imports. */
  readonly start: number;
}

function readImports(module: Uint8Array, at: number): Imports {
  const count = readUnsigned(module, at);
  const start = skipLeb(module, at);
  const functions: string[] = [];
  const decoder = new TextDecoder();
  let position = start;
  const name = () => {
    const length = readUnsigned(module, position);
    const from = skipLeb(module, position);
    position = from + length;
    return decoder.decode(module.subarray(from, position));
  };
  for (let left = count; left > 0; left--) {
    name();
    const field = name();
    const kind = module[position++];
    if (kind === 0) {
      functions.push(field);
      position = skipLeb(module, position);
    } else if (kind === 2) {
      const hasMaximum = module[position++]! & 1;
      position = skipLeb(module, position);
      if (hasMaximum !== 0) position = skipLeb(module, position);
    } else {
      throw new Error(`compiled module imports something of kind ${kind ?? 'nothing'}`);
    }
  }
  return { functions, count, start };
}

function writeImports(output: ByteWriter, module: Uint8Array, imports: Imports, end: number): void {
  const encoder = new TextEncoder();
  const added = IMPORTED_GLOBALS.flatMap((name) => {
    const bytes = encoder.encode(name);
    return [1, 'e'.charCodeAt(0), ...unsigned(bytes.length), ...bytes, KIND_GLOBAL, TYPE_I32, MUTABLE];
  });
  const count = unsigned(imports.count + IMPORTED_GLOBALS.length);
  output.push(SECTION_IMPORT, ...unsigned(count.length + end - imports.start + added.length), ...count);
  output.copy(module, imports.start, end);
  output.push(...added);
}

class BodyRewriter {
  /** Sum over all basic blocks of their number of instructions. A block runs at most once between two loop heads. */
  instructions = 0;

  readonly #module: Uint8Array;
  readonly #output: ByteWriter;
  readonly #functionNames: readonly string[];
  /** The local that counts. */
  #counter = -1;
  /** Of the current block: its number of instructions, how many were begun, and where its number was written. */
  #blockSize = 0;
  #begun = 0;
  #blockSizeAt = 0;
  #shadowOfSti = false;
  /** Between the head of a loop and its test of the limit. */
  #atLoopHead = false;

  constructor(module: Uint8Array, output: ByteWriter, functionNames: readonly string[]) {
    this.#module = module;
    this.#output = output;
    this.#functionNames = functionNames;
  }

  /** Copies the function body at `start`, with the changes. */
  run(start: number, end: number): void {
    let at = this.#copyLocals(start);
    this.#counter = this.#findCounter(at, end);
    while (at < end) {
      const opcode = this.#module[at]!;
      const next = nextInstruction(this.#module, at);
      if (opcode === code.nop) {
        this.#begin();
        at = next;
      } else if (opcode === OP_CALL) {
        this.#call(this.#functionNames[readUnsigned(this.#module, at + 1)] ?? '');
        this.#output.copy(this.#module, at, next);
        at = next;
      } else {
        const after = this.#special(at);
        if (after === at) this.#output.copy(this.#module, at, next);
        if (opcode === OP_LOOP) this.#atLoopHead = true;
        at = after === at ? next : after;
      }
    }
  }

  #copyLocals(start: number): number {
    let at = skipLeb(this.#module, start);
    for (let left = readUnsigned(this.#module, start); left > 0; left--) at = skipLeb(this.#module, at) + 1;
    this.#output.copy(this.#module, start, at);
    return at;
  }

  #findCounter(start: number, end: number): number {
    const test = [...code.i32Const(V86_LOOP_LIMIT), code.i32GeU];
    for (let at = start; at < end; at = nextInstruction(this.#module, at)) {
      if (this.#module[at] !== 0x20) continue;
      if (this.#matches(nextInstruction(this.#module, at), test)) return readUnsigned(this.#module, at + 1);
    }
    throw new Error('compiled module never tests its limit');
  }

  /** The marker of a guest instruction. */
  #begin(): void {
    if (this.#shadowOfSti) {
      this.#shadowOfSti = false;
      this.#blockSize--;
      this.#output.patchBlockSize(this.#blockSizeAt, this.#blockSize);
    } else {
      this.#begun++;
    }
  }

  #call(name: string): void {
    const { localGet, localSet, globalGet, globalSet, i32Const } = code;
    if (name === 'exit_jit') {
      this.#output.push(
        ...globalGet(IN_FLIGHT),
        ...code.load32At(layout.jitFault),
        ...i32Const(JIT_FAULT_EXCEPTION_LAST),
        code.i32LeU,
        code.i32Add,
        ...localSet(this.#counter),
      );
      return;
    }
    const ahead = this.#blockSize - (this.#begun - 1);
    this.#output.push(...localGet(this.#counter), ...i32Const(ahead), code.i32Sub, ...globalSet(IN_FLIGHT));
    if (name === 'instr_FB_without_fault') this.#shadowOfSti = true;
  }

  /** Handles the sequences that are more than one instruction. Returns the position after the sequence, or `at`. */
  #special(at: number): number {
    const opcode = this.#module[at]!;
    if (opcode === 0x20 && readUnsigned(this.#module, at + 1) === this.#counter) {
      const after = nextInstruction(this.#module, at);
      if (this.#matches(at, this.#limitTest())) return this.#writeLimitTest(at);
      if (this.#module[after] === 0x41) return this.#blockStart(at, after);
    }
    const flush = this.#flush();
    if (opcode === 0x41 && this.#matches(at, flush)) {
      this.#output.push(...flush, ...code.i32Const(0), ...code.globalSet(IN_FLIGHT));
      return at + flush.length;
    }
    return at;
  }

  #limitTest(): number[] {
    return [...code.localGet(this.#counter), ...code.i32Const(V86_LOOP_LIMIT), code.i32GeU];
  }

  #writeLimitTest(at: number): number {
    this.#atLoopHead = false;
    this.#output.push(
      ...code.load32At(layout.instructionCounter),
      ...code.localGet(this.#counter),
      code.i32Add,
      ...code.globalGet(JIT_STOP_AT),
      code.i32Sub,
      ...code.i32Const(0),
      code.i32GeS,
    );
    return at + this.#limitTest().length;
  }

  /** `local.get L; i32.const n; i32.add; local.set L` */
  #blockStart(at: number, constantAt: number): number {
    const size = readUnsigned(this.#module, constantAt + 1); // signed and unsigned LEB128 agree when not negative
    const add = nextInstruction(this.#module, constantAt);
    const rest = [code.i32Add, ...code.localSet(this.#counter)];
    if (!this.#matches(add, rest)) return at;
    if (this.#atLoopHead) throw new Error('compiled module has a loop that does not test its limit');
    this.#blockSize = size;
    this.#begun = 0;
    this.#shadowOfSti = false;
    this.instructions += size;
    this.#output.push(...code.localGet(this.#counter), 0x41);
    this.#blockSizeAt = this.#output.length;
    this.#output.push(...paddedSigned(size), ...rest);
    return add + rest.length;
  }

  #flush(): number[] {
    const address = code.i32Const(layout.instructionCounter);
    return [...address, ...address, 0x28, 2, 0, ...code.localGet(this.#counter), code.i32Add, 0x36, 2, 0];
  }

  #matches(at: number, bytes: readonly number[]): boolean {
    return bytes.every((byte, i) => this.#module[at + i] === byte);
  }
}

/** A small non-negative integer as a signed LEB128 of three bytes, so that it can be overwritten in place. */
function paddedSigned(value: number): number[] {
  return [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, (value >> 14) & 0x3f];
}

class ByteWriter {
  length = 0;
  #buffer: Uint8Array<ArrayBuffer>;

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity + 256);
  }

  push(...bytes: readonly number[]): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    for (let at = start; at < end; at++) this.#buffer[this.length++] = source[at]!;
  }

  patchBlockSize(at: number, size: number): void {
    this.#buffer.set(paddedSigned(size), at);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#buffer.length) return;
    const grown = new Uint8Array((this.length + more) * 2);
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

function skipLeb(bytes: Uint8Array, at: number): number {
  let position = at;
  while (bytes[position]! >= 0x80) position++;
  return position + 1;
}
