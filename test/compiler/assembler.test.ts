/*
 * The assembler for naked functions: instructions as a decoder reads them back, labels and expressions, real mode, and
 * what it says about mistakes.
 */

import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { assembleFunction } from '../../tools/compiler/backend/assembler/assemble.ts';
import { AssemblyError } from '../../tools/compiler/backend/assembler/errors.ts';
import type { MachineCode } from '../../tools/compiler/backend/machine/types.ts';
import { type AsmOperand, IrFunction } from '../../tools/compiler/ir/types.ts';

const location = { file: 'test.ts', line: 10, column: 3 };

function assemble(pieces: readonly string[], operands: readonly AsmOperand[] = []): MachineCode {
  const options = { section: null, align: 4, inline: null, isExported: false };
  const fn = new IrFunction('own', [], 'void', options, { name: 'own', location });
  fn.asm = { pieces, operands, location };
  return assembleFunction(fn);
}

function disassemble(bytes: Uint8Array, bitness: 16 | 32 = 32): string[] {
  const decoder = new Decoder(bitness, bytes, DecoderOptions.None);
  const formatter = new Formatter(FormatterSyntax.Nasm);
  formatter.numberBase = 10;
  const lines: string[] = [];
  while (decoder.canDecode) {
    const instruction = decoder.decode();
    lines.push(formatter.format(instruction));
    instruction.free();
  }
  formatter.free();
  decoder.free();
  return lines;
}

/** The problems of a body, with their lines. */
function problemsOf(...pieces: string[]): string[] {
  try {
    assemble(pieces);
    return [];
  } catch (error) {
    if (!(error instanceof AssemblyError)) throw error;
    return error.problems.map(({ location: { file, line }, message }) => `${file}:${line}: ${message}`);
  }
}

describe('instructions', () => {
  it.each([
    ['mov eax, [ebx+ecx*4+8]', 'mov eax,[ebx+ecx*4+8]'],
    ['mov dword ptr gs:[16], 5', 'mov dword [gs:16],5'],
    ['mov ds, eax', 'mov ds,eax'],
    ['mov cr3, ecx', 'mov cr3,ecx'],
    ['lea edx, [esp + 4*2]', 'lea edx,[esp+8]'],
    ['push 0x80', 'push 128'],
    ['push -1', 'push 4294967295'],
    ['push gs', 'push gs'],
    ['lock cmpxchg [edi], ecx', 'lock cmpxchg [edi],ecx'],
    ['xchg eax, [ebx]', 'xchg eax,[ebx]'],
    ['imul ecx, 12', 'imul ecx,12'],
    ['movzx eax, byte ptr [esi]', 'movzx eax,byte [esi]'],
    ['rep movsd', 'rep movsd'],
    ['repne scasb', 'repne scasb'],
    ['jmp 0x08:0x1234', 'jmp 8:4660'],
    ['jmp eax', 'jmp eax'],
    ['call dword ptr [ebx+4]', 'call dword [ebx+4]'],
    ['in al, dx', 'in al,dx'],
    ['out 0x43, al', 'out 67,al'],
    ['fxsave [eax]', 'fxsave [eax]'],
    ['bts dword ptr [eax], 5', 'bts dword [eax],5'],
    ['setz cl', 'sete cl'],
    ['sal eax, 4', 'shl eax,4'],
    ['ret 8', 'ret 8'],
    ['int 0x80', 'int 128'],
    ['invlpg [eax]', 'invlpg [eax]'],
    ['cmovnz eax, edx', 'cmovne eax,edx'],
  ])('%s', (text, expected) => {
    const shown = disassemble(assemble([text]).bytes).map((line) => line.replaceAll(' ptr', ''));
    expect(shown.map((line) => line.replace(/\b(byte|dword|far|near|short) (?=[-\d])/g, ''))).toEqual([expected]);
  });

  it('use short immediates', () => {
    expect([...assemble(['push -1']).bytes]).toEqual([0x6a, 0xff]);
    expect([...assemble(['imul ecx, 12']).bytes]).toEqual([0x6b, 0xc9, 0x0c]);
  });

  it('reach labels, forwards and backwards, by the shortest jump', () => {
    const { bytes } = assemble(['again: dec ecx\n jnz again\n jmp out\n nop\nout: ret']);
    expect([...bytes]).toEqual([0x49, 0x75, 0xfd, 0xeb, 0x01, 0x90, 0xc3]);
  });

  it('take operands of the template, and leave symbols to the linker', () => {
    const symbol = { symbol: 'mm/page:table' };
    const { bytes, fixups } = assemble(
      ['mov eax, [', ' + ecx*4 + 8]\nmov edx, ', '\ncall ', '\njz ', ''],
      [symbol, { constant: 4096 }, symbol, symbol],
    );
    expect(fixups).toEqual([
      { at: 3, kind: 'abs32', symbol: 'mm/page:table', addend: 8 },
      { at: 13, kind: 'rel32', symbol: 'mm/page:table', addend: -4 },
      { at: 19, kind: 'rel32', symbol: 'mm/page:table', addend: -4 },
    ]);
    expect(disassemble(bytes)[1]).toBe('mov edx,4096');
  });
});

