/*
 * Expansion of small block operations.
 *
 * Needs: nothing but valid IR; counts should be folded. Guarantees: copyBytes and fillBytes of a small constant count
 * are loads and stores, which other passes understand and which cost less than starting a string instruction.
 *
 *   before  %2 = const 8                             after  %3 = load u32 [%1]
 *           intrinsic copyBytes(%0, %1, %2)                 store u32 [%0], %3
 *                                                           %4 = load u32 [%1 + 4]
 *                                                           store u32 [%0 + 4], %4
 *
 * Piece by piece, forwards: as copyBytes itself, this is right for blocks that overlap with the target below the source.
 */

import type { Block, Instruction, IrFunction } from '../ir/types.ts';

/** Bytes. */
const copyLimit = 32;
const fillLimit = 32;

export function expandCopies(fn: IrFunction): boolean {
  let changed = false;
  for (const block of fn.blocks) {
    if (!hasSmall(block)) continue;
    changed = true;
    const expanded: Instruction[] = [];
    for (const instruction of block.instructions) {
      if (isSmall(instruction)) expanded.push(...expand(fn, block, instruction));
      else expanded.push(instruction);
    }
    block.instructions = expanded;
  }
  return changed;
}

function hasSmall({ instructions }: Block): boolean {
  for (let n = 0; n < instructions.length; n++) if (isSmall(instructions[n]!)) return true;
  return false;
}

function isSmall({ op, intrinsic, args }: Instruction): boolean {
  if (op !== 'intrinsic' || (intrinsic !== 'copyBytes' && intrinsic !== 'fillBytes')) return false;
  const count = args[2]!.op === 'const' ? Number(args[2]!.value) : -1;
  if (count < 0) return false;
  return intrinsic === 'copyBytes' ? count <= copyLimit : count <= fillLimit && args[1]!.op === 'const';
}

function expand(fn: IrFunction, block: Block, { intrinsic, args, location }: Instruction): Instruction[] {
  const [target, source, count] = args as [Instruction, Instruction, Instruction];
  const made: Instruction[] = [];
  const make = (...rest: Parameters<IrFunction['create']>): Instruction => {
    const instruction = fn.create(...rest);
    instruction.block = block;
    made.push(instruction);
    return instruction;
  };
  for (const { offset, size } of cut(Number(count.value))) {
    const value =
      intrinsic === 'copyBytes'
        ? make('load', 'i32', [source], location, { offset, size })
        : make('const', 'i32', [], location, { value: repeat(Number(source.value), size) });
    make('store', 'void', [target, value], location, { offset, size });
  }
  return made;
}

/** As few pieces as possible. */
function cut(count: number): { offset: number; size: 1 | 2 | 4 }[] {
  const pieces: { offset: number; size: 1 | 2 | 4 }[] = [];
  for (let offset = 0; offset < count;) {
    const size = count - offset >= 4 ? 4 : count - offset >= 2 ? 2 : 1;
    pieces.push({ offset, size });
    offset += size;
  }
  return pieces;
}

/** The byte in each of `size` bytes, as a signed number where that is the whole word. */
function repeat(byte: number, size: number): number {
  const word = Math.imul(byte & 0xff, 0x01010101);
  return size === 4 ? word : word & (2 ** (8 * size) - 1);
}
