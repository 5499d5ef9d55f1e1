/*
 * Machine code as text, for dumps and failing tests.
 */

import { conditionNames } from '../encoder/forms.ts';
import { formatOperand } from '../encoder/operands.ts';
import type { MachineBlock, MachineFunction, MachineInstruction } from './types.ts';

export function printInstruction(instruction: MachineInstruction): string {
  const prefix = instruction.prefix === null ? '' : `${instruction.prefix} `;
  return `${prefix}${instruction.op} ${instruction.operands.map(formatOperand).join(', ')}`.trim();
}

/** One instruction a line, blocks with their exits. */
export function printMachineFunction(fn: MachineFunction): string {
  return [`${fn.name}:`, ...fn.blocks.map(printBlock), ''].join('\n');
}

function printBlock(block: MachineBlock): string {
  const head = `b${block.id}:${block.isCold ? ' cold' : ''} frequency ${block.frequency}`;
  return [
    head,
    ...block.instructions.map((instruction) => `  ${printInstruction(instruction)}`),
    printExit(block),
  ].join('\n');
}

function printExit(block: MachineBlock): string {
  const exit = block.exit;
  switch (exit.kind) {
    case 'jump':
      return `  jump b${exit.target.id}`;
    case 'branch':
      return `  branch ${conditionNames[exit.condition]![0]!} b${exit.ifTrue.id} b${exit.ifFalse.id}`;
    case 'table':
      return `  table ${exit.targets.map((target) => `b${target.id}`).join(' ')}`;
    case 'none':
      return '  end';
  }
}
