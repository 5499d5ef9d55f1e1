/*
 * The generator: a random program from a seed. Functions call earlier ones only, loops have constant counts, and a budget
 * bounds how much may run, so every program ends soon.
 */
import { promote, RECORDS } from './program.ts';
import type {
  ArrayVariable,
  BinaryOperator,
  Condition,
  Expression,
  FunctionHead,
  IntegerType,
  Place,
  Program,
  ProgramFunction,
  Statement,
  WideType,
} from './program.ts';

const integerTypes: readonly IntegerType[] = ['u8', 'u16', 'u32', 'i8', 'i16', 'i32', 'u64', 'i64', 'u32', 'i32'];
const wideTypes: readonly WideType[] = ['u32', 'i32', 'u64', 'i64', 'u32', 'i32'];
const operators: readonly BinaryOperator[] = ['+', '-', '*', '/', '%', '&', '|', '^', '<<', '>>', '>>>', '+', '-', '&'];

/** mulberry32: small, fast, and the same everywhere. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What can be named at some point of the program. */
interface Scope {
  readonly places: readonly Place[];
  /** Loop counters and the like: to be read only. */
  readonly constants: readonly Place[];
  readonly arrays: readonly ArrayVariable[];
  readonly functions: readonly FunctionHead[];
  readonly loopDepth: number;
}

class Generator {
  readonly #random: (below: number) => number;
  #names = 0;

  constructor(seed: number) {
    this.#random = randomSource(seed);
  }

