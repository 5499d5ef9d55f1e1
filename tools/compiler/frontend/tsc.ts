/*
 * tsc's own view of a build: the ts.Program that its findings come from. It is made of the syntax trees that there are
 * already, and only where somebody wants to know about types.
 */

import { isStackOverflow } from './failure.ts';
import { checkOptions } from './options.ts';
import { importedPath, parseSource, type Sources } from './program.ts';
import { ts } from './typescript.ts';

const { options } = ts.convertCompilerOptionsFromJson(checkOptions, '/');

export interface CheckedProgram {
  readonly program: ts.Program;
  /** Files that nest so deeply that tsc's stack overflows. They count as empty. */
  readonly tooDeep: readonly string[];
}

export function createProgram(sources: Sources, roots: readonly string[]): CheckedProgram {
  try {
    return { program: build(sources, roots, new Set()), tooDeep: [] };
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    const tooDeep = sources.all.filter(overflows).map(({ fileName }) => fileName);
    if (tooDeep.length === 0) throw error;
    return { program: build(sources, roots, new Set(tooDeep)), tooDeep };
  }
}

function build(sources: Sources, roots: readonly string[], empty: ReadonlySet<string>): ts.Program {
  const host: ts.CompilerHost = {
    getSourceFile: (path) => (empty.has(path) ? parseSource(path, '') : sources.get(path)),
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
  const program = ts.createProgram({ rootNames: [...roots], options, host });
  program.getTypeChecker(); // binds all files: the last stage that no single file can be blamed for
  return program;
}

/** Whether a tree is deeper than tsc can follow. */
function overflows(source: ts.SourceFile): boolean {
  let deepest = 0;
  const walk = (node: ts.Node, depth: number): void => {
    deepest = Math.max(deepest, depth);
    ts.forEachChild(node, (child) => walk(child, depth + 1));
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
