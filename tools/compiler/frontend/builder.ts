/*
 * Building SSA straight from the syntax tree (Braun, Buchwald, Hack, Leissa, Mallon, Zwinkau: "Simple and Efficient
 * Construction of Static Single Assignment Form", CC 2013).
 *
 * Idea. Every block remembers the current value of each variable. A read that finds none asks the predecessors, and puts
 * a phi where they may differ. A block is *sealed* once all its predecessors are known; a read in an unsealed block
 * leaves an empty phi, filled in at sealing. A phi whose operands are all the same value is trivial and is replaced by it.
 *
 * Replacing is lazy: `#replaced` says what a dead phi stands for, and finish() puts it into all operands at once.
 * Code after a return or break goes to a block without predecessors, which finish() drops.
 */

import type { Attributes, Block, Instruction, IrFunction, Opcode, SourceLocation, ValueType } from '../ir/types.ts';
import { sourceOf, type ts } from '../syntax/index.ts';
import { foldBinary } from './fold.ts';
import { Locations } from './locations.ts';

/** A local variable that lives in registers. */
export class Variable {
  readonly type: ValueType;
  readonly definitions = new Map<Block, Instruction>();

  constructor(type: ValueType) {
    this.type = type;
  }
}

export class SsaBuilder {
  readonly fn: IrFunction;
  /** Where the next instruction goes. */
  block: Block;

  readonly #entry: Block;
  readonly #sealed = new Set<Block>();
  readonly #incomplete = new Map<Block, Map<Variable, Instruction>>();
  readonly #replaced = new Map<Instruction, Instruction>();
  readonly #phiUsers = new Map<Instruction, Set<Instruction>>();
  #location: SourceLocation | null = null;
  #locations: Locations | null = null;
  /** Where the next instruction comes from, if its location has not been worked out yet. */
  #node: ts.Node | null = null;
  readonly #undefined = new Map<ValueType, Instruction>();

  constructor(fn: IrFunction) {
    this.fn = fn;
    this.#entry = fn.createBlock();
    this.block = this.#entry;
    this.#sealed.add(this.#entry);
  }

  /** Nothing has been built yet. */
  get isUntouched(): boolean {
    return this.block === this.#entry && this.#entry.instructions.length === 0 && this.fn.blocks.length === 1;
  }

  /** No path leads to the current block. */
  get isDead(): boolean {
    return this.#isDead(this.block);
  }

  #isDead(block: Block): boolean {
    return block !== this.#entry && block.predecessors.length === 0 && this.#sealed.has(block);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Instructions

  /** What follows comes from this node. Told more often than needed, so that finding the line waits. */
  at(node: ts.Node): void {
    this.#node = node;
  }

  /** What follows comes from this place. */
  atPosition(source: ts.SourceFile, position: number): void {
    this.#node = null;
    this.#location = this.#locationsIn(source).at(position);
  }

  get #here(): SourceLocation | null {
    if (this.#node !== null)
      this.#location = (this.#locations ?? this.#locationsIn(sourceOf(this.#node))).of(this.#node);
    this.#node = null;
    return this.#location;
  }

