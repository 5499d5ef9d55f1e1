/*
 * Random programs in the IR, for the property tests of the passes.
 *
 * Idea. fast-check makes a small syntax tree of statements over a few variables; this file turns it into blocks and
 * phis. So every program is well-formed, shrinks to a readable one, and ends: loops count. What it does can be seen in
 * its result, in two pieces of exported data, and in the order of volatile stores; division may trap anywhere. Accesses
 * stay inside their objects, and no address becomes visible.
 */

import fc from 'fast-check';
import { append } from '../../tools/compiler/ir/edit.ts';
import {
  type Block,
  type Instruction,
  IrFunction,
  IrModule,
  type Opcode,
  type ValueType,
} from '../../tools/compiler/ir/types.ts';

type Size = 1 | 2 | 4 | 8;
/** Where a program may load and store. */
type Place = 'words' | 'bytes' | 'slot' | 'escaping';

export type Expression =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'variable'; readonly index: number }
  | { readonly kind: 'wideVariable'; readonly index: number }
  | { readonly kind: 'unary'; readonly op: Opcode; readonly a: Expression }
  | { readonly kind: 'binary'; readonly op: Opcode; readonly a: Expression; readonly b: Expression }
  | { readonly kind: 'wide'; readonly op: Opcode; readonly a: Expression; readonly b: Expression }
  | { readonly kind: 'select'; readonly a: Expression; readonly b: Expression; readonly c: Expression }
  | {
      readonly kind: 'load';
      readonly place: Place;
      readonly at: Expression;
      readonly size: Size;
      readonly signed: boolean;
    };

export type Statement =
  | { readonly kind: 'assign'; readonly index: number; readonly value: Expression }
  | { readonly kind: 'assignWide'; readonly index: number; readonly value: Expression }
  | {
      readonly kind: 'store';
      readonly place: Place;
      readonly at: Expression;
      readonly size: Size;
      readonly value: Expression;
    }
  | { readonly kind: 'signal'; readonly value: Expression }
  | { readonly kind: 'fill'; readonly place: Place; readonly byte: number }
  | { readonly kind: 'copy'; readonly count: number }
  | {
      readonly kind: 'call';
      readonly index: number;
      readonly callee: number;
      readonly isIndirect: boolean;
      readonly args: readonly Expression[];
    }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly ifTrue: readonly Statement[];
      readonly ifFalse: readonly Statement[];
    }
  | { readonly kind: 'loop'; readonly turns: number; readonly body: readonly Statement[] }
  | { readonly kind: 'switch'; readonly value: Expression; readonly arms: readonly (readonly Statement[])[] }
  | { readonly kind: 'leave'; readonly condition: Expression; readonly how: 'break' | 'continue' | 'return' };

const binaryOps: Opcode[] = [
  ...(['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shrS', 'shrU', 'mulHighS', 'mulHighU'] as const),
  ...(['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU', 'divS', 'divU', 'remS', 'remU'] as const),
];
const unaryOps: Opcode[] = ['neg', 'not', 'sext8', 'sext16', 'zext8', 'zext16', 'sextWide', 'zextWide', 'narrow'];
const variableCount = 4;
const wideCount = 2;
const dataSize = 64;
const slotSize = 16;

const constants = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 3, 7, 8, 10, 31, 32, 255, 256, 65535, -128, 0x7fffffff, -0x80000000),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
);
const places = fc.constantFrom<Place>('words', 'bytes', 'slot', 'escaping');
const sizes = fc.constantFrom<Size>(1, 2, 4, 4, 8);

