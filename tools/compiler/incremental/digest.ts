/*
 * What a source file declares, exports, imports and mentions: all that can be said of it without looking at others.
 *
 * The *shape* of a declaration is everything but the bodies of functions that tell their types. What others can find out
 * about a declaration, tsc or we, is its shape, and the shapes of what that mentions. Mentions are found by name: every
 * word that is also a name at the top of the module. That says too much (words of comments, names of fields, locals with
 * the same name), which costs time at most, but never too little.
 */

import { Hasher, hashText } from '../hash.ts';
import { methodName, namesOf } from '../frontend/units.ts';
import { documentedStartOf, hasModifier, lineAndCharacterOf, startOf, ts } from '../syntax/index.ts';
import { Mentions, type Spans } from './mentions.ts';

/** Names are told by their numbers in `FileDigest.names`. */
interface UnitDigest {
  /** As in `unitOf`, without the path. */
  readonly name: string;
  readonly hash: string;
  readonly mentions: readonly number[];
  /** The line of its first word, counted from 1. */
  readonly line: number;
  readonly column: number;
}

interface DeclarationDigest {
  readonly names: readonly string[];
  readonly isClass: boolean;
  readonly shape: string;
  readonly mentions: readonly number[];
  /** Where its shape is in the text. */
  readonly shapeSpans: Spans;
  /** The declaration as a whole, and its methods. In the order of the source. */
  readonly units: readonly UnitDigest[];
}

/** A name that comes from another module: imported, or only passed on (`export { a } from`). */
interface ImportDigest {
  readonly local: string;
  readonly path: string;
  readonly name: string;
}

/** The short account, which every build needs of every file. */
export interface FileDigest {
  readonly hash: string;
  /** All modules that it names. */
  readonly modules: readonly { readonly path: string; readonly isTypeOnly: boolean }[];
  /** The names of its classes. */
  readonly classes: readonly string[];
  /** Others may get something through it that it does not declare. */
  readonly passesOn: boolean;
  /** A hash of all that tells what its declarations mean: of the details, everything but places and units. */
  readonly outside: string;
  readonly detail: FileDetail;
}

export interface FileDetail {
  /** At the top of the module: declared or imported. */
  readonly names: readonly string[];
  readonly declarations: readonly DeclarationDigest[];
  readonly imports: readonly ImportDigest[];
  /** What others see, by its name there: a local name, or what is passed on. */
  readonly exports: readonly { readonly name: string; readonly local: string }[];
  readonly passedOn: readonly ImportDigest[];
  /** Where its imports are, and what it passes on. */
  readonly links: Spans;
}

/**
 * `hash`: a name for the text and where it stands. Null for a file that cannot be told apart into declarations: one with
 * syntax errors, `export *`, and so on.
 */
export function digestOf(source: ts.SourceFile, hash: string, resolve: (name: string) => string): FileDigest | null {
  return new Digester(source, resolve).run(hash);
}

class Digester {
  readonly #source: ts.SourceFile;
  readonly #resolve: (name: string) => string;
  readonly #names = new Set<string>();
  readonly #imports: ImportDigest[] = [];
  readonly #exports: { name: string; local: string }[] = [];
  readonly #passedOn: ImportDigest[] = [];
  readonly #modules: { path: string; isTypeOnly: boolean }[] = [];
  readonly #links: number[] = [];
  #isOdd = false;

  constructor(source: ts.SourceFile, resolve: (name: string) => string) {
    this.#source = source;
    this.#resolve = resolve;
  }

