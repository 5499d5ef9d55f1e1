/*
 * The table of intrinsics: operations of the IR that stand for one instruction (or a short fixed sequence) of the
 * machine. A pass that wants to move, merge or drop one asks for its effect; the back end has one lowering per row.
 *
 * Effects, from harmless to strict:
 *   pure      depends on its operands alone: may be merged, moved, dropped
 *   read      reads memory or machine state: may be dropped
 *   effect    must happen, in order with other effects; does not touch ordinary memory
 *   barrier   must happen; no load or store may move across, and memory may have changed
 */

import type { ValueType } from './types.ts';

export type Effect = 'pure' | 'read' | 'effect' | 'barrier';

export interface IntrinsicInfo {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  readonly effect: Effect;
  /** Comes in 8, 16, 32 (and, where the table says `wide`, 64) bits, told by the instruction's `size`. */
  readonly sized: 'narrow' | 'wide' | undefined;
  /** Control does not come back. */
  readonly noReturn: boolean;
}

const i = 'i32' as const;

function row(
  parameters: readonly ValueType[],
  result: ValueType,
  effect: Effect,
  sized?: IntrinsicInfo['sized'],
  noReturn = false,
): IntrinsicInfo {
  return { parameters, result, effect, sized, noReturn };
}

/**
 * By name. Where `sized` is set, the value operands and the result are i64 when `size` is 8, else i32, zero-extended
 * from `size` bytes; the table shows the i32 form. The first operand of every atomic is an address.
 */
export const intrinsics: ReadonlyMap<string, IntrinsicInfo> = new Map<string, IntrinsicInfo>([
  // Atomics (LOCK prefix). `atomicXchg` and the like give what was in the place before.
  ['atomicXchg', row([i, i], i, 'barrier', 'narrow')],
  ['atomicCmpxchg', row([i, i, i], i, 'barrier', 'wide')],
  ['atomicFetchAdd', row([i, i], i, 'barrier', 'narrow')],
  ['atomicAdd', row([i, i], 'void', 'barrier', 'narrow')],
  ['atomicSub', row([i, i], 'void', 'barrier', 'narrow')],
  ['atomicAnd', row([i, i], 'void', 'barrier', 'narrow')],
  ['atomicOr', row([i, i], 'void', 'barrier', 'narrow')],
  ['atomicInc', row([i], 'void', 'barrier', 'narrow')],
  ['atomicDec', row([i], 'void', 'barrier', 'narrow')],
  ['atomicDecAndTest', row([i], i, 'barrier', 'narrow')],
  ['atomicTestAndSetBit', row([i, i], i, 'barrier')],
  ['atomicTestAndClearBit', row([i, i], i, 'barrier')],
  ['compilerBarrier', row([], 'void', 'barrier')],
  ['mfence', row([], 'void', 'barrier')],
  // Blocks of memory: target, source or byte, count in bytes.
  ['copyBytes', row([i, i, i], 'void', 'barrier')],
  ['fillBytes', row([i, i, i], 'void', 'barrier')],
  // Control of the CPU.
  ['cli', row([], 'void', 'barrier')],
  ['sti', row([], 'void', 'barrier')],
  ['hlt', row([], 'void', 'barrier')],
  ['stiHlt', row([], 'void', 'barrier')],
  ['pause', row([], 'void', 'barrier')],
  ['int3', row([], 'void', 'barrier')],
  ['ud2', row([], 'void', 'barrier', undefined, true)],
  ['readEflags', row([], i, 'effect')],
  ['writeEflags', row([i], 'void', 'barrier')],
  ['readEsp', row([], i, 'effect')],
  ['returnAddress', row([], i, 'read')],
  // Ports. Widths are in the names, as in the manual's inb/inw/inl family.
  ['inb', row([i], i, 'barrier')],
  ['inw', row([i], i, 'barrier')],
  ['inl', row([i], i, 'barrier')],
  ['outb', row([i, i], 'void', 'barrier')],
  ['outw', row([i, i], 'void', 'barrier')],
  ['outl', row([i, i], 'void', 'barrier')],
  ['repInsw', row([i, i, i], 'void', 'barrier')],
  ['repOutsw', row([i, i, i], 'void', 'barrier')],
  // System registers and tables.
  ['readCr0', row([], i, 'effect')],
  ['readCr2', row([], i, 'effect')],
  ['readCr3', row([], i, 'effect')],
  ['readCr4', row([], i, 'effect')],
  ['writeCr0', row([i], 'void', 'barrier')],
  ['writeCr3', row([i], 'void', 'barrier')],
  ['writeCr4', row([i], 'void', 'barrier')],
  ['invlpg', row([i], 'void', 'barrier')],
  ['lgdt', row([i], 'void', 'barrier')],
  ['lidt', row([i], 'void', 'barrier')],
  ['ltr', row([i], 'void', 'barrier')],
  ['lldt', row([i], 'void', 'barrier')],
  ['loadDs', row([i], 'void', 'barrier')],
  ['loadEs', row([i], 'void', 'barrier')],
  ['loadFs', row([i], 'void', 'barrier')],
  ['loadGs', row([i], 'void', 'barrier')],
  ['readFs', row([], i, 'effect')],
  ['readGs', row([], i, 'effect')],
  ['readGs32', row([i], i, 'read')],
  ['writeGs32', row([i, i], 'void', 'barrier')],
  ['readFs32', row([i], i, 'read')],
  ['writeFs32', row([i, i], 'void', 'barrier')],
  ['rdtsc', row([], 'i64', 'effect')],
  ['rdmsr', row([i], 'i64', 'barrier')],
  ['wrmsr', row([i, 'i64'], 'void', 'barrier')],
  ['cpuid', row([i, i, i], 'void', 'barrier')],
  ['clts', row([], 'void', 'barrier')],
  ['fninit', row([], 'void', 'barrier')],
  ['fnsave', row([i], 'void', 'barrier')],
  ['frstor', row([i], 'void', 'barrier')],
  ['fxsave', row([i], 'void', 'barrier')],
  ['fxrstor', row([i], 'void', 'barrier')],
  ['wbinvd', row([], 'void', 'barrier')],
  // Bits. bsf and bsr are undefined for 0.
  ['bsf', row([i], i, 'pure')],
  ['bsr', row([i], i, 'pure')],
  ['bswap', row([i], i, 'pure')],
  // Linux system call: nr and six arguments.
  ['int80', row([i, i, i, i, i, i, i], i, 'barrier')],
]);
