/*
 * What each instruction that the code generator emits does: which operands it reads and writes, which registers it uses
 * beyond its operands, what it does to the flags. Register allocation and peephole read this; the encoder does not.
 *
 * A memory operand's base and index are always read, whatever the role says.
 */

export const READS = 1;
export const WRITES = 2;

export interface Effects {
  /** Per operand: READS, WRITES, both, or 0 (the address in lea). */
  readonly roles: readonly number[];
  /** Registers read and written beyond the operands; bit n is register n. */
  readonly uses: number;
  readonly defs: number;
  readonly readsFlags: boolean;
  readonly writesFlags: boolean;
  /** Nothing but the written operand: may be dropped when that is dead. */
  readonly isPure: boolean;
  /** The operands that may be memory instead of a register, as bits; one at a time. */
  readonly memory: number;
}

const A = 1 << 0;
const CX = 1 << 1;
const D = 1 << 2;
const B = 1 << 3;
const SI = 1 << 6;
const DI = 1 << 7;

/** Registers that a called function may change. */
export const CALLER_SAVED = A | CX | D;

const roleBits = new Map([
  ['r', READS],
  ['w', WRITES],
  ['m', READS | WRITES],
  ['a', 0],
]);

interface Extra {
  uses?: number;
  defs?: number;
  flags?: 'reads' | 'writes' | 'both';
  isPure?: true;
  memory?: number;
}

function make(roles: string, extra: Extra = {}): Effects {
  return {
    roles: roles === '' ? [] : roles.split(' ').map((role) => roleBits.get(role)!),
    uses: extra.uses ?? 0,
    defs: extra.defs ?? 0,
    readsFlags: extra.flags === 'reads' || extra.flags === 'both',
    writesFlags: extra.flags === 'writes' || extra.flags === 'both',
    isPure: extra.isPure ?? false,
    memory: extra.memory ?? 0,
  };
}

const rows: readonly (readonly [mnemonics: string, effects: Effects])[] = [
  ['mov', make('w r', { isPure: true, memory: 0b11 })],
  ['movzx movsx', make('w r', { isPure: true, memory: 0b10 })],
  ['lea', make('w a', { isPure: true })],
  ['add sub and or xor', make('m r', { flags: 'writes', memory: 0b11 })],
  ['adc sbb', make('m r', { flags: 'both', memory: 0b11 })],
  ['cmp test', make('r r', { flags: 'writes', memory: 0b11 })],
  ['inc dec neg', make('m', { flags: 'writes', memory: 0b1 })],
  ['not', make('m', { memory: 0b1 })],
  ['shl shr sar rol ror', make('m r', { flags: 'writes', memory: 0b1 })],
  ['shld shrd', make('m r r', { flags: 'writes', memory: 0b1 })],
  ['imul/1 mul', make('r', { uses: A, defs: A | D, flags: 'writes', memory: 0b1 })],
  ['imul/2', make('m r', { flags: 'writes', memory: 0b10 })],
  ['imul/3', make('w r r', { flags: 'writes', memory: 0b10 })],
  ['div idiv', make('r', { uses: A | D, defs: A | D, flags: 'writes', memory: 0b1 })],
  ['cdq', make('', { uses: A, defs: D })],
  ['bt', make('r r', { flags: 'writes' })],
  ['bts btr', make('m r', { flags: 'writes' })],
  ['bsf bsr', make('w r', { flags: 'writes', memory: 0b10 })],
  ['bswap', make('m')],
  ['xchg', make('m m')],
  ['xadd', make('m m', { flags: 'writes' })],
  ['cmpxchg', make('m r', { uses: A, defs: A, flags: 'writes' })],
  ['cmpxchg8b', make('m', { uses: A | D | B | CX, defs: A | D, flags: 'writes' })],
  ['push', make('r', { memory: 0b1 })],
  ['pop', make('w', { memory: 0b1 })],
  ['pushfd', make('', { flags: 'reads' })],
  ['popfd', make('', { flags: 'writes' })],
  ['call', make('r', { defs: CALLER_SAVED, flags: 'writes', memory: 0b1 })],
  ['jmp', make('r')],
  ['ret', make('')],
  ['int', make('r', { flags: 'writes' })],
  ['in', make('w r')],
  ['out', make('r r')],
  ['movsb movsw movsd', make('', { uses: SI | DI, defs: SI | DI })],
  ['stosb stosw stosd', make('', { uses: DI | A, defs: DI })],
  ['insw', make('', { uses: DI | D, defs: DI })],
  ['outsw', make('', { uses: SI | D, defs: SI })],
  ['rdtsc', make('', { defs: A | D })],
  ['rdmsr', make('', { uses: CX, defs: A | D })],
  ['wrmsr', make('', { uses: CX | A | D })],
  ['cpuid', make('', { uses: A | CX, defs: A | B | CX | D })],
  ['lgdt lidt ltr lldt invlpg fnsave frstor fxsave fxrstor', make('r')],
  ['cli sti hlt pause int3 ud2 mfence clts fninit wbinvd nop', make('')],
];

function buildEffects(): Map<string, Effects> {
  const table = new Map<string, Effects>();
  for (const [names, effects] of rows) for (const name of names.split(' ')) table.set(name, effects);
  return table;
}

const byName = buildEffects();
const setEffects = make('w', { flags: 'reads', memory: 0b1 });
const moveEffects = make('m r', { flags: 'reads', memory: 0b10 });

/** Throws for an instruction that has no row: every one that selection emits must be described. */
export function effectsOf(op: string, operandCount: number): Effects {
  const effects = byName.get(op) ?? (op === 'imul' ? byName.get(`imul/${operandCount}`) : undefined);
  if (effects !== undefined) return effects;
  if (op.startsWith('set')) return setEffects;
  if (op.startsWith('cmov')) return moveEffects;
  throw new Error(`the effects of ${op} are not described`);
}
