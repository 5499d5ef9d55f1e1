/*
 * Random programs in the IR, for the property tests of the passes.
 *
 * Idea. fast-check makes a small syntax tree of statements over a few variables; ir-random-build.ts turns it into blocks
 * and phis. So every program is well-formed, shrinks to a readable one, and ends: loops count. What it does can be seen in
 * its result, in two pieces of exported data, and in the order of volatile stores; division may trap anywhere. Accesses
 * stay inside their objects, and no address becomes visible.
 */

import fc from 'fast-check';
import type { Opcode } from '../../tools/compiler/ir/types.ts';

export type Size = 1 | 2 | 4 | 8;
/** Where a program may load and store. */
export type Place = 'words' | 'bytes' | 'slot' | 'escaping';

export type Expression =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'variable'; readonly index: number }
  | { readonly kind: 'wideVariable'; readonly index: number }
  | { readonly kind: 'unary'; readonly op: Opcode; readonly a: Expression }
  | { readonly kind: 'binary'; readonly op: Opcode; readonly a: Expression; readonly b: Expression }
  | { readonly kind: 'wide'; readonly op: Opcode; readonly a: Expression; readonly b: Expression }
  | { readonly kind: 'select'; readonly a: Expression; readonly b: Expression; readonly c: Expression }
  | {
      readonly kind: 'load';
      readonly place: Place;
      readonly at: Expression;
      readonly size: Size;
      readonly signed: boolean;
    };

export type Statement =
  | { readonly kind: 'assign'; readonly index: number; readonly value: Expression }
  | { readonly kind: 'assignWide'; readonly index: number; readonly value: Expression }
  | {
      readonly kind: 'store';
      readonly place: Place;
      readonly at: Expression;
      readonly size: Size;
      readonly value: Expression;
    }
  | { readonly kind: 'signal'; readonly value: Expression }
  | { readonly kind: 'fill'; readonly place: Place; readonly byte: number }
  | { readonly kind: 'copy'; readonly count: number }
  | {
      readonly kind: 'call';
      readonly index: number;
      readonly callee: number;
      readonly isIndirect: boolean;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly ifTrue: readonly Statement[];
      readonly ifFalse: readonly Statement[];
    }
  | { readonly kind: 'loop'; readonly turns: number; readonly body: readonly Statement[] }
  | { readonly kind: 'switch'; readonly value: Expression; readonly arms: readonly (readonly Statement[])[] }
  | { readonly kind: 'leave'; readonly condition: Expression; readonly how: 'break' | 'continue' | 'return' };

const binaryOps: Opcode[] = [
  ...(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shrS', 'shrU', 'mulHighS', 'mulHighU'] as const),
  ...(['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU', 'divS', 'divU', 'remS', 'remU'] as const),
];
const unaryOps: Opcode[] = ['neg', 'not', 'sext8', 'sext16', 'zext8', 'zext16', 'sextWide', 'zextWide', 'narrow'];
export const variableCount = 4;
export const wideCount = 2;
export const dataSize = 64;
export const slotSize = 16;

const constants = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 3, 7, 8, 10, 31, 32, 255, 256, 65535, -128, 0x7fffffff, -0x80000000),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
);
const places = fc.constantFrom<Place>('words', 'bytes', 'slot', 'escaping');
const sizes = fc.constantFrom<Size>(1, 2, 4, 4, 8);

const { expression, statement } = fc.letrec<{ expression: Expression; statement: Statement; block: Statement[] }>(
  (tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'expression' },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('variable' as const), index: fc.nat(variableCount - 1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('constant' as const), value: constants }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('wideVariable' as const), index: fc.nat(wideCount - 1) }) },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('binary' as const),
          op: fc.constantFrom(...binaryOps),
          a: tie('expression'),
          b: tie('expression'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('wide' as const),
          op: fc.constantFrom(...binaryOps.filter((op) => !op.startsWith('mulHigh'))),
          a: tie('expression'),
          b: tie('expression'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('unary' as const),
          op: fc.constantFrom(...unaryOps),
          a: tie('expression'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('select' as const),
          a: tie('expression'),
          b: tie('expression'),
          c: tie('expression'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('load' as const),
          place: places,
          at: tie('expression'),
          size: sizes,
          signed: fc.boolean(),
        }),
      },
    ),
    block: fc.array(tie('statement'), { maxLength: 4, depthIdentifier: 'statement' }),
    statement: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'statement' },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('assign' as const),
          index: fc.nat(variableCount - 1),
          value: tie('expression'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('assignWide' as const),
          index: fc.nat(wideCount - 1),
          value: tie('expression'),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('store' as const),
          place: places,
          at: tie('expression'),
          size: sizes,
          value: tie('expression'),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('signal' as const), value: tie('expression') }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('fill' as const), place: places, byte: constants }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), count: fc.nat(slotSize) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('call' as const),
          index: fc.nat(variableCount - 1),
          callee: fc.nat(3),
          isIndirect: fc.boolean(),
          args: fc.tuple(tie('expression'), tie('expression')),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('if' as const),
          condition: tie('expression'),
          ifTrue: tie('block'),
          ifFalse: tie('block'),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('loop' as const), turns: fc.nat(4), body: tie('block') }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('switch' as const),
          value: tie('expression'),
          arms: fc.array(tie('block'), { minLength: 1, maxLength: 3, depthIdentifier: 'statement' }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('leave' as const),
          condition: tie('expression'),
          how: fc.constantFrom('break' as const, 'continue' as const, 'return' as const),
        }),
      },
    ),
  }),
);

/** Bodies of up to four functions. The first is the program; each may call those after it, and the last itself. */
export const programs: fc.Arbitrary<readonly (readonly Statement[])[]> = fc.array(
  fc.array(statement, { minLength: 1, maxLength: 6, depthIdentifier: 'statement' }),
  { minLength: 1, maxLength: 4 },
);

export { expression };
