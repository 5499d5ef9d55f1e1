/*
 * Who declares which names: for each scope, a table of what its syntax declares in it, with TypeScript's rules of what may
 * share a name. Nothing outside of the scope is looked at.
 *
 * A name may have several declarations (overloads, an interface in two parts, a type and a function): together they are
 * one SourceSymbol. Where declarations exclude each other, which tsc reports, the first one has the name. Functions go
 * first, since they are there from the start of their scope.
 */

import { combinedModifierFlags, forEachChild, giveUpBlock, isBlockScoped, sourceOf, ts } from '../syntax/index.ts';
import type { Entity } from './entities.ts';
import type { Type } from './types.ts';

const { SymbolFlags, SyntaxKind } = ts;

/** What a name means in one scope. */
export class SourceSymbol {
  readonly name: string;
  flags: ts.SymbolFlags = SymbolFlags.None;
  // Hardly any symbol has a second one, and there are tens of thousands of symbols.
  #first: ts.Declaration | null = null;
  #all: ts.Declaration[] | null = null;
  /** The declaration that gives it a value, if one does. */
  valueDeclaration: ts.Declaration | null = null;

  // What has been found out about it. It is there, and not in tables, for that is quicker and goes when the symbol goes.
  /** What an import stands for; null if there is no such thing. Undefined as long as nobody has asked. */
  target: SourceSymbol | null | undefined = undefined;
  /** What it is to us. */
  entity: Entity | null = null;
  /** The type that it names without arguments. */
  type: Type | null = null;

  constructor(name: string) {
    this.name = name;
  }

  /** In the order of the source, but functions first. */
  get declarations(): readonly ts.Declaration[] {
    return this.#all ?? (this.#first === null ? [] : [this.#first]);
  }

  isDeclaredBy(node: ts.Declaration): boolean {
    return this.#first === node || (this.#all?.includes(node) ?? false);
  }

