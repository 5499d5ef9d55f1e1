/*
 * What the front end puts into an IrModule besides the meaning of the code: names, sections, layouts, locations, and the
 * shape of control flow.
 */

import { describe, expect, it } from 'vitest';
import { printFunction } from '../../tools/compiler/ir/print.ts';
import type { IrFunction, IrModule } from '../../tools/compiler/ir/types.ts';
import { verifyModule } from '../../tools/compiler/ir/verify.ts';
import { compile, summary } from './frontend-support.ts';

function lower(text: string, others: Readonly<Record<string, string>> = {}): IrModule {
  const program = compile(text, others);
  expect(program.diagnostics().map(summary)).toEqual([]);
  const module = program.lower('/src/main.ts');
  expect(verifyModule(module)).toEqual([]);
  return module;
}

function functionOf(module: IrModule, name: string): IrFunction {
  const fn = module.functions.get(name);
  if (fn === undefined) throw new Error(`no ${name} among ${[...module.functions.keys()].join(', ')}`);
  return fn;
}

/** The operations of a function, block by block. */
function shape(fn: IrFunction): string[] {
  return fn.blocks.map((block) => block.instructions.map((instruction) => instruction.op).join(' '));
}

describe('names', () => {
  it('are made of module, class and type arguments', () => {
    const module = lower(
      `
      import { Box, swap } from './lib/box.ts';
      class Item { box: Inline<Box<Item>>; }
      const item = zeroed<Inline<Item>>();
      export function main(p: Ptr<u16>): void {
        swap(p, p.add(1));
        item.box.put(item);
        Box.make();
        const callback: () => void = () => {};
        callback();
      }`,
      {
        '/src/lib/box.ts': `
        export class Box<T> {
          item: T | null;
          static made: u32 = 0;
          put(item: T): void { this.item = item; }
          static make(): void { Box.made++; }
        }
        export function swap<T>(a: Ptr<T>, b: Ptr<T>): void { const t = a[0]; a[0] = b[0]; b[0] = t; }`,
      },
    );
    expect([...module.functions.keys()]).toEqual([
      'main:main',
      'lib/box:swap<u16>',
      'lib/box:Box<Item>.put',
      'lib/box:Box.make',
      'main:main.arrow1',
    ]);
    expect([...module.data.keys()]).toEqual(['main:item', 'lib/box:Box.made']);
    expect([...module.structs.keys()].sort()).toEqual(['lib/box:Box<Item>', 'main:Item']);
    expect(functionOf(module, 'lib/box:Box<Item>.put').debug.name).toBe('Box.put');
  });

  it('tell classes of one name apart', () => {
    const module = lower(
      `
      import { Node as Other } from './other.ts';
      class Node { x: u32; }
      class Holder<T> { item: T; set(item: T): void { this.item = item; } }
      export function main(a: Holder<Node>, b: Holder<Other>, n: Node, o: Other): void { a.set(n); b.set(o); }`,
      { '/src/other.ts': 'export class Node { y: u8; }' },
    );
    expect([...module.functions.keys()]).toEqual([
      'main:main',
      'main:Holder<main:Node>.set',
      'main:Holder<other:Node>.set',
    ]);
  });

  it('are plain for what is exported to the linker', () => {
    const module = lower(`
      /** @export @align 64 */
      export let boot: u32 = 5;
      /** Kept, although nobody calls it. @export @section .boot.text @noinline */
      function entry(): void { boot = 6; }
      export function start(): void { helper(); }
      export function unused(): void {}
      function helper(): void {}`);
    expect(module.entry).toBe('main:start');
    expect([...module.functions.keys()].sort()).toEqual(['entry', 'main:helper', 'main:start']);
    expect(functionOf(module, 'entry').options).toEqual({
      section: '.boot.text',
      align: 16,
      inline: false,
      isExported: true,
    });
    expect(module.data.get('boot')).toMatchObject({ align: 64, isExported: true, size: 4 });
  });
});

