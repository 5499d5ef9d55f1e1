/*
 * Register allocation: build the interference graph, colour it, move to memory what found no register, and again, until
 * all have one. Afterwards no virtual registers are left.
 */

import { FIRST_VIRTUAL, type Operand, registerName } from '../encoder/operands.ts';
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
  const usedCalleeSaved = fixedRegisters(fn) & ALLOCATABLE & ~CALLER_SAVED;
  for (let round = 0; round < maximumRounds; round++) {
    const graph = buildGraph(fn);
    const colouring = colourGraph(graph, (node) => history.momentary.has(node + FIRST_VIRTUAL), usedCalleeSaved);
    if (colouring.spilled.length === 0) {
      applyColours(fn, colouring);
      return;
    }
    spill(fn, graph, colouring, history);
  }
  throw new Error(`register allocation of ${fn.name} does not end:\n${printMachineFunction(fn)}`);
}

/** Registers that instructions write whatever the colouring, as bits. */
function fixedRegisters(fn: MachineFunction): number {
  const scanner = new RegisterScanner();
  let found = 0;
  for (const block of fn.blocks) {
    for (const instruction of block.instructions) {
      scanner.scan(instruction);
      found |= scanner.fixedDefs;
    }
  }
  return found;
}

function applyColours(fn: MachineFunction, { colours, representative }: Colouring): void {
  const colourOf = (register: number): number => {
    if (register < FIRST_VIRTUAL) return register;
    const colour = colours[representative[register - FIRST_VIRTUAL]!]!;
    if (colour < 0) throw new Error(`${fn.name}: ${registerName(register)} has no register`);
    return colour;
  };
  renameRegisters(fn, colourOf);
  dropSelfCopies(fn);
}

function renameRegisters(fn: MachineFunction, rename: (register: number) => number): void {
  for (const block of fn.blocks) {
    for (const { operands } of block.instructions) {
      for (const operand of operands) renameOperand(operand, rename);
    }
  }
}

function renameOperand(operand: Operand, rename: (register: number) => number): void {
  if (operand.kind === 'register') {
    operand.register = rename(operand.register);
  } else if (operand.kind === 'memory') {
    if (operand.base >= FIRST_VIRTUAL) operand.base = rename(operand.base);
    if (operand.index >= FIRST_VIRTUAL) operand.index = rename(operand.index);
  }
}

function dropSelfCopies(fn: MachineFunction): void {
  for (const block of fn.blocks) {
    block.instructions = block.instructions.filter((instruction) => !isSelfCopy(instruction));
  }
}

function isSelfCopy(instruction: MachineInstruction): boolean {
  if (!isCopy(instruction)) return false;
  const [to, from] = instruction.operands as [Operand, Operand];
  return to.kind === 'register' && from.kind === 'register' && to.register === from.register;
}

/** Moves the registers that found no colour to memory. Registers that were merged with them go along. */
function spill(fn: MachineFunction, graph: InterferenceGraph, colouring: Colouring, history: SpillHistory): void {
  const { representative, spilled } = colouring;
  const isSpilled = new Set(spilled);
  const members = new Map<number, number>();
  representative.forEach((node) => {
    if (isSpilled.has(node)) members.set(node, (members.get(node) ?? 0) + 1);
  });
  renameRegisters(fn, (register) => {
    const node = representative[register - FIRST_VIRTUAL];
    return node !== undefined && isSpilled.has(node) ? node + FIRST_VIRTUAL : register;
  });
  dropSelfCopies(fn);
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
