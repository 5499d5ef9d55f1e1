/*
 * The instruction table: every form of every i386 instruction that the assembler knows or the code generator emits.
 *
 * One line is one form, written as in the Intel SDM volume 2: mnemonic and operands, a bar, the encoding. The encoder
 * takes the first line that fits, so shorter forms stand first.
 *
 *   operands   r8 r16 r32 (register)   rm8 rm16 rm32 (register or memory)   m m8 ... m64 (memory; m is of any width)
 *              x16 x32 (register, but encoded where rm is)
 *              o8 o16 o32 (memory at a plain address)   i8 i16 i32 (immediate)   s8 (immediate that fits a signed byte)
 *              a register's name, or 1, stands for itself; sreg, cr, dr, far as in the manual; rel (a jump's target)
 *   encoding   hex bytes; +r adds the register to the opcode; /r and /0../7 a ModRM byte; ib iw id an immediate;
 *              moffs a plain address; relative a target; o16 and o32: the form's operand size (prefix 66 if the mode's is other)
 *
 * Two abbreviations: `*` stands for 8, 16 and 32, where an opcode byte with `*` grows by one for 16 and 32, and
 * `a*` is al, ax, eax; `#` stands for 16 and 32 alone.
 */

/** Bits of an operand class; a form's operand accepts a set of them. */
export const OperandClass = {
  R8: 1 << 0,
  R16: 1 << 1,
  R32: 1 << 2,
  M8: 1 << 3,
  M16: 1 << 4,
  M32: 1 << 5,
  M48: 1 << 6,
  M64: 1 << 7,
  PlainAddress8: 1 << 8,
  PlainAddress16: 1 << 9,
  PlainAddress32: 1 << 10,
  MAny: 1 << 11,
  I8: 1 << 12,
  S8: 1 << 13,
  I16: 1 << 14,
  I32: 1 << 15,
  One: 1 << 16,
  Segment: 1 << 17,
  Control: 1 << 18,
  Debug: 1 << 19,
  Far: 1 << 20,
} as const;

/** What an operand contributes to the encoding. */
export type OperandUse = 'rm' | 'reg' | 'opcode' | 'immediate' | 'address' | 'relative' | 'far' | 'implied';

export interface FormOperand {
  readonly classes: number;
  /** The only register that fits, or -1. */
  readonly exactly: number;
  readonly use: OperandUse;
  /** Memory width in bits that this operand fixes; 0 if it does not matter. */
  readonly width: number;
}

export interface Form {
  readonly mnemonic: string;
  readonly operands: readonly FormOperand[];
  readonly opcode: readonly number[];
  /** ModRM: none, /r, or the digit. */
  readonly modrm: 'none' | 'register' | number;
  /** 16 or 32 if the form depends on the operand size; else 0. */
  readonly operandSize: 0 | 16 | 32;
  /** Bytes of the immediate. */
  readonly immediateSize: 0 | 1 | 2 | 4;
  /** Which operand is ModRM's r/m, ModRM's register, and part of the opcode; -1 for none. */
  readonly rmAt: number;
  readonly regAt: number;
  readonly opcodeAt: number;
  /** As written in the table, for messages. */
  readonly text: string;
}

