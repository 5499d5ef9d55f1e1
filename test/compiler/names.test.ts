/*
 * What names mean: the answers of Names are those of tsc's checker, for every identifier of the kernel and its programs,
 * and for sources that make it hard.
 */

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Names, type SourceSymbol } from '../../tools/compiler/frontend/names.ts';
import { Sources, type VirtualFileSystem } from '../../tools/compiler/frontend/program.ts';
import { createProgram } from '../../tools/compiler/frontend/tsc.ts';
import { parseWithTypeScript, ts } from '../../tools/compiler/frontend/typescript.ts';
import { forEachChild, sourceOf } from '../../tools/compiler/syntax/index.ts';
import { libraryFiles, memoryFiles, nodeFiles } from './frontend-support.ts';

const kernel = new URL('../../kernel', import.meta.url).pathname;

/** What tsc says by types, or what nobody asks about: members, labels, parts of dotted names, names of others' exports. */
function isOutOfScope({ parent, ...node }: ts.Identifier): boolean {
  const is = (other: ts.Node | undefined): boolean =>
    other !== undefined && other.pos === node.pos && other.end === node.end;
  if (ts.isPropertyAccessExpression(parent)) return is(parent.name);
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isBindingElement(parent))
    return is(parent.propertyName);
  if (ts.isExpressionWithTypeArguments(parent)) return ts.isHeritageClause(parent.parent);
  const isMember = ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent);
  const isLabel = ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent);
  return (isMember && is(parent.name)) || isLabel || ts.isQualifiedName(parent) || ts.isMetaProperty(parent);
}

/** Where a symbol is declared: enough to tell it from all others. */
function places(declarations: readonly ts.Declaration[] | undefined): string {
  const all = (declarations ?? []).map((node) => `${sourceOf(node).fileName}:${node.pos}-${node.end}`);
  return all.sort().join(' ');
}

function describeOurs(symbol: SourceSymbol | null): string {
  return symbol === null ? 'nothing' : places(symbol.declarations) || symbol.name;
}