  program(): Program {
    const globals = this.#list(2, 5, () => ({
      name: this.#name('g'),
      type: this.#pick(integerTypes),
      value: this.#value(),
    }));
    const arrays = this.#list(1, 3, () => ({
      name: this.#name('a'),
      element: this.#pick(integerTypes),
      length: 4 << this.#random(3),
    }));
    const structFields = this.#list(2, 6, () => ({ name: this.#name('f'), type: this.#pick(integerTypes) }));
    const places: Place[] = [
      ...globals.map((g) => place(g.type, g.name)),
      ...structFields.map((f) => place(f.type, `record.${f.name}`)),
      ...structFields.map((f) => place(f.type, `records[${this.#random(RECORDS)}].${f.name}`)),
      ...arrays.map((a) => place(a.element, `${a.name}[${this.#random(a.length)}]`)),
    ];
    const scopeArrays = arrays.map((a) => ({ element: a.element, length: a.length, ts: a.name, c: a.name }));
    const functions: ProgramFunction[] = [];
    for (let i = 0, count = 1 + this.#random(4); i < count; i++) {
      const heads = functions.map((f) => f.head);
      functions.push(this.#function({ places, constants: [], arrays: scopeArrays, functions: heads, loopDepth: 0 }));
    }
    const scope: Scope = {
      places,
      constants: [],
      arrays: scopeArrays,
      functions: functions.map((f) => f.head),
      loopDepth: 0,
    };
    const main: Statement[] = [...this.#block(scope, 4 + this.#random(6), 3)];
    for (const place of places) main.push({ kind: 'mix', value: { kind: 'read', type: 'u64', place } });
    for (const array of scopeArrays) main.push(this.#mixArray(array));
    return { structFields, globals, arrays, functions, main };
  }

  #mixArray(array: ArrayVariable): Statement {
    const counter = this.#name('n');
    const index: Expression = { kind: 'read', type: 'u32', place: { type: 'u32', ts: counter, c: counter } };
    return {
      kind: 'loop',
      counter,
      count: array.length,
      body: [{ kind: 'mix', value: { kind: 'element', type: 'u64', array, index } }],
    };
  }

  #function(outer: Scope): ProgramFunction {
    const parameters = this.#list(0, 5, () => ({ name: this.#name('p'), type: this.#pick(integerTypes) }));
    const locals = this.#list(1, 5, () => ({
      name: this.#name('v'),
      type: this.#pick(integerTypes),
      value: this.#value(),
    }));
    const own = [...parameters, ...locals].map((v) => ({ type: v.type, ts: v.name, c: v.name }));
    const scope: Scope = { ...outer, places: [...outer.places, ...own, ...own] };
    const returns = this.#pick(wideTypes);
    const body = this.#block(scope, 2 + this.#random(5), 2);
    return {
      head: { name: this.#name('fn'), parameters, returns },
      locals,
      body,
      result: this.#expression(scope, returns, 3),
    };
  }

  #block(scope: Scope, length: number, depth: number): Statement[] {
    return Array.from({ length }, () => this.#statement(scope, depth));
  }

  #statement(scope: Scope, depth: number): Statement {
    switch (this.#random(depth > 0 ? 12 : 6)) {
      case 0:
      case 1:
      case 2:
        return { kind: 'assign', target: this.#pick(scope.places), value: this.#wholeValue(scope) };
      case 3: {
        const array = this.#pick(scope.arrays);
        return { kind: 'assignElement', array, index: this.#expression(scope, 'u32', 2), value: this.#any(scope) };
      }
      case 4:
        return this.#update(scope);
      case 5:
        return { kind: 'mix', value: this.#wholeValue(scope) };
      case 6:
      case 7: {
        const yes = this.#block(scope, 1 + this.#random(3), depth - 1);
        return {
          kind: 'if',
          condition: this.#condition(scope, 2),
          yes,
          no: this.#block(scope, this.#random(3), depth - 1),
        };
      }
      case 8:
        return {
          kind: 'switch',
          value: this.#any(scope),
          cases: this.#list(2, 7, () => this.#block({ ...scope, loopDepth: 0 }, 1, depth - 1)),
        };
      default:
        return this.#loop(scope, depth);
    }
  }

  #update(scope: Scope): Statement {
    const target = this.#pick(scope.places);
    if (this.#random(4) === 0) return { kind: 'step', target, operator: this.#random(2) === 0 ? '++' : '--' };
    const type = promote(target.type);
    const operator = this.#operator(type);
    return { kind: 'update', target, operator, value: this.#expression(scope, type, 3) };
  }

  /** bigint has no >>>. */
  #operator(type: WideType): BinaryOperator {
    const operator = this.#pick(operators);
    return operator === '>>>' && (type === 'u64' || type === 'i64') ? '>>' : operator;
  }

  #loop(scope: Scope, depth: number): Statement {
    const counter = this.#name('n');
    const place: Place = { type: 'u32', ts: counter, c: counter };
    const inner: Scope = { ...scope, constants: [...scope.constants, place], loopDepth: scope.loopDepth + 1 };
    const body = this.#block(inner, 1 + this.#random(3), depth - 1);
    if (this.#random(3) === 0) {
      const how = this.#random(2) === 0 ? 'break' : 'continue';
      body.splice(this.#random(body.length + 1), 0, { kind: 'leave', condition: this.#condition(inner, 1), how });
    }
    return { kind: 'loop', counter, count: 1 + this.#random(scope.loopDepth > 0 ? 4 : 12), body };
  }

  #any(scope: Scope): Expression {
    return this.#expression(scope, this.#pick(wideTypes), 3);
  }

  /**
   * A whole value: an expression, or a call. A call never stands inside an expression, since C leaves open in which order
   * the operands are evaluated, and a call changes globals.
   */
  #wholeValue(scope: Scope): Expression {
    if (scope.functions.length === 0 || scope.loopDepth > 1 || this.#random(3) > 0) return this.#any(scope);
    const callee = this.#pick(scope.functions);
    return { kind: 'call', type: callee.returns, callee, args: callee.parameters.map(() => this.#any(scope)) };
  }

  #expression(scope: Scope, type: WideType, depth: number): Expression {
    if (depth === 0 || this.#random(5) === 0) return this.#leaf(scope, type);
    const next = (): Expression => this.#expression(scope, type, depth - 1);
    switch (this.#random(9)) {
      case 0:
        return { kind: 'unary', type, operator: this.#random(2) === 0 ? '-' : '~', operand: next() };
      case 1: {
        const operand = this.#expression(scope, this.#pick(wideTypes), depth - 1);
        return { kind: 'convert', type, through: this.#pick(integerTypes), operand };
      }
      case 2:
        return { kind: 'choice', type, condition: this.#condition(scope, 1), yes: next(), no: next() };
      default: {
        return { kind: 'binary', type, operator: this.#operator(type), left: next(), right: next() };
      }
    }
  }

  #leaf(scope: Scope, type: WideType): Expression {
    switch (this.#random(4)) {
      case 0:
        return { kind: 'literal', type, value: wrap(this.#value(), type) };
      case 1:
        return {
          kind: 'element',
          type,
          array: this.#pick(scope.arrays),
          index: { kind: 'literal', type: 'u32', value: BigInt(this.#random(16)) },
        };
      default: {
        const from = this.#pick([...scope.places, ...scope.constants]);
        return { kind: 'read', type, place: from, isBare: promote(from.type) === type && this.#random(2) === 0 };
      }
    }
  }

  #condition(scope: Scope, depth: number): Condition {
    const kind = depth === 0 ? 0 : this.#random(6);
    if (kind === 4) return { kind: 'not', operand: this.#condition(scope, depth - 1) };
    if (kind === 5) {
      const both = { left: this.#condition(scope, depth - 1), right: this.#condition(scope, depth - 1) };
      return { kind: this.#random(2) === 0 ? 'and' : 'or', ...both };
    }
    const type = this.#pick(wideTypes);
    const operator = this.#pick(['<', '<=', '>', '>=', '===', '!=='] as const);
    return {
      kind: 'compare',
      operator,
      left: this.#expression(scope, type, 2),
      right: this.#expression(scope, type, 1),
    };
  }

  /** Small numbers, powers of two and their neighbours, and arbitrary bits: where the bugs are. */
  #value(): bigint {
    switch (this.#random(4)) {
      case 0:
        return BigInt(this.#random(10)) - 3n;
      case 1:
        return (1n << BigInt(this.#random(64))) + BigInt(this.#random(3)) - 1n;
      default:
        return (BigInt(this.#random(0x1_0000_0000)) << 32n) | BigInt(this.#random(0x1_0000_0000));
    }
  }

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random(items.length)]!;
  }

  #list<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.#random(most - least + 1) }, make);
  }
}

function place(type: IntegerType, text: string): Place {
  return { type, ts: text, c: text };
}

function wrap(value: bigint, type: WideType): bigint {
  switch (type) {
    case 'u32':
      return BigInt.asUintN(32, value);
    case 'i32':
      return BigInt.asIntN(32, value);
    case 'u64':
      return BigInt.asUintN(64, value);
    case 'i64':
      return BigInt.asIntN(64, value);
  }
}

/** The program of this seed; the same on every machine. */
export function generateProgram(seed: number): Program {
  return new Generator(seed).program();
}
