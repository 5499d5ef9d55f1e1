/*
 * Diagnostics for people: file:line:column, the message, the source line with the place marked, the hint.
 *
 *   mm/buddy.ts:12:9: error PW1104: u32 and i32 do not mix
 *      12 |   if (order < limit) return;
 *         |       ^^^^^^^^^^^^^
 *     hint: convert one side: u32(...) or i32(...)
 */

import type { Diagnostic, Span } from './diagnostics.ts';
import type { VirtualFileSystem } from './program.ts';

export interface FormatOptions {
  /** Where the source lines come from. */
  readonly files: VirtualFileSystem;
  readonly colour: boolean;
  /** Shown in front of nothing: paths below this folder are shown relative to it. */
  readonly base?: string;
}

export function formatDiagnostics(diagnostics: readonly Diagnostic[], options: FormatOptions): string {
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, options)).join('\n');
}

export function formatDiagnostic(diagnostic: Diagnostic, options: FormatOptions): string {
  const paint = painter(options.colour);
  const head = `${paint('bold', place(diagnostic, options))}: ${paint('red', 'error')} ${diagnostic.code}: ${diagnostic.message}`;
  const lines = [head, ...frame(diagnostic, options, '^')];
  for (const other of diagnostic.related) {
    lines.push(`  ${place(other, options)}: ${other.message}`, ...frame(other, options, '-'));
  }
  if (diagnostic.hint !== null) lines.push(`  ${paint('cyan', 'hint')}: ${diagnostic.hint}`);
  return `${lines.join('\n')}\n`;
}

type Painter = (style: 'bold' | 'red' | 'cyan', text: string) => string;

function painter(isOn: boolean): Painter {
  const styles = { bold: 1, red: 31, cyan: 36 };
  return (style, text) => (isOn ? `\u001b[${styles[style]}m${text}\u001b[0m` : text);
}

function place(span: Span, options: FormatOptions): string {
  const prefix = options.base === undefined || options.base.endsWith('/') ? options.base : `${options.base}/`;
  const file = prefix !== undefined && span.file.startsWith(prefix) ? span.file.slice(prefix.length) : span.file;
  return `${file}:${span.line}:${span.column}`;
}

/** The source line and a line with marks below the place; nothing if the file cannot be read. */
function frame(span: Span, options: FormatOptions, mark: string): string[] {
  const line = options.files.readFile(span.file)?.split('\n')[span.line - 1];
  if (line === undefined) return [];
  const number = String(span.line).padStart(5);
  const lead = line.slice(0, span.column - 1).replace(/[^\t]/g, ' ');
  const length = Math.max(1, Math.min(span.length, line.length - span.column + 1));
  return [`${number} | ${line}`, `${' '.repeat(5)} | ${lead}${painter(options.colour)('red', mark.repeat(length))}`];
}
