/*
 * The parser of operators: assignments, arrow functions, conditions, binary and unary operators, by their precedence.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { longestChain, MemberParser } from './memberParser.ts';
import { adopt, adoptAll, adoptIfAny, nodeArray, type Made } from './nodes.ts';
import { isModifier } from './tokens.ts';

export abstract class OperatorParser extends MemberParser {
  /** In the first part of `for (...; ...; ...)`, where `in` would be something else. */
  protected isForInitializer = false;

  /** expression = assignment (',' assignment)* */
  protected expression(): ts.Expression {
    const { pos } = this;
    let expression = this.assignment();
    for (let length = 0; this.token === SyntaxKind.CommaToken; length++) {
      if (length === longestChain) this.refuse();
      const operator = this.tokenNode() as ts.BinaryOperatorToken;
      expression = this.#makeBinary(pos, expression, operator, this.assignment());
    }
    return expression;
  }

  /** assignment = arrow | call assignmentOperator assignment | binary ('?' assignment ':' assignment)? */
  protected assignment(): ts.Expression {
    this.enter();
    const { pos } = this;
    const arrow = this.token === SyntaxKind.OpenParenToken && this.#isArrow();
    const expression = arrow ? this.#parenthesizedArrow() : this.#assignmentFrom(pos);
    this.leave();
    return expression;
  }

  #assignmentFrom(pos: number): ts.Expression {
    const left = this.#binary(0);
    const { token } = this;
    if (token === SyntaxKind.QuestionToken) return this.#conditional(pos, left);
    if (token === SyntaxKind.EqualsGreaterThanToken && left.kind === SyntaxKind.Identifier)
      return this.#simpleArrow(left as ts.Identifier);
    const isAssignment = token >= SyntaxKind.EqualsToken && token <= SyntaxKind.CaretEqualsToken;
    if (!isAssignment || !isTarget(left)) return left;
    if (token === SyntaxKind.AsteriskAsteriskEqualsToken) this.refuse();
    const operator = this.tokenNode() as ts.BinaryOperatorToken;
    return this.#makeBinary(pos, left, operator, this.assignment());
  }

  #makeBinary(
    pos: number,
    left: ts.Expression,
    operatorToken: ts.BinaryOperatorToken,
    right: ts.Expression,
  ): ts.BinaryExpression {
    const node: Made<ts.BinaryExpression> = {
      kind: SyntaxKind.BinaryExpression,
      pos,
      end: this.pos,
      parent: undefined,
      left,
      operatorToken,
      right,
    };
    adopt(node, left);
    adopt(node, operatorToken);
    adopt(node, right);
    return node as ts.BinaryExpression;
  }

  #conditional(pos: number, condition: ts.Expression): ts.ConditionalExpression {
    const questionToken = this.tokenNode() as ts.QuestionToken;
    const whenTrue = this.assignment();
    const colonToken = this.required(SyntaxKind.ColonToken) as ts.ColonToken;
    const whenFalse = this.assignment();
    const node: Made<ts.ConditionalExpression> = {
      kind: SyntaxKind.ConditionalExpression,
      pos,
      end: this.pos,
      parent: undefined,
      condition,
      questionToken,
      whenTrue,
      colonToken,
      whenFalse,
    };
    adopt(node, condition);
    adopt(node, questionToken);
    adopt(node, whenTrue);
    adopt(node, colonToken);
    adopt(node, whenFalse);
    return node as ts.ConditionalExpression;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Arrow functions

  /** The token is a parenthesis: whether it is the one of an arrow's parameters. */
  #isArrow(): boolean {
    const { pos } = this;
    this.next();
    const isArrow = this.#isArrowInside();
    this.rewind(pos);
    return isArrow;
  }

  #isArrowInside(): boolean {
    const { token } = this;
    if (token === SyntaxKind.DotDotDotToken) return true;
    if (token === SyntaxKind.CloseParenToken) return true; // there are no empty parentheses
    if (token === SyntaxKind.OpenBraceToken || token === SyntaxKind.OpenBracketToken) this.refuse(); // perhaps a pattern
    if (isModifier(token) && this.#isBeforeWord()) this.refuse();
    if (!this.isName() && token !== SyntaxKind.ThisKeyword) return false;
    this.next();
    switch (this.token) {
      case SyntaxKind.ColonToken:
        return true;
      case SyntaxKind.QuestionToken:
        return this.#isOptional();
      case SyntaxKind.CloseParenToken:
        return this.#isArrowBehind();
      case SyntaxKind.CommaToken:
      case SyntaxKind.EqualsToken:
        this.#skipParentheses();
        return this.#isArrowBehind();
      default:
        return false;
    }
  }

  #isBeforeWord(): boolean {
    const { pos } = this;
    this.next();
    const isBefore = this.isWord();
    this.rewind(pos);
    return isBefore;
  }

  /** `x?` as a parameter, not as a condition. */
  #isOptional(): boolean {
    this.next();
    const { token } = this;
    return (
      token === SyntaxKind.ColonToken ||
      token === SyntaxKind.CommaToken ||
      token === SyntaxKind.EqualsToken ||
      token === SyntaxKind.CloseParenToken
    );
  }

  /** The token is the closing parenthesis after what may be parameters without types. */
  #isArrowBehind(): boolean {
    this.next();
    if (this.token === SyntaxKind.OpenBraceToken) this.refuse(); // to TypeScript, an arrow that lacks its arrow
    if (this.token !== SyntaxKind.ColonToken) return this.token === SyntaxKind.EqualsGreaterThanToken;
    this.next();
    // The type of the result, or the other side of a condition?
    const isArrow = this.attempt(() => {
      this.type();
      return this.#isArrowHere() ? true : null;
    });
    if (isArrow !== null) this.refuse();
    return false;
  }

  /** An arrow, or a brace before which TypeScript misses one. */
  #isArrowHere(): boolean {
    return this.token === SyntaxKind.EqualsGreaterThanToken || this.token === SyntaxKind.OpenBraceToken;
  }

  /** Goes on to the parenthesis that closes the one around. */
  #skipParentheses(): void {
    for (let depth = 1; ;) {
      switch (this.token) {
        case SyntaxKind.OpenParenToken:
          depth++;
          break;
        case SyntaxKind.CloseParenToken:
          if (--depth === 0) return;
          break;
        case SyntaxKind.EndOfFileToken:
        case SyntaxKind.SlashToken: // or a regular expression
        case SyntaxKind.TemplateHead:
          this.refuse();
      }
      this.next();
    }
  }

  /** arrow = '(' parameters ')' resultAnnotation? '=>' (block | assignment) */
  #parenthesizedArrow(): ts.ArrowFunction {
    const { pos } = this;
    const parameters = this.parameters();
    const type = this.resultAnnotation();
    return this.#arrow(pos, parameters, type);
  }

  /** name '=>' (block | assignment) */
  #simpleArrow(name: ts.Identifier): ts.ArrowFunction {
    const parameter: Made<ts.ParameterDeclaration> = {
      kind: SyntaxKind.Parameter,
      pos: name.pos,
      end: this.pos,
      parent: undefined,
      dotDotDotToken: undefined,
      name,
      questionToken: undefined,
      type: undefined,
      initializer: undefined,
    };
    adopt(parameter, name);
    return this.#arrow(name.pos, nodeArray([parameter as ts.ParameterDeclaration]), undefined);
  }

  #arrow(
    pos: number,
    parameters: ts.NodeArray<ts.ParameterDeclaration>,
    type: ts.TypeNode | undefined,
  ): ts.ArrowFunction {
    const equalsGreaterThanToken = this.required(SyntaxKind.EqualsGreaterThanToken) as ts.EqualsGreaterThanToken;
    const body = this.token === SyntaxKind.OpenBraceToken ? this.block() : this.assignment();
    const node: Made<ts.ArrowFunction> = {
      kind: SyntaxKind.ArrowFunction,
      pos,
      end: this.pos,
      parent: undefined,
      parameters,
      type,
      equalsGreaterThanToken,
      body,
    };
    adoptAll(node, parameters);
    adoptIfAny(node, type);
    adopt(node, equalsGreaterThanToken);
    adopt(node, body);
    return node as ts.ArrowFunction;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Binary and unary operators

  /** binary = unary (operator binary | ('as' | 'satisfies') type)*, of operators that bind more tightly than `least` */
  #binary(least: number): ts.Expression {
    const { pos } = this;
    let left: ts.Expression = this.#unary();
    for (let length = 0; ; length++) {
      if (this.token === SyntaxKind.GreaterThanToken) this.continueGreater();
      const { token } = this;
      const precedence = precedences[token];
      if (precedence === undefined || precedence <= least) return left;
      if (length === longestChain) this.refuse();
      if (token === SyntaxKind.InKeyword && this.isForInitializer) this.refuse();
      if (token === SyntaxKind.AsKeyword || token === SyntaxKind.SatisfiesKeyword) {
        if (this.isAfterBreak) return left;
        left = this.#assertion(left);
      } else {
        const operator = this.tokenNode() as ts.BinaryOperatorToken;
        left = this.#makeBinary(pos, left, operator, this.#binary(precedence));
      }
    }
  }

  /** expression ('as' | 'satisfies') type */
  #assertion(expression: ts.Expression): ts.Expression {
    const isSatisfies = this.token === SyntaxKind.SatisfiesKeyword;
    this.next();
    if (this.token === SyntaxKind.ConstKeyword) this.refuse();
    const type = this.type();
    const kind = isSatisfies ? SyntaxKind.SatisfiesExpression : SyntaxKind.AsExpression;
    const node = { kind, pos: expression.pos, end: this.pos, parent: undefined, expression, type };
    adopt(node, expression);
    adopt(node, type);
    return node as unknown as ts.Expression;
  }

  /** unary = ('+' | '-' | '!' | '~' | 'typeof' | 'void' | 'delete') unary | update */
  #unary(): ts.UnaryExpression {
    const { pos, token } = this;
    switch (token) {
      case SyntaxKind.ExclamationToken:
      case SyntaxKind.MinusToken:
      case SyntaxKind.PlusToken:
      case SyntaxKind.TildeToken: {
        this.enter();
        this.next();
        const operand = this.#unary();
        this.leave();
        return this.#prefix(pos, token, operand);
      }
      case SyntaxKind.DeleteKeyword:
        return this.#word(pos, SyntaxKind.DeleteExpression);
      case SyntaxKind.TypeOfKeyword:
        return this.#word(pos, SyntaxKind.TypeOfExpression);
      case SyntaxKind.VoidKeyword:
        return this.#word(pos, SyntaxKind.VoidExpression);
      default:
        return this.#update();
    }
  }

  #prefix(pos: number, operator: ts.PrefixUnaryOperator, operand: ts.UnaryExpression): ts.PrefixUnaryExpression {
    const node: Made<ts.PrefixUnaryExpression> = {
      kind: SyntaxKind.PrefixUnaryExpression,
      pos,
      end: this.pos,
      parent: undefined,
      operator,
      operand,
    };
    adopt(node, operand);
    return node as ts.PrefixUnaryExpression;
  }

  #word(pos: number, kind: ts.SyntaxKind): ts.UnaryExpression {
    this.enter();
    this.next();
    const expression = this.#unary();
    this.leave();
    const node = { kind, pos, end: this.pos, parent: undefined, expression };
    adopt(node, expression);
    return node as unknown as ts.UnaryExpression;
  }

  /** update = ('++' | '--') call | call ('++' | '--')? */
  #update(): ts.UnaryExpression {
    const { pos, token } = this;
    if (token === SyntaxKind.PlusPlusToken || token === SyntaxKind.MinusMinusToken) {
      this.next();
      return this.#prefix(pos, token, this.call());
    }
    const operand = this.call();
    const operator = this.token;
    const isUpdate = operator === SyntaxKind.PlusPlusToken || operator === SyntaxKind.MinusMinusToken;
    if (!isUpdate || this.isAfterBreak) return operand;
    this.next();
    const node: Made<ts.PostfixUnaryExpression> = {
      kind: SyntaxKind.PostfixUnaryExpression,
      pos,
      end: this.pos,
      parent: undefined,
      operand,
      operator,
    };
    adopt(node, operand);
    return node as ts.PostfixUnaryExpression;
  }

  protected canFollowTypeArguments(): boolean {
    switch (this.token) {
      case SyntaxKind.OpenParenToken:
      case SyntaxKind.NoSubstitutionTemplateLiteral:
      case SyntaxKind.TemplateHead:
        return true;
      case SyntaxKind.GreaterThanToken:
      case SyntaxKind.LessThanToken:
      case SyntaxKind.MinusToken:
      case SyntaxKind.PlusToken:
        return false;
      default:
        return this.isAfterBreak || precedences[this.token] !== undefined || !this.#isStartOfExpression();
    }
  }

  #isStartOfExpression(): boolean {
    if (this.isWord()) return this.#isStartingWord();
    switch (this.token) {
      case SyntaxKind.BigIntLiteral:
      case SyntaxKind.ExclamationToken:
      case SyntaxKind.MinusMinusToken:
      case SyntaxKind.NumericLiteral:
      case SyntaxKind.OpenBraceToken:
      case SyntaxKind.OpenBracketToken:
      case SyntaxKind.PlusPlusToken:
      case SyntaxKind.SlashEqualsToken:
      case SyntaxKind.StringLiteral:
      case SyntaxKind.TildeToken:
        return true;
      default:
        return false;
    }
  }

  #isStartingWord(): boolean {
    switch (this.token) {
      case SyntaxKind.ImportKeyword:
        return this.refuse();
      case SyntaxKind.AsyncKeyword:
      case SyntaxKind.AwaitKeyword:
      case SyntaxKind.ClassKeyword:
      case SyntaxKind.DeleteKeyword:
      case SyntaxKind.FalseKeyword:
      case SyntaxKind.FunctionKeyword:
      case SyntaxKind.NewKeyword:
      case SyntaxKind.NullKeyword:
      case SyntaxKind.SuperKeyword:
      case SyntaxKind.ThisKeyword:
      case SyntaxKind.TrueKeyword:
      case SyntaxKind.TypeOfKeyword:
      case SyntaxKind.VoidKeyword:
        return true;
      default:
        return this.isName() || (this.token > SyntaxKind.WithKeyword && this.token < SyntaxKind.AbstractKeyword);
    }
  }
}