const arithmetic = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'];
const shifts = ['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'sal', 'sar'];

/** Conditions by number, as in the low four bits of jcc, setcc and cmovcc; the first name is the one that we print. */
export const conditionNames: readonly (readonly string[])[] = [
  ['o'],
  ['no'],
  ['b', 'c', 'nae'],
  ['ae', 'nc', 'nb'],
  ['e', 'z'],
  ['ne', 'nz'],
  ['be', 'na'],
  ['a', 'nbe'],
  ['s'],
  ['ns'],
  ['p', 'pe'],
  ['np', 'po'],
  ['l', 'nge'],
  ['ge', 'nl'],
  ['le', 'ng'],
  ['g', 'nle'],
];

/**
 * setcc and cmovcc by condition. Written out, since strings that stand in the program are compared by their addresses, and
 * others letter by letter.
 */
export const setNames: readonly string[] = [
  'seto',
  'setno',
  'setb',
  'setae',
  'sete',
  'setne',
  'setbe',
  'seta',
  'sets',
  'setns',
  'setp',
  'setnp',
  'setl',
  'setge',
  'setle',
  'setg',
];
export const moveNames: readonly string[] = [
  'cmovo',
  'cmovno',
  'cmovb',
  'cmovae',
  'cmove',
  'cmovne',
  'cmovbe',
  'cmova',
  'cmovs',
  'cmovns',
  'cmovp',
  'cmovnp',
  'cmovl',
  'cmovge',
  'cmovle',
  'cmovg',
];

const lines = `
mov    al, o8         | a0 moffs
mov    ax, o16        | o16 a1 moffs
mov    eax, o32       | o32 a1 moffs
mov    o8, al         | a2 moffs
mov    o16, ax        | o16 a3 moffs
mov    o32, eax       | o32 a3 moffs
mov    rm*, r*        | 88* /r
mov    r*, rm*        | 8a* /r
mov    r8, i8         | b0+r ib
mov    r16, i16       | o16 b8+r iw
mov    r32, i32       | o32 b8+r id
mov    rm*, i*        | c6* /0 i*
mov    sreg, rm16     | 8e /r
mov    sreg, x32      | 8e /r
mov    x16, sreg      | o16 8c /r
mov    x32, sreg      | o32 8c /r
mov    m16, sreg      | 8c /r
mov    x32, cr        | 0f 20 /r
mov    cr, x32        | 0f 22 /r
mov    x32, dr        | 0f 21 /r
mov    dr, x32        | 0f 23 /r
movzx  r#, rm8        | 0f b6 /r
movzx  r32, rm16      | o32 0f b7 /r
movsx  r#, rm8        | 0f be /r
movsx  r32, rm16      | o32 0f bf /r
lea    r#, m          | 8d /r
xchg   rm*, r*        | 86* /r
xchg   r*, rm*        | 86* /r
push   r#             | 50+r
push   s8             | 6a ib
push   i32            | o32 68 id
push   rm#            | ff /6
push   es             | 06
push   cs             | 0e
push   ss             | 16
push   ds             | 1e
push   fs             | 0f a0
push   gs             | 0f a8
pop    r#             | 58+r
pop    rm#            | 8f /0
pop    es             | 07
pop    ss             | 17
pop    ds             | 1f
pop    fs             | 0f a1
pop    gs             | 0f a9
pusha                 | 60
popa                  | 61
pushad                | o32 60
popad                 | o32 61
pushf                 | 9c
popf                  | 9d
pushfd                | o32 9c
popfd                 | o32 9d
test   al, i8         | a8 ib
test   ax, i16        | o16 a9 iw
test   eax, i32       | o32 a9 id
test   rm*, i*        | f6* /0 i*
test   rm*, r*        | 84* /r
test   r*, rm*        | 84* /r
not    rm*            | f6* /2
neg    rm*            | f6* /3
mul    rm*            | f6* /4
imul   r#, rm#, s8    | 6b /r ib
imul   r#, rm#, i#    | 69 /r i#
imul   r#, rm#        | 0f af /r
imul   rm*            | f6* /5
div    rm*            | f6* /6
idiv   rm*            | f6* /7
inc    r#             | 40+r
inc    rm*            | fe* /0
dec    r#             | 48+r
dec    rm*            | fe* /1
shld   rm#, r#, i8    | 0f a4 /r ib
shld   rm#, r#, cl    | 0f a5 /r
shrd   rm#, r#, i8    | 0f ac /r ib
shrd   rm#, r#, cl    | 0f ad /r
bt     rm#, r#        | 0f a3 /r
bts    rm#, r#        | 0f ab /r
btr    rm#, r#        | 0f b3 /r
btc    rm#, r#        | 0f bb /r
bt     rm#, i8        | 0f ba /4 ib
bts    rm#, i8        | 0f ba /5 ib
btr    rm#, i8        | 0f ba /6 ib
btc    rm#, i8        | 0f ba /7 ib
bsf    r#, rm#        | 0f bc /r
bsr    r#, rm#        | 0f bd /r
bswap  r32            | o32 0f c8+r
cmpxchg rm*, r*       | 0f b0* /r
xadd   rm*, r*        | 0f c0* /r
cmpxchg8b m64         | 0f c7 /1
cbw                   | o16 98
cwde                  | o32 98
cwd                   | o16 99
cdq                   | o32 99
jmp    rel            | e9 relative
jmp    rm#            | ff /4
jmp    m48            | ff /5
jmp    far            | ea far
call   rel            | e8 relative
call   rm#            | ff /2
call   m48            | ff /3
call   far            | 9a far
ret    i16            | c2 iw
ret                   | c3
retf                  | cb
iret                  | cf
iretd                 | o32 cf
int    i8             | cd ib
int3                  | cc
leave                 | c9
movsb                 | a4
movsw                 | o16 a5
movsd                 | o32 a5
cmpsb                 | a6
cmpsw                 | o16 a7
cmpsd                 | o32 a7
stosb                 | aa
stosw                 | o16 ab
stosd                 | o32 ab
lodsb                 | ac
lodsw                 | o16 ad
lodsd                 | o32 ad
scasb                 | ae
scasw                 | o16 af
scasd                 | o32 af
insb                  | 6c
insw                  | o16 6d
insd                  | o32 6d
outsb                 | 6e
outsw                 | o16 6f
outsd                 | o32 6f
in     al, i8         | e4 ib
in     ax, i8         | o16 e5 ib
in     eax, i8        | o32 e5 ib
in     al, dx         | ec
in     ax, dx         | o16 ed
in     eax, dx        | o32 ed
out    i8, al         | e6 ib
out    i8, ax         | o16 e7 ib
out    i8, eax        | o32 e7 ib
out    dx, al         | ee
out    dx, ax         | o16 ef
out    dx, eax        | o32 ef
sldt   m16            | 0f 00 /0
sldt   x16            | o16 0f 00 /0
sldt   x32            | o32 0f 00 /0
str    m16            | 0f 00 /1
str    x16            | o16 0f 00 /1
str    x32            | o32 0f 00 /1
lldt   rm16           | 0f 00 /2
ltr    rm16           | 0f 00 /3
sgdt   m              | 0f 01 /0
sidt   m              | 0f 01 /1
lgdt   m              | 0f 01 /2
lidt   m              | 0f 01 /3
smsw   m16            | 0f 01 /4
smsw   x16            | o16 0f 01 /4
smsw   x32            | o32 0f 01 /4
lmsw   rm16           | 0f 01 /6
invlpg m              | 0f 01 /7
clts                  | 0f 06
invd                  | 0f 08
wbinvd                | 0f 09
ud2                   | 0f 0b
wrmsr                 | 0f 30
rdtsc                 | 0f 31
rdmsr                 | 0f 32
cpuid                 | 0f a2
mfence                | 0f ae f0
lfence                | 0f ae e8
sfence                | 0f ae f8
fxsave m              | 0f ae /0
fxrstor m             | 0f ae /1
fninit                | db e3
fnclex                | db e2
fnsave m              | dd /6
frstor m              | dd /4
fldcw  m              | d9 /5
fnstcw m              | d9 /7
fnstsw ax             | df e0
fwait                 | 9b
cmc                   | f5
clc                   | f8
stc                   | f9
cli                   | fa
sti                   | fb
cld                   | fc
std                   | fd
sahf                  | 9e
lahf                  | 9f
hlt                   | f4
nop                   | 90
pause                 | f3 90
`;

function arithmeticLines(): string {
  return arithmetic
    .map((name, n) => {
      const opcode = (low: number): string => (n * 8 + low).toString(16).padStart(2, '0');
      return `
${name} rm#, s8  | 83 /${n} ib
${name} al, i8   | ${opcode(4)} ib
${name} ax, i16  | o16 ${opcode(5)} iw
${name} eax, i32 | o32 ${opcode(5)} id
${name} rm*, i*  | 80* /${n} i*
${name} rm*, r*  | ${opcode(0)}* /r
${name} r*, rm*  | ${opcode(2)}* /r`;
    })
    .join('');
}

function shiftLines(): string {
  return shifts
    .map((name, n) => `${name} rm*, 1 | d0* /${n}\n${name} rm*, cl | d2* /${n}\n${name} rm*, i8 | c0* /${n} ib\n`)
    .filter((_, n) => n !== 6)
    .join('');
}

function conditionLines(): string {
  return conditionNames
    .flatMap((names, n) => names.map((name) => ({ name, digit: n.toString(16) })))
    .map(({ name, digit }) => `set${name} rm8 | 0f 9${digit} /0\ncmov${name} r#, rm# | 0f 4${digit} /r\n`)
    .join('');
}

const C = OperandClass;
const exactRegisters = new Map<string, readonly [classes: number, register: number]>([
  ['al', [C.R8, 0]],
  ['ax', [C.R16, 0]],
  ['eax', [C.R32, 0]],
  ['cl', [C.R8, 1]],
  ['dx', [C.R16, 2]],
  ...['es', 'cs', 'ss', 'ds', 'fs', 'gs'].map((name, n) => [name, [C.Segment, n]] as const),
  ['1', [C.One, -1]],
]);

const operandKinds = new Map<string, readonly [classes: number, use: OperandUse, width: number]>([
  ['r8', [C.R8, 'reg', 0]],
  ['r16', [C.R16, 'reg', 0]],
  ['r32', [C.R32, 'reg', 0]],
  ['x16', [C.R16, 'rm', 0]],
  ['x32', [C.R32, 'rm', 0]],
  ['rm8', [C.R8 | C.M8, 'rm', 8]],
  ['rm16', [C.R16 | C.M16, 'rm', 16]],
  ['rm32', [C.R32 | C.M32, 'rm', 32]],
  ['m', [C.MAny, 'rm', 0]],
  ['m8', [C.M8, 'rm', 8]],
  ['m16', [C.M16, 'rm', 16]],
  ['m32', [C.M32, 'rm', 32]],
  ['m48', [C.M48, 'rm', 48]],
  ['m64', [C.M64, 'rm', 64]],
  ['o8', [C.PlainAddress8, 'address', 8]],
  ['o16', [C.PlainAddress16, 'address', 16]],
  ['o32', [C.PlainAddress32, 'address', 32]],
  ['i8', [C.I8, 'immediate', 0]],
  ['s8', [C.S8, 'immediate', 0]],
  ['i16', [C.I16, 'immediate', 0]],
  ['i32', [C.I32, 'immediate', 0]],
  ['rel', [C.I32, 'relative', 0]],
  ['sreg', [C.Segment, 'reg', 0]],
  ['cr', [C.Control, 'reg', 0]],
  ['dr', [C.Debug, 'reg', 0]],
  ['far', [C.Far, 'far', 0]],
]);

function parseOperand(text: string, inOpcode: boolean): FormOperand {
  const exact = exactRegisters.get(text);
  if (exact !== undefined) return { classes: exact[0], exactly: exact[1], use: 'implied', width: 0 };
  const kind = operandKinds.get(text);
  if (kind === undefined) throw new Error(`instruction table: operand ${text}`);
  return { classes: kind[0], exactly: -1, use: inOpcode && kind[1] === 'reg' ? 'opcode' : kind[1], width: kind[2] };
}

function parseLine(line: string): Form {
  const [head, encoding] = line.split('|') as [string, string];
  const [mnemonic, ...names] = head.trim().split(/,? +/) as [string, ...string[]];
  const tokens = encoding.trim().split(/ +/);
  const inOpcode = tokens.some((token) => token.endsWith('+r'));
  let operandSize: 0 | 16 | 32 = 0;
  let modrm: 'none' | 'register' | number = 'none';
  let immediateSize: 0 | 1 | 2 | 4 = 0;
  const opcode: number[] = [];
  for (const token of tokens) {
    if (token === 'o16') operandSize = 16;
    else if (token === 'o32') operandSize = 32;
    else if (token === '/r') modrm = 'register';
    else if (token.startsWith('/')) modrm = Number(token.slice(1));
    else if (token === 'ib') immediateSize = 1;
    else if (token === 'iw') immediateSize = 2;
    else if (token === 'id') immediateSize = 4;
    else if (/^[0-9a-f]{2}(\+r)?$/.test(token)) opcode.push(parseInt(token, 16));
    else if (!/^(moffs|relative|far)$/.test(token)) throw new Error(`instruction table: ${token} in ${line}`);
  }
  const operands = names.map((name) => parseOperand(name, inOpcode));
  const find = (use: OperandUse): number => operands.findIndex((operand) => operand.use === use);
  const places = { rmAt: find('rm'), regAt: find('reg'), opcodeAt: find('opcode') };
  return { mnemonic, operands, opcode, modrm, operandSize, immediateSize, ...places, text: line.replace(/ +/g, ' ') };
}

/** Replaces `*` and `#` by each width in turn. */
function expand(line: string): string[] {
  const [head, encoding] = line.split('|') as [string, string];
  if (!/[*#]/.test(head)) return [line];
  return (head.includes('*') ? [8, 16, 32] : [16, 32]).map((width) => {
    const operands = head.replace(/[*#]/g, String(width));
    const grow = width === 8 ? 0 : 1;
    const bytes = encoding
      .replace(/i[*#]/, width === 8 ? 'ib' : width === 16 ? 'iw' : 'id')
      .replace(/([0-9a-f]{2})\*/, (_, byte: string) => (parseInt(byte, 16) + grow).toString(16).padStart(2, '0'));
    return `${operands}| ${width === 8 ? '' : `o${width} `}${bytes.trim()}`;
  });
}

function buildTable(): Map<string, Form[]> {
  const table = new Map<string, Form[]>();
  for (const raw of `${lines}${arithmeticLines()}\n${shiftLines()}${conditionLines()}`.split('\n')) {
    if (raw.trim() === '') continue;
    for (const line of expand(raw.trim())) {
      const form = parseLine(line);
      const list = table.get(form.mnemonic);
      if (list === undefined) table.set(form.mnemonic, [form]);
      else list.push(form);
    }
  }
  return table;
}

/** All forms of a mnemonic, best first. */
export const formsByMnemonic: ReadonlyMap<string, readonly Form[]> = buildTable();
