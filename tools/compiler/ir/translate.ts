/*
 * Turns the instructions of a function into closures for the interpreter.
 *
 * A block is cut after each call, since a call goes on elsewhere as a terminator does: the interpreter needs no recursion.
 *
 * Registers: parameter n is register n, every other value has one of its own; i32 and i64 values live in two arrays and
 * share the numbering. A phi is a register that every edge into the block writes; an edge reads all its sources before
 * it writes, since phis happen at once.
 */

import type { Interpreter, Scalar } from './interpret.ts';
import { isBinary, isCompare, isDivision, isShift, isUnary } from './opcodes.ts';
import { Trap } from './memory.ts';
import {
  binary32,
  binary64,
  compare32,
  compare64,
  divisionTraps,
  narrow,
  shift64,
  unary32,
  unary64,
  widen,
} from './semantics.ts';
import { translateIntrinsic } from './translate-intrinsic.ts';
import type { BinaryOp, Block, CompareOp, Instruction, IrFunction, UnaryOp } from './types.ts';

export type Step = (machine: Interpreter) => void;

export interface BlockCode {
  readonly body: readonly Step[];
  /** Carries out the terminator, or the call; gives the code that follows, or null after the outermost return. */
  readonly end: End;
}

type End = (machine: Interpreter) => BlockCode | null;

/** Code in the making. */
interface Draft {
  readonly body: Step[];
  end: End;
}

/** Where a call comes back to (null: to the host), and the register for its result. */
export interface CallSite {
  readonly next: BlockCode | null;
  readonly to: number;
}

export interface FunctionCode {
  readonly name: string;
  /** How many registers a call needs. */
  readonly registers: number;
  /** Bytes of all slots. */
  readonly stackSize: number;
  readonly entry: BlockCode;
}

/** Gives each instruction its register. */
export type Registers = ReadonlyMap<Instruction, number>;

export function translate(fn: IrFunction, machine: Interpreter): FunctionCode {
  return fn.asm === null ? new Translator(fn, machine).run() : standIn(fn);
}

/** A naked function, which the host plays. */
function standIn(fn: IrFunction): FunctionCode {
  const end: End = (machine) => {
    const args = fn.parameters.map((type, index) =>
      type === 'i64' ? machine.wide[machine.frame + index]! : machine.registers[machine.frame + index]!,
    );
    const result = machine.options.naked?.(fn.name, args, machine);
    if (result === undefined && (fn.returns !== 'void' || machine.options.naked === undefined)) {
      throw new Trap('unsupported', `${fn.name} is machine code`);
    }
    return machine.leave(result ?? null);
  };
  return { name: fn.name, registers: fn.parameters.length, stackSize: 0, entry: { body: [], end } };
}

class Translator {
  readonly #fn: IrFunction;
  readonly #machine: Interpreter;
  readonly #registers = new Map<Instruction, number>();
  readonly #blocks = new Map<Block, Draft>();
  /** By slot: distance from the stack pointer. */
  readonly #slotOffsets: number[] = [];
  #stackSize = 0;

  constructor(fn: IrFunction, machine: Interpreter) {
    this.#fn = fn;
    this.#machine = machine;
    let next = fn.parameters.length;
    for (const block of fn.blocks) {
      this.#blocks.set(block, draft());
      for (const instruction of block.instructions) {
        this.#registers.set(instruction, instruction.op === 'param' ? instruction.index : next++);
      }
    }
    for (const slot of fn.slots) {
      this.#stackSize = Math.ceil(this.#stackSize / slot.align) * slot.align;
      this.#slotOffsets.push(this.#stackSize);
      this.#stackSize += slot.size;
    }
  }

