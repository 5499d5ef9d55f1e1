/*
 * Functions as numbers: what is decoded is a copy, and one encoder serves for any number of functions.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFunction, Encoder } from '../../tools/compiler/ir/codec.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import { type IrFunction, IrModule, type SourceLocation } from '../../tools/compiler/ir/types.ts';
import { verifyModule } from '../../tools/compiler/ir/verify.ts';
import { programs } from './ir-random.ts';
import { buildModule } from './ir-random-build.ts';

function copyOf(module: IrModule, encoder: Encoder): IrModule {
  const copy = new IrModule();
  Object.assign(copy, module);
  copy.functions = new Map(
    [...module.functions].map(([name, fn]) => [name, decodeFunction(structuredClone(encoder.encode(fn)))]),
  );
  return copy;
}

/** By instruction, the number of its location: the same one for those that share one. */
function sharing(fn: IrFunction): number[] {
  const seen: (SourceLocation | null)[] = [];
  return fn.blocks.flatMap(({ instructions }) =>
    instructions.map(({ location }) => (seen.includes(location) ? seen.indexOf(location) : seen.push(location) - 1)),
  );
}

test('random functions come back as they were, whatever was encoded before', () => {
  const encoder = new Encoder();
  fc.assert(
    fc.property(programs, (bodies) => {
      const module = buildModule(bodies);
      const copy = copyOf(module, encoder);
      expect(verifyModule(copy)).toEqual([]);
      expect(printModule(copy)).toBe(printModule(module));
    }),
    { numRuns: 200 },
  );
});

/** Many locations, some with the same place inlined at different ones, each used by two instructions that follow no other. */
function locatedFunction(count: number): IrFunction {
  const calls = Array.from({ length: 40 }, (_, n): SourceLocation => ({ file: 'caller.ts', line: n, column: 1 }));
  const locations = Array.from({ length: count }, (_, n): SourceLocation => {
    const place = { file: n % 3 === 0 ? 'a.ts' : 'b.ts', line: n % 50, column: n % 7 };
    return n % 2 === 0 ? place : { ...place, inlinedAt: calls[n % calls.length]! };
  });
  const fn = parseModule('function @f(): void {\nb0:\n  return\n}').functions.get('f')!;
  const block = fn.blocks[0]!;
  const end = block.instructions.pop()!;
  for (const location of [...locations, ...locations]) {
    const value = fn.create('const', 'i32', [], location, { value: block.instructions.length });
    value.block = block;
    block.instructions.push(value);
  }
  block.instructions.push(end);
  return fn;
}

test('locations come back, shared as they were, however many there are', () => {
  const encoder = new Encoder();
  for (const count of [3, 2000, 10]) {
    const fn = locatedFunction(count);
    const copy = decodeFunction(encoder.encode(fn));
    const placesOf = ({ blocks }: IrFunction) => blocks[0]!.instructions.map(({ location }) => location);
    expect(placesOf(copy)).toEqual(placesOf(fn));
    expect(sharing(copy)).toEqual(sharing(fn));
  }
});

test('an encoded function does not change with the next one', () => {
  const encoder = new Encoder();
  const first = encoder.encode(locatedFunction(20));
  const before = structuredClone(first);
  encoder.encode(locatedFunction(30));
  expect(first).toEqual(before);
});
