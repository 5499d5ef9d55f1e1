/*
 * Our parser against TypeScript's. What ours accepts must have no syntax error, and the tree must be the same; what ours does not
 * know, it must leave alone. So random changes to all kinds of sources are the test, besides the places where the
 * grammar is hard. The seeds are fixed: a failure repeats, and shows the text that it is about.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ts } from '../../tools/compiler/frontend/typescript.ts';
import { parseSyntax, tagsOf } from '../../tools/compiler/syntax/index.ts';
import { randomSource } from './random/generate.ts';
import { mutate, piecesOf, tokensOf } from './syntax-mutations.ts';
import { compareParsers } from './syntax-support.ts';

const root = new URL('../..', import.meta.url).pathname;

function sourcesIn(...folders: readonly string[]): Map<string, string> {
  const paths = folders.flatMap((folder) => {
    return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`);
  });
  const sources = paths.filter((path) => path.endsWith('.ts'));
  return new Map(sources.map((path) => [path, readFileSync(`${root}${path}`, 'utf8')]));
}

const kernel = sourcesIn('kernel', 'tools/compiler/library');
const others = sourcesIn(
  'test/compiler/fixtures',
  'test/compiler/programs',
  'test/kernel/programs',
  'tools/bench/programs',
);

/** Each is accepted; ↵ stands for the end of a line. */
const accepted = `
a + b * c - d / e % f << g >> h >>> i & j ^ k | l && m || n ?? o;
a = b += c -= d *= e /= f %= g <<= h >>= i >>>= j &= k |= l ^= m &&= n ||= o ??= p;
a < b; a > b; a <= b; a >= b; a >> b; a >>> b; a >= b >= c; a == b; a != b; a === b; a !== b; a instanceof b; a in b;
a < b > c; a < b > -c; a < b >> c; a < (b + c); a < b[c + 1]; a < b!.c; a < -1; a < -b; a < b ? c : d; a < b && c > d;
f(a < b, c); f(a < b, c + d); f<a>(b); f<a, b>(c); f<a<b<c>>>(d); f<a[]>(b); f<a | null>(b); f<(x: a) => b>(c); f<1>(2);
f<a>; f<a> + 1; f < a > 1; f<a>↵(b); f<a>↵b; new F<a>(b); new F; new F(); new a.b.C(d); new (f())(g); new F()[0].x;
a << b; a << 3 | b; (1 << a) > b; a << b >= c;
a?.b; a?.[b]; a?.(b); a?.b.c[d](e); a!; a!.b!; a!↵!b; a!++; -a!; !a.b; !!a; ~-+a; - -a; a - -b; a++ + ++b; a↵++b;
typeof a; void a; delete a.b; typeof a === 'b'; (a); ((a)); (a, b); (a = b); (a)(b); (a).b; (a) ? (b) : c; a ? (b) : (c);
a ? b : c ? d : e; a ? (b) : c; a ? (b) : -c; a ? (b) : (c + d); a ? (b, c) + 1 : d; a = b ? c : d; a ? b = c : d = e;
x => x; (x) => x; () => {}; (x: T) => x; (x?: T) => x; (x = 1) => x; (x, y) => x; (...x: T[]) => x; (this: T) => this;
(x: T): U => x; (x: T): x is U => y; () => () => x; x => y => z; f(x => x, (y) => y); (x: (y: T) => U) => x; a ? x => y : z;
function f() {} function g<T extends U = V>(this: T, a: U, b?: V, c = 1, ...d: W[]): a is T { return; }
(function () {}); (function f(x: T): U { return x; });
[a, b, ...c,]; [], [[]]; a = {}; a = { a, b: c, 'd': e, 1: f, [g]: h, ...i, if: j }; f({ a, });
a as T; a as T as U; a as T + b; a satisfies T; a as T ? b : c; a as unknown as T[]; (a as T)!; a as T | U;
as<T>(x); type = 3; type.x; of = from; is + get - set; module.x = 1; declare(x); namespace = 1; abstract = x; readonly.x;
0x1F; 0XFf; 0b101; 0B11; 0o17; 0O7; 1_000_000; 0xFF_FF; 12n; 0xFFn; 0b11n; 0o17n; 1_0n; 123456789012345678901234567890; 0; 0n;
'a' + "b" + '\\n\\t\\\\\\'\\"\\x41\\u0041\\0'; 'it"s'; \`a\`; \`a\${b}c\${d}e\`; \`\${a}\`; \`\${\`\${a}\`}\`; tag\`a\`; tag\`a\${b}c\`; a.b\`c\`; \`\\n\\\`\\$\`;
let a; let b = 1, c: T; const d = 2; var e; let f!: T; using g = h; let of = 1; let type; const as = 1;
let x: A | B & C; let x: | A | B; let x: & A & B; let x: A.B.C<D>; let x: typeof a.b; let x: typeof a<b>; let x: keyof T[]; let x: unique symbol;
let x: readonly T[]; let x: T[][]; let x: T[U][V]; let x: (A | B)[]; let x: () => void; let x: (a: T, b?: U, ...c: V[]) => W; let x: <T>(a: T) => T;
let x: [A, B]; let x: []; let x: 1 | -1 | 'a' | true | null | 1n; let x: this; let x: A↵[b]; let x: { a: T; b?: U, readonly c: V }; let x: (A);
let x: { m(): void; n<T>(a: T): U; readonly [k: number]: V; [Symbol.dispose](): void; get: T; set: U; readonly: V; 'q': W }
let x: any, y: unknown, z: string, a: number, b: bigint, c: symbol, d: boolean, e: undefined, f: never, g: object, h: void; let x: (a) => b;
if (a) b; else c; if (a) { } else if (b) { } else { } while (a) b; do a; while (b) do { a } while (b); c; for (;;) ; for (a; b; c) d;
for (let i = 0, j = 1; i < j; i++, j--) { continue; } for (const x = a; ; ) break; for (var i = 0; ; ) { }
switch (a) { case 1: case (b): c; break; default: { d } case f(): } switch (a) { }
outer: for (;;) { break outer; continue outer; } a: b: c; ; ;; { } { ; }
a↵b↵++c↵(d)↵[e]; return_↵let y↵; { a } b
class A { } class A<T> { } class A extends B { } class A extends B<C> implements D, E<F> { } class A implements B { }
class A { a: T; b = 1; c?: T; d!: T; static e: T = 1; readonly f: T; private g; static readonly h = 1; declare i: T; if: T; get: T; set = 1; static }
class A { m() { } n(): T; static o<T>(x: T): T { return x; } [Symbol.dispose](): void { } p?(): void { } static static: T; 1: T; type: U; readonly }
interface A { } interface A<T> extends B, C<D> { x: T } type A = B; type A<T> = B<T>; type A = { x: T } | null
enum A { } enum A { B, C = 1, D = B | C, 'e' = 2, } const enum A { B } declare enum A { B }
declare function f(): void; declare const x: T; declare let y; declare class A { m(): void; x: T } declare type T = U; declare interface I { }
export function f(): void { } export class A { } export const a = 1; export enum E { } export interface I { } export type T = U; export declare const x: T;
import { a, b as c, type d, type e as f, type, as as as, default as g } from './a.ts';
import type { a } from './a.ts'; import * as b from './b.ts'; import './c.ts'; import { } from './d.ts'
export { a, b as c, type d, e as default }; export { a } from './a.ts'; export * from './b.ts'; export * as c from './c.ts'; export type { T } from './d.ts';
/** @section .a */ function f() {} // b
a /* b */ + /* c↵*/ d // e
`;