  run(): FunctionCode {
    for (const block of this.#fn.blocks) {
      let code = this.#blocks.get(block)!;
      for (const instruction of block.instructions.slice(0, -1)) {
        const { op } = instruction;
        if (op === 'call' || op === 'callIndirect') {
          const next = draft();
          code.end = this.#call(instruction, next);
          code = next;
        } else if (op !== 'phi' && op !== 'param') {
          code.body.push(this.#translate(instruction));
        }
      }
      code.end = this.#terminator(block.instructions[block.instructions.length - 1]!);
    }
    return {
      name: this.#fn.name,
      registers: this.#fn.parameters.length + this.#registers.size,
      stackSize: this.#stackSize,
      entry: this.#blocks.get(this.#fn.blocks[0]!)!,
    };
  }

  #register(instruction: Instruction): number {
    return this.#registers.get(instruction)!;
  }

  #translate(instruction: Instruction): Step {
    const { op } = instruction;
    if (isBinary(op)) return this.#binary(instruction, op);
    if (isCompare(op)) return this.#compare(instruction, op);
    if (isUnary(op)) return this.#unary(instruction, op);
    switch (op) {
      case 'const':
        return this.#constant(instruction, instruction.value);
      case 'symbol':
        return this.#constant(
          instruction,
          (this.#machine.memory.addressOf(instruction.symbol) + instruction.offset) | 0,
        );
      case 'slot':
        return this.#slot(instruction);
      case 'select':
        return this.#select(instruction);
      case 'load':
        return this.#load(instruction);
      case 'store':
        return this.#store(instruction);
      case 'intrinsic':
        return translateIntrinsic(instruction, this.#registers);
      default:
        throw new Error(`${op} cannot stand inside a block`);
    }
  }

