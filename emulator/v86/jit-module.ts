/*
 * Makes a module that v86's compiler wrote count and stop exactly.
 *
 * What v86 writes: one function; a local L counts instructions and is added to the counter in memory on the way out; each
 * basic block begins with `L += n`, n being its number of instructions; loop heads leave when L reaches a constant, but
 * not those of loops with several entries. So L is ahead of the truth inside a block, and far ahead when an instruction in
 * the middle of it faults. The markers (a `nop` and the address before each guest instruction, see patches.ts) say how far.
 *
 * Here L counts up to zero: it starts at minus the budget B, the distance to `jitStopAt`, so that the test is as cheap as
 * v86's own. L + B is what L was before.
 *
 *   as written                        rewritten
 *   L = 0                             B = jitStopAt - counter; L = -B
 *   L += n                            L += n
 *   marker ...                        ...
 *   marker ... call f ...             ... inFlight = L + B - (n - 1); call f ...
 *   if L >= 100003 leave              if L >= 0 leave
 *   loop without such a test          such a test before each block of the loop
 *   counter += L                      counter += L + B; inFlight = 0
 *   marker of a PAUSE                 if pauseStops: L -= instructions left in the block; stopAt = counter + L + B;
 *                                     paused = 1; leave behind the PAUSE
 *   leave by a fault:                 L = inFlight - B, + 1 if the instruction raised an exception instead of asking to be
 *                                     tried again
 *
 *   leave in the middle of a block:   L -= instructions left in the block; as any way out
 *   (popf that enables interrupts)
 *
 * `sti` and the instruction after it count as one, as in the interpreter, which runs both in one step.
 *
 * Guarantees: the code between two tests completes at most `longestPath` instructions. Needs: whatever changes `jitStopAt`
 * while the function runs also makes it leave; this holds for all instructions that call out, since v86 ends the function
 * after each of them.
 */

import { JIT_FAULT_EXCEPTION_LAST, layout, V86_LOOP_LIMIT } from './layout.ts';
import { ByteWriter, paddedSigned } from './byte-writer.ts';
import {
  IN_FLIGHT,
  JIT_STOP_AT,
  PAUSE_STOPS,
  PAUSED,
  readImports,
  SECTION_IMPORT,
  STOP_AT,
  writeImports,
} from './jit-imports.ts';
import { PathBound } from './jit-path.ts';
import { branchTargets, code, nextInstruction, readUnsigned, skipLeb, unsigned } from './wasm-code.ts';

const SECTION_CODE = 10;
const TYPE_I32 = 0x7f;
const OP_UNREACHABLE = 0x00;
const OP_BLOCK = 0x02;
const OP_LOOP = 0x03;
const OP_IF = 0x04;
const OP_ELSE = 0x05;
const OP_BR = 0x0c;
const OP_BR_IF = 0x0d;
const OP_BR_TABLE = 0x0e;
const OP_CALL = 0x10;
const OP_LOCAL_GET = 0x20;
const OP_CONST = 0x41;

const PAUSE_BYTES = 2;

export interface RewrittenModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The most instructions that can be completed between two tests of `jitStopAt`. */
  readonly longestPath: number;
}

/**
 * Rewrites a module of v86's compiler. `isPause` tells whether there is a PAUSE at a physical address. Throws if the module
 * does not have the expected shape.
 */