describe('naked functions', () => {
  it('carry their assembly, with constants and symbols put in', () => {
    const module = lower(`
      const STACK = 0x1000 * 2;
      class Frame { ip: u32; sp: u32; }
      let saved: u32 = 0;
      function handler(): void {}
      /** @naked @export */
      export function start(): void {
        asm\`
          mov esp, \${STACK}
          mov [\${saved}], eax
          mov eax, [eax + \${offsetof<Frame>('sp')}]
          call \${handler}
        \`;
      }`);
    const { asm, blocks } = functionOf(module, 'start');
    expect(blocks).toEqual([]);
    expect(module.entry).toBe('start');
    expect(asm?.operands).toEqual([
      { constant: 8192 },
      { symbol: 'main:saved' },
      { constant: 4 },
      { symbol: 'main:handler' },
    ]);
    expect(asm?.pieces.map((piece) => piece.trim())).toEqual([
      'mov esp,',
      'mov [',
      '], eax\n          mov eax, [eax +',
      ']\n          call',
      '',
    ]);
    expect([...module.functions.keys()]).toContain('main:handler');
  });
});

describe('data', () => {
  it('is initialized by constants and addresses', () => {
    const module = lower(`
      class Node { next: Node | null; value: u16; }
      const first = zeroed<Inline<Node>>();
      let current: Node = first;
      let field: Ptr<u16> = addrOf(first.value);
      const names = table<string, 3>('a', 'b', 'a');
      const codes = table<u16, 3>(1, 0x203, 65535);
      let wide: u64 = 0x1122334455667788n;
      let minus: i32 = -2;
      let zero: u32 = 0;
      const handlers = table<() => void, 1>(main);
      export function main(): void {
        current = field[0] === 0 ? first : current;
        if (names[0] === names[1] || codes[0] === 0 || wide === 0n || minus === 0 || zero !== 0) handlers[0]();
      }`);
    const data = (name: string) => module.data.get(name)!;
    const bytes = (name: string) => Buffer.from(data(name).bytes!).toString('hex');
    expect(data('main:first')).toMatchObject({ size: 8, align: 4, bytes: null, isConstant: false });
    expect(data('main:current').relocations).toEqual([{ at: 0, symbol: 'main:first', addend: 0 }]);
    expect(data('main:field').relocations).toEqual([{ at: 0, symbol: 'main:first', addend: 4 }]);
    const strings = data('main:names').relocations.map(({ symbol }) => symbol);
    expect(data('main:names').relocations.map(({ at }) => at)).toEqual([0, 4, 8]);
    expect(strings.map(bytes)).toEqual(['6100', '6200', '6100']);
    expect(new Set(strings).size).toBe(2);
    expect(bytes('main:codes')).toBe('01000302ffff');
    expect(data('main:codes')).toMatchObject({ isConstant: true, align: 2 });
    expect(bytes('main:wide')).toBe('8877665544332211');
    expect(bytes('main:minus')).toBe('feffffff');
    expect(data('main:zero').bytes).toBeNull();
    expect(data('main:handlers').relocations).toEqual([{ at: 0, symbol: 'main:main', addend: 0 }]);
  });
});

describe('the layout for the host', () => {
  it('has the classes that are used, and the constants that are exported', () => {
    const module = lower(`
      export const LIMIT: u32 = 10;
      export const WIDE = 5n;
      export const DEBUG: boolean = true;
      const hidden = 3;
      export enum State { Free, Busy = 4 }
      class Lock { word: Volatile<u32>; }
      class Far { x: u8; }
      class Unused { x: u8; }
      class Task {
        state: State;
        lock: Inline<Lock>;
        name: FixedArray<u8, 16>;
        far: Far | null;
        run: (task: Task) => void;
        when: u64;
      }
      const tasks = zeroed<FixedArray<Inline<Task>, 2>>();
      export function main(): State { return tasks[hidden - 3].state; }`);
    expect(Object.fromEntries(module.constants)).toEqual({
      'main:LIMIT': 10,
      'main:WIDE': 5n,
      'main:DEBUG': 1,
      'main:State.Free': 0,
      'main:State.Busy': 4,
    });
    expect([...module.structs.keys()].sort()).toEqual(['main:Far', 'main:Lock', 'main:Task']);
    expect(module.structs.get('main:Task')).toEqual({
      name: 'main:Task',
      size: 40,
      align: 4,
      fields: [
        { name: 'state', offset: 0, type: 'State', size: 4 },
        { name: 'lock', offset: 4, type: 'Inline<Lock>', size: 4 },
        { name: 'name', offset: 8, type: 'FixedArray<u8,16>', size: 16 },
        { name: 'far', offset: 24, type: 'Far', size: 4 },
        { name: 'run', offset: 28, type: '(Task) => void', size: 4 },
        { name: 'when', offset: 32, type: 'u64', size: 8 },
      ],
    });
  });
});

