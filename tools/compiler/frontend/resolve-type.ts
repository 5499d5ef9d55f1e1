/*
 * From type nodes to types.
 *
 * Written types are read from the syntax, never from tsc's types, which lose aliases and brands. Type parameters are
 * looked up in an environment, so that one generic declaration gives as many types as it has instances.
 *
 * A union of addresses of several kinds is `object`: something in memory.
 *
 * Resolving never reports: a type that no value can have is a PhantomType that remembers what it was (it may be fine as
 * the argument of a lock's witness). `storage` is for places where a value will live, and does report.
 */

import { sourceOf, textOf, ts } from '../syntax/index.ts';
import { declaresType } from './declarations.ts';
import type { EntityTable } from './entities.ts';
import type { Reporter } from './diagnostics.ts';
import type { SourceSymbol } from './names.ts';
import * as types from './types.ts';
import type { ClassType, Type } from './types.ts';

/** What type parameters stand for, and the class whose method this is. */
export interface TypeEnv {
  readonly map: ReadonlyMap<SourceSymbol, Type>;
  readonly self: ClassType | null;
}

export const emptyEnv: TypeEnv = { map: new Map(), self: null };

export function extendEnv(env: TypeEnv, parameters: readonly SourceSymbol[], args: readonly Type[]): TypeEnv {
  if (parameters.length === 0) return env;
  const map = new Map(env.map);
  parameters.forEach((parameter, index) => map.set(parameter, args[index] ?? types.errorType));
  return { map, self: env.self };
}

/** The environment of a class's members. */
export function envOf(self: ClassType): TypeEnv {
  return { ...extendEnv(emptyEnv, self.info.typeParameters, self.args), self };
}

/** What the resolver needs to know about constants: lengths may be named, and an enum's type depends on its members. */
export interface ConstantSource {
  /** The value of a constant expression, or null. */
  numberOf(name: ts.EntityName): bigint | null;
  enumType(declaration: ts.EnumDeclaration): Type;
}

const keywords: ReadonlyMap<ts.SyntaxKind, Type> = new Map<ts.SyntaxKind, Type>([
  [ts.SyntaxKind.VoidKeyword, types.voidType],
  [ts.SyntaxKind.NeverKeyword, types.neverType],
  [ts.SyntaxKind.BooleanKeyword, types.boolType],
  [ts.SyntaxKind.StringKeyword, types.stringType],
  [ts.SyntaxKind.ObjectKeyword, types.objectType],
  [ts.SyntaxKind.UnknownKeyword, types.unknownType],
  [ts.SyntaxKind.NumberKeyword, types.phantom('number', 'a plain `number`: say u8, u16, u32, i8, i16 or i32')],
  [ts.SyntaxKind.BigIntKeyword, types.phantom('bigint', 'a plain `bigint`: say u64 or i64')],
  [ts.SyntaxKind.AnyKeyword, types.phantom('any', '`any`')],
  [ts.SyntaxKind.UndefinedKeyword, types.phantom('undefined', '`undefined`: say null')],
  [ts.SyntaxKind.SymbolKeyword, types.phantom('symbol', 'a symbol')],
]);

export class TypeResolver {
  readonly #entities: EntityTable;
  readonly #reporter: Reporter;
  readonly #constants: ConstantSource;
  /** Aliases being expanded, against endless recursion. */
  readonly #expanding = new Set<ts.Node>();

  constructor(entities: EntityTable, reporter: Reporter, constants: ConstantSource) {
    this.#entities = entities;
    this.#reporter = reporter;
    this.#constants = constants;
  }

  /** The type of a place where a value lives; reports types that no value can have. */
  storage(node: ts.TypeNode, env: TypeEnv): Type {
    const type = this.resolve(node, env);
    const problem = this.problemOf(type);
    if (problem === null) return type;
    if (problem !== '') this.#reporter.report(node, 'notAValueType', [type.name, problem]);
    return types.errorType;
  }

