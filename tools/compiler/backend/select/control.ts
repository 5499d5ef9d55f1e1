/*
 * Selection of terminators: jumps, branches, switches, and the moves that phis become.
 *
 * The phis of a block happen all at once on the edge that control comes by. On the only way out of a block the moves
 * stand at its end; otherwise the edge gets a block of its own, which layout removes again if the allocator manages to
 * make all its moves vanish.
 */

import type { Block, Instruction } from '../../ir/types.ts';
import { immediate, memory, type Operand, register, type RegisterOperand } from '../encoder/operands.ts';
import { MachineBlock, MachineInstruction } from '../machine/types.ts';
import { type Move, sequentialize } from '../parallel-move.ts';
import { selectReturn } from './calls.ts';
import { Condition, flagsOf } from './compare.ts';
import { flagsOfIntrinsic } from './intrinsics.ts';
import type { Selector } from './selector.ts';

/** Fewer cases than this are compared one by one. */
const smallestTable = 5;

/** Emits the terminator of `selector.block` into `current` and sets the exit of `block`. */
export function selectTerminator(selector: Selector, block: MachineBlock, terminator: Instruction): void {
  block.exitLocation = terminator.location;
  switch (terminator.op) {
    case 'jump': {
      const target = terminator.targets[0]!;
      emitPhiMoves(selector, target, edgeNumber(terminator, 0));
      block.exit = { kind: 'jump', target: selector.blocks[target.id]! };
      break;
    }
    case 'branch': {
      const condition = branchFlags(selector, terminator.args[0]!);
      const ifTrue = edgeBlock(selector, terminator, 0);
      const ifFalse = edgeBlock(selector, terminator, 1);
      block.exit = { kind: 'branch', condition, ifTrue, ifFalse };
      break;
    }
    case 'switch':
      selectSwitch(selector, block, terminator);
      break;
    case 'return':
      selectReturn(selector, terminator);
      break;
    default:
      if (!endsInTrap(selector.block)) selector.emit('ud2');
  }
}

function endsInTrap(block: Block): boolean {
  const last = block.instructions[block.instructions.length - 2];
  return last?.op === 'intrinsic' && last.intrinsic === 'ud2';
}

/** An atomic operation right before the branch leaves its answer in the flags. */
function branchFlags(selector: Selector, condition: Instruction): number {
  const { instructions } = selector.block;
  const isLast = instructions[instructions.length - 2] === condition;
  if (isLast && selector.isFoldable(condition) && condition.op === 'intrinsic') {
    const flags = flagsOfIntrinsic(selector, condition);
    if (flags !== null) {
      selector.markDone(condition);
      return flags;
    }
  }
  return flagsOf(selector, condition);
}

/**
 * Which of the target's phi operands belongs to an edge. Several edges between the same two blocks have equal operands
 * (the verifier sees to that), so the first will do.
 */
function edgeNumber(terminator: Instruction, n: number): number {
  return terminator.targets[n]!.predecessors.indexOf(terminator.block!);
}

/** The machine block that the n-th edge of a terminator leads to. */
function edgeBlock(selector: Selector, terminator: Instruction, n: number): MachineBlock {
  const target = terminator.targets[n]!;
  const machineTarget = selector.blocks[target.id]!;
  if (target.instructions[0]?.op !== 'phi') return machineTarget;
  const block = selector.machine.newBlock();
  const before = selector.current;
  selector.current = block.instructions;
  emitPhiMoves(selector, target, edgeNumber(terminator, n));
  selector.current = before;
  const source = selector.blocks[terminator.block!.id]!;
  block.isCold = machineTarget.isCold || source.isCold;
  block.frequency = Math.min(source.frequency / 2, machineTarget.frequency);
  block.exit = { kind: 'jump', target: machineTarget };
  return block;
}

function emitPhiMoves(selector: Selector, target: Block, edge: number): void {
  if (target.instructions[0]!.op !== 'phi') return;
  const sequence = sequentialize(
    phiMoves(selector, target, edge),
    registerIn,
    () => selector.machine.newVirtual(),
    register,
  );
  for (let n = 0; n < sequence.length; n++) selector.move(register(sequence[n]!.to), sequence[n]!.from);
}

function phiMoves(selector: Selector, { instructions }: Block, edge: number): Move<Operand>[] {
  const moves: Move<Operand>[] = [];
  for (let n = 0; instructions[n]!.op === 'phi'; n++) {
    const phi = instructions[n]!;
    const from = phi.args[edge]!;
    moves.push({ to: selector.result(phi).register, from: selector.lowOf(from) });
    if (phi.type === 'i64') moves.push({ to: selector.resultHigh(phi).register, from: selector.highOf(from) });
  }
  return moves;
}

function registerIn(operand: Operand): number {
  return operand.kind === 'register' ? operand.register : -1;
}

interface Case {
  readonly value: number;
  readonly target: MachineBlock;
}