  run(hash: string): FileDigest | null {
    const { statements } = this.#source;
    for (const statement of statements) this.#collect(statement);
    if (this.#isOdd) return null;
    const names = [...this.#names];
    const mentions = new Mentions(this.#source.text, names);
    const declarations = statements
      .filter((statement) => !isLink(statement))
      .map((statement) => this.#declaration(statement, mentions));
    const detail: FileDetail = {
      names,
      declarations,
      imports: this.#imports,
      exports: this.#exports,
      passedOn: this.#passedOn,
      links: this.#links,
    };
    const classes = declarations.flatMap(({ isClass, names }) => (isClass ? names : []));
    const imported = new Set(this.#imports.map(({ local }) => local));
    const passesOn = this.#passedOn.length > 0 || this.#exports.some(({ local }) => imported.has(local));
    return { hash, modules: this.#modules, classes, passesOn, outside: hashOutside(detail), detail };
  }

  #collect(statement: ts.Statement): void {
    if (isLink(statement)) this.#links.push(startOf(statement, this.#source), statement.end);
    if (ts.isImportDeclaration(statement)) this.#import(statement);
    else if (ts.isExportDeclaration(statement)) this.#export(statement);
    else if (ts.isModuleDeclaration(statement) || ts.isExportAssignment(statement)) this.#isOdd = true;
    else {
      const isExported = hasModifier(statement, ts.SyntaxKind.ExportKeyword);
      for (const name of namesOf(statement)) {
        this.#names.add(name);
        if (isExported) this.#exports.push({ name, local: name });
      }
    }
  }

  #import({ importClause, moduleSpecifier }: ts.ImportDeclaration): void {
    const path = this.#module(moduleSpecifier, importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    const bindings = importClause?.namedBindings;
    if (importClause?.name !== undefined || (bindings !== undefined && !ts.isNamedImports(bindings)))
      this.#isOdd = true;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return;
    for (const { name, propertyName } of bindings.elements) {
      this.#names.add(name.text);
      this.#imports.push({ local: name.text, path, name: (propertyName ?? name).text });
    }
  }

  #export({ exportClause, isTypeOnly, moduleSpecifier }: ts.ExportDeclaration): void {
    const path = moduleSpecifier === undefined ? null : this.#module(moduleSpecifier, isTypeOnly);
    if (exportClause === undefined || !ts.isNamedExports(exportClause)) {
      this.#isOdd = true;
      return;
    }
    for (const { name, propertyName } of exportClause.elements) {
      const meant = (propertyName ?? name).text;
      if (path === null) this.#exports.push({ name: name.text, local: meant });
      else this.#passedOn.push({ local: name.text, path, name: meant });
    }
  }

  #module(specifier: ts.Expression, isTypeOnly: boolean): string {
    if (!ts.isStringLiteral(specifier)) {
      this.#isOdd = true;
      return '';
    }
    const path = this.#resolve(specifier.text);
    this.#modules.push({ path, isTypeOnly });
    return path;
  }

  // -------------------------------------------------------------------------------------------------------------------

  #declaration(statement: ts.Statement, mentions: Mentions): DeclarationDigest {
    const names = namesOf(statement);
    const name = names[0] ?? '';
    const bodies: number[] = [];
    if (ts.isFunctionDeclaration(statement)) this.#addBody(bodies, statement);
    const methods = ts.isClassDeclaration(statement) ? statement.members.filter(ts.isMethodDeclaration) : [];
    for (const method of methods) this.#addBody(bodies, method);
    const inside = methods.map((method) => {
      return this.#unit(`${name}.${methodName(method)}`, method, documentedStartOf(method, this.#source), mentions);
    });
    const from = documentedStartOf(statement, this.#source);
    const units = [this.#unit(name, statement, from, mentions)].concat(inside);
    const shapeSpans = without(bodies, from, statement.end); // from its JSDoc on
    let shape = '';
    for (let n = 0; n < shapeSpans.length; n += 2) shape += this.#source.text.slice(shapeSpans[n], shapeSpans[n + 1]);
    const isClass = ts.isClassDeclaration(statement);
    return { names, isClass, shape: hashText(shape), mentions: mentions.within(shapeSpans), shapeSpans, units };
  }

  /** The inside of the braces does not belong to the shape. */
  #addBody(bodies: number[], { body, type }: ts.FunctionDeclaration | ts.MethodDeclaration): void {
    if (body !== undefined && type !== undefined) bodies.push(startOf(body, this.#source) + 1, body.end - 1);
  }

  /** `from`: where its JSDoc begins. */
  #unit(name: string, node: ts.Node, from: number, mentions: Mentions): UnitDigest {
    const start = lineAndCharacterOf(this.#source, startOf(node, this.#source));
    return {
      name,
      hash: hashText(this.#source.text.slice(from, node.end)),
      mentions: mentions.within([from, node.end]),
      line: start.line + 1,
      column: start.character,
    };
  }
}

/** To or from other modules. */
function isLink(statement: ts.Statement): boolean {
  return ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
}

function hashOutside({ declarations, exports, imports, names, passedOn }: FileDetail): string {
  const hasher = new Hasher();
  const begin = (list: readonly unknown[]): void => hasher.add(String(list.length));
  const add = (text: string): void => hasher.add(text);
  const addImport = ({ local, name, path }: ImportDigest): void => [local, path, name].forEach(add);
  begin(names);
  names.forEach(add);
  begin(declarations);
  declarations.forEach(({ mentions, names: own, shape }) => {
    add(shape);
    begin(own);
    own.forEach(add);
    add(mentions.join());
  });
  begin(imports);
  imports.forEach(addImport);
  begin(exports);
  exports.forEach(({ local, name }) => [name, local].forEach(add));
  passedOn.forEach(addImport);
  return hasher.name();
}

/** What is left of a stretch of text. */
function without(holes: Spans, start: number, end: number): Spans {
  return holes.length === 0 ? [start, end] : [start].concat(holes, end); // where a hole begins, a stretch ends
}
