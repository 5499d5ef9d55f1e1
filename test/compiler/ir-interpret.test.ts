import { describe, expect, it } from 'vitest';
import {
  Interpreter,
  type InterpreterOptions,
  type Outcome,
  type Scalar,
  type VolatileAccess,
} from '../../tools/compiler/ir/interpret.ts';
import { LinuxHost } from '../../tools/compiler/ir/linux.ts';
import { parseModule } from '../../tools/compiler/ir/parse.ts';
import { verifyModule } from '../../tools/compiler/ir/verify.ts';

function load(text: string, options: InterpreterOptions = {}): Interpreter {
  const module = parseModule(text);
  expect(verifyModule(module)).toEqual([]);
  return new Interpreter(module, options);
}

function run(text: string, args: readonly Scalar[] = [], options: InterpreterOptions = {}): Outcome {
  return load(text, options).call('f', args);
}

/** Computes `op a, b`, where a and b are of the type. */
function binary(op: string, type: 'i32' | 'i64', a: Scalar, b: Scalar): Scalar | string | null {
  const shift = type === 'i64' && op.startsWith('sh');
  const result = /^(eq|ne|l)/.test(op) ? 'i32' : type;
  const outcome = run(
    `function @f(${type}, ${shift ? 'i32' : type}): ${result} {
    b0:
      %0: ${type} = param 0
      %1: ${shift ? 'i32' : type} = param 1
      %2: ${result} = ${op} %0, %1
      return %2
    }`,
    [a, b],
  );
  return outcome.kind === 'return' ? outcome.value : outcome.kind === 'trap' ? outcome.trap : 'exit';
}

const min32 = -0x80000000;
const min64 = -0x8000000000000000n;

describe('arithmetic', () => {
  it.each<[string, number, number, number | string]>([
    ['add', 0x7fffffff, 1, min32],
    ['sub', min32, 1, 0x7fffffff],
    ['mul', 0x12345678, 0x9abcdef, Number(BigInt.asIntN(32, 0x12345678n * 0x9abcdefn))],
    ['mul', -1, -1, 1],
    ['divS', -7, 2, -3],
    ['divU', -7, 2, 0x7ffffffc],
    ['remS', -7, 2, -1],
    ['remS', -4, 2, 0],
    ['remU', -7, 10, 9],
    ['divU', -1, -1, 1],
    ['divS', 1, 0, 'divide'],
    ['remU', 1, 0, 'divide'],
    ['divS', min32, -1, 'divide'],
    ['remS', min32, -1, 'divide'],
    ['divU', min32, -1, 0],
    ['and', 0b1100, 0b1010, 0b1000],
    ['or', 0b1100, 0b1010, 0b1110],
    ['xor', 0b1100, 0b1010, 0b0110],
    ['shl', 1, 33, 2],
    ['shrS', -8, 1, -4],
    ['shrU', -8, 1, 0x7ffffffc],
    ['shrU', -1, 32, -1],
    ['mulHighU', -1, -1, -2],
    ['mulHighS', -1, -1, 0],
    ['mulHighS', min32, min32, 0x40000000],
    ['eq', 5, 5, 1],
    ['ne', 5, 5, 0],
    ['ltS', -1, 0, 1],
    ['ltU', -1, 0, 0],
    ['leS', 3, 3, 1],
    ['leU', -1, -2, 0],
  ])('i32 %s %d, %d = %s', (op, a, b, expected) => expect(binary(op, 'i32', a, b)).toBe(expected));

  it.each<[string, bigint, bigint | number, Scalar | string]>([
    ['add', -min64 - 1n, 1n, min64],
    ['mul', 0x1234567890abcdefn, 0xfedcba987n, BigInt.asIntN(64, 0x1234567890abcdefn * 0xfedcba987n)],
    ['divS', -7n, 2n, -3n],
    ['divU', -7n, 2n, 0x7ffffffffffffffcn],
    ['remS', -7n, 2n, -1n],
    ['remU', -7n, 10n, 9n],
    ['divS', min64, -1n, 'divide'],
    ['divU', 1n, 0n, 'divide'],
    ['shl', 1n, 65, 2n],
    ['shrS', -8n, 1, -4n],
    ['shrU', -8n, 1, 0x7ffffffffffffffcn],
    ['xor', -1n, 1n, -2n],
    ['ltS', -1n, 0n, 1],
    ['ltU', -1n, 0n, 0],
    ['leU', 5n, 5n, 1],
    ['eq', 1n << 32n, 0n, 0],
  ])('i64 %s %d, %d = %s', (op, a, b, expected) => expect(binary(op, 'i64', a, b)).toBe(expected));

  it.each<[string, 'i32' | 'i64', 'i32' | 'i64', Scalar, Scalar]>([
    ['neg', 'i32', 'i32', min32, min32],
    ['neg', 'i64', 'i64', min64, min64],
    ['not', 'i32', 'i32', 5, -6],
    ['not', 'i64', 'i64', 5n, -6n],
    ['sext8', 'i32', 'i32', 0x180, -128],
    ['sext16', 'i32', 'i32', 0x18000, -32768],
    ['zext8', 'i32', 'i32', -1, 255],
    ['zext16', 'i32', 'i32', -1, 65535],
    ['sextWide', 'i32', 'i64', -1, -1n],
    ['zextWide', 'i32', 'i64', -1, 0xffffffffn],
    ['narrow', 'i64', 'i32', 0x1_8000_0000n, min32],
    ['intrinsic bswap', 'i32', 'i32', 0x12345678, 0x78563412],
    ['intrinsic bsf', 'i32', 'i32', 0x50, 4],
    ['intrinsic bsr', 'i32', 'i32', -5, 31],
  ])('%s %s to %s: %d = %d', (op, from, to, value, expected) => {
    const operation = op.startsWith('intrinsic') ? `${op}(%0)` : `${op} %0`;
    const text = `function @f(${from}): ${to} {\nb0:\n%0: ${from} = param 0\n%1: ${to} = ${operation}\nreturn %1\n}`;
    expect(run(text, [value])).toEqual({ kind: 'return', value: expected });
  });
});

