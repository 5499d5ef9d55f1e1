/*
 * A place for code that runs once before a loop: a block with one way out, to the loop's header.
 */

import { append, phisOf, retarget } from './edit.ts';
import type { Loop } from './loops.ts';
import type { Block, Instruction, IrFunction } from './types.ts';

/** Gives the preheader of a loop, and makes one if there is none. A new one stands before the header. */
export function makePreheader(fn: IrFunction, { header, latches }: Loop): Block {
  const outside = header.predecessors.filter((block) => !latches.includes(block));
  const [only] = outside;
  if (only !== undefined && outside.length === 1 && only.successors.length === 1) return only;
  const preheader = fn.createBlock();
  fn.blocks.pop();
  fn.blocks.splice(fn.blocks.indexOf(header), 0, preheader);
  preheader.isCold = header.isCold;
  const location = header.instructions[0]!.location;
  for (const phi of phisOf(header)) splitPhi(fn, phi, header, preheader, latches);
  append(preheader, fn.create('jump', 'void', [], location, { targets: [header] }));
  preheader.predecessors = outside;
  for (const block of new Set(outside)) retarget(block, header, preheader);
  header.predecessors = [preheader, ...header.predecessors.filter((block) => latches.includes(block))];
  return preheader;
}

/** The operands from outside meet in the preheader. */
function splitPhi(fn: IrFunction, phi: Instruction, header: Block, preheader: Block, latches: readonly Block[]): void {
  const isInside = (index: number): boolean => latches.includes(header.predecessors[index]!);
  const entering = phi.args.filter((_, index) => !isInside(index));
  const [first] = entering;
  const value = entering.every((operand) => operand === first)
    ? first!
    : append(preheader, fn.create('phi', phi.type, entering, phi.location));
  phi.args = [value, ...phi.args.filter((_, index) => isInside(index))];
}
