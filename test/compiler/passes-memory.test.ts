import { describe, expect, it } from 'vitest';
import { removeDeadStores } from '../../tools/compiler/passes/dead-stores.ts';
import { expandCopies } from '../../tools/compiler/passes/expand-copies.ts';
import { forwardLoads } from '../../tools/compiler/passes/forward-loads.ts';
import { transform } from './passes-support.ts';

const data = 'data @d size 16 align 4\ndata @e size 16 align 4\ndata @table size 16 align 4 constant';
const other = 'function @g(): void {\nb0:\n  return\n}';

describe('forwarding of loads', () => {
  it('takes what was stored, if nothing in between may overlap', () => {
    const result = transform(
      forwardLoads,
      '(i32, i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = param 2
        store u32 [%0 + 4], %1
        store u32 [%0 + 8], %2
        %3 = load u32 [%0 + 4]
        store u8 [%2], %1
        %4 = load u32 [%0 + 4]
        %5 = load u32 [%0 + 4]
        %6 = add %3, %4
        %7 = add %6, %5
        return %7`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = param 2
        store u32 [%0 + 4], %1
        store u32 [%0 + 8], %2
        store u8 [%2], %1
        %4 = load u32 [%0 + 4]
        %6 = add %1, %4
        %7 = add %6, %4
        return %7
      }
      "
    `);
  });

  it('extends what was stored in part', () => {
    const result = transform(
      forwardLoads,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        store u8 [%0], %1
        %2 = load i8 [%0]
        %3 = load u16 [%0]
        %4 = load i16 [%0]
        %5 = add %2, %3
        %6 = add %5, %4
        return %6`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        store u8 [%0], %1
        %9 = sext8 %1
        %3 = load u16 [%0]
        %10 = sext16 %3
        %5 = add %9, %3
        %6 = add %5, %10
        return %6
      }
      "
    `);
  });

  it('keeps volatile accesses, and what they do not touch', () => {
    const result = transform(
      forwardLoads,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = load u32 [%0]
        %2 = load u32 [%0 + 4] volatile
        %3 = load u32 [%0 + 4] volatile
        %4 = load u32 [%0]
        %5 = add %1, %2
        %6 = add %3, %4
        %7 = add %5, %6
        return %7`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = load u32 [%0]
        %2 = load u32 [%0 + 4] volatile
        %3 = load u32 [%0 + 4] volatile
        %5 = add %1, %2
        %6 = add %3, %1
        %7 = add %5, %6
        return %7
      }
      "
    `);
  });

  it('reads machine state once, until something is written', () => {
    const result = transform(
      forwardLoads,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = const 4
        %2 = intrinsic readGs32(%1)
        %3 = const 4
        %4 = intrinsic readGs32(%3)
        %5 = intrinsic readFs32(%3)
        store u32 [%0], %2
        %6 = intrinsic readGs32(%1)
        %7 = add %2, %4
        %8 = add %5, %6
        %9 = add %7, %8
        return %9`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = const 4
        %2 = intrinsic readGs32(%1)
        %3 = const 4
        %5 = intrinsic readFs32(%3)
        store u32 [%0], %2
        %6 = intrinsic readGs32(%1)
        %7 = add %2, %2
        %8 = add %5, %6
        %9 = add %7, %8
        return %9
      }
      "
    `);
  });

  it('forgets at calls all but private slots and constants', () => {
    const result = transform(
      forwardLoads,
      '(i32): i32',
      `  slot 0: own size 4 align 4
        slot 1: shared size 4 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = slot 1
        %3 = symbol @table
        %4 = symbol @d
        store u32 [%1], %0
        store u32 [%2], %0
        store u32 [%4], %0
        store u32 [%4 + 4], %2
        %5 = load u32 [%3 + 4]
        call @g()
        %6 = load u32 [%1]
        %7 = load u32 [%2]
        %8 = load u32 [%3 + 4]
        %9 = load u32 [%4]
        %10 = add %5, %6
        %11 = add %7, %8
        %12 = add %9, %10
        %13 = add %11, %12
        return %13`,
      `${data}\n${other}`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
        slot 0: own size 4 align 4
        slot 1: shared size 4 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = slot 1
        %3 = symbol @table
        %4 = symbol @d
        store u32 [%1], %0
        store u32 [%2], %0
        store u32 [%4], %0
        store u32 [%4 + 4], %2
        %5 = load u32 [%3 + 4]
        call @g()
        %7 = load u32 [%2]
        %9 = load u32 [%4]
        %10 = add %5, %0
        %11 = add %7, %5
        %12 = add %9, %10
        %13 = add %11, %12
        return %13
      }

      function @g(): void {
      b0:
        return
      }
      "
    `);
  });

  it('knows where paths join what all of them know, and in a loop what the loop leaves alone', () => {
    const result = transform(
      forwardLoads,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = symbol @d
        %3 = symbol @e
        %4 = load u32 [%2]
        %5 = load u32 [%3]
        branch %0, b1, b2
      b1 from b0:
        store u32 [%3], %1
        jump b3
      b2 from b0:
        jump b3
      b3 from b1, b2, b4:
        %6 = phi %4, %5, %9
        %7 = load u32 [%2]
        %8 = load u32 [%3]
        branch %8, b4, b5
      b4 from b3:
        %9 = add %6, %7
        store u32 [%3 + 4], %9
        jump b3
      b5 from b3:
        return %6`,
      data,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = symbol @d
        %3 = symbol @e
        %4 = load u32 [%2]
        %5 = load u32 [%3]
        branch %0, b1, b2
      b1 from b0:
        store u32 [%3], %1
        jump b3
      b2 from b0:
        jump b3
      b3 from b1, b2, b4:
        %6 = phi %4, %5, %9
        %8 = load u32 [%3]
        branch %8, b4, b5
      b4 from b3:
        %9 = add %6, %4
        store u32 [%3 + 4], %9
        jump b3
      b5 from b3:
        return %6
      }
      "
    `);
  });
});

describe('removal of dead stores', () => {
  it('drops what is overwritten before anybody can look', () => {
    const result = transform(
      removeDeadStores,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        store u16 [%0 + 4], %1
        store u32 [%0 + 8], %1
        store u32 [%0 + 8], %0
        store u32 [%0 + 4], %0
        %2 = load u32 [%1]
        store u32 [%0 + 8], %2
        call @g()
        store u32 [%0 + 8], %1
        %3 = divS %0, %1
        store u32 [%0 + 8], %3
        %4 = load u32 [%1] volatile
        store u32 [%0 + 8], %4
        return %3`,
      other,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        store u32 [%0 + 8], %0
        store u32 [%0 + 4], %0
        %2 = load u32 [%1]
        store u32 [%0 + 8], %2
        call @g()
        store u32 [%0 + 8], %1
        %3 = divS %0, %1
        store u32 [%0 + 8], %3
        %4 = load u32 [%1] volatile
        store u32 [%0 + 8], %4
        return %3
      }

      function @g(): void {
      b0:
        return
      }
      "
    `);
  });

  it('drops stores to slots that are never read', () => {
    const result = transform(
      removeDeadStores,
      '(i32): i32',
      `  slot 0: a size 8 align 4
        slot 1: b size 8 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = slot 1
        %3 = add %2, %0
        store u32 [%1], %0
        store u32 [%2 + 4], %0
        call @g()
        %4 = load u32 [%3]
        return %4`,
      other,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
        slot 0: a size 8 align 4
        slot 1: b size 8 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = slot 1
        %3 = add %2, %0
        store u32 [%2 + 4], %0
        call @g()
        %4 = load u32 [%3]
        return %4
      }

      function @g(): void {
      b0:
        return
      }
      "
    `);
  });
});

describe('expansion of block operations', () => {
  it('copies and fills small blocks by pieces', () => {
    const result = transform(
      expandCopies,
      '(i32, i32): void',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = const 7
        intrinsic copyBytes(%0, %1, %2)
        %3 = const 290
        %4 = const 5
        intrinsic fillBytes(%0, %3, %4)
        intrinsic fillBytes(%0, %1, %4)
        intrinsic copyBytes(%0, %1, %3)
        return`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): void {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = const 7
        %10 = load u32 [%1]
        store u32 [%0], %10
        %12 = load u16 [%1 + 4]
        store u16 [%0 + 4], %12
        %14 = load u8 [%1 + 6]
        store u8 [%0 + 6], %14
        %3 = const 290
        %4 = const 5
        %16 = const 572662306
        store u32 [%0], %16
        %18 = const 34
        store u8 [%0 + 4], %18
        intrinsic fillBytes(%0, %1, %4)
        intrinsic copyBytes(%0, %1, %3)
        return
      }
      "
    `);
  });
});