describe('control flow', () => {
  it('lets phis happen at once: Fibonacci by swapping', () => {
    const text = `function @f(i32): i32 {
    b0:
      %0 = param 0
      %1 = const 0
      %2 = const 1
      jump b1
    b1 from b0, b2:
      %3 = phi %1, %4
      %4 = phi %2, %6
      %5 = phi %0, %7
      branch %5, b2, b3
    b2 from b1:
      %6 = add %3, %4
      %7 = sub %5, %2
      jump b1
    b3 from b1:
      return %3
    }`;
    expect(run(text, [20])).toEqual({ kind: 'return', value: 6765 });
  });

  it('switches, with several edges into one block', () => {
    const text = `function @f(i32): i32 {
    b0:
      %0 = param 0
      %1 = const 10
      %4: i64 = const 3
      switch %0 { 1: b1, -1: b1, 2: b2, else: b3 }
    b1 from b0, b0, b2:
      %2 = phi %0, %0, %1
      %3: i64 = phi %4, %4, %4
      return %2
    b2 from b0:
      jump b1
    b3 from b0:
      unreachable
    }`;
    expect([1, -1, 2].map((value) => run(text, [value]))).toMatchObject([{ value: 1 }, { value: -1 }, { value: 10 }]);
    expect(run(text, [3])).toMatchObject({ kind: 'trap', trap: 'unreachable' });
  });

  it('calls, directly and through pointers, deeply too', () => {
    const text = `data @table size 8 align 4 {
      address 4: @sum
    }
    function @sum(i32, i64): i64 {
    b0:
      %0 = param 0
      %1: i64 = param 1
      %2: i64 = zextWide %0
      %3: i64 = add %1, %2
      %4 = const 1
      %5 = sub %0, %4
      branch %0, b1, b2
    b1:
      %6: i64 = call @sum(%5, %3)
      return %6
    b2:
      return %3
    }
    function @f(i32): i64 {
    b0:
      %0 = param 0
      %1 = symbol @table
      %2 = load u32 [%1 + 4]
      %3: i64 = const 0
      %4: i64 = callIndirect (i32, i64) %2(%0, %3)
      return %4
    }`;
    expect(run(text, [9000])).toEqual({ kind: 'return', value: 40504500n });
    expect(run(text, [100000])).toMatchObject({ kind: 'trap', trap: 'stack' });
    expect(run(text.replace('%1 + 4', '%1'), [1])).toMatchObject({ kind: 'trap', trap: 'call' });
    expect(run(text.replace('(i32, i64) %2(%0, %3)', '(i32) %2(%0)'), [1])).toMatchObject({ trap: 'call' });
  });

  it('ends what does not end', () => {
    const text = 'function @f(): void {\nb0:\njump b1\nb1:\njump b1\n}';
    expect(run(text, [], { stepLimit: 1000 })).toMatchObject({ kind: 'trap', trap: 'steps' });
  });
});

