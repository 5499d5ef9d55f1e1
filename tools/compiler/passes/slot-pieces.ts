/*
 * Finds the slots that promote-slots.ts can turn into values, and cuts them into pieces.
 *
 * A slot qualifies if each use of its address is a plain load or store at a constant offset, or a fillBytes with
 * constants. Loads and stores of variable values fix the pieces: two of them cover the same bytes, or have none in
 * common. Stores of constants have no will of their own: they must only not cut a piece in two.
 */

import type { Instruction, IrFunction } from '../ir/types.ts';

/** A part of a slot that can live in a register. */
export interface Piece {
  readonly offset: number;
  readonly size: number;
  readonly loads: readonly Instruction[];
  /** Whatever writes it: stores, and fillBytes intrinsics. Where there are no loads, these are all that matters. */
  readonly stores: readonly Instruction[];
}

/** Larger slots are arrays, not structs. */
const sizeLimit = 256;

interface Access {
  readonly instruction: Instruction;
  readonly offset: number;
  readonly size: number;
}

export function findPieces(fn: IrFunction): Piece[] {
  const accesses = fn.slots.map((slot): Access[] | null => (slot.size <= sizeLimit ? [] : null));
  for (const { instructions } of fn.blocks) {
    for (let n = 0; n < instructions.length; n++) {
      const { args } = instructions[n]!;
      for (let position = 0; position < args.length; position++) {
        const { index, op } = args[position]!;
        if (op !== 'slot') continue;
        const access = position === 0 ? accessOf(instructions[n]!, fn.slots[index]!.size) : null;
        if (access === null) accesses[index] = null;
        else accesses[index]?.push(access);
      }
    }
  }
  return accesses.flatMap((list) => (list === null ? [] : (cut(list) ?? [])));
}

/** Null for a use that keeps the slot in memory. */
function accessOf(instruction: Instruction, slotSize: number): Access | null {
  const access = describe(instruction);
  if (access === null || access.offset < 0 || access.size < 0 || access.offset + access.size > slotSize) return null;
  return access;
}

function describe(instruction: Instruction): Access | null {
  const { op, args, offset, size } = instruction;
  if (op === 'load' || op === 'store') {
    const isPlain = !instruction.isVolatile && args[1]?.op !== 'slot';
    return isPlain ? { instruction, offset, size } : null;
  }
  if (op !== 'intrinsic' || instruction.intrinsic !== 'fillBytes') return null;
  const [, byte, count] = args as [Instruction, Instruction, Instruction];
  if (byte.op !== 'const' || count.op !== 'const') return null;
  return { instruction, offset: 0, size: Number(count.value) };
}

/** A store of a constant, of which any part is known. */
function isFlexible({ instruction }: Access): boolean {
  return instruction.op === 'intrinsic' || (instruction.op === 'store' && instruction.args[1]!.op === 'const');
}

/** Null if the accesses do not fit together. */
function cut(accesses: readonly Access[]): Piece[] | null {
  const ranges = new Map<number, number>();
  for (const { offset, size } of accesses.filter((access) => !isFlexible(access))) {
    if ((ranges.get(offset) ?? size) !== size) return null;
    ranges.set(offset, size);
  }
  const pieces: Piece[] = [];
  let end = 0;
  for (const [offset, size] of [...ranges].sort(([a], [b]) => a - b)) {
    if (offset < end) return null;
    end = offset + size;
    const touching = accesses.filter((access) => access.offset < end && offset < access.offset + access.size);
    if (touching.some((access) => access.offset > offset || access.offset + access.size < end)) return null;
    pieces.push(pieceOf(offset, size, touching));
  }
  const isUnread = (access: Access): boolean => !pieces.some(({ stores }) => stores.includes(access.instruction));
  const unread = accesses.filter((access) => isFlexible(access) && isUnread(access));
  return [...pieces, ...unread.map((access) => pieceOf(access.offset, 4, [access]))];
}

function pieceOf(offset: number, size: number, accesses: readonly Access[]): Piece {
  const instructions = accesses.map(({ instruction }) => instruction);
  return {
    offset,
    size,
    loads: instructions.filter(({ op }) => op === 'load'),
    stores: instructions.filter(({ op }) => op !== 'load'),
  };
}
