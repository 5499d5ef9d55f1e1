/*
 * Operands of i386 instructions, shared by the assembler (which knows registers) and the code generator (which has
 * virtual ones until registers are allocated).
 *
 * A general register is a number: 0 to 7 as the machine encodes them (eax ecx edx ebx esp ebp esi edi); from
 * FIRST_VIRTUAL on a virtual register. With width 8, the numbers 4 to 7 mean ah ch dh bh; only the assembler uses those.
 *
 * Operands never change, so instructions may share them: who renames a register puts another operand in the place of the
 * old one.
 */

export type Width = 8 | 16 | 32;

export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;

/** Numbers from here on are virtual registers. */
export const FIRST_VIRTUAL = 8;

/** Where a register number is expected: none. */
export const NONE = -1;

export const ES = 0;
/** @public for the sake of the list */
export const CS = 1;
/** @public for the sake of the list */
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;

export interface RegisterOperand {
  readonly kind: 'register';
  readonly register: number;
  readonly width: Width;
}

/** A segment register, control register or debug register. */
export interface SystemRegisterOperand {
  readonly kind: 'segment' | 'control' | 'debug';
  readonly register: number;
}

/** The constant `value`, plus the address of `symbol` if there is one. */
export interface ImmediateOperand {
  readonly kind: 'immediate';
  readonly value: number;
  readonly symbol: string | null;
}

/**
 * `segment:[base + index * scale + displacement + symbol]`. A memory operand with a `slot` means that piece of the
 * function's frame, and has no base until the frame is laid out.
 */
export interface MemoryOperand {
  readonly kind: 'memory';
  /** In bits; 0 if the instruction does not care or the assembler's user did not say. */
  readonly width: number;
  readonly base: number;
  readonly index: number;
  readonly scale: 1 | 2 | 4 | 8;
  readonly displacement: number;
  readonly symbol: string | null;
  readonly segment: number;
  /** Index into the frame's slots, or NONE. */
  readonly slot: number;
  /** 16 for the real-mode forms [bx+si] and so on. */
  readonly addressSize: 16 | 32;
}

/** `selector:offset` of a far jump or call. */
export interface FarOperand {
  readonly kind: 'far';
  readonly selector: ImmediateOperand;
  readonly offset: ImmediateOperand;
}

export type Operand = RegisterOperand | SystemRegisterOperand | ImmediateOperand | MemoryOperand | FarOperand;

/** The registers of the machine, which are mentioned so often that each has just one operand for each width. */
const wholeRegisters = realRegisters(32);
const halfRegisters = realRegisters(16);
const byteRegisters = realRegisters(8);

function realRegisters(width: Width): readonly RegisterOperand[] {
  return [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI].map((number) => makeRegister(number, width));
}

/** All are made here, for the same reason as memory operands. */
function makeRegister(number: number, width: Width): RegisterOperand {
  return { kind: 'register', register: number, width };
}

export function register(number: number, width: Width = 32): RegisterOperand {
  if (number >= FIRST_VIRTUAL) return makeRegister(number, width);
  return (width === 32 ? wholeRegisters : width === 8 ? byteRegisters : halfRegisters)[number]!;
}

export function immediate(value: number, symbol: string | null = null): ImmediateOperand {
  return { kind: 'immediate', value, symbol };
}

/** Width in bits; what is not given is absent. */
export function memory(width: number, parts: Partial<Omit<MemoryOperand, 'kind' | 'width'>>): MemoryOperand {
  const { base = NONE, index = NONE, slot = NONE, displacement = 0, symbol = null, scale = 1 } = parts;
  const { addressSize = 32, segment = NONE } = parts;
  return makeMemory(width, base, index, scale, displacement, symbol, slot, segment, addressSize);
}

/** 32 bits, `displacement` bytes into a slot of the frame. */
export function slotMemory(slot: number, displacement = 0): MemoryOperand {
  return makeMemory(32, NONE, NONE, 1, displacement, null, slot);
}

/** All memory operands are made here, so that V8 knows them as one kind of object, whatever they were made from. */
export function makeMemory(
  width: number,
  base: number,
  index: number,
  scale: MemoryOperand['scale'],
  displacement: number,
  symbol: string | null,
  slot: number,
  segment = NONE,
  addressSize: 16 | 32 = 32,
): MemoryOperand {
  return { kind: 'memory', width, base, index, scale, displacement, symbol, segment, slot, addressSize };
}