describe('memory', () => {
  it('extends what it loads, and is little-endian', () => {
    const text = `data @d size 8 align 4 {
      bytes 0: "80ff7f0001020384"
    }
    function @f(): i64 {
    b0:
      %0 = symbol @d + 4
      %1 = load i8 [%0 - 4]
      %2 = load u8 [%0 - 4]
      %3 = load i16 [%0 - 4]
      %4 = load u16 [%0 - 4]
      %5 = load u32 [%0]
      %6: i64 = load u64 [%0 - 4]
      store u8 [%0], %1
      store u16 [%0 + 2], %4
      %7 = load u32 [%0]
      %8 = sub %1, %2
      %9 = sub %3, %4
      call @check(%8, %9, %5, %7)
      return %6
    }
    function @check(i32, i32, i32, i32): void naked {
      asm { "ret" }
    }`;
    const seen: (readonly Scalar[])[] = [];
    const options: InterpreterOptions = { naked: (_, args) => void seen.push(args) };
    expect(run(text, [], options)).toEqual({ kind: 'return', value: BigInt.asIntN(64, 0x84030201007fff80n) });
    expect(seen).toEqual([[-256, -65536, 0x84030201 | 0, 0xff800280 | 0]]);
  });

  it('gives each call slots of its own', () => {
    const text = `function @f(i32): i32 {
      slot 0: a size 3 align 1
      slot 1: b size 4 align 4
    b0:
      %0 = param 0
      %1 = slot 0
      %2 = slot 1
      store u32 [%2], %0
      store u8 [%1 + 2], %0
      %3 = const 1
      %4 = sub %0, %3
      branch %0, b1, b2
    b1:
      %5 = call @f(%4)
      %6 = load u32 [%2]
      %7 = load u8 [%1 + 2]
      %8 = add %6, %7
      %9 = add %8, %5
      return %9
    b2:
      return %0
    }`;
    expect(run(text, [3])).toEqual({ kind: 'return', value: 12 });
  });

  it.each([0, 0xfff, -4, 0x7fffffff, (4 << 20) - 3])('traps at %d', (address) => {
    const text = 'function @f(i32): i32 {\nb0:\n%0 = param 0\n%1 = load u32 [%0]\nreturn %1\n}';
    expect(run(text, [address])).toMatchObject({ kind: 'trap', trap: 'memory' });
  });

  it('keeps what was stored before a trap', () => {
    const text = `data @d size 4 align 4
    function @f(i32): i32 {
    b0:
      %0 = param 0
      %1 = symbol @d
      store u32 [%1], %0
      %2 = const 0
      %3 = divS %0, %2
      store u32 [%1], %3
      return %3
    }`;
    const interpreter = load(text);
    expect(interpreter.call('f', [77])).toMatchObject({ trap: 'divide' });
    expect(interpreter.memory.load(interpreter.memory.addressOf('d'), 4, false)).toBe(77);
  });

  it('reports volatile accesses in order', () => {
    const seen: VolatileAccess[] = [];
    const text = `function @f(i32): i32 {
      slot 0: s size 8 align 8
    b0:
      %0 = param 0
      %1 = slot 0
      %2: i64 = sextWide %0
      store u64 [%1], %2 volatile
      %3 = load u16 [%1 + 2] volatile
      %4 = load u16 [%1 + 4]
      return %3
    }`;
    run(text, [-2], { onVolatile: (access) => seen.push(access) });
    const address = (4 << 20) - 16;
    expect(seen).toEqual([
      { op: 'store', address, size: 8, value: -2n },
      { op: 'load', address: address + 2, size: 2, value: 0xffff },
    ]);
  });
});

