/*
 * The compiler's own failures. A source that nests too deeply for the stack, or a case that nobody thought of, must give
 * a diagnostic like any other error.
 */

import { UnfamiliarBody, type ts } from '../syntax/index.ts';
import type { Reporter } from './diagnostics.ts';

/** Told by the message: in other realms, RangeError is another class. */
export function isStackOverflow(error: unknown): boolean {
  return /^(RangeError|InternalError): (Maximum call stack|too much recursion)/.test(String(error));
}

/** Throws what is no failure: the wish for a whole tree. */
export function reportFailure(reporter: Reporter, node: ts.Node, error: unknown): void {
  if (error instanceof UnfamiliarBody) throw error;
  const text = String(error);
  if (isStackOverflow(error)) reporter.report(node, 'tooDeep');
  else reporter.report(node, 'internal', [text]);
}
