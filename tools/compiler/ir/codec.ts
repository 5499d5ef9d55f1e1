/*
 * A function as plain data: numbers, strings, arrays. So it can be kept, copied, and stored outside the program.
 *
 * What decodeFunction makes of an encoded function is a copy in every respect that a pass or the back end can see: ids of
 * values and blocks, the order of predecessors, and which instructions share a location. Numbers are kept as 32 bits, which
 * is what offsets and cases mean.
 */

import { binaryOps, compareOps, unaryOps } from './opcodes.ts';
import {
  Block,
  Instruction,
  IrFunction,
  newList,
  noValues,
  type AsmBody,
  type FunctionDebug,
  type FunctionOptions,
  type Opcode,
  type SourceLocation,
  type StackSlot,
  type ValueType,
} from './types.ts';

export interface EncodedFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly returns: ValueType;
  readonly options: FunctionOptions;
  readonly debug: FunctionDebug;
  readonly asm: AsmBody | null;
  readonly body: EncodedBody;
}

/** The larger part, which many have no need for: a store may fetch it when it is asked for. */
export interface EncodedBody {
  readonly slots: readonly StackSlot[];
  readonly valueLimit: number;
  readonly blockLimit: number;
  /** The blocks, one after the other, as `Encoder` writes them. */
  readonly code: Int32Array;
  /** Symbols, names of intrinsics and of files. */
  readonly texts: readonly string[];
  readonly wide: readonly bigint[];
  readonly signatures: readonly (readonly ValueType[])[];
  /**
   * Groups of four (LOCATION_LENGTH): number of the file's name, line, column, and the number of the location that this
   * one was inlined at; -1 if it was not.
   */
  readonly locations: Int32Array;
}

const LOCATION_LENGTH = 4;
/** Of an instruction, apart from its lists. */
const MOST_WORDS = 12;
/** Words that share a buffer. */
const CHUNK = 1 << 14;
const FEW_TEXTS = 12;

const opcodes: readonly Opcode[] = [
  ...binaryOps,
  ...compareOps,
  ...unaryOps,
  ...(['const', 'param', 'symbol', 'slot', 'load', 'store', 'call', 'callIndirect', 'intrinsic'] as const),
  ...(['jump', 'branch', 'switch', 'return', 'unreachable', 'phi', 'select'] as const),
];
const opcodeNumbers: ReadonlyMap<Opcode, number> = new Map(opcodes.map((op, index) => [op, index]));
/** As typeNumber numbers them. */
const valueTypes: readonly ValueType[] = ['i32', 'i64', 'void'];

/** What else an instruction has, in the upper half of its first word. */
const HAS_VALUE = 1 << 16;
const HAS_INDEX = 1 << 17;
const HAS_SYMBOL = 1 << 18;
const HAS_OFFSET = 1 << 19;
const HAS_INTRINSIC = 1 << 20;
const HAS_SIGNATURE = 1 << 21;
const HAS_CASES = 1 << 22;
const HAS_TARGETS = 1 << 23;
const IS_SIGNED = 1 << 24;
const IS_VOLATILE = 1 << 25;
const IS_WIDE = 1 << 26;

/** Encodes one function after the other. */
export class Encoder {
  readonly #code = new WordWriter();
  /** The first #textCount count. */
  readonly #texts: string[] = [];
  #textCount = 0;
  /** Of those behind the first few. */
  readonly #textNumbers = new Map<string, number>();
  #wide: bigint[] = [];
  #signatures: (readonly ValueType[])[] = [];
  readonly #locations = new WordWriter();
  readonly #locationNumbers = new Numbering();
  #lastLocation: SourceLocation | null = null;
  #lastNumber = -1;

  encode(fn: IrFunction): EncodedFunction {
    this.#begin();
    const { name, parameters, returns, options, debug, asm, blocks, slots, valueLimit, blockLimit } = fn;
    for (let n = 0; n < blocks.length; n++) this.#block(blocks[n]!);
    return {
      name,
      parameters,
      returns,
      options,
      debug,
      asm,
      body: {
        slots: slots.slice(),
        valueLimit,
        blockLimit,
        code: this.#code.take(),
        texts: this.#texts.slice(0, this.#textCount),
        wide: this.#wide,
        signatures: this.#signatures,
        locations: this.#locations.take(),
      },
    };
  }

