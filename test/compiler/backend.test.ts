/*
 * Code generation against the interpreter of the IR: the same module, run there and as a program of this computer, gives
 * the same results and leaves the same memory behind.
 */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateCode, generateFunction } from '../../tools/compiler/backend/index.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import { optimise } from '../../tools/compiler/passes/optimise.ts';
import { type Call, expectAgreement, interpreted, native, parse } from './backend-behaviour.ts';
import { Workplace } from './backend-support.ts';
import { programs } from './ir-random.ts';
import { buildModule } from './ir-random-build.ts';

let place: Workplace;
beforeAll(() => (place = new Workplace()));
afterAll(() => place.remove());

const runs = Number(process.env['BACKEND_RUNS'] ?? 80);

const interesting = [
  0, 1, 2, 3, 7, 10, 31, 32, 33, 63, 64, 255, 1000, 65535, 0x7fffffff, -0x80000000, -1, -2, -7, 0x12345678,
];

describe('random programs', () => {
  it('do on this computer what the interpreter says', () => {
    let agreed = 0;
    fc.assert(
      fc.property(programs, fc.constantFrom(0 as const, 1 as const, 2 as const), (bodies, level) => {
        const module = buildModule(bodies);
        const calls = [
          [0, 0],
          [1, -1],
          [0x12345678, 40],
        ].map((words): Call => ({ name: 'f0', words }));
        const data = ['words', 'bytes', 'signal'];
        const expected = interpreted(module, calls, data);
        fc.pre(expected !== null);
        optimise(module, { level });
        expect(native(place, module, calls, data), printModule(module, { locations: false })).toEqual(expected);
        if (!('trap' in expected)) agreed++;
      }),
      { numRuns: runs },
    );
    // Most must get to the end for this to mean something.
    expect(agreed).toBeGreaterThan(runs / 4);
  });
});

