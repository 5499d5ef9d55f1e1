/*
 * The parser of what functions and types of functions have in common: parameters, type parameters, the names of members; and of the
 * members of interfaces.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { adopt, adoptAll, adoptIfAny, nodeArray, type Made } from './nodes.ts';
import { isModifier } from './tokens.ts';
import { endsParameterName, TypeParser } from './typeParser.ts';

export abstract class SignatureParser extends TypeParser {
  /** An expression without commas. */
  protected abstract assignment(): ts.Expression;
  /** assignment (',' assignment)* */
  protected abstract expression(): ts.Expression;

  // -------------------------------------------------------------------------------------------------------------------
  // Parameters

  protected typeParameters(): ts.NodeArray<ts.TypeParameterDeclaration> | undefined {
    if (!this.skip(SyntaxKind.LessThanToken)) return undefined;
    const parameters = [this.#typeParameter()];
    while (this.skip(SyntaxKind.CommaToken)) {
      if (this.token === SyntaxKind.GreaterThanToken) break;
      parameters.push(this.#typeParameter());
    }
    this.expect(SyntaxKind.GreaterThanToken);
    return nodeArray(parameters);
  }

  /** typeParameter = name ('extends' type)? ('=' type)? */
  #typeParameter(): ts.TypeParameterDeclaration {
    const { pos } = this;
    if (isModifier(this.token)) this.refuse();
    const name = this.identifier();
    const constraint = this.skip(SyntaxKind.ExtendsKeyword) ? this.type() : undefined;
    const defaultType = this.skip(SyntaxKind.EqualsToken) ? this.type() : undefined;
    const node: Made<ts.TypeParameterDeclaration> = {
      kind: SyntaxKind.TypeParameter,
      pos,
      end: this.pos,
      parent: undefined,
      name,
      constraint,
      default: defaultType,
    };
    adopt(node, name);
    adoptIfAny(node, constraint);
    adoptIfAny(node, defaultType);
    return node as ts.TypeParameterDeclaration;
  }

  protected parameters(): ts.NodeArray<ts.ParameterDeclaration> {
    this.listDepth++;
    this.expect(SyntaxKind.OpenParenToken);
    const parameters = this.list(SyntaxKind.CloseParenToken, () => this.parameter());
    this.listDepth--;
    return parameters;
  }

  /** parameter = '...'? name '?'? typeAnnotation? initializer? */
  protected parameter(): ts.ParameterDeclaration {
    const { pos } = this;
    const dotDotDotToken = this.tokenIf(SyntaxKind.DotDotDotToken) as ts.DotDotDotToken | undefined;
    const isThis = this.token === SyntaxKind.ThisKeyword;
    if (isThis && dotDotDotToken !== undefined) this.refuse();
    const name = this.#parameterName();
    const questionToken = this.tokenIf(SyntaxKind.QuestionToken) as ts.QuestionToken | undefined;
    const type = this.typeAnnotation();
    if (isThis && this.token === SyntaxKind.EqualsToken) this.refuse();
    const initializer = this.initializer();
    const node: Made<ts.ParameterDeclaration> = {
      kind: SyntaxKind.Parameter,
      pos,
      end: this.pos,
      parent: undefined,
      dotDotDotToken,
      name,
      questionToken,
      type,
      initializer,
    };
    adoptIfAny(node, dotDotDotToken);
    adopt(node, name);
    adoptIfAny(node, questionToken);
    adoptIfAny(node, type);
    adoptIfAny(node, initializer);
    return node as ts.ParameterDeclaration;
  }

  #parameterName(): ts.Identifier {
    const { token } = this;
    if (token === SyntaxKind.OpenBraceToken || token === SyntaxKind.OpenBracketToken) this.refuse(); // a pattern
    if (token === SyntaxKind.ThisKeyword) {
      const name = this.word();
      if (this.token === SyntaxKind.QuestionToken || this.token === SyntaxKind.EqualsToken) this.refuse();
      return name;
    }
    if (isModifier(token)) {
      const next = this.peek();
      if (next !== SyntaxKind.CloseParenToken && !endsParameterName(next)) this.refuse();
    }
    return this.identifier();
  }

  /** initializer = '=' assignment */
  protected initializer(): ts.Expression | undefined {
    return this.skip(SyntaxKind.EqualsToken) ? this.assignment() : undefined;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Members

  /** propertyName = word | string | number | '[' expression ']' */
  protected propertyName(): ts.PropertyName {
    switch (this.token) {
      case SyntaxKind.NumericLiteral:
      case SyntaxKind.StringLiteral:
        return this.literal() as ts.StringLiteral;
      case SyntaxKind.OpenBracketToken:
        return this.#computedName();
      default:
        return this.word();
    }
  }

  #computedName(): ts.ComputedPropertyName {
    const { pos } = this;
    this.next();
    const expression = this.expression();
    this.expect(SyntaxKind.CloseBracketToken);
    const node: Made<ts.ComputedPropertyName> = {
      kind: SyntaxKind.ComputedPropertyName,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adopt(node, expression);
    return node as ts.ComputedPropertyName;
  }

  /** Whether a member's name may begin here, rather than `:` or the like after a name that is also a modifier. */
  protected isMemberName(): boolean {
    const { token } = this;
    return (
      this.isWord() ||
      token === SyntaxKind.NumericLiteral ||
      token === SyntaxKind.StringLiteral ||
      token === SyntaxKind.BigIntLiteral ||
      token === SyntaxKind.OpenBracketToken
    );
  }

  /** Whether the token is `kind`, and what it says is said of the name that follows. */
  protected isBeforeName(kind: ts.SyntaxKind): boolean {
    if (this.token !== kind) return false;
    const { pos } = this;
    this.next();
    const isBefore = this.isMemberName();
    this.rewind(pos);
    return isBefore;
  }

  protected typeMembers(): ts.NodeArray<ts.TypeElement> {
    const members: ts.TypeElement[] = [];
    this.expect(SyntaxKind.OpenBraceToken);
    while (this.token !== SyntaxKind.CloseBraceToken) members.push(this.#typeMember());
    this.next();
    return nodeArray(members);
  }

  /** typeMember = 'readonly'? (indexSignature | methodSignature | propertySignature) (',' | ';')? */
  #typeMember(): ts.TypeElement {
    const { pos } = this;
    const modifiers = this.#readonlyIfAny();
    if (isModifier(this.token) && this.isBeforeName(this.token)) this.refuse();
    if (this.isBeforeName(SyntaxKind.GetKeyword) || this.isBeforeName(SyntaxKind.SetKeyword)) this.refuse();
    if (this.token === SyntaxKind.NewKeyword) this.refuse();
    if (this.token === SyntaxKind.OpenBracketToken && this.isIndex()) return this.#indexSignature(pos, modifiers);
    const name = this.propertyName();
    const questionToken = this.tokenIf(SyntaxKind.QuestionToken) as ts.QuestionToken | undefined;
    if (this.token === SyntaxKind.OpenParenToken || this.token === SyntaxKind.LessThanToken)
      return this.#methodSignature(pos, modifiers, name, questionToken);
    const type = this.typeAnnotation();
    this.#endOfTypeMember();
    const node: Made<ts.PropertySignature> = {
      kind: SyntaxKind.PropertySignature,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      questionToken,
      type,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptIfAny(node, questionToken);
    adoptIfAny(node, type);
    return node as ts.PropertySignature;
  }

  #readonlyIfAny(): ts.NodeArray<ts.Modifier> | undefined {
    if (this.token !== SyntaxKind.ReadonlyKeyword) return undefined;
    const { pos } = this;
    const modifier = this.tokenNode() as ts.ReadonlyKeyword;
    if (this.isMemberName() && !this.isAfterBreak) return nodeArray([modifier]);
    this.rewind(pos);
    return undefined;
  }

  #endOfTypeMember(): void {
    if (!this.skip(SyntaxKind.CommaToken)) this.semicolon();
  }

  /** typeParameters? '(' parameters ')' resultAnnotation? */
  #methodSignature(
    pos: number,
    modifiers: ts.NodeArray<ts.Modifier> | undefined,
    name: ts.PropertyName,
    questionToken: ts.QuestionToken | undefined,
  ): ts.MethodSignature {
    const typeParameters = this.typeParameters();
    const parameters = this.parameters();
    const type = this.resultAnnotation();
    this.#endOfTypeMember();
    const node: Made<ts.MethodSignature> = {
      kind: SyntaxKind.MethodSignature,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      questionToken,
      typeParameters,
      parameters,
      type,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptIfAny(node, questionToken);
    adoptAll(node, typeParameters);
    adoptAll(node, parameters);
    adoptIfAny(node, type);
    return node as ts.MethodSignature;
  }

  /** Whether `[name:` stands here. */
  protected isIndex(): boolean {
    const { pos } = this;
    this.next();
    const isName = this.isName();
    if (!isName && this.token === SyntaxKind.CloseBracketToken) this.refuse();
    if (isName) this.next();
    const isIndex = isName && this.token === SyntaxKind.ColonToken;
    // Several parameters, or a mapped type: `[K in T]`.
    const isOther = endsParameterName(this.token) || this.token === SyntaxKind.InKeyword;
    if (isName && !isIndex && isOther) this.refuse();
    this.rewind(pos);
    return isIndex;
  }

  /** '[' parameter ']' typeAnnotation? */
  #indexSignature(pos: number, modifiers: ts.NodeArray<ts.Modifier> | undefined): ts.IndexSignatureDeclaration {
    this.next();
    const parameters = nodeArray([this.parameter()]);
    this.expect(SyntaxKind.CloseBracketToken);
    const type = this.typeAnnotation();
    this.#endOfTypeMember();
    const node: Made<ts.IndexSignatureDeclaration> = {
      kind: SyntaxKind.IndexSignature,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      parameters,
      type,
    };
    adoptAll(node, modifiers);
    adoptAll(node, parameters);
    adoptIfAny(node, type);
    return node as ts.IndexSignatureDeclaration;
  }
}
