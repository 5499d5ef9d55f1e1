/*
 * What names stand for: functions, variables, classes, enums, and the library's built-in names.
 *
 * `Names` says which symbol an identifier means; the EntityTable says what that symbol is to us. Both answers are kept,
 * since a function may be lowered for several programs. A symbol has one identity in the whole build, so the table is
 * shared by the kernel and all user programs.
 */

import { combinedModifierFlags, declarationKind, hasModifier, sourceOf, textOf, ts } from '../syntax/index.ts';
import type { Reporter } from './diagnostics.ts';
import type { FunctionInstance } from './instances.ts';
import type { Names, SourceSymbol } from './names.ts';
import { readTags, type Tags } from './tags.ts';

export type FunctionNode = ts.FunctionDeclaration | ts.MethodDeclaration | ts.ArrowFunction | ts.FunctionExpression;

export interface FunctionInfo {
  readonly kind: 'function';
  readonly declaration: FunctionNode;
  /** As in the source; `[Symbol.dispose]` for that method. */
  readonly name: string;
  /** Path of the module, relative to the root, without extension. */
  readonly module: string;
  /** For a method, static or not. */
  readonly owner: ClassInfo | null;
  readonly isStatic: boolean;
  /** Only declared: `declare function f(): void`. */
  readonly isAmbient: boolean;
  /** Its own, without those of its class. */
  readonly typeParameters: readonly SourceSymbol[];
  readonly tags: Tags;
  /** The instance without type arguments, also of its class, once there is one. */
  plain: FunctionInstance | null;
}

export interface VariableInfo {
  readonly kind: 'variable';
  readonly declaration: ts.VariableDeclaration | ts.PropertyDeclaration;
  /** The symbol in the output: `module:name` or `module:Class.name`. */
  readonly symbolName: string;
  readonly isConst: boolean;
  /** Only declared: `declare let x: u32`. */
  readonly isAmbient: boolean;
  readonly tags: Tags;
}

export interface FieldInfo {
  readonly name: string;
  readonly declaration: ts.PropertyDeclaration;
  readonly tags: Tags;
}

export interface ClassInfo {
  readonly kind: 'class';
  readonly declaration: ts.ClassDeclaration;
  readonly name: string;
  /** `mm/vma:Vma`. */
  readonly qualifiedName: string;
  /** The plain name where no other class has it, else the qualified one. */
  readonly displayName: string;
  readonly module: string;
  readonly typeParameters: readonly SourceSymbol[];
  /** Those that take room, in order. */
  readonly fields: readonly FieldInfo[];
  readonly methods: ReadonlyMap<string, FunctionInfo>;
  readonly statics: ReadonlyMap<string, FunctionInfo | VariableInfo>;
  readonly tags: Tags;
}

export interface EnumInfo {
  readonly kind: 'enum';
  readonly declaration: ts.EnumDeclaration;
  readonly name: string;
  readonly qualifiedName: string;
}

interface EnumMemberInfo {
  readonly kind: 'enumMember';
  readonly of: EnumInfo;
  readonly name: string;
}

export type Entity =
  | FunctionInfo
  | VariableInfo
  | ClassInfo
  | EnumInfo
  | EnumMemberInfo
  | { readonly kind: 'builtin'; readonly name: string; readonly declaration: ts.Declaration }
  | { readonly kind: 'namespace'; readonly symbol: SourceSymbol }
  | { readonly kind: 'other'; readonly declaration: ts.Declaration | null };

/** The name of a member as we key it; null for computed names that we do not know. */
export function memberName(name: ts.PropertyName | ts.BindingName): string | null {
  if (ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isPrivateIdentifier(name)) return name.text;
  if (ts.isComputedPropertyName(name) && textOf(name.expression) === 'Symbol.dispose') return '[Symbol.dispose]';
  return null;
}

/** Declared without being defined, directly or by what is around. */
export function isAmbient(node: ts.Declaration): boolean {
  return (combinedModifierFlags(node) & ts.ModifierFlags.Ambient) !== 0;
}

export class EntityTable {
  readonly #names: Names;
  readonly #reporter: Reporter;
  readonly #root: string;
  readonly #library: ReadonlySet<ts.SourceFile>;
  /** Plain class names that more than one class has. */
  readonly #ambiguous: ReadonlySet<string>;
  readonly #moduleNames = new Map<ts.SourceFile, Map<string, Entity>>();
  readonly #modules = new Map<ts.SourceFile, string>();

