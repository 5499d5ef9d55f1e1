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
  /** The block that has set it first, and to what. Most variables are never set or read in another one. */
  #block: Block | null = null;
  #value: Instruction | null = null;
  #others: Map<Block, Instruction> | null = null;

  constructor(type: ValueType) {
    this.type = type;
  }

  /** Its value at the end of a block, as far as that is known. */
  valueIn(block: Block): Instruction | undefined {
    return block === this.#block ? this.#value! : this.#others?.get(block);
  }

  set(block: Block, value: Instruction): void {
    this.#block ??= block;
    if (block === this.#block) this.#value = value;
    else (this.#others ??= new Map()).set(block, value);
  }
}

/** A phi whose operands are not known yet. */
interface WaitingPhi {
  readonly variable: Variable;
  readonly phi: Instruction;
}

export class SsaBuilder {
  readonly fn: IrFunction;
  /** Where the next instruction goes. */
  block: Block;

  readonly #entry: Block;
  /** By the blocks' ids. */
  readonly #sealed: boolean[] = [];
  // Most functions have no loop and hardly a phi: these are made when there is something to go into them.
  #incomplete: Map<Block, WaitingPhi[]> | null = null;
  #replaced: Map<Instruction, Instruction> | null = null;
  #phiUsers: Map<Instruction, Set<Instruction>> | null = null;
  #undefined: Map<ValueType, Instruction> | null = null;
  #location: SourceLocation | null = null;
  #locations: Locations | null = null;
  /** Where the next instruction comes from, if its location has not been worked out yet. */
  #node: ts.Node | null = null;

  constructor(fn: IrFunction) {
    this.fn = fn;
    this.#entry = fn.createBlock();
    this.block = this.#entry;
    this.#sealed[this.#entry.id] = true;
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
    return block !== this.#entry && block.predecessors.length === 0 && this.#isSealed(block);
  }

  #isSealed(block: Block): boolean {
    return this.#sealed[block.id] === true;
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
      this.emit(op, 'void', args, attributes).targets = targets;
      for (let n = 0; n < targets.length; n++) targets[n]!.predecessors.push(this.block);
    }
    this.block = this.createBlock();
    this.#sealed[this.block.id] = true;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Variables

  write(variable: Variable, value: Instruction): void {
    variable.set(this.block, value);
  }

  read(variable: Variable): Instruction {
    return this.#readIn(variable, this.block);
  }

  #readIn(variable: Variable, block: Block): Instruction {
    const known = variable.valueIn(block);
    return known === undefined ? this.#readFrom(variable, block) : this.resolve(known);
  }

  /** The value in a block that does not set the variable. */
  #readFrom(variable: Variable, block: Block): Instruction {
    let passed = 0; // blocks with one predecessor, whose value is that one's
    let at = block;
    let value: Instruction | undefined;
    for (;;) {
      value = variable.valueIn(at);
      const only = at.predecessors[0];
      if (value !== undefined || at.predecessors.length !== 1 || only === undefined || !this.#isSealed(at)) break;
      if (passed > this.fn.blocks.length) {
        value = this.#undefinedValue(variable.type); // a loop that nothing leads to
        break;
      }
      passed++;
      at = only;
    }
    const found = value === undefined ? this.#readAcross(variable, at) : this.resolve(value);
    for (at = block; passed > 0; passed--) {
      variable.set(at, found);
      at = at.predecessors[0]!;
    }
    return found;
  }

  #readAcross(variable: Variable, block: Block): Instruction {
    if (this.#isSealed(block) && block.predecessors.length === 0) return this.#undefinedValue(variable.type);
    const phi = this.fn.create('phi', variable.type, [], this.#here);
    phi.block = block;
    block.instructions.unshift(phi);
    variable.set(block, phi);
    if (!this.#isSealed(block)) {
      this.#incomplete ??= new Map();
      const waiting = this.#incomplete.get(block);
      if (waiting === undefined) this.#incomplete.set(block, [{ variable, phi }]);
      else waiting.push({ variable, phi });
      return phi;
    }
    const value = this.#fillPhi(variable, phi, block);
    variable.set(block, value);
    return value;
  }

  /** All predecessors of the block are known from here on. */
  seal(block: Block): void {
    this.#sealed[block.id] = true;
    const waiting = this.#incomplete?.get(block);
    if (waiting === undefined) return;
    this.#incomplete?.delete(block);
    for (const { phi, variable } of waiting) this.#fillPhi(variable, phi, block);
  }

  #fillPhi(variable: Variable, phi: Instruction, block: Block): Instruction {
    const { predecessors } = block;
    const { args } = phi;
    for (let n = 0; n < predecessors.length; n++) args.push(this.#readIn(variable, predecessors[n]!));
    for (let n = 0; n < args.length; n++) {
      const arg = args[n]!;
      if (arg.op === 'phi') this.#addUser(arg, phi);
    }
    return this.#simplify(phi);
  }

  #addUser(phi: Instruction, user: Instruction): void {
    this.#phiUsers ??= new Map();
    const users = this.#phiUsers.get(phi);
    if (users === undefined) this.#phiUsers.set(phi, new Set([user]));
    else users.add(user);
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
    this.#replaced ??= new Map();
    this.#replaced.set(phi, value);
    const users = this.#phiUsers?.get(phi);
    if (users === undefined) return this.resolve(value);
    this.#phiUsers?.delete(phi);
    for (const user of users) {
      if (user === phi || this.#replaced.has(user)) continue;
      if (value.op === 'phi') this.#addUser(value, user);
      this.#simplify(user);
    }
    return this.resolve(value);
  }

  /** What a variable holds that nobody has set (tsc forbids to read one): zero. */
  #undefinedValue(type: ValueType): Instruction {
    const known = this.#undefined?.get(type);
    if (known !== undefined) return known;
    const value = this.fn.create('const', type, [], null, { value: type === 'i64' ? 0n : 0 });
    value.block = this.#entry;
    const paramCount = this.#entry.instructions.findIndex((instruction) => instruction.op !== 'param');
    this.#entry.instructions.splice(paramCount < 0 ? this.#entry.instructions.length : paramCount, 0, value);
    this.#undefined ??= new Map();
    this.#undefined.set(type, value);
    return value;
  }

  /** The value that a possibly replaced phi stands for. */
  resolve(value: Instruction): Instruction {
    const replaced = this.#replaced;
    if (value.op !== 'phi' || replaced === null) return value;
    let found = value;
    for (let next = replaced.get(found); next !== undefined; next = replaced.get(found)) found = next;
    return found;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // The end

  /** Drops what cannot be reached, and puts replacements in. The current block must have been ended or be dead. */
  finish(): void {
    const reachable = this.#reachable();
    const { fn } = this;
    let hasLostEdges = false;
    fn.blocks = fn.blocks.filter(({ id }) => reachable[id]);
    const { blocks } = fn;
    for (let n = 0; n < blocks.length; n++) hasLostEdges = dropPredecessors(blocks[n]!, reachable) || hasLostEdges;
    if (hasLostEdges) this.#simplifyAll();
    if (this.#replaced === null) return;
    for (let n = 0; n < blocks.length; n++) this.#putReplacements(blocks[n]!, this.#replaced);
  }

  #putReplacements(block: Block, replaced: ReadonlyMap<Instruction, Instruction>): void {
    if (block.instructions[0]?.op === 'phi') {
      block.instructions = block.instructions.filter((instruction) => !replaced.has(instruction));
    }
    const { instructions } = block;
    for (let n = 0; n < instructions.length; n++) {
      const { args } = instructions[n]!;
      for (let index = 0; index < args.length; index++) {
        const arg = args[index]!;
        if (arg.op === 'phi') args[index] = this.resolve(arg);
      }
    }
  }

  /** Phis that have lost operands may have become trivial, and through them others. */
  #simplifyAll(): void {
    const phis = this.fn.blocks.flatMap((block) => block.instructions.filter(({ op }) => op === 'phi'));
    this.#replaced ??= new Map();
    for (let before = -1; before !== this.#replaced.size;) {
      before = this.#replaced.size;
      for (const phi of phis) if (!this.#replaced.has(phi)) this.#simplify(phi);
    }
  }

  /** By the blocks' ids. */
  #reachable(): readonly boolean[] {
    const seen: boolean[] = [];
    const work = [this.#entry];
    seen[this.#entry.id] = true;
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      const { successors } = block;
      for (let n = 0; n < successors.length; n++) {
        const next = successors[n]!;
        if (seen[next.id] === true) continue;
        seen[next.id] = true;
        work.push(next);
      }
    }
    return seen;
  }
}

/** True if there was anything to drop. */
function dropPredecessors(block: Block, reachable: readonly boolean[]): boolean {
  const { predecessors } = block;
  let first = 0;
  while (first < predecessors.length && reachable[predecessors[first]!.id] === true) first++;
  if (first === predecessors.length) return false;
  const kept = predecessors.map(({ id }) => reachable[id] === true);
  block.predecessors = predecessors.filter((_, index) => kept[index]);
  for (const phi of block.instructions) {
    if (phi.op === 'phi') phi.args = phi.args.filter((_, index) => kept[index]);
  }
  return true;
}