describe('64-bit arithmetic', () => {
  const values = [
    0n,
    1n,
    2n,
    3n,
    10n,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    0x100000000n,
    0x123456789abcdefn,
    -1n,
    -2n,
    -10n,
  ];
  const extremes = [0x7fffffffffffffffn, -0x8000000000000000n, -0x7fffffffffffffffn, 0x8000000000000001n];
  const all = [...values, ...extremes].map((value) => BigInt.asIntN(64, value));
  const wordsOf = (value: bigint): number[] => [
    Number(BigInt.asIntN(32, value)),
    Number(BigInt.asIntN(32, value >> 32n)),
  ];
  const traps = (op: string, a: bigint, b: bigint): boolean => {
    if (!/^(div|rem)/.test(op)) return false;
    return b === 0n || (op.endsWith('S') && b === -1n && a === -0x8000000000000000n);
  };

  it.each(['add', 'sub', 'mul', 'and', 'or', 'xor', 'divS', 'divU', 'remS', 'remU'])(
    '%s of every pair of extremes',
    (op) => {
      const text = `function @f(i64, i64): i64 exported {
b0:
  %0: i64 = param 0
  %1: i64 = param 1
  %2: i64 = ${op} %0, %1
  return %2
}
`;
      const calls = all.flatMap((a) =>
        all.filter((b) => !traps(op, a, b)).map((b): Call => ({ name: 'f', words: [...wordsOf(a), ...wordsOf(b)] })),
      );
      expect(calls.length).toBeGreaterThan(200);
      expectAgreement(place, text, calls);
    },
  );

  it.each(['add', 'sub', 'mul', 'and', 'or', 'xor', 'divS', 'divU', 'remS', 'remU'])(
    '%s with one operand known',
    (op) => {
      const known = [...all, 4n, 1000n, 1000000n, 0x1000n, 0x10000000000n].filter((value) => !traps(op, 1n, value));
      const text = known
        .map(
          (value, n) => `function @right${n}(i64): i64 exported {
b0:
  %0: i64 = param 0
  %1: i64 = const ${value}
  %2: i64 = ${op} %0, %1
  return %2
}
function @low${n}(i64): i32 exported {
b0:
  %0: i64 = param 0
  %1: i64 = const ${value}
  %2: i64 = ${op} %0, %1
  %3 = narrow %2
  return %3
}
function @mixed${n}(i32): i64 exported {
b0:
  %0 = param 0
  %1: i64 = const ${value}
  %2: i64 = zextWide %0
  %3: i64 = ${op} %2, %1
  return %3
}
`,
        )
        .join('');
      const calls = all.flatMap((a) =>
        known.flatMap((b, n): Call[] => {
          const words = wordsOf(a);
          if (traps(op, a, b)) return [];
          return [
            { name: `right${n}`, words },
            { name: `low${n}`, words },
            { name: `mixed${n}`, words: words.slice(0, 1) },
          ];
        }),
      );
      expectAgreement(place, text, calls);
    },
  );

  it.each(['divS', 'divU', 'remS', 'remU'])('%s traps on zero, and on a quotient that does not fit', (op) => {
    const text = `function @f(i64, i64): i64 exported {
b0:
  %0: i64 = param 0
  %1: i64 = param 1
  %2: i64 = ${op} %0, %1
  return %2
}
`;
    const pairs = op.endsWith('S')
      ? ([
          [5n, 0n],
          [-0x8000000000000000n, -1n],
        ] as const)
      : ([[5n, 0n]] as const);
    for (const [a, b] of pairs) {
      expect(expectAgreement(place, text, [{ name: 'f', words: [...wordsOf(a), ...wordsOf(b)] }])).toEqual({
        trap: true,
      });
    }
  });

  it.each(['shl', 'shrS', 'shrU'])('%s by every count, known and unknown', (op) => {
    const counts = Array.from({ length: 70 }, (_, n) => n);
    const known = counts.map(
      (count) => `function @k${count}(i64): i64 exported {
b0:
  %0: i64 = param 0
  %1 = const ${count}
  %2: i64 = ${op} %0, %1
  return %2
}
`,
    );
    const text = `${known.join('')}function @f(i64, i32): i64 exported {
b0:
  %0: i64 = param 0
  %1 = param 1
  %2: i64 = ${op} %0, %1
  return %2
}
`;
    const some = [0x123456789abcdefn, -0x123456789abcdefn, -1n];
    const calls = some.flatMap((value) =>
      counts.flatMap((count): Call[] => [
        { name: 'f', words: [...wordsOf(value), count] },
        { name: `k${count}`, words: wordsOf(value) },
      ]),
    );
    expectAgreement(place, text, calls);
  });

  it.each(['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU'])('%s as a value and as a branch', (op) => {
    const text = `function @value(i64, i64): i32 exported {
b0:
  %0: i64 = param 0
  %1: i64 = param 1
  %2 = ${op} %0, %1
  return %2
}
function @branch(i64, i64): i32 exported {
b0:
  %0: i64 = param 0
  %1: i64 = param 1
  %2 = ${op} %0, %1
  branch %2, b1, b2
b1:
  %3 = const 11
  return %3
b2:
  %4 = const 22
  return %4
}
`;
    const calls = all.flatMap((a) =>
      all.flatMap((b) => ['value', 'branch'].map((name): Call => ({ name, words: [...wordsOf(a), ...wordsOf(b)] }))),
    );
    expectAgreement(place, text, calls);
  });
});

