/*
 * If-conversion: small choices without branches.
 *
 * Needs: SSA form, no unreachable blocks. Guarantees: nothing about all branches; a branch that only chooses between
 * values that are there anyway is a select.
 *
 *   before  b0:                                 after  b0:
 *             %2 = ltS %0, %1                             %2 = ltS %0, %1
 *             branch %2, b1, b2                           %3 = select %2, %1, %0
 *           b1 from b0:                                   jump b2
 *             jump b2                                   b2 from b0:
 *           b2 from b0, b1:                               return %3
 *             %3 = phi %0, %1
 *             return %3
 *
 * A conditional move costs what the branch costs, plus what it takes to have both values. So the sides may hold one
 * cheap, harmless instruction between them, and one value is chosen, not several. 1 and 0 as the two values are the
 * comparison itself, which is always better.
 */

import { append, jumpTo, phisOf } from '../ir/edit.ts';
import { isPure } from '../ir/effects.ts';
import { isBinary, isDivision, isUnary } from '../ir/opcodes.ts';
import { type Block, type Instruction, type IrFunction, noValues } from '../ir/types.ts';

/** Machine instructions that both sides together may hold. */
const costLimit = 1;

export function convertBranches(fn: IrFunction): boolean {
  let changed = false;
  // backwards, so that inner choices are made before the ones around them
  const blocks = fn.blocks.slice();
  for (let n = blocks.length - 1; n >= 0; n--) {
    const block = blocks[n]!;
    const join = findJoin(block);
    if (join === null) continue;
    convert(fn, block, join);
    changed = true;
  }
  return changed;
}

/** Where both ways meet again, if it is worthwhile to get there without branching. */
function findJoin(block: Block): Block | null {
  const end = block.terminator!;
  if (end.op !== 'branch') return null;
  const ifTrue = end.targets[0]!;
  const ifFalse = end.targets[1]!;
  if (ifTrue === ifFalse) return null;
  const join = isSide(ifTrue, block) ? ifTrue.successors[0]! : ifTrue;
  const other = isSide(ifFalse, block) ? ifFalse.successors[0]! : ifFalse;
  if (join !== other || join === block || (join === ifTrue && join === ifFalse)) return null;
  const cost = (ifTrue === join ? 0 : costOf(ifTrue)) + (ifFalse === join ? 0 : costOf(ifFalse));
  return cost <= costLimit && choosesOne(block, join, ifTrue, ifFalse) ? join : null;
}

/** Only `block` leads there, and it leads to one place. */
function isSide(side: Block, block: Block): boolean {
  const { predecessors } = side;
  return (
    predecessors.length === 1 &&
    predecessors[0] === block &&
    side.terminator!.op === 'jump' &&
    side.successors[0] !== side
  );
}

/** What it costs to run the block in any case, without its jump. */
function costOf({ instructions, isCold }: Block): number {
  if (isCold) return Infinity;
  let cost = 0;
  for (let n = 0; n < instructions.length - 1; n++) {
    const instruction = instructions[n]!;
    const { op, type } = instruction;
    if (op === 'const' || op === 'symbol' || op === 'slot') continue;
    const isCheap = isPure(instruction) && type === 'i32' && (isBinary(op) || isUnary(op)) && !isDivision(op);
    cost += isCheap && op !== 'mul' ? 1 : Infinity;
  }
  return cost;
}

/** Exactly one phi of the join differs between the two ways, and holds an i32. */
function choosesOne(block: Block, join: Block, ifTrue: Block, ifFalse: Block): boolean {
  const { instructions } = join;
  if (instructions[0]!.op !== 'phi') return false;
  const [a, b] = edges(block, join, ifTrue, ifFalse);
  let chosen = 0;
  for (let n = 0; instructions[n]!.op === 'phi'; n++) {
    const { args, type } = instructions[n]!;
    if (args[a] === args[b]) continue;
    if (type !== 'i32') return false;
    chosen++;
  }
  return chosen === 1;
}

/** The positions of the two ways among the predecessors of the join. */
function edges(block: Block, join: Block, ifTrue: Block, ifFalse: Block): [number, number] {
  const position = (target: Block): number => join.predecessors.indexOf(target === join ? block : target);
  return [position(ifTrue), position(ifFalse)];
}

function convert(fn: IrFunction, block: Block, join: Block): void {
  const end = block.instructions.pop()!;
  const [ifTrue, ifFalse] = end.targets as [Block, Block];
  const [a, b] = edges(block, join, ifTrue, ifFalse);
  for (const side of [ifTrue, ifFalse]) {
    if (side === join) continue;
    for (const instruction of side.instructions.splice(0, side.instructions.length - 1)) append(block, instruction);
  }
  const values = phisOf(join).map(({ type, args, location }): Instruction => {
    if (args[a] === args[b]) return args[a]!;
    return append(block, fn.create('select', type, [end.args[0]!, args[a]!, args[b]!], location ?? end.location));
  });
  append(block, end);
  // the sides are empty now: as the branch goes to the join at once, they become unreachable
  for (const side of new Set([ifTrue, ifFalse])) {
    if (side !== join) jumpAway(fn, side, join);
  }
  if (ifTrue !== join && ifFalse !== join) {
    end.op = 'jump';
    end.args = noValues;
    end.targets = [join];
    join.predecessors.push(block);
    phisOf(join).forEach((phi, i) => phi.args.push(values[i]!));
    return;
  }
  jumpTo(block, join);
  const index = join.predecessors.indexOf(block);
  phisOf(join).forEach((phi, i) => (phi.args[index] = values[i]!));
}

/** Removes a side from the function. */
function jumpAway(fn: IrFunction, side: Block, join: Block): void {
  const index = join.predecessors.indexOf(side);
  join.predecessors.splice(index, 1);
  for (const phi of phisOf(join)) phi.args.splice(index, 1);
  fn.blocks.splice(fn.blocks.indexOf(side), 1);
}
