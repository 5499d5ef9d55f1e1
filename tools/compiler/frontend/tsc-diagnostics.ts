/*
 * tsc's findings in our form.
 *
 * tsc explains a brand mismatch in four lines about `__t`; one says the same: `u32 is not assignable to u8: convert with
 * u8(...)`.
 */

import { spanOfRange, type Diagnostic, type RelatedSpan } from './diagnostics.ts';
import { ts } from './typescript.ts';

export function fromTsc(diagnostic: ts.Diagnostic): Diagnostic {
  const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
  const [text, hint] = shorten(message);
  const related = (diagnostic.relatedInformation ?? []).flatMap((other) => relatedSpan(other));
  const span =
    diagnostic.file === undefined
      ? { file: '', line: 1, column: 1, length: 1 }
      : spanOfRange(diagnostic.file, diagnostic.start ?? 0, Math.max(1, diagnostic.length ?? 1));
  return { ...span, code: `TS${diagnostic.code}`, message: text, hint, related };
}

function relatedSpan(other: ts.DiagnosticRelatedInformation): RelatedSpan[] {
  if (other.file === undefined) return [];
  const span = spanOfRange(other.file, other.start ?? 0, Math.max(1, other.length ?? 1));
  return [{ ...span, message: ts.flattenDiagnosticMessageText(other.messageText, ' ') }];
}

const mismatch = /^(?:Type|Argument of type) '([^']+)' is not assignable to (?:type|parameter of type) '([^']+)'\./;
const integers = new Set(['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'u64', 'i64']);

/** The message in one line, and a hint if there is one. */
function shorten(message: string): [string, string | null] {
  const found = mismatch.exec(message);
  if (found !== null) {
    const [, from, to] = found;
    if (integers.has(to!)) return [`${from} is not assignable to ${to}: convert with ${to}(...)`, `write ${to}(...)`];
    if (message.includes('__t')) return [`${from} is not assignable to ${to}`, null];
  }
  const lines = message.split('\n');
  const isLong = lines.length > 2;
  return [isLong ? `${lines[0]} ${lines[lines.length - 1]!.trim()}` : lines.map((line) => line.trim()).join(' '), null];
}
