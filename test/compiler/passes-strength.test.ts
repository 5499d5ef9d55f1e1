import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldConstants } from '../../tools/compiler/ir/fold.ts';
import { Interpreter } from '../../tools/compiler/ir/interpret.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import type { Instruction, IrModule } from '../../tools/compiler/ir/types.ts';
import { assertValid } from '../../tools/compiler/ir/verify.ts';
import { reduceStrength } from '../../tools/compiler/passes/strength.ts';
import { transform } from './passes-support.ts';

type Division = 'divS' | 'divU' | 'remS' | 'remU';

function divisionBy(
  op: Division,
  type: 'i32' | 'i64',
  divisor: number | bigint,
): { module: IrModule; division: Instruction } {
  const module = parseModule(
    `function @f(${type}): ${type} {\nb0:\n%0: ${type} = param 0\n%1: ${type} = const ${divisor}\n%2: ${type} = ${op} %0, %1\nreturn %2\n}`,
  );
  const division = module.functions.get('f')!.blocks[0]!.instructions[2]!;
  return { module, division };
}

/** Reduces the division, and compares it with itself for these dividends. */
function check(
  op: Division,
  type: 'i32' | 'i64',
  divisor: number | bigint,
  dividends: readonly (number | bigint)[],
): void {
  const { module, division } = divisionBy(op, type, divisor);
  const expected = dividends.map((dividend) => foldConstants(division, [dividend, divisor]));
  for (const fn of module.functions.values()) reduceStrength(fn);
  assertValid(module, 'strength');
  const interpreter = new Interpreter(module, { memorySize: 1 << 14 });
  const found = dividends.map((dividend) => interpreter.call('f', [dividend]));
  expect(found, `${op} by ${divisor}`).toEqual(expected.map((value) => ({ kind: 'return', value })));
}

/** Around zero, around the ends of the range, around multiples of the divisor. */
function interesting(divisor: number): number[] {
  const values = [0, 1, 2, -1, -2, 0x7fffffff, 0x7ffffffe, -0x80000000, -0x7fffffff, 0x55555555, -0x55555556];
  for (const factor of [1, 2, 3, 1000, 0x7fffffff, 0xffffffff]) {
    const multiple = Math.floor(factor / Math.abs(divisor || 1)) * divisor;
    values.push(multiple | 0, (multiple + 1) | 0, (multiple - 1) | 0);
  }
  return values;
}

const divisors = [
  ...Array.from({ length: 70 }, (_, i) => i + 2),
  100,
  125,
  625,
  641,
  1000,
  1024,
  3600,
  65535,
  65537,
  1e6,
  1193182,
  1e9,
  0x7fffffff,
];

describe('division by constants', () => {
  it('is exact for unsigned dividends', () => {
    for (const divisor of [...divisors, -1, -2, -3, -0x80000000, -0x7fffffff]) {
      check('divU', 'i32', divisor, interesting(divisor));
      check('remU', 'i32', divisor, interesting(divisor));
    }
  });

  it('rounds signed dividends towards zero', () => {
    for (const divisor of [...divisors, ...divisors.map((value) => -value), -0x80000000]) {
      check('divS', 'i32', divisor, interesting(divisor));
      check('remS', 'i32', divisor, interesting(divisor));
    }
  });

  it('shifts wide dividends where the divisor is a power of two', () => {
    const dividends = [0n, 1n, -1n, 7n, -7n, 8n, -8n, (1n << 63n) - 1n, -(1n << 63n), -(1n << 40n) - 1n];
    for (const divisor of [2n, 8n, 1n << 32n, 1n << 62n, -2n, -(1n << 40n), -(1n << 63n), 7n]) {
      check('divS', 'i64', divisor, dividends);
      check('remS', 'i64', divisor, dividends);
    }
  });

  it('is exact whatever the numbers', () => {
    const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff });
    const property = fc.property(
      fc.constantFrom<Division>('divS', 'divU', 'remS', 'remU'),
      i32,
      fc.array(i32),
      (op, divisor, dividends) => {
        fc.pre(divisor !== 0 && divisor !== -1);
        check(op, 'i32', divisor, dividends);
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  it('leaves no division by a constant, but remainders', () => {
    for (const divisor of divisors) {
      for (const op of ['divS', 'divU', 'remS', 'remU'] as const) {
        const isPower = (divisor & (divisor - 1)) === 0;
        // unsigned powers of two are the simplifier's
        if (isPower && op.endsWith('U')) continue;
        const { module, division } = divisionBy(op, 'i32', divisor);
        reduceStrength(module.functions.get('f')!);
        expect(division.op === op, `${op} by ${divisor}`).toBe(op.startsWith('rem') && !isPower);
      }
    }
  });

  it('leaves what traps', () => {
    const body =
      'b0:\n%0 = param 0\n%1 = const 0\n%2 = divS %0, %1\n%3 = const -1\n%4 = divS %0, %3\n%5 = remU %0, %1\nreturn %5';
    expect(transform(reduceStrength, '(i32): i32', body)).toBe(transform(() => false, '(i32): i32', body));
  });

  it('needs a short factor only, where the dividend is known to be small', () => {
    const result = transform(
      reduceStrength,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = zext16 %0
        %2 = const 7
        %3 = divU %1, %2
        %4 = divU %0, %2
        %5 = add %3, %4
        return %5`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = zext16 %0
        %2 = const 7
        %7 = const 613566757
        %3 = mulHighU %1, %7
        %8 = const 613566757
        %9 = mulHighU %0, %8
        %10 = sub %0, %9
        %11 = const 1
        %12 = shrU %10, %11
        %13 = add %12, %9
        %14 = const 2
        %4 = shrU %13, %14
        %5 = add %3, %4
        return %5
      }
      "
    `);
  });

  it('computes a remainder from the quotient next to it', () => {
    const result = transform(
      reduceStrength,
      '(i32): i32',
      `b0:
        %0 = param 0
        %2 = const 10
        %3 = divU %0, %2
        %4 = remU %0, %2
        %5 = add %3, %4
        return %5`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %2 = const 10
        %7 = const -858993459
        %8 = mulHighU %0, %7
        %9 = const 3
        %3 = shrU %8, %9
        %11 = const -858993459
        %12 = mulHighU %0, %11
        %13 = const 3
        %10 = shrU %12, %13
        %14 = mul %10, %2
        %4 = sub %0, %14
        %5 = add %3, %4
        return %5
      }
      "
    `);
  });
});