  /** The same for a field, which a witness must not live in. */
  field(node: ts.TypeNode, env: TypeEnv): Type {
    return this.#kept(node, env, 'kept in a field');
  }

  /** The same for a variable of a module. */
  variable(node: ts.TypeNode, env: TypeEnv): Type {
    return this.#kept(node, env, 'kept in a variable of a module');
  }

  #kept(node: ts.TypeNode, env: TypeEnv, how: string): Type {
    const type = this.storage(node, env);
    if (type.kind === 'error') return type;
    if (type.kind === 'witness') this.#reporter.report(node, 'witnessEscapes', [how]);
    else if (['void', 'never', 'words'].includes(type.kind)) {
      const what = type.kind === 'words' ? 'arguments, which are gone when the call ends' : 'no value at all';
      this.#reporter.report(node, 'notAValueType', [type.name, what]);
    } else return type;
    return types.errorType;
  }

  /** Why no value can have the type; null if it can, '' if it has been reported. */
  problemOf(type: Type): string | null {
    switch (type.kind) {
      case 'phantom':
        return type.what;
      case 'length':
        return 'a number as a type';
      case 'error':
        return '';
      case 'unknown':
        return '`unknown`';
      case 'pointer':
        return type.element.kind === 'unknown' ? null : this.problemOf(type.element);
      case 'array':
        if (type.length.kind !== 'length') return 'an array whose length is not a constant';
        if (['void', 'never', 'witness', 'words'].includes(type.element.kind)) return 'an array of what takes no room';
        return this.problemOf(type.element);
      case 'volatile':
        if (type.of.kind === 'inline') return 'a struct as a whole: say Volatile<...> of its fields';
        return this.problemOf(type.of);
      default:
        return null;
    }
  }

  resolve(node: ts.TypeNode, env: TypeEnv): Type {
    const keyword = keywords.get(node.kind);
    if (keyword !== undefined) return keyword;
    if (ts.isTypeReferenceNode(node) && node.typeArguments === undefined) return this.#plain(node, env);
    const found = this.#resolve(node, env);
    return types.isEndless(found.key) ? types.phantom('endless', 'a type that grows without end') : found;
  }

  #resolve(node: ts.TypeNode, env: TypeEnv): Type {
    if (ts.isTypeReferenceNode(node)) return this.#reference(node, env);
    if (ts.isParenthesizedTypeNode(node)) return this.resolve(node.type, env);
    if (ts.isUnionTypeNode(node)) return this.#union(node, env);
    if (ts.isIntersectionTypeNode(node)) return this.#intersection(node, env);
    if (ts.isFunctionTypeNode(node)) return this.#function(node, env);
    if (ts.isLiteralTypeNode(node)) return literal(node);
    if (ts.isArrayTypeNode(node)) return this.#array(node.elementType, env);
    if (ts.isTypeOperatorNode(node) && node.operator === ts.SyntaxKind.ReadonlyKeyword)
      return this.resolve(node.type, env);
    if (ts.isTypePredicateNode(node)) return node.assertsModifier === undefined ? types.boolType : types.voidType;
    if (ts.isTypeQueryNode(node)) return this.#query(node);
    if (node.kind === ts.SyntaxKind.ThisType) return env.self ?? types.phantom('this', '`this`');
    if (ts.isTypeLiteralNode(node)) return types.phantom(textOf(node), 'an object type: declare a class');
    return types.phantom(textOf(node), 'a type that only exists for the checker');
  }

  #array(element: ts.TypeNode | undefined, env: TypeEnv): Type {
    const type = element === undefined ? types.errorType : this.resolve(element, env);
    if (type.kind === 'word') return types.wordsType;
    return type.kind === 'error' ? type : types.phantom(`${type.name}[]`, 'a growing array: use FixedArray or Ptr');
  }

  #query(node: ts.TypeQueryNode): Type {
    const value = this.#constants.numberOf(node.exprName);
    return value === null ? types.phantom(textOf(node), 'the type of a value') : types.lengthOf(Number(value));
  }

  /** `T | null` is T; a union of witnesses is a witness; anything else only tsc understands. */
  #union(node: ts.UnionTypeNode, env: TypeEnv): Type {
    const parts = node.types.map((part) => this.resolve(part, env));
    const others = parts.filter((part) => part.kind !== 'null');
    const first = others[0];
    if (first === undefined) return types.nullType;
    const isNullable = others.length < parts.length;
    if (first.kind === 'witness' && others.every((part) => part.kind === 'witness')) {
      return types.witnessOf(first.of, isNullable || first.nullable);
    }
    if (!others.every((part) => types.isSame(part, first))) {
      return others.every(types.isAddress) ? types.objectType : types.phantom(textOf(node), 'a union of types');
    }
    const inner = first.kind === 'volatile' ? first.of : first;
    const canBeNull = types.isAddress(inner) || ['error', 'parameter', 'phantom'].includes(inner.kind);
    return canBeNull || !isNullable ? first : types.phantom(textOf(node), 'a number or null at once');
  }

  /** Brands are object types that we look through. */
  #intersection(node: ts.IntersectionTypeNode, env: TypeEnv): Type {
    const parts = node.types.filter((part) => !ts.isTypeLiteralNode(part)).map((part) => this.resolve(part, env));
    const real = parts.find((part) => part.kind !== 'phantom' && part.kind !== 'unknown');
    return real ?? parts[0] ?? types.phantom(textOf(node), 'an object type: declare a class');
  }

  #function(node: ts.FunctionTypeNode, env: TypeEnv): Type {
    const parameters = node.parameters.map((parameter) =>
      parameter.type === undefined ? types.errorType : this.resolve(parameter.type, env),
    );
    const last = node.parameters[node.parameters.length - 1];
    const problem = [...parameters, this.resolve(node.type, env)].find((part) => this.problemOf(part) !== null);
    if (problem !== undefined && problem.kind !== 'parameter') return problem;
    return types.functionOf(parameters, last?.dotDotDotToken !== undefined, this.resolve(node.type, env));
  }

  /** A name alone: what it means only depends on where it is declared, unless it is a type parameter with a value. */
  #plain(node: ts.TypeReferenceNode, env: TypeEnv): Type {
    const symbol = this.#entities.symbolAt(node.typeName);
    if (symbol === null) return types.errorType;
    const known = env.map.get(symbol) ?? symbol.type;
    if (known !== null) return known;
    const type = this.#declared(symbol, node, env);
    if (this.#expanding.size === 0) symbol.type = type;
    return type;
  }

  #reference(node: ts.TypeReferenceNode, env: TypeEnv): Type {
    const symbol = this.#entities.symbolAt(node.typeName);
    return symbol === null ? types.errorType : (env.map.get(symbol) ?? this.#declared(symbol, node, env));
  }

  #declared(symbol: SourceSymbol, node: ts.TypeReferenceNode, env: TypeEnv): Type {
    const declaration = symbol.declarations.find(declaresType); // a function may have the same name
    if (declaration === undefined) return types.errorType;
    const args = node.typeArguments ?? [];
    if (this.#entities.isLibrary(sourceOf(declaration))) return this.#library(symbol.name, node, env);
    if (ts.isTypeAliasDeclaration(declaration)) return this.#alias(declaration, args, env);
    if (ts.isEnumDeclaration(declaration)) return this.#constants.enumType(declaration);
    if (ts.isEnumMember(declaration)) return this.#enumMember(node.typeName);
    if (ts.isTypeParameterDeclaration(declaration))
      return types.phantom(symbol.name, 'a type parameter without a value');
    const entity = this.#entities.entityOf(symbol);
    if (entity.kind === 'class') return this.#class(entity, args, env);
    return types.phantom(
      symbol.name + types.angled(args.map((arg) => this.resolve(arg, env).name)),
      ts.isInterfaceDeclaration(declaration)
        ? 'an interface: declare a class'
        : 'a type that only exists for the checker',
    );
  }

  #enumMember(name: ts.EntityName): Type {
    const value = this.#constants.numberOf(name);
    return value === null ? types.errorType : types.lengthOf(Number(value));
  }

  #class(info: ClassType['info'], args: readonly ts.TypeNode[], env: TypeEnv): Type {
    const given = args.map((arg) => this.resolve(arg, env));
    return types.classOf(info, this.#filled(info.declaration.typeParameters, given));
  }

  #filled(parameters: readonly ts.TypeParameterDeclaration[] | undefined, given: readonly Type[]): Type[] {
    return this.withDefaults(parameters ?? [], given, emptyEnv).map((type) => type ?? types.errorType);
  }

  /**
   * Values for all type parameters: those that are given, else what the declaration falls back on, which may name the
   * parameters before it; undefined where there is neither. `env` is that of the declaration.
   */
  withDefaults(
    parameters: readonly ts.TypeParameterDeclaration[],
    given: readonly (Type | undefined)[],
    env: TypeEnv,
  ): (Type | undefined)[] {
    let inner = env;
    return parameters.map((parameter, index) => {
      const fallback = parameter.default;
      const type = given[index] ?? (fallback === undefined ? undefined : this.resolve(fallback, inner));
      const symbol = this.#entities.symbolAt(parameter.name);
      if (symbol !== null && type !== undefined) inner = extendEnv(inner, [symbol], [type]);
      return type;
    });
  }

  #alias(declaration: ts.TypeAliasDeclaration, args: readonly ts.TypeNode[], env: TypeEnv): Type {
    if (this.#expanding.has(declaration)) return types.phantom(declaration.name.text, 'a type that contains itself');
    const parameters = (declaration.typeParameters ?? []).flatMap((p) => this.#entities.symbolAt(p.name) ?? []);
    const given = this.#filled(
      declaration.typeParameters,
      args.map((arg) => this.resolve(arg, env)),
    );
    this.#expanding.add(declaration);
    try {
      return this.resolve(declaration.type, extendEnv(emptyEnv, parameters, given));
    } finally {
      this.#expanding.delete(declaration);
    }
  }

  /** The names of scalars.d.ts and kernel.d.ts. */
  #library(name: string, node: ts.TypeReferenceNode, env: TypeEnv): Type {
    const integer = types.integerTypes.get(name);
    if (integer !== undefined) return integer;
    const arg = (index: number): Type => {
      const given = node.typeArguments?.[index];
      return given === undefined ? types.errorType : this.resolve(given, env);
    };
    switch (name) {
      case 'Volatile':
        return types.volatileOf(arg(0));
      case 'Inline': {
        const of = arg(0);
        if (of.kind === 'class') return types.inlineOf(of);
        if (of.kind === 'parameter') return { ...of, key: `Inline<${of.key}>`, isInline: true };
        return of.kind === 'error' || of.kind === 'inline' ? of : types.phantom(`Inline<${of.name}>`, 'not a class');
      }
      case 'Ptr':
        return types.pointerTo(arg(0));
      case 'FixedArray':
        return types.arrayOf(arg(0), arg(1));
      case 'Held':
        return types.witnessOf(arg(0), false);
      case 'Word':
        return types.wordType;
      case 'Array':
      case 'ReadonlyArray':
        return this.#array(node.typeArguments?.[0], env);
      default:
        return types.phantom(name, 'a type that only exists for the checker');
    }
  }
}

function literal(node: ts.LiteralTypeNode): Type {
  const { literal: inner } = node;
  if (inner.kind === ts.SyntaxKind.NullKeyword) return types.nullType;
  if (inner.kind === ts.SyntaxKind.TrueKeyword || inner.kind === ts.SyntaxKind.FalseKeyword) return types.boolType;
  if (ts.isNumericLiteral(inner) && /^\d+$/.test(inner.text)) return types.lengthOf(Number(inner.text));
  return types.phantom(textOf(node), 'a literal as a type');
}