describe('32-bit arithmetic', () => {
  it.each(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shrS', 'shrU', 'mulHighS', 'mulHighU', 'ltS', 'leU', 'eq'])(
    '%s, both operands unknown and either one known',
    (op) => {
      const known = interesting.map(
        (value, n) => `function @right${n}(i32): i32 exported {
b0:
  %0 = param 0
  %1 = const ${value}
  %2 = ${op} %0, %1
  return %2
}
function @left${n}(i32): i32 exported {
b0:
  %0 = param 0
  %1 = const ${value}
  %2 = ${op} %1, %0
  return %2
}
`,
      );
      const text = `${known.join('')}function @f(i32, i32): i32 exported {
b0:
  %0 = param 0
  %1 = param 1
  %2 = ${op} %0, %1
  return %2
}
`;
      const calls = interesting.flatMap((a) =>
        interesting.flatMap((b, n): Call[] => [
          { name: 'f', words: [a, b] },
          { name: `right${n}`, words: [a] },
          { name: `left${n}`, words: [a] },
        ]),
      );
      expectAgreement(place, text, calls);
    },
  );

  it.each(['divS', 'divU', 'remS', 'remU'])('%s by every interesting divisor', (op) => {
    const divisors = interesting.filter((value) => value !== 0);
    const text = divisors
      .map(
        (value, n) => `function @k${n}(i32): i32 exported {
b0:
  %0 = param 0
  %1 = const ${value}
  %2 = ${op} %0, %1
  return %2
}
`,
      )
      .join('');
    const calls = interesting.flatMap((a) =>
      divisors.flatMap((b, n) => (b === -1 && a === -0x80000000 ? [] : [{ name: `k${n}`, words: [a] }])),
    );
    expectAgreement(place, text, calls);
  });

  it.each(['add', 'sub', 'neg', 'and', 'or', 'xor', 'mul'])(
    '%s, then a branch on the result, overflow included',
    (op) => {
      const compares = ['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU'];
      const text = compares
        .flatMap((compare) =>
          ['%2, %3', '%3, %2'].map(
            (operands, n) => `function @${compare}${n}(i32, i32): i32 exported {
b0:
  %0 = param 0
  %1 = param 1
  %2 = ${op} ${op === 'neg' ? '%0' : '%0, %1'}
  %3 = const 0
  %4 = ${compare} ${operands}
  branch %4, b1, b2
b1:
  return %2
b2:
  %5 = const 12345
  return %5
}
`,
          ),
        )
        .join('');
      const names = compares.flatMap((compare) => [`${compare}0`, `${compare}1`]);
      expectAgreement(
        place,
        text,
        interesting.flatMap((a) => interesting.flatMap((b) => names.map((name): Call => ({ name, words: [a, b] })))),
      );
    },
  );

  it('quotient and remainder of one division share it', () => {
    const text = `function @f(i32, i32): i32 exported {
b0:
  %0 = param 0
  %1 = param 1
  %2 = divU %0, %1
  %3 = remU %0, %1
  %4 = const 1000
  %5 = mul %2, %4
  %6 = add %5, %3
  return %6
}
`;
    expectAgreement(place, text, [
      { name: 'f', words: [-1, 10] },
      { name: 'f', words: [12345, 67] },
    ]);
    const { bytes } = generateFunction(parse(text).functions.get('f')!);
    // F7 /6 is div.
    const divisions = [...bytes].filter((byte, n) => byte === 0xf7 && (bytes[n + 1]! & 0x38) === 0x30);
    expect(divisions).toHaveLength(1);
  });
});

describe('switches', () => {
  const make = (cases: readonly number[]): string => `function @f(i32): i32 exported {
b0:
  %0 = param 0
  switch %0 { ${cases.map((value, n) => `${value}: b${n + 2}`).join(', ')}, else: b1 }
b1:
  %1 = const -1
  return %1
${cases.map((_, n) => `b${n + 2}:\n  %${n + 2} = const ${n * 7 + 100}\n  return %${n + 2}\n`).join('')}}
`;

  it.each([
    ['a few cases', [3, 1, 2]],
    ['a table from zero', [0, 1, 2, 3, 4, 5, 6, 7]],
    ['a table with gaps, from afar', [100, 101, 103, 106, 107, 110]],
    ['a table below zero', [-5, -4, -3, -2, -1, 0, 1]],
    ['scattered cases', [5, 500, 50000, -70, 1 << 30, 99, 7, 8, 1234567]],
    ['two dense runs', [1, 2, 3, 4, 5, 6, 9001, 9002, 9003, 9004, 9005, 9006]],
    ['the ends of the range', [-0x80000000, 0x7fffffff, 0, 1, 2, 3]],
  ])('%s', (_, cases) => {
    const around = [...cases, ...cases.map((value) => value - 1), ...cases.map((value) => value + 1), ...interesting];
    expectAgreement(
      place,
      make(cases),
      around.map((value) => ({ name: 'f', words: [value | 0] })),
    );
  });
});

describe('generated code', () => {
  it('depends on nothing but the function: the same IR gives the same bytes', () => {
    for (const bodies of fc.sample(programs, { numRuns: 10, seed: 5 })) {
      const [first, second] = [buildModule(bodies), buildModule(bodies)];
      const alone = [...first.functions.values()]
        .toReversed()
        .map((fn) => generateFunction(fn))
        .reverse();
      const together = generateCode(second).functions.slice(0, alone.length);
      expect(together.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
        alone.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
      );
    }
  });
});
