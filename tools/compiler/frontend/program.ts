/*
 * From a virtual file system to a checked ts.Program.
 *
 * One ts.Program holds the kernel and all user programs, so that shared modules are parsed and checked once. Sources are
 * kept between builds by their text: with `previous`, an unchanged file keeps its syntax tree.
 *
 * Imports are relative paths with their extension, so that resolving one is path arithmetic.
 */

import { ts } from './typescript.ts';

/** Where sources come from. Paths are POSIX and absolute. */
export interface VirtualFileSystem {
  readFile(path: string): string | undefined;
}

/** The options of kernel/tsconfig.json that matter for checking. */
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  noLib: true,
  types: [],
  strict: true,
  strictPropertyInitialization: false,
  noImplicitReturns: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
};

/** `/a/b/../c/./d` to `/a/c/d`. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export function createProgram(
  files: VirtualFileSystem,
  roots: readonly string[],
  previous: ts.Program | null,
): ts.Program {
  const texts = new Map<string, string | undefined>();
  const read = (path: string): string | undefined => {
    if (!texts.has(path)) texts.set(path, files.readFile(path));
    return texts.get(path);
  };
  const host: ts.CompilerHost = {
    getSourceFile: (path, version) => sourceFile(path, read(path), version, previous),
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
  return ts.createProgram({
    rootNames: [...roots],
    options,
    host,
    ...(previous === null ? {} : { oldProgram: previous }),
  });
}

function sourceFile(
  path: string,
  text: string | undefined,
  version: ts.ScriptTarget | ts.CreateSourceFileOptions,
  previous: ts.Program | null,
): ts.SourceFile | undefined {
  if (text === undefined) return undefined;
  const known = previous?.getSourceFile(path);
  if (known?.text === text) return known;
  return ts.createSourceFile(path, text, version, true);
}

function resolve(
  name: string,
  containing: string,
  read: (path: string) => string | undefined,
): ts.ResolvedModuleFull | undefined {
  if (!name.startsWith('.')) return undefined;
  const path = normalizePath(`${containing}/../${name}`);
  if (!path.endsWith('.ts') || read(path) === undefined) return undefined;
  return { resolvedFileName: path, extension: path.endsWith('.d.ts') ? ts.Extension.Dts : ts.Extension.Ts };
}
