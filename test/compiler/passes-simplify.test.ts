import { describe, expect, it } from 'vitest';
import { intrinsics } from '../../tools/compiler/ir/intrinsics.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import type { Instruction, IrModule } from '../../tools/compiler/ir/types.ts';
import { assertValid } from '../../tools/compiler/ir/verify.ts';
import { simplify } from '../../tools/compiler/passes/simplify.ts';
import { transform } from './passes-support.ts';

/*
 * The rules are tables of expressions: `add(add(x, 1), 2)` becomes `add(x, 3)`. x, y, z are i32 parameters, v and w i64
 * ones; plain numbers are i32 constants, `5n` is an i64; `u8(x, 4)` is a load of a byte at x + 4; `@d+4` an address.
 */
const data = `data @d size 16 align 4
data @table size 8 align 4 constant {
  bytes 0: "ff80010203040506"
  address 4: @g + 0
}
function @g(i32): i32 {
b0:
  %0 = param 0
  return %0
}`;

/** Turns an expression into lines of text. */
class Writer {
  readonly lines: string[] = [];
  #next = 5;
  readonly #types = new Map<string, 'i32' | 'i64'>([
    ['%3', 'i64'],
    ['%4', 'i64'],
  ]);
  #rest: string;

  constructor(text: string) {
    this.#rest = text.replaceAll(' ', '');
  }

  value(): string {
    const [token = ''] = /^(@\w+(\+\d+)?|-?\d+n?|\w+)/.exec(this.#rest) ?? [];
    this.#rest = this.#rest.slice(token.length);
    if (this.#rest.startsWith('(')) return this.#call(token);
    const param = ['x', 'y', 'z', 'v', 'w'].indexOf(token);
    if (param >= 0) return `%${param}`;
    if (token.startsWith('@')) return this.#define('i32', `symbol ${token.replace('+', ' + ')}`);
    if (token.endsWith('n')) return this.#define('i64', `const ${token.slice(0, -1)}`);
    return this.#define('i32', token === 'slot' ? 'slot 0' : `const ${token}`);
  }

  #call(op: string): string {
    const args: string[] = [];
    do {
      this.#rest = this.#rest.slice(1);
      args.push(/^[iu]\d+$/.test(op) && args.length === 1 ? this.#number() : this.value());
    } while (this.#rest.startsWith(','));
    this.#rest = this.#rest.slice(1);
    if (/^[iu]\d+$/.test(op))
      return this.#define(op.endsWith('64') ? 'i64' : 'i32', `load ${op} [${args[0]!} + ${args[1] ?? '0'}]`);
    if (intrinsics.has(op)) return this.#define('i32', `intrinsic ${op}(${args.join(', ')})`);
    return this.#define(this.#resultType(op, args), `${op} ${args.join(', ')}`);
  }

  #number(): string {
    const [token = ''] = /^\d+/.exec(this.#rest) ?? [];
    this.#rest = this.#rest.slice(token.length);
    return token;
  }

  #resultType(op: string, args: readonly string[]): 'i32' | 'i64' {
    if (op.endsWith('Wide')) return 'i64';
    if (op === 'narrow' || /^(eq|ne|lt|le)/.test(op)) return 'i32';
    return this.type(args[op === 'select' ? 1 : 0]!);
  }

  type(name: string): 'i32' | 'i64' {
    return this.#types.get(name) ?? 'i32';
  }

  #define(type: 'i32' | 'i64', text: string): string {
    const name = `%${this.#next++}`;
    this.#types.set(name, type);
    this.lines.push(`${name}: ${type} = ${text}`);
    return name;
  }
}

/** The value as an expression. */
function show(value: Instruction): string {
  const args = value.args.map(show).join(', ');
  switch (value.op) {
    case 'param':
      return 'xyzvw'[value.index]!;
    case 'const':
      return `${value.value}${typeof value.value === 'bigint' ? 'n' : ''}`;
    case 'symbol':
      return `@${value.symbol}${value.offset === 0 ? '' : `+${value.offset}`}`;
    case 'slot':
      return 'slot';
    case 'intrinsic':
      return `${value.intrinsic}(${args})`;
    case 'load':
      return `${value.signed ? 'i' : 'u'}${value.size * 8}(${args}${value.offset === 0 ? '' : `, ${value.offset}`})`;
    default:
      return `${value.op}(${args})`;
  }
}

