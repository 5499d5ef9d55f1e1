/*
 * Rules for what depends on a condition: select and branch, which test for non-zero; and for calls through pointers that
 * are known.
 */

import { possibleBits } from '../../ir/known-bits.ts';
import type { Instruction, Opcode } from '../../ir/types.ts';
import { isConstant, type Rule } from './rule.ts';

/** It tests another value, for zero or non-zero. */
function isTest({ op, args }: Instruction): boolean {
  return (op === 'eq' || op === 'ne') && args[0]!.type === 'i32' && isConstant(args[1]!, 0);
}

/** What is tested in the end, and whether the answer is turned around. */
function strip(condition: Instruction): { value: Instruction; inverted: boolean } {
  let value = condition;
  let inverted = false;
  while (isTest(value)) {
    if (value.op === 'eq') inverted = !inverted;
    value = value.args[0]!;
  }
  return { value, inverted };
}

const branch: Rule = (instruction, emitter) => {
  if (!isTest(instruction.args[0]!)) return null;
  const { value, inverted } = strip(instruction.args[0]!);
  emitter.touch();
  instruction.args[0] = value;
  if (inverted) instruction.targets.reverse();
  return null;
};

const select: Rule = (instruction, emitter) => {
  const [condition, ifTrue, ifFalse] = instruction.args as [Instruction, Instruction, Instruction];
  if (ifTrue === ifFalse) return ifTrue;
  if (condition.op === 'const') return condition.value !== 0 ? ifTrue : ifFalse;
  if (isTest(condition)) {
    const { value, inverted } = strip(condition);
    return emitter.emit('select', instruction.type, inverted ? [value, ifFalse, ifTrue] : [value, ifTrue, ifFalse]);
  }
  if (instruction.type !== 'i32') return null;
  if (isConstant(ifTrue, 1) && isConstant(ifFalse, 0)) {
    return possibleBits(condition) === 1 ? condition : emitter.emit('ne', 'i32', [condition, ifFalse]);
  }
  if (isConstant(ifTrue, 0) && isConstant(ifFalse, 1)) return emitter.emit('eq', 'i32', [condition, ifTrue]);
  return null;
};

const callIndirect: Rule = (instruction, emitter) => {
  const [target, ...args] = instruction.args as [Instruction, ...Instruction[]];
  const callee =
    target.op === 'symbol' && target.offset === 0 ? emitter.module.functions.get(target.symbol) : undefined;
  if (callee?.returns !== instruction.type || callee.parameters.join() !== instruction.parameters.join()) return null;
  emitter.touch();
  instruction.op = 'call';
  instruction.symbol = callee.name;
  instruction.args = args;
  instruction.parameters = [];
  return null;
};

export const controlRules: readonly (readonly [Opcode, Rule])[] = [
  ['branch', branch],
  ['select', select],
  ['callIndirect', callIndirect],
];
