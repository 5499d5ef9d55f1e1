/*
 * The compiler's own failures. A source that nests too deeply for the stack, or a case that nobody thought of, must give
 * a diagnostic like any other error.
 */

import type { ts } from '../syntax/index.ts';
import type { Reporter } from './diagnostics.ts';

/** Told by the message: in other realms, RangeError is another class. */
export function isStackOverflow(error: unknown): boolean {
  return /^(RangeError|InternalError): (Maximum call stack|too much recursion)/.test(String(error));
}

export function reportFailure(reporter: Reporter, node: ts.Node, error: unknown): void {
  const text = String(error);
  if (isStackOverflow(error)) reporter.report(node, 'tooDeep');
  else reporter.report(node, 'internal', [text]);
}