function build(expression: string): IrModule {
  const writer = new Writer(expression);
  const result = writer.value();
  const params = ['i32', 'i32', 'i32', 'i64', 'i64'];
  const heads = params.map((type, index) => `%${index}: ${type} = param ${index}`);
  return parseModule(`function @f(${params.join(', ')}): ${writer.type(result)} {
    slot 0: s size 8 align 4
    b0:
    ${[...heads, ...writer.lines].join('\n')}
    return ${result}
  }
  ${data}`);
}

function simplified(expression: string): string {
  const module = build(expression);
  assertValid(module, 'parsing');
  const fn = module.functions.get('f')!;
  simplify(fn, module);
  assertValid(module, 'simplify');
  const [result] = fn.blocks[0]!.terminator!.args;
  return show(result!);
}

describe('expressions', () => {
  it.each<[string, string]>([
    // addition
    ['add(x, 0)', 'x'],
    ['add(4, x)', 'add(x, 4)'],
    ['add(add(x, 1), 2)', 'add(x, 3)'],
    ['add(add(x, 4), y)', 'add(add(x, y), 4)'],
    ['add(add(x, 4), add(y, 8))', 'add(add(y, x), 12)'],
    ['add(sub(10, x), 5)', 'sub(15, x)'],
    ['add(x, neg(y))', 'sub(x, y)'],
    ['add(sub(x, y), y)', 'x'],
    ['add(x, x)', 'shl(x, 1)'],
    ['add(@d, 8)', '@d+8'],
    ['add(add(v, 5n), 6n)', 'add(v, 11n)'],
    ['sub(x, 5)', 'add(x, -5)'],
    ['sub(x, -2147483648)', 'add(x, -2147483648)'],
    ['sub(x, x)', '0'],
    ['sub(v, v)', '0n'],
    ['sub(0, x)', 'neg(x)'],
    ['sub(add(x, y), y)', 'x'],
    ['sub(add(y, x), y)', 'x'],
    ['sub(x, add(x, y))', 'neg(y)'],
    ['sub(x, sub(x, y))', 'y'],
    ['sub(add(x, 4), y)', 'add(sub(x, y), 4)'],
    ['sub(x, add(y, 4))', 'add(sub(x, y), -4)'],
    ['neg(neg(x))', 'x'],
    ['neg(sub(x, y))', 'sub(y, x)'],
    // multiplication and division
    ['mul(x, 0)', '0'],
    ['mul(x, 1)', 'x'],
    ['mul(x, -1)', 'neg(x)'],
    ['mul(8, x)', 'shl(x, 3)'],
    ['mul(x, -2147483648)', 'shl(x, 31)'],
    ['mul(v, 4294967296n)', 'shl(v, 32)'],
    ['mul(mul(x, 3), 5)', 'mul(x, 15)'],
    ['mul(shl(x, 2), 5)', 'mul(x, 20)'],
    ['mul(add(x, 2), 12)', 'add(mul(x, 12), 24)'],
    ['divU(x, 1)', 'x'],
    ['divS(x, 1)', 'x'],
    ['remS(x, 1)', '0'],
    ['divU(x, 16)', 'shrU(x, 4)'],
    ['divU(x, -2147483648)', 'shrU(x, 31)'],
    ['remU(x, 16)', 'and(x, 15)'],
    ['remU(v, 65536n)', 'zextWide(zext16(narrow(v)))'],
    ['remU(v, 1099511627776n)', 'and(v, 1099511627775n)'],
    ['divU(v, 65536n)', 'shrU(v, 16)'],
    ['divS(zext8(x), 4)', 'shrU(zext8(x), 2)'],
    ['divS(x, -1)', 'divS(x, -1)'],
    ['divU(x, 0)', 'divU(x, 0)'],
    // bits
    ['and(x, x)', 'x'],
    ['and(x, 0)', '0'],
    ['and(x, -1)', 'x'],
    ['and(and(x, 12), 6)', 'and(x, 4)'],
    ['and(x, 255)', 'zext8(x)'],
    ['and(x, 65535)', 'zext16(x)'],
    ['and(u8(x), 255)', 'u8(x)'],
    ['and(u8(x), 256)', '0'],
    ['and(sext8(x), 15)', 'and(x, 15)'],
    ['and(or(x, 8), 7)', 'and(x, 7)'],
    ['and(v, 255n)', 'zextWide(zext8(narrow(v)))'],
    ['and(zextWide(x), -256n)', 'zextWide(and(x, -256))'],
    ['or(x, 0)', 'x'],
    ['or(or(x, 1), 2)', 'or(x, 3)'],
    ['or(zextWide(x), zextWide(y))', 'zextWide(or(x, y))'],
    ['xor(x, x)', '0'],
    ['xor(x, -1)', 'not(x)'],
    ['xor(xor(x, 1), 3)', 'xor(x, 2)'],
    ['xor(ltS(x, y), 1)', 'leS(y, x)'],
    ['not(not(v))', 'v'],
    ['not(xor(x, 5))', 'xor(x, -6)'],
    ['shl(x, 0)', 'x'],
    ['shl(x, 33)', 'shl(x, 1)'],
    ['shl(x, and(y, 31))', 'shl(x, y)'],
    ['shl(v, and(y, 31))', 'shl(v, and(y, 31))'],
    ['shl(shl(x, 20), 12)', '0'],
    ['shl(shl(x, 2), 3)', 'shl(x, 5)'],
    ['shl(shrU(x, 4), 4)', 'and(x, -16)'],
    ['shl(add(x, 3), 2)', 'add(shl(x, 2), 12)'],
    ['shrU(shl(x, 24), 24)', 'zext8(x)'],
    ['shrU(zext8(x), 8)', '0'],
    ['shrU(shrU(x, 8), 8)', 'shrU(x, 16)'],
    ['shrS(shl(x, 24), 24)', 'sext8(x)'],
    ['shrS(shl(x, 16), 16)', 'sext16(x)'],
    ['shrS(shrS(x, 20), 20)', 'shrS(x, 31)'],
    ['shrS(u16(x), 3)', 'shrU(u16(x), 3)'],
    ['shrU(zextWide(x), 8)', 'zextWide(shrU(x, 8))'],
    ['shrU(zextWide(x), 32)', '0n'],
    // comparisons
    ['eq(x, x)', '1'],
    ['ltU(v, v)', '0'],
    ['leS(x, 4)', 'ltS(x, 5)'],
    ['leS(4, x)', 'ltS(3, x)'],
    ['leS(x, 2147483647)', '1'],
    ['leU(x, -1)', '1'],
    ['leU(0, x)', '1'],
    ['ltU(x, 0)', '0'],
    ['ltU(x, 1)', 'eq(x, 0)'],
    ['ltU(0, x)', 'ne(x, 0)'],
    ['ltS(x, -2147483648)', '0'],
    ['ltU(u8(x), 256)', '1'],
    ['ltS(300, u8(x))', '0'],
    ['ltS(u8(x), u8(y))', 'ltU(u8(x), u8(y))'],
    ['ltS(u8(x), 0)', '0'],
    ['eq(sub(x, y), 0)', 'eq(x, y)'],
    ['ne(add(x, 3), 5)', 'ne(x, 2)'],
    ['eq(xor(x, 3), 5)', 'eq(x, 6)'],
    ['eq(neg(x), 3)', 'eq(x, -3)'],
    ['eq(u8(x), 256)', '0'],
    ['eq(and(x, 4), 4)', 'ne(and(x, 4), 0)'],
    ['eq(ltS(x, y), 0)', 'leS(y, x)'],
    ['ne(eq(x, y), 0)', 'eq(x, y)'],
    ['ne(ltU(x, y), 1)', 'leU(y, x)'],
    ['eq(remS(x, 8), 0)', 'eq(and(x, 7), 0)'],
    ['eq(remS(x, 7), 0)', 'eq(remS(x, 7), 0)'],
    ['ltS(sub(u8(x), u8(y)), 0)', 'ltU(u8(x), u8(y))'],
    ['ltS(0, sub(u8(x), u8(y)))', 'ltU(u8(y), u8(x))'],
    ['ltS(sub(x, y), 0)', 'ltS(sub(x, y), 0)'],
    ['eq(@d, 0)', '0'],
    ['ne(slot, 0)', '1'],
    ['eq(select(x, 3, 4), 3)', 'ne(x, 0)'],
    ['eq(select(x, 3, 4), 4)', 'eq(x, 0)'],
    ['ltS(sextWide(x), sextWide(y))', 'ltS(x, y)'],
    ['ltS(zextWide(x), zextWide(y))', 'ltU(x, y)'],
    ['leU(zextWide(x), 10n)', 'ltU(x, 11)'],
    // conversions
    ['zext8(zext16(x))', 'zext8(x)'],
    ['zext8(u8(x))', 'u8(x)'],
    ['zext8(i8(x))', 'u8(x)'],
    ['sext16(u16(x))', 'i16(x)'],
    ['sext8(zext8(x))', 'sext8(x)'],
    ['sext16(sext8(x))', 'sext8(x)'],
    ['zext16(sext8(x))', 'zext16(sext8(x))'],
    ['sext16(u8(x))', 'u8(x)'],
    ['zext8(and(x, 257))', 'and(x, 1)'],
    ['sextWide(u16(x))', 'zextWide(u16(x))'],
    ['narrow(zextWide(x))', 'x'],
    ['narrow(add(zextWide(x), sextWide(y)))', 'add(x, y)'],
    ['narrow(mul(v, zextWide(x)))', 'mul(narrow(v), x)'],
    ['narrow(shl(v, 4))', 'shl(narrow(v), 4)'],
    ['narrow(shl(v, 40))', '0'],
    ['narrow(u64(x, 8))', 'u32(x, 8)'],
    ['narrow(shrU(u64(x, 8), 32))', 'u32(x, 12)'],
    ['narrow(select(x, v, zextWide(y)))', 'select(x, narrow(v), y)'],
    // choices
    ['select(x, y, y)', 'y'],
    ['select(0, x, y)', 'y'],
    ['select(ltS(x, y), 1, 0)', 'ltS(x, y)'],
    ['select(x, 1, 0)', 'ne(x, 0)'],
    ['select(x, 0, 1)', 'eq(x, 0)'],
    ['select(eq(x, 0), y, z)', 'select(x, z, y)'],
    ['select(ne(x, 0), v, w)', 'select(x, v, w)'],
    // addresses and tables
    ['u32(add(x, 4), 8)', 'u32(x, 12)'],
    ['u32(add(@d, 4), 8)', 'u32(@d, 12)'],
    ['u32(add(add(x, 4), y))', 'u32(add(x, y), 4)'],
    ['u8(@table)', '255'],
    ['i8(@table, 1)', '-128'],
    ['u16(@table, 2)', '513'],
    ['u32(@table, 4)', '@g'],
    ['u16(@table, 4)', 'u16(@table, 4)'],
    ['u32(@d)', 'u32(@d)'],
    // constants
    ['bswap(bsr(256))', '134217728'],
    ['divS(7, add(1, 1))', '3'],
    ['narrow(shl(zextWide(-1), 8))', '-256'],
    ['mulHighU(-1, -1)', '-2'],
  ])('%s is %s', (before, after) => {
    expect(simplified(before)).toBe(after);
  });
});

