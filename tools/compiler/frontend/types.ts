/*
 * The types of kernel TS, as the machine sees them.
 *
 * Idea. TypeScript's own types forget what we need (the inferred type of `a + b` is `number`), so the compiler has types
 * of its own, built from type *nodes* by resolve-type.ts and computed bottom-up for expressions. A type is a plain object
 * with a `key`, which is equal exactly for equal types, and a `name`, which is what a human reads.
 *
 * What a value of a type is at run time:
 *   integers     an i32 or i64, extended to its register's width by the type's signedness, always
 *   bool         an i32, 0 or 1
 *   class        a pointer to the instance; `inline` is the instance itself, and decays to `class` when it is read
 *   array        N elements in place; decays to the address of the first
 *   words        a rest parameter: two i32s, address and length
 *   witness      nothing; if it may be null, an i32, 0 or 1
 *   untyped      an integer that has not met a typed operand yet (Go's idea): takes the type of what it meets
 * Nullability is not kept: stock tsc checks it, and null is address 0.
 */

import type { ValueType } from '../ir/types.ts';
import type { ClassInfo } from './entities.ts';
import type { SourceSymbol } from './names.ts';

interface Named {
  readonly key: string;
  readonly name: string;
}

export interface IntType extends Named {
  readonly kind: 'int';
  /** `u8`, ... also for an enum, whose name is its own. */
  readonly base: string;
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
}
export interface UntypedType extends Named {
  readonly kind: 'untyped';
  /** Written on `bigint`: will be 64 bits wide. */
  readonly wide: boolean;
}
/** Types without parts. `unknown` and `object` occur behind pointers and in casts; `error` has been reported already. */
interface SimpleType extends Named {
  readonly kind: 'bool' | 'string' | 'null' | 'void' | 'never' | 'word' | 'words' | 'object' | 'unknown' | 'error';
}
interface PointerType extends Named {
  readonly kind: 'pointer';
  readonly element: Type;
}
interface ArrayType extends Named {
  readonly kind: 'array';
  readonly element: Type;
  readonly length: Type;
}
export interface ClassType extends Named {
  readonly kind: 'class';
  readonly info: ClassInfo;
  readonly args: readonly Type[];
}
interface InlineType extends Named {
  readonly kind: 'inline';
  readonly of: ClassType;
}
interface VolatileType extends Named {
  readonly kind: 'volatile';
  readonly of: Type;
}
export interface FunctionType extends Named {
  readonly kind: 'function';
  readonly parameters: readonly Type[];
  /** The last parameter is a rest parameter of type `words`. */
  readonly rest: boolean;
  readonly result: Type;
}
export interface WitnessType extends Named {
  readonly kind: 'witness';
  readonly of: Type;
  readonly nullable: boolean;
}
/** A number as a type: the N of FixedArray<T, N>. */
interface LengthType extends Named {
  readonly kind: 'length';
  readonly value: number;
}
/** A type parameter that has no value yet: only while type arguments are inferred. */
interface ParameterType extends Named {
  readonly kind: 'parameter';
  readonly symbol: SourceSymbol;
  /** It stands for the struct itself: `Inline<T>`. */
  readonly isInline: boolean;
}
/** A type that only tsc understands: the L of Held<L>, a lock's tag. No value may have it. */
export interface PhantomType extends Named {
  readonly kind: 'phantom';
  /** Why there can be no value of it: `number`, `any`, `an interface`, ... */
  readonly what: string;
}

export type Type =
  | IntType
  | UntypedType
  | SimpleType
  | PointerType
  | ArrayType
  | ClassType
  | InlineType
  | VolatileType
  | FunctionType
  | WitnessType
  | LengthType
  | ParameterType
  | PhantomType;

function int(base: string, bits: IntType['bits'], signed: boolean, key = base, name = base): IntType {
  return { kind: 'int', key, name, base, bits, signed };
}

function simple(kind: SimpleType['kind'], name: string = kind): SimpleType {
  return { kind, key: name, name };
}

export const u8 = int('u8', 8, false);
export const u16 = int('u16', 16, false);
export const u32 = int('u32', 32, false);
export const u64 = int('u64', 64, false);
export const i8 = int('i8', 8, true);
export const i16 = int('i16', 16, true);
export const i32 = int('i32', 32, true);
export const i64 = int('i64', 64, true);
export const integerTypes: ReadonlyMap<string, IntType> = new Map(
  [u8, u16, u32, u64, i8, i16, i32, i64].map((type) => [type.name, type]),
);

export const untyped: UntypedType = { kind: 'untyped', key: 'untyped', name: 'a plain number', wide: false };
export const untypedWide: UntypedType = { kind: 'untyped', key: 'untyped64', name: 'a plain bigint', wide: true };
export const boolType = simple('bool', 'boolean');
export const stringType = simple('string');
export const nullType = simple('null');
export const voidType = simple('void');
export const neverType = simple('never');
export const wordType = simple('word', 'Word');
export const wordsType = simple('words', 'Word[]');
export const objectType = simple('object');
export const unknownType = simple('unknown');
export const errorType = simple('error');

/** An enum's type: its own, with the values of `base`. */
export function enumOf({ base, bits, signed }: IntType, key: string, name: string): IntType {
  return int(base, bits, signed, key, name);
}

export function pointerTo(element: Type): PointerType {
  return { kind: 'pointer', key: `Ptr<${element.key}>`, name: `Ptr<${element.name}>`, element };
}

