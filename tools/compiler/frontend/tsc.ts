/*
 * tsc's own view of a build: the ts.Program that its findings come from, where somebody wants to know about types in this
 * process. tsc parses the files itself: it keeps more in its trees than ours have.
 */

import { forEachChild } from '../syntax/index.ts';
import { isStackOverflow } from './failure.ts';
import { checkOptions } from './options.ts';
import { importedPath, type Sources } from './program.ts';
import { parseForTsc, ts } from './typescript.ts';

export interface CheckedProgram {
  readonly program: ts.Program;
  /** Files that nest so deeply that tsc's stack overflows. They count as empty. */
  readonly tooDeep: readonly string[];
}

type TreeOf = (source: ts.SourceFile) => ts.SourceFile;

const parsed: TreeOf = ({ fileName, text }) => parseForTsc(fileName, text);

/** `treeOf`: the tree that tsc shall use for a file. Default: it makes one. */
export function createProgram(sources: Sources, roots: readonly string[], treeOf: TreeOf = parsed): CheckedProgram {
  try {
    return { program: build(sources, roots, treeOf, new Set()), tooDeep: [] };
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    const tooDeep = sources.all.filter(overflows).map(({ fileName }) => fileName);
    if (tooDeep.length === 0) throw error;
    return { program: build(sources, roots, treeOf, new Set(tooDeep)), tooDeep };
  }
}

function build(sources: Sources, roots: readonly string[], treeOf: TreeOf, empty: ReadonlySet<string>): ts.Program {
  const host: ts.CompilerHost = {
    getSourceFile: (path) => {
      const source = sources.get(path);
      if (empty.has(path)) return parseForTsc(path, '');
      return source === undefined ? undefined : treeOf(source);
    },
    getDefaultLibFileName: () => '/lib.d.ts',
    getCurrentDirectory: () => '/',
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    fileExists: (path) => sources.get(path) !== undefined,
    readFile: (path) => sources.get(path)?.text,
    writeFile: () => undefined,
    resolveModuleNameLiterals: (literals, containing) =>
      literals.map((literal) => ({ resolvedModule: resolve(literal.text, containing, sources) })),
  };
  const { options } = ts.convertCompilerOptionsFromJson(checkOptions, '/');
  const program = ts.createProgram({ rootNames: [...roots], options, host });
  program.getTypeChecker(); // binds all files: the last stage that no single file can be blamed for
  return program;
}

/** Whether a tree is deeper than tsc can follow. */
function overflows(source: ts.SourceFile): boolean {
  let deepest = 0;
  const walk = (node: ts.Node, depth: number): void => {
    deepest = Math.max(deepest, depth);
    forEachChild(node, (child) => walk(child, depth + 1));
  };
  try {
    walk(source, 0);
  } catch {
    return true;
  }
  return deepest > 300;
}

function resolve(name: string, containing: string, sources: Sources): ts.ResolvedModuleFull | undefined {
  if (!name.startsWith('.')) return undefined;
  const path = importedPath(name, containing);
  if (!path.endsWith('.ts') || sources.get(path) === undefined) return undefined;
  return { resolvedFileName: path, extension: path.endsWith('.d.ts') ? ts.Extension.Dts : ts.Extension.Ts };
}