/** Each is left to TypeScript. */
const left = `
a ** b
a **= b
async () => x
await x
yield x
class { }
(this: T = 1) => x
(...this: T) => x
(class { })
f<<T>() => T>(x)
f<typeof[]>(x)
f< readonly<T>>(x)
f< readonly | T>(x)
function* f() { }
async function f() { }
let { a } = b
let [a] = b
({ a }) => a
({ m() { } })
({ get a() { return 1; } })
[a, , b]
/re/
<T>x
<T>(x) => x
import('a')
import.meta
import a from './a.ts'
export default a
export = a
import a = b
namespace A { }
module A { }
declare global { }
abstract class A { }
declare interface↵A { }
@d class A { }
class A { constructor() { } }
class A { get x() { return 1; } }
class A { static { } }
class A { #x; }
class A { [x: number]: T }
class A { [x, y]: T }
class A { *m() { } }
for (const a of b) c
for (const a in b) c
for (a in b) c
try { } catch { }
throw a
debugger
with (a) b
let x: A extends B ? C : D
let x: new () => T
let x: { [K in T]: U }
let x: { [x, y]: T }
let x: \`a\${T}\`
let x: import('a')
let x: asserts
let x: [a: T]
let x: T?
let x: !T
let x: { new (): T }
1.5
1e3
.5
a?.5:b
017
1__0
1_
3px
0x
'\\q'
'a
\`a
a \u00e4
"\u2028"
\\u0061
#!/bin/sh
// @ts-ignore
/// <reference types="x" />
a b
a +
(a
{ a
f(a b)
let 1
if a
`;

const hard = [
  ...accepted
    .trim()
    .replaceAll('↵', '\n')
    .split(/\n|(?<=;) /),
  ...left.trim().split('\n'),
];

