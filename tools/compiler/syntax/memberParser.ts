/*
 * The parser of what may follow a name, or anything else that stands alone: members, calls, indices, type arguments.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { adopt, adoptAll, adoptIfAny, type Made } from './nodes.ts';
import { PrimaryParser } from './primaryParser.ts';

/** Longer chains of members, calls or operators are left to TypeScript, like what nests too deeply. */
export const longestChain = 300;

/** Of the character =. */
const equals = 61;

export abstract class MemberParser extends PrimaryParser {
  readonly #argument = (): ts.Expression => this.element();

  /** call = primary (member | index | call | '!' | typeArguments | template)* */
  protected call(): ts.LeftHandSideExpression {
    const { pos } = this;
    let expression = this.token === SyntaxKind.NewKeyword ? this.#new() : this.primary();
    for (let length = 0; length < longestChain; length++) {
      const longer = this.#member(pos, expression) ?? this.#callRest(pos, expression);
      if (longer === null) return expression;
      expression = longer;
    }
    return this.refuse();
  }

  /** What may follow both in calls and after `new`. Null if it is something else. */
  #member(pos: number, expression: ts.LeftHandSideExpression): ts.LeftHandSideExpression | null {
    switch (this.token) {
      case SyntaxKind.DotToken:
        this.next();
        return this.#property(pos, expression, undefined);
      case SyntaxKind.OpenBracketToken:
        return this.#index(pos, expression, undefined);
      case SyntaxKind.ExclamationToken:
        return this.isAfterBreak ? null : this.#nonNull(pos, expression);
      case SyntaxKind.NoSubstitutionTemplateLiteral:
      case SyntaxKind.TemplateHead:
        return this.#taggedTemplate(pos, expression);
      default:
        return null;
    }
  }

  #callRest(pos: number, expression: ts.LeftHandSideExpression): ts.LeftHandSideExpression | null {
    switch (this.token) {
      case SyntaxKind.OpenParenToken:
        return this.#call(pos, expression, undefined, undefined);
      case SyntaxKind.LessThanToken: {
        const typeArguments = this.#typeArguments();
        if (typeArguments === null) return null;
        const isCall = (this.token as ts.SyntaxKind) === SyntaxKind.OpenParenToken;
        if (isCall) return this.#call(pos, expression, undefined, typeArguments);
        return this.#instantiation(pos, expression, typeArguments);
      }
      case SyntaxKind.LessThanLessThanToken:
        if (this.#mayBeTypeArguments()) this.refuse();
        return null;
      case SyntaxKind.QuestionDotToken:
        return this.#optional(pos, expression);
      default:
        return null;
    }
  }

  /** '?.' (word | '[' expression ']' | '(' arguments ')') */
  #optional(pos: number, expression: ts.LeftHandSideExpression): ts.LeftHandSideExpression {
    const questionDotToken = this.tokenNode() as ts.QuestionDotToken;
    if (this.isWord()) return this.#property(pos, expression, questionDotToken);
    if (this.token === SyntaxKind.OpenBracketToken) return this.#index(pos, expression, questionDotToken);
    if (this.token === SyntaxKind.OpenParenToken) return this.#call(pos, expression, questionDotToken, undefined);
    return this.refuse();
  }

  /** '.' word */
  #property(
    pos: number,
    expression: ts.LeftHandSideExpression,
    questionDotToken: ts.QuestionDotToken | undefined,
  ): ts.PropertyAccessExpression {
    if (this.isAfterBreak) this.#refuseForgottenName();
    const name = this.word();
    const node: Made<ts.PropertyAccessExpression> = {
      kind: SyntaxKind.PropertyAccessExpression,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      questionDotToken,
      name,
    };
    adopt(node, expression);
    adoptIfAny(node, questionDotToken);
    adopt(node, name);
    return node as ts.PropertyAccessExpression;
  }

  /** After a point at the end of a line, two words on the next one are a statement: somebody is still typing. */
  #refuseForgottenName(): void {
    if (!this.isWord()) this.mismatch();
    const { pos } = this;
    this.next();
    if (this.isWord() && !this.isAfterBreak) this.refuse();
    this.rewind(pos);
  }

  /** '[' expression ']' */
  #index(
    pos: number,
    expression: ts.LeftHandSideExpression,
    questionDotToken: ts.QuestionDotToken | undefined,
  ): ts.ElementAccessExpression {
    this.next();
    const argumentExpression = this.expression();
    this.expect(SyntaxKind.CloseBracketToken);
    const node: Made<ts.ElementAccessExpression> = {
      kind: SyntaxKind.ElementAccessExpression,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      questionDotToken,
      argumentExpression,
    };
    adopt(node, expression);
    adoptIfAny(node, questionDotToken);
    adopt(node, argumentExpression);
    return node as ts.ElementAccessExpression;
  }

  #nonNull(pos: number, expression: ts.Expression): ts.NonNullExpression {
    this.next();
    const node: Made<ts.NonNullExpression> = {
      kind: SyntaxKind.NonNullExpression,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adopt(node, expression);
    return node as ts.NonNullExpression;
  }

  /** '(' arguments ')' */
  #call(
    pos: number,
    expression: ts.LeftHandSideExpression,
    questionDotToken: ts.QuestionDotToken | undefined,
    typeArguments: ts.NodeArray<ts.TypeNode> | undefined,
  ): ts.CallExpression {
    const args = this.#arguments();
    const node: Made<ts.CallExpression> = {
      kind: SyntaxKind.CallExpression,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      questionDotToken,
      typeArguments,
      arguments: args,
    };
    adopt(node, expression);
    adoptIfAny(node, questionDotToken);
    adoptAll(node, typeArguments);
    adoptAll(node, args);
    return node as ts.CallExpression;
  }

  /** '(' (argument (',' argument)* ','?)? ')' */
  #arguments(): ts.NodeArray<ts.Expression> {
    this.next();
    return this.list(SyntaxKind.CloseParenToken, this.#argument);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Type arguments

  /** '<' type (',' type)* '>', if that is what it is: null, and nothing is read, if it is a comparison. */
  #typeArguments(): ts.NodeArray<ts.TypeNode> | null {
    return this.attempt(() => {
      this.next();
      const types = this.typeList();
      if (this.token !== SyntaxKind.GreaterThanToken) return null;
      this.continueGreater();
      if ((this.token as ts.SyntaxKind) !== SyntaxKind.GreaterThanToken) return null;
      this.next();
      return this.canFollowTypeArguments() ? types : null;
    });
  }

  /**
   * To TypeScript, `a << b` may also be type arguments that begin with a function's type, `a<<T>() => T>(b)`, even with errors in
   * them. It is not if no `>` follows that could end them.
   */
  #mayBeTypeArguments(): boolean {
    const { pos } = this;
    let depth = 0;
    while (depth >= 0 && this.token !== SyntaxKind.SemicolonToken && this.token !== SyntaxKind.EndOfFileToken) {
      if (this.token === SyntaxKind.TemplateHead) this.refuse();
      if (this.token !== SyntaxKind.GreaterThanToken) {
        depth += nesting(this.token);
        this.next();
      } else if (this.#endsTypeArguments()) return true;
    }
    this.rewind(pos);
    return false;
  }

  /** The token is `>`. Skips it, and others of its kind. */
  #endsTypeArguments(): boolean {
    this.continueGreater();
    const isAlone = this.text.charCodeAt(this.end - 1) !== equals;
    this.next();
    return isAlone && this.canFollowTypeArguments();
  }

  /** What can be neither the right side of a comparison nor another operator. */
  protected abstract canFollowTypeArguments(): boolean;

  #instantiation(
    pos: number,
    expression: ts.LeftHandSideExpression,
    typeArguments: ts.NodeArray<ts.TypeNode>,
  ): ts.LeftHandSideExpression {
    switch (this.token) {
      case SyntaxKind.DotToken:
      case SyntaxKind.NoSubstitutionTemplateLiteral:
      case SyntaxKind.QuestionDotToken:
      case SyntaxKind.TemplateHead:
        this.refuse();
    }
    const node: Made<ts.ExpressionWithTypeArguments> = {
      kind: SyntaxKind.ExpressionWithTypeArguments,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      typeArguments,
    };
    adopt(node, expression);
    adoptAll(node, typeArguments);
    return node as ts.ExpressionWithTypeArguments;
  }

  /** 'new' primary member* typeArguments? ('(' arguments ')')? */
  #new(): ts.NewExpression {
    const { pos } = this;
    this.enter();
    this.next();
    const start = this.pos;
    let expression = this.token === SyntaxKind.NewKeyword ? this.#new() : this.primary();
    let longer = this.#member(start, expression);
    for (; longer !== null; longer = this.#member(start, expression)) expression = longer;
    const typeArguments =
      this.token === SyntaxKind.LessThanToken ? (this.#typeArguments() ?? this.refuse()) : undefined;
    if (this.token === SyntaxKind.QuestionDotToken) this.refuse();
    const hasArguments = this.token === SyntaxKind.OpenParenToken;
    if (typeArguments !== undefined && !hasArguments) this.refuse();
    const args = hasArguments ? this.#arguments() : undefined;
    this.leave();
    const node: Made<ts.NewExpression> = {
      kind: SyntaxKind.NewExpression,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      typeArguments,
      arguments: args,
    };
    adopt(node, expression);
    adoptAll(node, typeArguments);
    adoptAll(node, args);
    return node as ts.NewExpression;
  }

  #taggedTemplate(pos: number, tag: ts.LeftHandSideExpression): ts.TaggedTemplateExpression {
    const template = this.template();
    const node: Made<ts.TaggedTemplateExpression> = {
      kind: SyntaxKind.TaggedTemplateExpression,
      pos,
      end: this.pos,
      parent: undefined,
      tag,
      template,
    };
    adopt(node, tag);
    adopt(node, template);
    return node as ts.TaggedTemplateExpression;
  }
}

/** How much deeper what follows a token is than the token. */
function nesting(token: ts.SyntaxKind): number {
  switch (token) {
    case SyntaxKind.OpenBraceToken:
    case SyntaxKind.OpenBracketToken:
    case SyntaxKind.OpenParenToken:
      return 1;
    case SyntaxKind.CloseBraceToken:
    case SyntaxKind.CloseBracketToken:
    case SyntaxKind.CloseParenToken:
      return -1;
    default:
      return 0;
  }
}