export function rewriteJitModule(module: Uint8Array, isPause: (address: number) => boolean): RewrittenModule {
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
      const rewriter = new BodyRewriter(module, body, functionNames, isPause);
      const bodySizeAt = skipLeb(module, start); // after the number of functions, which is one
      rewriter.run(skipLeb(module, bodySizeAt), end);
      longestPath = rewriter.path.longest;
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

class BodyRewriter {
  readonly path = new PathBound();

  readonly #module: Uint8Array;
  readonly #output: ByteWriter;
  readonly #functionNames: readonly string[];
  readonly #isPause: (address: number) => boolean;
  /** The local that counts, how it is compared with the limit, and how it is added to the counter in memory. */
  #counter = -1;
  #limitTest: readonly number[] = [];
  #flush: readonly number[] = [];
  #start: readonly number[] = [];
  /** The local that holds the budget. */
  #budget = -1;
  /** Of the current block: its number of instructions, how many were begun, and where its number was written. */
  #blockSize = 0;
  #begun = 0;
  #blockSizeAt = 0;
  #shadowOfSti = false;
  /** Where numbers were written that include the rest of the current block. */
  readonly #rests: { readonly at: number; value: number }[] = [];
  /** For each open block, loop and `if`: whether it is a loop that does not test the limit (yet). */
  readonly #untested: boolean[] = [];
  readonly #isLoop: boolean[] = [];

  constructor(
    module: Uint8Array,
    output: ByteWriter,
    functionNames: readonly string[],
    isPause: (address: number) => boolean,
  ) {
    this.#module = module;
    this.#output = output;
    this.#functionNames = functionNames;
    this.#isPause = isPause;
  }

  /** Copies the function body at `start`, with the changes. */
  run(start: number, end: number): void {
    let at = this.#copyLocals(start);
    this.#findCounter(at, end);
    while (at < end) {
      const opcode = this.#module[at]!;
      const next = nextInstruction(this.#module, at);
      if (opcode === code.nop) {
        const [address, after] = this.#readMarker(at);
        this.#begin();
        if (this.#isPause(address)) this.#writePause(address);
        at = after;
      } else if (opcode === OP_CALL) {
        this.#call(this.#functionNames[readUnsigned(this.#module, at + 1)] ?? '');
        this.#output.copy(this.#module, at, next);
        at = next;
      } else {
        const after = this.#special(at);
        if (after === at) this.#output.copy(this.#module, at, next);
        this.#follow(opcode, at);
        at = after === at ? next : after;
      }
    }
  }

  /** Declares one more local. */
  #copyLocals(start: number): number {
    const groups = readUnsigned(this.#module, start);
    const first = skipLeb(this.#module, start);
    let at = first;
    this.#budget = 1; // after the parameter
    for (let left = groups; left > 0; left--) {
      this.#budget += readUnsigned(this.#module, at);
      at = skipLeb(this.#module, at) + 1;
    }
    this.#output.push(...unsigned(groups + 1));
    this.#output.copy(this.#module, first, at);
    this.#output.push(1, TYPE_I32);
    return at;
  }

  /** Finds the local that is compared with the limit. The loop around all blocks does so first. */
  #findCounter(start: number, end: number): void {
    const test = [...code.i32Const(V86_LOOP_LIMIT), code.i32GeU];
    for (let at = start; at < end; at = nextInstruction(this.#module, at)) {
      if (this.#module[at] !== OP_LOCAL_GET) continue;
      if (!this.#matches(nextInstruction(this.#module, at), test)) continue;
      this.#counter = readUnsigned(this.#module, at + 1);
      const [get, address] = [code.localGet(this.#counter), code.i32Const(layout.instructionCounter)];
      this.#limitTest = [...get, ...test];
      this.#start = [...code.i32Const(0), ...code.localSet(this.#counter)];
      this.#flush = [...address, ...address, 0x28, 2, 0, ...get, code.i32Add, 0x36, 2, 0];
      return;
    }
    throw new Error('compiled module never tests its limit');
  }

  /** The marker of a guest instruction. */
  #begin(): void {
    if (this.#shadowOfSti) {
      this.#shadowOfSti = false;
      this.#blockSize--;
      this.#output.patchNumber(this.#blockSizeAt, this.#blockSize);
      for (const rest of this.#rests) this.#output.patchNumber(rest.at, --rest.value);
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
        ...localGet(this.#budget),
        code.i32Sub,
        ...localSet(this.#counter),
      );
      return;
    }
    const left = this.#blockSize - this.#begun;
    this.#output.push(...this.#counted());
    this.#writeRest(left + 1);
    this.#output.push(code.i32Sub, ...globalSet(IN_FLIGHT));
    if (name === 'handle_irqs') this.#dropInstructions(left); // the function returns after this
    if (name === 'instr_FB_without_fault') this.#shadowOfSti = true;
  }

  /** Takes instructions of the current block that will not be executed off the count. */
  #dropInstructions(count: number): void {
    if (count === 0) return;
    this.#output.push(...code.localGet(this.#counter));
    this.#writeRest(count);
    this.#output.push(code.i32Sub, ...code.localSet(this.#counter));
  }

  /** A number that includes the instructions left in the block, as a constant; they get fewer if there is an sti to come. */
  #writeRest(value: number): void {
    this.#output.push(OP_CONST);
    this.#rests.push({ at: this.#output.length, value });
    this.#output.push(...paddedSigned(value));
  }

  /** Handles the sequences that are more than one instruction. Returns the position after the sequence, or `at`. */
  #special(at: number): number {
    const opcode = this.#module[at]!;
    if (opcode === OP_LOCAL_GET && readUnsigned(this.#module, at + 1) === this.#counter) {
      const after = nextInstruction(this.#module, at);
      if (this.#matches(at, this.#limitTest)) return this.#writeLimitTest(at);
      if (this.#module[after] === OP_CONST) return this.#blockStart(at, after);
    }
    if (opcode === OP_CONST && this.#matches(at, this.#flush)) {
      this.#writeFlush();
      return at + this.#flush.length;
    }
    if (opcode === OP_CONST && this.#matches(at, this.#start)) {
      this.#writeStart();
      return at + this.#start.length;
    }
    return at;
  }

  #writeLimitTest(at: number): number {
    this.#untested[this.#untested.length - 1] = false;
    this.path.test();
    this.#output.push(...this.#mustLeave());
    return at + this.#limitTest.length;
  }

  /** `local.get L; i32.const n; i32.add; local.set L` */
  #blockStart(at: number, constantAt: number): number {
    const size = readUnsigned(this.#module, constantAt + 1); // signed and unsigned LEB128 agree when not negative
    const add = nextInstruction(this.#module, constantAt);
    const rest = [code.i32Add, ...code.localSet(this.#counter)];
    if (!this.#matches(add, rest)) return at;
    if (this.#innermostLoopIsUntested()) this.#writeBlockTest(add + rest.length);
    this.path.add(size);
    this.#blockSize = size;
    this.#begun = 0;
    this.#rests.length = 0;
    this.#shadowOfSti = false;
    this.#output.push(...code.localGet(this.#counter), OP_CONST);
    this.#blockSizeAt = this.#output.length;
    this.#output.push(...paddedSigned(size), ...rest);
    return add + rest.length;
  }

  /** Leaves before the block whose first marker is at `markerAt`. The label of the way out is the outermost block. */
  #writeBlockTest(markerAt: number): void {
    const [address] = this.#readMarker(markerAt);
    this.path.test();
    this.#output.push(...this.#mustLeave(), ...code.if, ...this.#leaveFromIf(address), code.end);
  }

  /** Leaves behind a PAUSE, with the count that is true there. */
  #writePause(address: number): void {
    this.#output.push(...code.globalGet(PAUSE_STOPS), ...code.if);
    this.#dropInstructions(this.#blockSize - this.#begun);
    this.#output.push(
      ...code.load32At(layout.instructionCounter),
      ...this.#counted(),
      code.i32Add,
      ...code.globalSet(STOP_AT),
      ...code.i32Const(1),
      ...code.globalSet(PAUSED),
      ...this.#leaveFromIf(address + PAUSE_BYTES),
      code.end,
    );
  }

  /** Within an `if`: goes to the way out, with the instruction pointer at this place of the current page. */
  #leaveFromIf(address: number): number[] {
    return [
      ...code.i32Const(0),
      ...code.load32At(layout.instructionPointer),
      ...code.i32Const(-4096),
      code.i32And,
      ...code.i32Const(address & 0xfff),
      code.i32Or,
      ...code.store32(layout.instructionPointer),
      ...code.br(this.#untested.length),
    ];
  }

  #mustLeave(): number[] {
    return [...code.localGet(this.#counter), ...code.i32Const(0), code.i32GeS];
  }

  /** Instructions since the function was entered, including those of the current block. */
  #counted(): number[] {
    return [...code.localGet(this.#counter), ...code.localGet(this.#budget), code.i32Add];
  }

  #writeStart(): void {
    this.#output.push(
      ...code.i32Const(0),
      ...code.globalGet(JIT_STOP_AT),
      ...code.load32At(layout.instructionCounter),
      code.i32Sub,
      ...code.localTee(this.#budget),
      code.i32Sub,
      ...code.localSet(this.#counter),
    );
  }

  #writeFlush(): void {
    this.#output.push(
      ...code.i32Const(0),
      ...code.load32At(layout.instructionCounter),
      ...this.#counted(),
      code.i32Add,
      ...code.store32(layout.instructionCounter),
      ...code.i32Const(0),
      ...code.globalSet(IN_FLIGHT),
    );
  }

  /** Keeps track of blocks and jumps. */
  #follow(opcode: number, at: number): void {
    const operand = () => readUnsigned(this.#module, at + 1);
    if (opcode >= OP_BLOCK && opcode <= OP_IF) {
      this.#untested.push(opcode === OP_LOOP);
      this.#isLoop.push(opcode === OP_LOOP);
      this.path.open(opcode === OP_LOOP, opcode === OP_IF);
    } else if (opcode === OP_ELSE) {
      this.path.else();
    } else if (opcode === code.end) {
      this.#untested.pop();
      this.#isLoop.pop();
      this.path.close();
    } else if (opcode === OP_BR || opcode === OP_BR_IF) {
      this.#checkWayOut(operand());
      this.path.branch(operand());
      if (opcode === OP_BR) this.path.leave();
    } else if (opcode === OP_BR_TABLE) {
      for (const depth of branchTargets(this.#module, at)) this.path.branch(depth);
      this.path.leave();
    } else if (opcode === code.return || opcode === OP_UNREACHABLE) {
      this.path.leave();
    }
  }

  /** The way out of the function, the outermost block, must not be taken with a count that is ahead. */
  #checkWayOut(depth: number): void {
    if (depth !== this.#untested.length - 1 || this.#begun === this.#blockSize) return;
    throw new Error('compiled module leaves in the middle of a block');
  }

  #innermostLoopIsUntested(): boolean {
    return this.#untested[this.#isLoop.lastIndexOf(true)] ?? false;
  }

  /** The address in a marker, and the position after it. */
  #readMarker(at: number): readonly [number, number] {
    const constantAt = at + 1;
    const dropAt = nextInstruction(this.#module, constantAt);
    if (this.#module[at] !== code.nop || this.#module[constantAt] !== OP_CONST || this.#module[dropAt] !== code.drop) {
      throw new Error('compiled module has a block without the marker of its first instruction');
    }
    return [readUnsigned(this.#module, constantAt + 1), dropAt + 1];
  }

  #matches(at: number, bytes: readonly number[]): boolean {
    return bytes.every((byte, i) => this.#module[at + i] === byte);
  }
}