function describeTheirs(checker: ts.TypeChecker, name: ts.EntityName): string {
  const isShorthand = ts.isShorthandPropertyAssignment(name.parent);
  const symbol = isShorthand
    ? checker.getShorthandAssignmentValueSymbol(name.parent)
    : checker.getSymbolAtLocation(name);
  if (symbol === undefined) return 'nothing';
  const meant = (symbol.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(symbol) : symbol;
  // tsc makes up a type for a name that it does not know.
  const isMadeUp = meant.declarations === undefined && (meant.flags & ts.SymbolFlags.TypeAlias) !== 0;
  if (isMadeUp || checker.isUnknownSymbol(meant)) return 'nothing';
  // The parts of an interface share their type parameters there; here, each has its own.
  const part = ts.findAncestor(name, ts.isInterfaceDeclaration);
  const isOther = (node: ts.Declaration): boolean =>
    ts.isTypeParameterDeclaration(node) && ts.isInterfaceDeclaration(node.parent) && node.parent !== part;
  const own = meant.declarations?.filter((node) => !isOther(node));
  return places(own?.length === 0 ? meant.declarations : own) || meant.name;
}

interface Comparison {
  readonly count: number;
  readonly differences: readonly string[];
}

/** All nodes of a tree, parents first. */
function nodesOf(root: ts.Node): ts.Node[] {
  const nodes = [root];
  for (const node of nodes) forEachChild(node, (child) => void nodes.push(child)); // this grows while it is looked at
  return nodes;
}

/** What our parser has made of the files, against tsc's view of what TypeScript's has. */
function compare(files: VirtualFileSystem, entries: readonly string[]): Comparison {
  const roots = [...libraryFiles, ...entries];
  const theirs = new Sources(files, roots, parseWithTypeScript);
  const checker = createProgram(theirs, roots, (source) => source).program.getTypeChecker();
  const ours = new Sources(files, roots);
  const names = new Names(ours);
  const differences: string[] = [];
  let count = 0;
  for (const source of theirs.all) {
    const own = nodesOf(ours.get(source.fileName)!);
    for (const [index, node] of nodesOf(source).entries()) {
      const isAsked = ts.isIdentifier(node)
        ? !isOutOfScope(node)
        : ts.isQualifiedName(node) && !ts.isQualifiedName(node.parent);
      if (!isAsked) continue;
      count++;
      const mine = describeOurs(names.symbolAt(own[index] as ts.EntityName));
      const tscs = describeTheirs(checker, node as ts.EntityName);
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      if (mine !== tscs) differences.push(`${source.fileName}:${line + 1} ${node.getText()}: ${mine} is not ${tscs}`);
    }
  }
  return { count, differences };
}

const hard = `
import { a, a as renamed, type Shape, nowhere } from './a.ts';
import byDefault, * as all from './a.ts';
import type { Shape as S } from './a.ts';
import { starred, both, circle, later as notYet } from './b.ts';
import { missing } from './no-such-file.ts';
import { twice } from './a.ts';
import { twice } from './b.ts';

export { a as passed, hidden as shown } from './a.ts';
export { early as exportedEarly };
export * as whole from './a.ts';

/** A value and a type with one name, and a class and a variable that have each other's. */
type Both = u32;
function Both(x: Both): Both {
  return x;
}
interface Merged { readonly x: u32 }
interface Merged { readonly y: Merged }
declare const Merged: Merged;
const early = late + passed + shown + starred;
const late = 1;
var hoistedAtTop = 1;
export var hoistedAndExported = 2;
if (late) { var inBlock = 3; }
inBlock + hoistedAtTop + hoistedAndExported + undefined + globalThis + arguments + nonsense;

export enum Size { Small = 1, Large = Small << 1, Most = Size.Large | Other, 'quoted name' = 4 }
enum Size2 { Small = Size.Small }
const Other = 8;
let typed: Size.Large | all.Shape | all.Size | all.nothing | both.Shape | Size.nothing;
let queried: typeof Size.Small | typeof all.a | typeof early | typeof all;

class Box<T, Early extends T = T> {
  early: T;
  static shared: T;
  method<U>(this: Box<T>, early: U, other: Early = early, last: typeof early): U extends T ? T : U {
    const T = early;
    return [T, early, Box, this.early];
  }
  static make<T>(x: T): Box<T> { return x; }
  static lost(x: T): Box<T> { { let T: T; T; } return arguments; }
  [early](): T {}
  static { let early = 3; early; var T = 5; T; }
}
const named = class Inner<T> { x: Inner<T>; y: T; static z = Inner; };
const own = function early(n: u32): u32 { return n + early + arguments; };
const lost = Inner;
const plain = class Other { x: Other; };
enum Letters { A = 1, B = 2, Self = A }
enum Letters { C = A | B }
function recur<recur>(recur: recur): recur { return recur; }

function scopes<T>(early: T, second = early, third = late, { x, y: [z, ...rest] } = inBody): typeof early {
  var inBody = early;
  let late: T = notYet;
  {
    late;
    let early: u32 = early;
    function inner(): u32 { return early + late + hoisted + x + z + rest; }
    class Local<T> { x: T; y: Local<u32>; }
    type Alias<T> = Local<T>;
    { var hoisted = 1; let y: Alias<Local<T>>; }
    enum Bits { One = 1, Two = One }
    interface Local2 { one: Local2; two: Bits }
  }
  early + inner + y + Local + Bits;
  for (let early = 0, late = early; early < late; early++) { const late = early; }
  for (let i = 0; i < 1; i++) let i = 2;
  for (const early of early) early;
  for (const key in early) { key; }
  for (var counter = 0; ; ) counter;
  counter + key;
  switch (early) {
    case 7: type InCase = u8; let cased: InCase;
    case late: let early = 1;
    default: early; { let late = early; late; }
  }
  try { let early = 1; early; } catch (early) { early; let late; late; } finally { early; }
  try { } catch { early; } 
  outer: while (outer) { let outer = 1; if (outer) function outer2() {} outer2; continue outer; }
  if (early) function maybe() {} else function orNot() {}
  maybe + orNot;
  const arrow = (early, late = early) => { const x = early; return () => x + late + arguments; };
  const expression = (x) => x + early;
  const object = { early, x: early, [late]: late, method(early) { return early; }, get y() { return early; } };
  const { early: taken, z: { late: deep = taken } } = object;
  taken + deep;
  using held = early;
  held;
  let fn: <U>(a: U, b: typeof a) => U, built: new <U>(a: U) => T, signature: { <U>(a: U): T; early: U; m<V>(v: V): V };
  return (early as T)!;
}
function narrow(x: unknown): x is Both { return x satisfies Both; }
function overloaded(x: u8): u8;
function overloaded(x: u16): u16;
function overloaded<T>(x: T): T { return overloaded(x); }
let duplicate = 1;
let duplicate = duplicate;
class duplicate {}
function first() { return second; }
let first = 2;
type Generic<T, U = T> = (x: T) => U | Generic<U, T>;
namespace Space { export const early = 1; export const other = early + late; export type Inside = Both; }
let fromSpace: Space.Inside | Space.Outside = Space.early;
export default early;
`;

const others = {
  '/src/a.ts': `
export const a = 1;
const hidden = 2;
export { hidden };
export interface Shape { readonly size: Size }
export enum Size { Small }
export { circle } from './b.ts';
export * from './b.ts';
export default function theDefault(): void { return theDefault(); }
export const both = 3, twice = 4;
hidden + circle + theDefault;
`,
  '/src/b.ts': `
export const starred = 1, later = 2, twice = 5;
export { circle } from './a.ts';
export * from './a.ts';
export * from './open.d.ts';
export * as both from './a.ts';
import * as me from './b.ts';
me + circle + opened;
`,
  '/src/open.d.ts': `
import type { Shape } from './a.ts';
declare const opened: Shape;
`,
  '/src/global.d.ts': 'declare const everywhere: u32; interface Ptr<T> { more: T }',
};

describe('names', () => {
  it('mean in the kernel and its programs what tsc says', { timeout: 120_000 }, () => {
    const programs = readdirSync(`${kernel}/user`).filter((name) => name.endsWith('.ts'));
    const entries = [`${kernel}/main.ts`, ...programs.map((name) => `${kernel}/user/${name}`)];
    const { count, differences } = compare(nodeFiles, entries);
    expect(count).toBeGreaterThan(100_000);
    expect(differences).toEqual([]);
  });

  it('mean the same where scopes, imports and kinds of names get into each other’s way', () => {
    const files = memoryFiles({ '/src/main.ts': hard, ...others });
    const { count, differences } = compare(files, ['/src/global.d.ts', '/src/main.ts']);
    expect(count).toBeGreaterThan(400);
    expect(differences).toEqual([]);
  });
});
