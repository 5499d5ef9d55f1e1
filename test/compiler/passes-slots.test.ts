import { describe, expect, it } from 'vitest';
import { removeDeadStores } from '../../tools/compiler/passes/dead-stores.ts';
import { forwardLoads } from '../../tools/compiler/passes/forward-loads.ts';
import { promoteSlots } from '../../tools/compiler/passes/promote-slots.ts';
import { transform } from './passes-support.ts';

describe('promotion of slots', () => {
  it('makes phis where stores meet', () => {
    const result = transform(
      promoteSlots,
      '(i32, i32): i32',
      `  slot 0: x size 4 align 4
      b0:
        %0 = param 0
        %1 = param 1
        %2 = slot 0
        store u32 [%2], %0
        jump b1
      b1 from b0, b2:
        %3 = slot 0
        %4 = load u32 [%3]
        %5 = ltS %4, %1
        branch %5, b2, b3
      b2 from b1:
        %6 = load u32 [%2]
        %7 = add %6, %6
        store u32 [%2], %7
        jump b1
      b3 from b1:
        %8 = load u32 [%2]
        return %8`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %16 = const 0
        jump b1
      b1 from b0, b2:
        %15 = phi %0, %7
        %5 = ltS %15, %1
        branch %5, b2, b3
      b2 from b1:
        %7 = add %15, %15
        jump b1
      b3 from b1:
        return %15
      }
      "
    `);
  });

  it('takes a zeroed struct apart', () => {
    const result = transform(
      promoteSlots,
      '(i32): i64',
      `  slot 0: s size 16 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = const 0
        %3 = const 16
        intrinsic fillBytes(%1, %2, %3)
        store u8 [%1 + 4], %0
        store u16 [%1 + 6], %0
        %4 = load i8 [%1 + 4]
        %5 = load u16 [%1 + 6]
        %6: i64 = load u64 [%1 + 8]
        %7 = load u32 [%1]
        %8 = add %4, %5
        %9 = add %7, %8
        %10: i64 = zextWide %9
        %11: i64 = add %6, %10
        return %11`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i64 {
      b0:
        %0 = param 0
        %19: i64 = const 0
        %18 = const 0
        %17 = const 0
        %16 = const 0
        %2 = const 0
        %3 = const 16
        %20 = const 0
        %21 = const 0
        %22 = const 0
        %23: i64 = const 0
        %4 = sext8 %0
        %5 = zext16 %0
        %8 = add %4, %5
        %9 = add %20, %8
        %10: i64 = zextWide %9
        %11: i64 = add %23, %10
        return %11
      }
      "
    `);
  });

  it('leaves what escapes, overlaps in part or is volatile', () => {
    const result = transform(
      promoteSlots,
      '(i32): i32',
      `  slot 0: escapes size 4 align 4
        slot 1: overlaps size 8 align 4
        slot 2: watched size 4 align 4
        slot 3: unused size 4 align 4
        slot 4: indexed size 16 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = slot 1
        %3 = slot 2
        %4 = slot 4
        store u32 [%1], %1
        store u32 [%2], %0
        %5 = load u16 [%2 + 2]
        store u32 [%3], %0 volatile
        %6 = add %4, %0
        store u32 [%4], %0
        %7 = load u32 [%6]
        return %7`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
        slot 0: escapes size 4 align 4
        slot 1: overlaps size 8 align 4
        slot 2: watched size 4 align 4
        slot 3: indexed size 16 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        %2 = slot 1
        %3 = slot 2
        %4 = slot 3
        store u32 [%1], %1
        store u32 [%2], %0
        %5 = load u16 [%2 + 2]
        store u32 [%3], %0 volatile
        %6 = add %4, %0
        store u32 [%4], %0
        %7 = load u32 [%6]
        return %7
      }
      "
    `);
  });
});

describe('addresses within a slot', () => {
  // As a loop counts down through an array, and a pointer to the rest of it is indexed afterwards.
  const body = `  slot 0: digits size 24 align 4
      b0:
        %0 = param 0
        %1 = param 1
        %2 = slot 0
        %3 = add %2, %0
        store u8 [%3 + 23], %1
        %4 = add %3, %1
        %5 = load u8 [%4]
        return %5`;

  it('are followed through any number of additions', () => {
    for (const pass of [removeDeadStores, forwardLoads]) {
      expect(transform(pass, '(i32, i32): i32', body)).toContain('store u8 [%3 + 23], %1');
      expect(transform(pass, '(i32, i32): i32', body)).toContain('%5 = load u8 [%4]');
    }
  });
});