describe('instructions in place', () => {
  it('turns branches around, and tests the value itself', () => {
    const result = transform(
      simplify,
      '(i32): void',
      `b0:
        %0 = param 0
        %1 = const 0
        %2 = eq %0, %1
        branch %2, b1, b2
      b1:
        return
      b2:
        return`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): void {
      b0:
        %0 = param 0
        %1 = const 0
        %2 = eq %0, %1
        branch %0, b2, b1
      b1 from b0:
        return
      b2 from b0:
        return
      }
      "
    `);
  });

  it('stores without the bits that do not matter', () => {
    const result = transform(
      simplify,
      '(i32, i32): void',
      `b0:
        %0 = param 0
        %1 = param 1
        %2 = zext16 %1
        %3 = const 255
        %4 = and %2, %3
        store u8 [%0], %4
        store u16 [%0 + 2], %4
        %5 = sext16 %1
        store u16 [%0 + 4], %5
        return`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32, i32): void {
      b0:
        %0 = param 0
        %1 = param 1
        %12 = zext8 %1
        store u8 [%0], %1
        store u16 [%0 + 2], %12
        store u16 [%0 + 4], %1
        return
      }
      "
    `);
  });

  it('calls directly what it knows, if the signature fits', () => {
    const result = transform(
      simplify,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = symbol @table
        %2 = load u32 [%1 + 4]
        %3 = callIndirect (i32) %2(%0)
        callIndirect (i32) %2(%3)
        return %3`,
      data,
    );
    expect(result.split('\n\n')[0]).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %6 = symbol @g
        %3 = call @g(%0)
        callIndirect (i32) %6(%3)
        return %3
      }"
    `);
  });

  it('does not change a load that two extensions share', () => {
    const result = transform(
      simplify,
      '(i32): i32',
      `b0:
        %0 = param 0
        %1 = load u8 [%0]
        %2 = const 0
        %3 = add %1, %2
        %4 = sext8 %3
        %5 = zext8 %3
        %6 = sub %4, %5
        return %6`,
    );
    expect(result).toMatchInlineSnapshot(`
      "function @f(i32): i32 {
      b0:
        %0 = param 0
        %1 = load u8 [%0]
        %4 = sext8 %1
        %6 = sub %4, %1
        return %6
      }
      "
    `);
  });
});
