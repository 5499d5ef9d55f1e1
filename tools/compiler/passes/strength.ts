/*
 * Strength reduction: division by constants without dividing.
 *
 * Needs: SSA form; the powers of two among the unsigned divisors are shifts already (simplify). Guarantees: no signed
 * division or remainder by a power of two, no 32-bit division by a constant, is left; other remainders stay, since the
 * division instruction gives them at once, unless the quotient is computed in the same block anyway.
 *
 *   before  %2 = const 10                 after  %3 = const -858993459
 *           %4 = divU %0, %2                     %5 = mulHighU %0, %3
 *                                                %6 = const 3
 *                                                %4 = shrU %5, %6
 *
 * Multiplying by a rounded-up 2^(32+s)/d and taking the upper bits (Granlund and Montgomery, Division by Invariant
 * Integers using Multiplication, 1994; magic.ts finds the numbers). Signed division rounds towards zero: a negative
 * dividend gets d - 1 added before a shift, or 1 after a multiplication.
 */

import { largest } from '../ir/known-bits.ts';
import type { Instruction, IrFunction, Opcode } from '../ir/types.ts';
import { magicSigned, magicUnsigned } from './magic.ts';

export function reduceStrength(fn: IrFunction): boolean {
  let changed = false;
  for (const block of fn.blocks) {
    if (!block.instructions.some(({ op }) => op === 'divS' || op === 'divU' || op === 'remS' || op === 'remU'))
      continue;
    const quotients = new Set(block.instructions.filter(isQuotient).map(operandKey));
    const made: Instruction[] = [];
    for (const instruction of block.instructions) {
      new Reducer(fn, instruction, made).reduce(quotients);
      made.push(instruction);
    }
    for (const instruction of made) instruction.block = block;
    changed ||= made.length > block.instructions.length;
    block.instructions = made;
  }
  return changed;
}

function isQuotient({ op }: Instruction): boolean {
  return op === 'divS' || op === 'divU';
}

/** Tells which division it is, signed or not, of which operands. */
function operandKey({ op, args }: Instruction): string {
  return `${op.slice(3)} ${args[0]!.id} ${args[1]!.id}`;
}

/** n if the signed divisor is 2 to the n or its opposite, and neither 1 (no division) nor -1 (which may trap). */
function shiftFor(divisor: number | bigint): number | null {
  const magnitude = BigInt(divisor) < 0n ? -BigInt(divisor) : BigInt(divisor);
  if (magnitude < 2n || (magnitude & (magnitude - 1n)) !== 0n) return null;
  return magnitude.toString(2).length - 1;
}

/** Turns one instruction into the last step of a cheaper computation; the steps before it go to `made`. */
class Reducer {
  readonly #fn: IrFunction;
  readonly #instruction: Instruction;
  readonly #made: Instruction[];

  constructor(fn: IrFunction, instruction: Instruction, made: Instruction[]) {
    this.#fn = fn;
    this.#instruction = instruction;
    this.#made = made;
  }

  reduce(quotients: ReadonlySet<string>): void {
    const { op } = this.#instruction;
    if (!isQuotient(this.#instruction) && op !== 'remS' && op !== 'remU') return;
    const [dividend, divisor] = this.#instruction.args as [Instruction, Instruction];
    const isSigned = op === 'divS' || op === 'remS';
    const shift = isSigned && divisor.op === 'const' ? shiftFor(divisor.value) : null;
    if (shift !== null) this.#signedPower(dividend, divisor, shift);
    else if (!isQuotient(this.#instruction)) this.#remainder(dividend, divisor, quotients);
    else if (divisor.op === 'const' && divisor.type === 'i32') this.#quotient(dividend, Number(divisor.value));
  }

  /** Where the quotient is computed too, the remainder is what it leaves. (Later, gvn finds the same quotient twice.) */
  #remainder(dividend: Instruction, divisor: Instruction, quotients: ReadonlySet<string>): void {
    const { op, type, location } = this.#instruction;
    if (!quotients.has(operandKey(this.#instruction))) return;
    const quotient = this.#fn.create(op === 'remS' ? 'divS' : 'divU', type, [dividend, divisor], location);
    new Reducer(this.#fn, quotient, this.#made).reduce(quotients);
    this.#made.push(quotient);
    this.#become('sub', [dividend, this.#make('mul', [quotient, divisor])]);
  }

  /** Division by 2^shift or its opposite: a negative dividend is moved up by 2^shift - 1 first. */
  #signedPower(dividend: Instruction, divisor: Instruction, shift: number): void {
    const width = divisor.type === 'i64' ? 64 : 32;
    const sign = this.#make('shrS', [dividend, this.#count(width - 1)]);
    const bias = this.#make('shrU', [sign, this.#count(width - shift)]);
    const moved = this.#make('add', [dividend, bias]);
    const quotient: [Instruction, Instruction] = [moved, this.#count(shift)];
    if (this.#instruction.op === 'remS') {
      const down = this.#make('shrS', quotient);
      this.#become('sub', [dividend, this.#make('shl', [down, this.#count(shift)])]);
    } else if (divisor.value > 0) {
      this.#become('shrS', quotient);
    } else {
      this.#become('neg', [this.#make('shrS', quotient)]);
    }
  }

  #quotient(dividend: Instruction, divisor: number): void {
    if (this.#instruction.op === 'divU') this.#unsignedQuotient(dividend, divisor >>> 0);
    else if (Math.abs(divisor) >= 3) this.#signedQuotient(dividend, divisor);
  }

  #unsignedQuotient(dividend: Instruction, divisor: number): void {
    if (divisor < 3) return;
    const { before, factor, needsAdd, after } = magicUnsigned(divisor, largest(dividend));
    const shifted = before === 0 ? dividend : this.#make('shrU', [dividend, this.#count(before)]);
    const product = [shifted, this.#count(factor | 0)];
    if (needsAdd) {
      const high = this.#make('mulHighU', product);
      const half = this.#make('shrU', [this.#make('sub', [dividend, high]), this.#count(1)]);
      this.#become('shrU', [this.#make('add', [half, high]), this.#count(after)]);
    } else if (after === 0) {
      this.#become('mulHighU', product);
    } else {
      this.#become('shrU', [this.#make('mulHighU', product), this.#count(after)]);
    }
  }

  #signedQuotient(dividend: Instruction, divisor: number): void {
    const { factor, after } = magicSigned(Math.abs(divisor));
    let high = this.#make('mulHighS', [dividend, this.#count(factor | 0)]);
    if (factor > 0x7fffffff) high = this.#make('add', [high, dividend]);
    if (after > 0) high = this.#make('shrS', [high, this.#count(after)]);
    // one more for a negative dividend; for a negative divisor, the difference the other way round
    const sign = this.#make('shrS', [dividend, this.#count(31)]);
    this.#become('sub', divisor > 0 ? [high, sign] : [sign, high]);
  }

  #make(op: Opcode, args: Instruction[]): Instruction {
    const made = this.#fn.create(op, this.#instruction.type, args, this.#instruction.location);
    this.#made.push(made);
    return made;
  }

  #count(value: number): Instruction {
    const made = this.#fn.create('const', 'i32', [], this.#instruction.location, { value });
    this.#made.push(made);
    return made;
  }

  #become(op: Opcode, args: Instruction[]): void {
    this.#instruction.op = op;
    this.#instruction.args = args;
  }
}
