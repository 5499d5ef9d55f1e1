/*
 * Reads the body of one function.
 *
 * Idea. A value may be used before the line that defines it (by a phi, or because blocks stand in any order), so that
 * operands are remembered by number and put in place when the whole body has been read. Predecessors that are not
 * written are worked out from the terminators.
 */

import { intrinsics } from './intrinsics.ts';
import { type Lexer, type Token } from './lexer.ts';
import { parseLocation, parseName, parseNumber, parseSignedNumber, parseType } from './parse-common.ts';
import { parseAccess } from './syntax.ts';
import {
  type AsmOperand,
  type Attributes,
  Block,
  Instruction,
  type IrFunction,
  isTerminator,
  type Opcode,
  type SourceLocation,
  type ValueType,
} from './types.ts';

/** How many operands the operations have that are written `op %a, %b`. */
const plainOperations: ReadonlyMap<string, number | 'any'> = new Map<string, number | 'any'>([
  ...['add', 'sub', 'mul', 'divS', 'divU', 'remS', 'remU', 'and', 'or', 'xor'].map((op) => [op, 2] as const),
  ...['shl', 'shrS', 'shrU', 'mulHighS', 'mulHighU'].map((op) => [op, 2] as const),
  ...['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU'].map((op) => [op, 2] as const),
  ...['neg', 'not', 'sext8', 'sext16', 'zext8', 'zext16'].map((op) => [op, 1] as const),
  ...['sextWide', 'zextWide', 'narrow'].map((op) => [op, 1] as const),
  ['select', 3],
  ['phi', 'any'],
  ['return', 'any'],
  ['unreachable', 0],
]);

/** What follows the `=`, before the names of values and blocks mean anything. */
interface Draft {
  readonly op: Opcode;
  readonly operands?: readonly Token[];
  readonly targets?: readonly Token[];
  readonly attributes?: Partial<Attributes>;
}

/** One line of a block. */
interface Line {
  readonly block: Block;
  readonly id: number | null;
  readonly type: ValueType;
  readonly draft: Draft;
  readonly location: SourceLocation | null;
}

export class FunctionParser {
  readonly #lexer: Lexer;
  readonly #fn: IrFunction;
  readonly #lines: Line[] = [];
  readonly #blocks = new Map<number, Block>();
  readonly #valueIds = new Set<number>();
  /** The `from` lists, where there are any. */
  readonly #from = new Map<Block, readonly Token[]>();
  /** Instructions that share a line in the source share the location too. */
  readonly #locations = new Map<string, SourceLocation>();

  constructor(lexer: Lexer, fn: IrFunction) {
    this.#lexer = lexer;
    this.#fn = fn;
  }

