/*
 * The intermediate representation: typed SSA in basic blocks.
 *
 * Idea. A Module holds functions and data; a function holds blocks; a block holds instructions and ends in exactly one
 * terminator. An instruction *is* the value that it computes: operands point straight at the instructions that define
 * them. There are two value types, i32 and i64. Signedness, width and volatility belong to operations, not to values:
 * a u8 in a register is an i32 that the front end has extended; pointers are i32.
 *
 * Invariants (verify.ts checks them):
 *   - every operand's definition dominates its use; a phi's operand dominates the end of the matching predecessor;
 *   - phis come first in a block, and have one operand per entry of `block.predecessors`, in that order; for several
 *     edges from the same predecessor it is the same operand;
 *   - the first block is the entry, and has no predecessors;
 *   - `successors` is the terminator's `targets`; `predecessors` holds one entry per edge (a switch may add several);
 *   - comparisons give 0 or 1; `branch` and `select` test for non-zero.
 *
 * What the operations mean is defined by interpret.ts, how they are written down by print.ts and parse.ts.
 */

export type ValueType = 'i32' | 'i64' | 'void';

/** Both operands and the result have the instruction's type; a shift count is always i32 and taken modulo the width. */
export type BinaryOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'divS'
  | 'divU'
  | 'remS'
  | 'remU'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shrS'
  | 'shrU'
  | 'mulHighS' // i32 only: the upper half of the 64-bit product
  | 'mulHighU';

/** Operands are both i32 or both i64; the result is an i32, 0 or 1. `a > b` is written `b < a`. */
export type CompareOp = 'eq' | 'ne' | 'ltS' | 'leS' | 'ltU' | 'leU';

/** i32 to i32: extends the low 8 or 16 bits. i32 to i64: `sextWide`, `zextWide`. i64 to i32: `narrow` (the low half). */
export type UnaryOp = 'neg' | 'not' | 'sext8' | 'sext16' | 'zext8' | 'zext16' | 'sextWide' | 'zextWide' | 'narrow';

export type LeafOp =
  | 'const' // `value`
  | 'param' // `index`: which parameter. All params stand at the head of the entry block.
  | 'symbol' // address of `symbol` plus `offset`
  | 'slot'; // address of the function's stack slot number `index`

export type MemoryOp =
  | 'load' // args: [address]; reads `size` bytes at address + `offset`; size 8 gives i64, less is extended by `signed`
  | 'store'; // args: [address, value]; type void

export type CallOp =
  | 'call' // calls `symbol` with args
  | 'callIndirect' // args: [target, ...arguments]; `parameters` and `type` give the signature
  | 'intrinsic'; // `intrinsic` names a row of intrinsics.ts

export type TerminatorOp =
  | 'jump' // targets: [next]
  | 'branch' // args: [condition]; targets: [ifTrue, ifFalse]
  | 'switch' // args: [value]; targets: [otherwise, ...one per entry of `cases`]
  | 'return' // args: [] or [value]
  | 'unreachable';

export type Opcode = BinaryOp | CompareOp | UnaryOp | LeafOp | MemoryOp | CallOp | TerminatorOp | 'phi' | 'select'; // select args: [condition, ifTrue, ifFalse]

/** Where in the source an instruction comes from. Lines and columns count from 1. Shared between instructions. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Set on code that was inlined: where the call stood. */
  readonly inlinedAt?: SourceLocation;
}

/** The attributes that only some operations have. What an operation does not use stays at the value given here. */
export interface Attributes {
  value: number | bigint; // const; an i32 is kept as a signed number, an i64 as a signed bigint
  index: number; // param, slot
  symbol: string; // symbol, call
  offset: number; // symbol, load, store: added to the address, signed
  size: 1 | 2 | 4 | 8; // load, store, and the intrinsics that come in widths
  signed: boolean; // load
  isVolatile: boolean; // load, store: happens exactly once, in order with the other volatile accesses and effects
  intrinsic: string;
  parameters: readonly ValueType[]; // callIndirect
  cases: number[]; // switch
  targets: Block[]; // terminators
}

/** Most instructions have neither cases nor targets nor a signature of their own: they share these. */
const noNumbers = Object.freeze<number[]>([]) as number[];
const noBlocks = Object.freeze<Block[]>([]) as Block[];
const noTypes: readonly ValueType[] = [];

const emptyList: readonly object[] = [noTypes].slice(1);

/**
 * A new list of instructions or blocks. To V8, `[]` is a list of small integers, and a loop that it has compiled for lists
 * of objects is compiled once more when it meets one. The same goes for lists that have had holes, or might have
 * (`new Array(n)`, `map`): those of the IR have none.
 */
export function newList<T extends object>(): T[] {
  return emptyList.slice() as T[];
}

/** The operands of all that has none, apart from phis, which may get some. */
export const noValues: Instruction[] = newList();

export class Instruction implements Attributes {
  /** Unique within the function; printed as `%id`. Assigned by IrFunction.create. */
  readonly id: number;
  op: Opcode;
  type: ValueType;
  args: Instruction[];
  location: SourceLocation | null;
  /** The block that holds it; null while it is in none. */
  block: Block | null = null;

  value: number | bigint = 0;
  index = 0;
  symbol = '';
  offset = 0;
  size: 1 | 2 | 4 | 8 = 4;
  signed = false;
  isVolatile = false;
  intrinsic = '';
  parameters: readonly ValueType[] = noTypes;
  cases: number[] = noNumbers;
  targets: Block[] = noBlocks;

