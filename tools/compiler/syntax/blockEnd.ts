/*
 * Where a block ends, found by its braces, without making tokens of what is in it.
 *
 * What TypeScript would take for a regular expression cannot be told for sure; where there may be one, the answer is that nobody
 * knows. Whoever parses the block later sees whether it ends where it should.
 */

const lineFeed = 10;
const doubleQuote = 34;
const dollar = 36;
const singleQuote = 39;
const asterisk = 42;
const slash = 47;
const backslash = 92;
const backquote = 96;
const openBrace = 123;
const closeBrace = 125;

/** Characters that mean something here. */
const marks = new Uint8Array(128);
for (const code of [doubleQuote, singleQuote, slash, backquote, openBrace, closeBrace]) marks[code] = 1;

/** The position behind the brace that closes the one at `start`; -1 if that is not clear. */
export function endOfBlock(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code > 127 || marks[code] === 0) {
      at++;
      continue;
    }
    if (code === openBrace) depth++;
    else if (code === closeBrace && --depth === 0) return at + 1;
    at = code === openBrace || code === closeBrace ? at + 1 : endOfMark(text, code, at);
    if (at < 0) return -1;
  }
  return -1;
}

function endOfMark(text: string, code: number, at: number): number {
  if (code === slash) return endOfSlash(text, at);
  return code === backquote ? endOfTemplate(text, at) : endOfString(text, code, at);
}

/** Of a comment, or of a division. */
function endOfSlash(text: string, at: number): number {
  const next = text.charCodeAt(at + 1);
  if (next === slash) return text.indexOf('\n', at);
  if (next === asterisk) return afterFound(text.indexOf('*/', at + 2), 2);
  return endsOperand(text, at) ? at + 1 : -1;
}

function afterFound(at: number, length: number): number {
  return at < 0 ? -1 : at + length;
}

/** Whether what stands before a position is what one can divide: a name, a number, a parenthesis or a bracket. */
function endsOperand(text: string, position: number): boolean {
  const [word] = /[\w$)\]]*\s*$/.exec(text.slice(Math.max(0, position - longestWord), position)) ?? [''];
  return word.trim() !== '' && !beforeExpression.has(word.trim());
}

const longestWord = 80;

const beforeExpression: ReadonlySet<string> = new Set([
  'case',
  'delete',
  'do',
  'else',
  'in',
  'instanceof',
  'new',
  'of',
  'return',
  'throw',
  'typeof',
  'void',
]);

function endOfString(text: string, quote: number, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === lineFeed) return -1;
    if (code === backslash) at++;
  }
  return -1;
}

function endOfTemplate(text: string, from: number): number {
  let at = from + 1;
  while (at >= 0 && at < text.length) {
    const code = text.charCodeAt(at);
    if (code === backquote) return at + 1;
    if (code === dollar && text.charCodeAt(at + 1) === openBrace) at = endOfBlock(text, at + 1);
    else at += code === backslash ? 2 : 1;
  }
  return -1;
}
