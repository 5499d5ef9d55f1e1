/*
 * Simplification of the control-flow graph.
 *
 * Needs: SSA form. Guarantees: every block is reachable; no branch on a constant, or with equal targets; no block with
 * nothing but a jump (unless phis need it); no jump to a block that has no other predecessor.
 *
 *   before  b0:                                after  b0:
 *             branch %0, b1, b2                         branch %0, b3, b2
 *           b1 from b0:                               b2 from b0:
 *             jump b3                                   return %1
 *           b2 from b0:                               b3 from b0:
 *             return %1                                 %2 = add %1, %1
 *           b3 from b1:                                 return %2
 *             %2 = add %1, %1
 *             jump b4
 *           b4 from b3:
 *             return %2
 *
 * A block whose branch depends on a phi of constants is skipped by the predecessors that know the answer, if what it
 * computes is not needed where they go: `a && b` kept in a variable and then tested becomes two branches.
 */

import { append, edgeOperands, forgetEdge, jumpTo, noteEdge, renameEdge, Replacements, retarget } from '../ir/edit.ts';
import { Dominators, findReachable, Users } from '../ir/graph.ts';
import { compare32 } from '../ir/semantics.ts';
import { isCompare } from '../ir/opcodes.ts';
import type { Block, Instruction, IrFunction } from '../ir/types.ts';

export function simplifyControlFlow(fn: IrFunction): boolean {
  let hasChanged = removeUnreachable(fn);
  for (let changed = true; changed && fn.blocks.length > 1;) {
    changed = foldTerminators(fn);
    if (mergeChains(fn)) hasChanged = true;
    if (skipBlocks(fn)) changed = true;
    if (!changed) continue;
    hasChanged = true;
    removeUnreachable(fn);
  }
  return hasChanged;
}

/** Decides branches and switches that have only one way to go. */
function foldTerminators(fn: IrFunction): boolean {
  let changed = false;
  for (const block of fn.blocks) {
    const end = block.instructions[block.instructions.length - 1]!;
    const target = end.op === 'branch' || end.op === 'switch' ? onlyTarget(end) : null;
    if (target !== null) {
      jumpTo(block, target);
      changed = true;
    } else if (end.op === 'switch') {
      changed = simplifySwitch(fn, block, end) || changed;
    }
  }
  return changed;
}

function onlyTarget({ op, args, targets, cases }: Instruction): Block | null {
  const first = targets[0]!;
  if (op === 'branch' ? targets[1] === first : areEqual(targets)) return first;
  const value = args[0]!;
  if (value.op !== 'const') return null;
  if (op === 'branch') return targets[value.value !== 0 ? 0 : 1]!;
  return targets[cases.indexOf(Number(value.value)) + 1]!;
}

function areEqual(blocks: readonly Block[]): boolean {
  for (let n = 1; n < blocks.length; n++) if (blocks[n] !== blocks[0]) return false;
  return true;
}

/** Drops the cases that go where the rest goes; one case alone is a branch. */
function simplifySwitch(fn: IrFunction, block: Block, end: Instruction): boolean {
  const otherwise = end.targets[0]!;
  if (end.cases.length > 1 && end.targets.indexOf(otherwise, 1) < 0) return false;
  const kept = end.cases.flatMap((value, index) => {
    const target = end.targets[index + 1]!;
    return target === otherwise ? [] : [{ value, target }];
  });
  const dropped = end.cases.length - kept.length;
  for (let i = 0; i < dropped; i++) forgetEdge(block, otherwise);
  end.cases = kept.map(({ value }) => value);
  end.targets = [otherwise, ...kept.map(({ target }) => target)];
  if (kept.length > 1) return dropped > 0;
  const [{ value, target }] = kept as [{ value: number; target: Block }];
  block.instructions.pop();
  const constant = append(block, fn.create('const', 'i32', [], end.location, { value }));
  const test = append(block, fn.create('eq', 'i32', [end.args[0]!, constant], end.location));
  append(block, fn.create('branch', 'void', [test], end.location, { targets: [target, otherwise] }));
  return true;
}

function removeUnreachable(fn: IrFunction): boolean {
  if (fn.blocks.length === 1) return false;
  const { count, isReachable } = findReachable(fn);
  if (count === fn.blocks.length) return false;
  for (let b = 0; b < fn.blocks.length; b++) {
    const block = fn.blocks[b]!;
    if (isReachable[block.id] !== 0) continue;
    const { successors } = block;
    for (let n = 0; n < successors.length; n++) {
      if (isReachable[successors[n]!.id] !== 0) forgetEdge(block, successors[n]!);
    }
  }
  fn.blocks = fn.blocks.filter(({ id }) => isReachable[id] !== 0);
  return true;
}

