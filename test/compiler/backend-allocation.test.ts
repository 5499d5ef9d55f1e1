/*
 * Register allocation: the checker's verdict on random functions, and that the checker can tell.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateRegisters } from '../../tools/compiler/backend/allocate/allocate.ts';
import { register } from '../../tools/compiler/backend/encoder/operands.ts';
import { layOutFrame } from '../../tools/compiler/backend/frame.ts';
import { layOutBlocks } from '../../tools/compiler/backend/layout.ts';
import { printMachineFunction } from '../../tools/compiler/backend/machine/print.ts';
import { type MachineFunction, MachineInstruction } from '../../tools/compiler/backend/machine/types.ts';
import { improve } from '../../tools/compiler/backend/peephole.ts';
import { selectFunction } from '../../tools/compiler/backend/select/select.ts';
import type { IrModule } from '../../tools/compiler/ir/types.ts';
import { optimise } from '../../tools/compiler/passes/optimise.ts';
import { checkAllocation, photograph } from './backend-allocation-checker.ts';
import { programs } from './ir-random.ts';
import { buildModule } from './ir-random-build.ts';

const runs = Number(process.env['BACKEND_RUNS'] ?? 150);

/** Selects and allocates every function; gives the problems found and what was allocated. */
function allocateAll(module: IrModule): { problems: string[]; functions: MachineFunction[]; spills: number } {
  const problems: string[] = [];
  const functions: MachineFunction[] = [];
  let spills = 0;
  for (const fn of module.functions.values()) {
    if (fn.asm !== null) continue;
    const machine = selectFunction(fn);
    const before = photograph(machine);
    allocateRegisters(machine);
    problems.push(...checkAllocation(machine, before));
    spills += machine.slots.filter(({ kind }) => kind === 'spill').length;
    functions.push(machine);
  }
  return { problems, functions, spills };
}

describe('register allocation', () => {
  it('gives every operand of random functions a place that holds its value', () => {
    let functions = 0;
    let spills = 0;
    fc.assert(
      fc.property(programs, fc.constantFrom(0 as const, 1 as const, 2 as const), (bodies, level) => {
        const module = buildModule(bodies);
        optimise(module, { level });
        const result = allocateAll(module);
        functions += result.functions.length;
        spills += result.spills;
        expect(result.problems).toEqual([]);
      }),
      { numRuns: runs },
    );
    // Without functions that run out of registers this would not say much.
    expect(functions).toBeGreaterThan(runs);
    expect(spills).toBeGreaterThan(runs / 5);
  });
});

describe('machine instructions', () => {
  const stages: readonly (readonly [string, (machine: MachineFunction) => unknown])[] = [
    ['selection', () => undefined],
    ['allocation', allocateRegisters],
    ['the frame', layOutFrame],
    ['layout', layOutBlocks],
    ['peephole', improve],
  ];

  it('never share a list of operands, and put others in the place of operands rather than change them', () => {
    let changed = 0;
    for (const body of fc.sample(programs, { numRuns: 60, seed: 3 })) {
      for (const fn of buildModule(body).functions.values()) {
        const machine = selectFunction(fn);
        for (const [stage, run] of stages) {
          const before = printMachineFunction(machine);
          run(machine); // throws where it writes into one of the frozen operands
          if (printMachineFunction(machine) !== before) changed++;
          const lists = machine.blocks.flatMap(({ instructions }) => instructions.map(({ operands }) => operands));
          expect(new Set(lists).size, `after ${stage}, in ${fn.name}`).toBe(lists.length);
          for (const operand of lists.flat()) Object.freeze(operand);
        }
      }
    }
    expect(changed).toBeGreaterThan(60);
  });
});

describe('the checker', () => {
  /** A function in which values live across a loop and a call, allocated; and its photograph. */
  function sample(): { machine: MachineFunction; before: ReturnType<typeof photograph> } {
    const bodies = fc.sample(programs, { numRuns: 40, seed: 7 });
    for (const body of bodies) {
      const module = buildModule(body);
      for (const fn of module.functions.values()) {
        const machine = selectFunction(fn);
        const before = photograph(machine);
        allocateRegisters(machine);
        const isLarge = machine.blocks.reduce((sum, block) => sum + block.instructions.length, 0) > 30;
        if (isLarge && checkAllocation(machine, before).length === 0) return { machine, before };
      }
    }
    throw new Error('no sample');
  }

  it('notices nearly every register that is exchanged for another', () => {
    const { machine, before } = sample();
    let changed = 0;
    let noticed = 0;
    for (const block of machine.blocks) {
      for (const instruction of block.instructions) {
        for (const [n, right] of instruction.operands.entries()) {
          if (right.kind !== 'register') continue;
          instruction.operands[n] = { ...right, register: right.register === 6 ? 7 : 6 };
          changed++;
          if (checkAllocation(machine, before).length > 0) noticed++;
          instruction.operands[n] = right;
        }
      }
    }
    expect(changed).toBeGreaterThan(30);
    // A destination whose value is never read again may be anywhere.
    expect(noticed / changed).toBeGreaterThan(0.9);
  });

  it('notices an instruction that destroys a live register', () => {
    const { machine, before } = sample();
    const block = machine.blocks[0]!;
    let noticed = 0;
    for (let at = 1; at < block.instructions.length; at++) {
      const clobbers = [0, 1, 2, 3, 6, 7].map(
        (number) =>
          new MachineInstruction('mov', [register(number), { kind: 'immediate', value: -1, symbol: null }], null),
      );
      block.instructions.splice(at, 0, ...clobbers);
      if (checkAllocation(machine, before).length > 0) noticed++;
      block.instructions.splice(at, clobbers.length);
    }
    expect(checkAllocation(machine, before), printMachineFunction(machine)).toEqual([]);
    expect(noticed).toBeGreaterThan((block.instructions.length - 1) * 0.7);
  });
});