  /** Everything between the braces, and the braces. */
  parseBody(isNaked: boolean): void {
    this.#lexer.expect('{');
    while (this.#lexer.accept('slot')) this.#parseSlot();
    if (isNaked) this.#parseAsm();
    let block: Block | null = null;
    while (!this.#lexer.accept('}')) {
      if (isBlockName(this.#lexer.next)) block = this.#parseBlockHead();
      else if (block === null) this.#lexer.fail('a block such as "b0:"');
      else this.#parseInstruction(block);
    }
    this.#resolve();
  }

  #parseSlot(): void {
    const { start } = this.#lexer.next;
    if (parseNumber(this.#lexer) !== this.#fn.slots.length)
      this.#lexer.failAt(start, 'slots are numbered 0, 1, 2, ...');
    this.#lexer.expect(':');
    const name = parseName(this.#lexer);
    this.#lexer.expect('size');
    const size = parseNumber(this.#lexer);
    this.#lexer.expect('align');
    this.#fn.slots.push({ name, size, align: parseNumber(this.#lexer) });
  }

  /** Neighbouring strings make one piece; symbols and numbers between them are the operands. */
  #parseAsm(): void {
    this.#lexer.expect('asm');
    const location = parseLocation(this.#lexer, this.#fn.debug.location.file) ?? this.#fn.debug.location;
    const pieces: string[] = [];
    let piece = '';
    const operands: AsmOperand[] = [];
    this.#lexer.expect('{');
    while (!this.#lexer.accept('}')) {
      const { kind } = this.#lexer.next;
      if (kind === 'string') {
        piece += this.#lexer.take().text;
        continue;
      }
      operands.push(kind === 'symbol' ? { symbol: this.#lexer.take().text } : { constant: this.#parseInteger() });
      pieces.push(piece);
      piece = '';
    }
    this.#fn.asm = { pieces: [...pieces, piece], operands, location };
  }

  #parseInteger(): number {
    return this.#lexer.accept('-') ? -parseNumber(this.#lexer) : parseNumber(this.#lexer);
  }

  #parseBlockHead(): Block {
    const { text, start } = this.#lexer.take();
    const id = Number(text.slice(1));
    if (this.#blocks.has(id)) this.#lexer.failAt(start, `block ${text} is defined twice`);
    const block = new Block(id);
    this.#blocks.set(id, block);
    this.#fn.blocks.push(block);
    if (this.#lexer.accept('from'))
      this.#from.set(
        block,
        this.#list(() => this.#blockName()),
      );
    block.isCold = this.#lexer.accept('cold');
    this.#lexer.expect(':');
    return block;
  }

  #parseInstruction(block: Block): void {
    const { start } = this.#lexer.next;
    let id: number | null = null;
    let type: ValueType = 'void';
    if (this.#lexer.next.kind === 'value') {
      id = Number(this.#lexer.take().text.slice(1));
      type = this.#lexer.accept(':') ? parseType(this.#lexer) : 'i32';
      this.#lexer.expect('=');
    }
    const draft = this.#parseOperation(type);
    if (id === null && producesValue(draft.op)) this.#lexer.failAt(start, `the result of ${draft.op} needs a name`);
    if (id !== null && this.#valueIds.has(id)) this.#lexer.failAt(start, `%${id} is defined twice`);
    if (id !== null) this.#valueIds.add(id);
    this.#lines.push({ block, id, type, draft, location: this.#parseSharedLocation() });
  }

  #parseSharedLocation(): SourceLocation | null {
    const location = parseLocation(this.#lexer, this.#fn.debug.location.file);
    if (location === null) return null;
    const key = JSON.stringify(location);
    const known = this.#locations.get(key);
    if (known === undefined) this.#locations.set(key, location);
    return known ?? location;
  }

  #parseOperation(type: ValueType): Draft {
    const { text, start } = this.#lexer.next;
    this.#lexer.expectKind('word', 'an operation');
    const arity = plainOperations.get(text);
    if (arity !== undefined) return this.#parsePlain(text as Opcode, arity);
    switch (text) {
      case 'const':
        return { op: text, attributes: { value: type === 'i64' ? this.#parseBigInteger() : this.#parseInteger() } };
      case 'param':
      case 'slot':
        return { op: text, attributes: { index: parseNumber(this.#lexer) } };
      case 'symbol':
        return { op: text, attributes: { symbol: this.#symbol(), offset: parseSignedNumber(this.#lexer) } };
      case 'load':
      case 'store':
        return this.#parseAccess(text);
      case 'call':
        return { op: text, attributes: { symbol: this.#symbol() }, operands: this.#parenthesised() };
      case 'callIndirect':
        return this.#parseIndirectCall();
      case 'intrinsic':
        return this.#parseIntrinsic();
      case 'jump':
        return { op: text, targets: [this.#blockName()] };
      case 'branch':
        return this.#parseBranch();
      case 'switch':
        return this.#parseSwitch();
      default:
        return this.#lexer.failAt(start, `unknown operation "${text}"`);
    }
  }

  #parsePlain(op: Opcode, arity: number | 'any'): Draft {
    const { start } = this.#lexer.next;
    const operands = this.#lexer.next.kind === 'value' ? this.#list(() => this.#value()) : [];
    if (arity !== 'any' && operands.length !== arity) {
      this.#lexer.failAt(start, `${op} takes ${arity} operands, not ${operands.length}`);
    }
    return { op, operands };
  }

  #parseBigInteger(): bigint {
    const isNegative = this.#lexer.accept('-');
    const magnitude = BigInt(this.#lexer.expectKind('number', 'a number'));
    return isNegative ? -magnitude : magnitude;
  }

  #parseAccess(op: 'load' | 'store'): Draft {
    const access = parseAccess(this.#lexer.next.text);
    if (access === null) this.#lexer.fail('a width such as "u32"');
    this.#lexer.take();
    this.#lexer.expect('[');
    const operands = [this.#value()];
    const offset = parseSignedNumber(this.#lexer);
    this.#lexer.expect(']');
    if (op === 'store') {
      this.#lexer.expect(',');
      operands.push(this.#value());
    }
    return { op, operands, attributes: { ...access, offset, isVolatile: this.#lexer.accept('volatile') } };
  }

  #parseIndirectCall(): Draft {
    const parameters: ValueType[] = [];
    this.#lexer.expect('(');
    while (!this.#lexer.accept(')')) {
      parameters.push(parseType(this.#lexer));
      if (this.#lexer.next.text !== ')') this.#lexer.expect(',');
    }
    const target = this.#value();
    return { op: 'callIndirect', attributes: { parameters }, operands: [target, ...this.#parenthesised()] };
  }

  #parseIntrinsic(): Draft {
    const { text, start } = this.#lexer.next;
    this.#lexer.expectKind('word', 'the name of an intrinsic');
    const [name = '', width] = text.split('.');
    const info = intrinsics.get(name);
    if (info === undefined) this.#lexer.failAt(start, `unknown intrinsic "${name}"`);
    const access = width === undefined ? null : parseAccess(width);
    if ((info.sized !== undefined) !== (access !== null)) {
      this.#lexer.failAt(
        start,
        info.sized === undefined ? `${name} has no width` : `${name} needs a width: ${name}.u32`,
      );
    }
    const attributes = access === null ? { intrinsic: name } : { intrinsic: name, size: access.size };
    return { op: 'intrinsic', attributes, operands: this.#parenthesised() };
  }

  #parseBranch(): Draft {
    const condition = this.#value();
    this.#lexer.expect(',');
    const ifTrue = this.#blockName();
    this.#lexer.expect(',');
    return { op: 'branch', operands: [condition], targets: [ifTrue, this.#blockName()] };
  }

  #parseSwitch(): Draft {
    const operands = [this.#value()];
    const cases: number[] = [];
    const arms: Token[] = [];
    this.#lexer.expect('{');
    while (!this.#lexer.accept('else')) {
      cases.push(this.#parseInteger());
      this.#lexer.expect(':');
      arms.push(this.#blockName());
      this.#lexer.expect(',');
    }
    this.#lexer.expect(':');
    const otherwise = this.#blockName();
    this.#lexer.expect('}');
    return { op: 'switch', operands, targets: [otherwise, ...arms], attributes: { cases } };
  }

  #symbol(): string {
    return this.#lexer.expectKind('symbol', 'a symbol');
  }

  #value(): Token {
    if (this.#lexer.next.kind !== 'value') this.#lexer.fail('a value such as "%1"');
    return this.#lexer.take();
  }

  #blockName(): Token {
    if (!isBlockName(this.#lexer.next)) this.#lexer.fail('a block such as "b1"');
    return this.#lexer.take();
  }

  #list(parse: () => Token): Token[] {
    const items = [parse()];
    while (this.#lexer.accept(',')) items.push(parse());
    return items;
  }

  #parenthesised(): Token[] {
    this.#lexer.expect('(');
    if (this.#lexer.accept(')')) return [];
    const items = this.#list(() => this.#value());
    this.#lexer.expect(')');
    return items;
  }

  /** Makes the instructions; those without result have ids too, which the text does not show: they get new ones. */
  #resolve(): void {
    this.#fn.reserveIds(Math.max(-1, ...this.#valueIds) + 1, Math.max(-1, ...this.#blocks.keys()) + 1);
    const values = new Map<number, Instruction>();
    const made = this.#lines.map(({ block, id, type, draft, location }) => {
      const instruction =
        id === null ? this.#fn.create(draft.op, type, [], location) : new Instruction(id, draft.op, type, [], location);
      Object.assign(instruction, draft.attributes);
      instruction.block = block;
      block.instructions.push(instruction);
      if (id !== null) values.set(id, instruction);
      return { instruction, draft };
    });
    for (const { instruction, draft } of made) {
      instruction.args = (draft.operands ?? []).map((token) => this.#lookUp(values, token));
      instruction.targets = (draft.targets ?? []).map((token) => this.#lookUp(this.#blocks, token));
    }
    this.#linkPredecessors();
  }

  #linkPredecessors(): void {
    for (const block of this.#fn.blocks) {
      for (const target of block.successors) {
        if (!this.#from.has(target)) target.predecessors.push(block);
      }
    }
    for (const [block, names] of this.#from) {
      block.predecessors = names.map((token) => this.#lookUp(this.#blocks, token));
    }
  }

  #lookUp<T>(table: ReadonlyMap<number, T>, token: Token): T {
    return table.get(Number(token.text.slice(1))) ?? this.#lexer.failAt(token.start, `${token.text} is not defined`);
  }
}

function isBlockName(token: Token): boolean {
  return token.kind === 'word' && /^b\d+$/.test(token.text);
}

function producesValue(op: Opcode): boolean {
  return op !== 'store' && op !== 'call' && op !== 'callIndirect' && op !== 'intrinsic' && !isTerminator(op);
}
