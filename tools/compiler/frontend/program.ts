/*
 * From a virtual file system to a checked ts.Program.
 *
 * One ts.Program holds the kernel and all user programs, so that shared modules are parsed and checked once.
 *
 * Imports are relative paths with their extension, so that resolving one is path arithmetic.
 */

import { isStackOverflow } from './failure.ts';
import { checkOptions } from './options.ts';
import { ts } from './typescript.ts';

/** Where sources come from. Paths are POSIX and absolute. */
export interface VirtualFileSystem {
  readFile(path: string): string | undefined;
}

const { options } = ts.convertCompilerOptionsFromJson(checkOptions, '/');

/** `/a/b/../c/./d` to `/a/c/d`. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** The module that the file `containing` means by the relative path `name`. */
export function importedPath(name: string, containing: string): string {
  return normalizePath(`${containing}/../${name}`);
}

interface CheckedProgram {
  readonly program: ts.Program;
  /** Files that nest so deeply that tsc's stack overflows. They count as empty. */
  readonly tooDeep: readonly string[];
}

/** Makes the syntax tree of a file. */
export type ParseSource = (path: string, text: string) => ts.SourceFile;

/** Every file is a module, also one without imports and exports (`moduleDetection: force`). */
export const parseSource: ParseSource = (path, text) => {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  if (!ts.isExternalModule(source) && !source.isDeclarationFile) {
    (source as { externalModuleIndicator?: true }).externalModuleIndicator = true;
  }
  return source;
};

export function createProgram(
  files: VirtualFileSystem,
  roots: readonly string[],
  parse: ParseSource = parseSource,
): CheckedProgram {
  const texts = new Map<string, string | undefined>();
  const read = (path: string): string | undefined => {
    if (!texts.has(path)) texts.set(path, files.readFile(path));
    return texts.get(path);
  };
  try {
    return { program: build(read, roots, parse), tooDeep: [] };
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    const tooDeep = [...texts].filter(([, text]) => text !== undefined && overflows(text)).map(([path]) => path);
    if (tooDeep.length === 0) throw error;
    for (const path of tooDeep) texts.set(path, '');
    return { program: build(read, roots, parse), tooDeep };
  }
}

function build(read: (path: string) => string | undefined, roots: readonly string[], parse: ParseSource): ts.Program {
  const host: ts.CompilerHost = {
    getSourceFile: (path) => {
      const text = read(path);
      return text === undefined ? undefined : parse(path, text);
    },
    getDefaultLibFileName: () => '/lib.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (path) => read(path) !== undefined,
    readFile: read,
    writeFile: () => undefined,
    resolveModuleNameLiterals: (literals, containing) =>
      literals.map((literal) => ({ resolvedModule: resolve(literal.text, containing, read) })),
  };
  const program = ts.createProgram({ rootNames: [...roots], options, host });
  program.getTypeChecker(); // binds all files: the last stage that no single file can be blamed for
  return program;
}

/** Whether a text nests more deeply than tsc can follow. */
function overflows(text: string): boolean {
  let deepest = 0;
  const walk = (node: ts.Node, depth: number): void => {
    deepest = Math.max(deepest, depth);
    ts.forEachChild(node, (child) => walk(child, depth + 1));
  };
  try {
    walk(ts.createSourceFile('/probe.ts', text, ts.ScriptTarget.ESNext), 0);
  } catch {
    return true;
  }
  return deepest > 300;
}

function resolve(
  name: string,
  containing: string,
  read: (path: string) => string | undefined,
): ts.ResolvedModuleFull | undefined {
  if (!name.startsWith('.')) return undefined;
  const path = importedPath(name, containing);
  if (!path.endsWith('.ts') || read(path) === undefined) return undefined;
  return { resolvedFileName: path, extension: path.endsWith('.d.ts') ? ts.Extension.Dts : ts.Extension.Ts };
}
