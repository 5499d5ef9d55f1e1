/*
 * The interpreter: what the IR means.
 *
 * Idea. Before a function runs for the first time, each of its instructions becomes a closure that works on numbered
 * registers (translate.ts), so that running it is a loop over arrays: some ten million instructions a second. Memory is
 * flat (memory.ts). Whatever would end in a fault of the CPU is a value, not an exception: an Outcome of kind 'trap'.
 *
 * What belongs to the hardware (ports, control registers, `int 0x80`) the host supplies as a function.
 */

import { Memory, Trap, type TrapKind } from './memory.ts';
import { type BlockCode, type CallSite, type FunctionCode, translate } from './translate.ts';
import type { IrModule } from './types.ts';

export type Scalar = number | bigint;

/** How a call ended. */
export type Outcome =
  | { readonly kind: 'return'; readonly value: Scalar | null }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'trap'; readonly trap: TrapKind; readonly message: string };

/** A volatile access, in the order of the program. */
export interface VolatileAccess {
  readonly op: 'load' | 'store';
  readonly address: number;
  readonly size: number;
  readonly value: Scalar;
}

export interface InterpreterOptions {
  /** Bytes of memory, stack included. Default: 4 MiB. */
  readonly memorySize?: number;
  /** After so many instructions the run ends in a trap of kind 'steps'. Default: 100 million. */
  readonly stepLimit?: number;
  /** Addresses of symbols that the linker would define. */
  readonly symbols?: ReadonlyMap<string, number>;
  /** Carries out an intrinsic of the hardware; undefined means that there is none such. */
  readonly hardware?: (name: string, args: readonly Scalar[], interpreter: Interpreter) => Scalar | undefined;
  /** Stands in for a naked function; undefined means that it cannot. */
  readonly naked?: (symbol: string, args: readonly Scalar[], interpreter: Interpreter) => Scalar | undefined;
  readonly onVolatile?: (access: VolatileAccess) => void;
}

/** Thrown by `exit`. */
class Exit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

const registerCount = 1 << 18;
const maximumDepth = 10_000;

export class Interpreter {
  readonly module: IrModule;
  readonly options: InterpreterOptions;
  readonly memory: Memory;
  /** Instructions executed so far. */
  steps = 0;

  // The state that translated code works on.
  /** Registers of all active calls, one array for each type; those of the running call begin at `frame`. */
  readonly registers = new Int32Array(registerCount);
  readonly wide = new BigInt64Array(registerCount);
  frame = 0;
  /** The lowest byte of the running call's slots. */
  stackPointer: number;
  /** What the last call returned. */
  result: Scalar | null = null;
  /** The calls that wait for the running one, outermost first. */
  readonly #waiting: { readonly site: CallSite; readonly frame: number; readonly stackPointer: number }[] = [];
  readonly #code = new Map<string, FunctionCode>();
  readonly #stepLimit: number;

  constructor(module: IrModule, options: InterpreterOptions = {}) {
    this.module = module;
    this.options = options;
    this.memory = new Memory(module, options.memorySize ?? 4 << 20, options.symbols ?? new Map());
    this.stackPointer = this.memory.bytes.length;
    this.#stepLimit = options.stepLimit ?? 100_000_000;
  }

  /** Runs a function to its end. Memory keeps what the run has left in it; the next call finds it there. */
  call(symbol: string, args: readonly Scalar[] = []): Outcome {
    const { frame, stackPointer } = this;
    try {
      this.#passArguments(args);
      this.#run(this.enter(this.code(symbol), { next: null, to: 0 }, frame));
      return { kind: 'return', value: this.result };
    } catch (error) {
      if (error instanceof Exit) return { kind: 'exit', status: error.status };
      if (error instanceof Trap) return { kind: 'trap', trap: error.kind, message: error.message };
      throw error;
    } finally {
      this.#waiting.length = 0;
      this.frame = frame;
      this.stackPointer = stackPointer;
    }
  }

  /** For the host's handlers: ends the run. */
  exit(status: number): never {
    throw new Exit(status);
  }

  /** For the host's handlers: ends the run as the CPU's fault would. */
  trap(kind: TrapKind, message: string): never {
    throw new Trap(kind, message);
  }

  /** The translation of a function, made when it is needed first. */
  code(symbol: string): FunctionCode {
    const known = this.#code.get(symbol);
    if (known !== undefined) return known;
    const fn = this.module.functions.get(symbol);
    if (fn === undefined) throw new Trap('call', `there is no function ${symbol}`);
    const code = translate(fn, this);
    this.#code.set(symbol, code);
    return code;
  }

  /** Begins a call: its registers are those from `frame` on, and the arguments stand in the first of them. */
  enter(code: FunctionCode, site: CallSite, frame: number): BlockCode {
    if (this.#waiting.length >= maximumDepth || frame + code.registers > registerCount) {
      throw new Trap('stack', `calls too deep in ${code.name}`);
    }
    this.#waiting.push({ site, frame: this.frame, stackPointer: this.stackPointer });
    this.frame = frame;
    this.stackPointer = (this.stackPointer - code.stackSize) & -16;
    if (this.stackPointer < this.memory.dataEnd) throw new Trap('stack', `no stack is left for ${code.name}`);
    return code.entry;
  }

  /** Ends the running call, and says where the caller goes on; null after the outermost. */
  leave(result: Scalar | null): BlockCode | null {
    const { site, frame, stackPointer } = this.#waiting.pop()!;
    this.frame = frame;
    this.stackPointer = stackPointer;
    this.result = result;
    if (site.next === null) return null;
    if (typeof result === 'bigint') this.wide[frame + site.to] = result;
    else if (result !== null) this.registers[frame + site.to] = result;
    return site.next;
  }

  #run(entry: BlockCode): void {
    for (let block: BlockCode | null = entry; block !== null;) {
      const { body } = block;
      this.steps += body.length + 1;
      if (this.steps > this.#stepLimit) throw new Trap('steps', `more than ${this.#stepLimit} steps`);
      for (let i = 0; i < body.length; i++) body[i]!(this);
      block = block.end(this);
    }
  }

  #passArguments(args: readonly Scalar[]): void {
    args.forEach((value, index) => {
      if (typeof value === 'bigint') this.wide[this.frame + index] = value;
      else this.registers[this.frame + index] = value;
    });
  }
}