const { expression, statement } = fc.letrec<{ expression: Expression; statement: Statement; block: Statement[] }>(
  (tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'expression' },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('variable' as const), index: fc.nat(variableCount - 1) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('constant' as const), value: constants }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('wideVariable' as const), index: fc.nat(wideCount - 1) }) },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('binary' as const),
          op: fc.constantFrom(...binaryOps),
          a: tie('expression'),
          b: tie('expression'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('wide' as const),
          op: fc.constantFrom(...binaryOps.filter((op) => !op.startsWith('mulHigh'))),
          a: tie('expression'),
          b: tie('expression'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('unary' as const),
          op: fc.constantFrom(...unaryOps),
          a: tie('expression'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('select' as const),
          a: tie('expression'),
          b: tie('expression'),
          c: tie('expression'),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('load' as const),
          place: places,
          at: tie('expression'),
          size: sizes,
          signed: fc.boolean(),
        }),
      },
    ),
    block: fc.array(tie('statement'), { maxLength: 4, depthIdentifier: 'statement' }),
    statement: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'statement' },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('assign' as const),
          index: fc.nat(variableCount - 1),
          value: tie('expression'),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('assignWide' as const),
          index: fc.nat(wideCount - 1),
          value: tie('expression'),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('store' as const),
          place: places,
          at: tie('expression'),
          size: sizes,
          value: tie('expression'),
        }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('signal' as const), value: tie('expression') }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('fill' as const), place: places, byte: constants }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), count: fc.nat(slotSize) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('call' as const),
          index: fc.nat(variableCount - 1),
          callee: fc.nat(3),
          isIndirect: fc.boolean(),
          args: fc.tuple(tie('expression'), tie('expression')),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('if' as const),
          condition: tie('expression'),
          ifTrue: tie('block'),
          ifFalse: tie('block'),
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('loop' as const), turns: fc.nat(4), body: tie('block') }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('switch' as const),
          value: tie('expression'),
          arms: fc.array(tie('block'), { minLength: 1, maxLength: 3, depthIdentifier: 'statement' }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('leave' as const),
          condition: tie('expression'),
          how: fc.constantFrom('break' as const, 'continue' as const, 'return' as const),
        }),
      },
    ),
  }),
);

/** Bodies of up to four functions. The first is the program; each may call those after it, and the last itself. */
export const programs: fc.Arbitrary<readonly (readonly Statement[])[]> = fc.array(
  fc.array(statement, { minLength: 1, maxLength: 6, depthIdentifier: 'statement' }),
  { minLength: 1, maxLength: 4 },
);

export { expression };

/** The functions are f0, f1, ...; all take two i32 and give an i32. */
export function buildModule(bodies: readonly (readonly Statement[])[]): IrModule {
  const module = new IrModule();
  const addData = (name: string, isConstant: boolean, bytes: Uint8Array | null): void => {
    module.data.set(name, {
      name,
      size: dataSize,
      align: 8,
      isConstant,
      section: null,
      bytes,
      relocations: [],
      isExported: true,
    });
  };
  addData('words', false, null);
  addData(
    'bytes',
    false,
    Uint8Array.from({ length: dataSize }, (_, i) => i * 37),
  );
  addData('signal', false, null);
  bodies.forEach((body, number) => {
    const fn = new FunctionBuilder(number, bodies.length).build(body);
    module.functions.set(fn.name, fn);
  });
  module.entry = 'f0';
  return module;
}

interface Loop {
  readonly header: Block;
  readonly exit: Block;
}

class FunctionBuilder {
  readonly #fn: IrFunction;
  readonly #number: number;
  readonly #count: number;
  #block: Block;
  #variables: Instruction[] = [];
  readonly #loops: { loop: Loop; breaks: Instruction[][]; continues: Instruction[][] }[] = [];

