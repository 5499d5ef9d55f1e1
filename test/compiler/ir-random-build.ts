/*
 * From the syntax trees of ir-random.ts to IR: blocks, phis where paths join, and data to work on.
 */

import { append } from '../../tools/compiler/ir/edit.ts';
import {
  type Block,
  type Instruction,
  IrFunction,
  IrModule,
  type Opcode,
  type ValueType,
} from '../../tools/compiler/ir/types.ts';
import {
  dataSize,
  slotSize,
  variableCount,
  wideCount,
  type Expression,
  type Place,
  type Size,
  type Statement,
} from './ir-random.ts';

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
