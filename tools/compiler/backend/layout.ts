/*
 * Block layout: an order in which most jumps fall through, with cold code at the end.
 *
 * Before:  entry -> head; head -> body | exit; body -> head; exit
 * After:   entry head body+head' exit        (head' is a copy of head's test: one jump per round instead of two)
 *
 * Three steps. Jumps to blocks that only jump on are redirected. Then blocks are strung together, each followed by its
 * most frequent successor that has no place yet. Last, where a block still ends in a jump to a short block, that block's
 * code is copied: a loop's test to the loop's end, a return to wherever it is reached from.
 */

import { equalNumbers } from '../lists.ts';
import { type Exit, type MachineBlock, type MachineFunction, MachineInstruction } from './machine/types.ts';

/** Blocks up to this many instructions are copied to save a jump to them. */
const longestCopy = 6;

/** Reorders `fn.blocks`; the entry stays first. Blocks that nothing leads to go away. */
export function layOutBlocks(fn: MachineFunction): void {
  threadJumps(fn);
  fn.blocks = stringTogether(fn);
  copyTails(fn.blocks);
  removeUnreachable(fn);
}

/** Where control goes that enters `block`, past blocks that only jump on. */
function destination(block: MachineBlock): MachineBlock {
  let at = block;
  for (let steps = 0; at.instructions.length === 0 && at.exit.kind === 'jump' && steps < 100; steps++) {
    at = at.exit.target;
  }
  return at;
}

function threadJumps(fn: MachineFunction): void {
  const { blocks } = fn;
  for (let b = 0; b < blocks.length; b++) {
    const { exit } = blocks[b]!;
    if (exit.kind === 'jump') exit.target = destination(exit.target);
    else if (exit.kind === 'branch') {
      exit.ifTrue = destination(exit.ifTrue);
      exit.ifFalse = destination(exit.ifFalse);
    } else if (exit.kind === 'table') {
      exit.targets.forEach((target, n) => (exit.targets[n] = destination(target)));
    }
  }
  for (let b = 0; b < blocks.length; b++) {
    const { exit } = blocks[b]!;
    if (exit.kind === 'branch' && exit.ifTrue === exit.ifFalse) blocks[b]!.exit = { kind: 'jump', target: exit.ifTrue };
  }
}

/** Chains of blocks from the entry; what is left over starts new chains, cold ones last. */
function stringTogether(fn: MachineFunction): MachineBlock[] {
  const isPlaced = equalNumbers(fn.blockLimit, 0);
  const order: MachineBlock[] = [];
  const cold: MachineBlock[] = [];
  // Blocks that a placed one leads to, in the order in which they were met.
  const waiting: MachineBlock[] = [fn.blocks[0]!];
  for (;;) {
    // The latest first: what a loop leads to comes right after the loop.
    const start = takeUnplaced(waiting, isPlaced) ?? takeUnplaced(cold, isPlaced);
    if (start === null) return order;
    for (let block: MachineBlock | null = start; block !== null; block = bestSuccessor(block, isPlaced)) {
      isPlaced[block.id] = 1;
      order.push(block);
      for (let n = 0, next = block.successor(0); next !== undefined; next = block.successor(++n)) {
        if (isPlaced[next.id] === 0) (isCold(next) ? cold : waiting).push(next);
      }
    }
  }
}

function takeUnplaced(list: MachineBlock[], isPlaced: readonly number[]): MachineBlock | null {
  for (let block = list.pop(); block !== undefined; block = list.pop()) if (isPlaced[block.id] === 0) return block;
  return null;
}

function isCold(block: MachineBlock): boolean {
  return block.isCold || block.frequency < 0.05;
}

function bestSuccessor(block: MachineBlock, isPlaced: readonly number[]): MachineBlock | null {
  let best: MachineBlock | null = null;
  for (let n = 0, next = block.successor(0); next !== undefined; next = block.successor(++n)) {
    if (isPlaced[next.id] === 1 || (isCold(next) && !isCold(block))) continue;
    if (best === null || next.frequency > best.frequency) best = next;
  }
  return best;
}

function copyTails(order: readonly MachineBlock[]): void {
  for (let n = 0; n < order.length; n++) {
    const block = order[n]!;
    if (block.exit.kind !== 'jump' || block.exit.target === order[n + 1]) continue;
    const { target } = block.exit;
    if (target === block || target.instructions.length > longestCopy) continue;
    if (target.exit.kind !== 'none' && target.exit.kind !== 'branch') continue;
    if (target.exit.kind === 'none' && target.instructions[target.instructions.length - 1]?.op !== 'ret') continue;
    block.instructions = block.instructions.concat(target.instructions.map(copyInstruction));
    block.exit = copyExit(target.exit);
    block.exitLocation = target.exitLocation;
  }
}

function copyExit(exit: Exit): Exit {
  if (exit.kind !== 'branch') return exit;
  const { condition, ifFalse, ifTrue } = exit;
  return { kind: 'branch', condition, ifTrue, ifFalse };
}

function copyInstruction(instruction: MachineInstruction): MachineInstruction {
  const copy = new MachineInstruction(instruction.op, instruction.operands.slice(), instruction.location);
  copy.prefix = instruction.prefix;
  copy.extraUses = instruction.extraUses;
  copy.extraDefs = instruction.extraDefs;
  copy.isVolatile = instruction.isVolatile;
  return copy;
}

function removeUnreachable(fn: MachineFunction): void {
  const isReached = equalNumbers(fn.blockLimit, 0);
  const work = [fn.blocks[0]!];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    isReached[block.id] = 1;
    for (let n = 0, next = block.successor(0); next !== undefined; next = block.successor(++n)) {
      if (isReached[next.id] === 0) work.push(next);
    }
  }
  if (fn.blocks.some(({ id }) => isReached[id] === 0)) fn.blocks = fn.blocks.filter(({ id }) => isReached[id] === 1);
}
