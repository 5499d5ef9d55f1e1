import { describe, expect, it } from 'vitest';
import { decodeFunction, Encoder } from '../../tools/compiler/ir/codec.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { printModule } from '../../tools/compiler/ir/print.ts';

/** Everything that the textual form can say, in the printer's own spelling. */
const sample = `entry @boot:main
constant @PAGE_SIZE = 4096
constant @BIG = -5n

struct @mm:Page size 8 align 4 {
  flags: u32 at 0 size 4
  next: "Page | null" at 4 size 4
}

data @mm:table size 40 align 4 constant section ".ro" exported {
  bytes 0: "0100000000000000000000000000000000000000000000000000000000000000"
  address 4: @mm:find - 1
  address 8: @"mm:pair<u8,u16>" + 4
}

data @mm:zero size 64 align 16

data @mm:empty size 4 align 4 {
}

function @mm:find(i32, i64): i32 section ".init" align 4 noinline exported named "the finder" !mm.ts:3:1 {
  slot 0: buffer size 16 align 4
  slot 1: "x y" size 8 align 8
b0:
  %0 = param 0 !3:22
  %1: i64 = param 1 !3:30
  %2 = load u16 [%0 + 4] volatile !4:10 !5:1 !"a b.ts":7:8
  %3: i64 = load u64 [%0 - 8]
  %4 = load i8 [%0]
  store u8 [%0], %4 volatile
  store u64 [%0 + 8], %3 !lib/x.ts:1:2
  %5 = symbol @mm:table + 8
  %6 = slot 1
  %7: i64 = const -9223372036854775808
  %8 = const -7
  %9 = intrinsic atomicXchg.u16(%0, %8)
  intrinsic cli()
  %10: i64 = call @mm:other(%0, %1)
  call @mm:nothing()
  %11 = callIndirect (i32, i64) %5(%8, %7)
  callIndirect () %5()
  %12 = ltU %2, %8
  %13 = select %12, %8, %9
  branch %13, b1, b3
b1 from b0, b1, b1 cold:
  %14 = phi %8, %15, %14
  %15 = add %14, %8
  switch %15 { 1: b1, -2: b1, else: b2 }
b2 from b1:
  return %15
b3 from b0:
  unreachable
}

function @entry(): void naked !boot.ts:1:1 {
  asm !2:3 {
    "push eax\\n"
    "call " @mm:find "\\n"
    "mov eax, " -5 ", " 6 "\\n"
    "ret"
  }
}
`;

describe('the textual form', () => {
  it('reads back as it was written', () => {
    expect(printModule(parseModule(sample))).toBe(sample);
  });

  it('says of a function that was encoded and decoded what it said before', () => {
    const module = parseModule(sample);
    const encoder = new Encoder();
    for (const [name, fn] of module.functions) module.functions.set(name, decodeFunction(encoder.encode(fn)));
    expect(printModule(module)).toBe(sample);
  });

  it('leaves out locations on request, and reads that too', () => {
    const bare = printModule(parseModule(sample), { locations: false });
    expect(bare).not.toContain('!4:10');
    expect(printModule(parseModule(bare), { locations: false })).toBe(bare);
  });

  it('works out the predecessors where a text leaves them out', () => {
    const text = `function @f(i32): void {
      b0:
        %0 = param 0
        branch %0, b1, b1 ; both ways
      b1:
        return
      }`;
    const [, target] = parseModule(text).functions.get('f')!.blocks;
    expect(target!.predecessors.map((block) => block.id)).toEqual([0, 0]);
  });

  it('shares equal locations', () => {
    const fn = parseModule('function @f(): void !a.ts:1:1 {\nb0:\n%0 = const 1 !2:3\n%1 = const 2 !2:3\nreturn\n}');
    const [first, second] = fn.functions.get('f')!.blocks[0]!.instructions;
    expect(first!.location).toBe(second!.location);
    expect(first!.location).toEqual({ file: 'a.ts', line: 2, column: 3 });
  });
});

describe('mistakes in a text', () => {
  const inBlock = (line: string): string => `function @f(i32): i32 {\nb0:\n  %0 = param 0\n  ${line}\n}`;
  it.each([
    ['fonction @f(): void {}', '1:1: expected "entry", "constant", "struct", "data" or "function", found "fonction"'],
    ['entry main', '1:7: expected a symbol, found "main"'],
    ['function @f(): u8 {}', '1:16: expected "i32", "i64" or "void", found "u8"'],
    ['function @f(): void {\n  return\n}', '2:3: expected a block such as "b0:", found "return"'],
    ['data @d size 4 align 4\ndata @d size 4 align 4', '2:6: @d is declared twice'],
    ['data @d size 1 align 1 { bytes 0: "0000" }', '1:35: more bytes than the size, 1'],
    ['data @d size 1 align 1 { bytes 0: "0" }', '1:35: expected pairs of hexadecimal digits'],
    ['function @f(): void {\nb0:\n  return\nb0:\n}', '4:1: block b0 is defined twice'],
    [inBlock('%1 = add %0'), '4:12: add takes 2 operands, not 1'],
    [inBlock('%1 = bad %0'), '4:8: unknown operation "bad"'],
    [inBlock('add %0, %0'), '4:3: the result of add needs a name'],
    [inBlock('%0 = add %0, %0'), '4:3: %0 is defined twice'],
    [inBlock('return %7'), '4:10: %7 is not defined'],
    [inBlock('jump b7'), '4:8: b7 is not defined'],
    [inBlock('%1 = load 32 [%0]'), '4:13: expected a width such as "u32", found "32"'],
    [inBlock('%1 = intrinsic frob(%0)'), '4:18: unknown intrinsic "frob"'],
    [inBlock('%1 = intrinsic atomicXchg(%0, %0)'), '4:18: atomicXchg needs a width: atomicXchg.u32'],
    [inBlock('%1 = intrinsic inb.u8(%0)'), '4:18: inb has no width'],
    [inBlock('return %0 ~'), '4:13: unexpected character "~"'],
    ['function @f(): void {', '1:22: expected a block such as "b0:", found the end of the text'],
    ['entry @"\\q"', '1:7: malformed string "\\q"'],
  ])('%s', (text, message) => {
    expect(() => parseModule(text)).toThrow(message);
  });
});
