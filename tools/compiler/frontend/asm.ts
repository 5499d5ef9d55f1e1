/*
 * Naked functions: the body is one asm`...`, whose operands are constants and the addresses of functions and variables.
 */

import type { AsmBody, AsmOperand } from '../ir/types.ts';
import { textOf, ts } from '../syntax/index.ts';
import type { FunctionInfo } from './entities.ts';
import type { FunctionLowering } from './function.ts';
import { locationOf } from './locations.ts';
import { lowerPlace, readPlace } from './places.ts';

/** The assembly of a `@naked` function; null, and reported, if its body is anything else. */
export function lowerAsm(f: FunctionLowering, info: FunctionInfo): AsmBody | null {
  const { body } = info.declaration;
  const statement =
    body !== undefined && ts.isBlock(body) && body.statements.length === 1 ? body.statements[0] : undefined;
  const isWrapped = statement !== undefined && (ts.isExpressionStatement(statement) || ts.isReturnStatement(statement));
  const template = isWrapped ? statement.expression : undefined;
  if (template === undefined || !isAsm(template)) {
    f.report(info.declaration.name ?? info.declaration, 'nakedBody', [info.name]);
    return null;
  }
  const location = locationOf(template);
  const text = template.template;
  if (ts.isNoSubstitutionTemplateLiteral(text)) return { pieces: [text.text], operands: [], location };
  const pieces = [text.head.text];
  const operands: AsmOperand[] = [];
  for (const span of text.templateSpans) {
    operands.push(asmOperand(f, span.expression));
    pieces.push(span.literal.text);
  }
  return { pieces, operands, location };
}

function isAsm(node: ts.Expression): node is ts.TaggedTemplateExpression {
  return ts.isTaggedTemplateExpression(node) && ts.isIdentifier(node.tag) && node.tag.text === 'asm';
}

function asmOperand(f: FunctionLowering, node: ts.Expression): AsmOperand {
  const place = lowerPlace(f, node);
  const isGlobal = place.kind === 'memory' && place.base.address !== null && place.offset === 0;
  const operand = isGlobal ? place.base : readPlace(f, place, node);
  if (operand.address !== null && operand.address.offset === 0)
    return { symbol: f.recorder.symbolOf(operand.address.target) };
  if (operand.constant !== null) {
    return { constant: Number(operand.constant) };
  }
  f.report(node, 'asmOperand', [textOf(node)]);
  return { constant: 0 };
}
