/*
 * Permissions as people write them: an octal number, or changes like u+x,go-w, a=r.
 */

import { S_IFDIR, S_IFMT } from '../../abi/stat.ts';
import { COMMA, EQUALS, MINUS, PLUS } from './characters.ts';

export const BAD_MODE: u32 = 0xffffffff;

/** What `text` makes of the mode that a file has; BAD_MODE if it makes no sense. */
export function changeMode(text: Ptr<u8>, old: u32): u32 {
  let i: u32 = 0;
  let mode: u32 = 0;
  for (; text[i] >= 0x30 && text[i] < 0x38; i++) mode = mode * 8 + (text[i] - 0x30);
  if (i > 0) return text[i] === 0 && mode <= 0o7777 ? mode : BAD_MODE;
  mode = old & 0o7777;
  const isDirectory = (old & S_IFMT) === S_IFDIR;
  while (true) {
    let who: u32 = 0;
    for (; whoBits(text[i]) !== 0; i++) who |= whoBits(text[i]);
    if (who === 0) who = 0o777;
    const operator = text[i];
    if (operator !== PLUS && operator !== MINUS && operator !== EQUALS) return BAD_MODE;
    let what: u32 = 0;
    for (i++; text[i] !== 0 && text[i] !== COMMA; i++) {
      const bits = permissionBits(text[i], isDirectory || (mode & 0o111) !== 0);
      if (bits === BAD_MODE) return BAD_MODE;
      what |= bits;
    }
    if (operator === EQUALS) mode &= ~who;
    if (operator === MINUS) mode &= ~(what & who);
    else mode |= what & who;
    if (text[i] === 0) return mode;
    i++;
  }
}

function whoBits(letter: u8): u32 {
  switch (letter) {
    case 0x75: // u
      return 0o700;
    case 0x67: // g
      return 0o070;
    case 0x6f: // o
      return 0o007;
    case 0x61: // a
      return 0o777;
    default:
      return 0;
  }
}

/** `X` is x where somebody may execute already, and for directories. */
function permissionBits(letter: u8, executes: boolean): u32 {
  switch (letter) {
    case 0x72: // r
      return 0o444;
    case 0x77: // w
      return 0o222;
    case 0x78: // x
      return 0o111;
    case 0x58: // X
      return executes ? 0o111 : 0;
    default:
      return BAD_MODE;
  }
}
