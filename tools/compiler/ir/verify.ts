/*
 * Checks the invariants that types.ts states. In tests it runs after every pass; a pass that breaks one is found at
 * once, and by name, instead of three passes later by a wrong program.
 *
 * Each message names the function, the block and the instruction. A function with a broken graph is not checked further:
 * dominance means nothing there. Operands in unreachable blocks are not checked for dominance either.
 */

import { Dominators } from './graph.ts';
import { printInstruction } from './print.ts';
import {
  type Block,
  type Instruction,
  type IrFunction,
  type IrModule,
  isTerminator,
  noValues,
  type ValueType,
} from './types.ts';
import { checkOperation } from './verify-operation.ts';

/** All that is wrong with the module; empty if nothing is. */
export function verifyModule(module: IrModule): string[] {
  const problems: string[] = [];
  for (const [name, fn] of module.functions) {
    if (fn.name !== name) problems.push(`function ${fn.name} is entered as ${name}`);
    problems.push(...verifyFunction(fn, module));
  }
  if (module.entry !== null && !module.functions.has(module.entry))
    problems.push(`entry ${module.entry} does not exist`);
  for (const [name, data] of module.data) {
    const say = (message: string): number => problems.push(`data ${name}: ${message}`);
    if (data.name !== name) say(`is called ${data.name}`);
    if (module.functions.has(name)) say('a function has the same name');
    if (data.bytes !== null && data.bytes.length !== data.size)
      say(`has ${data.bytes.length} bytes, but size ${data.size}`);
    if (data.bytes === null && data.relocations.length > 0) say('has relocations but no bytes');
    for (const { at, symbol } of data.relocations) {
      if (at < 0 || at + 4 > data.size) say(`relocation at ${at} lies outside`);
      if (!isSymbol(module, symbol)) say(`relocation against ${symbol}, which does not exist`);
    }
  }
  return problems;
}

/** Throws an Error that lists all problems; `stage` says what ran last. */
export function assertValid(module: IrModule, stage: string): void {
  const problems = verifyModule(module);
  if (problems.length > 0) throw new Error(`invalid IR after ${stage}:\n${problems.join('\n')}`);
}

/** Symbols of the module, and those that the linker defines, which begin with two underscores. */
export function isSymbol(module: IrModule, name: string): boolean {
  return module.functions.has(name) || module.data.has(name) || name.startsWith('__');
}

/** Without a module, symbols and the signatures of callees are not checked. */
export function verifyFunction(fn: IrFunction, module: IrModule | null): string[] {
  return new FunctionVerifier(fn, module).run();
}

class FunctionVerifier {
  readonly #fn: IrFunction;
  readonly #module: IrModule | null;
  readonly #problems: string[] = [];
  /** Where each instruction stands in its block, and thereby: that it is in the function at all. */
  readonly #position = new Map<Instruction, number>();

  constructor(fn: IrFunction, module: IrModule | null) {
    this.#fn = fn;
    this.#module = module;
  }

