/*
 * The encoder against a decoder that it shares nothing with: every form of the instruction table is encoded with several
 * operands, and iced-x86 must read back what was meant.
 */

import { Decoder, DecoderOptions, Formatter, FormatterSyntax, Mnemonic } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { CodeBuffer, type JumpKind } from '../../tools/compiler/backend/encoder/code.ts';
import { encode, encodeForm } from '../../tools/compiler/backend/encoder/encode.ts';
import {
  conditionNames,
  type Form,
  type FormOperand,
  formsByMnemonic,
  OperandClass as C,
} from '../../tools/compiler/backend/encoder/forms.ts';
import { EBP, ESP, immediate, memory, type Operand, register } from '../../tools/compiler/backend/encoder/operands.ts';

interface Decoded {
  readonly text: string;
  readonly length: number;
  readonly isValid: boolean;
}

function decode(bytes: Uint8Array, bitness: 16 | 32 = 32): Decoded {
  const decoder = new Decoder(bitness, bytes, DecoderOptions.None);
  decoder.ip = 0x1000n;
  const instruction = decoder.decode();
  const formatter = new Formatter(FormatterSyntax.Nasm);
  formatter.numberBase = 10;
  formatter.spaceAfterOperandSeparator = false;
  const result = {
    text: formatter.format(instruction),
    length: instruction.length,
    isValid: instruction.mnemonic !== Mnemonic.INVALID,
  };
  formatter.free();
  instruction.free();
  decoder.free();
  return result;
}

function bytesOf(emit: (code: CodeBuffer) => void): Uint8Array {
  const code = new CodeBuffer();
  emit(code);
  return code.finish().bytes;
}

const names = {
  8: ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'],
  16: ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'],
  32: ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'],
} as const;
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

/** Addresses of all shapes that ModRM and SIB treat differently, with how the decoder writes them. */
const addresses: readonly (readonly [Parameters<typeof memory>[1], string])[] = [
  [{ base: 0 }, '[eax]'],
  [{ base: ESP }, '[esp]'],
  [{ base: EBP }, '[ebp]'],
  [{ base: ESP, displacement: 8 }, '[esp+8]'],
  [{ base: EBP, displacement: -4 }, '[ebp-4]'],
  [{ base: 6, displacement: 127 }, '[esi+127]'],
  [{ base: 6, displacement: 128 }, '[esi+128]'],
  [{ base: 6, displacement: -128 }, '[esi-128]'],
  [{ base: 6, displacement: -129 }, '[esi-129]'],
  [{ base: 1, index: 2, scale: 4, displacement: 16 }, '[ecx+edx*4+16]'],
  [{ base: EBP, index: 7 }, '[ebp+edi]'],
  [{ base: ESP, index: EBP, scale: 8 }, '[esp+ebp*8]'],
  [{ base: 3, index: ESP }, '[esp+ebx]'],
  [{ index: 3, scale: 4, displacement: 100000 }, '[ebx*4+100000]'],
  [{ index: 3, scale: 2, displacement: 4 }, '[ebx+ebx+4]'],
  [{ index: 3 }, '[ebx]'],
];

interface Example {
  readonly operand: Operand;
  /** How the decoder writes it; null for what the instruction implies. */
  readonly text: string;
}

function registers(width: 8 | 16 | 32): Example[] {
  return names[width].map((text, number) => ({ operand: register(number, width), text }));
}

function immediates(values: readonly number[], bits: number): Example[] {
  return values.map((value) => ({ operand: immediate(value), text: String(value < 0 ? value + 2 ** bits : value) }));
}