describe('expressions', () => {
  const longs = (text: string): number[] => {
    const { bytes } = assemble([text]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / 4 }, (_, n) => view.getInt32(n * 4, true));
  };

  it('have the usual operators and precedence', () => {
    expect(longs('.long 2 + 3*4, (2+3)*4, 1 << 4 | 3, 0xff & ~0x0f, 100 / 7, 100 % 7, -5')).toEqual([
      14, 20, 19, 240, 14, 2, -5,
    ]);
  });

  it('subtract labels: the layout of code that is copied elsewhere', () => {
    expect(longs('start: nop\n nop\n nop\n nop\nend: .long end - start + 0x8000')[1]).toBe(0x8004);
  });

  it('take the address of a label from the function', () => {
    expect(assemble(['nop\nhere: .long here + 2']).fixups).toEqual([
      { at: 1, kind: 'abs32', symbol: 'own', addend: 3 },
    ]);
  });
});

describe('directives', () => {
  it('write bytes, words, strings and padding', () => {
    const { align, bytes } = assemble(['.byte 1, -1, \'A\'\n.word 0x1234\n.asciz "a\\n\\x41"\n.align 16\nret']);
    expect([...bytes.subarray(0, 9)]).toEqual([1, 255, 65, 0x34, 0x12, 97, 10, 65, 0]);
    expect(bytes[16]).toBe(0xc3);
    expect(align).toBe(16);
  });

  it('pair labels in the exception table', () => {
    const { exceptions } = assemble(['nop\nload: mov eax, [eax]\nret\nfault: xor eax, eax\nret\n.extable load, fault']);
    expect(exceptions).toEqual([{ from: 1, to: 4 }]);
  });

  it('switch to real mode: the way an application processor starts', () => {
    const { bytes } = assemble([
      `.code16
       cli
       xor ax, ax
       mov ds, ax
       data32 lgdt [0x8100]
       mov eax, cr0
       or eax, 1
       mov cr0, eax
       data32 jmp 0x08:0x8040
       .code32
       mov eax, 5`,
    ]);
    const real = disassemble(bytes.subarray(0, bytes.length - 5), 16);
    expect(real.slice(0, 3)).toEqual(['cli', 'xor ax,ax', 'mov ds,ax']);
    expect(real[3]).toContain('lgdt');
    expect(real[6]).toBe('mov cr0,eax');
    expect(real[7]).toMatch(/jmp (dword )?8:(dword )?32832/);
    expect(disassemble(bytes.subarray(bytes.length - 5))).toEqual(['mov eax,5']);
  });
});

describe('mistakes', () => {
  it('are reported all at once, each with its line', () => {
    expect(problemsOf('nop\n frobnicate eax\n jmp nowhere\n mov [eax], 1\n')).toEqual([
      "test.ts:11: unknown instruction 'frobnicate'",
      'test.ts:13: how many bytes? write byte ptr, word ptr or dword ptr before the bracket',
      "test.ts:12: there is no label 'nowhere' in this body; a symbol of the program is written ${nowhere}",
    ]);
  });

  it.each([
    ['mov eax, bl', 'no such form; there are:'],
    ['movzx eax, [ebx]', 'how many bytes?'],
    ['mov eax, [eax+ebx+ecx]', 'at most two registers'],
    ['mov eax, [eax*3+ebx]', 'the scale is 1, 2, 4 or 8'],
    ['mov eax, [ax+ebx]', 'registers of two widths'],
    ['a: nop\na: nop', "the label 'a' is there twice"],
    ['.long 1/0', 'division by zero'],
    ['.byte 300', 'does not fit in 1 byte'],
    ['.frob 1', 'unknown directive .frob'],
    ['.align 3', 'a power of two'],
    ['.ascii 5', 'expected a string'],
    ['mov eax, 5 6', "expected ',', found 6"],
    ['.align 16 16', 'at the end of the line'],
    ['mov eax,', 'the line ends too early'],
    ['mov eax, 0x1ffffffff', 'does not fit in 32 bits'],
    ['mov eax, #5', "unexpected character '#'"],
    ['a: nop\nb: .long a + b', 'an expression can name one symbol'],
  ])('%s', (text, message) => {
    expect(problemsOf(text).join('\n')).toContain(message);
  });
});