  constructor(
    names: Names,
    reporter: Reporter,
    root: string,
    library: ReadonlySet<ts.SourceFile>,
    ambiguous: ReadonlySet<string>,
  ) {
    this.#names = names;
    this.#reporter = reporter;
    this.#root = root;
    this.#library = library;
    this.#ambiguous = ambiguous;
  }

  /** The symbol that a name means, seen through imports; null if tsc does not know either. */
  symbolAt(name: ts.EntityName): SourceSymbol | null {
    return this.#names.symbolAt(name);
  }

  /** What an identifier means, outside of any function's local variables. */
  entityAt(name: ts.EntityName): Entity | null {
    const symbol = this.symbolAt(name);
    return symbol === null ? null : this.entityOf(symbol);
  }

  /** What names mean at the top of a module, as far as somebody has asked. */
  namesIn(source: ts.SourceFile): Map<string, Entity> {
    let names = this.#moduleNames.get(source);
    if (names === undefined) {
      names = new Map();
      this.#moduleNames.set(source, names);
    }
    return names;
  }

  /** The same for a name that no function, class or enum around it declares; `names` are those of its module. */
  moduleEntity(name: ts.Identifier, names: Map<string, Entity>): Entity | null {
    const known = names.get(name.text);
    if (known !== undefined) return known;
    const entity = this.entityAt(name);
    if (entity !== null && entity.kind !== 'other') names.set(name.text, entity);
    return entity;
  }

  /** The export `name` of an `import * as` namespace. */
  exportOf(namespace: SourceSymbol, name: string): Entity | null {
    const found = this.#names.exportOf(namespace, name);
    return found === null ? null : this.entityOf(found);
  }

  entityOf(symbol: SourceSymbol): Entity {
    symbol.entity ??= this.#describe(symbol);
    return symbol.entity;
  }

  isLibrary(source: ts.SourceFile): boolean {
    return this.#library.has(source);
  }

  /** `mm/vma` for /src/kernel/mm/vma.ts under the root /src/kernel. */
  moduleOf(source: ts.SourceFile): string {
    const known = this.#modules.get(source);
    if (known !== undefined) return known;
    const prefix = this.#root.endsWith('/') ? this.#root : `${this.#root}/`;
    const path = source.fileName.startsWith(prefix) ? source.fileName.slice(prefix.length) : source.fileName;
    const name = path.replace(/\.ts$/, '');
    this.#modules.set(source, name);
    return name;
  }