export function arrayOf(element: Type, length: Type): ArrayType {
  const key = `FixedArray<${element.key},${length.key}>`;
  return { kind: 'array', key, name: `FixedArray<${element.name},${length.name}>`, element, length };
}

export function classOf(info: ClassInfo, args: readonly Type[]): ClassType {
  const key = info.qualifiedName + angled(args.map((arg) => arg.key));
  return { kind: 'class', key, name: info.displayName + angled(args.map((arg) => arg.name)), info, args };
}

/** The class's name in the output: `lib/list:Link<Page>`. What follows the colon is how types of fields refer to it. */
export function symbolOf({ info, args }: ClassType): string {
  return info.qualifiedName + angled(args.map((arg) => arg.name));
}

export function inlineOf(of: ClassType): InlineType {
  return { kind: 'inline', key: `Inline<${of.key}>`, name: `Inline<${of.name}>`, of };
}

/** Of an array, each element is volatile. */
export function volatileOf(of: Type): Type {
  if (of.kind === 'volatile') return of;
  if (of.kind === 'array') return arrayOf(volatileOf(of.element), of.length);
  return { kind: 'volatile', key: `Volatile<${of.key}>`, name: `Volatile<${of.name}>`, of };
}

export function functionOf(parameters: readonly Type[], rest: boolean, result: Type): FunctionType {
  const list = (part: 'key' | 'name'): string => parameters.map((parameter) => parameter[part]).join(', ');
  const dots = rest ? '...' : '';
  return {
    kind: 'function',
    key: `(${dots}${list('key')})=>${result.key}`,
    name: `(${dots}${list('name')}) => ${result.name}`,
    parameters,
    rest,
    result,
  };
}

export function witnessOf(of: Type, nullable: boolean): WitnessType {
  const suffix = nullable ? ' | null' : '';
  return { kind: 'witness', key: `Held<${of.key}>${suffix}`, name: `Held<${of.name}>${suffix}`, of, nullable };
}

export function lengthOf(value: number): LengthType {
  return { kind: 'length', key: String(value), name: String(value), value };
}

export function phantom(key: string, what: string): PhantomType {
  return { kind: 'phantom', key, name: key, what };
}

/** Whether a type nests so deeply that it can only come from a generic that feeds on itself. */
export function isEndless(key: string): boolean {
  if (key.length < 2 * maximumNesting) return false;
  let depth = 0;
  for (let at = key.indexOf('<'); at >= 0 && at < key.length; at++) {
    const code = key.charCodeAt(at);
    if (code === opening && ++depth > maximumNesting) return true;
    if (code === closing) depth--;
  }
  return false;
}

const maximumNesting = 24;
const opening = '<'.charCodeAt(0);
const closing = '>'.charCodeAt(0);

/** `<a,b>`, or nothing for an empty list. */
export function angled(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `<${parts.join(',')}>`;
}

export function isSame(a: Type, b: Type): boolean {
  return a.key === b.key;
}

/** The type of what reading a place of this type gives, as far as operators care: without Volatile and Inline. */
export function decay(type: Type): Type {
  if (type.kind === 'volatile') return decay(type.of);
  return type.kind === 'inline' ? type.of : type;
}

/** Held in one general register as an address (or Word): 32 bits that are not a number. */
export function isAddress(type: Type): boolean {
  switch (type.kind) {
    case 'pointer':
    case 'array':
    case 'class':
    case 'inline':
    case 'string':
    case 'function':
    case 'null':
    case 'object':
      return true;
    default:
      return false;
  }
}

/** What the IR has for a value of this type. */
export function valueTypeOf(type: Type): ValueType {
  switch (type.kind) {
    case 'int':
      return type.bits === 64 ? 'i64' : 'i32';
    case 'untyped':
      return type.wide ? 'i64' : 'i32';
    case 'void':
    case 'never':
      return 'void';
    case 'witness':
      return type.nullable ? 'i32' : 'void';
    case 'volatile':
      return valueTypeOf(type.of);
    default:
      return 'i32';
  }
}

const ranges = new Map(
  Array.from(integerTypes.values(), ({ bits, name, signed }) => {
    const half = 1n << BigInt(bits - 1);
    return [name, signed ? { min: -half, max: half - 1n } : { min: 0n, max: 2n * half - 1n }] as const;
  }),
);

/** The smallest and the largest value; for 64-bit types as well. */
export function rangeOf(type: IntType): { readonly min: bigint; readonly max: bigint } {
  return ranges.get(type.base)!;
}

const bounds = new Map(
  Array.from(ranges, ([name, { min, max }]) => [name, { min: Number(min), max: Number(max) }] as const),
);

/** The same as plain numbers; those of 64-bit types are rounded. */
export function boundsOf(type: IntType): { readonly min: number; readonly max: number } {
  return bounds.get(type.base)!;
}

/** The value that a type's register holds after `value` was cut to its width. */
export function wrap(type: IntType, value: bigint): bigint {
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

/** Every value of `from` is one of `to` (the widening that happens without a conversion). Both at most 32 or both 64 bits. */
export function widensTo(from: IntType, to: IntType): boolean {
  if (from.base === to.base) return true;
  if ((from.bits === 64) !== (to.bits === 64)) return false;
  const source = rangeOf(from);
  const target = rangeOf(to);
  return source.min >= target.min && source.max <= target.max;
}

/** u8 and u16 count as u32 in arithmetic, i8 and i16 as i32. */
export function promote(type: IntType): IntType {
  if (type.bits === 64) return type.signed ? i64 : u64;
  return type.signed ? i32 : u32;
}