  add(node: ts.Declaration, flags: ts.SymbolFlags): void {
    this.flags |= flags;
    if (this.#first === null) this.#first = node;
    else (this.#all ??= [this.#first]).push(node);
    const isFirst = this.valueDeclaration === null || ts.isModuleDeclaration(this.valueDeclaration);
    if ((flags & SymbolFlags.Value) !== 0 && isFirst) this.valueDeclaration = node;
  }
}

export type SymbolTable = Map<string, SourceSymbol>;

/** What a declaration makes of its name, and what must not have the name besides. */
interface Role {
  readonly flags: ts.SymbolFlags;
  readonly excludes: ts.SymbolFlags;
}

function role(flags: ts.SymbolFlags, excludes: ts.SymbolFlags): Role {
  return { flags, excludes };
}

const variable = role(SymbolFlags.BlockScopedVariable, SymbolFlags.BlockScopedVariableExcludes);
const hoistedVariable = role(SymbolFlags.FunctionScopedVariable, SymbolFlags.FunctionScopedVariableExcludes);
const parameter = role(SymbolFlags.FunctionScopedVariable, SymbolFlags.ParameterExcludes);
const alias = role(SymbolFlags.Alias, SymbolFlags.AliasExcludes);
const other = role(SymbolFlags.Property, SymbolFlags.All);

const roles: ReadonlyMap<ts.SyntaxKind, Role> = new Map<ts.SyntaxKind, Role>([
  [SyntaxKind.FunctionDeclaration, role(SymbolFlags.Function, SymbolFlags.FunctionExcludes)],
  [SyntaxKind.ClassDeclaration, role(SymbolFlags.Class, SymbolFlags.ClassExcludes)],
  [SyntaxKind.InterfaceDeclaration, role(SymbolFlags.Interface, SymbolFlags.InterfaceExcludes)],
  [SyntaxKind.TypeAliasDeclaration, role(SymbolFlags.TypeAlias, SymbolFlags.TypeAliasExcludes)],
  [SyntaxKind.EnumDeclaration, role(SymbolFlags.RegularEnum, SymbolFlags.RegularEnumExcludes)],
  [SyntaxKind.EnumMember, role(SymbolFlags.EnumMember, SymbolFlags.EnumMemberExcludes)],
  [SyntaxKind.ModuleDeclaration, role(SymbolFlags.Module, SymbolFlags.ValueModuleExcludes)],
  [SyntaxKind.TypeParameter, role(SymbolFlags.TypeParameter, SymbolFlags.TypeParameterExcludes)],
  [SyntaxKind.FunctionExpression, role(SymbolFlags.Function, SymbolFlags.None)],
  [SyntaxKind.ClassExpression, role(SymbolFlags.Class, SymbolFlags.None)],
  [SyntaxKind.VariableDeclaration, variable],
  [SyntaxKind.BindingElement, variable],
  [SyntaxKind.Parameter, parameter],
  [SyntaxKind.ImportClause, alias],
  [SyntaxKind.NamespaceImport, alias],
  [SyntaxKind.ImportSpecifier, alias],
  [SyntaxKind.ImportEqualsDeclaration, alias],
  [SyntaxKind.NamespaceExport, alias],
  [SyntaxKind.ExportSpecifier, alias],
]);

/** What a node that declares a name makes of it; undefined for other nodes. */
export function roleOf(node: ts.Node): Role | undefined {
  return roles.get(node.kind);
}

/** Whether a declaration makes its name one of a type. */
export function declaresType(node: ts.Declaration): boolean {
  return ((roleOf(node)?.flags ?? SymbolFlags.None) & SymbolFlags.Type) !== 0;
}

function declare(table: SymbolTable, node: ts.Declaration, name: string, as = roleOf(node) ?? other): void {
  let symbol = table.get(name);
  if (symbol === undefined) {
    symbol = new SourceSymbol(name);
    table.set(name, symbol);
  } else if ((symbol.flags & as.excludes) !== 0) return;
  symbol.add(node, as.flags);
}

type Binding = ts.VariableDeclaration | ts.ParameterDeclaration | ts.BindingElement;

/** Declares the name of a variable or parameter, or all those in its pattern. */
function declareBinding(table: SymbolTable, node: Binding, as: Role): void {
  const { name } = node;
  if (ts.isIdentifier(name)) declare(table, node, name.text, as);
  else for (const element of name.elements) if (ts.isBindingElement(element)) declareBinding(table, element, as);
}

// ---------------------------------------------------------------------------------------------------------------------
// Scopes within modules

/** What the scopes of each kind declare. */
const scopes: ReadonlyMap<ts.SyntaxKind, (scope: never) => SymbolTable> = new Map<
  ts.SyntaxKind,
  (scope: never) => SymbolTable
>([
  [SyntaxKind.Block, inBlock],
  [SyntaxKind.ModuleBlock, inBlock],
  [SyntaxKind.CaseBlock, inCases],
  [SyntaxKind.CatchClause, inCatch],
  [SyntaxKind.ForStatement, inLoop],
  [SyntaxKind.ForInStatement, inLoop],
  [SyntaxKind.ForOfStatement, inLoop],
  [SyntaxKind.FunctionDeclaration, inFunction],
  [SyntaxKind.FunctionExpression, inFunction],
  [SyntaxKind.ArrowFunction, inFunction],
  [SyntaxKind.MethodDeclaration, inFunction],
  [SyntaxKind.Constructor, inFunction],
  [SyntaxKind.GetAccessor, inFunction],
  [SyntaxKind.SetAccessor, inFunction],
  [SyntaxKind.MethodSignature, inFunction],
  [SyntaxKind.CallSignature, inFunction],
  [SyntaxKind.ConstructSignature, inFunction],
  [SyntaxKind.IndexSignature, inFunction],
  [SyntaxKind.FunctionType, inFunction],
  [SyntaxKind.ConstructorType, inFunction],
  [SyntaxKind.ClassDeclaration, inGeneric],
  [SyntaxKind.ClassExpression, inGeneric],
  [SyntaxKind.InterfaceDeclaration, inGeneric],
  [SyntaxKind.TypeAliasDeclaration, inGeneric],
  [SyntaxKind.ClassStaticBlockDeclaration, inStaticBlock],
]);

/**
 * What has been found out about a scope is kept in its node, to go when that goes: what it declares, or, while nobody has asked for
 * that, that there is no type among it.
 */
interface Kept {
  declared?: SymbolTable | 'no types' | undefined;
}

/** What a scope declares, without the scopes in it. Not for enums: the parts of one see each other's members. */
export function namesIn(scope: ts.Node): SymbolTable {
  const kept = scope as Kept;
  const { declared } = kept;
  if (declared !== undefined && declared !== 'no types') return declared;
  const table = scopes.get(scope.kind)!(scope as never);
  kept.declared = table;
  return table;
}

/** Whether no types are among what a scope declares. It may not say so. */
export function isWithoutTypes(scope: ts.Node): boolean {
  const kept = scope as Kept;
  if (kept.declared === undefined && !mayHaveTypes(scope)) kept.declared = 'no types';
  return kept.declared === 'no types';
}

/** Nobody looks into the function any more. Whoever does it all the same will find other nodes, and other symbols. */
export function giveUpFunction(fn: ts.FunctionLikeDeclaration): void {
  if (fn.body !== undefined && giveUpBlock(fn.body)) (fn as Kept).declared = undefined;
}

/** The block that is a function's body is none: parameters and what the body declares are one scope, the function's. */
export function isScope(node: ts.Node): boolean {
  if (!scopes.has(node.kind)) return node.kind === SyntaxKind.EnumDeclaration;
  return node.kind !== SyntaxKind.Block || (node.parent as Partial<ts.FunctionDeclaration>).body !== node;
}

/** Whether there may be types among what a scope declares. Hardly ever: it spares tables where a type is looked for. */
function mayHaveTypes(scope: ts.Node): boolean {
  if (withOtherTypes.has(scope.kind)) return true;
  const { body, statements, typeParameters } = scope as {
    readonly body?: { readonly statements?: readonly ts.Statement[] };
    readonly statements?: readonly ts.Statement[];
    readonly typeParameters?: unknown;
  };
  if (typeParameters !== undefined) return true;
  return (statements ?? body?.statements)?.some(({ kind }) => typeStatements.has(kind)) ?? false;
}

/** Scopes whose types are neither parameters nor declared by a statement right in them. */
const withOtherTypes: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.CaseBlock,
  SyntaxKind.ClassExpression,
  SyntaxKind.EnumDeclaration,
]);

