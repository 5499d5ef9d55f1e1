/*
 * tsc's findings in our form.
 *
 * tsc explains a brand mismatch in four lines about `__t`; one says the same: `u32 is not assignable to u8: convert with
 * u8(...)`.
 */

import { spanOfRange, type Diagnostic, type RelatedSpan } from './diagnostics.ts';
import { ts } from './typescript.ts';

export function fromTsc(diagnostic: ts.Diagnostic): Diagnostic {
  const { code, file, start, length } = diagnostic;
  const { message, hint } = shorten(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
  const related = (diagnostic.relatedInformation ?? []).flatMap((other) => relatedSpan(other));
  const span =
    file === undefined
      ? { file: '', line: 1, column: 1, length: 1 }
      : spanOfRange(file, start ?? 0, Math.max(1, length ?? 1));
  return { ...span, code: `TS${code}`, message, hint: hint ?? hints.get(code) ?? null, related };
}

const noSuchName = 'declare or import it; what there is without an import stands in tools/compiler/library/kernel.d.ts';
const noSuchModule = "import modules by a relative path with its extension: './list.ts'";
const notNull = 'compare it with null, or write x! where it cannot be';

/** What to do about some of tsc's findings, in the words of kernel TS. */
const hints: ReadonlyMap<number, string> = new Map([
  [2304, noSuchName],
  [2305, 'look at what the module exports'],
  [2307, noSuchModule],
  [2318, noSuchName],
  [2339, 'look at its declaration: there are its own fields and methods, and none of the JavaScript library'],
  [2355, 'return a value on every path, or end it with unreachable()'],
  [2365, 'convert one side: u64(...), i64(...), u32(...) or i32(...)'],
  [2366, 'return a value on every path, or end it with unreachable()'],
  [2367, 'if another CPU may have changed the place, read it anew: reload<T>(place)'],
  [2454, 'give it an initial value'],
  [2531, notNull],
  [2552, noSuchName],
  [2554, 'pass as many arguments as it has parameters: none is optional'],
  [2580, noSuchName],
  [2583, noSuchName],
  [2584, noSuchName],
  [2591, noSuchName],
  [2792, noSuchModule],
  [2850, 'use const, or give its class a [Symbol.dispose]() method'],
  [2882, noSuchModule],
  [5097, noSuchModule],
  [7006, 'write its type'],
  [7053, 'use a FixedArray or Ptr with a number as index'],
  [18047, notNull],
]);

function relatedSpan(other: ts.DiagnosticRelatedInformation): RelatedSpan[] {
  if (other.file === undefined) return [];
  const span = spanOfRange(other.file, other.start ?? 0, Math.max(1, other.length ?? 1));
  return [{ ...span, message: ts.flattenDiagnosticMessageText(other.messageText, ' ') }];
}

const mismatch = /^(?:Type|Argument of type) '([^']+)' is not assignable to (?:type|parameter of type) '([^']+)'\./;
const integers = new Set(['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'u64', 'i64']);

/** The message in one line, and a hint if it suggests one. */
function shorten(text: string): { message: string; hint: string | null } {
  const lines = text.split('\n').map((line) => line.trim());
  const found = mismatch.exec(text);
  const unknown = /^Cannot find name '[^']+'\./.exec(text);
  if (unknown !== null) return { message: unknown[0], hint: null };
  if (found === null)
    return { message: lines.length > 2 ? `${lines[0]} ${lines.at(-1)}` : lines.join(' '), hint: null };
  const [from, to] = [found[1]!, found[2]!];
  const message = `${from} is not assignable to ${to}`;
  if (integers.has(to)) return { message: `${message}: convert with ${to}(...)`, hint: `write ${to}(...)` };
  if (from.startsWith('Held<') && to.startsWith('Held<'))
    return { message, hint: 'another lock is held than is needed' };
  if (from.replace(' | null', '') === to) return { message, hint: hints.get(2531) ?? null };
  const reason = lines.at(-1) ?? '';
  const saysMore = lines.length > 1 && !/^Type .* is not assignable to type/.test(reason);
  return { message: saysMore ? `${message}. ${reason}` : message, hint: null };
}
