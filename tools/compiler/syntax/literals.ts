/*
 * What literals mean: the value of a number as TypeScript writes it, the characters of a string. Null for whatever is wrong or
 * unusual: octal numbers, fractions, escapes that nobody needs.
 */

/** A number up to its end, without the `n` of a bigint: digits, or `0x`, `0o`, `0b` and digits, with `_` between digits. */
const number =
  /^(?:0|[1-9]\d*(?:_\d+)*|0[xX][\da-fA-F]+(?:_[\da-fA-F]+)*|0[bB][01]+(?:_[01]+)*|0[oO][0-7]+(?:_[0-7]+)*)$/;

/** `0xff` is 255. */
export function numberText(written: string): string | null {
  if (!number.test(written)) return null;
  return String(Number(withoutSeparators(written)));
}

/** `0xFFn` is 0xffn; binary and octal ones are decimal. Of `written` the `n` has been cut off. */
export function bigintText(written: string): string | null {
  if (!number.test(written)) return null;
  const plain = withoutSeparators(written);
  const isHexadecimal = /^0x/i.test(plain);
  return isHexadecimal ? `${plain.toLowerCase()}n` : `${BigInt(plain)}n`;
}

function withoutSeparators(written: string): string {
  return written.includes('_') ? written.replaceAll('_', '') : written;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '`': '`',
  $: '$',
  '\\': '\\',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** The characters that the inside of a string or a template stands for. */
export function unescape(written: string): string | null {
  if (!written.includes('\\')) return written;
  let text = '';
  for (let at = 0; at < written.length; at++) {
    const character = written[at]!;
    if (character !== '\\') {
      text += character;
      continue;
    }
    at++;
    const escaped = written[at]!;
    const known = escapes[escaped];
    if (known !== undefined) text += known;
    else if (escaped === '0' && !/\d/.test(written[at + 1] ?? '')) text += '\0';
    else {
      const code = /^(?:x([\da-fA-F]{2})|u([\da-fA-F]{4}))/.exec(written.slice(at, at + 5));
      if (code === null) return null;
      text += String.fromCharCode(Number.parseInt(code[1] ?? code[2]!, 16));
      at += code[0].length - 1;
    }
  }
  return text;
}
