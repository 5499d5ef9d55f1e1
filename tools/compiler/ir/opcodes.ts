/*
 * The operations by family. What they mean is in semantics.ts; which of them can be moved or dropped, in effects.ts.
 */

import type { BinaryOp, CompareOp, Opcode, UnaryOp } from './types.ts';

export const binaryOps: readonly BinaryOp[] = [
  'add',
  'sub',
  'mul',
  'divS',
  'divU',
  'remS',
  'remU',
  'and',
  'or',
  'xor',
  'shl',
  'shrS',
  'shrU',
  'mulHighS',
  'mulHighU',
];

export const compareOps: readonly CompareOp[] = ['eq', 'ne', 'ltS', 'leS', 'ltU', 'leU'];

export const unaryOps: readonly UnaryOp[] = [
  'neg',
  'not',
  'sext8',
  'sext16',
  'zext8',
  'zext16',
  'sextWide',
  'zextWide',
  'narrow',
];

type Family = 'binary' | 'compare' | 'unary';

const families: ReadonlyMap<Opcode, Family> = new Map<Opcode, Family>([
  ...binaryOps.map((op) => [op, 'binary'] as const),
  ...compareOps.map((op) => [op, 'compare'] as const),
  ...unaryOps.map((op) => [op, 'unary'] as const),
]);

export function isBinary(op: Opcode): op is BinaryOp {
  return families.get(op) === 'binary';
}

export function isCompare(op: Opcode): op is CompareOp {
  return families.get(op) === 'compare';
}

export function isUnary(op: Opcode): op is UnaryOp {
  return families.get(op) === 'unary';
}

/** Any of the three. */
export function isArithmetic(op: Opcode): op is BinaryOp | CompareOp | UnaryOp {
  return families.has(op);
}

export function isDivision(op: Opcode): op is 'divS' | 'divU' | 'remS' | 'remU' {
  return op === 'divS' || op === 'divU' || op === 'remS' || op === 'remU';
}

export function isShift(op: Opcode): op is 'shl' | 'shrS' | 'shrU' {
  return op === 'shl' || op === 'shrS' || op === 'shrU';
}

/** The operands may change places. */
export function isCommutative(op: Opcode): boolean {
  switch (op) {
    case 'add':
    case 'mul':
    case 'and':
    case 'or':
    case 'xor':
    case 'mulHighS':
    case 'mulHighU':
    case 'eq':
    case 'ne':
      return true;
    default:
      return false;
  }
}

/** The operation that extends the low `size` bytes, 1 or 2, as a load of them would. */
export function extensionOp(size: number, signed: boolean): UnaryOp {
  if (size === 1) return signed ? 'sext8' : 'zext8';
  return signed ? 'sext16' : 'zext16';
}

/** The unary operations that change the type. */
export function isConversion(op: Opcode): op is 'sextWide' | 'zextWide' | 'narrow' {
  return op === 'sextWide' || op === 'zextWide' || op === 'narrow';
}
