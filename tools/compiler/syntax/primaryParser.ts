/*
 * The parser of what stands alone in an expression: names, literals, parentheses, arrays, objects, functions, templates.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { adopt, adoptAll, adoptIfAny, nodeArray, type Made } from './nodes.ts';
import { SignatureParser } from './signatureParser.ts';

export abstract class PrimaryParser extends SignatureParser {
  /** '{' statement* '}' */
  protected abstract block(): ts.Block;

  /** primary = word | literal | '(' expression ')' | array | object | function | template */
  protected primary(): ts.LeftHandSideExpression {
    switch (this.token) {
      case SyntaxKind.BigIntLiteral:
      case SyntaxKind.NumericLiteral:
      case SyntaxKind.StringLiteral:
        return this.literal() as ts.LiteralExpression;
      case SyntaxKind.FalseKeyword:
      case SyntaxKind.NullKeyword:
      case SyntaxKind.ThisKeyword:
      case SyntaxKind.TrueKeyword:
        return this.tokenNode() as ts.PrimaryExpression;
      case SyntaxKind.OpenParenToken:
        return this.#parenthesized();
      case SyntaxKind.OpenBracketToken:
        return this.#array();
      case SyntaxKind.OpenBraceToken:
        return this.#object();
      case SyntaxKind.FunctionKeyword:
        return this.#function();
      case SyntaxKind.NoSubstitutionTemplateLiteral:
      case SyntaxKind.TemplateHead:
        return this.template();
      default:
        return this.identifier();
    }
  }

  /** '(' expression ')' */
  #parenthesized(): ts.ParenthesizedExpression {
    const { pos } = this;
    this.next();
    const expression = this.expression();
    this.expect(SyntaxKind.CloseParenToken);
    const node: Made<ts.ParenthesizedExpression> = {
      kind: SyntaxKind.ParenthesizedExpression,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adopt(node, expression);
    return node as ts.ParenthesizedExpression;
  }

  /** '[' (element (',' element)* ','?)? ']' */
  #array(): ts.ArrayLiteralExpression {
    const { pos } = this;
    this.next();
    const elements = this.list(SyntaxKind.CloseBracketToken, () => {
      if (this.token === SyntaxKind.CommaToken) this.refuse(); // a hole
      return this.element();
    });
    const node: Made<ts.ArrayLiteralExpression> = {
      kind: SyntaxKind.ArrayLiteralExpression,
      pos,
      end: this.pos,
      parent: undefined,
      elements,
    };
    adoptAll(node, elements);
    return node as ts.ArrayLiteralExpression;
  }

  /** '...'? assignment */
  protected element(): ts.Expression {
    const { pos } = this;
    if (!this.skip(SyntaxKind.DotDotDotToken)) return this.assignment();
    const expression = this.assignment();
    const node: Made<ts.SpreadElement> = {
      kind: SyntaxKind.SpreadElement,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adopt(node, expression);
    return node as ts.SpreadElement;
  }

  /** '{' (property (',' property)* ','?)? '}' */
  #object(): ts.ObjectLiteralExpression {
    const { pos } = this;
    this.next();
    const properties = this.list(SyntaxKind.CloseBraceToken, () => {
      return this.token === SyntaxKind.DotDotDotToken ? this.#spread() : this.#property();
    });
    const node: Made<ts.ObjectLiteralExpression> = {
      kind: SyntaxKind.ObjectLiteralExpression,
      pos,
      end: this.pos,
      parent: undefined,
      properties,
    };
    adoptAll(node, properties);
    return node as ts.ObjectLiteralExpression;
  }

  /** '...' assignment */
  #spread(): ts.SpreadAssignment {
    const { pos } = this;
    this.next();
    const expression = this.assignment();
    const node: Made<ts.SpreadAssignment> = {
      kind: SyntaxKind.SpreadAssignment,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adopt(node, expression);
    return node as ts.SpreadAssignment;
  }

  /** property = name | propertyName ':' assignment */
  #property(): ts.PropertyAssignment | ts.ShorthandPropertyAssignment {
    const { pos } = this;
    const isName = this.isName();
    const name = this.propertyName();
    if (this.token !== SyntaxKind.ColonToken) return isName ? this.#shorthand(name as ts.Identifier) : this.refuse();
    this.next();
    const initializer = this.assignment();
    const node: Made<ts.PropertyAssignment> = {
      kind: SyntaxKind.PropertyAssignment,
      pos,
      end: this.pos,
      parent: undefined,
      name,
      initializer,
    };
    adopt(node, name);
    adopt(node, initializer);
    return node as ts.PropertyAssignment;
  }

  #shorthand(name: ts.Identifier): ts.ShorthandPropertyAssignment {
    // Anything else would be a method, an accessor, or an error.
    if (this.token !== SyntaxKind.CommaToken && this.token !== SyntaxKind.CloseBraceToken) this.refuse();
    const node: Made<ts.ShorthandPropertyAssignment> = {
      kind: SyntaxKind.ShorthandPropertyAssignment,
      pos: name.pos,
      end: this.pos,
      parent: undefined,
      name,
    };
    adopt(node, name);
    return node as ts.ShorthandPropertyAssignment;
  }

  /** 'function' name? typeParameters? '(' parameters ')' resultAnnotation? block */
  #function(): ts.FunctionExpression {
    const { pos } = this;
    this.enter();
    this.next();
    if (this.token === SyntaxKind.AsteriskToken) this.refuse(); // a generator
    const name = this.isName() ? this.identifier() : undefined;
    const typeParameters = this.typeParameters();
    const parameters = this.parameters();
    const type = this.resultAnnotation();
    const body = this.block();
    this.leave();
    const node: Made<ts.FunctionExpression> = {
      kind: SyntaxKind.FunctionExpression,
      pos,
      end: this.pos,
      parent: undefined,
      name,
      typeParameters,
      parameters,
      type,
      body,
    };
    adoptIfAny(node, name);
    adoptAll(node, typeParameters);
    adoptAll(node, parameters);
    adoptIfAny(node, type);
    adopt(node, body);
    return node as ts.FunctionExpression;
  }

  /** template = '`...`' | '`...${' expression ('}...${' expression)* '}...`' */
  protected template(): ts.TemplateLiteral {
    if (this.token === SyntaxKind.NoSubstitutionTemplateLiteral)
      return this.literal() as ts.NoSubstitutionTemplateLiteral;
    const { pos } = this;
    const head = this.literal() as ts.TemplateHead;
    const spans: ts.TemplateSpan[] = [];
    let span = this.#span();
    for (; span.literal.kind === SyntaxKind.TemplateMiddle; span = this.#span()) spans.push(span);
    spans.push(span);
    const templateSpans = nodeArray(spans);
    const node: Made<ts.TemplateExpression> = {
      kind: SyntaxKind.TemplateExpression,
      pos,
      end: this.pos,
      parent: undefined,
      head,
      templateSpans,
    };
    adopt(node, head);
    adoptAll(node, templateSpans);
    return node as ts.TemplateExpression;
  }

  #span(): ts.TemplateSpan {
    const { pos } = this;
    const expression = this.expression();
    if (this.token !== SyntaxKind.CloseBraceToken) this.mismatch();
    this.continueTemplate();
    const literal = this.literal() as ts.TemplateTail;
    const node: Made<ts.TemplateSpan> = {
      kind: SyntaxKind.TemplateSpan,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      literal,
    };
    adopt(node, expression);
    adopt(node, literal);
    return node as ts.TemplateSpan;
  }
}
