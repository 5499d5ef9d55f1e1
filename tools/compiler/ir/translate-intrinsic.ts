/*
 * What the intrinsics do in the interpreter: atomics, blocks of memory and bits are defined here, everything that
 * belongs to the hardware goes to the host.
 */

import type { Interpreter, Scalar } from './interpret.ts';
import { Trap } from './memory.ts';
import { extend, pureIntrinsics } from './semantics.ts';
import type { Registers, Step } from './translate.ts';
import type { Instruction } from './types.ts';

/** Reads a place of `size` bytes and gives what to write (null: nothing) and what the result is. */
type Atomic = (before: number, operand: number, size: number) => { after: number; result: number };

const atomics: Readonly<Record<string, Atomic>> = {
  atomicXchg: (before, operand) => ({ after: operand, result: before }),
  atomicFetchAdd: (before, operand) => ({ after: before + operand, result: before }),
  atomicAdd: (before, operand) => ({ after: before + operand, result: 0 }),
  atomicSub: (before, operand) => ({ after: before - operand, result: 0 }),
  atomicAnd: (before, operand) => ({ after: before & operand, result: 0 }),
  atomicOr: (before, operand) => ({ after: before | operand, result: 0 }),
  atomicInc: (before) => ({ after: before + 1, result: 0 }),
  atomicDec: (before) => ({ after: before - 1, result: 0 }),
  atomicDecAndTest: (before, _, size) => {
    const after = before - 1;
    return { after, result: extend(after | 0, size, false) === 0 ? 1 : 0 };
  },
  atomicTestAndSetBit: (before, bit) => ({ after: before | (1 << bit), result: (before >>> bit) & 1 }),
  atomicTestAndClearBit: (before, bit) => ({ after: before & ~(1 << bit), result: (before >>> bit) & 1 }),
};

/** There is one CPU here, and nothing is ever out of order. */
const nothing: ReadonlySet<string> = new Set(['compilerBarrier', 'mfence', 'pause']);

export function translateIntrinsic(instruction: Instruction, registers: Registers): Step {
  const { intrinsic, size } = instruction;
  const to = registers.get(instruction)!;
  const [a = 0, b = 0, c = 0] = instruction.args.map((operand) => registers.get(operand)!);
  const atomic = atomics[intrinsic];
  if (atomic !== undefined) return atomicStep(atomic, size, to, a, b);
  const pure = pureIntrinsics.get(intrinsic);
  if (pure !== undefined) return (machine) => set(machine, to, pure(get(machine, a)));
  switch (intrinsic) {
    case 'atomicCmpxchg':
      return size === 8 ? exchange64(to, a, b, c) : exchange(size, to, a, b, c);
    case 'copyBytes':
      return (machine) => machine.memory.copy(get(machine, a), get(machine, b), get(machine, c));
    case 'fillBytes':
      return (machine) => machine.memory.fill(get(machine, a), get(machine, b), get(machine, c));
    case 'ud2':
      return () => {
        throw new Trap('unreachable', 'ud2');
      };
    default:
      return nothing.has(intrinsic) ? () => undefined : hardware(instruction, registers);
  }
}

function get({ registers, frame }: Interpreter, register: number): number {
  return registers[frame + register]!;
}

function set({ registers, frame }: Interpreter, register: number, value: number): void {
  registers[frame + register] = value;
}

function atomicStep(atomic: Atomic, size: number, to: number, place: number, operand: number): Step {
  return (machine) => {
    const address = get(machine, place);
    const { after, result } = atomic(machine.memory.load(address, size, false), get(machine, operand), size);
    machine.memory.store(address, size, after);
    set(machine, to, result);
  };
}

function exchange(size: number, to: number, place: number, expected: number, desired: number): Step {
  return (machine) => {
    const address = get(machine, place);
    const before = machine.memory.load(address, size, false);
    if (before === extend(get(machine, expected), size, false))
      machine.memory.store(address, size, get(machine, desired));
    set(machine, to, before);
  };
}

function exchange64(to: number, place: number, expected: number, desired: number): Step {
  return (machine) => {
    const { wide, frame, memory } = machine;
    const address = get(machine, place);
    const before = memory.load64(address);
    if (before === wide[frame + expected]) memory.store64(address, wide[frame + desired]!);
    wide[frame + to] = before;
  };
}

function hardware(instruction: Instruction, registers: Registers): Step {
  const { intrinsic, type } = instruction;
  const to = registers.get(instruction)!;
  const sources = instruction.args.map((operand) => ({
    from: registers.get(operand)!,
    isWide: operand.type === 'i64',
  }));
  return (machine) => {
    const args = sources.map(({ from, isWide }): Scalar => {
      return (isWide ? machine.wide : machine.registers)[machine.frame + from]!;
    });
    const handler = machine.options.hardware;
    const result = handler?.(intrinsic, args, machine);
    if (result === undefined && (handler === undefined || type !== 'void')) {
      throw new Trap('unsupported', `the host does not supply ${intrinsic}`);
    }
    if (type === 'i32') set(machine, to, Number(result));
    if (type === 'i64') machine.wide[machine.frame + to] = BigInt(result ?? 0);
  };
}