/** Operands to try in one place of a form. */
function examplesFor(form: Form, wanted: FormOperand): Example[] {
  const { classes, exactly } = wanted;
  const found: Example[] = [];
  if (exactly >= 0) {
    if ((classes & C.Segment) !== 0)
      return [{ operand: { kind: 'segment', register: exactly }, text: segments[exactly]! }];
    const width = (classes & C.R8) !== 0 ? 8 : (classes & C.R16) !== 0 ? 16 : 32;
    return [{ operand: register(exactly, width), text: names[width][exactly]! }];
  }
  if ((classes & C.R8) !== 0) found.push(...registers(8));
  if ((classes & C.R16) !== 0) found.push(...registers(16));
  if ((classes & C.R32) !== 0) found.push(...registers(32));
  const isMemory = (classes & (C.M8 | C.M16 | C.M32 | C.M48 | C.M64 | C.MAny)) !== 0;
  if (isMemory) found.push(...addresses.map(([parts, text]) => ({ operand: memory(wanted.width, parts), text })));
  if ((classes & (C.PlainAddress8 | C.PlainAddress16 | C.PlainAddress32)) !== 0) {
    found.push({ operand: memory(wanted.width, { displacement: 305419896 }), text: '[305419896]' });
  }
  if ((classes & C.One) !== 0) found.push({ operand: immediate(1), text: '1' });
  if ((classes & C.S8) !== 0) found.push(...immediates([5, 127, -1, -128], form.operandSize === 16 ? 16 : 32));
  if ((classes & C.I8) !== 0) found.push(...immediates([2, 100], 8));
  if ((classes & C.I16) !== 0) found.push(...immediates([300, 40000], 16));
  if ((classes & C.I32) !== 0 && wanted.use === 'immediate') found.push(...immediates([70000, 0x7fffffff, -70000], 32));
  if ((classes & C.Segment) !== 0) {
    // cs cannot be loaded.
    const usable = form.regAt === 0 ? [0, 2, 3, 4, 5] : [0, 1, 2, 3, 4, 5];
    found.push(...usable.map((n): Example => ({ operand: { kind: 'segment', register: n }, text: segments[n]! })));
  }
  if ((classes & C.Control) !== 0) {
    found.push(...[0, 2, 3, 4].map((n): Example => ({ operand: { kind: 'control', register: n }, text: `cr${n}` })));
  }
  if ((classes & C.Debug) !== 0) {
    found.push(...[0, 3, 6, 7].map((n): Example => ({ operand: { kind: 'debug', register: n }, text: `dr${n}` })));
  }
  return found;
}

/** Each example of each operand at least once; the others rotate along, so that all pairs of kinds meet. */
function combinations(lists: readonly (readonly Example[])[]): Example[][] {
  const longest = Math.max(1, ...lists.map((list) => list.length));
  return Array.from({ length: longest * 2 }, (_, n) =>
    lists.map((list, place) => list[(n + place * 3 + (n >= longest ? 1 : 0) * place) % list.length]!),
  );
}

/** What the decoder calls instructions that have several names: those that follow the mode's operand size, and wait. */
const decoderNames = new Map([
  ['pushad', 'pusha'],
  ['popad', 'popa'],
  ['pushfd', 'pushf'],
  ['popfd', 'popf'],
  ['iretd', 'iret'],
  ['fwait', 'wait'],
]);

/**
 * The ways to write an instruction that mean the same. Exchanging and testing are symmetric; a selector that
 * is read from a register is its low half whatever name the register has.
 */
function meanings(form: Form, operands: readonly string[]): string[] {
  const written = [operands];
  // One encoding serves both orders, with memory too; only `test` with an immediate has an order.
  const isSymmetric = form.mnemonic === 'xchg' || (form.mnemonic === 'test' && form.modrm === 'register');
  if (isSymmetric) written.push(operands.toReversed());
  if (form.text.startsWith('mov sreg, rm16')) written.push([operands[0]!, `e${operands[1]!}`]);
  return mnemonicsOf(form).flatMap((mnemonic) => written.map((list) => normalized(`${mnemonic} ${list.join(',')}`)));
}

