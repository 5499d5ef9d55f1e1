/*
 * Register allocation: build the interference graph, colour it, move to memory what found no register, and again, until
 * all have one. Afterwards no virtual registers are left.
 */

import {
  FIRST_VIRTUAL,
  NONE,
  type Operand,
  register,
  registerName,
  type RegisterOperand,
  withRegisters,
} from '../encoder/operands.ts';
import { CALLER_SAVED } from '../machine/effects.ts';
import { printMachineFunction } from '../machine/print.ts';
import type { MachineFunction, MachineInstruction } from '../machine/types.ts';
import { colourGraph, type Colouring } from './colour.ts';
import { buildGraph, type InterferenceGraph } from './interference.ts';
import { ALLOCATABLE, isCopy, RegisterScanner } from './scan.ts';
import { type Home, repeatableHome, rewriteSpilled, SpillHistory } from './spill.ts';

/** Each round shortens what found no register; after this many something is wrong. */
const maximumRounds = 40;

/** Replaces all virtual registers of the function by real ones and frame slots. */
export function allocateRegisters(fn: MachineFunction): void {
  const history = new SpillHistory();
  const mustColour = (node: number): boolean => history.momentary.has(node + FIRST_VIRTUAL);
  for (let round = 0; round < maximumRounds; round++) {
    const graph = buildGraph(fn);
    const colouring = colourGraph(graph, mustColour, graph.fixedDefs & ALLOCATABLE & ~CALLER_SAVED);
    if (colouring.spilled.length === 0) {
      renameRegisters(fn, namesByColour(fn, colouring));
      return;
    }
    spill(fn, graph, colouring, history);
  }
  throw new Error(`register allocation of ${fn.name} does not end:\n${printMachineFunction(fn)}`);
}

/** By number of a register: the real one that it is to be. */
function namesByColour(fn: MachineFunction, { colours, representative }: Colouring): number[] {
  const names = ownNames();
  for (let node = 0; node < representative.length; node++) {
    const colour = colours[representative[node]!]!;
    if (colour < 0) throw new Error(`${fn.name}: ${registerName(node + FIRST_VIRTUAL)} has no register`);
    names.push(colour);
  }
  return names;
}

/** The beginning of a list of names by number of a register: real ones keep theirs. */
function ownNames(): number[] {
  return Array.from({ length: FIRST_VIRTUAL }, (_, register) => register);
}

/** Gives each register the name that `names` has for its number. Copies from a register to itself go. */
function renameRegisters(fn: MachineFunction, names: readonly number[]): void {
  for (const { instructions } of fn.blocks) {
    let kept = 0;
    for (let i = 0; i < instructions.length; i++) {
      const instruction = instructions[i]!;
      const { operands } = instruction;
      for (let n = 0; n < operands.length; n++) operands[n] = renamed(operands[n]!, names);
      if (!isSelfCopy(instruction)) instructions[kept++] = instruction;
    }
    if (kept < instructions.length) instructions.length = kept;
  }
}

function renamed(operand: Operand, names: readonly number[]): Operand {
  if (operand.kind === 'register') {
    const name = names[operand.register]!;
    return name === operand.register ? operand : register(name, operand.width);
  }
  if (operand.kind !== 'memory') return operand;
  const base = operand.base === NONE ? NONE : names[operand.base]!;
  const index = operand.index === NONE ? NONE : names[operand.index]!;
  return base === operand.base && index === operand.index ? operand : withRegisters(operand, base, index);
}

function isSelfCopy(instruction: MachineInstruction): boolean {
  if (!isCopy(instruction)) return false;
  const { operands } = instruction;
  return (operands[0] as RegisterOperand).register === (operands[1] as RegisterOperand).register;
}

/** Moves the registers that found no colour to memory. Registers that were merged with them go along. */
function spill(fn: MachineFunction, graph: InterferenceGraph, colouring: Colouring, history: SpillHistory): void {
  const { representative, spilled } = colouring;
  const isSpilled = new Set(spilled);
  const members = new Map<number, number>();
  const names = ownNames();
  representative.forEach((node, own) => {
    names.push((isSpilled.has(node) ? node : own) + FIRST_VIRTUAL);
    if (isSpilled.has(node)) members.set(node, (members.get(node) ?? 0) + 1);
  });
  renameRegisters(fn, names);
  const homes = new Map<number, Home>();
  const definitions = soleDefinitions(fn, isSpilled);
  for (const node of spilled) {
    const virtual = node + FIRST_VIRTUAL;
    if (history.momentary.has(virtual)) throw new Error(`${fn.name}: ${registerName(virtual)} cannot be spilled again`);
    const definition = definitions.get(virtual);
    const reload = members.get(node) === 1 ? history.reloads.get(virtual) : undefined;
    const home: Home | null =
      definition === undefined
        ? null
        : reload === undefined
          ? repeatableHome(fn, definition)
          : { kind: 'slot', slot: reload };
    if (home === null) continue;
    homes.set(virtual, home);
    definition!.op = '';
  }
  assignSlots(fn, graph, spilled, homes);
  for (const block of fn.blocks) block.instructions = block.instructions.filter(({ op }) => op !== '');
  rewriteSpilled(fn, homes, history);
}

/** Of registers that are written just once: the instruction that does. */
function soleDefinitions(fn: MachineFunction, nodes: ReadonlySet<number>): Map<number, MachineInstruction> {
  const scanner = new RegisterScanner();
  const found = new Map<number, MachineInstruction>();
  const several = new Set<number>();
  for (const block of fn.blocks) {
    for (const instruction of block.instructions) {
      scanner.scan(instruction);
      for (let d = 0; d < scanner.defCount; d++) {
        const virtual = scanner.defs[d]!;
        if (!nodes.has(virtual - FIRST_VIRTUAL)) continue;
        if (found.has(virtual)) several.add(virtual);
        found.set(virtual, instruction);
      }
    }
  }
  for (const virtual of several) found.delete(virtual);
  return found;
}

/** Slots for those that have no home yet; registers that are never alive together share one. */
function assignSlots(
  fn: MachineFunction,
  graph: InterferenceGraph,
  spilled: readonly number[],
  homes: Map<number, Home>,
): void {
  const tenants: { slot: number; nodes: number[] }[] = [];
  for (const node of spilled) {
    if (homes.has(node + FIRST_VIRTUAL)) continue;
    let place = tenants.find(({ nodes }) => nodes.every((other) => !graph.interferes(node, other)));
    if (place === undefined) {
      place = { slot: fn.newSlot('spill', 4, 4), nodes: [] };
      tenants.push(place);
    }
    place.nodes.push(node);
    homes.set(node + FIRST_VIRTUAL, { kind: 'slot', slot: place.slot });
  }
}
