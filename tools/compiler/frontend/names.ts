/*
 * What identifiers mean, by TypeScript's rules of scope, from syntax trees alone.
 *
 * tsc could be asked, but only after it has bound all files and made a checker; we want to know what a name refers to, and
 * no more. So scopes are looked at when a name in them is asked about, from the inside out, and what a scope declares is
 * kept (declarations.ts). A name has up to three meanings at once, as value, as type, and as what stands before a dot:
 * `meaning` says which is wanted, and a declaration that has not this one hides nothing.
 *
 * Of members only those that need no types are known: exports of modules, members of enums. Null always means that tsc
 * does not know the name either. A test compares all answers with tsc's.
 */

import { hasModifier, isModule, sourceOf, ts } from '../syntax/index.ts';
import {
  declareGlobals,
  declareMembers,
  declaredInModule,
  isScope,
  isWithoutTypes,
  namesIn,
  roleOf,
  SourceSymbol,
  type ModuleTables,
  type SymbolTable,
} from './declarations.ts';
import type { Sources } from './program.ts';

const { SymbolFlags, SyntaxKind } = ts;

export { SourceSymbol };

const anyMeaning = (SymbolFlags.Value | SymbolFlags.Type | SymbolFlags.Namespace) as ts.SymbolFlags;

/** Names that no source declares. */
const argumentsSymbol = new SourceSymbol('arguments');
const built = ['undefined', 'globalThis'].map((name) => new SourceSymbol(name));
for (const symbol of [argumentsSymbol, ...built]) symbol.flags = SymbolFlags.Property;

const withArguments: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.Constructor,
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.GetAccessor,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.SetAccessor,
]);

/** Answers for the top of a file. */
interface TopNames {
  readonly types: Map<string, SourceSymbol | null>;
  readonly values: Map<string, SourceSymbol | null>;
}

export class Names {
  readonly #sources: Sources;
  readonly #globals: SymbolTable = new Map(built.map((symbol) => [symbol.name, symbol]));
  readonly #tops = new Map<ts.SourceFile, TopNames>();
  readonly #modules = new Map<ts.SourceFile, ModuleTables>();
  /** Of modules and enums. */
  readonly #exports = new Map<SourceSymbol, SymbolTable>();
  /** Of declarations whose names belong to others: modules, named expressions, duplicates. */
  readonly #own = new Map<ts.Node, SourceSymbol>();

  constructor(sources: Sources) {
    this.#sources = sources;
    for (const source of sources.all) if (!isModule(source)) declareGlobals(this.#globals, source);
  }

  /**
   * What a name means where it stands, seen through imports: where it is declared, as part of a type, or else as a value.
   * Null if it means nothing there.
   */
  symbolAt(name: ts.EntityName): SourceSymbol | null {
    let outermost: ts.Node = name;
    while (ts.isQualifiedName(outermost.parent)) outermost = outermost.parent;
    const { parent } = outermost;
    if (ts.isIdentifier(name) && (parent as ts.NamedDeclaration).name === name && roleOf(parent) !== undefined)
      return this.#behind(this.#declared(parent as ts.Declaration, name.text), SymbolFlags.None);
    return this.#entity(name, ts.isTypeReferenceNode(parent) ? SymbolFlags.Type : SymbolFlags.Value);
  }

  /** The export of a module, or the member of an enum, seen through imports. */
  exportOf(of: SourceSymbol, name: string, meaning: ts.SymbolFlags = anyMeaning): SourceSymbol | null {
    const found = this.#lookUp(this.#exportsOf(of), name, meaning);
    return found === null ? null : this.#behind(found, meaning);
  }

  #entity(name: ts.EntityName, meaning: ts.SymbolFlags): SourceSymbol | null {
    if (ts.isIdentifier(name)) return this.#resolve(name, name.text, meaning);
    const before = (meaning & SymbolFlags.Type) === 0 ? SymbolFlags.Value : SymbolFlags.Namespace;
    const owner = this.#entity(name.left, before);
    return owner === null ? null : this.exportOf(owner, name.right.text, meaning);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Scopes

  /** From the inside out: the first scope that has the name with the meaning. Seen through imports. */
  #resolve(from: ts.Node, name: string, meaning: ts.SymbolFlags): SourceSymbol | null {
    let last = from;
    let at = from.parent;
    for (; at.kind !== SyntaxKind.SourceFile; last = at, at = at.parent) {
      if (!isScope(at) || (meaning === SymbolFlags.Type && hasNoTypesFor(last, at))) continue;
      const scope = this.#scope(at);
      const found = this.#lookUp(scope, name, meaning);
      if (found !== null && ts.isClassLike(at) && isStatic(last)) return null; // the class's type parameters
      if (found !== null && (!ts.isFunctionLike(at) || isSeenFrom(last, at, found, meaning)))
        return this.#behind(found, meaning);
      const own = this.#ownName(at, name, meaning);
      if (own !== null) return own;
    }
    return this.#atTop(at as ts.SourceFile, name, meaning);
  }

