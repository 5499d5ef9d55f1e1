/*
 * Syntax that the language has not, in code that is not lowered: the body of a generic function (what it means depends on
 * its instances, and there may be none), an arrow (perhaps nobody needs it), what a build constant rules out.
 *
 * tsc accepts all of it, and lowering reports it in all other code. The findings are the same, word for word, so that
 * what is looked at twice is reported once.
 */

import { declarationKind, forEachChild, hasModifier, textOf, ts } from '../syntax/index.ts';
import type { Reporter } from './diagnostics.ts';
import { unsupportedCode } from './unsupported.ts';

const { SyntaxKind } = ts;

/** Reports what may stand nowhere in `root`. Walks without recursion: sources may nest as deeply as they like. */
export function checkSyntax(reporter: Reporter, root: ts.Node): void {
  const pending: ts.Node[] = [root];
  const visit = (child: ts.Node): void => void pending.push(child);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) continue;
    checkNode(reporter, node);
    // The text of asm`...` is a template, and its operands are looked at by whoever assembles it.
    if (!ts.isTaggedTemplateExpression(node)) forEachChild(node, visit);
  }
}

function checkNode(reporter: Reporter, node: ts.Node): void {
  if (ts.isBinaryExpression(node)) checkOperator(reporter, node);
  else if (ts.isVariableDeclarationList(node)) checkDeclarations(reporter, node);
  else if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) checkFunction(reporter, node);
  else if (isChain(node)) reporter.report(node, 'optionalChaining');
  else if (isForbidden(node)) {
    const code = unsupportedCode(node);
    if (code !== null) reporter.report(node, code);
  }
}

function isChain(node: ts.Node): boolean {
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node))
    return node.questionDotToken !== undefined;
  return false;
}

/** Some of what lowering does not know has its place somewhere. */
function isForbidden(node: ts.Node): boolean {
  if (ts.isTaggedTemplateExpression(node)) return false;
  if (ts.isSpreadElement(node)) return !ts.isCallExpression(node.parent);
  if (ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node)) return !isAssigned(node);
  return !ts.isSourceFile(node.parent);
}

function isAssigned(node: ts.Expression): boolean {
  const { parent } = node;
  return ts.isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind === SyntaxKind.EqualsToken;
}

function checkOperator(reporter: Reporter, node: ts.BinaryExpression): void {
  const { operatorToken, left } = node;
  switch (operatorToken.kind) {
    case SyntaxKind.AsteriskAsteriskToken:
    case SyntaxKind.AsteriskAsteriskEqualsToken:
    case SyntaxKind.InKeyword:
    case SyntaxKind.InstanceOfKeyword:
      reporter.report(operatorToken, 'operator', [textOf(operatorToken)]);
      break;
    case SyntaxKind.EqualsEqualsToken:
    case SyntaxKind.ExclamationEqualsToken:
      reporter.report(operatorToken, 'looseEquality', [textOf(operatorToken)]);
      break;
    case SyntaxKind.EqualsToken:
      if (ts.isObjectLiteralExpression(left) || ts.isArrayLiteralExpression(left))
        reporter.report(left, 'destructuring');
      break;
    default:
  }
}

function checkDeclarations(reporter: Reporter, list: ts.VariableDeclarationList): void {
  const kind = declarationKind(list);
  if (kind === 'var') reporter.report(list, 'var');
  if (kind === 'await using') reporter.report(list, 'async');
  for (const { name } of list.declarations) if (!ts.isIdentifier(name)) reporter.report(name, 'destructuring');
}

function checkFunction(reporter: Reporter, node: ts.ArrowFunction | ts.FunctionExpression): void {
  if (hasModifier(node, SyntaxKind.AsyncKeyword)) reporter.report(node, 'async');
  if (node.asteriskToken !== undefined) reporter.report(node, 'generator');
}
