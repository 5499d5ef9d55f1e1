/*
 * The parser of types.
 *
 * The grammar is TypeScript's, without what kernel TS has no use for: conditional, mapped and template types, constructors,
 * named tuple elements, `import(...)`. Above each function is its rule; `?` is for what may be missing, `*` for any number, and
 * what is in quotes stands for itself.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { NameParser } from './nameParser.ts';
import { adopt, adoptAll, makeToken, type Made } from './nodes.ts';
import { isModifier } from './tokens.ts';

export abstract class TypeParser extends NameParser {
  /** '(' (parameter (',' parameter)*)? ')' */
  protected abstract parameters(): ts.NodeArray<ts.ParameterDeclaration>;
  /** ('<' typeParameter (',' typeParameter)* '>')? */
  protected abstract typeParameters(): ts.NodeArray<ts.TypeParameterDeclaration> | undefined;
  /** '{' typeMember* '}' */
  protected abstract typeMembers(): ts.NodeArray<ts.TypeElement>;

  /** type = functionType | unionType */
  protected type(): ts.TypeNode {
    if (this.isFunctionType()) return this.#functionType();
    this.enter();
    const type = this.#unionType();
    this.leave();
    if (this.token === SyntaxKind.ExtendsKeyword && !this.isAfterBreak) this.refuse(); // a conditional type
    return type;
  }

  /** ':' type */
  protected typeAnnotation(): ts.TypeNode | undefined {
    return this.skip(SyntaxKind.ColonToken) ? this.type() : undefined;
  }

  /** ':' resultType */
  protected resultAnnotation(): ts.TypeNode | undefined {
    return this.skip(SyntaxKind.ColonToken) ? this.#resultType() : undefined;
  }

  /** resultType = (name 'is')? type */
  #resultType(): ts.TypeNode {
    const { pos } = this;
    if (!this.isName()) return this.type();
    this.next();
    const isPredicate = this.token === SyntaxKind.IsKeyword && !this.isAfterBreak;
    this.rewind(pos);
    return isPredicate ? this.#predicate(this.identifier()) : this.type();
  }

  #predicate(parameterName: ts.Identifier | ts.ThisTypeNode): ts.TypePredicateNode {
    this.next(); // is
    const type = this.type();
    const node: Made<ts.TypePredicateNode> = {
      kind: SyntaxKind.TypePredicate,
      pos: parameterName.pos,
      end: this.pos,
      parent: undefined,
      assertsModifier: undefined,
      parameterName,
      type,
    };
    adopt(node, parameterName);
    adopt(node, type);
    return node as ts.TypePredicateNode;
  }

  /** Whether a type of functions begins here: `<`, or a parenthesis with what can only be parameters. */
  protected isFunctionType(): boolean {
    const { pos, token } = this;
    if (token === SyntaxKind.LessThanToken) return true;
    if (token === SyntaxKind.NewKeyword || token === SyntaxKind.AbstractKeyword) this.refuse();
    if (token !== SyntaxKind.OpenParenToken) return false;
    this.next();
    const isFunction = this.#areParameters();
    this.rewind(pos);
    return isFunction;
  }

  #areParameters(): boolean {
    const { token } = this;
    if (token === SyntaxKind.CloseParenToken || token === SyntaxKind.DotDotDotToken) return true;
    if (token === SyntaxKind.OpenBraceToken || token === SyntaxKind.OpenBracketToken) this.refuse(); // patterns
    if (isModifier(token) && !endsParameterName(this.peek())) this.refuse();
    if (!this.isName() && token !== SyntaxKind.ThisKeyword) return false;
    this.next();
    const behind = this.token;
    return behind === SyntaxKind.CloseParenToken
      ? this.peek() === SyntaxKind.EqualsGreaterThanToken
      : endsParameterName(behind);
  }

  /** functionType = typeParameters? '(' parameters ')' '=>' resultType */
  #functionType(): ts.FunctionTypeNode {
    this.enter();
    this.listDepth++;
    const { pos } = this;
    const typeParameters = this.typeParameters();
    const parameters = this.parameters();
    this.expect(SyntaxKind.EqualsGreaterThanToken);
    const type = this.#resultType();
    this.listDepth--;
    this.leave();
    const node: Made<ts.FunctionTypeNode> = {
      kind: SyntaxKind.FunctionType,
      pos,
      end: this.pos,
      parent: undefined,
      typeParameters,
      parameters,
      type,
    };
    adoptAll(node, typeParameters);
    adoptAll(node, parameters);
    adopt(node, type);
    return node as ts.FunctionTypeNode;
  }

  /** unionType = '|'? intersectionType ('|' intersectionType)* */
  #unionType(): ts.TypeNode {
    const { pos } = this;
    const isLed = this.skip(SyntaxKind.BarToken);
    if (isLed && this.isFunctionType()) this.refuse(); // it would have to be in parentheses
    const first = this.#intersectionType();
    if (this.token !== SyntaxKind.BarToken && !isLed) return first;
    const types = [first];
    while (this.skip(SyntaxKind.BarToken)) {
      if (this.isFunctionType()) this.refuse();
      types.push(this.#intersectionType());
    }
    return this.#group(SyntaxKind.UnionType, pos, types);
  }

  /** intersectionType = '&'? typeOperator ('&' typeOperator)* */
  #intersectionType(): ts.TypeNode {
    const { pos } = this;
    const isLed = this.skip(SyntaxKind.AmpersandToken);
    if (isLed && this.isFunctionType()) this.refuse();
    const first = this.#typeOperator();
    if (this.token !== SyntaxKind.AmpersandToken && !isLed) return first;
    const types = [first];
    while (this.skip(SyntaxKind.AmpersandToken)) {
      if (this.isFunctionType()) this.refuse();
      types.push(this.#typeOperator());
    }
    return this.#group(SyntaxKind.IntersectionType, pos, types);
  }

  #group(kind: ts.SyntaxKind, pos: number, types: readonly ts.TypeNode[]): ts.TypeNode {
    const node = { kind, pos, end: this.pos, parent: undefined, types };
    adoptAll(node, types);
    return node as unknown as ts.TypeNode;
  }

  /** typeOperator = ('keyof' | 'unique' | 'readonly') typeOperator | postfixType */
  #typeOperator(): ts.TypeNode {
    const { pos, token } = this;
    if (token === SyntaxKind.InferKeyword) this.refuse();
    const isOperator =
      token === SyntaxKind.KeyOfKeyword || token === SyntaxKind.UniqueKeyword || token === SyntaxKind.ReadonlyKeyword;
    if (!isOperator) return this.#postfixType();
    this.enter();
    this.next();
    const type = this.#typeOperator();
    this.leave();
    const node: Made<ts.TypeOperatorNode> = {
      kind: SyntaxKind.TypeOperator,
      pos,
      end: this.pos,
      parent: undefined,
      operator: token,
      type,
    };
    adopt(node, type);
    return node as ts.TypeOperatorNode;
  }

  /** postfixType = primaryType ('[' type? ']')* */
  #postfixType(): ts.TypeNode {
    const { pos } = this;
    let type = this.#primaryType();
    while (!this.isAfterBreak) {
      if (this.token === SyntaxKind.ExclamationToken) {
        if (!this.isAttempt) this.refuse();
        this.isOdd = true;
        this.next();
      } else if (this.token === SyntaxKind.OpenBracketToken) type = this.#indexed(pos, type);
      else {
        if (this.token === SyntaxKind.QuestionToken && !this.isAttempt) this.#refuseNullable();
        break;
      }
    }
    return type;
  }

  /** `T?` is a type for TypeScript, unless another type follows, as in `x as T ? y : z`. */
  #refuseNullable(): void {
    const next = this.peek();
    const isType =
      next === SyntaxKind.Identifier ||
      next === SyntaxKind.StringLiteral ||
      next === SyntaxKind.NumericLiteral ||
      next === SyntaxKind.TrueKeyword ||
      next === SyntaxKind.FalseKeyword ||
      next === SyntaxKind.NullKeyword;
    if (!isType) this.refuse();
  }

  #indexed(pos: number, of: ts.TypeNode): ts.TypeNode {
    this.next(); // [
    if (this.skip(SyntaxKind.CloseBracketToken)) {
      const array: Made<ts.ArrayTypeNode> = {
        kind: SyntaxKind.ArrayType,
        pos,
        end: this.pos,
        parent: undefined,
        elementType: of,
      };
      adopt(array, of);
      return array as ts.ArrayTypeNode;
    }
    const indexType = this.type();
    this.expect(SyntaxKind.CloseBracketToken);
    const node: Made<ts.IndexedAccessTypeNode> = {
      kind: SyntaxKind.IndexedAccessType,
      pos,
      end: this.pos,
      parent: undefined,
      objectType: of,
      indexType,
    };
    adopt(node, of);
    adopt(node, indexType);
    return node as ts.IndexedAccessTypeNode;
  }

  /** primaryType = keyword | literal | '(' type ')' | 'typeof' name | '{' members '}' | '[' types ']' | 'this' | name typeArguments? */
  #primaryType(): ts.TypeNode {
    switch (this.token) {
      case SyntaxKind.AnyKeyword:
      case SyntaxKind.BigIntKeyword:
      case SyntaxKind.BooleanKeyword:
      case SyntaxKind.NeverKeyword:
      case SyntaxKind.NumberKeyword:
      case SyntaxKind.ObjectKeyword:
      case SyntaxKind.StringKeyword:
      case SyntaxKind.SymbolKeyword:
      case SyntaxKind.UndefinedKeyword:
      case SyntaxKind.UnknownKeyword:
        return this.peek() === SyntaxKind.DotToken ? this.reference() : (this.tokenNode() as ts.TypeNode);
      case SyntaxKind.VoidKeyword:
        return this.tokenNode() as ts.TypeNode;
      case SyntaxKind.BigIntLiteral:
      case SyntaxKind.FalseKeyword:
      case SyntaxKind.NullKeyword:
      case SyntaxKind.NumericLiteral:
      case SyntaxKind.StringLiteral:
      case SyntaxKind.TrueKeyword:
      case SyntaxKind.MinusToken:
        return this.#literalType();
      case SyntaxKind.OpenParenToken:
        return this.#parenthesizedType();
      case SyntaxKind.ThisKeyword:
        return this.#thisType();
      case SyntaxKind.TypeOfKeyword:
        return this.query();
      case SyntaxKind.OpenBraceToken:
        return this.#typeLiteral();
      case SyntaxKind.OpenBracketToken:
        return this.#tuple();
      default:
        return this.reference();
    }
  }

  /** '-'? literal */
  #literalType(): ts.LiteralTypeNode {
    const { pos, token } = this;
    const literal = token === SyntaxKind.MinusToken ? this.#negative() : this.#literalOfType();
    const node = { kind: SyntaxKind.LiteralType, pos, end: this.pos, parent: undefined, literal };
    adopt(node, literal);
    return node as unknown as ts.LiteralTypeNode;
  }

  #literalOfType(): ts.LiteralTypeNode['literal'] {
    const isKeyword = this.token >= SyntaxKind.FalseKeyword;
    return isKeyword ? (this.tokenNode() as ts.NullLiteral) : (this.literal() as ts.StringLiteral);
  }

  #negative(): ts.PrefixUnaryExpression {
    const { pos } = this;
    const next = this.peek();
    if (next !== SyntaxKind.NumericLiteral && next !== SyntaxKind.BigIntLiteral) this.mismatch();
    this.next(); // -
    const operand = this.literal() as ts.NumericLiteral;
    const node: Made<ts.PrefixUnaryExpression> = {
      kind: SyntaxKind.PrefixUnaryExpression,
      pos,
      end: this.pos,
      parent: undefined,
      operator: SyntaxKind.MinusToken,
      operand,
    };
    adopt(node, operand);
    return node as ts.PrefixUnaryExpression;
  }

  /** '(' type ')' */
  #parenthesizedType(): ts.ParenthesizedTypeNode {
    const { pos } = this;
    this.next();
    const type = this.type();
    this.expect(SyntaxKind.CloseParenToken);
    const node: Made<ts.ParenthesizedTypeNode> = {
      kind: SyntaxKind.ParenthesizedType,
      pos,
      end: this.pos,
      parent: undefined,
      type,
    };
    adopt(node, type);
    return node as ts.ParenthesizedTypeNode;
  }

  /** 'this' ('is' type)? */
  #thisType(): ts.TypeNode {
    const { end, pos } = this;
    this.next();
    const node = makeToken(SyntaxKind.ThisType, pos, end) as ts.ThisTypeNode;
    return this.token === SyntaxKind.IsKeyword && !this.isAfterBreak ? this.#predicate(node) : node;
  }

  /** '{' typeMember* '}' */
  #typeLiteral(): ts.TypeLiteralNode {
    const { pos } = this;
    this.enter();
    this.listDepth++;
    const members = this.typeMembers();
    this.listDepth--;
    this.leave();
    const node: Made<ts.TypeLiteralNode> = {
      kind: SyntaxKind.TypeLiteral,
      pos,
      end: this.pos,
      parent: undefined,
      members,
    };
    adoptAll(node, members);
    return node as ts.TypeLiteralNode;
  }

  /** '[' (type (',' type)* ','?)? ']' */
  #tuple(): ts.TupleTypeNode {
    const { pos } = this;
    this.listDepth++;
    this.next();
    const elements = this.list(SyntaxKind.CloseBracketToken, () => this.#element());
    this.listDepth--;
    const node: Made<ts.TupleTypeNode> = {
      kind: SyntaxKind.TupleType,
      pos,
      end: this.pos,
      parent: undefined,
      elements,
    };
    adoptAll(node, elements);
    return node as ts.TupleTypeNode;
  }

  #element(): ts.TypeNode {
    const isNamed = this.isWord() && isNameEnd(this.peek());
    if (isNamed || this.token === SyntaxKind.DotDotDotToken) this.refuse();
    const type = this.type();
    if (this.token === SyntaxKind.QuestionToken) this.refuse();
    return type;
  }
}

/** What comes after the name of a parameter. */
export function endsParameterName(token: ts.SyntaxKind): boolean {
  return (
    token === SyntaxKind.ColonToken ||
    token === SyntaxKind.CommaToken ||
    token === SyntaxKind.QuestionToken ||
    token === SyntaxKind.EqualsToken
  );
}

/** `name:` or `name?` */
function isNameEnd(token: ts.SyntaxKind): boolean {
  return token === SyntaxKind.ColonToken || token === SyntaxKind.QuestionToken;
}