  /** What a name means outside of functions and classes. Kept: each name is asked about often. */
  #atTop(source: ts.SourceFile, name: string, meaning: ts.SymbolFlags): SourceSymbol | null {
    const { types, values } = this.#topOf(source);
    const kept = meaning === SymbolFlags.Type ? types : meaning === SymbolFlags.Value ? values : null;
    const known = kept?.get(name);
    if (known !== undefined) return known;
    const own = isModule(source) ? this.#inModule(source, name, meaning) : null;
    const found = own ?? this.#lookUp(this.#globals, name, meaning);
    const symbol = found === null ? null : this.#behind(found, meaning);
    kept?.set(name, symbol);
    return symbol;
  }

  #topOf(source: ts.SourceFile): TopNames {
    let top = this.#tops.get(source);
    if (top === undefined) {
      top = { types: new Map(), values: new Map() };
      this.#tops.set(source, top);
    }
    return top;
  }

  #scope(node: ts.Node): SymbolTable {
    return ts.isEnumDeclaration(node) ? this.#exportsOf(this.#declared(node, node.name.text)) : namesIn(node);
  }

  /** The names that functions and classes have for themselves. */
  #ownName(node: ts.Node, name: string, meaning: ts.SymbolFlags): SourceSymbol | null {
    const isNamed = ts.isFunctionExpression(node) || ts.isClassExpression(node);
    if (isNamed && node.name?.text === name && (meaning & roleOf(node)!.flags) !== 0) return this.#declared(node, name);
    const isArguments = name === 'arguments' && (meaning & SymbolFlags.Variable) !== 0;
    return isArguments && withArguments.has(node.kind) ? argumentsSymbol : null;
  }

  #inModule(source: ts.SourceFile, name: string, meaning: ts.SymbolFlags): SourceSymbol | null {
    const { exports, locals } = this.#module(source);
    const local = this.#lookUp(locals, name, meaning);
    if (local !== null) return local;
    const byDefault = exports.get('default');
    const declaration = byDefault?.declarations[0] as ts.NamedDeclaration | undefined;
    const isDefault =
      declaration?.name !== undefined && ts.isIdentifier(declaration.name) && declaration.name.text === name;
    if (byDefault !== undefined && isDefault && (byDefault.flags & meaning) !== 0) return byDefault;
    // What is only passed on has a name for others, not here.
    const exported = name === 'default' ? undefined : exports.get(name);
    return exported === undefined || exported.flags === SymbolFlags.Alias ? null : this.#lookUp(exports, name, meaning);
  }

  #lookUp(table: SymbolTable, name: string, meaning: ts.SymbolFlags): SourceSymbol | null {
    const symbol = table.get(name);
    if (symbol === undefined) return null;
    if ((symbol.flags & meaning) !== 0) return symbol;
    if ((symbol.flags & SymbolFlags.Alias) === 0) return null;
    const target = this.#target(symbol);
    // An import of what is not there stands for anything.
    return target === null || (target.flags & meaning) !== 0 ? symbol : null;
  }

  /** The symbol of a declaration. */
  #declared(node: ts.Declaration, name: string): SourceSymbol {
    let at = node.parent;
    for (; !ts.isSourceFile(at); at = at.parent) {
      const found = isScope(at) ? this.#scope(at).get(name) : undefined;
      if (found?.isDeclaredBy(node) === true) return found;
    }
    const globals = { exports: this.#globals, locals: this.#globals };
    const { exports, locals } = isModule(at) ? this.#module(at) : globals;
    const local = locals.get(name);
    if (local?.isDeclaredBy(node) === true) return local;
    const exported = exports.get(name);
    if (exported?.isDeclaredBy(node) === true) return exported;
    const byDefault = exports.get('default');
    return byDefault?.isDeclaredBy(node) === true ? byDefault : this.#ownSymbol(node, name);
  }

  #ownSymbol(node: ts.Declaration, name: string): SourceSymbol {
    let symbol = this.#own.get(node);
    if (symbol === undefined) {
      symbol = new SourceSymbol(name);
      symbol.add(node, ts.isSourceFile(node) ? SymbolFlags.ValueModule : roleOf(node)!.flags);
      this.#own.set(node, symbol);
    }
    return symbol;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Modules

  #module(source: ts.SourceFile): ModuleTables {
    let tables = this.#modules.get(source);
    if (tables === undefined) {
      tables = declaredInModule(source);
      this.#modules.set(source, tables);
    }
    return tables;
  }

  #exportsOf(symbol: SourceSymbol): SymbolTable {
    let exports = this.#exports.get(symbol);
    if (exports === undefined) {
      exports = this.#findExports(symbol);
      this.#exports.set(symbol, exports);
    }
    return exports;
  }

  #findExports({ declarations }: SourceSymbol): SymbolTable {
    const table: SymbolTable = new Map();
    for (const declaration of declarations) {
      if (ts.isSourceFile(declaration)) return this.#moduleExports(declaration, new Set());
      if (ts.isEnumDeclaration(declaration)) declareMembers(table, declaration);
      if (ts.isModuleDeclaration(declaration) && declaration.body !== undefined) {
        for (const [name, symbol] of this.#scope(declaration.body)) table.set(name, symbol);
      }
    }
    return table;
  }

  /** What a module exports itself, and by `export *`: its own names count first, then those of the first such module. */
  #moduleExports(source: ts.SourceFile, seen: Set<ts.SourceFile>): SymbolTable {
    const { exports, stars } = this.#module(source);
    seen.add(source);
    if (stars.length === 0) return exports;
    const all = new Map(exports);
    for (const specifier of stars) {
      const target = this.#moduleNamed(specifier);
      if (target === null || seen.has(target)) continue;
      for (const [name, symbol] of this.#moduleExports(target, seen)) {
        if (name !== 'default' && !all.has(name)) all.set(name, symbol);
      }
    }
    return all;
  }

  #moduleNamed(specifier: ts.Expression | undefined): ts.SourceFile | null {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return null;
    const source = this.#sources.imported(specifier.text, sourceOf(specifier));
    return source !== undefined && isModule(source) ? source : null;
  }

  /** What an import stands for; any other symbol, and one that has the meaning itself, for itself. */
  #behind(symbol: SourceSymbol, meaning: ts.SymbolFlags): SourceSymbol | null {
    const isAlias = (symbol.flags & SymbolFlags.Alias) !== 0 && (symbol.flags & meaning) === 0;
    return isAlias ? this.#target(symbol) : symbol;
  }

  #target(symbol: SourceSymbol): SourceSymbol | null {
    if (symbol.target !== undefined) return symbol.target;
    symbol.target = null; // what goes in circles is nothing
    let target: SourceSymbol | null = null;
    for (const declaration of symbol.declarations) target ??= this.#aliased(declaration);
    symbol.target = target === null ? null : this.#behind(target, SymbolFlags.None);
    return symbol.target;
  }

  #aliased(node: ts.Declaration): SourceSymbol | null {
    switch (node.kind) {
      case SyntaxKind.ImportSpecifier: {
        const { name, parent, propertyName } = node as ts.ImportSpecifier;
        return this.#imported(parent.parent.parent.moduleSpecifier, (propertyName ?? name).text);
      }
      case SyntaxKind.ImportClause:
        return this.#imported((node as ts.ImportClause).parent.moduleSpecifier, 'default');
      case SyntaxKind.NamespaceImport:
        return this.#wholeModule((node as ts.NamespaceImport).parent.parent.moduleSpecifier);
      case SyntaxKind.NamespaceExport:
        return this.#wholeModule((node as ts.NamespaceExport).parent.moduleSpecifier);
      case SyntaxKind.ExportAssignment: {
        const { expression } = node as ts.ExportAssignment;
        return ts.isIdentifier(expression) ? this.#resolve(expression, expression.text, anyMeaning) : null;
      }
      case SyntaxKind.ExportSpecifier: {
        const { name, parent, propertyName } = node as ts.ExportSpecifier;
        const { text } = propertyName ?? name;
        const { moduleSpecifier } = parent.parent;
        if (moduleSpecifier === undefined) return this.#resolve(node, text, anyMeaning);
        return this.#imported(moduleSpecifier, text);
      }
      default:
        return null;
    }
  }

  #imported(specifier: ts.Expression | undefined, name: string): SourceSymbol | null {
    const module = this.#wholeModule(specifier);
    return module === null ? null : (this.#exportsOf(module).get(name) ?? null);
  }

  #wholeModule(specifier: ts.Expression | undefined): SourceSymbol | null {
    const source = this.#moduleNamed(specifier);
    return source === null ? null : this.#ownSymbol(source, source.fileName);
  }
}

