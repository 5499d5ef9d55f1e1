import { describe, expect, it } from 'vitest';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';
import { dropArguments } from '../../tools/compiler/passes/arguments.ts';
import { inlineCalls } from '../../tools/compiler/passes/inline.ts';
import { optimise, passNames, passesOf } from '../../tools/compiler/passes/optimise.ts';
import { Runner } from '../../tools/compiler/passes/pass.ts';
import { removeUnreferenced } from '../../tools/compiler/passes/remove-unreferenced.ts';
import { simplifyControlFlow } from '../../tools/compiler/passes/simplify-cfg.ts';
import { transformModule } from './passes-support.ts';

const cleanUp = [{ name: 'simplify-cfg', run: simplifyControlFlow }];
const inline = (module: IrModule): void => inlineCalls(module, cleanUp, new Runner());

/** The functions that are called from others, after inlining. */
function callsLeft(text: string): string[] {
  const result = transformModule(inline, text);
  return [...new Set([...result.matchAll(/call @(\w+)/g)].map(([, name]) => name!))];
}

/** A function of about `size` instructions that returns its argument. */
function bulky(name: string, size: number, tags = ''): string {
  const lines = Array.from({ length: size }, (_, i) => `%${i + 1} = mul %${i}, %${i}`);
  return `function @${name}(i32): i32 ${tags} {\nb0:\n%0 = param 0\n${lines.join('\n')}\nreturn %${size}\n}`;
}

const caller = (...names: string[]): string => {
  const calls = names.map((name, i) => `%${i + 1} = call @${name}(%${i})`);
  return `function @main(i32): i32 exported {\nb0:\n%0 = param 0\n${calls.join('\n')}\nreturn %${names.length}\n}`;
};

