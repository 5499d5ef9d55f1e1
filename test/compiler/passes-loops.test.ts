import { describe, expect, it } from 'vitest';
import { hoistInvariants } from '../../tools/compiler/passes/licm.ts';
import { transform } from './passes-support.ts';

describe('loop-invariant code motion', () => {
  it('moves pure work and safe loads before the loop', () => {
    const result = transform(
      hoistInvariants,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        %3 = symbol @d
        branch %0, b1, b4
      b1 from b0, b2:
        %4 = phi %2, %11
        %12 = symbol @table
        %5 = load u32 [%12 + 8]
        %6 = ltS %4, %5
        branch %6, b2, b3
      b2 from b1:
        %7 = const 7
        %8 = mul %1, %7
        %9 = load u32 [%0 + 12]
        %10 = add %8, %9
        %11 = add %4, %10
        store u32 [%3], %11
        jump b1
      b3 from b1:
        return %4
      b4 from b0:
        return %2`,
      'data @d size 4 align 4\ndata @table size 16 align 4',
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        %3 = symbol @d
        branch %0, b5, b4
      b5 from b0:
        %12 = symbol @table
        %5 = load u32 [%12 + 8]
        %7 = const 7
        %8 = mul %1, %7
        jump b1
      b1 from b5, b2:
        %4 = phi %2, %11
        %6 = ltS %4, %5
        branch %6, b2, b3
      b2 from b1:
        %9 = load u32 [%0 + 12]
        %10 = add %8, %9
        %11 = add %4, %10
        store u32 [%3], %11
        jump b1
      b3 from b1:
        return %4
      b4 from b0:
        return %2
      }
      "
    `);
  });

  it('leaves what may trap, may be overwritten, or must be watched', () => {
    const body = `b0:
        %0 = param 0
        %1 = param 1
        jump b1
      b1 from b0, b2:
        %2 = divS %0, %1
        %3 = load u32 [%0]
        %4 = load u32 [%0 + 4] volatile
        %5 = add %2, %3
        %6 = eq %5, %4
        branch %6, b2, b3
      b2 from b1:
        store u32 [%1], %6
        jump b1
      b3 from b1:
        return`;
    expect(transform(hoistInvariants, '(i32, i32): void', body)).toBe(transform(() => false, '(i32, i32): void', body));
  });

  it('moves out of all loops at once, with a preheader for several entries', () => {
    const result = transform(
      hoistInvariants,
      '(i32, i32): void',
      `b0:
        %0 = param 0
        %1 = param 1
        branch %0, b1, b2
      b1 from b0:
        jump b3
      b2 from b0:
        jump b3
      b3 from b1, b2, b5:
        %2 = phi %0, %1, %5
        jump b4
      b4 from b3, b4:
        %3 = phi %2, %5
        %4 = mul %0, %1
        %5 = add %3, %4
        branch %5, b4, b5
      b5 from b4:
        branch %4, b3, b6
      b6 from b5:
        return`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): void {
      b0:
        %0 = param 0
        %1 = param 1
        branch %0, b1, b2
      b1 from b0:
        jump b7
      b2 from b0:
        jump b7
      b7 from b1, b2:
        %13 = phi %0, %1
        %4 = mul %0, %1
        jump b3
      b3 from b7, b5:
        %2 = phi %13, %5
        jump b4
      b4 from b3, b4:
        %3 = phi %2, %5
        %5 = add %3, %4
        branch %5, b4, b5
      b5 from b4:
        branch %4, b3, b6
      b6 from b5:
        return
      }
      "
    `);
  });
});
