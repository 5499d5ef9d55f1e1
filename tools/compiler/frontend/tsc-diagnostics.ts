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

/** What to do about some of tsc's findings, in the words of kernel TS. */
const hints: ReadonlyMap<number, string> = new Map([
  [2365, 'convert one side: u64(...), i64(...), u32(...) or i32(...)'],
  [2367, 'if another CPU may have changed the place, read it anew: reload<T>(place)'],
  [2531, 'compare it with null, or write x! where it cannot be'],
  [18047, 'compare it with null, or write x! where it cannot be'],
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