describe('inlining', () => {
  it('copies bodies with branches, slots and several returns', () => {
    const result = transformModule(
      inline,
      `function @main(i32): i32 exported {
        slot 0: mine size 4 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        store u32 [%1], %0
        %2 = call @clamp(%0)
        %3 = call @clamp(%2)
        return %3
      }
      function @clamp(i32): i32 inline {
        slot 0: theirs size 8 align 8
      b0:
        %0 = param 0
        %1 = const 10
        %2 = slot 0
        store u32 [%2 + 4], %0
        %3 = ltS %1, %0
        branch %3, b1, b2
      b1 from b0 cold:
        return %1
      b2 from b0:
        return %0
      }`,
    );
    expect(result.slice(0, result.indexOf('function @clamp'))).toMatchInlineSnapshot(`
      "
      function @main(i32): i32 exported {
        slot 0: mine size 4 align 4
        slot 1: theirs size 8 align 8
        slot 2: theirs size 8 align 8
      b0:
        %0 = param 0
        %1 = slot 0
        store u32 [%1], %0
        %6 = const 10
        %7 = slot 1
        store u32 [%7 + 4], %0
        %9 = ltS %6, %0
        branch %9, b1, b4
      b4 from b0:
        jump b1
      b1 from b4, b0:
        %14 = phi %0, %6
        %15 = const 10
        %16 = slot 2
        store u32 [%16 + 4], %14
        %18 = ltS %15, %14
        branch %18, b5, b8
      b8 from b1:
        jump b5
      b5 from b8, b1:
        %23 = phi %14, %15
        return %23
      }

      "
    `);
  });

  it('says where inlined code comes from, through several levels', () => {
    const module = parseModule(`function @main(i32): i32 exported !main.ts:1:1 {
      b0:
        %0 = param 0
        %1 = call @outer(%0) !5:5
        return %1 !5:1
      }
      function @outer(i32): i32 !outer.ts:1:1 {
      b0:
        %0 = param 0
        %1 = call @inner(%0) !7:7
        %2 = neg %1 !8:8
        return %2
      }
      function @inner(i32): i32 !inner.ts:1:1 {
      b0:
        %0 = param 0
        %1 = not %0 !9:9
        return %1
      }`);
    inline(module);
    module.functions.delete('outer');
    module.functions.delete('inner');
    expect(`\n${printModule(module)}`).toMatchInlineSnapshot(`
      "
      function @main(i32): i32 exported !main.ts:1:1 {
      b0:
        %0 = param 0
        %3 = not %0 !inner.ts:9:9 !outer.ts:7:7 !5:5
        %4 = neg %3 !outer.ts:8:8 !5:5
        return %4 !5:1
      }
      "
    `);
  });

  it('handles a callee that does not come back', () => {
    const result = transformModule(
      inline,
      `function @main(): i32 exported {
      b0:
        %0 = call @stop()
        return %0
      }
      function @stop(): i32 {
      b0:
        intrinsic hlt()
        jump b1
      b1 from b0, b1:
        intrinsic pause()
        jump b1
      }`,
    );
    expect(result.slice(0, result.indexOf('function @stop'))).toMatchInlineSnapshot(`
      "
      function @main(): i32 exported {
      b0:
        intrinsic hlt()
        jump b3
      b3 from b0, b3:
        intrinsic pause()
        jump b3
      }

      "
    `);
  });

  it('takes small functions, and large ones with one caller', () => {
    expect(callsLeft(`${caller('small', 'small', 'once')}\n${bulky('small', 10)}\n${bulky('once', 100)}`)).toEqual([]);
  });

  it('leaves large functions with several callers, and what is tagged so', () => {
    const text = `${caller('large', 'large', 'never', 'always', 'always')}
      ${bulky('large', 40)}\n${bulky('never', 3, 'noinline')}\n${bulky('always', 200, 'inline')}`;
    expect(callsLeft(text)).toEqual(['large', 'never']);
  });

  it('leaves large functions that are called once, but used elsewhere too', () => {
    const pointer = 'data @p size 4 align 4 {\naddress 0: @once\n}';
    expect(callsLeft(`${caller('once')}\n${bulky('once', 100)}\n${pointer}`)).toEqual(['once']);
    expect(callsLeft(`${caller('once')}\n${bulky('once', 100, 'exported')}`)).toEqual(['once']);
  });

  it('leaves recursion, assembly, other sections, and functions that look at their frame', () => {
    const text = `${caller('self', 'ping', 'naked', 'early', 'frame')}
      function @self(i32): i32 inline {\nb0:\n%0 = param 0\n%1 = call @self(%0)\nreturn %1\n}
      function @ping(i32): i32 {\nb0:\n%0 = param 0\n%1 = call @pong(%0)\nreturn %1\n}
      function @pong(i32): i32 {\nb0:\n%0 = param 0\n%1 = call @ping(%0)\nreturn %1\n}
      function @naked(i32): i32 naked {\nasm { "ret" }\n}
      function @early(i32): i32 section ".boot" {\nb0:\n%0 = param 0\nreturn %0\n}
      function @frame(i32): i32 {\nb0:\n%0 = param 0\n%1 = intrinsic returnAddress()\nreturn %1\n}`;
    expect(callsLeft(text)).toEqual(['self', 'ping', 'naked', 'early', 'frame', 'pong']);
  });

  it('is sparing in cold code', () => {
    const text = `function @main(i32): i32 exported {
      b0:
        %0 = param 0
        branch %0, b1, b2
      b1 from b0 cold:
        %1 = call @small(%0)
        %2 = call @tiny(%1)
        return %2
      b2 from b0:
        return %0
      }
      ${bulky('small', 10)}\n${bulky('tiny', 3)}`;
    expect(callsLeft(text)).toEqual(['small']);
  });

  it('does not bring large frames along', () => {
    const text = `${caller('framed')}
      function @framed(i32): i32 {
        slot 0: buffer size 256 align 4
      b0:
        %0 = param 0
        %1 = slot 0
        store u32 [%1], %0
        return %0
      }`;
    expect(callsLeft(text)).toEqual(['framed']);
  });
});

describe('removal of what nothing refers to', () => {
  const text = `entry @main
    data @used size 4 align 4 {
      address 0: @handler + 0
    }
    data @unused size 4 align 4
    data @placed size 4 align 4 section ".multiboot"
    data @shown size 4 align 4 exported
    data @member size 4 align 4 section "initcalls"
    function @main(): void {
    b0:
      %0 = symbol @used
      call @stub()
      return
    }
    function @handler(): void {
    b0:
      return
    }
    function @stub(): void naked {
      asm { "call " @target }
    }
    function @target(): void {
    b0:
      return
    }
    function @orphan(): void {
    b0:
      call @orphan()
      return
    }
    function @seen(): void exported {
    b0:
      return
    }
    function @early(): void section "early" {
    b0:
      return
    }`;

  it('follows calls, addresses, relocations and assembly', () => {
    const module = parseModule(text);
    removeUnreferenced(module);
    expect([...module.functions.keys()]).toEqual(['main', 'handler', 'stub', 'target', 'seen']);
    expect([...module.data.keys()]).toEqual(['used', 'placed', 'shown', 'member']);
  });

  it('keeps a section whose start is asked for', () => {
    const module = parseModule(text.replace('symbol @used', 'symbol @__start_early'));
    removeUnreferenced(module);
    expect([...module.functions.keys()]).toEqual(['main', 'stub', 'target', 'seen', 'early']);
  });

  it('keeps all functions of a library', () => {
    const module = parseModule(`${bulky('a', 1)}\n${bulky('b', 1)}\ndata @d size 4 align 4`);
    removeUnreferenced(module);
    expect([...module.functions.keys()]).toEqual(['a', 'b']);
    expect(module.data.size).toBe(0);
  });
});

