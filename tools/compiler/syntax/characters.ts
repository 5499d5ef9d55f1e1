/*
 * The characters of ASCII, sorted by what a token that begins with one may be. Sources have others in comments and strings only.
 */

/** What a character begins, or what it continues. */
export const sort = { other: 0, space: 1, lineBreak: 2, letter: 3, digit: 4, mark: 5 } as const;

/** By character code. */
export const sorts: Uint8Array = new Uint8Array(128);

const put = (characters: string, as: number): void => {
  for (const character of characters) sorts[character.charCodeAt(0)] = as;
};

put(' \t\v\f', sort.space);
put('\n\r', sort.lineBreak);
put('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$', sort.letter);
put('0123456789', sort.digit);
put('{}()[].;,<>=!+-*/%&|^~?:"\'`', sort.mark);

export function isWordCharacter(code: number): boolean {
  if (code > 127) return false;
  const found = sorts[code];
  return found === sort.letter || found === sort.digit;
}
