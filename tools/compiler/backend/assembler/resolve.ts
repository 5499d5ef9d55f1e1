/*
 * Settling the places in assembled code that name labels, once the labels have their offsets.
 *
 * A label is the function's own symbol plus an offset. So each expression comes down to offsets and a number of symbols;
 * what cancels out is a constant and is written now, one symbol that remains is left to the linker.
 */

import type { FinishedCode, Fixup } from '../encoder/code.ts';
import type { Pending } from './assemble.ts';
import type { AssemblyProblem } from './errors.ts';

/** Patches what can be patched in `finished.bytes`; returns what is left for the linker. */
export function resolveFixups(
  finished: FinishedCode,
  ownName: string,
  pending: ReadonlyMap<string, Pending>,
  offsetOf: (label: string) => number,
  problems: AssemblyProblem[],
): Fixup[] {
  const left: Fixup[] = [];
  for (const fixup of finished.fixups) {
    const expression = pending.get(fixup.symbol);
    if (expression === undefined) {
      left.push(fixup);
      continue;
    }
    const factors = new Map(expression.form.symbols);
    let addend = fixup.addend;
    for (const [label, factor] of expression.form.labels) {
      addend += offsetOf(label) * factor;
      factors.set(ownName, (factors.get(ownName) ?? 0) + factor);
    }
    const remaining = [...factors].filter(([, factor]) => factor !== 0);
    const [symbol] = remaining;
    if (symbol === undefined) {
      if (fixup.kind.startsWith('rel')) {
        problems.push({ location: expression.location, message: 'the target of a jump is a label or a symbol' });
      } else if (!patch(finished.bytes, fixup, addend)) {
        problems.push({ location: expression.location, message: `${addend} does not fit here` });
      }
    } else if (remaining.length > 1 || symbol[1] !== 1) {
      const message = 'an expression can name one symbol, and differences of labels';
      problems.push({ location: expression.location, message });
    } else if (symbol[0] === ownName && fixup.kind.startsWith('rel')) {
      patch(finished.bytes, fixup, addend - fixup.at);
    } else {
      left.push({ ...fixup, symbol: symbol[0], addend });
    }
  }
  return left;
}

/** Writes a constant at the fixup's place. Says no if it does not fit. */
function patch(bytes: Uint8Array, { at, kind }: Fixup, value: number): boolean {
  const size = kind.endsWith('32') ? 4 : kind.endsWith('16') ? 2 : 1;
  const limit = 2 ** (size * 8);
  for (let n = 0; n < size; n++) bytes[at + n] = (value >> (n * 8)) & 0xff;
  return value < limit && value >= -limit / 2;
}
