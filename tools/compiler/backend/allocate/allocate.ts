/*
 * Register allocation: build the interference graph, colour it, move to memory what found no register, and again, until
 * all have one. Afterwards no virtual registers are left.
 */

import { equalNumbers } from '../../lists.ts';
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
  const scanner = new RegisterScanner();
  for (let round = 0; round < maximumRounds; round++) {
    const graph = buildGraph(fn, scanner);
    const colouring = colourGraph(graph, mustColour, graph.fixedDefs & ALLOCATABLE & ~CALLER_SAVED);
    if (colouring.spilled.length === 0) {
      renameRegisters(fn, namesByColour(fn, colouring));
      return;
    }
    spill(fn, graph, colouring, history, scanner);
  }
  throw new Error(`register allocation of ${fn.name} does not end:\n${printMachineFunction(fn)}`);
}

/** By number of a register: the real one that it is to be. */
function namesByColour(fn: MachineFunction, { colours, representative }: Colouring): number[] {
  const names = ownNames(representative.length);
  for (let node = 0; node < representative.length; node++) {
    const colour = colours[representative[node]!]!;
    if (colour < 0) throw new Error(`${fn.name}: ${registerName(node + FIRST_VIRTUAL)} has no register`);
    names[node + FIRST_VIRTUAL] = colour;
  }
  return names;
}

/** By number of a register: itself; of `count` virtual ones and the real ones, which keep that name. */
function ownNames(count: number): number[] {
  const names = equalNumbers(FIRST_VIRTUAL + count, 0);
  for (let number = 0; number < names.length; number++) names[number] = number;
  return names;
}

/** Gives each register the name that `names` has for its number. Copies from a register to itself go. */
function renameRegisters(fn: MachineFunction, names: readonly number[]): void {
  const { blocks } = fn;
  for (let b = 0; b < blocks.length; b++) {
    const { instructions } = blocks[b]!;
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
function spill(
  fn: MachineFunction,
  graph: InterferenceGraph,
  { representative, spilled }: Colouring,
  history: SpillHistory,
  scanner: RegisterScanner,
): void {
  /** By node: how many were merged into one that is spilled; 0 for all that stay. */
  const members = equalNumbers(representative.length, 0);
  for (let n = 0; n < spilled.length; n++) members[spilled[n]!] = 1;
  const names = ownNames(representative.length);
  for (let own = 0; own < representative.length; own++) {
    const node = representative[own]!;
    if (own === node || members[node] === 0) continue;
    members[node]!++;
    names[own + FIRST_VIRTUAL] = node + FIRST_VIRTUAL;
  }
  renameRegisters(fn, names);
  const homes = new Array<Home | undefined>(names.length).fill(undefined);
  const definitions = soleDefinitions(fn, members, scanner);
  for (let n = 0; n < spilled.length; n++) {
    const node = spilled[n]!;
    const virtual = node + FIRST_VIRTUAL;
    if (history.momentary.has(virtual)) throw new Error(`${fn.name}: ${registerName(virtual)} cannot be spilled again`);
    const definition = definitions[node] ?? null;
    if (definition === null) continue;
    const reload = members[node] === 1 ? history.reloads.get(virtual) : undefined;
    const home: Home | null = reload === undefined ? repeatableHome(fn, definition) : { kind: 'slot', slot: reload };
    if (home === null) continue;
    homes[virtual] = home;
    definition.op = '';
  }
  assignSlots(fn, graph, spilled, homes);
  dropMarked(fn);
  rewriteSpilled(fn, homes, history);
}

/** Takes out the instructions without a mnemonic. */
function dropMarked(fn: MachineFunction): void {
  for (const { instructions } of fn.blocks) {
    let kept = 0;
    for (let n = 0; n < instructions.length; n++) {
      if (instructions[n]!.op !== '') instructions[kept++] = instructions[n]!;
    }
    if (kept < instructions.length) instructions.length = kept;
  }
}

/** By node, of those that are spilled and written just once: the instruction that does. Null for several. */
function soleDefinitions(
  fn: MachineFunction,
  members: readonly number[],
  scanner: RegisterScanner,
): (MachineInstruction | null | undefined)[] {
  const found = new Array<MachineInstruction | null | undefined>(members.length).fill(undefined);
  const { blocks } = fn;
  for (let b = 0; b < blocks.length; b++) {
    const { instructions } = blocks[b]!;
    for (let i = 0; i < instructions.length; i++) {
      scanner.scan(instructions[i]!);
      for (let d = 0; d < scanner.defCount; d++) {
        const node = scanner.defs[d]! - FIRST_VIRTUAL;
        if (members[node]! > 0) found[node] = found[node] === undefined ? instructions[i]! : null;
      }
    }
  }
  return found;
}

/** Slots for those that have no home yet; registers that are never alive together share one. */
function assignSlots(
  fn: MachineFunction,
  graph: InterferenceGraph,
  spilled: readonly number[],
  homes: (Home | undefined)[],
): void {
  const tenants: { slot: number; nodes: number[] }[] = [];
  for (const node of spilled) {
    if (homes[node + FIRST_VIRTUAL] !== undefined) continue;
    let place = tenants.find(({ nodes }) => nodes.every((other) => !graph.interferes(node, other)));
    if (place === undefined) {
      place = { slot: fn.newSlot('spill', 4, 4), nodes: [] };
      tenants.push(place);
    }
    place.nodes.push(node);
    homes[node + FIRST_VIRTUAL] = { kind: 'slot', slot: place.slot };
  }
}
