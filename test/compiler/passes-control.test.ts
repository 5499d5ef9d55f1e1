import { describe, expect, it } from 'vitest';
import { convertBranches } from '../../tools/compiler/passes/if-convert.ts';
import { simplifyControlFlow } from '../../tools/compiler/passes/simplify-cfg.ts';
import { transform } from './passes-support.ts';

describe('simplification of control flow', () => {
  it('decides constant branches and merges what is left', () => {
    const result = transform(
      simplifyControlFlow,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = const 0
        branch %1, b1, b2
      b1 from b0:
        %2 = add %0, %0
        jump b3
      b2 from b0:
        %3 = mul %0, %0
        jump b3
      b3 from b1, b2:
        %4 = phi %2, %3
        jump b4
      b4 from b3:
        return %4`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = const 0
        %3 = mul %0, %0
        return %3
      }
      "
    `);
  });

  it('goes past empty blocks, as far as phis allow', () => {
    const result = transform(
      simplifyControlFlow,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        branch %0, b1, b2
      b1 from b0:
        jump b3
      b2 from b0:
        %2 = add %0, %1
        branch %2, b4, b5
      b4 from b2:
        jump b5
      b5 from b2, b4:
        jump b3
      b3 from b1, b5:
        %3 = phi %0, %1
        return %3`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        branch %0, b3, b2
      b2 from b0:
        %2 = add %0, %1
        jump b3
      b3 from b0, b2:
        %3 = phi %0, %1
        return %3
      }
      "
    `);
  });

  it('cleans up switches', () => {
    const result = transform(
      simplifyControlFlow,
      '(i32): i32',
      `b0:
        %0 = param 0
        switch %0 { 1: b1, 2: b3, 3: b2, else: b3 }
      b1 from b0:
        switch %0 { 5: b3, 7: b2, else: b3 }
      b2 from b0, b1:
        return %0
      b3 from b0, b0, b1, b1:
        %1 = const 4
        switch %1 { 4: b4, else: b5 }
      b4 from b3:
        return %1
      b5 from b3:
        unreachable`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        switch %0 { 1: b1, 3: b2, else: b3 }
      b1 from b0:
        %8 = const 7
        %9 = eq %0, %8
        branch %9, b2, b3
      b2 from b0, b1:
        return %0
      b3 from b0, b1:
        %1 = const 4
        return %1
      }
      "
    `);
  });

  it('threads branches on phis of constants: && in a variable', () => {
    const result = transform(
      simplifyControlFlow,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        branch %0, b1, b2
      b1 from b0:
        %3 = ne %1, %2
        jump b2
      b2 from b0, b1:
        %4 = phi %2, %3
        branch %4, b3, b4
      b3 from b2:
        return %1
      b4 from b2:
        return %2`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        branch %0, b1, b4
      b1 from b0:
        %3 = ne %1, %2
        branch %3, b3, b4
      b3 from b1:
        return %1
      b4 from b1, b0:
        return %2
      }
      "
    `);
  });

  it('threads past a value that is needed only on the other way', () => {
    const result = transform(
      simplifyControlFlow,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        branch %0, b1, b2
      b1 from b0:
        %3 = load u32 [%0]
        jump b2
      b2 from b0, b1:
        %4 = phi %2, %3
        branch %4, b3, b4
      b3 from b2:
        %5 = add %4, %1
        return %5
      b4 from b2:
        return %2`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        branch %0, b1, b4
      b1 from b0:
        %3 = load u32 [%0]
        branch %3, b3, b4
      b3 from b1:
        %5 = add %3, %1
        return %5
      b4 from b1, b0:
        return %2
      }
      "
    `);
  });

  it('does not thread where the value is needed below', () => {
    const result = transform(
      simplifyControlFlow,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        branch %0, b1, b2
      b1 from b0:
        %3 = ne %1, %2
        jump b2
      b2 from b0, b1:
        %4 = phi %2, %3
        branch %4, b3, b4
      b3 from b2:
        return %1
      b4 from b2:
        return %4`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = const 0
        branch %0, b1, b2
      b1 from b0:
        %3 = ne %1, %2
        jump b2
      b2 from b0, b1:
        %4 = phi %2, %3
        branch %4, b3, b4
      b3 from b2:
        return %1
      b4 from b2:
        return %4
      }
      "
    `);
  });

  it('removes loops that are not reached, and keeps those that do not end', () => {
    const result = transform(
      simplifyControlFlow,
      '(): void',
      `b0:
        jump b3
      b1 from b2:
        jump b2
      b2 from b1:
        jump b1
      b3 from b0, b3:
        jump b3`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(): void {
      b0:
        jump b3
      b3 from b0, b3:
        jump b3
      }
      "
    `);
  });
});

describe('if-conversion', () => {
  it('chooses between values that are there', () => {
    const result = transform(
      convertBranches,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = ltS %0, %1
        branch %2, b1, b2
      b1 from b0:
        jump b3
      b2 from b0:
        %3 = neg %0
        jump b3
      b3 from b1, b2:
        %4 = phi %1, %3
        return %4`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %2 = ltS %0, %1
        %3 = neg %0
        %9 = select %2, %1, %3
        jump b3
      b3 from b0:
        %4 = phi %9
        return %4
      }
      "
    `);
  });

  it('takes triangles, and phis that agree', () => {
    const result = transform(
      convertBranches,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        branch %0, b2, b1
      b1 from b0:
        jump b2
      b2 from b0, b1, b3:
        %2 = phi %0, %1, %4
        %3 = phi %1, %1, %0
        branch %3, b3, b4
      b3 from b2:
        %4 = add %2, %3
        jump b2
      b4 from b2:
        return %2`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %10 = select %0, %0, %1
        jump b2
      b2 from b0, b3:
        %2 = phi %10, %4
        %3 = phi %1, %0
        branch %3, b3, b4
      b3 from b2:
        %4 = add %2, %3
        jump b2
      b4 from b2:
        return %2
      }
      "
    `);
  });

  it.each([
    ['work on a side', '%5 = add %0, %1\n%6 = mul %5, %5\n%3 = sub %6, %0', ''],
    ['a load', '%3 = load u32 [%0]', ''],
    ['a division that may trap', '%3 = divU %0, %1', ''],
    ['a call', '%3 = call @g()', ''],
    ['a cold side', '%3 = add %0, %1', ' cold'],
  ])('leaves %s', (_, side, cold) => {
    const result = transform(
      convertBranches,
      '(i32, i32): i32',
      `b0:
        %0 = param 0
        %1 = param 1
        branch %0, b1, b2
      b1 from b0${cold}:
        ${side}
        jump b2
      b2 from b0, b1:
        %4 = phi %1, %3
        return %4`,
      'function @g(): i32 {\nb0:\n%0 = const 1\nreturn %0\n}',
    );
    expect(result).toContain('branch %0, b1, b2');
    expect(result).not.toContain('select');
  });
});