/** The same with other registers. */
export function withRegisters(place: MemoryOperand, base: number, index: number): MemoryOperand {
  const { width, scale, displacement, symbol, slot, segment, addressSize } = place;
  return makeMemory(width, base, index, scale, displacement, symbol, slot, segment, addressSize);
}

/** The same address in another segment. */
export function inSegment(place: MemoryOperand, segment: number): MemoryOperand {
  const { width, base, index, scale, displacement, symbol, slot, addressSize } = place;
  return makeMemory(width, base, index, scale, displacement, symbol, slot, segment, addressSize);
}

/** `width` bits, `delta` bytes further on. */
export function displaced(place: MemoryOperand, delta: number, width = place.width): MemoryOperand {
  const { base, index, scale, symbol, slot, segment, addressSize } = place;
  const displacement = (place.displacement + delta) | 0;
  return makeMemory(width, base, index, scale, displacement, symbol, slot, segment, addressSize);
}

const names32 = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const names16 = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const;
const names8 = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'] as const;
export const segmentNames = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;

/** `eax`, `cl`, or `v12` for a virtual register. */
export function registerName(number: number, width: Width = 32): string {
  if (number >= FIRST_VIRTUAL) return width === 32 ? `v${number}` : `v${number}:${width}`;
  return (width === 32 ? names32 : width === 16 ? names16 : names8)[number] ?? `r${number}?`;
}

/** Every register name of the assembler with what it stands for. */
export const registersByName: ReadonlyMap<string, RegisterOperand | SystemRegisterOperand> = new Map<
  string,
  RegisterOperand | SystemRegisterOperand
>([
  ...names32.map((name, number) => [name, register(number, 32)] as const),
  ...names16.map((name, number) => [name, register(number, 16)] as const),
  ...names8.map((name, number) => [name, register(number, 8)] as const),
  ...segmentNames.map((name, number) => [name, { kind: 'segment', register: number } as const] as const),
  ...[0, 2, 3, 4].map((number) => [`cr${number}`, { kind: 'control', register: number } as const] as const),
  ...[0, 1, 2, 3, 6, 7].map((number) => [`dr${number}`, { kind: 'debug', register: number } as const] as const),
]);

const widthNames = new Map([
  [8, 'byte'],
  [16, 'word'],
  [32, 'dword'],
  [48, 'fword'],
  [64, 'qword'],
]);

/** Intel syntax, for dumps and messages. */
export function formatOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'register':
      return registerName(operand.register, operand.width);
    case 'segment':
      return segmentNames[operand.register] ?? `seg${operand.register}`;
    case 'control':
      return `cr${operand.register}`;
    case 'debug':
      return `dr${operand.register}`;
    case 'immediate':
      return formatAddress(operand.symbol, operand.value);
    case 'far':
      return `${formatOperand(operand.selector)}:${formatOperand(operand.offset)}`;
    case 'memory':
      return formatMemory(operand);
  }
}

function formatAddress(symbol: string | null, value: number): string {
  if (symbol === null) return String(value);
  return value === 0 ? symbol : value > 0 ? `${symbol}+${value}` : `${symbol}${value}`;
}

function formatMemory(operand: MemoryOperand): string {
  const terms: string[] = [];
  const width = operand.addressSize === 16 ? 16 : 32;
  if (operand.slot !== NONE) terms.push(`slot${operand.slot}`);
  if (operand.base !== NONE) terms.push(registerName(operand.base, width));
  if (operand.index !== NONE) {
    const name = registerName(operand.index, width);
    terms.push(operand.scale === 1 ? name : `${name}*${operand.scale}`);
  }
  if (operand.symbol !== null) terms.push(operand.symbol);
  if (operand.displacement !== 0 || terms.length === 0) terms.push(String(operand.displacement));
  const segment = operand.segment === NONE ? '' : `${segmentNames[operand.segment] ?? '?'}:`;
  const size = widthNames.get(operand.width);
  return `${size === undefined ? '' : `${size} ptr `}${segment}[${terms.join('+').replaceAll('+-', '-')}]`;
}