  constructor(id: number, op: Opcode, type: ValueType, args: Instruction[], location: SourceLocation | null) {
    this.id = id;
    this.op = op;
    this.type = type;
    this.args = args.length > 0 ? args : op === 'phi' ? newList() : noValues;
    this.location = location;
  }
}

export class Block {
  /** Unique within the function; printed as `bID`. */
  readonly id: number;
  instructions: Instruction[] = newList();
  predecessors: Block[] = newList();
  /** The front end's guess: code after a panic, an unlikely branch. Laid out last. */
  isCold = false;

  constructor(id: number) {
    this.id = id;
  }

  /** The last instruction, if it is a terminator. */
  get terminator(): Instruction | null {
    const last = this.instructions[this.instructions.length - 1];
    return last !== undefined && isTerminator(last.op) ? last : null;
  }

  get successors(): readonly Block[] {
    const last = this.instructions[this.instructions.length - 1];
    return last === undefined ? noBlocks : last.targets; // no other instruction than a terminator has any
  }
}

/** A piece of the frame: variables whose address is taken, structs, arrays. */
export interface StackSlot {
  readonly name: string;
  readonly size: number;
  readonly align: number;
}

/** What the source says about a function beyond its code. */
export interface FunctionOptions {
  /** ELF section; null means .text. */
  section: string | null;
  align: number;
  /** `@inline`: always; `@noinline`: never; null: the inliner decides. */
  inline: boolean | null;
  /** Kept even if nothing refers to it, and visible to other objects. */
  isExported: boolean;
}

/** One operand of a naked function's assembly: the address of a symbol, or a constant. */
export type AsmOperand = { readonly symbol: string } | { readonly constant: number };

/** The body of a naked function: text pieces with operands in between (pieces.length = operands.length + 1). */
export interface AsmBody {
  readonly pieces: readonly string[];
  readonly operands: readonly AsmOperand[];
  readonly location: SourceLocation;
}

/** What debug information needs about a source-level function. */
export interface FunctionDebug {
  /** The plain name, as a user would type it at a debugger's prompt. */
  readonly name: string;
  readonly location: SourceLocation;
}

/** When a function was changed last, and when each pass, by name, has left it: see passes/pass.ts. */
export interface PassHistory {
  changed: number;
  readonly passes: string[];
  readonly left: number[];
}

export class IrFunction {
  /** Unique in the module, e.g. `mm/buddy:allocPages`. */
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly returns: ValueType;
  readonly options: FunctionOptions;
  readonly debug: FunctionDebug;
  /** blocks[0] is the entry. Empty for a naked function. */
  blocks: Block[] = [];
  slots: StackSlot[] = [];
  /** Not null for a naked function: no prologue, no epilogue, just this. */
  asm: AsmBody | null = null;
  /** Null as long as no pass has seen it. */
  history: PassHistory | null = null;
  #nextValue = 0;
  #nextBlock = 0;

  constructor(
    name: string,
    parameters: readonly ValueType[],
    returns: ValueType,
    options: FunctionOptions,
    debug: FunctionDebug,
  ) {
    this.name = name;
    this.parameters = parameters;
    this.returns = returns;
    this.options = options;
    this.debug = debug;
  }

  /** Makes an instruction that is in no block yet. */
  create(
    op: Opcode,
    type: ValueType,
    args: Instruction[],
    location: SourceLocation | null,
    attributes?: Partial<Attributes>,
  ): Instruction {
    const instruction = new Instruction(this.#nextValue++, op, type, args, location);
    if (attributes !== undefined) Object.assign(instruction, attributes);
    return instruction;
  }

  /** Makes a block and appends it to `blocks`. */
  createBlock(): Block {
    const block = new Block(this.#nextBlock++);
    this.blocks.push(block);
    return block;
  }

  /** All ids of values are below this: the length of a table indexed by them. */
  get valueLimit(): number {
    return this.#nextValue;
  }

  /** All ids of blocks are below this. */
  get blockLimit(): number {
    return this.#nextBlock;
  }

  /** For the parser: the next ids given out will be at least these. */
  reserveIds(values: number, blocks: number): void {
    this.#nextValue = Math.max(this.#nextValue, values);
    this.#nextBlock = Math.max(this.#nextBlock, blocks);
  }
}

/** A place inside data that holds the address of a symbol: 32 bits at `at`, plus `addend`. */
export interface Relocation {
  readonly at: number;
  readonly symbol: string;
  readonly addend: number;
}

/** A variable or constant table. `bytes` null means zero-filled (.bss). */
export interface IrData {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly isConstant: boolean;
  /** ELF section; null means .rodata, .data or .bss, whichever fits. */
  readonly section: string | null;
  readonly bytes: Uint8Array | null;
  readonly relocations: readonly Relocation[];
  readonly isExported: boolean;
}

/** The layout of a class, for the host's readers and for debug information. Offsets and sizes in bytes. */
export interface StructLayout {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly fields: readonly {
    readonly name: string;
    readonly offset: number;
    readonly type: string;
    readonly size: number;
  }[];
}

export class IrModule {
  functions = new Map<string, IrFunction>();
  data = new Map<string, IrData>();
  structs = new Map<string, StructLayout>();
  /** Constants with a name that the layout file should tell: enum members and exported numbers. */
  constants = new Map<string, number | bigint>();
  /** The function that execution starts at; null for a module that is not a program. */
  entry: string | null = null;
}

export function isTerminator(op: Opcode): op is TerminatorOp {
  return op === 'jump' || op === 'branch' || op === 'switch' || op === 'return' || op === 'unreachable';
}
