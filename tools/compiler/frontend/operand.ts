/*
 * Operands: what lowering an expression gives.
 *
 * Constants stay constants (no instruction is made until a value is needed in a register), so that one set of rules
 * serves for run-time code, for folding, and for the initial values of module variables: an initial value is constant
 * exactly if lowering it makes no instruction.
 *
 * Each integer operand knows bounds for its value. They decide what "known to fit" means: `x & 0xff` fits a u8.
 */

import type { Instruction } from '../ir/types.ts';
import type { ts } from '../syntax/index.ts';
import type { FunctionInstance } from './instances.ts';
import * as types from './types.ts';
import type { IntType, Type, UntypedType } from './types.ts';

/** What the linker will know the address of. */
export type AddressTarget =
  | { readonly kind: 'function'; readonly instance: FunctionInstance }
  | { readonly kind: 'global'; readonly global: Global }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'linker'; readonly name: string };

interface Address {
  readonly target: AddressTarget;
  readonly offset: number;
}

/** A module variable that has storage. */
export interface Global {
  readonly symbolName: string;
  readonly declaration: ts.Node;
  readonly type: Type;
  /** In .rodata. */
  readonly isConstant: boolean;
  /** In order; empty for zero-filled storage. */
  readonly initial: readonly { readonly offset: number; readonly type: Type; readonly value: Operand }[];
  readonly section: string | null;
  readonly align: number | null;
  readonly isExported: boolean;
}

/** From the least to the most that a number can be. */
export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/**
 * Operands are made by the hundred thousand. Most share their bounds with others; those of constants are worked out when
 * somebody asks.
 */
export class Operand {
  readonly type: Type;
  /** Exactly one of value, constant and address is there, or none for what takes no room (void, witnesses). */
  readonly value: Instruction | null;
  readonly constant: bigint | null;
  readonly address: Address | null;
  /** The second half of `words`: how many there are. */
  readonly length: Operand | null;
  /** Of anything but constants. */
  readonly bounds: Bounds;
  /**
   * An untyped value of which only the low bits matter: `~3` fits unsigned types although it is negative, `1 << n` fits
   * signed and unsigned ones whatever n is.
   */
  readonly isMask: boolean;

  constructor(
    type: Type,
    value: Instruction | null,
    constant: bigint | null,
    address: Address | null,
    length: Operand | null,
    bounds: Bounds,
    isMask: boolean,
  ) {
    this.type = type;
    this.value = value;
    this.constant = constant;
    this.address = address;
    this.length = length;
    this.bounds = bounds;
    this.isMask = isMask;
  }

  /** The least that it can be, for integers of up to 32 bits. */
  get min(): number {
    return this.constant === null ? this.bounds.min : Number(this.constant);
  }

  /** The most that it can be. */
  get max(): number {
    return this.constant === null ? this.bounds.max : Number(this.constant);
  }
}

const bits32: Bounds = { min: -0x80000000, max: 0xffffffff };
const bits1: Bounds = { min: 0, max: 1 };
const nothing: Bounds = { min: 0, max: 0 };

function boundsOf(type: Type): Bounds {
  if (type.kind === 'int') return types.boundsOf(type);
  return type.kind === 'bool' ? bits1 : bits32;
}

export function valueOperand(type: Type, value: Instruction): Operand {
  return new Operand(type, value, null, null, null, boundsOf(type), type.kind === 'untyped');
}

/** With bounds, cut to what the type can hold. An untyped value that may leave its bounds is one of bits. */
export function boundedOperand(type: IntType | UntypedType, value: Instruction, bounds: Bounds): Operand {
  const limits = boundsOf(type);
  const isInside = bounds.min >= limits.min && bounds.max <= limits.max;
  if (!isInside) return valueOperand(type, value);
  return new Operand(type, value, null, null, null, bounds, false);
}

export function constantOperand(type: Type, constant: bigint, isMask = false): Operand {
  const exact = type.kind === 'int' ? types.wrap(type, constant) : constant;
  return new Operand(type, null, exact, null, null, nothing, isMask);
}

export function addressOperand(type: Type, target: AddressTarget, offset = 0): Operand {
  return new Operand(type, null, null, { target, offset }, null, bits32, false);
}

export function wordsOperand(operand: Operand, length: Operand): Operand {
  const { value, constant, address, isMask } = operand;
  return new Operand(types.wordsType, value, constant, address, length, operand.bounds, isMask);
}

/** Of a type without a run-time value. */
export function emptyOperand(type: Type): Operand {
  return new Operand(type, null, null, null, null, nothing, false);
}

/** For what has been reported: silences everything that follows from it. */
export const errorOperand: Operand = constantOperand(types.errorType, 0n);
/** For what never arrives: silent too, but nothing is wrong. */
export const deadOperand: Operand = constantOperand(types.errorType, 0n);
export const voidOperand: Operand = emptyOperand(types.voidType);
export const trueOperand: Operand = constantOperand(types.boolType, 1n);
export const falseOperand: Operand = constantOperand(types.boolType, 0n);
export const nullOperand: Operand = constantOperand(types.nullType, 0n);

/** The same bits under another type. */
export function retype(operand: Operand, type: Type): Operand {
  if (operand.constant !== null) return constantOperand(type, operand.constant);
  const { value, address, length } = operand;
  return new Operand(type, value, null, address, length, boundsOf(type), type.kind === 'untyped');
}

/** The same under another type, with the bounds that it has. */
export function withType(operand: Operand, type: Type, isMask = operand.isMask): Operand {
  const { value, constant, address, length } = operand;
  return new Operand(type, value, constant, address, length, operand.bounds, isMask);
}

/** The same value, which is there as another instruction. */
export function withValue(operand: Operand, value: Instruction): Operand {
  const { type, constant, length, isMask } = operand;
  return new Operand(type, value, constant, null, length, operand.bounds, isMask);
}

/** An address of the linker's, `by` bytes further on. */
export function movedAddress(operand: Operand, by: bigint): Operand {
  const { type, value, constant, length, isMask } = operand;
  const { target, offset } = operand.address!;
  const address = { target, offset: offset + Number(BigInt.asIntN(32, by)) };
  return new Operand(type, value, constant, address, length, operand.bounds, isMask);
}

export function isError(operand: Operand): boolean {
  return operand.type.kind === 'error';
}