  #describe(symbol: SourceSymbol): Entity {
    const declaration = symbol.valueDeclaration ?? symbol.declarations[0];
    if (declaration === undefined) return { kind: 'other', declaration: null };
    if (this.isLibrary(sourceOf(declaration))) return { kind: 'builtin', name: symbol.name, declaration };
    if (ts.isSourceFile(declaration)) return { kind: 'namespace', symbol };
    if (ts.isFunctionDeclaration(declaration) && ts.isSourceFile(declaration.parent))
      return this.#function(declaration, null);
    if (ts.isClassDeclaration(declaration)) return this.#class(declaration);
    if (ts.isEnumDeclaration(declaration)) return this.#enum(declaration);
    if (ts.isEnumMember(declaration)) return this.#enumMember(declaration);
    if (ts.isVariableDeclaration(declaration) && isModuleVariable(declaration)) return this.#variable(declaration);
    return { kind: 'other', declaration };
  }

  /** An arrow or function expression, under the name that it is given. */
  nestedFunction(declaration: ts.ArrowFunction | ts.FunctionExpression, name: string, module: string): FunctionInfo {
    const typeParameters = this.#typeParameters(declaration);
    const tags = readTags(declaration, 'function', this.#reporter);
    return {
      kind: 'function',
      declaration,
      name,
      module,
      owner: null,
      isStatic: true,
      isAmbient: false,
      typeParameters,
      tags,
      plain: null,
    };
  }

  #function(declaration: ts.FunctionDeclaration | ts.MethodDeclaration, owner: ClassInfo | null): FunctionInfo {
    return {
      kind: 'function',
      declaration,
      name: (declaration.name === undefined ? null : memberName(declaration.name)) ?? 'default',
      module: this.moduleOf(sourceOf(declaration)),
      owner,
      isStatic: hasModifier(declaration, ts.SyntaxKind.StaticKeyword),
      isAmbient: isAmbient(declaration),
      typeParameters: this.#typeParameters(declaration),
      tags: readTags(declaration, 'function', this.#reporter),
      plain: null,
    };
  }

  #typeParameters(declaration: FunctionNode | ts.ClassDeclaration): SourceSymbol[] {
    return (declaration.typeParameters ?? []).flatMap((parameter) => this.symbolAt(parameter.name) ?? []);
  }

  #class(declaration: ts.ClassDeclaration): ClassInfo {
    const name = declaration.name?.text ?? 'default';
    const module = this.moduleOf(sourceOf(declaration));
    const qualifiedName = `${module}:${name}`;
    const fields: FieldInfo[] = [];
    const methods = new Map<string, FunctionInfo>();
    const statics = new Map<string, FunctionInfo | VariableInfo>();
    const info: ClassInfo = {
      kind: 'class',
      declaration,
      name,
      qualifiedName,
      displayName: this.#ambiguous.has(name) ? qualifiedName : name,
      module,
      typeParameters: this.#typeParameters(declaration),
      fields,
      methods,
      statics,
      tags: readTags(declaration, 'class', this.#reporter),
    };
    for (const member of declaration.members) {
      const key = member.name === undefined ? null : memberName(member.name);
      if (key === null) continue;
      const isStatic = hasModifier(member, ts.SyntaxKind.StaticKeyword);
      if (ts.isMethodDeclaration(member)) (isStatic ? statics : methods).set(key, this.#function(member, info));
      if (!ts.isPropertyDeclaration(member) || hasModifier(member, ts.SyntaxKind.DeclareKeyword)) continue;
      if (isStatic) statics.set(key, this.#staticField(member, qualifiedName, key));
      else fields.push({ name: key, declaration: member, tags: readTags(member, 'field', this.#reporter) });
    }
    return info;
  }

  #staticField(declaration: ts.PropertyDeclaration, className: string, name: string): VariableInfo {
    const isConst = hasModifier(declaration, ts.SyntaxKind.ReadonlyKeyword);
    const tags = readTags(declaration, 'variable', this.#reporter);
    const symbolName = tags.isExported ? name : `${className}.${name}`;
    return { kind: 'variable', declaration, symbolName, isConst, isAmbient: isAmbient(declaration), tags };
  }

  #variable(declaration: ts.VariableDeclaration): VariableInfo {
    const name = memberName(declaration.name) ?? 'unnamed';
    const tags = readTags(declaration, 'variable', this.#reporter);
    const symbolName = tags.isExported ? name : `${this.moduleOf(sourceOf(declaration))}:${name}`;
    const isConst = ts.isVariableDeclarationList(declaration.parent) && declarationKind(declaration.parent) === 'const';
    return { kind: 'variable', declaration, symbolName, isConst, isAmbient: isAmbient(declaration), tags };
  }

  #enum(declaration: ts.EnumDeclaration): EnumInfo {
    const name = declaration.name.text;
    const qualifiedName = `${this.moduleOf(sourceOf(declaration))}:${name}`;
    return { kind: 'enum', declaration, name, qualifiedName };
  }

  #enumMember(declaration: ts.EnumMember): Entity {
    const owner = this.entityAt(declaration.parent.name);
    const name = textOf(declaration.name);
    return owner?.kind === 'enum' ? { kind: 'enumMember', of: owner, name } : { kind: 'other', declaration };
  }
}

/** Declared at the top of a module, not in a function. */
function isModuleVariable(declaration: ts.VariableDeclaration): boolean {
  const statement = declaration.parent.parent;
  return ts.isVariableStatement(statement) && ts.isSourceFile(statement.parent);
}

/** Names that several classes have. */
export function ambiguousClassNames(sources: readonly ts.SourceFile[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const source of sources) {
    for (const statement of source.statements) {
      if (!ts.isClassDeclaration(statement) || statement.name === undefined) continue;
      const name = statement.name.text;
      (seen.has(name) ? twice : seen).add(name);
    }
  }
  return twice;
}
