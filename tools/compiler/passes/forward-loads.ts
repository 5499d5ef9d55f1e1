/*
 * Forwarding of loads: what memory holds is known from an earlier load or store.
 *
 * Needs: SSA form, no unreachable blocks. Guarantees: a plain load gives way to a value, if on every path to it the same
 * value was loaded from or stored to the same bytes, and nothing in between may have written them. Volatile accesses
 * stay. Keeps the blocks.
 *
 *   before  store u32 [%0 + 4], %1          after  store u32 [%0 + 4], %1
 *           store u32 [%0 + 8], %2                 store u32 [%0 + 8], %2
 *           %3 = load u32 [%0 + 4]                 return %1
 *           return %3
 *
 * Intrinsics that read machine state are forwarded likewise, until anything is written.
 *
 * The known contents of memory flow along reverse postorder. Where paths join, what all of them agree on is left; at
 * the head of a loop, what the way in knows and nothing in the loop can change. Calls forget all but private slots and
 * constant tables.
 */

import { AliasAnalysis, offsetOf, sameBase } from '../ir/alias.ts';
import { Replacements } from '../ir/edit.ts';
import { isReading, writesMemory } from '../ir/effects.ts';
import { Dominators } from '../ir/graph.ts';
import { findLoops, isReducible, type Loop } from '../ir/loops.ts';
import { extensionOp } from '../ir/opcodes.ts';
import type { Block, Instruction, IrFunction, IrModule } from '../ir/types.ts';

/** The bytes that `access` (a load or store) is about hold `value`; or `access` is a reading intrinsic, which gave it. */
interface Content {
  readonly access: Instruction;
  readonly value: Instruction;
}

/** More than this is not remembered; the oldest goes first. */
const memoryLimit = 64;

export function forwardLoads(fn: IrFunction, module: IrModule): boolean {
  const hasLoads = fn.blocks.some(({ instructions }) => instructions.some(isForwardable));
  return hasLoads && new Forwarding(fn, module).run();
}

function isForwardable(instruction: Instruction): boolean {
  return (instruction.op === 'load' && !instruction.isVolatile) || isReading(instruction);
}

class Forwarding {
  readonly #fn: IrFunction;
  readonly #dominators: Dominators;
  readonly #alias: AliasAnalysis;
  readonly #replacements: Replacements;
  /** By header; worked out when the first loop is met. Null where control flow is not reducible. */
  #loops: ReadonlyMap<Block, Loop> | null | undefined;
  /** By block id: what is known at its end. */
  readonly #atEnd: (readonly Content[] | undefined)[];

  constructor(fn: IrFunction, module: IrModule) {
    this.#fn = fn;
    this.#replacements = new Replacements(fn);
    this.#dominators = new Dominators(fn);
    this.#alias = new AliasAnalysis(fn, module);
    this.#atEnd = new Array<readonly Content[] | undefined>(fn.blockLimit).fill(undefined);
  }

  /** Tells whether anything was forwarded. */
  run(): boolean {
    for (const block of this.#dominators.order) {
      const known = this.#atStart(block);
      let kept: Instruction[] | null = null; // as long as nothing was forwarded
      const { instructions } = block;
      for (let n = 0; n < instructions.length; n++) {
        const instruction = instructions[n]!;
        this.#replacements.updateOperands(instruction);
        const value = isForwardable(instruction) ? this.#find(instruction, known) : null;
        if (value !== null) {
          kept ??= instructions.slice(0, n);
          if (value.block === null) kept.push(placed(value, block));
          this.#replacements.replace(instruction, value);
          continue;
        }
        kept?.push(instruction);
        this.#follow(instruction, known);
      }
      if (kept !== null) block.instructions = kept;
      this.#atEnd[block.id] = known;
    }
    this.#replacements.apply(this.#fn);
    return !this.#replacements.isEmpty;
  }

