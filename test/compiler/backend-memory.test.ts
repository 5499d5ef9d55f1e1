/*
 * Code generation for memory against the interpreter: blocks, changes in place, the order of reads and writes, atomics.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Call, expectAgreement, interpreted, native, parse } from './backend-behaviour.ts';
import { Workplace } from './backend-support.ts';

let place: Workplace;
beforeAll(() => (place = new Workplace()));
afterAll(() => place.remove());

describe('memory', () => {
  it('is copied and filled in every short length, and in long ones', () => {
    const lengths = [...Array.from({ length: 41 }, (_, n) => n), 63, 64, 65, 66, 67];
    const text = `data @from size 80 align 4 {
  bytes 0: "${Array.from({ length: 80 }, (_, n) => (n * 3 + 1).toString(16).padStart(2, '0').slice(-2)).join('')}"
}
data @copied size 80 align 4
data @filled size 80 align 4
${lengths
  .map(
    (length) => `function @known${length}(i32): void exported {
b0:
  %4 = param 0
  %0 = symbol @copied + 1
  %1 = symbol @from + 2
  %2 = const ${length}
  intrinsic copyBytes(%0, %1, %2)
  %3 = symbol @filled + 3
  intrinsic fillBytes(%3, %4, %2)
  %5 = const 171
  intrinsic fillBytes(%3, %5, %2)
  return
}
`,
  )
  .join('')}function @unknown(i32, i32): void exported {
b0:
  %0 = param 0
  %1 = param 1
  %2 = symbol @copied
  %3 = symbol @from
  intrinsic copyBytes(%2, %3, %0)
  %4 = symbol @filled
  intrinsic fillBytes(%4, %1, %0)
  return
}
`;
    for (const length of lengths) {
      for (const name of [`known${length}`, 'unknown']) {
        const words = name === 'unknown' ? [length, 0x1c3] : [0x1c3];
        const module = parse(text);
        const expected = interpreted(module, [{ name, words }], ['copied', 'filled']);
        expect(native(place, module, [{ name, words }], ['copied', 'filled']), `${name} ${length}`).toEqual(expected);
      }
    }
  });

  it('is read before it is overwritten, by whatever way', () => {
    const writes = {
      store: '  store u32 [%0 + 0], %1\n',
      alias: '  store u8 [%5 + 0], %1\n',
      call: '  call @write(%1)\n',
      atomic: '  intrinsic atomicAdd.u32(%0, %1)\n',
      fill: '  %9 = const 4\n  intrinsic fillBytes(%0, %1, %9)\n',
    };
    const uses = {
      add: '  %7 = add %1, %2\n',
      compare: '  %7 = ltU %2, %1\n',
      multiply: '  %7 = mul %2, %1\n',
      narrow: '  %7 = zext8 %2\n',
      argument: '  %7 = call @same(%2)\n',
      update: '  %6 = add %2, %1\n  store u32 [%0 + 0], %6\n  %7 = load u32 [%0 + 0]\n',
    };
    const functions = Object.entries(writes).flatMap(([write, writeText]) =>
      Object.entries(uses).map(
        ([use, useText]) => `function @${write}_${use}(i32): i32 exported {
b0:
  %1 = param 0
  %0 = symbol @cell
  %5 = symbol @cell + 1
  %2 = load u32 [%0 + 0]
${writeText}${useText}  return %7
}
`,
      ),
    );
    const text = `data @cell size 4 align 4 {
  bytes 0: "78563412"
}
function @write(i32): void noinline {
b0:
  %0 = param 0
  %1 = symbol @cell
  store u32 [%1 + 0], %0
  return
}
function @same(i32): i32 noinline {
b0:
  %0 = param 0
  return %0
}
${functions.join('')}`;
    const names = Object.keys(writes).flatMap((write) => Object.keys(uses).map((use) => `${write}_${use}`));
    expectAgreement(
      place,
      text,
      names.flatMap((name) => [5, 0x20000000, -3].map((word): Call => ({ name, words: [word] }))),
      ['cell'],
    );
  });

  it('changes in place, in all widths', () => {
    const sizes = ['u8', 'u16', 'u32'] as const;
    const ops = ['add', 'sub', 'and', 'or', 'xor', 'shl'];
    const functions = sizes.flatMap((size) =>
      ops.flatMap((op) =>
        ['%1', '%4'].map(
          (operand, n) => `function @${op}_${size}_${n}(i32): void exported {
b0:
  %1 = param 0
  %0 = symbol @cell + 4
  %4 = const 3
  %2 = load ${size} [%0 + 0]
  %3 = ${op} %2, ${operand}
  store ${size} [%0 + 0], %3
  return
}
`,
        ),
      ),
    );
    const text =
      `data @cell size 12 align 4 {
  bytes 0: "112233f45566778877665544"
}
` + functions.join('');
    const names = [...parse(text).functions.keys()];
    expectAgreement(
      place,
      text,
      names.flatMap((name) => [1, -1, 0x1234567].map((word): Call => ({ name, words: [word & 31 || 1] }))),
      ['cell'],
    );
  });
});

describe('atomic operations', () => {
  it('do what they are named after, in all widths', () => {
    const sizes = ['u8', 'u16', 'u32'] as const;
    const withResult = ['atomicXchg', 'atomicFetchAdd'];
    const without = ['atomicAdd', 'atomicSub', 'atomicAnd', 'atomicOr'];
    const text = `data @cell size 8 align 8 {
  bytes 0: "fe01020304050607"
}
${sizes
  .flatMap((size) => [
    ...withResult.map(
      (op) => `function @${op}_${size}(i32): i32 exported {
b0:
  %1 = param 0
  %0 = symbol @cell
  %2 = intrinsic ${op}.${size}(%0, %1)
  return %2
}
`,
    ),
    ...without.map(
      (op) => `function @${op}_${size}(i32): void exported {
b0:
  %1 = param 0
  %0 = symbol @cell
  intrinsic ${op}.${size}(%0, %1)
  return
}
`,
    ),
    `function @cmpxchg_${size}(i32, i32): i32 exported {
b0:
  %1 = param 0
  %2 = param 1
  %0 = symbol @cell
  %3 = intrinsic atomicCmpxchg.${size}(%0, %1, %2)
  return %3
}
function @dec_${size}(): i32 exported {
b0:
  %0 = symbol @cell
  intrinsic atomicInc.${size}(%0)
  intrinsic atomicDec.${size}(%0)
  %1 = intrinsic atomicDecAndTest.${size}(%0)
  branch %1, b1, b2
b1:
  %2 = const 5
  return %2
b2:
  %3 = const 6
  return %3
}
`,
  ])
  .join('')}function @bits(i32): i32 exported {
b0:
  %1 = param 0
  %0 = symbol @cell
  %2 = intrinsic atomicTestAndSetBit(%0, %1)
  %3 = intrinsic atomicTestAndClearBit(%0, %1)
  %4 = const 2
  %5 = mul %2, %4
  %6 = add %5, %3
  %7 = intrinsic atomicTestAndSetBit(%0, %4)
  branch %7, b1, b2
b1:
  return %6
b2:
  %8 = neg %6
  return %8
}
function @set(i32): i32 exported {
b0:
  %1 = param 0
  %0 = symbol @cell
  %2 = intrinsic atomicTestAndSetBit(%0, %1)
  return %2
}
function @wide(i64, i64): i64 exported {
b0:
  %1: i64 = param 0
  %2: i64 = param 1
  %0 = symbol @cell
  %3: i64 = intrinsic atomicCmpxchg.u64(%0, %1, %2)
  return %3
}
`;
    const calls: Call[] = [];
    for (const size of sizes) {
      for (const op of [...withResult, ...without])
        for (const word of [1, 255, -1]) calls.push({ name: `${op}_${size}`, words: [word] });
      calls.push({ name: `cmpxchg_${size}`, words: [0, 9] }, { name: `atomicXchg_${size}`, words: [9] });
      calls.push(
        { name: `cmpxchg_${size}`, words: [9, 1] },
        { name: `dec_${size}`, words: [] },
        { name: `dec_${size}`, words: [] },
      );
    }
    for (const bit of [0, 5, 31, 32, 37, -1]) calls.push({ name: 'bits', words: [bit] }, { name: 'set', words: [bit] });
    calls.push({ name: 'wide', words: [1, 2, 3, 4] }, { name: 'atomicXchg_u32', words: [7] });
    calls.push({ name: 'wide', words: [7, 0x07060504, 3, 4] }, { name: 'wide', words: [3, 4, -1, -2] });
    expectAgreement(place, text, calls, ['cell']);
  });
});