function mnemonicsOf(form: Form): string[] {
  const { mnemonic } = form;
  const condition = /^(set|cmov)(.*)$/.exec(mnemonic);
  const group = condition === null ? undefined : conditionNames.find((list) => list.includes(condition[2]!));
  if (condition !== null && group !== undefined) return group.map((name) => `${condition[1]!}${name}`);
  return [mnemonic, decoderNames.get(mnemonic) ?? mnemonic];
}

/** What the decoder adds or leaves out without a difference in meaning. */
function normalized(text: string): string {
  return text
    .replace(/\b(byte|word|dword|fword|qword|far|near|short|tword|oword|zword)\b ?/g, '')
    .replace(/\b(ds|ss):/g, '')
    .replace(/\[(ds|ss)?:?/g, '[')
    .replace(/\s+/g, ' ')
    .trim();
}

const allForms = [...formsByMnemonic.values()].flat();
const plainForms = allForms.filter(({ operands }) => operands.every(({ use }) => use !== 'relative' && use !== 'far'));

describe('the encoder', () => {
  it('knows the instructions of the i386 that kernels use, in hundreds of forms', () => {
    expect(allForms.length).toBeGreaterThan(500);
  });

  it('writes every form so that the decoder reads what was meant', () => {
    const wrong: string[] = [];
    let tried = 0;
    for (const form of plainForms) {
      const lists = form.operands.map((wanted) => examplesFor(form, wanted));
      expect(
        lists.every((list) => list.length > 0),
        form.text,
      ).toBe(true);
      for (const examples of combinations(lists)) {
        const bytes = bytesOf((code) =>
          encodeForm(
            code,
            form,
            examples.map(({ operand }) => operand),
            {},
          ),
        );
        const decoded = decode(bytes);
        const meant = meanings(
          form,
          examples.map(({ text }) => text),
        );
        tried++;
        const isRight = decoded.isValid && decoded.length === bytes.length && meant.includes(normalized(decoded.text));
        if (!isRight)
          wrong.push(`${form.text}: meant ${meant[0]!}, read ${decoded.text} (${decoded.length} of ${bytes.length})`);
      }
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(5000);
  });
});

describe('prefixes', () => {
  const text = (bytes: Uint8Array, mode: 16 | 32 = 32): string => normalized(decode(bytes, mode).text);

  it('lock, repeat and override segments', () => {
    const place = memory(32, { base: 0 });
    expect(text(bytesOf((code) => encode(code, 'xadd', [place, register(1)], { lock: true })))).toBe(
      'lock xadd [eax],ecx',
    );
    expect(text(bytesOf((code) => encode(code, 'movsd', [], { repeat: 'rep' })))).toBe('rep movsd');
    expect(text(bytesOf((code) => encode(code, 'scasb', [], { repeat: 'repne' })))).toBe('repne scasb');
    const perCpu = memory(32, { displacement: 16, segment: 5 });
    expect(text(bytesOf((code) => encode(code, 'mov', [register(2), perCpu])))).toBe('mov edx,[gs:16]');
  });

  it('mind the mode: real-mode code has 16-bit operands and addresses', () => {
    const real = { mode: 16 } as const;
    const sixteen = memory(16, { base: 3, index: 6, displacement: 4, addressSize: 16 });
    expect(
      text(
        bytesOf((code) => encode(code, 'mov', [register(0, 16), sixteen], real)),
        16,
      ),
    ).toBe('mov ax,[bx+si+4]');
    expect(
      text(
        bytesOf((code) => encode(code, 'mov', [register(0), immediate(70000)], real)),
        16,
      ),
    ).toBe('mov eax,70000');
    const wide = memory(16, { base: 0, addressSize: 32 });
    expect(
      text(
        bytesOf((code) => encode(code, 'mov', [register(0, 16), wide], real)),
        16,
      ),
    ).toBe('mov ax,[eax]');
    const far = { kind: 'far', selector: immediate(8), offset: immediate(0x12345) } as const;
    const jump = bytesOf((code) => encode(code, 'jmp', [far], { mode: 16, operandSize: 32 }));
    expect([...jump]).toEqual([0x66, 0xea, 0x45, 0x23, 0x01, 0x00, 0x08, 0x00]);
  });
});

describe('jumps', () => {
  /** A jump over `distance` bytes, forwards or backwards. */
  function jumpOver(kind: JumpKind, distance: number, isBackward: boolean): Decoded & { size: number } {
    const code = new CodeBuffer();
    const label = code.newLabel();
    if (isBackward) code.bind(label);
    const pad = (): void => {
      for (let n = 0; n < distance; n++) code.byte(0x90);
    };
    if (isBackward) pad();
    code.jump(kind, label);
    if (!isBackward) {
      pad();
      code.bind(label);
    }
    const { bytes } = code.finish();
    const jump = isBackward ? bytes.subarray(distance) : bytes;
    return { ...decode(jump), size: bytes.length - distance };
  }

  it('are short where they reach and near where they do not, to the byte', () => {
    expect(jumpOver('jmp', 127, false).size).toBe(2);
    expect(jumpOver('jmp', 128, false).size).toBe(5);
    expect(jumpOver('jmp', 126, true).size).toBe(2);
    expect(jumpOver('jmp', 127, true).size).toBe(5);
    expect(jumpOver(4, 127, false).size).toBe(2);
    expect(jumpOver(4, 128, false).size).toBe(6);
  });

  it('go where they should in all sixteen conditions', () => {
    for (const [condition, [name]] of conditionNames.entries()) {
      for (const distance of [0, 50, 127, 128, 5000]) {
        const { size, text } = jumpOver(condition, distance, false);
        expect(normalized(text)).toBe(`j${name!} ${0x1000 + size + distance}`);
      }
    }
  });

  it('lengthen each other: a chain in which every near jump pushes the next out of reach', () => {
    const code = new CodeBuffer();
    const labels = Array.from({ length: 60 }, () => code.newLabel());
    for (const label of labels) {
      code.jump('jmp', label);
      code.byte(0x90);
      code.byte(0x90);
    }
    for (const label of labels) {
      code.bind(label);
      code.byte(0xc3);
    }
    const { bytes, labels: offsets } = code.finish();
    let at = 0;
    for (const [n] of labels.entries()) {
      const decoder = new Decoder(32, bytes.subarray(at), DecoderOptions.None);
      decoder.ip = BigInt(at);
      const jump = decoder.decode();
      expect(Number(jump.nearBranchTarget)).toBe(offsets[n]);
      at += jump.length + 2;
      jump.free();
      decoder.free();
    }
  });

  it('and padding move each other, and settle', () => {
    for (let gap = 0; gap < 140; gap++) {
      const code = new CodeBuffer();
      const [end, middle] = [code.newLabel(), code.newLabel()];
      code.jump('jmp', end);
      code.align(16);
      code.bind(middle);
      code.byte(0xf4);
      for (let n = 0; n < gap; n++) code.byte(0x90);
      code.align(8);
      code.bind(end);
      code.jump(4, middle);
      const { bytes, labels } = code.finish();
      expect(labels[middle]! % 16).toBe(0);
      expect(labels[end]! % 8).toBe(0);
      expect(bytes[labels[middle]!]).toBe(0xf4);
      const jump = decode(bytes);
      expect(normalized(jump.text)).toBe(`jmp ${0x1000 + labels[end]!}`);
      // What pads must do nothing.
      for (let at = jump.length; at < labels[middle]!;) {
        const pad = decode(bytes.subarray(at));
        expect(pad.text).toMatch(/^(nop|xchg ax,ax)/);
        at += pad.length;
      }
    }
  });

  it('with a short form alone say so when they do not reach', () => {
    expect(jumpOver('loop', 100, true).text).toContain('loop');
    expect(() => jumpOver('loop', 200, true)).toThrow('more than 127 bytes away');
  });
});