  /** What is known at the head of the block, as a list of its own. */
  #atStart(block: Block): Content[] {
    const { predecessors } = block;
    let first: readonly Content[] | undefined;
    let isComplete = true;
    for (let n = 0; n < predecessors.length; n++) {
      const contents = this.#atEnd[predecessors[n]!.id];
      first ??= contents;
      if (contents === undefined) isComplete = false;
    }
    if (first === undefined) return [];
    const agreed = first.slice();
    if (predecessors.length > 1) this.#keepAgreed(agreed, predecessors);
    if (!isComplete) this.#keepUnchanged(block, agreed);
    return agreed;
  }

  /** Leaves what all blocks agree on, as far as they have been visited. */
  #keepAgreed(contents: Content[], blocks: readonly Block[]): void {
    let kept = 0;
    for (let n = 0; n < contents.length; n++) {
      if (this.#isInAll(contents[n]!, blocks)) contents[kept++] = contents[n]!;
    }
    if (kept < contents.length) contents.length = kept;
  }

  #isInAll(content: Content, blocks: readonly Block[]): boolean {
    for (let n = 0; n < blocks.length; n++) {
      const contents = this.#atEnd[blocks[n]!.id];
      if (contents !== undefined && !isAmong(content, contents)) return false;
    }
    return true;
  }

  /** Some way into the block was not visited yet: it is the head of a loop, which may change what is known. */
  #keepUnchanged(block: Block, contents: Content[]): void {
    if (contents.length === 0) return;
    this.#loops ??= loopsByHeader(this.#dominators);
    const loop = this.#loops?.get(block);
    if (loop === undefined) {
      contents.length = 0;
      return;
    }
    for (const { instructions } of loop.blocks) {
      for (const instruction of instructions) {
        if (contents.length === 0) return;
        if (writesMemory(instruction)) this.#forget(instruction, contents);
      }
    }
  }

  /** What the load will give; perhaps an extension that is new, and in no block yet. */
  #find(load: Instruction, known: readonly Content[]): Instruction | null {
    for (let n = 0; n < known.length; n++) {
      const { access, value } = known[n]!;
      if (access.op === 'intrinsic' || load.op === 'intrinsic') {
        if (isSameReading(access, load)) return value;
        continue;
      }
      if (access.size !== load.size || !sameBase(access.args[0]!, load.args[0]!)) continue;
      if (offsetOf(access) !== offsetOf(load)) continue;
      if (load.size >= 4) return value;
      if (access.op === 'load' && access.signed === load.signed) return value;
      return this.#fn.create(extensionOp(load.size, load.signed), 'i32', [value], load.location);
    }
    return null;
  }

  /** Makes what is known before the instruction what is known after it. */
  #follow(instruction: Instruction, known: Content[]): void {
    const { op } = instruction;
    if (writesMemory(instruction)) this.#forget(instruction, known);
    if (!isForwardable(instruction) && (op !== 'store' || instruction.isVolatile)) return;
    if (known.length === memoryLimit) known.shift();
    known.push({ access: instruction, value: op === 'store' ? instruction.args[1]! : instruction });
  }

  /** Drops what the instruction may overwrite. */
  #forget(writer: Instruction, known: Content[]): void {
    let kept = 0;
    for (let n = 0; n < known.length; n++) {
      if (this.#survives(known[n]!.access, writer)) known[kept++] = known[n]!;
    }
    if (kept < known.length) known.length = kept;
  }

  #survives(access: Instruction, writer: Instruction): boolean {
    if (access.op === 'intrinsic') return writer.op === 'store' && this.#alias.isPrivate(writer);
    if (this.#alias.isConstant(access)) return true;
    return writer.op === 'store' ? !this.#alias.mayOverlap(writer, access) : this.#alias.isPrivate(access);
  }
}

function placed(instruction: Instruction, block: Block): Instruction {
  instruction.block = block;
  return instruction;
}

function isAmong(content: Content, contents: readonly Content[]): boolean {
  for (let n = 0; n < contents.length; n++) if (isSame(content, contents[n]!)) return true;
  return false;
}

function loopsByHeader(dominators: Dominators): ReadonlyMap<Block, Loop> | null {
  if (!isReducible(dominators)) return null;
  return new Map(findLoops(dominators).map((loop) => [loop.header, loop]));
}

function isSameReading(a: Instruction, b: Instruction): boolean {
  if (a.op !== 'intrinsic' || b.op !== 'intrinsic' || a.intrinsic !== b.intrinsic) return false;
  return a.args.every((operand, i) => {
    const other = b.args[i]!;
    return operand === other || (operand.op === 'const' && other.op === 'const' && operand.value === other.value);
  });
}

function isSame(a: Content, b: Content): boolean {
  if (a.access === b.access) return true;
  if (a.access.op === 'intrinsic') return a.value === b.value && isSameReading(a.access, b.access);
  return (
    a.value === b.value &&
    a.access.op === b.access.op &&
    a.access.size === b.access.size &&
    a.access.signed === b.access.signed &&
    sameBase(a.access.args[0]!, b.access.args[0]!) &&
    offsetOf(a.access) === offsetOf(b.access)
  );
}
