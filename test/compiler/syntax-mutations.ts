/*
 * Pieces of sources, and random changes to them: tokens left out, doubled, exchanged, put in, with comments and line ends
 * between them. Most of what comes out is wrong, some of it means something else; and nobody thought of it beforehand.
 */

import { ts } from '../../tools/compiler/frontend/typescript.ts';

/** A random whole number below a bound. */
type Random = (below: number) => number;

/** What sources may consist of beside their own tokens, and what means different things in different places. */
const special = [
  ...['<', '>', '>>', '>>>', '>=', '>>=', '<<', '<=', '=', '==', '===', '!=', '!==', '=>', '?', '?.', '??', '??=', ':'],
  ...['(', ')', '[', ']', '{', '}', ',', ';', '.', '...', '!', '~', '+', '-', '*', '/', '%', '&', '&&', '|', '||', '^'],
  ...['++', '--', '+=', '&&=', '**', '@', '#', '`', '`a`', '`a${', '}`', '}b${', "'s'", '"t"', "'\\n\\x41'", "'\\q'"],
  ...[
    '0',
    '1',
    '0x1F',
    '0b11',
    '0o17',
    '017',
    '1_000',
    '1__0',
    '1n',
    '0xFFn',
    '0b11n',
    '1.5',
    '1e3',
    '.5',
    '1.',
    '3px',
  ],
  ...['a', 'b', 'T', '$', '_', 'ä', '\\u0061', 'type', 'as', 'is', 'of', 'in', 'instanceof', 'typeof', 'keyof', 'void'],
  ...['new', 'this', 'super', 'null', 'true', 'undefined', 'function', 'class', 'extends', 'implements', 'interface'],
  ...['enum', 'const', 'let', 'var', 'using', 'export', 'import', 'from', 'default', 'declare', 'readonly', 'static'],
  ...[
    'abstract',
    'async',
    'await',
    'yield',
    'get',
    'set',
    'if',
    'else',
    'for',
    'while',
    'do',
    'switch',
    'case',
    'return',
  ],
  ...[
    'break',
    'continue',
    'throw',
    'try',
    'catch',
    'delete',
    'satisfies',
    'unique',
    'symbol',
    'number',
    'string',
    'any',
  ],
  ...[
    'infer',
    'asserts',
    'namespace',
    'module',
    'global',
    'constructor',
    'private',
    'out',
    'override',
    'accessor',
    'with',
  ],
];

const spaces = [' ', ' ', '\n', '\n', '\r\n', '/* c */', '/** d */', '/* e\n */', '// f\n', '\t', '', '\u00a0'];

/** The statements of a file, and of the blocks and classes in it. */
export function piecesOf(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const pieces: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStatement(node) && node.end - node.pos < 1200) pieces.push(text.slice(node.pos, node.end));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return pieces;
}

/** A text as tokens, each with the space before it. */
export function tokensOf(text: string): string[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, false, ts.LanguageVariant.Standard, text);
  const tokens: string[] = [];
  let end = 0;
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) {
    const next = scanner.getTokenEnd();
    if (next === end) break;
    tokens.push(text.slice(end, next));
    end = next;
  }
  return tokens;
}

/** Changes some tokens of a text. `pool`: tokens to put in. */
export function mutate(text: string, pool: readonly string[], random: Random): string {
  const tokens = tokensOf(text);
  const pick = (from: readonly string[]): string => from[random(from.length)] ?? '';
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(tokens.length + 1);
    const token = tokens[at] ?? '';
    const isPlain = random(2) === 0;
    switch (random(7)) {
      case 0:
        tokens.splice(at, 1);
        break;
      case 1:
        tokens.splice(at, 0, token);
        break;
      case 2:
        tokens.splice(at, 2, tokens[at + 1] ?? '', token);
        break;
      case 3:
        tokens[at] = ` ${pick(isPlain ? pool : special)}`;
        break;
      case 4:
        tokens.splice(at, 0, `${pick(spaces)}${pick(isPlain ? pool : special)}${pick(spaces)}`);
        break;
      case 5:
        tokens[at] = `${pick(spaces)}${token.trimStart()}`;
        break;
      default:
        tokens.splice(at, 1 + random(4), pick(special), pick(pool));
    }
  }
  return tokens.join('');
}
