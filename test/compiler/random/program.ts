/*
 * Random programs as trees, and their text in kernel TS and in C.
 *
 * Idea. Both texts come from one tree, and every operation in it is one whose meaning is the same in both languages: C is
 * compiled with -fwrapv, each operand is converted explicitly to the type that kernel TS would promote it to, shift
 * counts are masked, divisors are odd and positive. So two results that differ are a bug in one of the compilers.
 *
 * A tree rather than text, so that a failing program can shrink: see shrink.ts.
 */

export type IntegerType = 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32' | 'u64' | 'i64';
/** The types that arithmetic happens in. */
export type WideType = 'u32' | 'i32' | 'u64' | 'i64';

/** A place that can be read and written. `ts` and `c` are its text in either language. */
export interface Place {
  readonly type: IntegerType;
  readonly ts: string;
  readonly c: string;
}

export type Expression =
  | { readonly kind: 'literal'; readonly type: WideType; readonly value: bigint }
  /** Bare: without a conversion, since a place of its type counts as the wide one by itself. */
  | { readonly kind: 'read'; readonly type: WideType; readonly place: Place; readonly isBare?: boolean }
  | { readonly kind: 'element'; readonly type: WideType; readonly array: ArrayVariable; readonly index: Expression }
  | { readonly kind: 'convert'; readonly type: WideType; readonly through: IntegerType; readonly operand: Expression }
  | { readonly kind: 'unary'; readonly type: WideType; readonly operator: '-' | '~'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly type: WideType;
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'choice';
      readonly type: WideType;
      readonly condition: Condition;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | {
      readonly kind: 'call';
      readonly type: WideType;
      readonly callee: FunctionHead;
      readonly args: readonly Expression[];
    };

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>' | '>>>';

export type Condition =
  | {
      readonly kind: 'compare';
      readonly operator: '<' | '<=' | '>' | '>=' | '===' | '!==';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly operand: Condition };

export type Statement =
  | { readonly kind: 'assign'; readonly target: Place; readonly value: Expression }
  | {
      readonly kind: 'assignElement';
      readonly array: ArrayVariable;
      readonly index: Expression;
      readonly value: Expression;
    }
  | {
      readonly kind: 'update';
      readonly target: Place;
      readonly operator: BinaryOperator;
      /** Of the type that the target's promotes to. */
      readonly value: Expression;
    }
  | { readonly kind: 'step'; readonly target: Place; readonly operator: '++' | '--' }
  | {
      readonly kind: 'if';
      readonly condition: Condition;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    }
  | { readonly kind: 'loop'; readonly counter: string; readonly count: number; readonly body: readonly Statement[] }
  | { readonly kind: 'leave'; readonly condition: Condition; readonly how: 'break' | 'continue' }
  | { readonly kind: 'switch'; readonly value: Expression; readonly cases: readonly (readonly Statement[])[] }
  | { readonly kind: 'mix'; readonly value: Expression };

/** An array of 2^k elements, so that an index is masked rather than checked. */
export interface ArrayVariable {
  readonly element: IntegerType;
  readonly length: number;
  readonly ts: string;
  readonly c: string;
}

export interface FunctionHead {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: IntegerType }[];
  readonly returns: WideType;
}

export interface ProgramFunction {
  readonly head: FunctionHead;
  readonly locals: readonly { readonly name: string; readonly type: IntegerType; readonly value: bigint }[];
  readonly body: readonly Statement[];
  readonly result: Expression;
}

/** How many elements `records` has. */
export const RECORDS = 3;

export interface Program {
  /** Of `record`, and of each element of `records`. */
  readonly structFields: readonly { readonly name: string; readonly type: IntegerType }[];
  readonly globals: readonly { readonly name: string; readonly type: IntegerType; readonly value: bigint }[];
  readonly arrays: readonly { readonly name: string; readonly element: IntegerType; readonly length: number }[];
  readonly functions: readonly ProgramFunction[];
  readonly main: readonly Statement[];
}

export function bitsOf(type: IntegerType): number {
  return Number(type.slice(1));
}

export function isSigned(type: IntegerType): boolean {
  return type.startsWith('i');
}

/** What arithmetic on values of the type happens in. */
export function promote(type: IntegerType): WideType {
  if (type === 'u64' || type === 'i64') return type;
  return isSigned(type) ? 'i32' : 'u32';
}