/** Lets predecessors go around blocks that decide nothing for them. */
function skipBlocks(fn: IrFunction): boolean {
  const { blocks } = fn;
  const uses = new UseSites(fn);
  let changed = false;
  for (let n = 1; n < blocks.length; n++) {
    const block = blocks[n]!;
    if (jumpsOn(block)) changed = skipBlock(block, uses, onlyWay) || changed;
    else if (isDecidedByPhi(block)) changed = skipBlock(block, uses, knownTarget) || changed;
  }
  return changed;
}

/** Nothing but phis and a jump. */
function jumpsOn(block: Block): boolean {
  const { instructions } = block;
  const end = instructions[instructions.length - 1]!;
  if (end.op !== 'jump' || end.targets[0] === block) return false;
  return instructions.length === 1 || instructions[instructions.length - 2]!.op === 'phi';
}

/** Where a block that jumpsOn leads to. */
function onlyWay(block: Block): Block {
  return block.successors[0]!;
}

/** Phis, perhaps a comparison of one with a constant, and a branch or switch on that. */
function isDecidedByPhi(block: Block): boolean {
  if (block.instructions[0]!.op !== 'phi') return false;
  const end = block.terminator!;
  if (end.op !== 'branch' && end.op !== 'switch') return false;
  const value = end.args[0]!;
  if (value.block !== block || end.targets.includes(block)) return false;
  if (value.op !== 'phi' && !(isCompare(value.op) && comparedPhi(value, block) !== null)) return false;
  const { instructions } = block;
  for (let n = 0; n < instructions.length; n++) {
    const other = instructions[n]!;
    if (other !== end && other !== value && other.op !== 'const' && other.op !== 'phi') return false;
  }
  return true;
}

function comparedPhi({ args }: Instruction, block: Block): Instruction | null {
  const a = args[0]!;
  const b = args[1]!;
  if (a.op === 'phi' && a.block === block && a.type === 'i32' && b.op === 'const') return a;
  return null;
}

/** Answers whether an edge may go around a block without leaving a use behind that the block no longer dominates. */
class UseSites {
  readonly #fn: IrFunction;
  /** Made when they are needed. May name users that are none any more: these make no difference. */
  #users: Users | null = null;
  /** The same; null again when they are out of date. */
  #dominators: Dominators | null = null;

  constructor(fn: IrFunction) {
    this.#fn = fn;
  }

  /** Edges have changed, and the first phis of `target` have each got an operand more. */
  noteEdge(target: Block, operands: readonly Instruction[]): void {
    this.#dominators = null;
    for (let i = 0; i < operands.length; i++) this.#users?.add(operands[i]!, target.instructions[i]!);
  }

