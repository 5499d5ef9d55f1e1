/*
 * Checks one instruction by itself: number and types of operands, and the attributes that its operation has.
 */

import { intrinsics } from './intrinsics.ts';
import { isBinary, isCompare, isShift, isUnary } from './opcodes.ts';
import type { Instruction, IrFunction, ValueType } from './types.ts';

type Report = (message: string) => void;

interface Signature {
  readonly operands: readonly ValueType[];
  readonly result: ValueType;
}

/** Everything but phis, symbols, the arguments of direct calls, and dominance. */
export function checkOperation(instruction: Instruction, fn: IrFunction, report: Report): void {
  if (instruction.op === 'call') return;
  checkAttributes(instruction, fn, report);
  const { operands, result } = signatureOf(instruction, fn);
  const { args } = instruction;
  if (args.length !== operands.length) {
    report(`has ${args.length} operands instead of ${operands.length}`);
    return;
  }
  operands.forEach((type, index) => {
    if (args[index]!.type !== type) report(`operand ${index + 1} is ${args[index]!.type} instead of ${type}`);
  });
  if (instruction.type !== result) report(`gives ${instruction.type} instead of ${result}`);
}

/** What the operands should be. Where an operation exists for both types, the instruction's own type decides. */
function signatureOf(instruction: Instruction, fn: IrFunction): Signature {
  const { op } = instruction;
  if (isBinary(op) || isCompare(op) || isUnary(op)) return arithmeticSignature(instruction);
  const own = instruction.type === 'i64' ? 'i64' : 'i32';
  const accessed = instruction.size === 8 ? 'i64' : 'i32';
  switch (op) {
    case 'const':
      return { operands: [], result: own };
    case 'param':
      return { operands: [], result: fn.parameters[instruction.index] ?? 'void' };
    case 'slot':
    case 'symbol':
      return { operands: [], result: 'i32' };
    case 'load':
      return { operands: ['i32'], result: accessed };
    case 'store':
      return { operands: ['i32', accessed], result: 'void' };
    case 'select':
      return { operands: ['i32', own, own], result: own };
    case 'callIndirect':
      return { operands: ['i32', ...instruction.parameters], result: instruction.type };
    case 'intrinsic':
      return intrinsicSignature(instruction);
    case 'branch':
    case 'switch':
      return { operands: ['i32'], result: 'void' };
    case 'return':
      return { operands: fn.returns === 'void' ? [] : [fn.returns], result: 'void' };
    default:
      return { operands: [], result: 'void' };
  }
}

function arithmeticSignature(instruction: Instruction): Signature {
  const { op, args } = instruction;
  const own = instruction.type === 'i64' ? 'i64' : 'i32';
  if (isCompare(op)) {
    const compared = args[0]?.type === 'i64' ? 'i64' : 'i32';
    return { operands: [compared, compared], result: 'i32' };
  }
  if (isBinary(op)) {
    if (op === 'mulHighS' || op === 'mulHighU') return { operands: ['i32', 'i32'], result: 'i32' };
    return { operands: [own, isShift(op) ? 'i32' : own], result: own };
  }
  switch (op) {
    case 'neg':
    case 'not':
      return { operands: [own], result: own };
    case 'narrow':
      return { operands: ['i64'], result: 'i32' };
    case 'sextWide':
    case 'zextWide':
      return { operands: ['i32'], result: 'i64' };
    default:
      return { operands: ['i32'], result: 'i32' };
  }
}

/** In the widest form of a sized intrinsic, all but the address is i64. */
function intrinsicSignature(instruction: Instruction): Signature {
  const info = intrinsics.get(instruction.intrinsic);
  if (info === undefined) return { operands: instruction.args.map(({ type }) => type), result: instruction.type };
  if (info.sized === undefined || instruction.size !== 8) return { operands: info.parameters, result: info.result };
  const [address = 'i32', ...values] = info.parameters;
  return {
    operands: [address, ...values.map(() => 'i64' as const)],
    result: info.result === 'void' ? 'void' : 'i64',
  };
}

function checkAttributes(instruction: Instruction, fn: IrFunction, report: Report): void {
  const { op, targets } = instruction;
  const wantedTargets = targetCount(instruction);
  if (targets.length !== wantedTargets) report(`has ${targets.length} targets instead of ${wantedTargets}`);
  if (op === 'const') checkConst(instruction, report);
  if (op === 'switch') checkCases(instruction.cases, report);
  if (op === 'slot' && fn.slots[instruction.index] === undefined) report(`there is no slot ${instruction.index}`);
  if (op !== 'intrinsic') return;
  const info = intrinsics.get(instruction.intrinsic);
  if (info === undefined) report(`there is no intrinsic ${instruction.intrinsic}`);
  if (info?.sized === 'narrow' && instruction.size === 8) report('does not come in 64 bits');
}

function targetCount(instruction: Instruction): number {
  switch (instruction.op) {
    case 'jump':
      return 1;
    case 'branch':
      return 2;
    case 'switch':
      return instruction.cases.length + 1;
    default:
      return 0;
  }
}

function checkConst({ type, value }: Instruction, report: Report): void {
  const fits =
    type === 'i64'
      ? typeof value === 'bigint' && BigInt.asIntN(64, value) === value
      : typeof value === 'number' && Object.is(value | 0, value);
  if (!fits) report(`the ${typeof value} ${value} is not a signed ${type}`);
}

function checkCases(cases: readonly number[], report: Report): void {
  if (new Set(cases).size !== cases.length) report('a case occurs twice');
  if (cases.some((value) => !Object.is(value | 0, value))) report('a case is not a signed i32');
}