/** Whether part `from` of a scope sees none of its types. It may not say so. Signatures do not see what the body declares. */
function hasNoTypesFor(from: ts.Node, scope: ts.Node): boolean {
  if (ts.isFunctionLike(scope) && scope.typeParameters === undefined && (!('body' in scope) || scope.body !== from))
    return true;
  return isWithoutTypes(scope);
}

function isStatic(node: ts.Node): boolean {
  if (ts.isClassStaticBlockDeclaration(node)) return true;
  return ts.isClassElement(node) && hasModifier(node, SyntaxKind.StaticKeyword);
}

/** Whether part `from` of a function sees a name of the function: what the body declares is mostly not for the others. */
function isSeenFrom(
  from: ts.Node,
  fn: ts.SignatureDeclaration,
  symbol: SourceSymbol,
  meaning: ts.SymbolFlags,
): boolean {
  const body = 'body' in fn ? fn.body : undefined;
  if (from === body) return true;
  const isResult = from === fn.type;
  if ((meaning & symbol.flags & SymbolFlags.Type) !== 0) {
    const isParameter = (symbol.flags & SymbolFlags.TypeParameter) !== 0;
    return isParameter && (isResult || ts.isParameter(from) || ts.isTypeParameterDeclaration(from));
  }
  if ((meaning & symbol.flags & SymbolFlags.Variable) === 0) return true;
  const { valueDeclaration } = symbol;
  const isInBody = valueDeclaration !== null && body != null && valueDeclaration.pos >= body.pos;
  if (ts.isParameter(from)) return !isInBody;
  return (symbol.flags & SymbolFlags.FunctionScopedVariable) === 0 || (isResult && !isInBody);
}
