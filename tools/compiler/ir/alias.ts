/*
 * Which accesses to memory can touch the same bytes.
 *
 * An address is a base value and a constant offset. Two of them differ for certain if the bases are equal and the byte
 * ranges apart, or if they lead back to different objects: variables of the module, slots of the frame. A pointer that is
 * computed from the address of one object is taken to stay within it. Symbols of the linker name regions, not objects.
 *
 * A slot is private if its address is used for nothing but loads and stores: no callee can know it.
 */

import type { Instruction, IrFunction, IrModule } from './types.ts';

export class AliasAnalysis {
  readonly #module: IrModule;
  /** Indices of the slots whose address gets out. */
  readonly #escaped: ReadonlySet<number>;
  /** By value id: the slot that the value points into. */
  readonly #slots: ReadonlyMap<number, Instruction>;

  constructor(fn: IrFunction, module: IrModule) {
    this.#module = module;
    const { escaped, pointsInto } = followSlots(fn);
    this.#escaped = escaped;
    this.#slots = pointsInto;
  }

  /** Both are loads or stores. */
  mayOverlap(a: Instruction, b: Instruction): boolean {
    const first = a.args[0]!;
    const second = b.args[0]!;
    if (sameBase(first, second)) {
      const from = offsetOf(a);
      const to = offsetOf(b);
      return from < to + b.size && to < from + a.size;
    }
    const one = this.#objectOf(first);
    const other = this.#objectOf(second);
    if (this.#isObject(one) && this.#isObject(other)) return sameBase(one!, other!);
    return !this.#isPrivateSlot(one) && !this.#isPrivateSlot(other);
  }

  /** No call can read or write what this load or store accesses. */
  isPrivate(access: Instruction): boolean {
    return this.#isPrivateSlot(this.#objectOf(access.args[0]!));
  }

  /** The access is to a constant table, which nobody writes. */
  isConstant(access: Instruction): boolean {
    const object = this.#objectOf(access.args[0]!);
    return object?.op === 'symbol' && this.#module.data.get(object.symbol)?.isConstant === true;
  }

  /** The slot or symbol that an address was computed from; null if that is not plain to see. */
  #objectOf(address: Instruction): Instruction | null {
    return this.#slots.get(address.id) ?? symbolOf(address);
  }

  #isObject(value: Instruction | null): boolean {
    return value !== null && (value.op === 'slot' || this.#module.data.has(value.symbol));
  }

  #isPrivateSlot(value: Instruction | null): boolean {
    return value?.op === 'slot' && !this.#escaped.has(value.index);
  }
}

/** The same address, up to the constant offsets. */
export function sameBase(a: Instruction, b: Instruction): boolean {
  if (a === b) return true;
  if (a.op === 'slot') return b.op === 'slot' && a.index === b.index;
  return a.op === 'symbol' && b.op === 'symbol' && a.symbol === b.symbol;
}

/** Distance from the base, where a symbol's own offset counts too. */
export function offsetOf(access: Instruction): number {
  const base = access.args[0]!;
  return base.op === 'symbol' ? access.offset + base.offset : access.offset;
}

/** The symbol that an address was computed from, or null. */
function symbolOf(address: Instruction): Instruction | null {
  let value = address;
  for (let steps = 0; steps < 8; steps++) {
    if (value.op === 'symbol') return value;
    if (value.op !== 'add' && value.op !== 'sub') return null;
    const a = value.args[0]!;
    const b = value.args[1]!;
    if (a.op === 'symbol' || b.op === 'const' || value.op === 'sub') value = a;
    else if (b.op === 'symbol') value = b;
    else return null;
  }
  return null;
}

interface SlotUses {
  /** Indices of the slots whose address gets out. */
  readonly escaped: Set<number>;
  /**
   * By value id: the slot that the value points into. All of them are here, however the address was computed: a private
   * slot's bytes are reached through no other value.
   */
  readonly pointsInto: Map<number, Instruction>;
}

function followSlots(fn: IrFunction): SlotUses {
  const uses: SlotUses = { escaped: new Set(), pointsInto: new Map() };
  if (fn.slots.length === 0) return uses;
  for (let changed = true; changed;) {
    changed = false;
    for (const { instructions } of fn.blocks) {
      for (let n = 0; n < instructions.length; n++) if (notePointers(instructions[n]!, uses)) changed = true;
    }
  }
  return uses;
}

/** Follows the addresses of slots through additions; every other use lets them out. */
function notePointers(instruction: Instruction, uses: SlotUses): boolean {
  const { args, id, op } = instruction;
  if (op === 'slot') {
    if (uses.pointsInto.has(id)) return false;
    uses.pointsInto.set(id, instruction);
    return true;
  }
  let changed = false;
  for (let position = op === 'load' || op === 'store' ? 1 : 0; position < args.length; position++) {
    const slot = uses.pointsInto.get(args[position]!.id);
    if (slot !== undefined && notePointer(instruction, position, slot, uses)) changed = true;
  }
  return changed;
}

/** One operand of an instruction, no address of a load or store, points into a slot. */
function notePointer({ id, op }: Instruction, position: number, slot: Instruction, uses: SlotUses): boolean {
  const { escaped, pointsInto } = uses;
  if ((op === 'add' || (op === 'sub' && position === 0)) && (pointsInto.get(id) ?? slot).index === slot.index) {
    const isNew = !pointsInto.has(id);
    pointsInto.set(id, slot);
    return isNew;
  }
  if (escaped.has(slot.index)) return false;
  escaped.add(slot.index);
  return true;
}