  /** All code of a function comes from one file. */
  #locationsIn(source: ts.SourceFile): Locations {
    this.#locations ??= new Locations(source);
    return this.#locations;
  }

  emit(op: Opcode, type: ValueType, args: Instruction[], attributes?: Partial<Attributes>): Instruction {
    const instruction = this.fn.create(op, type, args, this.#here, attributes);
    this.#append(this.block, instruction);
    return instruction;
  }

  #append(block: Block, instruction: Instruction): void {
    instruction.block = block;
    block.instructions.push(instruction);
  }

  constant(type: 'i32' | 'i64', value: bigint): Instruction {
    const kept = type === 'i64' ? BigInt.asIntN(64, value) : Number(BigInt.asIntN(32, value));
    return this.emit('const', type, [], { value: kept });
  }

  /** A two-operand operation, folded where that is obvious. */
  binary(op: Opcode, a: Instruction, b: Instruction): Instruction {
    const left = this.resolve(a);
    const right = this.resolve(b);
    const folded = foldBinary(op, left, right);
    if (folded === null) return this.emit(op, left.type, [left, right]);
    if (typeof folded === 'object') return folded;
    return this.constant(left.type === 'i64' ? 'i64' : 'i32', folded);
  }

  param(index: number, type: ValueType): Instruction {
    return this.emit('param', type, [], { index });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Control flow

  createBlock(): Block {
    return this.fn.createBlock();
  }

  /** Continues in `block`. */
  start(block: Block): void {
    this.block = block;
  }

  /** Continues in a new block all of whose predecessors are there already. */
  startSealed(block: Block): void {
    this.seal(block);
    this.block = block;
  }

  jump(target: Block): void {
    this.#terminate('jump', [], [target]);
  }

  branch(condition: Instruction, ifTrue: Block, ifFalse: Block): void {
    this.#terminate('branch', [condition], [ifTrue, ifFalse]);
  }

  switch(value: Instruction, otherwise: Block, cases: readonly { value: number; target: Block }[]): void {
    const targets = [otherwise, ...cases.map((one) => one.target)];
    this.#terminate('switch', [value], targets, { cases: cases.map((one) => one.value) });
  }

  return(value: Instruction | null): void {
    this.#terminate('return', value === null ? [] : [value], []);
  }

  unreachable(): void {
    this.#terminate('unreachable', [], []);
  }

  #terminate(op: Opcode, args: Instruction[], targets: Block[], attributes?: Partial<Attributes>): void {
    if (!this.isDead) {
      this.emit(op, 'void', args, { ...attributes, targets });
      for (const target of targets) target.predecessors.push(this.block);
    }
    this.block = this.createBlock();
    this.#sealed.add(this.block);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Variables

  write(variable: Variable, value: Instruction): void {
    variable.definitions.set(this.block, value);
  }

  read(variable: Variable): Instruction {
    return this.#readIn(variable, this.block);
  }

  #readIn(variable: Variable, block: Block): Instruction {
    const known = variable.definitions.get(block);
    return known === undefined ? this.#readFrom(variable, block) : this.resolve(known);
  }

  /** The value in a block that does not set the variable. */
  #readFrom(variable: Variable, block: Block): Instruction {
    const passed: Block[] = []; // blocks with one predecessor, whose value is that one's
    let at = block;
    let value: Instruction | undefined;
    for (;;) {
      value = variable.definitions.get(at);
      const only = at.predecessors[0];
      if (value !== undefined || at.predecessors.length !== 1 || only === undefined || !this.#sealed.has(at)) break;
      if (passed.length > this.fn.blocks.length) {
        value = this.#undefinedValue(variable.type); // a loop that nothing leads to
        break;
      }
      passed.push(at);
      at = only;
    }
    const found = value === undefined ? this.#readAcross(variable, at) : this.resolve(value);
    for (let n = 0; n < passed.length; n++) variable.definitions.set(passed[n]!, found);
    return found;
  }

  #readAcross(variable: Variable, block: Block): Instruction {
    if (this.#sealed.has(block) && block.predecessors.length === 0) return this.#undefinedValue(variable.type);
    const phi = this.fn.create('phi', variable.type, [], this.#here);
    phi.block = block;
    block.instructions.unshift(phi);
    variable.definitions.set(block, phi);
    if (!this.#sealed.has(block)) {
      const waiting = this.#incomplete.get(block) ?? new Map<Variable, Instruction>();
      this.#incomplete.set(block, waiting.set(variable, phi));
      return phi;
    }
    const value = this.#fillPhi(variable, phi, block);
    variable.definitions.set(block, value);
    return value;
  }

  /** All predecessors of the block are known from here on. */
  seal(block: Block): void {
    this.#sealed.add(block);
    const waiting = this.#incomplete.get(block);
    this.#incomplete.delete(block);
    for (const [variable, phi] of waiting ?? []) this.#fillPhi(variable, phi, block);
  }

  #fillPhi(variable: Variable, phi: Instruction, block: Block): Instruction {
    const { predecessors } = block;
    const { args } = phi;
    for (let n = 0; n < predecessors.length; n++) args.push(this.#readIn(variable, predecessors[n]!));
    for (let n = 0; n < args.length; n++) {
      const arg = args[n]!;
      if (arg.op === 'phi') this.#phiUsers.set(arg, (this.#phiUsers.get(arg) ?? new Set()).add(phi));
    }
    return this.#simplify(phi);
  }

  /** Joins one value per predecessor of the current block, in their order. */
  phi(type: ValueType, values: Instruction[]): Instruction {
    const phi = this.fn.create('phi', type, values, this.#here);
    phi.block = this.block;
    this.block.instructions.unshift(phi);
    return this.#simplify(phi);
  }

  /** Replaces a phi that joins one value with itself. */
  #simplify(phi: Instruction): Instruction {
    let same: Instruction | null = null;
    const { args } = phi;
    for (let n = 0; n < args.length; n++) {
      const arg = this.resolve(args[n]!);
      if (arg === same || arg === phi) continue;
      if (same !== null) return phi;
      same = arg;
    }
    const value = same ?? this.#undefinedValue(phi.type);
    this.#replaced.set(phi, value);
    const users = this.#phiUsers.get(phi);
    this.#phiUsers.delete(phi);
    for (const user of users ?? []) {
      if (user === phi || this.#replaced.has(user)) continue;
      if (value.op === 'phi') this.#phiUsers.set(value, (this.#phiUsers.get(value) ?? new Set()).add(user));
      this.#simplify(user);
    }
    return this.resolve(value);
  }

  /** What a variable holds that nobody has set (tsc forbids to read one): zero. */
  #undefinedValue(type: ValueType): Instruction {
    const known = this.#undefined.get(type);
    if (known !== undefined) return known;
    const value = this.fn.create('const', type, [], null, { value: type === 'i64' ? 0n : 0 });
    value.block = this.#entry;
    const paramCount = this.#entry.instructions.findIndex((instruction) => instruction.op !== 'param');
    this.#entry.instructions.splice(paramCount < 0 ? this.#entry.instructions.length : paramCount, 0, value);
    this.#undefined.set(type, value);
    return value;
  }

  /** The value that a possibly replaced phi stands for. */
  resolve(value: Instruction): Instruction {
    let found = value;
    if (found.op !== 'phi') return found;
    for (let next = this.#replaced.get(found); next !== undefined; next = this.#replaced.get(found)) found = next;
    return found;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The end

  /** Drops what cannot be reached, and puts replacements in. The current block must have been ended or be dead. */
  finish(): void {
    const reachable = this.#reachable();
    const { fn } = this;
    let hasLostEdges = false;
    fn.blocks = fn.blocks.filter((block) => reachable.has(block));
    for (const block of fn.blocks) hasLostEdges = dropPredecessors(block, reachable) || hasLostEdges;
    if (hasLostEdges) this.#simplifyAll();
    if (this.#replaced.size === 0) return;
    for (const block of fn.blocks) {
      if (block.instructions[0]?.op === 'phi') {
        block.instructions = block.instructions.filter((instruction) => !this.#replaced.has(instruction));
      }
      for (const { args } of block.instructions) {
        for (let index = 0; index < args.length; index++) {
          const arg = args[index]!;
          if (arg.op === 'phi') args[index] = this.resolve(arg);
        }
      }
    }
  }

  /** Phis that have lost operands may have become trivial, and through them others. */
  #simplifyAll(): void {
    const phis = this.fn.blocks.flatMap((block) => block.instructions.filter(({ op }) => op === 'phi'));
    for (let before = -1; before !== this.#replaced.size;) {
      before = this.#replaced.size;
      for (const phi of phis) if (!this.#replaced.has(phi)) this.#simplify(phi);
    }
  }

  #reachable(): Set<Block> {
    const seen = new Set<Block>([this.#entry]);
    const work = [this.#entry];
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      const { successors } = block;
      for (let n = 0; n < successors.length; n++) {
        const next = successors[n]!;
        if (seen.has(next)) continue;
        seen.add(next);
        work.push(next);
      }
    }
    return seen;
  }
}

/** True if there was anything to drop. */
function dropPredecessors(block: Block, reachable: ReadonlySet<Block>): boolean {
  if (block.predecessors.every((predecessor) => reachable.has(predecessor))) return false;
  const kept = block.predecessors.map((predecessor) => reachable.has(predecessor));
  block.predecessors = block.predecessors.filter((_, index) => kept[index]);
  for (const phi of block.instructions) {
    if (phi.op === 'phi') phi.args = phi.args.filter((_, index) => kept[index]);
  }
  return true;
}
