/*
 * What the tests of the front end share: sources from the disk or from memory, and diagnostics in one line.
 */

import { readFileSync } from 'node:fs';
import { KernelTsProgram, type Diagnostic, type VirtualFileSystem } from '../../tools/compiler/frontend/index.ts';

export const library = new URL('../../tools/compiler/library', import.meta.url).pathname;
export const libraryFiles = [`${library}/scalars.d.ts`, `${library}/kernel.d.ts`];

export const nodeFiles: VirtualFileSystem = {
  readFile(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};

/** Files in memory, over the library. */
export function memoryFiles(files: Readonly<Record<string, string>>): VirtualFileSystem {
  return { readFile: (path) => files[path] ?? (path.startsWith(library) ? nodeFiles.readFile(path) : undefined) };
}

/** A program of one file, `/src/main.ts`, and perhaps others. */
export function compile(
  text: string,
  others: Readonly<Record<string, string>> = {},
  defines: ReadonlyMap<string, number | boolean> = new Map(),
): KernelTsProgram {
  const files = memoryFiles({ '/src/main.ts': text, ...others });
  return new KernelTsProgram({ files, entries: ['/src/main.ts'], root: '/src', libraryFiles, defines });
}

export function summary(diagnostic: Diagnostic): string {
  const { file, line, column, code, message } = diagnostic;
  return `${file.replace(/.*\//, '')}:${line}:${column} ${code} ${message}`;
}
