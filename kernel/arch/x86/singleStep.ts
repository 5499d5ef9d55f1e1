/*
 * Does this CPU trap after one instruction when the trap flag is set (SDM vol. 3B, 18.3.1.4)? All real ones do. The
 * project's machine does not, and a tracer had better hear that than wait for ever. So it is tried, once.
 */

let tried = false;
let works = false;

/** Can programs be single-stepped? */
export function canSingleStep(): boolean {
  if (!tried) {
    works = tryTrapFlag() !== 0;
    tried = true;
  }
  return works;
}

/**
 * Sets the flag; the trap comes after the instruction behind POPFD, and its handler clears the flag and goes on where the
 * exception table says. 1, or 0 if nothing has happened.
 *
 * @naked
 */
function tryTrapFlag(): u32 {
  return asm`
    pushfd
    or dword ptr [esp], 0x100
    popfd
    nop
  behind:
    pushfd
    and dword ptr [esp], 0xfffffeff
    popfd
    xor eax, eax
    ret
  trapped:
    mov eax, 1
    ret
    .extable behind, trapped
  `;
}
