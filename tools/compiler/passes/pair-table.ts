/*
 * What is known of operations with one or two operands, while a walk goes down and up a tree: a table in which the entries
 * that came last are the first to go.
 *
 * An operation and the ids of its operands, or what else tells it from others, are small numbers. So entries are rows of lists, and the rows with one hash form
 * a list whose head is the latest: it stands before an older one with the same key, and can be taken out again in one step.
 * A Map would want a key of its own for every entry, and be hashed anew as it grows and shrinks.
 */

import type { Instruction } from '../ir/types.ts';
import { equalNumbers } from '../lists.ts';

/** What an expression is known to be: a value computed before, or a constant. */
export type Known = Instruction | number;

export class PairTable {
  /** By hash: the latest row, plus one; 0 for none. */
  readonly #latest: number[];
  /** By row: the row before it that has the same hash (plus one), and the entry. */
  readonly #earlier: number[] = [];
  readonly #operations: number[] = [];
  readonly #a: number[] = [];
  readonly #b: number[] = [];
  readonly #known: Known[] = [];
  #count = 0;

  /** For about so many entries. */
  constructor(size: number) {
    this.#latest = equalNumbers(1 << (32 - Math.clz32(size >> 1)), 0);
  }

  get count(): number {
    return this.#count;
  }

  /** What is known of it already; null if nothing is, and then `value` is from now on. */
  findOrAdd(operation: number, a: number, b: number, value: Instruction): Known | null {
    const hash = this.#hash(operation, a, b);
    const known = this.#findAmong(hash, operation, a, b);
    if (known === null) this.#put(hash, operation, a, b, value);
    return known;
  }

  /** What is known of it; null if nothing is. */
  find(operation: number, a: number, b: number): Known | null {
    return this.#findAmong(this.#hash(operation, a, b), operation, a, b);
  }

  /** Says something that goes before what is known. */
  add(operation: number, a: number, b: number, known: Known): void {
    this.#put(this.#hash(operation, a, b), operation, a, b, known);
  }

  /** Leaves the first `count` entries. */
  forget(count: number): void {
    while (this.#count > count) {
      const row = --this.#count;
      this.#latest[this.#hash(this.#operations[row]!, this.#a[row]!, this.#b[row]!)] = this.#earlier[row]!;
    }
  }

  #findAmong(hash: number, operation: number, a: number, b: number): Known | null {
    for (let row = this.#latest[hash]! - 1; row >= 0; row = this.#earlier[row]! - 1) {
      if (this.#a[row] === a && this.#b[row] === b && this.#operations[row] === operation) return this.#known[row]!;
    }
    return null;
  }

  #put(hash: number, operation: number, a: number, b: number, known: Known): void {
    const row = this.#count++;
    this.#earlier[row] = this.#latest[hash]!;
    this.#operations[row] = operation;
    this.#a[row] = a;
    this.#b[row] = b;
    this.#known[row] = known;
    this.#latest[hash] = row + 1;
  }

  #hash(operation: number, a: number, b: number): number {
    const mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ (operation << 9);
    return (mixed ^ (mixed >>> 15)) & (this.#latest.length - 1);
  }
}