  #begin(): void {
    this.#textCount = 0;
    if (this.#textNumbers.size > 0) this.#textNumbers.clear();
    this.#wide = [];
    this.#signatures = [];
    this.#locationNumbers.clear();
    this.#lastLocation = null;
    this.#lastNumber = -1;
  }

  #block({ id, instructions, isCold, predecessors }: Block): void {
    const code = this.#code.reserve(4 + predecessors.length);
    let at = this.#code.end;
    code[at++] = id;
    code[at++] = isCold ? 1 : 0;
    code[at++] = predecessors.length;
    for (let n = 0; n < predecessors.length; n++) code[at++] = predecessors[n]!.id;
    code[at++] = instructions.length;
    this.#code.end = at;
    for (let n = 0; n < instructions.length; n++) this.#instruction(instructions[n]!);
  }

  #instruction(instruction: Instruction): void {
    const { args, cases, intrinsic, offset, symbol, targets, value } = instruction;
    const code = this.#code.reserve(MOST_WORDS + args.length + cases.length + targets.length);
    const head = this.#code.end;
    let at = head + 4;
    let flags = opcodeNumbers.get(instruction.op)! | (typeNumber(instruction.type) << 8) | (instruction.size << 10);
    code[head + 1] = instruction.id;
    code[head + 2] = this.#location(instruction.location);
    code[head + 3] = args.length;
    for (let n = 0; n < args.length; n++) code[at++] = args[n]!.id;
    if (instruction.signed) flags |= IS_SIGNED;
    if (instruction.isVolatile) flags |= IS_VOLATILE;
    if (typeof value === 'bigint') {
      flags |= HAS_VALUE | IS_WIDE;
      code[at++] = numberIn(this.#wide, value);
    } else if (value !== 0) {
      flags |= HAS_VALUE;
      code[at++] = value;
    }
    if (instruction.index !== 0) {
      flags |= HAS_INDEX;
      code[at++] = instruction.index;
    }
    if (symbol !== '') {
      flags |= HAS_SYMBOL;
      code[at++] = this.#text(symbol);
    }
    if (offset !== 0) {
      flags |= HAS_OFFSET;
      code[at++] = offset;
    }
    if (intrinsic !== '') {
      flags |= HAS_INTRINSIC;
      code[at++] = this.#text(intrinsic);
    }
    this.#code.end = at;
    code[head] = flags | this.#lists(instruction, code);
  }

  /** What few instructions have: the signature of an indirect call, and where terminators lead. Gives the flags. */
  #lists({ cases, parameters, targets }: Instruction, code: Int32Array): number {
    let at = this.#code.end;
    let flags = 0;
    if (parameters.length > 0) {
      flags |= HAS_SIGNATURE;
      code[at++] = numberIn(this.#signatures, parameters);
    }
    if (cases.length > 0) {
      flags |= HAS_CASES;
      code[at++] = cases.length;
      for (let n = 0; n < cases.length; n++) code[at++] = cases[n]!;
    }
    if (targets.length > 0) {
      flags |= HAS_TARGETS;
      code[at++] = targets.length;
      for (let n = 0; n < targets.length; n++) code[at++] = targets[n]!.id;
    }
    this.#code.end = at;
    return flags;
  }

  /** Most functions name but a few, which are found sooner by looking at all of them than in a Map. */
  #text(text: string): number {
    const count = this.#textCount;
    for (let n = 0; n < count && n < FEW_TEXTS; n++) if (this.#texts[n] === text) return n;
    if (count >= FEW_TEXTS) {
      const number = this.#textNumbers.get(text);
      if (number !== undefined) return number;
      this.#textNumbers.set(text, count);
    }
    this.#texts[this.#textCount++] = text;
    return count;
  }

  #location(location: SourceLocation | null): number {
    if (location === null) return -1;
    if (location === this.#lastLocation) return this.#lastNumber; // as so often
    let number = this.#locationNumbers.find(location);
    if (number < 0) {
      number = this.#addLocation(location);
      this.#locationNumbers.add(location);
    }
    this.#lastLocation = location;
    this.#lastNumber = number;
    return number;
  }

  #addLocation(location: SourceLocation): number {
    const { file, line, column } = location;
    const inlinedAt = this.#location(location.inlinedAt ?? null);
    const words = this.#locations.reserve(LOCATION_LENGTH);
    const at = this.#locations.end;
    words[at] = this.#text(file);
    words[at + 1] = line;
    words[at + 2] = column;
    words[at + 3] = inlinedAt;
    this.#locations.end = at + LOCATION_LENGTH;
    return this.#locations.length / LOCATION_LENGTH - 1;
  }
}

