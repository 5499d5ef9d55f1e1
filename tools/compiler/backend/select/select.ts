/*
 * Instruction selection: from an IR function to machine code with virtual registers. See selector.ts for the method.
 */

import { hasEffect } from '../../ir/effects.ts';
import { Dominators } from '../../ir/graph.ts';
import { isBinary, isCompare } from '../../ir/opcodes.ts';
import type { Block, Instruction, IrFunction } from '../../ir/types.ts';
import { estimateFrequencies } from '../frequency.ts';
import type { MachineFunction, MachineInstruction } from '../machine/types.ts';
import { selectBinary, selectUnary } from './arithmetic.ts';
import { selectCall, selectParameter } from './calls.ts';
import { selectCompare, selectSelect } from './compare.ts';
import { selectTerminator } from './control.ts';
import { selectIntrinsic } from './intrinsics.ts';
import { selectLoad, selectStore } from './memory.ts';
import { Selector } from './selector.ts';
import { selectWideBinary, selectWideUnary } from './wide.ts';

/** Blocks that cannot be reached get no code. */
export function selectFunction(source: IrFunction): MachineFunction {
  const selector = new Selector(source);
  const dominators = new Dominators(source);
  const { order } = dominators;
  const frequencies = estimateFrequencies(source, dominators);
  for (let n = 0; n < order.length; n++) {
    const block = order[n]!;
    const machineBlock = selector.machine.newBlock();
    machineBlock.frequency = frequencies[block.id]!;
    machineBlock.isCold = block.isCold;
    selector.blocks[block.id] = machineBlock;
  }
  const backwards: MachineInstruction[] = [];
  for (let n = order.length - 1; n >= 0; n--) selectBlock(selector, order[n]!, backwards);
  return selector.machine;
}

/** `backwards` is room for the code of the block. */
function selectBlock(selector: Selector, block: Block, backwards: MachineInstruction[]): void {
  const machineBlock = selector.blocks[block.id]!;
  let count = 0;
  selector.begin(block);
  const { instructions } = block;
  for (let n = instructions.length - 1; n >= 0; n--) {
    const instruction = instructions[n]!;
    if (instruction.op === 'phi') break;
    if (n === instructions.length - 1) {
      selector.enter(instruction);
      selectTerminator(selector, machineBlock, instruction);
    } else {
      if (!isNeeded(selector, instruction)) continue;
      selector.enter(instruction);
      selectInstruction(selector, instruction);
    }
    const { current, hasVolatile } = selector;
    for (let emitted = current.pop(); emitted !== undefined; emitted = current.pop()) {
      if (hasVolatile) emitted.isVolatile = true;
      backwards[count++] = emitted;
    }
  }
  machineBlock.instructions = backwards.slice(0, count).reverse();
}

function isNeeded(selector: Selector, instruction: Instruction): boolean {
  if (selector.isDone(instruction)) return false;
  return selector.isWanted(instruction) || hasEffect(instruction) || selector.partnerOf(instruction) !== null;
}

function selectInstruction(selector: Selector, instruction: Instruction): void {
  const { op, type } = instruction;
  if (isBinary(op)) {
    if (type === 'i64') selectWideBinary(selector, instruction);
    else selectBinary(selector, instruction);
    return;
  }
  if (isCompare(op)) {
    selectCompare(selector, instruction);
    return;
  }
  switch (op) {
    case 'param':
      selectParameter(selector, instruction);
      break;
    case 'load':
      selectLoad(selector, instruction);
      break;
    case 'store':
      selectStore(selector, instruction);
      break;
    case 'call':
    case 'callIndirect':
      selectCall(selector, instruction);
      break;
    case 'intrinsic':
      selectIntrinsic(selector, instruction);
      break;
    case 'select':
      selectSelect(selector, instruction);
      break;
    default:
      if (type === 'i64') selectWideUnary(selector, instruction);
      else selectUnary(selector, instruction);
  }
}
