/*
 * Comparing our parser with TypeScript's: what ours accepts, TypeScript must accept as well, and the trees must be the same.
 */

import {
  forEachChild,
  parseSyntax,
  sourceOf,
  startOf,
  syntaxErrorsIn,
  textOf,
  UnfamiliarBody,
  WordTable,
} from '../../tools/compiler/syntax/index.ts';
import { parseWithTypeScript, ts } from '../../tools/compiler/frontend/typescript.ts';

type Fields = ReadonlyMap<string, unknown>;

/** What the front end reads of nodes, beside their parts. */
const scalars = ['text', 'operator', 'phaseModifier', 'token', 'kind', 'pos', 'end'] as const;
const onlyInSpecifiers = 'isTypeOnly';

/** What surrounds a node, and what tells something of a file that is compared elsewhere. */
const notCompared: ReadonlySet<string> = new Set(['externalModuleIndicator', 'imports', 'original', 'parent']);

/**
 * Null if our parser leaves the file to TypeScript, else how the trees differ; empty if they do not. What it makes of the file
 * when it parses bodies later must be the same.
 */
export function compareParsers(path: string, text: string): string | null {
  const ours = parseSyntax(path, text);
  const later = parseSyntax(path, text, new WordTable());
  if (ours === null && later === null) return null;
  const theirs = parseWithTypeScript(path, text);
  const result = ours === null ? null : compareTrees(ours, theirs);
  const resultLater = later === null ? null : compareTrees(later, theirs);
  if (resultLater !== null && resultLater !== '') return `later: ${resultLater}`;
  return result === '' && resultLater === null ? 'later: left to TypeScript' : result;
}

/** Null if the tree has bodies in it that TypeScript has to look at. */
function compareTrees(ours: ts.SourceFile, theirs: ts.SourceFile): string | null {
  try {
    lookInto(ours);
    const difference = compareSources(ours, theirs) || compareNodes(ours, theirs);
    const [error] = syntaxErrorsIn(theirs);
    return error === undefined ? difference : `TypeScript: ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`;
  } catch (error) {
    if (error instanceof UnfamiliarBody) return null;
    throw error;
  }
}

/** Without recursion, like all that walks trees here: sources may nest as deeply as they like. */
function lookInto(tree: ts.Node): void {
  const pending = [tree];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) pending.push(...childrenOf(node));
}

function compareSources(ours: ts.SourceFile, theirs: ts.SourceFile): string {
  const read = (source: ts.SourceFile): unknown => {
    const { fileName, isDeclarationFile, referencedFiles } = source;
    const names = referencedFiles.map(({ end, fileName: name, pos }) => [name, pos, end]);
    return [fileName, isDeclarationFile, names, ts.isExternalModule(source)];
  };
  const [a, b] = [JSON.stringify(read(ours)), JSON.stringify(read(theirs))];
  return a === b ? '' : `${a} is not ${b}`;
}

/** The first difference between two trees. */
function compareNodes(ours: ts.Node, theirs: ts.Node): string {
  const pending: [ts.Node, ts.Node][] = [[ours, theirs]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [a, b] = pair;
    const difference = compareFields(a, b);
    if (difference !== '') return `${ts.SyntaxKind[b.kind]} ${b.pos}-${b.end} ${difference}`;
    const [own, other] = [childrenOf(a), childrenOf(b)];
    if (own.length !== other.length) return `${ts.SyntaxKind[b.kind]} ${b.pos}-${b.end} has other parts`;
    for (const [index, child] of own.entries()) {
      if (child.parent !== a) return `${ts.SyntaxKind[child.kind]} ${child.pos}-${child.end} has another parent`;
      pending.push([child, other[index]!]);
    }
  }
  return '';
}

function compareFields(ours: ts.Node, theirs: ts.Node): string {
  const [a, b] = [fieldsOf(ours), fieldsOf(theirs)];
  for (const field of scalars)
    if (a.get(field) !== b.get(field)) return `${field}: ${String(a.get(field))} is not ${String(b.get(field))}`;
  const names = [...a.keys(), ...b.keys()].filter((name) => isPart(a.get(name)) || isPart(b.get(name)));
  for (const name of names) {
    if (notCompared.has(name)) continue;
    const [one, other] = [partsOf(a.get(name)), partsOf(b.get(name))];
    if (one !== other) return `${name}: ${one} is not ${other}`;
  }
  if (ts.isImportSpecifier(theirs) || ts.isExportSpecifier(theirs) || ts.isExportDeclaration(theirs)) {
    if (a.get(onlyInSpecifiers) !== b.get(onlyInSpecifiers)) return onlyInSpecifiers;
  }
  const blockScoped = ts.NodeFlags.BlockScoped;
  const isList = ts.isVariableDeclarationList(theirs);
  if (isList && (ours.flags & blockScoped) !== (theirs.flags & blockScoped)) return 'flags';
  if (startOf(ours) !== theirs.getStart()) return 'start';
  return textOf(ours) === theirs.getText() && sourceOf(ours).text === sourceOf(theirs).text ? '' : 'getText';
}

/** The name of an identifier is in a field in our trees, and computed in TypeScript's. */
function fieldsOf(node: ts.Node): Fields {
  const fields = new Map<string, unknown>(Object.entries(node));
  if (ts.isBlock(node)) fields.set('statements', node.statements); // perhaps made only now
  return ts.isIdentifier(node) ? fields.set('text', node.text) : fields;
}

function isPart(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 && isNode(value[0]) : isNode(value);
}

function isNode(value: unknown): value is ts.Node {
  return typeof value === 'object' && value !== null && 'kind' in value && 'pos' in value;
}

/** Which field has which nodes: the kinds and places of them. */
function partsOf(value: unknown): string {
  const nodes = (Array.isArray(value) ? value : [value]) as unknown[];
  return nodes.map((node) => (isNode(node) ? `${node.kind}@${node.pos}` : '')).join(' ');
}

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  forEachChild(node, (child) => void children.push(child));
  return children;
}