function selectSwitch(selector: Selector, block: MachineBlock, terminator: Instruction): void {
  const value = selector.registerOf(terminator.args[0]!);
  const edges = distinctEdges(selector, terminator);
  const otherwise = edges[0]!;
  const cases = terminator.cases
    .map((value, n): Case => ({ value: value | 0, target: edges[n + 1]! }))
    .filter(({ target }) => target !== otherwise)
    .sort((a, b) => a.value - b.value);
  if (cases.length === 0) {
    block.exit = { kind: 'jump', target: otherwise };
    return;
  }
  new SwitchSelector(selector, value, otherwise, terminator).select(block, cases, selector.current);
}

/** One machine block per target of a switch, in the order of the targets. */
function distinctEdges(selector: Selector, terminator: Instruction): MachineBlock[] {
  const known = new Map<Block, MachineBlock>();
  return terminator.targets.map((target, n) => {
    const block = known.get(target) ?? edgeBlock(selector, terminator, n);
    known.set(target, block);
    return block;
  });
}

/** Cuts the sorted cases into dense runs, which become jump tables, and searches among the rest. */
class SwitchSelector {
  readonly #selector: Selector;
  readonly #value: RegisterOperand;
  readonly #otherwise: MachineBlock;
  readonly #terminator: Instruction;

  constructor(selector: Selector, value: RegisterOperand, otherwise: MachineBlock, terminator: Instruction) {
    this.#selector = selector;
    this.#value = value;
    this.#otherwise = otherwise;
    this.#terminator = terminator;
  }

  /** Decides among the cases at the end of `block`, whose code goes to `code`. */
  select(block: MachineBlock, cases: readonly Case[], code: MachineInstruction[]): void {
    block.exitLocation = this.#terminator.location;
    if (isDense(cases)) {
      this.#selectTable(block, cases, code);
      return;
    }
    if (cases.length < smallestTable) {
      this.#selectChain(block, cases, code);
      return;
    }
    const middle = cases.length >> 1;
    const [below, above] = [this.#newBlock(block, 0.5), this.#newBlock(block, 0.5)];
    this.#emit(code, 'cmp', register(this.#value.register), immediate(cases[middle]!.value));
    block.exit = { kind: 'branch', condition: Condition.less, ifTrue: below, ifFalse: above };
    this.select(below, cases.slice(0, middle), below.instructions);
    this.select(above, cases.slice(middle), above.instructions);
  }

  #selectChain(block: MachineBlock, cases: readonly Case[], code: MachineInstruction[]): void {
    const [first, ...rest] = cases as [Case, ...Case[]];
    const next = rest.length === 0 ? this.#otherwise : this.#newBlock(block, 0.75);
    block.exitLocation = this.#terminator.location;
    this.#emit(code, 'cmp', register(this.#value.register), immediate(first.value));
    block.exit = { kind: 'branch', condition: Condition.equal, ifTrue: first.target, ifFalse: next };
    if (rest.length > 0) this.#selectChain(next, rest, next.instructions);
  }

  /** `jmp [table + (value - lowest) * 4]`, behind a check of the range. */
  #selectTable(block: MachineBlock, cases: readonly Case[], code: MachineInstruction[]): void {
    const lowest = cases[0]!.value;
    const span = cases[cases.length - 1]!.value - lowest;
    // Small offsets need no subtraction: the table begins at zero then.
    const origin = lowest >= 0 && lowest <= 4 ? 0 : lowest;
    let index = this.#value.register;
    if (origin !== 0) {
      index = this.#selector.machine.newVirtual();
      this.#emit(code, 'lea', register(index), memory(0, { base: this.#value.register, displacement: -origin | 0 }));
    }
    this.#emit(code, 'cmp', register(index), immediate(span + lowest - origin));
    const jump = this.#newBlock(block, 1);
    block.exit = { kind: 'branch', condition: Condition.above, ifTrue: this.#otherwise, ifFalse: jump };
    const targets: MachineBlock[] = new Array<MachineBlock>(span + lowest - origin + 1).fill(this.#otherwise);
    for (const { value, target } of cases) targets[value - origin] = target;
    const table = { name: this.#selector.newTableName() };
    this.#emit(jump.instructions, 'jmp', memory(32, { index, scale: 4, symbol: table.name }));
    jump.exit = { kind: 'table', targets, table };
    jump.exitLocation = this.#terminator.location;
  }

  #emit(code: MachineInstruction[], op: string, ...operands: Operand[]): void {
    code.push(new MachineInstruction(op, operands, this.#terminator.location));
  }

  #newBlock(before: MachineBlock, share: number): MachineBlock {
    const block = this.#selector.machine.newBlock();
    block.frequency = before.frequency * share;
    block.isCold = before.isCold;
    return block;
  }
}

function isDense(cases: readonly Case[]): boolean {
  if (cases.length < smallestTable) return false;
  const span = cases[cases.length - 1]!.value - cases[0]!.value + 1;
  return span <= cases.length * 3 + 4;
}
