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
  for (const { exit } of fn.blocks) {
    if (exit.kind === 'jump') exit.target = destination(exit.target);
    else if (exit.kind === 'branch') {
      exit.ifTrue = destination(exit.ifTrue);
      exit.ifFalse = destination(exit.ifFalse);
    } else if (exit.kind === 'table') {
      exit.targets.forEach((target, n) => (exit.targets[n] = destination(target)));
    }
  }
  for (const block of fn.blocks) {
    const { exit } = block;
    if (exit.kind === 'branch' && exit.ifTrue === exit.ifFalse) block.exit = { kind: 'jump', target: exit.ifTrue };
  }
}

/** Chains of blocks from the entry; what is left over starts new chains, cold ones last. */
function stringTogether(fn: MachineFunction): MachineBlock[] {
  const placed = new Set<MachineBlock>();
  const order: MachineBlock[] = [];
  const cold: MachineBlock[] = [];
  // Blocks that a placed one leads to, in the order in which they were met.
  const waiting: MachineBlock[] = [fn.blocks[0]!];
  for (let start = nextStart(waiting, cold, placed); start !== null; start = nextStart(waiting, cold, placed)) {
    for (let block: MachineBlock | null = start; block !== null; block = bestSuccessor(block, placed)) {
      placed.add(block);
      order.push(block);
      for (const successor of block.successors) (isCold(successor) ? cold : waiting).push(successor);
    }
  }
  return order;
}

function nextStart(
  waiting: MachineBlock[],
  cold: MachineBlock[],
  placed: ReadonlySet<MachineBlock>,
): MachineBlock | null {
  // The latest first: what a loop leads to comes right after the loop.
  for (const list of [waiting, cold]) {
    for (let block = list.pop(); block !== undefined; block = list.pop()) {
      if (!placed.has(block)) return block;
    }
  }
  return null;
}

function isCold(block: MachineBlock): boolean {
  return block.isCold || block.frequency < 0.05;
}

function bestSuccessor(block: MachineBlock, placed: ReadonlySet<MachineBlock>): MachineBlock | null {
  let best: MachineBlock | null = null;
  for (const successor of block.successors) {
    if (placed.has(successor) || (isCold(successor) && !isCold(block))) continue;
    if (best === null || successor.frequency > best.frequency) best = successor;
  }
  return best;
}

function copyTails(order: readonly MachineBlock[]): void {
  order.forEach((block, n) => {
    if (block.exit.kind !== 'jump' || block.exit.target === order[n + 1]) return;
    const { target } = block.exit;
    if (target === block || target.instructions.length > longestCopy) return;
    if (target.exit.kind !== 'none' && target.exit.kind !== 'branch') return;
    if (target.exit.kind === 'none' && target.instructions[target.instructions.length - 1]?.op !== 'ret') return;
    block.instructions = [...block.instructions, ...target.instructions.map(copyInstruction)];
    block.exit = copyExit(target.exit);
    block.exitLocation = target.exitLocation;
  });
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
  const reached = new Set<MachineBlock>([fn.blocks[0]!]);
  for (const block of reached) for (const successor of block.successors) reached.add(successor);
  fn.blocks = fn.blocks.filter((block) => reached.has(block));
}