  #constant(instruction: Instruction, value: Scalar): Step {
    const to = this.#register(instruction);
    if (typeof value === 'bigint') return ({ wide, frame }) => (wide[frame + to] = value);
    return ({ registers, frame }) => (registers[frame + to] = value);
  }

  #slot(instruction: Instruction): Step {
    const to = this.#register(instruction);
    const offset = this.#slotOffsets[instruction.index]!;
    return (machine) => (machine.registers[machine.frame + to] = machine.stackPointer + offset);
  }

  #binary(instruction: Instruction, op: BinaryOp): Step {
    const to = this.#register(instruction);
    const [a, b] = instruction.args.map((operand) => this.#register(operand)) as [number, number];
    if (isDivision(op)) return this.#division(instruction, op, a, b);
    if (instruction.type === 'i32') {
      const compute = binary32[op];
      return ({ registers, frame }) => {
        registers[frame + to] = compute(registers[frame + a]!, registers[frame + b]!);
      };
    }
    if (isShift(op)) {
      const compute = shift64[op];
      return ({ wide, registers, frame }) => (wide[frame + to] = compute(wide[frame + a]!, registers[frame + b]!));
    }
    if (op === 'mulHighS' || op === 'mulHighU') throw new Error(`${op} of i64`);
    const compute = binary64[op];
    return ({ wide, frame }) => (wide[frame + to] = compute(wide[frame + a]!, wide[frame + b]!));
  }

  #division(instruction: Instruction, op: 'divS' | 'divU' | 'remS' | 'remU', a: number, b: number): Step {
    const to = this.#register(instruction);
    const name = this.#fn.name;
    const check = (dividend: Scalar, divisor: Scalar): void => {
      if (divisionTraps(op, dividend, divisor)) throw new Trap('divide', `${dividend} ${op} ${divisor} in ${name}`);
    };
    if (instruction.type === 'i64') {
      const compute = binary64[op];
      return ({ wide, frame }) => {
        check(wide[frame + a]!, wide[frame + b]!);
        wide[frame + to] = compute(wide[frame + a]!, wide[frame + b]!);
      };
    }
    const compute = binary32[op];
    return ({ registers, frame }) => {
      check(registers[frame + a]!, registers[frame + b]!);
      registers[frame + to] = compute(registers[frame + a]!, registers[frame + b]!);
    };
  }

  #compare(instruction: Instruction, op: CompareOp): Step {
    const to = this.#register(instruction);
    const [a, b] = instruction.args.map((operand) => this.#register(operand)) as [number, number];
    if (instruction.args[0]!.type === 'i64') {
      const compute = compare64[op];
      return ({ wide, registers, frame }) => {
        registers[frame + to] = compute(wide[frame + a]!, wide[frame + b]!) ? 1 : 0;
      };
    }
    const compute = compare32[op];
    return ({ registers, frame }) => {
      registers[frame + to] = compute(registers[frame + a]!, registers[frame + b]!) ? 1 : 0;
    };
  }

  #unary(instruction: Instruction, op: UnaryOp): Step {
    const to = this.#register(instruction);
    const from = this.#register(instruction.args[0]!);
    if (op === 'sextWide' || op === 'zextWide') {
      const compute = widen[op];
      return ({ wide, registers, frame }) => (wide[frame + to] = compute(registers[frame + from]!));
    }
    if (op === 'narrow') {
      return ({ wide, registers, frame }) => (registers[frame + to] = narrow(wide[frame + from]!));
    }
    if (instruction.type === 'i64') {
      const compute = unary64[op === 'neg' ? 'neg' : 'not'];
      return ({ wide, frame }) => (wide[frame + to] = compute(wide[frame + from]!));
    }
    const compute = unary32[op];
    return ({ registers, frame }) => (registers[frame + to] = compute(registers[frame + from]!));
  }

  #select(instruction: Instruction): Step {
    const to = this.#register(instruction);
    const [condition, a, b] = instruction.args.map((operand) => this.#register(operand)) as [number, number, number];
    if (instruction.type === 'i64') {
      return ({ wide, registers, frame }) => {
        wide[frame + to] = wide[frame + (registers[frame + condition] !== 0 ? a : b)]!;
      };
    }
    return ({ registers, frame }) => {
      registers[frame + to] = registers[frame + (registers[frame + condition] !== 0 ? a : b)]!;
    };
  }

  #load(instruction: Instruction): Step {
    const to = this.#register(instruction);
    const from = this.#register(instruction.args[0]!);
    const { offset, size, signed } = instruction;
    const observe = instruction.isVolatile ? this.#machine.options.onVolatile : undefined;
    const plain: Step =
      size === 8
        ? ({ wide, registers, frame, memory }) => (wide[frame + to] = memory.load64(registers[frame + from]! + offset))
        : ({ registers, frame, memory }) => {
            registers[frame + to] = memory.load(registers[frame + from]! + offset, size, signed);
          };
    if (observe === undefined) return plain;
    return (machine) => {
      plain(machine);
      const { frame, registers, wide } = machine;
      const value = (size === 8 ? wide : registers)[frame + to]!;
      observe({ op: 'load', address: (registers[frame + from]! + offset) >>> 0, size, value });
    };
  }

  #store(instruction: Instruction): Step {
    const [to, from] = instruction.args.map((operand) => this.#register(operand)) as [number, number];
    const { offset, size } = instruction;
    const observe = instruction.isVolatile ? this.#machine.options.onVolatile : undefined;
    const plain: Step =
      size === 8
        ? ({ wide, registers, frame, memory }) => memory.store64(registers[frame + to]! + offset, wide[frame + from]!)
        : ({ registers, frame, memory }) => {
            memory.store(registers[frame + to]! + offset, size, registers[frame + from]!);
          };
    if (observe === undefined) return plain;
    return (machine) => {
      plain(machine);
      const { frame, registers, wide } = machine;
      const value = (size === 8 ? wide : registers)[frame + from]!;
      observe({ op: 'store', address: (registers[frame + to]! + offset) >>> 0, size, value });
    };
  }

  /** Arguments go to the first registers of the callee's frame, which begins where the caller's ends. */
  #call(instruction: Instruction, next: BlockCode): End {
    const isIndirect = instruction.op === 'callIndirect';
    const args = isIndirect ? instruction.args.slice(1) : instruction.args;
    const sources = args.map((operand) => ({ from: this.#register(operand), isWide: operand.type === 'i64' }));
    const site: CallSite = { next, to: this.#register(instruction) };
    const own = this.#fn.parameters.length + this.#registers.size;
    const find = isIndirect
      ? this.#indirectTarget(instruction)
      : (machine: Interpreter) => machine.code(instruction.symbol);
    return (machine) => {
      const { frame, registers, wide } = machine;
      const code = find(machine);
      const callee = frame + own;
      sources.forEach(({ from, isWide }, index) => {
        if (isWide) wide[callee + index] = wide[frame + from]!;
        else registers[callee + index] = registers[frame + from]!;
      });
      return machine.enter(code, site, callee);
    };
  }

  #indirectTarget(instruction: Instruction): (machine: Interpreter) => FunctionCode {
    const from = this.#register(instruction.args[0]!);
    const { type, parameters } = instruction;
    return (machine) => {
      const address = machine.registers[machine.frame + from]!;
      const symbol = machine.memory.functionAt(address);
      const fn = symbol === null ? undefined : machine.module.functions.get(symbol);
      if (fn === undefined) throw new Trap('call', `no function at 0x${(address >>> 0).toString(16)}`);
      // The caller removes the arguments, so a function may take fewer than it is given.
      const takesThese = fn.parameters.every((parameter, index) => parameter === parameters[index]);
      if ((fn.returns !== type && type !== 'void') || !takesThese) {
        throw new Trap('call', `${fn.name} does not have the signature of the call in ${this.#fn.name}`);
      }
      return machine.code(fn.name);
    };
  }

  #terminator(instruction: Instruction): End {
    const { op, args, targets, cases } = instruction;
    const from = instruction.block!;
    const value = args[0] === undefined ? -1 : this.#register(args[0]);
    const edges = targets.map((target) => this.#edge(from, target));
    switch (op) {
      case 'jump':
        return edges[0]!;
      case 'branch': {
        const [ifTrue, ifFalse] = edges as [Edge, Edge];
        return (machine) => (machine.registers[machine.frame + value] !== 0 ? ifTrue : ifFalse)(machine);
      }
      case 'switch': {
        const arms = new Map(cases.map((key, index) => [key, edges[index + 1]!] as const));
        return (machine) => (arms.get(machine.registers[machine.frame + value]!) ?? edges[0]!)(machine);
      }
      case 'return':
        return this.#return(args[0]);
      default:
        return () => {
          throw new Trap('unreachable', `the end of ${this.#fn.name}, b${from.id}`);
        };
    }
  }

  #return(operand: Instruction | undefined): End {
    if (operand === undefined) return (machine) => machine.leave(null);
    const value = this.#register(operand);
    if (operand.type === 'i64') return (machine) => machine.leave(machine.wide[machine.frame + value]!);
    return (machine) => machine.leave(machine.registers[machine.frame + value]!);
  }

  /** The phis' assignments on an edge. */
  #edge(from: Block, target: Block): Edge {
    const code = this.#blocks.get(target)!;
    const phis = target.instructions.filter(({ op }) => op === 'phi');
    if (phis.length === 0) return () => code;
    const position = target.predecessors.indexOf(from);
    const moves = phis.map((phi) => ({
      to: this.#register(phi),
      from: this.#register(phi.args[position]!),
      isWide: phi.type === 'i64',
    }));
    if (moves.length === 1 && !moves[0]!.isWide) {
      const { to, from: source } = moves[0]!;
      return ({ registers, frame }) => {
        registers[frame + to] = registers[frame + source]!;
        return code;
      };
    }
    const values: Scalar[] = [];
    return ({ registers, wide, frame }) => {
      moves.forEach((move, i) => (values[i] = (move.isWide ? wide : registers)[frame + move.from]!));
      moves.forEach(({ to }, i) => {
        const value = values[i]!;
        if (typeof value === 'bigint') wide[frame + to] = value;
        else registers[frame + to] = value;
      });
      return code;
    };
  }
}

type Edge = (machine: Interpreter) => BlockCode;

/** To be filled in. */
function draft(): Draft {
  return { body: [], end: () => null };
}