  constructor(number: number, count: number) {
    this.#number = number;
    this.#count = count;
    this.#fn = new IrFunction(
      `f${number}`,
      ['i32', 'i32'],
      'i32',
      { section: null, align: 16, inline: null, isExported: number === 0 },
      { name: `f${number}`, location: { file: 'random.ts', line: number + 1, column: 1 } },
    );
    this.#block = this.#fn.createBlock();
    this.#fn.slots = [
      { name: 'slot', size: slotSize, align: 8 },
      { name: 'escaping', size: slotSize, align: 8 },
    ];
  }

  build(body: readonly Statement[]): IrFunction {
    const params = [0, 1].map((index) => this.#emit('param', 'i32', [], { index }));
    this.#variables = [
      ...params,
      this.#constant(5),
      this.#constant(-9),
      this.#wideConstant(1n),
      this.#wideConstant(-2n),
    ];
    this.#fill('slot', 0);
    this.#fill('escaping', 0x5a);
    this.#statements(body);
    this.#return();
    return this.#fn;
  }

  #emit(op: Opcode, type: ValueType, args: Instruction[], attributes = {}): Instruction {
    return append(
      this.#block,
      this.#fn.create(op, type, args, { file: 'random.ts', line: this.#number + 1, column: 2 }, attributes),
    );
  }

  #constant(value: number): Instruction {
    return this.#emit('const', 'i32', [], { value });
  }

  #wideConstant(value: bigint): Instruction {
    return this.#emit('const', 'i64', [], { value });
  }

  #end(op: Opcode, args: Instruction[], targets: Block[], cases: number[] = []): void {
    for (const target of targets) target.predecessors.push(this.#block);
    this.#emit(op, 'void', args, { targets, cases });
  }

  /** All variables but the last few count, so that most of a program matters. */
  #return(): void {
    const [a, b, c, d, e, f] = this.#variables.map((value) =>
      value.type === 'i64' ? this.#emit('narrow', 'i32', [value]) : value,
    );
    let sum = a!;
    for (const other of [b!, c!, d!, e!, f!])
      sum = this.#emit('xor', 'i32', [this.#emit('mul', 'i32', [sum, this.#constant(31)]), other]);
    this.#end('return', [sum], []);
  }

  #statements(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'assign':
        this.#variables[statement.index] = this.#expression(statement.value);
        break;
      case 'assignWide':
        this.#variables[variableCount + statement.index] = this.#wide(statement.value);
        break;
      case 'store': {
        const { size } = statement;
        const value = size === 8 ? this.#wide(statement.value) : this.#expression(statement.value);
        this.#emit('store', 'void', [this.#address(statement.place, statement.at, size), value], { size });
        break;
      }
      case 'signal': {
        const value = this.#expression(statement.value);
        this.#emit('store', 'void', [this.#emit('symbol', 'i32', [], { symbol: 'signal' }), value], {
          isVolatile: true,
        });
        break;
      }
      case 'fill':
        this.#fill(statement.place, statement.byte);
        break;
      case 'copy': {
        const args = [this.#base('slot'), this.#base('words'), this.#constant(statement.count)];
        this.#emit('intrinsic', 'void', args, { intrinsic: 'copyBytes' });
        break;
      }
      case 'call':
        this.#call(statement);
        break;
      case 'if':
        this.#if(statement.condition, statement.ifTrue, statement.ifFalse);
        break;
      case 'loop':
        this.#loop(statement.turns, statement.body);
        break;
      case 'switch':
        this.#switch(statement.value, statement.arms);
        break;
      case 'leave':
        this.#leave(statement.condition, statement.how);
        break;
    }
  }

  #fill(place: Place, byte: number): void {
    const args = [this.#base(place), this.#constant(byte), this.#constant(slotSize)];
    this.#emit('intrinsic', 'void', args, { intrinsic: 'fillBytes' });
  }

  /** The address of the escaping slot goes to the callee in the place of the second argument, where it is not used. */
  #call({ index, callee, isIndirect, args }: Extract<Statement, { kind: 'call' }>): void {
    const symbol = `f${Math.min(this.#count - 1, this.#number + 1 + callee)}`;
    if (this.#number === this.#count - 1) return;
    const values = args.map((argument) => this.#expression(argument));
    const target = this.#emit('symbol', 'i32', [], { symbol });
    const result = isIndirect
      ? this.#emit('callIndirect', 'i32', [target, ...values], { parameters: ['i32', 'i32'] })
      : this.#emit('call', 'i32', values, { symbol });
    this.#variables[index] = result;
  }

  #if(condition: Expression, ifTrue: readonly Statement[], ifFalse: readonly Statement[]): void {
    const [yes, no, join] = [this.#fn.createBlock(), this.#fn.createBlock(), this.#fn.createBlock()];
    this.#end('branch', [this.#expression(condition)], [yes, no]);
    const before = this.#variables;
    const states = [[yes, ifTrue] as const, [no, ifFalse] as const].map(([block, statements]) => {
      this.#block = block;
      this.#variables = [...before];
      this.#statements(statements);
      this.#end('jump', [], [join]);
      return this.#variables;
    });
    this.#join(join, states);
  }

  #switch(value: Expression, arms: readonly (readonly Statement[])[]): void {
    const join = this.#fn.createBlock();
    const blocks = arms.map(() => this.#fn.createBlock());
    // the last arm serves two cases, and what no case matches goes to the join
    const cases = [...arms.keys(), -1];
    const targets = [join, ...blocks, blocks[blocks.length - 1]!];
    const limited = this.#emit('and', 'i32', [this.#expression(value), this.#constant(-5)]);
    this.#end('switch', [limited], targets, cases);
    const before = this.#variables;
    const states = [before];
    arms.forEach((statements, index) => {
      this.#block = blocks[index]!;
      this.#variables = [...before];
      this.#statements(statements);
      this.#end('jump', [], [join]);
      states.push(this.#variables);
    });
    this.#join(join, states);
  }

  /** `states` are the variables at the ends of the predecessors, in their order. */
  #join(join: Block, states: readonly Instruction[][]): void {
    this.#block = join;
    this.#variables = states[0]!.map((first, index) =>
      this.#emit(
        'phi',
        first.type,
        states.map((state) => state[index]!),
      ),
    );
  }

  #loop(turns: number, body: readonly Statement[]): void {
    const [header, inside, latch, exit] = Array.from({ length: 4 }, () => this.#fn.createBlock()) as [
      Block,
      Block,
      Block,
      Block,
    ];
    const start = [...this.#variables, this.#constant(0)];
    const limit = this.#constant(turns);
    this.#end('jump', [], [header]);
    this.#block = header;
    const phis = start.map((value) => this.#emit('phi', value.type, [value]));
    const counter = phis[variableCount + wideCount]!;
    this.#variables = phis.slice(0, -1);
    const frame = { loop: { header: latch, exit }, breaks: [this.#variables], continues: [] as Instruction[][] };
    this.#end('branch', [this.#emit('ltS', 'i32', [counter, limit])], [inside, exit]);
    this.#loops.push(frame);
    this.#block = inside;
    this.#variables = [...this.#variables];
    this.#statements(body);
    this.#end('jump', [], [latch]);
    frame.continues.push(this.#variables);
    this.#loops.pop();
    this.#join(latch, frame.continues);
    const next = [...this.#variables, this.#emit('add', 'i32', [counter, this.#constant(1)])];
    this.#end('jump', [], [header]);
    phis.forEach((phi, index) => phi.args.push(next[index]!));
    this.#join(exit, frame.breaks);
  }

  #leave(condition: Expression, how: 'break' | 'continue' | 'return'): void {
    const frame = this.#loops[this.#loops.length - 1];
    const [away, on] = [this.#fn.createBlock(), this.#fn.createBlock()];
    this.#end('branch', [this.#expression(condition)], [away, on]);
    this.#block = away;
    if (how === 'return' || frame === undefined) {
      this.#return();
    } else {
      (how === 'break' ? frame.breaks : frame.continues).push([...this.#variables]);
      this.#end('jump', [], [how === 'break' ? frame.loop.exit : frame.loop.header]);
    }
    this.#block = on;
  }

  #base(place: Place): Instruction {
    if (place === 'slot' || place === 'escaping')
      return this.#emit('slot', 'i32', [], { index: place === 'slot' ? 0 : 1 });
    return this.#emit('symbol', 'i32', [], { symbol: place });
  }

  /** Constant places are common, and are what most passes understand. */
  #address(place: Place, at: Expression, size: Size): Instruction {
    const base = this.#base(place);
    const length = place === 'words' || place === 'bytes' ? dataSize : slotSize;
    if (at.kind === 'constant') {
      const index = Math.abs(at.value % (length / size));
      return this.#emit('add', 'i32', [base, this.#constant(index * size)]);
    }
    if (place === 'slot') return this.#emit('add', 'i32', [base, this.#constant(8 - (8 % size))]);
    const index = this.#emit('and', 'i32', [this.#expression(at), this.#constant(length / size - 1)]);
    return this.#emit('add', 'i32', [base, this.#emit('mul', 'i32', [index, this.#constant(size)])]);
  }

  /** As an i32. */
  #expression(expression: Expression): Instruction {
    const value = this.#value(expression);
    return value.type === 'i64' ? this.#emit('narrow', 'i32', [value]) : value;
  }

  /** As an i64. */
  #wide(expression: Expression): Instruction {
    const value = this.#value(expression);
    return value.type === 'i64' ? value : this.#emit('sextWide', 'i64', [value]);
  }

  #value(expression: Expression): Instruction {
    switch (expression.kind) {
      case 'constant':
        return this.#constant(expression.value);
      case 'variable':
        return this.#variables[expression.index]!;
      case 'wideVariable':
        return this.#variables[variableCount + expression.index]!;
      case 'binary':
        return this.#emit(expression.op, 'i32', [this.#expression(expression.a), this.#expression(expression.b)]);
      case 'wide': {
        const isShift = expression.op.startsWith('sh');
        const isCompare = ['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU'].includes(expression.op);
        const args = [this.#wide(expression.a), isShift ? this.#expression(expression.b) : this.#wide(expression.b)];
        return this.#emit(expression.op, isCompare ? 'i32' : 'i64', args);
      }
      case 'unary':
        return this.#unary(expression.op, expression.a);
      case 'select': {
        const args = [this.#expression(expression.a), this.#expression(expression.b), this.#expression(expression.c)];
        return this.#emit('select', 'i32', args);
      }
      case 'load': {
        const { place, at, size, signed } = expression;
        return this.#emit('load', size === 8 ? 'i64' : 'i32', [this.#address(place, at, size)], { size, signed });
      }
    }
  }

  #unary(op: Opcode, a: Expression): Instruction {
    if (op === 'narrow') return this.#emit(op, 'i32', [this.#wide(a)]);
    if (op === 'sextWide' || op === 'zextWide') return this.#emit(op, 'i64', [this.#expression(a)]);
    const value = op === 'neg' || op === 'not' ? this.#value(a) : this.#expression(a);
    return this.#emit(op, value.type, [value]);
  }
}
