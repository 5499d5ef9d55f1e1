/*
 * Selection of calls, parameters and returns: the calling convention (see the compiler's README).
 *
 * Arguments are counted in words. The first three travel in EAX, EDX and ECX, the others at the bottom of the caller's
 * frame, in an area that is part of the frame: ESP does not move around calls.
 */

import type { Instruction, ValueType } from '../../ir/types.ts';
import { EAX, ECX, EDX, immediate, type Operand, register, slotMemory } from '../encoder/operands.ts';
import type { Selector } from './selector.ts';

const argumentRegisters = [EAX, EDX, ECX] as const;

/** A parameter, from the register or stack word that it arrives in. */
export function selectParameter(selector: Selector, value: Instruction): void {
  const { parameters } = selector.source;
  let word = 0;
  for (let n = 0; n < value.index; n++) word += wordsOf(parameters[n]!);
  if (selector.isLowWanted(value)) selector.move(selector.result(value), incomingWord(selector, word));
  if (selector.isHighWanted(value)) selector.move(selector.resultHigh(value), incomingWord(selector, word + 1));
}

function wordsOf(type: ValueType): number {
  return type === 'i64' ? 2 : 1;
}

function incomingWord(selector: Selector, word: number): Operand {
  const inRegister = argumentRegisters[word];
  if (inRegister !== undefined) return register(inRegister);
  const slot = selector.machine.newSlot('incoming', 4, 4, (word - argumentRegisters.length) * 4);
  return slotMemory(slot);
}

export function selectCall(selector: Selector, call: Instruction): void {
  let target: Operand = immediate(0, call.symbol);
  let args = call.args;
  if (call.op === 'callIndirect') {
    target = selector.registerOrMemory(call.args[0]!);
    args = call.args.slice(1);
  }
  passArguments(selector, args);
  const instruction = selector.emit('call', target);
  let words = 0;
  for (let n = 0; n < args.length; n++) words += wordsOf(args[n]!.type);
  for (let n = 0; n < argumentRegisters.length && n < words; n++) {
    instruction.extraUses |= 1 << argumentRegisters[n]!;
  }
  if (call.type !== 'void' && selector.isLowWanted(call)) selector.move(selector.result(call), register(EAX));
  if (call.type === 'i64' && selector.isHighWanted(call)) selector.move(selector.resultHigh(call), register(EDX));
}

function passArguments(selector: Selector, args: readonly Instruction[]): void {
  if (args.length === 0) return;
  const words: Operand[] = [];
  for (let n = 0; n < args.length; n++) {
    const value = args[n]!;
    if (value.type === 'i64') words.push(selector.lowOf(value), selector.highOf(value));
    else if (words.length < argumentRegisters.length) words.push(selector.anyOperand(value));
    else words.push(selector.registerOrImmediate(value));
  }
  for (let n = argumentRegisters.length; n < words.length; n++) {
    selector.emit('mov', selector.outgoing((n - argumentRegisters.length) * 4), words[n]!);
  }
  for (let n = 0; n < argumentRegisters.length && n < words.length; n++) {
    selector.move(register(argumentRegisters[n]!), words[n]!);
  }
}

export function selectReturn(selector: Selector, value: Instruction): void {
  const result = value.args[0];
  let uses = 0;
  if (result !== undefined) {
    const low = result.type === 'i64' ? selector.lowOf(result) : selector.anyOperand(result);
    if (result.type === 'i64') {
      selector.move(register(EDX), selector.highOf(result));
      uses |= 1 << EDX;
    }
    selector.move(register(EAX), low);
    uses |= 1 << EAX;
  }
  selector.emit('ret').extraUses = uses;
}
