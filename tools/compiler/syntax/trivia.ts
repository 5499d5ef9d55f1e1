/*
 * Trivia: what stands before a token and means nothing, which is space and comments. A node begins (`pos`) with the trivia of
 * its first token.
 */

const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;
const hash = 35;
const asterisk = 42;
const slash = 47;

/** The characters that end a line. */
export function isLineBreak(code: number): boolean {
  return code === lineFeed || code === carriageReturn || code === 0x2028 || code === 0x2029;
}

/** All other characters that are space, beyond ASCII and within. */
function isSpace(code: number): boolean {
  if (code < 128) return code === 32 || (code >= tab && code <= carriageReturn);
  if (code >= 0x2000 && code <= 0x200b) return true;
  return wide.has(code);
}

const wide: ReadonlySet<number> = new Set([0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff]);

/** Where the first token at or behind a position begins. Asked for every instruction, and mostly there is but space. */
export function skipTrivia(text: string, position: number): number {
  let at = position;
  let code = text.charCodeAt(at);
  while (code === 32 || code === lineFeed || code === carriageReturn) code = text.charCodeAt(++at);
  const isToken = code > 32 && code < 128 && code !== slash && code !== hash;
  return isToken ? at : skipOtherTrivia(text, at);
}

function skipOtherTrivia(text: string, position: number): number {
  let at = position;
  for (;;) {
    const code = text.charCodeAt(at);
    if (isSpace(code)) at++;
    else if (code !== slash) return at === 0 ? skipShebang(text) : at;
    else {
      const end = endOfComment(text, at);
      if (end === at) return at;
      at = end;
    }
  }
}

function skipShebang(text: string): number {
  if (!text.startsWith('#!')) return 0;
  const end = endOfLine(text, 0);
  return end === text.length ? end : skipTrivia(text, end);
}

function endOfLine(text: string, position: number): number {
  let at = position;
  while (at < text.length && !isLineBreak(text.charCodeAt(at))) at++;
  return at;
}

/** Where the comment at a position ends; the position itself if there is none. */
function endOfComment(text: string, position: number): number {
  const code = text.charCodeAt(position + 1);
  if (code === slash) return endOfLine(text, position + 2);
  if (code !== asterisk) return position;
  const end = text.indexOf('*/', position + 2);
  return end < 0 ? text.length : end + 2;
}

export interface Comment {
  readonly pos: number;
  readonly end: number;
}

/** Most tokens have none. */
const none: readonly Comment[] = [];

/**
 * The comments before the token at or behind a position. Those that follow the token before on its line belong to that,
 * unless `withTrailing`.
 */
export function commentsAt(text: string, position: number, withTrailing: boolean): readonly Comment[] {
  let found = none;
  let isCollecting = withTrailing || position === 0;
  let at = position === 0 && text.startsWith('#!') ? endOfLine(text, 0) : position;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === slash) {
      const end = endOfComment(text, at);
      if (end === at) return found;
      if (isCollecting) found = [...found, { pos: at, end }];
      at = end;
    } else if (isSpace(code)) {
      if (isLineBreak(code)) isCollecting = true;
      at++;
    } else return found;
  }
}