const typeStatements: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.ClassDeclaration,
  SyntaxKind.EnumDeclaration,
  SyntaxKind.ImportDeclaration,
  SyntaxKind.InterfaceDeclaration,
  SyntaxKind.TypeAliasDeclaration,
]);

function inBlock({ statements }: ts.Block): SymbolTable {
  return declareStatements(new Map(), statements);
}

function inCases({ clauses }: ts.CaseBlock): SymbolTable {
  return declareStatements(
    new Map(),
    clauses.flatMap<ts.Statement>(({ statements }) => statements),
  );
}

function inStaticBlock({ body }: ts.ClassStaticBlockDeclaration): SymbolTable {
  return inBody(body, new Map());
}

function inFunction(node: ts.FunctionLikeDeclaration): SymbolTable {
  const table = inGeneric(node);
  for (const one of node.parameters) declareBinding(table, one, parameter);
  const { body } = node;
  return body === undefined || !ts.isBlock(body) ? table : inBody(body, table);
}

function inBody({ statements }: ts.Block, table: SymbolTable): SymbolTable {
  declareStatements(table, statements);
  declareHoisted(table, statements);
  return table;
}

function inGeneric({ typeParameters }: ts.ClassDeclaration | ts.FunctionLikeDeclaration): SymbolTable {
  const table: SymbolTable = new Map();
  for (const one of typeParameters ?? []) declare(table, one, one.name.text);
  return table;
}

function inLoop({ initializer, statement }: ts.ForStatement): SymbolTable {
  const table: SymbolTable = new Map();
  if (initializer !== undefined && ts.isVariableDeclarationList(initializer)) declareVariables(table, initializer);
  declareStatement(table, statement);
  return table;
}

function inCatch({ variableDeclaration }: ts.CatchClause): SymbolTable {
  const table: SymbolTable = new Map();
  if (variableDeclaration !== undefined) declareBinding(table, variableDeclaration, variable);
  return table;
}

function declareStatements(table: SymbolTable, statements: readonly ts.Statement[]): SymbolTable {
  for (const statement of statements) if (ts.isFunctionDeclaration(statement)) declareStatement(table, statement);
  for (const statement of statements) if (!ts.isFunctionDeclaration(statement)) declareStatement(table, statement);
  return table;
}

/** What a statement declares in the scope around it, also as part of another one: `if (c) function f() {}`. */
function declareStatement(table: SymbolTable, node: ts.Statement): void {
  switch (node.kind) {
    case SyntaxKind.VariableStatement:
      declareVariables(table, (node as ts.VariableStatement).declarationList);
      break;
    case SyntaxKind.FunctionDeclaration:
    case SyntaxKind.ClassDeclaration:
    case SyntaxKind.InterfaceDeclaration:
    case SyntaxKind.TypeAliasDeclaration:
    case SyntaxKind.EnumDeclaration:
    case SyntaxKind.ModuleDeclaration: {
      const { name } = node as ts.DeclarationStatement;
      if (name !== undefined && ts.isIdentifier(name)) declare(table, node as ts.DeclarationStatement, name.text);
      break;
    }
    case SyntaxKind.ImportDeclaration: // tsc says that it is misplaced
      declareImports(table, node as ts.ImportDeclaration);
      break;
    case SyntaxKind.IfStatement: {
      const { elseStatement, thenStatement } = node as ts.IfStatement;
      declareStatement(table, thenStatement);
      if (elseStatement !== undefined) declareStatement(table, elseStatement);
      break;
    }
    case SyntaxKind.DoStatement:
    case SyntaxKind.LabeledStatement:
    case SyntaxKind.WhileStatement:
    case SyntaxKind.WithStatement:
      declareStatement(table, (node as ts.LabeledStatement).statement);
      break;
    default:
  }
}