  run(): string[] {
    if (this.#fn.asm !== null) {
      this.#checkNaked();
      return this.#problems;
    }
    if (this.#fn.blocks.length === 0) {
      this.#report(null, null, 'has no blocks');
      return this.#problems;
    }
    this.#checkIdentities();
    if (noValues.length > 0)
      this.#report(null, null, 'or another one has changed the operands that those without have');
    for (const block of this.#fn.blocks) this.#checkShape(block);
    this.#checkEdges();
    if (this.#problems.length > 0) return this.#problems;
    const dominators = new Dominators(this.#fn);
    for (const block of this.#fn.blocks) {
      for (const instruction of block.instructions) {
        this.#checkInstruction(instruction, block);
        if (dominators.isReachable(block)) this.#checkDominance(instruction, block, dominators);
      }
    }
    return this.#problems;
  }

  #report(block: Block | null, instruction: Instruction | null, message: string): void {
    const where = block === null ? '' : `, b${block.id}`;
    const what = instruction === null ? '' : `, "${printInstruction(instruction)}"`;
    this.#problems.push(`function ${this.#fn.name}${where}${what}: ${message}`);
  }

  #checkNaked(): void {
    const asm = this.#fn.asm!;
    if (this.#fn.blocks.length > 0) this.#report(null, null, 'is naked, but has blocks');
    if (asm.pieces.length !== asm.operands.length + 1)
      this.#report(null, null, 'pieces and operands of asm do not alternate');
    for (const operand of asm.operands) {
      if ('symbol' in operand && this.#module !== null && !isSymbol(this.#module, operand.symbol)) {
        this.#report(null, null, `asm names ${operand.symbol}, which does not exist`);
      }
    }
  }

  #checkIdentities(): void {
    const values = new Set<number>();
    const blocks = new Set<number>();
    for (const block of this.#fn.blocks) {
      if (blocks.has(block.id)) this.#report(block, null, 'another block has this id');
      if (block.id >= this.#fn.blockLimit) this.#report(block, null, 'the id was not given out by this function');
      blocks.add(block.id);
      block.instructions.forEach((instruction, position) => {
        if (values.has(instruction.id)) this.#report(block, instruction, 'another instruction has this id');
        if (instruction.id >= this.#fn.valueLimit)
          this.#report(block, instruction, 'the id was not given out by this function');
        if (instruction.block !== block) this.#report(block, instruction, 'its `block` is another');
        values.add(instruction.id);
        this.#position.set(instruction, position);
      });
    }
  }

  /** Phis first, then the rest, one terminator at the end; params only at the head of the entry. */
  #checkShape(block: Block): void {
    if (block.terminator === null) this.#report(block, null, 'does not end in a terminator');
    let afterPhis = false;
    let afterParams = false;
    block.instructions.forEach((instruction, position) => {
      const { op } = instruction;
      if (isTerminator(op) && position !== block.instructions.length - 1) {
        this.#report(block, instruction, 'a terminator inside a block');
      }
      if (op === 'phi' && afterPhis) this.#report(block, instruction, 'a phi after other instructions');
      if (op === 'param' && (block !== this.#fn.blocks[0] || afterParams)) {
        this.#report(block, instruction, 'a param that is not at the head of the entry');
      }
      afterPhis ||= op !== 'phi';
      afterParams ||= op !== 'param';
    });
  }

  /** Predecessors and targets must be the same edges. */
  #checkEdges(): void {
    const edges = new Map<Block, Block[]>(this.#fn.blocks.map((block) => [block, []]));
    for (const block of this.#fn.blocks) {
      for (const target of block.successors) {
        const into = edges.get(target);
        if (into === undefined) this.#report(block, block.terminator, `b${target.id} is not a block of the function`);
        else into.push(block);
      }
    }
    for (const [block, sources] of edges) {
      const byId = (a: Block, b: Block): number => a.id - b.id;
      const wanted = [...sources].sort(byId);
      const found = [...block.predecessors].sort(byId);
      if (wanted.length !== found.length || wanted.some((source, i) => source !== found[i])) {
        const names = (blocks: Block[]): string => blocks.map((source) => `b${source.id}`).join(', ') || 'nowhere';
        this.#report(block, null, `the predecessors are ${names(found)}, but edges come from ${names(wanted)}`);
      }
    }
    const entry = this.#fn.blocks[0]!;
    if (entry.predecessors.length > 0) this.#report(entry, null, 'the entry has predecessors');
  }

  #checkInstruction(instruction: Instruction, block: Block): void {
    const report = (message: string): void => this.#report(block, instruction, message);
    if (instruction.op === 'phi') {
      checkPhi(instruction, block, report);
      return;
    }
    checkOperation(instruction, this.#fn, report);
    if (this.#module !== null) this.#checkSymbol(instruction, this.#module, report);
  }

  #checkSymbol(instruction: Instruction, module: IrModule, report: (message: string) => void): void {
    const { op, symbol } = instruction;
    if (op === 'symbol' && !isSymbol(module, symbol)) report(`${symbol} does not exist`);
    if (op !== 'call') return;
    const callee = module.functions.get(symbol);
    if (callee === undefined) {
      report(`there is no function ${symbol}`);
      return;
    }
    const given: ValueType[] = instruction.args.map((operand) => operand.type);
    if (given.join() !== callee.parameters.join()) {
      report(`the arguments are (${given.join(', ')}), but ${symbol} takes (${callee.parameters.join(', ')})`);
    }
    if (instruction.type !== callee.returns) report(`${symbol} returns ${callee.returns}`);
  }

  #checkDominance(instruction: Instruction, block: Block, dominators: Dominators): void {
    instruction.args.forEach((operand, index) => {
      const at = this.#position.get(operand);
      if (at === undefined) {
        this.#report(block, instruction, `%${operand.id} is not in the function`);
        return;
      }
      const home = operand.block!;
      const user = instruction.op === 'phi' ? block.predecessors[index] : block;
      if (user === undefined || !dominators.isReachable(user)) return;
      const isBefore =
        home === block && instruction.op !== 'phi'
          ? at < this.#position.get(instruction)!
          : dominators.isReachable(home) && dominators.dominates(home, user);
      if (!isBefore) this.#report(block, instruction, `%${operand.id} does not dominate this use`);
    });
  }
}

function checkPhi({ args, type }: Instruction, { predecessors }: Block, report: (message: string) => void): void {
  if (args.length !== predecessors.length) report(`${args.length} operands for ${predecessors.length} predecessors`);
  if (args.some((operand) => operand.type !== type)) report(`every operand should be ${type}`);
  predecessors.forEach((source, index) => {
    const first = predecessors.indexOf(source);
    if (args[first] !== args[index]) report(`two operands for the edges from b${source.id}`);
  });
}