describe('intrinsics', () => {
  /** Runs `operation` on an 8-byte place that holds `before`; gives result and place. */
  function onPlace(
    operation: string,
    type: 'i32' | 'i64' | 'void',
    before: bigint,
    args: readonly Scalar[],
  ): [Scalar | null, bigint] {
    const types = args.map((arg) => (typeof arg === 'bigint' ? 'i64' : 'i32'));
    const params = types.map((own, i) => `%${i}: ${own} = param ${i}\n`).join('');
    const call = `intrinsic ${operation}(%9${types.map((_, i) => `, %${i}`).join('')})`;
    const body = type === 'void' ? `${call}\nreturn` : `%10: ${type} = ${call}\nreturn %10`;
    const interpreter = load(
      `data @d size 8 align 8\nfunction @f(${types.join(', ')}): ${type} {\nb0:\n${params}%9 = symbol @d\n${body}\n}`,
    );
    const at = interpreter.memory.addressOf('d');
    interpreter.memory.store64(at, before);
    const outcome = interpreter.call('f', args);
    if (outcome.kind !== 'return') throw new Error(outcome.kind);
    return [outcome.value, BigInt.asUintN(64, interpreter.memory.load64(at))];
  }

  it.each<[string, 'i32' | 'i64' | 'void', bigint, Scalar[], Scalar | null, bigint]>([
    ['atomicXchg.u8', 'i32', 0x1ffn, [0x234], 0xff, 0x134n],
    ['atomicXchg.u32', 'i32', 0xffffffffn, [1], -1, 1n],
    ['atomicCmpxchg.u16', 'i32', 0x12345n, [0x32345, 7], 0x2345, 0x10007n],
    ['atomicCmpxchg.u32', 'i32', 5n, [6, 7], 5, 5n],
    ['atomicCmpxchg.u64', 'i64', 1n << 40n, [1n << 40n, 9n], 1n << 40n, 9n],
    ['atomicCmpxchg.u64', 'i64', 1n << 40n, [1n, 9n], 1n << 40n, 1n << 40n],
    ['atomicFetchAdd.u32', 'i32', 0xffffffffn, [2], -1, 1n],
    ['atomicAdd.u8', 'void', 0x1ffn, [1], null, 0x100n],
    ['atomicSub.u16', 'void', 0n, [1], null, 0xffffn],
    ['atomicAnd.u32', 'void', 0xfn, [5], null, 5n],
    ['atomicOr.u32', 'void', 2n, [5], null, 7n],
    ['atomicInc.u8', 'void', 255n, [], null, 0n],
    ['atomicDec.u32', 'void', 0n, [], null, 0xffffffffn],
    ['atomicDecAndTest.u8', 'i32', 0x101n, [], 1, 0x100n],
    ['atomicDecAndTest.u32', 'i32', 0x101n, [], 0, 0x100n],
    ['atomicTestAndSetBit', 'i32', 0n, [31], 0, 0x80000000n],
    ['atomicTestAndClearBit', 'i32', 0x80000000n, [31], 1, 0n],
  ])('%s gives %s', (operation, type, before, args, result, after) => {
    expect(onPlace(operation, type, before, args)).toEqual([result, after]);
  });

  it('copies forwards and fills', () => {
    const text = `data @d size 8 align 8 {\nbytes 0: "0102030405060708"\n}
    function @f(i32, i32, i32): i64 {
    b0:
      %0 = param 0
      %1 = param 1
      %2 = param 2
      %3 = symbol @d
      %4 = add %3, %0
      %5 = add %3, %1
      intrinsic copyBytes(%4, %5, %2)
      %6: i64 = load u64 [%3]
      intrinsic fillBytes(%3, %2, %2)
      return %6
    }`;
    const copied = (to: number, from: number, count: number): string => {
      const outcome = run(text, [to, from, count]);
      return outcome.kind === 'return' ? BigInt.asUintN(64, outcome.value as bigint).toString(16) : outcome.kind;
    };
    expect([copied(0, 1, 7), copied(1, 0, 7), copied(4, 0, 3)]).toEqual([
      '808070605040302',
      '101010101010101',
      '803020104030201',
    ]);
  });

  it('asks the host for hardware', () => {
    const text = `function @f(): i64 {
    b0:
      %0 = const 7
      intrinsic outb(%0, %0)
      %1: i64 = intrinsic rdmsr(%0)
      return %1
    }`;
    const seen: string[] = [];
    const hardware: InterpreterOptions['hardware'] = (name, args) => {
      seen.push(`${name} ${args.join()}`);
      return name === 'rdmsr' ? 1n << 63n : undefined;
    };
    expect(run(text, [], { hardware })).toEqual({ kind: 'return', value: min64 });
    expect(seen).toEqual(['outb 7,7', 'rdmsr 7']);
    expect(run(text)).toMatchObject({ kind: 'trap', trap: 'unsupported' });
  });

  it('writes and exits through int80', () => {
    const text = `data @hello size 6 align 1 constant {\nbytes 0: "68656c6c6f0a"\n}
    function @f(): void {
    b0:
      %0 = const 4
      %1 = const 1
      %2 = symbol @hello
      %3 = const 6
      %4 = intrinsic int80(%0, %1, %2, %3, %1, %1, %1)
      %5 = intrinsic int80(%1, %4, %1, %1, %1, %1, %1)
      return
    }`;
    const host = new LinuxHost();
    expect(run(text, [], { hardware: host.hardware })).toEqual({ kind: 'exit', status: 6 });
    expect(host.output).toBe('hello\n');
  });
});
