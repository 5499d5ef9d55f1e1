/*
 * Our own parser: it makes the syntax tree of a file, or says that it does not fully understand it.
 *
 * TypeScript's parser knows all of the language, and takes its time; this one knows what kernel TS sources are written in. It never
 * describes an error: whatever is wrong or unusual is for TypeScript to parse, and to complain about. So it must not accept
 * anything that TypeScript would not, or would understand in another way; that it may refuse a file costs nothing but time.
 */

import type ts from 'typescript';
import { ModuleParser } from './moduleParser.ts';
import { mismatch, refusal } from './scanner.ts';
import { WordTable } from './wordTable.ts';

/**
 * The tree of a file, as TypeScript would make it (without JSDoc). Null for a file that TypeScript has to look at. With the
 * words of files whose bodies are parsed later, what is in those is not looked at yet: see UnfamiliarBody.
 */
export function parseSyntax(path: string, text: string, later: WordTable | null = null): ts.SourceFile | null {
  const referencedFiles = referencesIn(text);
  if (referencedFiles === null || isUnusual(path, text)) return null;
  try {
    return new ModuleParser(text, later ?? new WordTable(), later !== null).file(
      path,
      path.endsWith('.d.ts'),
      referencedFiles,
    );
  } catch (error) {
    if (error === mismatch || error === refusal) return null;
    throw error;
  }
}

/** Kinds of files that we do not know; comments for tsc; line ends that are none elsewhere. */
function isUnusual(path: string, text: string): boolean {
  if (!path.endsWith('.ts') || /\.d\.[^/]+\.ts$/.test(path)) return true;
  if (text.includes('@ts-') || text.includes('\u2028') || text.includes('\u2029')) return true;
  return text.includes('\r') && /\r(?!\n)/.test(text);
}

const reference = /^\/\/\/ <reference path="([^"]+)" \/>(?=\r?\n)/;

/** The files that the first line of a file refers to. Null if there are other lines of that kind, or may be. */
function referencesIn(text: string): ts.FileReference[] | null {
  if (!text.includes('///')) return [];
  const [first, fileName] = reference.exec(text) ?? ['', ''];
  if (/\/\/\/\s*</.test(text.slice(first.length))) return null;
  return first === '' ? [] : [{ pos: first.indexOf('"') + 1, end: first.lastIndexOf('"'), fileName: fileName }];
}