/**
 * Numbers locations in their order: as a Map would, which takes new memory, again and again as it grows, each time that it
 * is used anew.
 */
class Numbering {
  readonly #items: SourceLocation[] = [];
  #count = 0;
  /** By hash, or behind that: one more than the number; 0 where there is none. More than half is free. */
  #places = new Int32Array(1 << 8);

  clear(): void {
    this.#count = 0;
    this.#places.fill(0);
  }

  /** Less than 0 if it has none. */
  find(item: SourceLocation): number {
    return this.#places[this.#place(item)]! - 1;
  }

  add(item: SourceLocation): void {
    this.#items[this.#count++] = item;
    if (2 * this.#count > this.#places.length) this.#grow();
    else this.#places[this.#place(item)] = this.#count;
  }

  #grow(): void {
    this.#places = new Int32Array(2 * this.#places.length);
    for (let n = 0; n < this.#count; n++) this.#places[this.#place(this.#items[n]!)] = n + 1;
  }

  /** Where the item is, or would be. */
  #place(item: SourceLocation): number {
    const mask = this.#places.length - 1;
    const { column, inlinedAt, line } = item;
    const mixed = Math.imul(line, 0x9e3779b1) ^ Math.imul(inlinedAt?.line ?? 0, 0x85ebca6b);
    let place = (mixed >>> 18) ^ Math.imul(column + (inlinedAt?.column ?? 0), 5);
    for (place &= mask; ; place = (place + 1) & mask) {
      const number = this.#places[place]!;
      if (number === 0 || this.#items[number - 1] === item) return place;
    }
  }
}

/**
 * Writes lists of words one behind the other. There are tens of thousands, most of them short: a buffer of its own for each, which
 * V8 does not keep with its objects, would cost more than what is in it.
 */
class WordWriter {
  #words = new Int32Array(CHUNK);
  /** Where the list begins that is being written. */
  #start = 0;
  /** Where it ends. */
  end = 0;

  /** How long the list is. */
  get length(): number {
    return this.end - this.#start;
  }

  /** Makes room for so many words more. Gives where to write them, from `end` on. */
  reserve(count: number): Int32Array {
    if (this.end + count > this.#words.length) this.#move(count);
    return this.#words;
  }

  #move(count: number): void {
    const { length } = this;
    const words = new Int32Array(Math.max(CHUNK, 2 * (length + count)));
    words.set(this.#words.subarray(this.#start, this.end));
    this.#words = words;
    this.#start = 0;
    this.end = length;
  }

  /** The list, which is complete. */
  take(): Int32Array {
    const list = this.#words.subarray(this.#start, this.end);
    this.#start = this.end;
    return list;
  }
}

function typeNumber(type: ValueType): number {
  return type === 'i32' ? 0 : type === 'i64' ? 1 : 2;
}

/** Where the item is in a short list; it is added if it is not there. */
function numberIn<T>(list: T[], item: T): number {
  const number = list.indexOf(item);
  return number < 0 ? list.push(item) - 1 : number;
}

/** The locations, with all their lines moved. */
export function moveLocations(locations: Int32Array, by: number): Int32Array {
  return locations.map((value, at) => (at % LOCATION_LENGTH === 1 ? value + by : value));
}

/** Makes a function that shares nothing with `encoded` that anybody changes. */
export function decodeFunction(encoded: EncodedFunction): IrFunction {
  return new Decoder(encoded.body).decode(decodeHeader(encoded));
}

/** The function's outside: enough for those who only call it. */
export function decodeHeader({ name, parameters, returns, options, debug, asm }: EncodedFunction): IrFunction {
  const fn = new IrFunction(name, parameters, returns, options, debug);
  fn.asm = asm;
  return fn;
}

class Decoder {
  readonly #encoded: EncodedBody;
  readonly #code: Int32Array;
  readonly #locations: SourceLocation[] = [];
  /** By id. */
  readonly #values: (Instruction | undefined)[];
  readonly #blocks: (Block | undefined)[];
  /** The instructions of the block at hand come first: a list that grows takes room for more, a copy of it does not. */
  readonly #list: Instruction[] = newList();
  #at = 0;

  constructor(encoded: EncodedBody) {
    this.#encoded = encoded;
    this.#code = encoded.code;
    this.#values = new Array<undefined>(encoded.valueLimit);
    this.#blocks = new Array<undefined>(encoded.blockLimit);
  }