function declareVariables(table: SymbolTable, list: ts.VariableDeclarationList): void {
  if (!isBlockScoped(list)) return;
  for (const declaration of list.declarations) declareBinding(table, declaration, variable);
}

/** Declares the `var`s in some statements, however deep. Hardly any source has one. */
function declareHoisted(table: SymbolTable, statements: readonly ts.Statement[]): void {
  const first = statements[0];
  if (first === undefined) return;
  if (!sourceOf(first).text.slice(first.pos, statements.at(-1)!.end).includes('var')) return;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node)) return;
    if (ts.isVariableDeclarationList(node) && !isBlockScoped(node)) declareVars(table, node);
    forEachChild(node, visit);
  };
  statements.forEach(visit);
}

function declareVars(table: SymbolTable, list: ts.VariableDeclarationList): void {
  for (const declaration of list.declarations) declareBinding(table, declaration, hoistedVariable);
}

// ---------------------------------------------------------------------------------------------------------------------
// Modules

/** What the top of a file declares. */
export interface ModuleTables {
  /** Seen in the file alone, imports among them. */
  readonly locals: SymbolTable;
  /** By the names that others know. */
  readonly exports: SymbolTable;
  /** The modules of its `export * from`. */
  readonly stars: readonly ts.Expression[];
}

export function declaredInModule(source: ts.SourceFile): ModuleTables {
  const tables = { locals: new Map() as SymbolTable, exports: new Map() as SymbolTable, stars: [] as ts.Expression[] };
  const isOpen = source.isDeclarationFile && !source.statements.some(isExport);
  for (const statement of source.statements) {
    if (ts.isFunctionDeclaration(statement)) declareAtTop(tables, statement, isOpen);
  }
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement)) declareImports(tables.locals, statement);
    else if (ts.isExportDeclaration(statement)) declareExports(tables, tables.stars, statement);
    else if (ts.isExportAssignment(statement)) declare(tables.exports, statement, 'default', roleOfDefault(statement));
    else if (ts.isImportEqualsDeclaration(statement)) declare(tables.locals, statement, statement.name.text);
    else if (!ts.isFunctionDeclaration(statement)) declareAtTop(tables, statement, isOpen);
  }
  declareHoisted(
    tables.locals,
    source.statements.filter((statement) => !ts.isVariableStatement(statement)),
  );
  return tables;
}

function isExport(node: ts.Statement): boolean {
  return ts.isExportDeclaration(node) || ts.isExportAssignment(node);
}

/** What a script declares, which all files see. */
export function declareGlobals(table: SymbolTable, script: ts.SourceFile): void {
  declareStatements(table, script.statements);
  declareHoisted(table, script.statements);
}

/** `isOpen`: a declaration file that does not say what it exports, exports everything. */
function declareAtTop({ exports, locals }: ModuleTables, node: ts.Statement, isOpen: boolean): void {
  const flags = combinedModifierFlags(node as ts.DeclarationStatement);
  const table = isOpen || (flags & ts.ModifierFlags.Export) !== 0 ? exports : locals;
  if ((flags & ts.ModifierFlags.Default) !== 0) declare(exports, node as ts.DeclarationStatement, 'default');
  else if (ts.isVariableStatement(node) && !isBlockScoped(node.declarationList))
    declareVars(table, node.declarationList);
  else declareStatement(table, node);
}

function declareImports(locals: SymbolTable, { importClause }: ts.ImportDeclaration): void {
  if (importClause === undefined) return;
  if (importClause.name !== undefined) declare(locals, importClause, importClause.name.text);
  const bindings = importClause.namedBindings;
  if (bindings === undefined) return;
  if (ts.isNamespaceImport(bindings)) declare(locals, bindings, bindings.name.text);
  else for (const element of bindings.elements) declare(locals, element, element.name.text);
}

function declareExports({ exports }: ModuleTables, stars: ts.Expression[], node: ts.ExportDeclaration): void {
  const { exportClause, moduleSpecifier } = node;
  if (exportClause === undefined) {
    if (moduleSpecifier !== undefined) stars.push(moduleSpecifier);
  } else if (ts.isNamespaceExport(exportClause)) declare(exports, exportClause, exportClause.name.text);
  else for (const element of exportClause.elements) declare(exports, element, element.name.text);
}

/** `export default a` passes on what `a` is. */
function roleOfDefault({ expression }: ts.ExportAssignment): Role {
  return ts.isIdentifier(expression) ? role(SymbolFlags.Alias, SymbolFlags.All) : other;
}

// ---------------------------------------------------------------------------------------------------------------------

/** The members of an enum by name. */
export function declareMembers(table: SymbolTable, { members }: ts.EnumDeclaration): void {
  for (const member of members) {
    if (!ts.isComputedPropertyName(member.name)) declare(table, member, member.name.text);
  }
}
