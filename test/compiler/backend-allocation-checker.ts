/*
 * A checker for register allocation that knows nothing of how registers were allocated.
 *
 * Idea. The function is photographed before allocation, when instructions still name variables (virtual registers; real
 * ones count as variables too, each with a place of its own). Afterwards the allocated code is followed, and for every
 * place (register, frame slot, constant) it is known which variables' values it holds. Wherever the photograph reads a
 * variable, the allocated instruction must read a place that holds it. Where paths meet, a place holds what it holds on
 * all of them.
 *
 * Instructions keep their identity through allocation. One that is gone was a copy (both ends share a place now), a
 * constant that is recomputed at its uses, or dead; a new one moves a value between places.
 */

import { FIRST_VIRTUAL, formatOperand, NONE, type Operand } from '../../tools/compiler/backend/encoder/operands.ts';
import { READS, WRITES } from '../../tools/compiler/backend/machine/effects.ts';
import { printInstruction } from '../../tools/compiler/backend/machine/print.ts';
import type { MachineBlock, MachineFunction, MachineInstruction } from '../../tools/compiler/backend/machine/types.ts';

/** An instruction as it was before allocation. */
interface Photograph {
  readonly instruction: MachineInstruction;
  readonly text: string;
  readonly op: string;
  readonly operands: readonly Operand[];
  readonly roles: readonly number[];
  readonly uses: number;
  readonly defs: number;
}

/** By block: the instructions before allocation. */
export type Snapshot = ReadonlyMap<MachineBlock, readonly Photograph[]>;

/** Place to the variables whose values it holds. */
type Contents = Map<string, Set<number>>;

const registerCount = 8;

export function photograph(fn: MachineFunction): Snapshot {
  return new Map(
    fn.blocks.map((block) => [
      block,
      block.instructions.map((instruction) => ({
        instruction,
        text: printInstruction(instruction),
        op: instruction.op,
        operands: instruction.operands.map((operand) => ({ ...operand })),
        roles: instruction.operands.map((_, n) => instruction.effects.roles[n] ?? READS),
        uses: instruction.effects.uses | instruction.extraUses,
        defs: instruction.effects.defs | instruction.extraDefs,
      })),
    ]),
  );
}

/** What is wrong with the allocation; empty if nothing is. */
export function checkAllocation(fn: MachineFunction, before: Snapshot): string[] {
  return new Checker(fn, before).run();
}

/** The place that an operand names, as a key; null for memory in general. */
function placeOf(operand: Operand): string | null {
  switch (operand.kind) {
    case 'register':
      return `register ${operand.register}`;
    case 'immediate':
      return `constant ${formatOperand(operand)}`;
    case 'memory':
      if (operand.slot === NONE || operand.base !== NONE || operand.index !== NONE) return null;
      return `slot ${operand.slot}+${operand.displacement}`;
    default:
      return null;
  }
}

/** The place that stands for the address of a slot, which is a constant too. */
function addressPlace(operand: Operand): string | null {
  const place = operand.kind === 'memory' ? placeOf(operand) : null;
  return place === null ? null : `address of ${place}`;
}

class Checker {
  readonly #fn: MachineFunction;
  readonly #before: Snapshot;
  readonly #problems = new Set<string>();
  #contents: Contents = new Map();
  #where = '';

  constructor(fn: MachineFunction, before: Snapshot) {
    this.#fn = fn;
    this.#before = before;
  }

