import { describe, expect, it } from 'vitest';
import { eliminateDeadCode } from '../../tools/compiler/passes/dce.ts';
import { numberValues } from '../../tools/compiler/passes/gvn.ts';
import { propagateConstants } from '../../tools/compiler/passes/sccp.ts';
import { removeTrivialPhis } from '../../tools/compiler/passes/trivial-phis.ts';
import { transform } from './passes-support.ts';

describe('dead code elimination', () => {
  it('keeps effects and what they need, drops the rest', () => {
    const result = transform(
      eliminateDeadCode,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = add %0, %1
        %3 = load u32 [%2]
        %4 = load u32 [%0] volatile
        %5 = divS %0, %1
        %6 = const 3
        %7 = divS %0, %6
        %8 = intrinsic bsf(%0)
        %9 = intrinsic readEflags()
        return %0`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %4 = load u32 [%0] volatile
        %5 = divS %0, %1
        %9 = intrinsic readEflags()
        return %0
      }
      "
    `);
  });

  it('drops phis that only use each other', () => {
    const result = transform(
      eliminateDeadCode,
      '(i32): void',
      `b0:
        %0 = param 0
        jump b1
      b1:
        %1 = phi %0, %2
        %2 = add %1, %0
        branch %0, b1, b2
      b2:
        return`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): void {
      b0:
        %0 = param 0
        jump b1
      b1 from b0, b1:
        branch %0, b1, b2
      b2 from b1:
        return
      }
      "
    `);
  });
});

describe('removal of trivial phis', () => {
  it('follows chains and cycles', () => {
    const result = transform(
      removeTrivialPhis,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        jump b1
      b1 from b0, b2:
        %2 = phi %0, %3
        %5 = phi %0, %1
        branch %1, b2, b3
      b2 from b1:
        %3 = phi %2
        jump b1
      b3 from b1:
        %4 = add %2, %5
        return %4`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        jump b1
      b1 from b0, b2:
        %5 = phi %0, %1
        branch %1, b2, b3
      b2 from b1:
        jump b1
      b3 from b1:
        %4 = add %0, %5
        return %4
      }
      "
    `);
  });
});

describe('constant propagation', () => {
  it('believes only in branches that can be taken', () => {
    const result = transform(
      propagateConstants,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = const 1
        jump b1
      b1 from b0, b4:
        %2 = phi %1, %7
        %3 = const 1
        %4 = eq %2, %3
        branch %4, b2, b3
      b2 from b1:
        jump b4
      b3 from b1:
        jump b4
      b4 from b2, b3:
        %6 = phi %2, %0
        %7 = mul %6, %6
        branch %0, b1, b5
      b5 from b4:
        return %7`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = const 1
        jump b1
      b1 from b0, b4:
        %2 = const 1
        %3 = const 1
        %4 = const 1
        branch %4, b2, b3
      b2 from b1:
        jump b4
      b3 from b1:
        jump b4
      b4 from b2, b3:
        %6 = const 1
        %7 = const 1
        branch %0, b1, b5
      b5 from b4:
        return %7
      }
      "
    `);
  });

  it('folds wide values, selects and switches, but no division that traps', () => {
    const result = transform(
      propagateConstants,
      '(i32): i64',
      `b0:
        %0 = param 0
        %1: i64 = const 5
        %2 = const 0
        %3 = divU %2, %2
        %4 = select %2, %0, %2
        switch %4 { 0: b1, else: b2 }
      b1 from b0:
        %5: i64 = zextWide %4
        %6: i64 = add %1, %5
        jump b3
      b2 from b0:
        jump b3
      b3 from b1, b2:
        %8: i64 = phi %6, %1
        return %8`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i64 {
      b0:
        %0 = param 0
        %1: i64 = const 5
        %2 = const 0
        %3 = divU %2, %2
        %4 = const 0
        switch %4 { 0: b1, else: b2 }
      b1 from b0:
        %5: i64 = const 0
        %6: i64 = const 5
        jump b3
      b2 from b0:
        jump b3
      b3 from b1, b2:
        %8: i64 = const 5
        return %8
      }
      "
    `);
  });
});

describe('global value numbering', () => {
  it('finds what was computed above, in either order of the operands', () => {
    const result = transform(
      numberValues,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = add %0, %1
        branch %0, b1, b2
      b1 from b0:
        %3 = add %1, %0
        %4 = mul %3, %2
        return %4
      b2 from b0:
        %5 = sub %0, %1
        jump b3
      b3 from b2:
        %6 = sub %0, %1
        %7 = sub %1, %0
        %8 = xor %6, %7
        return %8`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = add %0, %1
        branch %0, b1, b2
      b1 from b0:
        %4 = mul %2, %2
        return %4
      b2 from b0:
        %13 = const 0
        %5 = sub %13, %1
        jump b3
      b3 from b2:
        %7 = sub %1, %13
        %8 = xor %5, %7
        return %8
      }
      "
    `);
  });

  it('does not look sideways', () => {
    const result = transform(
      numberValues,
      '(i32): i32',
      `b0:
        %0 = param 0
        branch %0, b1, b2
      b1 from b0:
        %1 = neg %0
        jump b3
      b2 from b0:
        %2 = neg %0
        jump b3
      b3 from b1, b2:
        %3 = phi %1, %2
        %4 = neg %0
        %5 = add %3, %4
        return %5`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        branch %0, b1, b2
      b1 from b0:
        %1 = neg %0
        jump b3
      b2 from b0:
        %10 = const 0
        %2 = neg %10
        jump b3
      b3 from b1, b2:
        %3 = phi %1, %2
        %4 = neg %0
        %5 = add %3, %4
        return %5
      }
      "
    `);
  });

  it('knows below a branch what it has decided', () => {
    const result = transform(
      numberValues,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = ltS %0, %1
        branch %2, b1, b2
      b1 from b0:
        %3 = leS %1, %0
        %4 = ltS %0, %1
        %5 = sub %3, %4
        return %5
      b2 from b0:
        %6 = const 7
        %7 = eq %0, %6
        branch %7, b3, b4
      b3 from b2:
        return %0
      b4 from b2:
        jump b5
      b5 from b4:
        %8 = phi %7
        return %8`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = ltS %0, %1
        branch %2, b1, b2
      b1 from b0:
        %16 = const 0
        %17 = const 1
        %5 = sub %16, %17
        return %5
      b2 from b0:
        %6 = const 7
        %7 = eq %0, %6
        branch %7, b3, b4
      b3 from b2:
        return %6
      b4 from b2:
        %15 = const 0
        jump b5
      b5 from b4:
        %8 = phi %15
        return %8
      }
      "
    `);
  });

  it('leaves loads and effects alone', () => {
    const result = transform(
      numberValues,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = load u32 [%0]
        %2 = load u32 [%0]
        %3 = intrinsic inb(%0)
        %4 = intrinsic inb(%0)
        %5 = intrinsic bswap(%0)
        %6 = intrinsic bswap(%0)
        %7 = intrinsic bsf(%0)
        %8 = select %1, %2, %3
        %9 = select %4, %5, %6
        %10 = add %8, %9
        %11 = add %10, %7
        return %11`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = load u32 [%0]
        %2 = load u32 [%0]
        %3 = intrinsic inb(%0)
        %4 = intrinsic inb(%0)
        %5 = intrinsic bswap(%0)
        %7 = intrinsic bsf(%0)
        %8 = select %1, %2, %3
        %9 = select %4, %5, %5
        %10 = add %8, %9
        %11 = add %10, %7
        return %11
      }
      "
    `);
  });
});