describe('code', () => {
  it('has exact locations', () => {
    const module = lower('export function f(p: Ptr<u32>, n: u32): u32 {\n  p[n] = 3;\n  return p[1] / n;\n}\n');
    const found = functionOf(module, 'main:f').blocks.flatMap((block) =>
      block.instructions.map(({ op, location }) => `${op} ${location?.line}:${location?.column}`),
    );
    expect(found).toEqual([
      'param 1:17',
      'param 1:17',
      'const 2:3',
      'shl 2:3',
      'add 2:3',
      'const 2:3',
      'store 2:3',
      'load 3:10',
      'divU 3:15',
      'return 3:3',
    ]);
  });

  it('branches on && and || without making values', () => {
    const module = lower(`
      export function f(a: u32, b: u32): u32 {
        if ((a > 1 && b !== 2) || !(a === b)) return 1;
        return 2;
      }`);
    const ops = shape(functionOf(module, 'main:f')).join(' ').split(' ');
    expect(ops.filter((op) => op === 'phi' || op === 'select')).toEqual([]);
    expect(ops.filter((op) => op === 'branch')).toHaveLength(3);
  });

  it('leaves out what a constant rules out, with all that it would need', () => {
    const text = `
      const SMP: boolean = define('SMP', false);
      function onlySmp(): void {}
      export function f(x: u32): u32 {
        if (SMP && x > 1) onlySmp();
        return SMP ? 1 : x;
      }`;
    const module = lower(text);
    expect([...module.functions.keys()]).toEqual(['main:f']);
    expect(shape(functionOf(module, 'main:f'))).toEqual(['param return']);
    for (const value of [true, 1]) {
      const smp = compile(text, {}, new Map([['SMP', value]])).lower('/src/main.ts');
      expect([...smp.functions.keys()]).toEqual(['main:f', 'main:onlySmp']);
    }
  });

  it('marks paths that do not come back as cold', () => {
    const module = lower(`
      function panic(text: string): never { for (;;) hlt(); }
      export function f(x: u32): u32 {
        if (x === 0) panic('zero');
        return x;
      }`);
    const cold = functionOf(module, 'main:f').blocks.map((block) => `${block.isCold} ${block.terminator?.op}`);
    expect(cold).toEqual(['false branch', 'true unreachable', 'false return']);
  });

  it('keeps volatile accesses apart from plain ones, at their width', () => {
    const module = lower(`
      class Device { status: Volatile<u8>; plain: i16; }
      export function f(device: Device): i32 {
        device.status |= 1;
        return device.plain + i32(reload<i16>(device.plain));
      }`);
    const accesses = functionOf(module, 'main:f').blocks[0]!.instructions.filter(
      ({ op }) => op === 'load' || op === 'store',
    );
    expect(accesses.map(({ op, size, signed, isVolatile }) => [op, size, signed, isVolatile])).toEqual([
      ['load', 1, false, true],
      ['store', 1, false, true],
      ['load', 2, true, false],
      ['load', 2, true, true],
    ]);
  });

  it('takes the elements of a volatile array for volatile', () => {
    const module = lower(`
      class Ring { cells: Volatile<FixedArray<u16, 4>>; }
      export function f(ring: Ring): void { ring.cells[1] = 2; }`);
    const stores = functionOf(module, 'main:f').blocks[0]!.instructions.filter(({ op }) => op === 'store');
    expect(stores.map(({ offset, size, isVolatile }) => [offset, size, isVolatile])).toEqual([[2, 2, true]]);
  });

  it('erases witnesses and passes rest parameters as address and count', () => {
    const module = lower(`
      class Lock { x: u32; }
      function f(held: Held<Lock>, a: u64, ...args: Word[]): Held<Lock> { return held; }
      export function main(): void { f(witness<Lock>(), 1n, 2, 'x'); }`);
    const fn = functionOf(module, 'main:f');
    expect([fn.parameters, fn.returns]).toEqual([['i64', 'i32', 'i32'], 'void']);
    expect(functionOf(module, 'main:main').slots).toEqual([{ name: 'rest', size: 8, align: 4 }]);
  });

  it('is canonical enough to print the same twice', () => {
    const text = 'export function f(x: u32): u32 { let s: u32 = 0; while (x > 0) { s += x; x--; } return s; }';
    const [one, two] = [lower(text), lower(text)].map((module) => printFunction(functionOf(module, 'main:f')));
    expect(one).toBe(two);
  });
});