  run(): string[] {
    const atEntry = new Map<MachineBlock, Contents>([[this.#fn.blocks[0]!, this.#initial()]]);
    const work = [this.#fn.blocks[0]!];
    for (let block = work.pop(); block !== undefined; block = work.pop()) {
      this.#contents = copy(atEntry.get(block)!);
      // Problems are reported once the contents are settled; until then they may be too optimistic, never too strict.
      this.#followBlock(block);
      for (const successor of block.successors) {
        const known = atEntry.get(successor);
        const merged = known === undefined ? copy(this.#contents) : intersection(known, this.#contents);
        if (known !== undefined && isSame(known, merged)) continue;
        atEntry.set(successor, merged);
        work.push(successor);
      }
    }
    this.#checkNoVirtuals();
    return [...this.#problems];
  }

  /** On entry each real register holds itself. */
  #initial(): Contents {
    return new Map(Array.from({ length: registerCount }, (_, n) => [`register ${n}`, new Set([n])]));
  }

  #followBlock(block: MachineBlock): void {
    const old = this.#before.get(block) ?? [];
    const kept = new Set(block.instructions);
    let next = 0;
    // What was removed takes effect before what was inserted: the one renames variables, the other moves them about.
    const followRemoved = (): void => {
      while (next < old.length && !kept.has(old[next]!.instruction)) this.#followRemoved(old[next++]!);
    };
    for (const instruction of block.instructions) {
      followRemoved();
      if (old[next]?.instruction === instruction) this.#followKept(old[next++]!, instruction);
      else this.#followInserted(instruction);
    }
    followRemoved();
    if (next < old.length) this.#problems.add(`${this.#fn.name}: ${old[next]!.text} is out of order`);
  }

  // -------------------------------------------------------------------------------------------------------------------

  #holds(place: string | null): Set<number> {
    return (place === null ? undefined : this.#contents.get(place)) ?? new Set();
  }

  #require(variable: number, place: string | null, what: string): void {
    if (this.#holds(place).has(variable)) return;
    const name = variable < FIRST_VIRTUAL ? `real register ${variable}` : `v${variable}`;
    this.#problems.add(
      `${this.#fn.name}: ${this.#where}: ${what} reads ${place ?? 'memory'}, which does not hold ${name}`,
    );
  }

  /** The variable has a new value, which no place holds yet. */
  #forget(variable: number): void {
    for (const held of this.#contents.values()) held.delete(variable);
  }

  /** The place has a new value: that of these variables. */
  #write(place: string | null, variables: Iterable<number>): void {
    if (place !== null) this.#contents.set(place, new Set(variables));
  }

  /** `to` is assigned the value that `place` holds: all places with what is known to be the same value hold it too. */
  #alias(to: number, from: number | null, place: string | null): void {
    const same = from === null ? [] : [...this.#contents.values()].filter((held) => held.has(from));
    this.#forget(to);
    for (const held of same) held.add(to);
    if (place === null) return;
    const held = this.#contents.get(place) ?? new Set<number>();
    held.add(to);
    this.#contents.set(place, held);
  }

  // -------------------------------------------------------------------------------------------------------------------

  #followInserted(instruction: MachineInstruction): void {
    this.#where = `inserted ${printInstruction(instruction)}`;
    const [to, from] = instruction.operands;
    const isMove = (instruction.op === 'mov' || instruction.op === 'lea') && to !== undefined && from !== undefined;
    const source = !isMove ? null : instruction.op === 'lea' ? addressPlace(from) : placeOf(from);
    const target = to === undefined ? null : placeOf(to);
    if (source === null || target === null) {
      this.#problems.add(`${this.#fn.name}: ${this.#where}: not a move between places`);
      return;
    }
    this.#write(target, this.#holds(source));
  }

  #followRemoved(photo: Photograph): void {
    this.#where = `removed ${photo.text}`;
    const [to, from] = photo.operands;
    if (to?.kind !== 'register' || (photo.op !== 'mov' && photo.op !== 'lea')) {
      if (to?.kind === 'register') this.#forget(to.register);
      else this.#problems.add(`${this.#fn.name}: ${this.#where}: it has an effect`);
      return;
    }
    // Whether the register really holds the value is asked where it is read: a move that was inserted next to this one may
    // have brought it there.
    if (photo.op === 'lea') this.#alias(to.register, null, addressPlace(from!));
    else if (from?.kind === 'register') this.#alias(to.register, from.register, ownPlace(from.register));
    else this.#alias(to.register, null, placeOf(from!));
  }