describe('our parser', () => {
  it('accepts the kernel, its programs and the library, and makes the trees that TypeScript makes', () => {
    const results = [...kernel].map(([path, text]) => [path, compareParsers(path, text)]);
    expect(results.filter(([, result]) => result !== '')).toEqual([]);
  });

  it('makes the same trees of whatever else it accepts', () => {
    const results = [...others].map(([path, text]) => [path, compareParsers(path, text)]);
    expect(results.filter(([, result]) => result !== '' && result !== null)).toEqual([]);
    expect(results.filter(([, result]) => result === '').length).toBeGreaterThan(results.length / 2);
  });

  it.each(accepted.trim().split('\n'))('accepts %s', (text) => {
    expect(compareParsers('/a.ts', text.replaceAll('↵', '\n'))).toBe('');
  });

  it.each(left.trim().split('\n'))('leaves to TypeScript %s', (text) => {
    expect(parseSyntax('/a.ts', text.replaceAll('↵', '\n'))).toBeNull();
  });

  it('leaves what nests too deeply, or goes on for too long', () => {
    const deep = [
      `${'('.repeat(5000)}a${')'.repeat(5000)}`,
      `${'{'.repeat(5000)}${'}'.repeat(5000)}`,
      `let x: ${'A<'.repeat(5000)}B${'>'.repeat(5000)}`,
      `let x: ${'('.repeat(5000)}B${')'.repeat(5000)}`,
      `${'!'.repeat(5000)}a`,
      `a${' + a'.repeat(5000)}`,
      `a${'.a'.repeat(5000)}`,
      `${'if (a) b; else '.repeat(5000)}c`,
    ];
    expect(deep.filter((text) => parseSyntax('/a.ts', text) !== null)).toEqual([]);
  });

  it.each([1, 2])('never makes another tree of changed sources (seed %i)', (seed) => {
    const random = randomSource(seed);
    const some = [...kernel, ...others].filter(([, text]) => text.length < 20_000 && random(5) === 0);
    const pieces = [...some.flatMap(([path, text]) => piecesOf(path, text)), ...hard, ...hard, ...hard];
    const pool = pieces.filter(() => random(8) === 0).flatMap((piece) => tokensOf(piece).map((token) => token.trim()));
    const failures: string[] = [];
    let count = 0;
    for (let round = 0; round < 10_000; round++) {
      const text = mutate(pieces[random(pieces.length)]!, pool, random);
      const result = compareParsers('/a.ts', text);
      if (result !== null) count++;
      if (result !== null && result !== '') failures.push(`${result}\n${text}`);
    }
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(2000);
  });
});

const comments = `
/** @section .a */
/** @section .text @align 64 */
/** Text. @naked */
/**
 * Text with a@b and {@link c} and \`@d\`.
 *
 * @section .a.b
 * @param x - what it is
 *   and more
 * @returns {u32} something
 * @see https://a.b/@c
 * @example
 *   f(1); // @noinline
 */
/**@inline*/
/** @inline*/
/**
@export
  @align 16
 * * @packed
 */
/*** @naked */
/* @naked */
/**/
/** @ */
/** @single@align */
/** @releasedBy unlock and more
 * text */
/** \`@export\` is a tag. @export \`@naked\` is none. */
/** first @align 1 */ /** second @align 2 */
// @naked
/** @naked */ // behind it
`;

/** Where lines of a tag's text begin does not matter: what tags say is one word. */
function describeTag(name: string, pos: number, text: string): string {
  return `${name}@${pos} ${text.replace(/\s+/g, ' ').trim()}`;
}

describe('tags', () => {
  const theirTags = (node: ts.Node): string[] => {
    return ts.getJSDocTags(node).map(({ comment, tagName }) => {
      return describeTag(tagName.text, tagName.pos, ts.getTextOfJSDocComment(comment) ?? '');
    });
  };
  /** The text of some tags TypeScript takes apart; nobody asks for it. */
  const isPlain = (tag: string): boolean => !/^(param|returns|see|example)@/.test(tag);
  const compareTags = (path: string, text: string): string[] => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
    const differences: string[] = [];
    const visit = (node: ts.Node): void => {
      const isAsked =
        ts.isClassElement(node) ||
        ts.isFunctionLike(node) ||
        ts.isVariableDeclaration(node) ||
        ts.isClassDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isInterfaceDeclaration(node);
      if (isAsked) {
        const ours = tagsOf(node).map((tag) => describeTag(tag.name, tag.pos, tag.text));
        const [a, b] = [ours, theirTags(node)].map((tags) => JSON.stringify(tags.filter(isPlain)));
        if (a !== b) differences.push(`${path}:${node.pos} ${a} is not ${b}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return differences;
  };

  it('of the kernel are those that TypeScript finds', () => {
    expect([...kernel].flatMap(([path, text]) => compareTags(path, text))).toEqual([]);
  });

  const places = [
    'X function f() {}',
    'X export const x = () => 1;',
    'export const X x = 1, X y = 2;',
    'const x = X (() => 1);',
    'const x = X () => 1;',
    'let x; X x = () => 1;',
    'function g() { X return () => 1; }',
    'class C { X x = 1; X m() {} }',
    'class C { a; X b; m(X x: T) {} }',
    'const o = { X a: () => 1, b: X () => 2 };',
    'f(X () => 1, X function () {});',
    'a; X function f() {}',
    'X interface I { X m(): void }',
    'X',
  ];
  const plain = comments.trim().split(/\n(?=\/[*/])/);

  it.each(places)('at %s are those that TypeScript finds', (place) => {
    const texts = plain.flatMap((comment) => [place.replaceAll('X', `${comment}\n`), place.replaceAll('X', comment)]);
    expect(texts.flatMap((text) => compareTags('/a.ts', text))).toEqual([]);
  });
});
