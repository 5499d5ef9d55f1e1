/*
 * From a virtual file system to syntax trees: the files of a build, which are the library, the entry modules, and all that
 * these name. Shared modules are parsed once, for the kernel and all user programs.
 *
 * Imports are relative paths with their extension, so that resolving one is path arithmetic.
 */

import { forEachChild, mayImportDynamically, parseSyntax, ts, type WordTable } from '../syntax/index.ts';
import { isStackOverflow } from './failure.ts';
import { parseWithTypeScript } from './typescript.ts';

/** Where sources come from. Paths are POSIX and absolute. */
export interface VirtualFileSystem {
  readFile(path: string): string | undefined;
}

/** `/a/b/../c/./d` to `/a/c/d`. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** What a path must not have within it to be one of those that normalizePath gives. */
const needless = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** The module that the file `containing` means by the relative path `name`. */
export function importedPath(name: string, containing: string): string {
  let folder = containing.slice(0, containing.lastIndexOf('/'));
  let rest = name.startsWith('./') ? name.slice(2) : name;
  while (rest.startsWith('../')) {
    rest = rest.slice(3);
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
  }
  return needless.test(rest) ? normalizePath(`${folder}/${rest}`) : `${folder}/${rest}`;
}

/** Makes the syntax tree of a file. */
export type ParseSource = (path: string, text: string) => ts.SourceFile;

/** Our own parser does it; TypeScript, where there may be something to complain about, or anything that ours does not know. */
export function parseSource(path: string, text: string, later: WordTable | null = null): ts.SourceFile {
  return parseSyntax(path, text, later) ?? parseWithTypeScript(path, text);
}

export class Sources {
  readonly #files: VirtualFileSystem;
  readonly #parse: ParseSource;
  /** By path; null for what is not there. In the order in which they were met. */
  readonly #known = new Map<string, ts.SourceFile | null>();
  /** By file, and the names that it has for others. */
  readonly #imported = new Map<ts.SourceFile, Map<string, ts.SourceFile | null>>();
  /** Each file after those that it names. */
  readonly all: ts.SourceFile[] = [];
  /** Files that nest so deeply that the stack overflows. They count as empty. */
  readonly tooDeep: string[] = [];

  constructor(
    files: VirtualFileSystem,
    roots: readonly string[],
    parse: ParseSource = (path, text) => parseSource(path, text),
  ) {
    this.#files = files;
    this.#parse = parse;
    for (const path of roots) this.#add(path);
  }

  /** A file of the build. */
  get(path: string): ts.SourceFile | undefined {
    return this.#known.get(path) ?? undefined;
  }

  /** The module that a file means by a name. */
  imported(name: string, source: ts.SourceFile): ts.SourceFile | undefined {
    let modules = this.#imported.get(source);
    if (modules === undefined) {
      modules = new Map();
      this.#imported.set(source, modules);
    }
    let module = modules.get(name);
    if (module === undefined) {
      module = (name.startsWith('.') ? this.get(importedPath(name, source.fileName)) : undefined) ?? null;
      modules.set(name, module);
    }
    return module ?? undefined;
  }

  #add(path: string): void {
    if (this.#known.has(path)) return;
    const text = this.#files.readFile(path);
    const source = text === undefined ? null : this.#tree(path, text);
    this.#known.set(path, source);
    if (source === null) return;
    for (const named of pathsIn(source)) this.#add(named);
    this.all.push(source);
  }

  #tree(path: string, text: string): ts.SourceFile {
    try {
      return this.#parse(path, text);
    } catch (error) {
      if (!isStackOverflow(error)) throw error;
      this.tooDeep.push(path);
      return this.#parse(path, '');
    }
  }
}

/** The files that a file names. */
function pathsIn(source: ts.SourceFile): string[] {
  const found = source.referencedFiles.map(({ fileName }) => importedPath(fileName, source.fileName));
  const add = (specifier: ts.Node | undefined): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const path = specifier.text.startsWith('.') ? importedPath(specifier.text, source.fileName) : '';
    if (path.endsWith('.ts')) found.push(path);
  };
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) add(statement.moduleSpecifier);
    if (ts.isImportEqualsDeclaration(statement) && ts.isExternalModuleReference(statement.moduleReference))
      add(statement.moduleReference.expression);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    forEachChild(node, visit);
  };
  if (mayImportDynamically(source)) visit(source);
  return found;
}