  #followKept(photo: Photograph, instruction: MachineInstruction): void {
    this.#where = `${photo.text} as ${printInstruction(instruction)}`;
    photo.operands.forEach((operand, n) => this.#checkRead(photo, operand, n, instruction));
    this.#checkFixed(photo.uses);
    const [to, from] = photo.operands;
    const [newTo, newFrom] = instruction.operands;
    const isCopy = photo.op === 'mov' && to?.kind === 'register' && from?.kind === 'register';
    if (isCopy && newTo !== undefined && newFrom !== undefined) {
      const source = instruction.op === 'lea' ? addressPlace(newFrom) : placeOf(newFrom);
      const value = new Set(this.#holds(source));
      this.#alias(to.register, from.register, null);
      value.delete(to.register);
      this.#write(placeOf(newTo), [...value, to.register]);
      return;
    }
    for (let n = 0; n < registerCount; n++) if ((photo.defs & (1 << n)) !== 0) this.#define(n, `register ${n}`);
    photo.operands.forEach((operand, n) => {
      if (operand.kind !== 'register' || (photo.roles[n]! & WRITES) === 0) return;
      this.#define(operand.register, placeOf(instruction.operands[n]!));
    });
  }

  #define(variable: number, place: string | null): void {
    this.#forget(variable);
    if (place === null) this.#problems.add(`${this.#fn.name}: ${this.#where}: the result goes nowhere`);
    this.#write(place, [variable]);
  }

  #checkFixed(uses: number): void {
    for (let n = 0; n < registerCount; n++) {
      if ((uses & (1 << n)) !== 0) this.#require(n, `register ${n}`, 'a fixed operand');
    }
  }

  #checkRead(photo: Photograph, operand: Operand, n: number, instruction: MachineInstruction): void {
    const now = instruction.operands[n];
    if (operand.kind === 'register') {
      if ((photo.roles[n]! & READS) === 0 || now === undefined) return;
      // `test v, v` may have become `cmp [slot], 0`: its first operand says it all.
      if (photo.op === 'test' && instruction.op === 'cmp' && n === 1) return;
      const isAddress = photo.op === 'mov' && instruction.op === 'lea' && n === 1;
      this.#require(operand.register, isAddress ? addressPlace(now) : placeOf(now), `operand ${n}`);
    } else if (operand.kind === 'memory') {
      if (now?.kind !== 'memory') {
        this.#problems.add(`${this.#fn.name}: ${this.#where}: a memory operand is gone`);
        return;
      }
      if (operand.base !== NONE) this.#require(operand.base, `register ${now.base}`, 'the base');
      if (operand.index !== NONE) this.#require(operand.index, `register ${now.index}`, 'the index');
    }
  }

  #checkNoVirtuals(): void {
    for (const block of this.#fn.blocks) {
      for (const instruction of block.instructions) {
        const text = printInstruction(instruction);
        if (/\bv\d+\b/.test(text)) this.#problems.add(`${this.#fn.name}: a virtual register is left in ${text}`);
      }
    }
  }
}

/** Real registers have a place of their own; virtual ones are wherever their copies are. */
function ownPlace(register: number): string | null {
  return register < FIRST_VIRTUAL ? `register ${register}` : null;
}

function copy(contents: Contents): Contents {
  return new Map([...contents].map(([place, held]) => [place, new Set(held)]));
}

function intersection(a: Contents, b: Contents): Contents {
  const result: Contents = new Map();
  for (const [place, held] of a) {
    const other = b.get(place);
    if (other !== undefined) result.set(place, new Set([...held].filter((variable) => other.has(variable))));
  }
  return result;
}

function isSame(a: Contents, b: Contents): boolean {
  for (const [place, held] of a) {
    if (held.size !== (b.get(place)?.size ?? 0)) return false;
  }
  return true;
}