describe('arguments that say nothing', () => {
  const callee = (tags = ''): string => `function @g(i32, i32, i64, i32): i32 ${tags} {
    b0:
      %0 = param 0
      %1 = param 1
      %2: i64 = param 2
      %3 = param 3
      branch %0, b1, b2
    b1 from b0:
      %4 = add %0, %3
      %5 = call @g(%4, %1, %2, %3)
      return %5
    b2 from b0:
      %6 = load u32 [%3 + 4]
      return %6
    }`;
  const main = `data @d size 8 align 4
    function @main(i32): i32 exported {
    b0:
      %0 = param 0
      %1: i64 = const 5
      %2 = symbol @d
      %3 = call @g(%0, %0, %1, %2)
      return %3
    }`;

  it('become constants, or go', () => {
    expect(transformModule(dropArguments, `${main}\n${callee()}`)).toMatchInlineSnapshot(`
      "
      data @d size 8 align 4

      function @main(i32): i32 exported {
      b0:
        %0 = param 0
        %1: i64 = const 5
        %2 = symbol @d
        %3 = call @g(%0, %0)
        return %3
      }

      function @g(i32, i32): i32 {
      b0:
        %0 = param 0
        %1 = param 1
        %10: i64 = const 5
        %11 = symbol @d
        branch %0, b1, b2
      b1 from b0:
        %4 = add %0, %11
        %5 = call @g(%4, %1)
        return %5
      b2 from b0:
        %6 = load u32 [%11 + 4]
        return %6
      }
      "
    `);
  });

  it('stay where not all calls are known', () => {
    const unchanged = (text: string): void => {
      expect(transformModule(dropArguments, text)).toBe(transformModule(() => undefined, text));
    };
    unchanged(`${main}\n${callee('exported')}`);
    unchanged(`${main}\n${callee()}\ndata @p size 4 align 4 {\naddress 0: @g\n}`);
    unchanged(`${main}\n${callee()}\nfunction @a(): void naked {\nasm { "call " @g }\n}`);
    unchanged(`${main.replace('exported', '')}\n${callee()}`);
  });
});

describe('the pipeline', () => {
  const text = `${caller('small', 'small')}\n${bulky('small', 2)}`;

  it('reports every pass by name, in its order', () => {
    for (const level of [0, 1, 2] as const) {
      const seen: string[] = [];
      optimise(parseModule(text), { level, dump: (pass) => seen.push(pass) });
      expect(seen).toEqual(passesOf(level).map(({ name }) => name));
      expect(passNames()).toEqual(expect.arrayContaining(seen));
    }
  });

  it('leaves the program as it is at level 0', () => {
    const module = parseModule(text);
    const before = printModule(module);
    optimise(module, { level: 0 });
    expect(printModule(module)).toBe(before);
  });

  it('does everything at level 2', () => {
    const module = parseModule(text);
    optimise(module, { verify: true });
    expect(`\n${printModule(module)}`).toMatchInlineSnapshot(`
      "
      function @main(i32): i32 exported {
      b0:
        %0 = param 0
        %4 = mul %0, %0
        %5 = mul %4, %4
        %7 = mul %5, %5
        %8 = mul %7, %7
        return %8
      }
      "
    `);
  });

  it('stops at IR that is broken, and says who broke it', () => {
    const module = parseModule(text);
    const spoil = (): void => void module.functions.get('main')!.blocks[0]!.instructions.pop();
    expect(() => {
      optimise(module, { verify: true, dump: spoil });
    }).toThrow(/^invalid IR after remove-unreferenced:\nfunction main/);
  });
});