  /**
   * Where the values of `block` are needed must be the block itself, the phis of its successors, or a part of the
   * function that can only be entered through another of its targets than `target`.
   */
  allow(block: Block, target: Block): boolean {
    const { instructions, successors } = block;
    if (instructions.length === 1) return true;
    // phis that serve the phis of one target cannot do so if it has none
    if (successors.length === 1 && successors[0]!.instructions[0]!.op !== 'phi') return false;
    // a value that comes back to a phi of its own block belongs to a loop, whose head cannot be gone around
    for (let n = 0; n < instructions.length; n++) if (comesBack(instructions[n]!, block)) return false;
    const users = (this.#users ??= new Users(this.#fn, standsBehindPhis));
    return instructions.every((value) => users.every(value, (user) => this.#allowsUse(value, user, block, target)));
  }

  #allowsUse(value: Instruction, user: Instruction, block: Block, target: Block): boolean {
    const home = user.block!;
    if (home === block) return true;
    if (user.op !== 'phi') return this.#isBehindOther(home, block, target);
    return user.args.every((operand, index) => {
      const source = home.predecessors[index]!;
      return operand !== value || source === block || this.#isBehindOther(source, block, target);
    });
  }

  #isBehindOther(place: Block, block: Block, target: Block): boolean {
    const { successors } = block;
    if (successors.length !== 2) return false;
    const other = successors[successors[0] === target ? 1 : 0]!;
    if (other === target) return false;
    if (other.predecessors.length !== 1) return false;
    this.#dominators ??= new Dominators(this.#fn);
    return this.#dominators.dominates(other, place);
  }
}

/** Only blocks that begin with phis, and do next to nothing else, can be skipped. */
function standsBehindPhis({ block }: Instruction): boolean {
  return block!.instructions[0]!.op === 'phi';
}

/** The phi, if it is one, has an operand from the block that it stands in. */
function comesBack({ args, op }: Instruction, block: Block): boolean {
  if (op !== 'phi') return false;
  for (let n = 0; n < args.length; n++) if (args[n]!.block === block) return true;
  return false;
}

/** Where the predecessor number `index` is known to go on from a block that isDecidedByPhi; null if not known. */
function knownTarget(block: Block, index: number): Block | null {
  const end = block.terminator!;
  const value = end.args[0]!;
  const phi = value.op === 'phi' ? value : comparedPhi(value, block)!;
  const operand = phi.args[index]!;
  if (operand.op !== 'const') return null;
  let known = Number(operand.value);
  if (isCompare(value.op)) known = compare32[value.op](known, Number(value.args[1]!.value)) ? 1 : 0;
  if (end.op === 'branch') return end.targets[known !== 0 ? 0 : 1]!;
  return end.targets[end.cases.indexOf(known) + 1]!;
}

/** A copy of the list, with every block once. */
function distinct(blocks: readonly Block[]): readonly Block[] {
  if (blocks.length > 8) return [...new Set(blocks)];
  for (let n = 1; n < blocks.length; n++) {
    if (blocks.indexOf(blocks[n]!) < n) return blocks.filter((block, n) => blocks.indexOf(block) === n);
  }
  return blocks.slice();
}

/**
 * Redirects edges into `block` to where they lead in the end, as far as phis and uses allow it. `targetOf` tells where
 * the predecessor of that number would go on, or null.
 */
function skipBlock(
  block: Block,
  uses: UseSites,
  targetOf: (block: Block, predecessorIndex: number) => Block | null,
): boolean {
  let changed = false;
  // the target that was asked about last, and the answer
  let asked: Block | null = null;
  let isAllowed = false;
  for (const predecessor of distinct(block.predecessors)) {
    const index = block.predecessors.indexOf(predecessor);
    const target = targetOf(block, index);
    if (target === null || target === block || predecessor === block) continue;
    const operands = operandsAround(block, target, index);
    if (operands === null || !agrees(predecessor, target, operands)) continue;
    if (asked !== target) {
      asked = target;
      isAllowed = uses.allow(block, target);
    }
    if (!isAllowed) continue;
    for (let count = retarget(predecessor, block, target); count > 0; count--) {
      forgetEdge(predecessor, block);
      noteEdge(predecessor, target, operands);
    }
    asked = null; // other targets may have an entry more now
    uses.noteEdge(target, operands);
    changed = true;
  }
  return changed;
}

/**
 * What the phis of `target` get if the predecessor number `index` of `block` goes there at once; null if that is computed
 * in `block`.
 */
function operandsAround(block: Block, target: Block, index: number): Instruction[] | null {
  const operands = edgeOperands(block, target);
  for (let i = 0; i < operands.length; i++) {
    const operand = operands[i]!;
    if (operand.block !== block) continue;
    if (operand.op !== 'phi') return null;
    operands[i] = operand.args[index]!;
  }
  return operands;
}

/** An edge that exists already must bring the same values. */
function agrees(predecessor: Block, target: Block, operands: readonly Instruction[]): boolean {
  if (!target.predecessors.includes(predecessor)) return true;
  return edgeOperands(predecessor, target).every((operand, i) => operand === operands[i]);
}

/** Appends to each block the one that only it jumps to. */
function mergeChains(fn: IrFunction): boolean {
  const { blocks } = fn;
  let first = 0;
  while (first < blocks.length && onlyFollower(blocks[first]!, fn) === null) first++;
  if (first === blocks.length) return false;
  const replacements = new Replacements(fn);
  for (let n = first; n < blocks.length; n++) {
    const block = blocks[n]!;
    if (block.instructions.length === 0) continue; // merged
    for (let next = onlyFollower(block, fn); next !== null; next = onlyFollower(block, fn)) {
      mergeInto(block, next, replacements);
      block.isCold ||= next.isCold && n > 0;
    }
  }
  fn.blocks = blocks.filter(({ instructions }) => instructions.length > 0);
  replacements.apply(fn);
  return true;
}

function onlyFollower(block: Block, fn: IrFunction): Block | null {
  const end = block.instructions[block.instructions.length - 1]!;
  if (end.op !== 'jump') return null;
  const next = end.targets[0]!;
  return next.predecessors.length === 1 && next !== block && next !== fn.blocks[0] ? next : null;
}

/** Leaves nothing in `next`. */
function mergeInto(block: Block, next: Block, replacements: Replacements): void {
  const { instructions, successors } = next;
  for (let n = 0; n < successors.length; n++) renameEdge(successors[n]!, next, block);
  let phis = 0;
  for (; instructions[phis]!.op === 'phi'; phis++)
    replacements.replace(instructions[phis]!, instructions[phis]!.args[0]!);
  for (let n = phis; n < instructions.length; n++) instructions[n]!.block = block;
  block.instructions.pop();
  block.instructions = block.instructions.concat(phis === 0 ? instructions : instructions.slice(phis));
  instructions.length = 0;
}
