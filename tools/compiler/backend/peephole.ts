/*
 * Peephole: small improvements that need to know which registers things ended up in.
 *
 *   mov eax, 0              xor eax, eax             where nobody needs the flags
 *   lea eax, [eax+1]        inc eax
 *   lea eax, [eax+ecx]      add eax, ecx
 *   cmp eax, 0              test eax, eax
 *   sub eax, ecx            sub eax, ecx             the subtraction has set the flags already
 *   test eax, eax; je       je
 *
 * Flags do not live across blocks: at a block's end they are alive if it ends in a branch.
 */

import { Condition } from './select/compare.ts';
import { moveNames, setNames } from './encoder/forms.ts';
import { immediate, type ImmediateOperand, NONE, type Operand, register } from './encoder/operands.ts';
import type { MachineBlock, MachineFunction, MachineInstruction } from './machine/types.ts';
import { RegisterScanner } from './allocate/scan.ts';

/** What somebody further down wants to know of the flags. */
const Flags = { none: 0, zeroAndSign: 1, all: 3 } as const;

export function improve(fn: MachineFunction): void {
  const scanner = new RegisterScanner();
  const { blocks } = fn;
  for (let n = 0; n < blocks.length; n++) {
    simplifyCompares(blocks[n]!);
    dropTests(blocks[n]!, scanner);
    simplifyBlock(blocks[n]!);
  }
}

function isRegister(operand: Operand | undefined, number: number): boolean {
  return operand?.kind === 'register' && operand.register === number;
}

function isPlainImmediate(operand: Operand | undefined): operand is ImmediateOperand {
  return operand?.kind === 'immediate' && operand.symbol === null;
}

function wantedBy(condition: number): number {
  switch (condition & ~1) {
    case Condition.equal:
    case 8: // sign
      return Flags.zeroAndSign;
    default:
      return Flags.all;
  }
}

/** The condition that an instruction asks for, by its name; null if it reads flags otherwise. */
function conditionOf(op: string): number | null {
  const found = Math.max(setNames.indexOf(op), moveNames.indexOf(op));
  return found < 0 ? null : found;
}

function flagsReadBy(instruction: MachineInstruction): number {
  if (!instruction.effects.readsFlags) return Flags.none;
  const condition = conditionOf(instruction.op);
  return condition === null ? Flags.all : wantedBy(condition);
}

function flagsAtEnd(block: MachineBlock): number {
  return block.exit.kind === 'branch' ? wantedBy(block.exit.condition) : Flags.none;
}

/** cmp with 0 becomes test; "less than zero" then is a matter of the sign alone. */
function simplifyCompares(block: MachineBlock): void {
  const { exit, instructions } = block;
  let isTest = false;
  for (let n = 0; n < instructions.length; n++) {
    const instruction = instructions[n]!;
    if (instruction.op === 'cmp') {
      const a = instruction.operands[0]!;
      const b = instruction.operands[1]!;
      if (a.kind === 'register' && isPlainImmediate(b) && b.value === 0) instruction.become('test', a, a);
    }
    if (instruction.effects.writesFlags) isTest = instruction.op === 'test';
  }
  if (exit.kind !== 'branch' || !isTest) return;
  if (exit.condition === Condition.less) exit.condition = 8;
  else if (exit.condition === Condition.greaterOrEqual) exit.condition = 9;
}

/** Operations that set zero and sign by their result, which is their first operand. */
const arithmetic = new Set(['add', 'sub', 'and', 'or', 'xor', 'inc', 'dec', 'neg', 'adc', 'sbb']);

/** A test of a register at the end of a block, right after what computed it, is superfluous. */
function dropTests({ exit, instructions }: MachineBlock, scanner: RegisterScanner): void {
  if (exit.kind !== 'branch') return;
  let testAt = instructions.length - 1;
  while (testAt >= 0 && !instructions[testAt]!.effects.writesFlags) testAt--;
  const test = instructions[testAt];
  if (test?.op !== 'test') return;
  const a = test.operands[0]!;
  if (a.kind !== 'register' || a.width !== 32 || !isRegister(test.operands[1], a.register)) return;
  for (let n = testAt; n < instructions.length; n++) if (instructions[n]!.effects.readsFlags) return;
  for (let n = testAt - 1; n >= 0; n--) {
    const before = instructions[n]!;
    scanner.scan(before);
    const writesIt = (scanner.fixedDefs & (1 << a.register)) !== 0;
    if (!before.effects.writesFlags && !writesIt && !before.effects.readsFlags) continue;
    const isLogic = before.op === 'and' || before.op === 'or' || before.op === 'xor';
    if (!isRegister(before.operands[0], a.register) || !arithmetic.has(before.op)) return;
    if (!isLogic && wantedBy(exit.condition) !== Flags.zeroAndSign) return;
    instructions.splice(testAt, 1);
    return;
  }
}

function simplifyBlock(block: MachineBlock): void {
  let flags: number = flagsAtEnd(block);
  for (let n = block.instructions.length - 1; n >= 0; n--) {
    const instruction = block.instructions[n]!;
    simplifyInstruction(instruction, flags);
    if (instruction.effects.writesFlags) flags = Flags.none;
    flags |= flagsReadBy(instruction);
  }
}

/** `flags`: what is wanted of the flags after the instruction. */
function simplifyInstruction(instruction: MachineInstruction, flags: number): void {
  switch (instruction.op) {
    case 'lea':
      if (flags === Flags.none) simplifyLea(instruction);
      break;
    case 'mov': {
      const to = instruction.operands[0]!;
      const from = instruction.operands[1];
      if (flags !== Flags.none || to.kind !== 'register' || !isPlainImmediate(from) || from.value !== 0) break;
      instruction.become('xor', to, register(to.register));
      break;
    }
    case 'add':
    case 'sub':
      simplifySum(instruction, flags);
      break;
    default:
      break;
  }
}

/** Adding or subtracting one. inc and dec leave the carry flag alone. */
function simplifySum(instruction: MachineInstruction, flags: number): void {
  const to = instruction.operands[0]!;
  const by = instruction.operands[1];
  if (!isPlainImmediate(by) || flags === Flags.all) return;
  const change = instruction.op === 'add' ? by.value : -by.value;
  if (change === 1 || change === -1) instruction.become(change === 1 ? 'inc' : 'dec', to);
}

/** An address computation that changes its own operand is an addition. */
function simplifyLea(instruction: MachineInstruction): void {
  const to = instruction.operands[0]!;
  const from = instruction.operands[1];
  if (to.kind !== 'register' || from?.kind !== 'memory') return;
  const { base, displacement, index, scale, symbol } = from;
  if (index === NONE) {
    if (base === NONE) instruction.become('mov', to, immediate(displacement, symbol));
    else if (displacement === 0 && symbol === null) instruction.become('mov', to, register(base));
    else if (base === to.register) {
      instruction.become('add', to, immediate(displacement, symbol));
      simplifySum(instruction, Flags.none);
    }
  } else if (displacement === 0 && symbol === null) {
    if (base === NONE) {
      if (index === to.register) instruction.become('shl', to, immediate(Math.log2(scale)));
    } else if (base === to.register && scale === 1) instruction.become('add', to, register(index));
    else if (index === to.register && scale === 1) instruction.become('add', to, register(base));
  }
}
