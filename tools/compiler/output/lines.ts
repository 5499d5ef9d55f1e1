/*
 * Source lines of a linked program for the layout file: one ascending list of rows.
 */

import { LINE_LENGTH } from '../backend/machine/types.ts';
import type { Item } from './items.ts';
import type { LayoutLines } from './layout.ts';

/** Functions that lie further apart than this have something else between them. */
const LARGEST_GAP = 64;

export function encodeLines(items: readonly Item[]): LayoutLines {
  const functions = items.filter(({ code }) => code !== null).toSorted((a, b) => a.address - b.address);
  const encoder = new LineEncoder();
  functions.forEach((fn, n) => {
    const { files, rows } = fn.code!.lines;
    const numbers: number[] = []; // files count when they are met
    for (let at = 0; at < rows.length; at += LINE_LENGTH) {
      const file = rows[at + 1]!;
      encoder.add(fn.address + rows[at]!, (numbers[file] ??= encoder.numberOf(files[file]!)), rows[at + 2]!);
    }
    const end = fn.address + fn.size;
    const next = functions[n + 1];
    if (next === undefined || next.address > end + LARGEST_GAP) encoder.add(end, -1, 0);
  });
  return encoder.lines;
}

class LineEncoder {
  readonly #files: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #rows: number[] = [];
  #before = 0;
  #file = -1;
  #line = -1;

  get lines(): LayoutLines {
    return { files: this.#files, rows: this.#rows };
  }

  /** Of no file: -1. */
  numberOf(file: string): number {
    if (file === '') return -1;
    let number = this.#numbers.get(file);
    if (number === undefined) {
      number = this.#files.push(file) - 1;
      this.#numbers.set(file, number);
    }
    return number;
  }

  /** From the address on, code comes from a line of a file; -1: a stretch of code ends there. */
  add(address: number, file: number, line: number): void {
    const shownFile = Math.max(file, 0);
    const shownLine = file < 0 ? 0 : line;
    if (shownFile === this.#file && shownLine === this.#line) return;
    this.#rows.push(address - this.#before, shownFile, shownLine);
    this.#before = address;
    this.#file = shownFile;
    this.#line = shownLine;
  }
}