  decode(fn: IrFunction): IrFunction {
    const { blockLimit, code, slots, valueLimit } = this.#encoded;
    fn.slots = [...slots];
    fn.reserveIds(valueLimit, blockLimit);
    this.#readLocations();
    while (this.#at < code.length) fn.blocks.push(this.#block());
    return fn;
  }

  #readLocations(): void {
    const { locations, texts } = this.#encoded;
    for (let at = 0; at < locations.length; at += LOCATION_LENGTH) {
      const file = texts[locations[at]!]!;
      const line = locations[at + 1]!;
      const column = locations[at + 2]!;
      const inlinedAt = locations[at + 3]!;
      this.#locations.push(
        inlinedAt < 0 ? { file, line, column } : { file, line, column, inlinedAt: this.#locations[inlinedAt]! },
      );
    }
  }

  #next(): number {
    return this.#code[this.#at++]!;
  }

  /** Blocks and values are named before they are met: by jumps, and by phis. */
  #blockAt(id: number): Block {
    return (this.#blocks[id] ??= new Block(id));
  }

  #valueAt(id: number): Instruction {
    return (this.#values[id] ??= new Instruction(id, 'unreachable', 'void', noValues, null));
  }

  #block(): Block {
    const block = this.#blockAt(this.#next());
    block.isCold = this.#next() === 1;
    block.predecessors = this.#nextBlocks();
    const instructions = this.#list;
    const count = this.#next();
    for (let n = 0; n < count; n++) instructions[n] = this.#instruction(block);
    block.instructions = instructions.slice(0, count);
    return block;
  }

  /** A list of blocks, after its length. */
  #nextBlocks(): Block[] {
    const count = this.#next();
    if (count === 1) return [this.#blockAt(this.#next())]; // nearly always; a list that grows takes room for more
    if (count === 2) return [this.#blockAt(this.#next()), this.#blockAt(this.#next())];
    const blocks: Block[] = newList();
    for (let n = 0; n < count; n++) blocks.push(this.#blockAt(this.#next()));
    return blocks;
  }

  /** The same of values. */
  #nextValues(): Instruction[] {
    const count = this.#next();
    if (count === 1) return [this.#valueAt(this.#next())];
    if (count === 2) return [this.#valueAt(this.#next()), this.#valueAt(this.#next())];
    if (count === 0) return noValues;
    const values: Instruction[] = newList();
    for (let n = 0; n < count; n++) values.push(this.#valueAt(this.#next()));
    return values;
  }

  #nextNumbers(): number[] {
    const count = this.#next();
    const numbers: number[] = [];
    for (let n = 0; n < count; n++) numbers.push(this.#next());
    return numbers;
  }

  #instruction(block: Block): Instruction {
    const head = this.#next();
    const instruction = this.#valueAt(this.#next());
    const { texts, wide, signatures } = this.#encoded;
    const location = this.#next();
    instruction.op = opcodes[head & 0xff]!;
    instruction.type = valueTypes[(head >> 8) & 3]!;
    instruction.size = ((head >> 10) & 15) as Instruction['size'];
    instruction.location = location < 0 ? null : this.#locations[location]!;
    instruction.block = block;
    instruction.args = this.#nextValues();
    if (instruction.op === 'phi' && instruction.args === noValues) instruction.args = newList();
    if (head < HAS_VALUE) return instruction; // it has nothing else
    instruction.signed = (head & IS_SIGNED) !== 0;
    instruction.isVolatile = (head & IS_VOLATILE) !== 0;
    if ((head & HAS_VALUE) !== 0) instruction.value = (head & IS_WIDE) !== 0 ? wide[this.#next()]! : this.#next();
    if ((head & HAS_INDEX) !== 0) instruction.index = this.#next();
    if ((head & HAS_SYMBOL) !== 0) instruction.symbol = texts[this.#next()]!;
    if ((head & HAS_OFFSET) !== 0) instruction.offset = this.#next();
    if ((head & HAS_INTRINSIC) !== 0) instruction.intrinsic = texts[this.#next()]!;
    if ((head & HAS_SIGNATURE) !== 0) instruction.parameters = signatures[this.#next()]!;
    if ((head & HAS_CASES) !== 0) instruction.cases = this.#nextNumbers();
    if ((head & HAS_TARGETS) !== 0) instruction.targets = this.#nextBlocks();
    return instruction;
  }
}
