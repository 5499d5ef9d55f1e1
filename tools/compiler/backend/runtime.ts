/*
 * The runtime: 64-bit division, which is too long to stand in line. Naked functions in assembly, with the ordinary
 * calling convention: dividend in EDX:EAX, divisor in ECX (low) and at [ESP+4] (high), result in EDX:EAX.
 *
 * Unsigned division. A divisor below 2^32 is one digit: two div instructions. Otherwise the quotient has one digit. It is
 * guessed by dividing the upper bits, both numbers shifted right until the divisor fits into 32 bits; the guess is right
 * or one too large (Knuth, The Art of Computer Programming, volume 2, 4.3.1), which multiplying back shows.
 *
 * Signed division divides the magnitudes, and gives the quotient the sign of the operands' product, the remainder that
 * of the dividend. -2^63 / -1 traps, as idiv does.
 */

import { type AsmBody, IrFunction } from '../ir/types.ts';

const file = 'runtime';

/** The helper's symbol for one of divS, divU, remS, remU on i64. */
export function divisionHelper(op: string): string {
  return `runtime:${op}64`;
}

/** Quotient in EDX:EAX, remainder in EDI:ESI, from dividend EDX:EAX and divisor ECX:EBX. Changes all but EBP. */
const divide = `
divide:
  test ecx, ecx
  jnz wide
  mov esi, eax
  mov eax, edx
  xor edx, edx
  div ebx
  mov ecx, eax
  mov eax, esi
  div ebx
  mov esi, edx
  xor edi, edi
  mov edx, ecx
  ret
wide:
  mov esi, eax            ; keep the dividend in EDI:ESI
  mov edi, edx
  push ebp
  push ecx                ; and the divisor on the stack, high
  push ebx                ; and low
  bsr ebp, ecx
  inc ebp                 ; 1 to 32: shift the divisor right by so much
  cmp ebp, 32
  je whole
  xchg ebp, ecx           ; CL the count, EBP:EBX the divisor
  shrd ebx, ebp, cl
  shrd eax, edx, cl
  shr edx, cl
  jmp guess
whole:
  mov ebx, ecx            ; divisor's and dividend's upper words
  mov eax, edx
  xor edx, edx
guess:
  div ebx                 ; EAX is the quotient, or one too many
  mov ebp, eax
  mul dword ptr [esp+4]   ; quotient * divisor, in ECX:EBX with carry out
  mov ecx, eax
  jc toolarge
  mov eax, ebp
  mul dword ptr [esp]
  add edx, ecx
  jc toolarge
  cmp edx, edi
  ja toolarge
  jb fits
  cmp eax, esi
  ja toolarge
fits:
  sub esi, eax
  sbb edi, edx
done:
  mov eax, ebp
  xor edx, edx
  add esp, 8
  pop ebp
  ret
toolarge:
  dec ebp
  mov eax, ebp
  mul dword ptr [esp+4]
  mov ecx, eax
  mov eax, ebp
  mul dword ptr [esp]
  add edx, ecx
  jmp fits
`;

const takeRemainder = `
  mov eax, esi
  mov edx, edi
`;

const saveAll = `
  push ebx
  push esi
  push edi
`;

const restoreAll = `
  pop edi
  pop esi
  pop ebx
  ret
`;

const unsignedHead = `${saveAll}
  mov ebx, ecx
  mov ecx, [esp+16]
  call divide
`;

/** Magnitudes of both operands; EBP bit 0: negate the quotient, bit 1: negate the remainder. */
const signedHead = `
  push ebp
${saveAll}
  mov ebx, ecx
  mov ecx, [esp+20]
  xor ebp, ebp
  test edx, edx
  jns dividend
  mov ebp, 3
  neg eax
  adc edx, 0
  neg edx
dividend:
  test ecx, ecx
  jns divisor
  xor ebp, 1
  neg ebx
  adc ecx, 0
  neg ecx
divisor:
  call divide
`;

const signedTail = `
  pop edi
  pop esi
  pop ebx
  pop ebp
  ret
overflow:
  xor ecx, ecx
  div ecx                 ; the exception that idiv would raise
`;

const negateResult = `
  neg eax
  adc edx, 0
  neg edx
`;

const bodies: Readonly<Record<string, string>> = {
  divU: `${unsignedHead}${restoreAll}${divide}`,
  remU: `${unsignedHead}${takeRemainder}${restoreAll}${divide}`,
  divS: `${signedHead}
  test ebp, 1
  jnz negative
  test edx, edx
  js overflow
  jmp finished
negative:${negateResult}
finished:${signedTail}${divide}`,
  remS: `${signedHead}
  test ebp, 1
  jnz quotientfits
  test edx, edx
  js overflow
quotientfits:${takeRemainder}
  test ebp, 2
  jz finished
${negateResult}
finished:${signedTail}${divide}`,
};

/** All helpers, by symbol; a program gets those that its code calls. */
export function runtimeFunctions(): Map<string, IrFunction> {
  const functions = new Map<string, IrFunction>();
  for (const [op, text] of Object.entries(bodies)) {
    const name = divisionHelper(op);
    const location = { file, line: 1, column: 1 };
    const options = { section: null, align: 4, inline: false, isExported: false };
    const fn = new IrFunction(name, ['i64', 'i64'], 'i64', options, { name: `${op}64`, location });
    const asm: AsmBody = { pieces: [text], operands: [], location };
    fn.asm = asm;
    functions.set(name, fn);
  }
  return functions;
}
