/*
 * Algebraic simplification and constant folding.
 *
 * Needs: SSA form. Guarantees: what can be computed is; constants are right operands where the operation commutes;
 * `<=` with a constant is `<`; constant parts of an address are in the `offset` of the load or store; branches test
 * values rather than "value is not zero"; no dead code. Keeps the blocks.
 *
 *   before  %1 = const 4               after  %3 = load u32 [%0 + 12]
 *           %2 = add %0, %1
 *           %3 = load u32 [%2 + 8]
 *
 * One walk over the blocks as they stand, which is mostly in the direction of control, so that operands are simple before
 * their users are looked at. The rules are in rules/, by family. A rule gives a value that equals the instruction (an existing one, or one that it emits in front), or
 * changes the instruction in place and gives null. Every rule leads towards the forms above, so none undoes another.
 */

import { Replacements } from '../ir/edit.ts';
import { foldConstants, isFoldable } from '../ir/fold.ts';
import { countUses } from '../ir/graph.ts';
import { isCommutative } from '../ir/opcodes.ts';
import type { Attributes, Block, Instruction, IrFunction, IrModule, Opcode, ValueType } from '../ir/types.ts';
import { eliminateDeadCode } from './dce.ts';
import { additionRules } from './rules/addition.ts';
import { bitRules } from './rules/bits.ts';
import { comparisonRules } from './rules/comparison.ts';
import { controlRules } from './rules/control.ts';
import { conversionRules } from './rules/conversion.ts';
import { memoryRules } from './rules/memory.ts';
import { multiplicationRules } from './rules/multiplication.ts';
import type { Emitter, Rule } from './rules/rule.ts';

const rules: ReadonlyMap<Opcode, Rule> = new Map<Opcode, Rule>([
  ...additionRules,
  ...multiplicationRules,
  ...bitRules,
  ...comparisonRules,
  ...conversionRules,
  ...controlRules,
  ...memoryRules,
]);

export function simplify(fn: IrFunction, module: IrModule): boolean {
  const replacements = new Replacements(fn);
  const simplifier = new Simplifier(fn, module);
  for (const block of fn.blocks) {
    simplifier.begin(block);
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const instruction = instructions[n]!;
      replacements.updateOperands(instruction);
      const value = simplifier.simplify(instruction);
      if (value !== instruction) replacements.replace(instruction, value);
    }
    simplifier.end();
  }
  if (replacements.isEmpty) return simplifier.hasTouched;
  replacements.apply(fn);
  // a rule may have changed what only dead code uses: leave nothing of that kind behind
  eliminateDeadCode(fn);
  return true;
}

class Simplifier implements Emitter {
  readonly module: IrModule;
  readonly #fn: IrFunction;
  /** By id; at least as many as there are, so that "once" can be relied on. */
  readonly #uses: number[];
  #block!: Block;
  /** What the block will consist of: the first #count entries. */
  readonly #done: Instruction[] = [];
  #count = 0;
  /** The block will not consist of what it did. */
  #differs = false;
  #current!: Instruction;
  hasTouched = false;

  constructor(fn: IrFunction, module: IrModule) {
    this.#fn = fn;
    this.module = module;
    this.#uses = countUses(fn);
  }

  begin(block: Block): void {
    this.#block = block;
    this.#count = 0;
    this.#differs = false;
  }

  end(): void {
    if (this.#differs) this.#block.instructions = this.#done.slice(0, this.#count);
  }

  /** Gives what the instruction is to be replaced by; keeps it if that is itself. */
  simplify(instruction: Instruction): Instruction {
    this.#current = instruction;
    const value = this.#reduce(instruction);
    if (value === instruction) return value;
    this.#differs = true;
    this.#addUses(value, this.#uses[instruction.id]!);
    return value;
  }

  emit(op: Opcode, type: ValueType, args: Instruction[], attributes?: Partial<Attributes>): Instruction {
    const instruction = this.#fn.create(op, type, args, this.#current.location, attributes);
    const value = this.#reduce(instruction);
    if (value !== instruction) return value;
    this.#differs = true;
    for (const operand of args) this.#addUses(operand, 1);
    return value;
  }

  constant(value: number): Instruction {
    return this.emit('const', 'i32', [], { value });
  }

  wideConstant(value: bigint): Instruction {
    return this.emit('const', 'i64', [], { value });
  }

  touch(): void {
    this.hasTouched = true;
  }

  isUsedOnce(value: Instruction): boolean {
    return (this.#uses[value.id] ?? 0) <= 1;
  }

  #addUses({ id }: Instruction, count: number): void {
    while (this.#uses.length <= id) this.#uses.push(0); // it has just been made
    this.#uses[id]! += count;
  }

  #reduce(instruction: Instruction): Instruction {
    const folded = instruction.args[0]?.op === 'const' && isFoldable(instruction) ? this.#fold(instruction) : null;
    if (folded !== null) return folded;
    const result = rules.get(instruction.op)?.(instruction, this) ?? null;
    if (result !== null) return result;
    instruction.block = this.#block;
    this.#done[this.#count++] = instruction;
    return instruction;
  }

  /** The left operand is a constant: puts it to the right, or computes with two. */
  #fold(instruction: Instruction): Instruction | null {
    const { op, args } = instruction;
    const a = args[0]!;
    const b = args[1];
    if (b !== undefined && b.op !== 'const') {
      if (isCommutative(op)) args.reverse();
      return null;
    }
    const value = foldConstants(instruction, b === undefined ? [a.value] : [a.value, b.value]);
    return value === null ? null : this.emit('const', instruction.type, [], { value });
  }
}