/** How tightly binary operators bind, by kind. `**` is not among them. */
const precedences: (number | undefined)[] = [];
for (const [index, kinds] of [
  [SyntaxKind.BarBarToken, SyntaxKind.QuestionQuestionToken],
  [SyntaxKind.AmpersandAmpersandToken],
  [SyntaxKind.BarToken],
  [SyntaxKind.CaretToken],
  [SyntaxKind.AmpersandToken],
  [
    SyntaxKind.EqualsEqualsToken,
    SyntaxKind.ExclamationEqualsToken,
    SyntaxKind.EqualsEqualsEqualsToken,
    SyntaxKind.ExclamationEqualsEqualsToken,
  ],
  [
    SyntaxKind.LessThanToken,
    SyntaxKind.GreaterThanToken,
    SyntaxKind.LessThanEqualsToken,
    SyntaxKind.GreaterThanEqualsToken,
    SyntaxKind.InstanceOfKeyword,
    SyntaxKind.InKeyword,
    SyntaxKind.AsKeyword,
    SyntaxKind.SatisfiesKeyword,
  ],
  [
    SyntaxKind.LessThanLessThanToken,
    SyntaxKind.GreaterThanGreaterThanToken,
    SyntaxKind.GreaterThanGreaterThanGreaterThanToken,
  ],
  [SyntaxKind.PlusToken, SyntaxKind.MinusToken],
  [SyntaxKind.AsteriskToken, SyntaxKind.SlashToken, SyntaxKind.PercentToken],
].entries()) {
  for (const kind of kinds) precedences[kind] = index + 1;
}

/** What may stand left of an assignment, as far as the syntax goes. */
function isTarget({ kind }: ts.Expression): boolean {
  switch (kind) {
    case SyntaxKind.AsExpression:
    case SyntaxKind.BinaryExpression:
    case SyntaxKind.DeleteExpression:
    case SyntaxKind.PostfixUnaryExpression:
    case SyntaxKind.PrefixUnaryExpression:
    case SyntaxKind.SatisfiesExpression:
    case SyntaxKind.TypeOfExpression:
    case SyntaxKind.VoidExpression:
      return false;
    default:
      return true;
  }
}
