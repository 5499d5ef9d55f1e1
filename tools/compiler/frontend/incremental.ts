/*
 * Building again after an edit: what need not be done twice.
 *
 * tsc's findings about a file depend on the file and on the *shape* of what it imports: everything but the bodies of
 * functions whose types are written down. So after an edit inside a body, one file is checked; after another edit, the
 * files that import the changed one, directly or not, as well. Only files without findings are skipped, so nothing is
 * ever lost.
 *
 * A whole program is unchanged if none of the files that it consists of has changed.
 */

import { ImportGraph } from './imports.ts';
import { ts } from './typescript.ts';

/** What one build leaves behind for the next. */
export interface FinishedBuild {
  readonly program: ts.Program;
  /** Files that tsc has found no fault with. */
  readonly clean: ReadonlySet<string>;
  /** There were no findings at all, tsc's or ours. */
  readonly isClean: boolean;
}

export class Incremental {
  /** The files that tsc has to check. */
  readonly toCheck: ReadonlySet<ts.SourceFile>;
  /** The files whose declarations we have to check. */
  readonly toDeclare: ReadonlySet<ts.SourceFile>;
  readonly #changed: ReadonlySet<ts.SourceFile>;
  readonly #graph: ImportGraph;
  readonly #previous: FinishedBuild | null;

  constructor(program: ts.Program, graph: ImportGraph, previous: FinishedBuild | null) {
    this.#graph = graph;
    this.#previous = previous;
    const sources = program.getSourceFiles();
    this.#changed = new Set(sources.filter((source) => previous?.program.getSourceFile(source.fileName) !== source));
    const affected = this.#affected();
    const unclean = sources.filter((source) => previous?.clean.has(source.fileName) !== true);
    this.toCheck = new Set([...affected, ...unclean]);
    this.toDeclare = previous?.isClean === true ? affected : new Set(sources);
  }

  #affected(): Set<ts.SourceFile> {
    const reshaped = [...this.#changed].filter((source) => {
      const before = this.#previous?.program.getSourceFile(source.fileName);
      return before === undefined || shapeOf(before) !== shapeOf(source);
    });
    return new Set([...this.#changed, ...this.#graph.importersOf(reshaped)]);
  }

  /** Nothing that the program at `entry` consists of has changed, and the build before had no findings. */
  isUnchanged(entry: ts.SourceFile): boolean {
    if (this.#previous?.isClean !== true) return false;
    return this.#graph.reached(entry, true).every((source) => !this.#changed.has(source));
  }
}

/** The text without the bodies of functions that tell their types. */
function shapeOf(source: ts.SourceFile): string {
  const { text } = source;
  let shape = '';
  let end = 0;
  const leaveOut = (node: ts.Node): void => {
    shape += text.slice(end, node.pos);
    end = node.end;
  };
  const visit = (node: ts.Node): void => {
    const isFunction = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
    if (isFunction && node.type !== undefined && node.body !== undefined) leaveOut(node.body);
    else if (ts.isClassDeclaration(node)) node.members.forEach(visit);
  };
  source.statements.forEach(visit);
  return shape + text.slice(end);
}
