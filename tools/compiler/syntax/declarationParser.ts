/*
 * The parser of declarations: functions, classes, interfaces, types, enums, and `declare` and `export` before them.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { adopt, adoptAll, adoptIfAny, nodeArray, type Made } from './nodes.ts';
import { StatementParser } from './statementParser.ts';
import { isModifier } from './tokens.ts';

type Modifiers = ts.NodeArray<ts.Modifier> | undefined;

export abstract class DeclarationParser extends StatementParser {
  /** What begins with `import`, or with `export` and is no declaration; null if it is one. */
  protected abstract module(): ts.Statement | null;

  /** A block that is parsed later; null if it has to be now. */
  protected abstract laterBlock(): ts.Block | null;

  protected declaration(): ts.Statement | null {
    const { pos, token } = this;
    switch (token) {
      case SyntaxKind.ImportKeyword:
        return this.module();
      case SyntaxKind.ExportKeyword:
        return this.module() ?? this.#declared(pos, this.#modifiers());
      case SyntaxKind.ClassKeyword:
      case SyntaxKind.ConstKeyword: // of an enum
      case SyntaxKind.EnumKeyword:
      case SyntaxKind.FunctionKeyword:
        return this.#declared(pos, this.#modifiers());
      case SyntaxKind.DeclareKeyword:
      case SyntaxKind.InterfaceKeyword:
      case SyntaxKind.TypeKeyword:
        return this.#isBeforeDeclaration() ? this.#declared(pos, this.#modifiers()) : null;
      default:
        if (startsOther(token) && this.#isBeforeOther()) this.refuse();
        return null;
    }
  }

  /** `type`, `interface` and `declare` are names, too, if no other word follows on the line. */
  #isBeforeDeclaration(): boolean {
    const { pos } = this;
    this.next();
    const isBefore = this.isWord() && !this.isAfterBreak;
    const isOdd = isBefore && isOperatorWord(this.token);
    this.rewind(pos);
    if (isOdd) this.refuse();
    return isBefore;
  }

  #isBeforeOther(): boolean {
    const next = this.peek();
    return next >= SyntaxKind.Identifier || next === SyntaxKind.StringLiteral || next === SyntaxKind.OpenBraceToken;
  }

  /** modifiers = 'export'? 'declare'? 'const'? */
  #modifiers(): Modifiers {
    const modifiers: ts.Modifier[] = [];
    if (this.token === SyntaxKind.ExportKeyword) modifiers.push(this.tokenNode() as ts.ExportKeyword);
    if (this.token === SyntaxKind.DeclareKeyword) {
      modifiers.push(this.tokenNode() as ts.DeclareKeyword);
      if (this.isAfterBreak) this.refuse();
    }
    if (this.token === SyntaxKind.ConstKeyword && this.peek() === SyntaxKind.EnumKeyword)
      modifiers.push(this.tokenNode() as ts.ConstKeyword);
    return modifiers.length === 0 ? undefined : nodeArray(modifiers);
  }

  #declared(pos: number, modifiers: Modifiers): ts.Statement {
    switch (this.token) {
      case SyntaxKind.ClassKeyword:
        return this.#class(pos, modifiers);
      case SyntaxKind.ConstKeyword:
      case SyntaxKind.LetKeyword:
      case SyntaxKind.VarKeyword:
        return this.variables(pos, modifiers);
      case SyntaxKind.EnumKeyword:
        return this.#enum(pos, modifiers);
      case SyntaxKind.FunctionKeyword:
        return this.#function(pos, modifiers);
      case SyntaxKind.InterfaceKeyword:
        return this.#interface(pos, modifiers);
      case SyntaxKind.TypeKeyword:
        return this.#typeAlias(pos, modifiers);
      default:
        return this.refuse();
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Functions

  /** 'function' name typeParameters? '(' parameters ')' resultAnnotation? (block | ';') */
  #function(pos: number, modifiers: Modifiers): ts.FunctionDeclaration {
    this.next();
    if (this.token === SyntaxKind.AsteriskToken) this.refuse();
    const name = this.identifier();
    const typeParameters = this.typeParameters();
    const parameters = this.parameters();
    const type = this.resultAnnotation();
    const body = this.#body();
    const node: Made<ts.FunctionDeclaration> = {
      kind: SyntaxKind.FunctionDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      typeParameters,
      parameters,
      type,
      body,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptAll(node, typeParameters);
    adoptAll(node, parameters);
    adoptIfAny(node, type);
    adoptIfAny(node, body);
    return node as ts.FunctionDeclaration;
  }

  #body(): ts.Block | undefined {
    if (this.token === SyntaxKind.OpenBraceToken) return this.laterBlock() ?? this.block();
    this.semicolon();
    return undefined;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Classes

  /** 'class' name typeParameters? heritage* '{' classMember* '}' */
  #class(pos: number, modifiers: Modifiers): ts.ClassDeclaration {
    this.next();
    const name = this.identifier();
    const typeParameters = this.typeParameters();
    const heritageClauses = this.#heritage();
    this.expect(SyntaxKind.OpenBraceToken);
    const members: ts.ClassElement[] = [];
    while (this.token !== SyntaxKind.CloseBraceToken) members.push(this.#classMember());
    this.next();
    const node: Made<ts.ClassDeclaration> = {
      kind: SyntaxKind.ClassDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      typeParameters,
      heritageClauses,
      members: nodeArray(members),
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptAll(node, typeParameters);
    adoptAll(node, heritageClauses);
    adoptAll(node, members);
    return node as ts.ClassDeclaration;
  }

  /** heritage = ('extends' | 'implements') base (',' base)* */
  #heritage(): ts.NodeArray<ts.HeritageClause> | undefined {
    const clauses: ts.HeritageClause[] = [];
    while (this.token === SyntaxKind.ExtendsKeyword || this.token === SyntaxKind.ImplementsKeyword) {
      const { pos, token } = this;
      this.next();
      const types = [this.#base()];
      while (this.skip(SyntaxKind.CommaToken)) types.push(this.#base());
      const node: Made<ts.HeritageClause> = {
        kind: SyntaxKind.HeritageClause,
        pos,
        end: this.pos,
        parent: undefined,
        token,
        types: nodeArray(types),
      };
      adoptAll(node, types);
      clauses.push(node as ts.HeritageClause);
    }
    return clauses.length === 0 ? undefined : nodeArray(clauses);
  }

  /** base = name typeArguments? */
  #base(): ts.ExpressionWithTypeArguments {
    const { pos } = this;
    const expression = this.identifier();
    const typeArguments = this.token === SyntaxKind.LessThanToken ? this.typeArguments() : undefined;
    if (!this.#endsBase()) this.refuse();
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

  #endsBase(): boolean {
    switch (this.token) {
      case SyntaxKind.CommaToken:
      case SyntaxKind.ExtendsKeyword:
      case SyntaxKind.ImplementsKeyword:
      case SyntaxKind.OpenBraceToken:
        return true;
      default:
        return false;
    }
  }

  /** classMember = modifiers (method | property) */
  #classMember(): ts.ClassElement {
    const { pos } = this;
    const modifiers = this.#memberModifiers();
    const { token } = this;
    // Constructors, accessors, generators, and names that may be one of these.
    const isOdd =
      token === SyntaxKind.ConstructorKeyword ||
      token === SyntaxKind.StringLiteral ||
      token === SyntaxKind.AsteriskToken;
    if (isOdd || this.isBeforeName(SyntaxKind.GetKeyword) || this.isBeforeName(SyntaxKind.SetKeyword)) this.refuse();
    if (token === SyntaxKind.OpenBracketToken && this.isIndex()) this.refuse();
    const name = this.propertyName();
    const questionToken = this.tokenIf(SyntaxKind.QuestionToken) as ts.QuestionToken | undefined;
    const isMethod = this.token === SyntaxKind.OpenParenToken || this.token === SyntaxKind.LessThanToken;
    return isMethod
      ? this.#method(pos, modifiers, name, questionToken)
      : this.#propertyDeclaration(pos, modifiers, name, questionToken);
  }

  #memberModifiers(): Modifiers {
    const modifiers: ts.Modifier[] = [];
    let isStatic = false;
    while (isModifier(this.token) && !(isStatic && this.token === SyntaxKind.StaticKeyword)) {
      const { pos, token } = this;
      const modifier = this.tokenNode() as ts.Modifier;
      const isOdd =
        this.token === SyntaxKind.OpenBraceToken ||
        this.token === SyntaxKind.AsteriskToken ||
        this.token === SyntaxKind.DotDotDotToken;
      if (isOdd || token < SyntaxKind.InterfaceKeyword || token === SyntaxKind.AsyncKeyword) this.refuse();
      if (!this.isMemberName() || (this.isAfterBreak && token !== SyntaxKind.StaticKeyword)) {
        this.rewind(pos); // it is the member's name
        break;
      }
      if (token === SyntaxKind.StaticKeyword) isStatic = true;
      modifiers.push(modifier);
    }
    return modifiers.length === 0 ? undefined : nodeArray(modifiers);
  }

  /** method = propertyName '?'? typeParameters? '(' parameters ')' resultAnnotation? (block | ';') */
  #method(
    pos: number,
    modifiers: Modifiers,
    name: ts.PropertyName,
    questionToken: ts.QuestionToken | undefined,
  ): ts.MethodDeclaration {
    const typeParameters = this.typeParameters();
    const parameters = this.parameters();
    const type = this.resultAnnotation();
    const body = this.#body();
    const node: Made<ts.MethodDeclaration> = {
      kind: SyntaxKind.MethodDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      questionToken,
      typeParameters,
      parameters,
      type,
      body,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptIfAny(node, questionToken);
    adoptAll(node, typeParameters);
    adoptAll(node, parameters);
    adoptIfAny(node, type);
    adoptIfAny(node, body);
    return node as ts.MethodDeclaration;
  }

  /** property = propertyName ('?' | '!')? typeAnnotation? initializer? ';' */
  #propertyDeclaration(
    pos: number,
    modifiers: Modifiers,
    name: ts.PropertyName,
    questionToken: ts.QuestionToken | undefined,
  ): ts.PropertyDeclaration {
    const mayBeDefinite = questionToken === undefined && !this.isAfterBreak;
    const exclamationToken = mayBeDefinite
      ? (this.tokenIf(SyntaxKind.ExclamationToken) as ts.ExclamationToken | undefined)
      : undefined;
    const type = this.typeAnnotation();
    const initializer = this.initializer();
    this.semicolon();
    const node: Made<ts.PropertyDeclaration> = {
      kind: SyntaxKind.PropertyDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      questionToken,
      exclamationToken,
      type,
      initializer,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptIfAny(node, questionToken);
    adoptIfAny(node, exclamationToken);
    adoptIfAny(node, type);
    adoptIfAny(node, initializer);
    return node as ts.PropertyDeclaration;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Types and enums

  /** 'interface' name typeParameters? heritage* '{' typeMember* '}' */
  #interface(pos: number, modifiers: Modifiers): ts.InterfaceDeclaration {
    this.next();
    if (this.isAfterBreak) this.refuse();
    const name = this.identifier();
    const typeParameters = this.typeParameters();
    const heritageClauses = this.#heritage();
    const members = this.typeMembers();
    const node: Made<ts.InterfaceDeclaration> = {
      kind: SyntaxKind.InterfaceDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      typeParameters,
      heritageClauses,
      members,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptAll(node, typeParameters);
    adoptAll(node, heritageClauses);
    adoptAll(node, members);
    return node as ts.InterfaceDeclaration;
  }

  /** 'type' name typeParameters? '=' type ';' */
  #typeAlias(pos: number, modifiers: Modifiers): ts.TypeAliasDeclaration {
    this.next();
    if (this.isAfterBreak) this.refuse();
    const name = this.identifier();
    const typeParameters = this.typeParameters();
    this.expect(SyntaxKind.EqualsToken);
    if (this.token === SyntaxKind.IntrinsicKeyword) this.refuse();
    const type = this.type();
    this.semicolon();
    const node: Made<ts.TypeAliasDeclaration> = {
      kind: SyntaxKind.TypeAliasDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      typeParameters,
      type,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptAll(node, typeParameters);
    adopt(node, type);
    return node as ts.TypeAliasDeclaration;
  }

  /** 'enum' name '{' (enumMember (',' enumMember)* ','?)? '}' */
  #enum(pos: number, modifiers: Modifiers): ts.EnumDeclaration {
    this.next();
    const name = this.identifier();
    this.expect(SyntaxKind.OpenBraceToken);
    const members = this.list(SyntaxKind.CloseBraceToken, () => this.#enumMember());
    const node: Made<ts.EnumDeclaration> = {
      kind: SyntaxKind.EnumDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      name,
      members,
    };
    adoptAll(node, modifiers);
    adopt(node, name);
    adoptAll(node, members);
    return node as ts.EnumDeclaration;
  }

  /** enumMember = propertyName initializer? */
  #enumMember(): ts.EnumMember {
    const { pos } = this;
    const name = this.propertyName();
    const initializer = this.initializer();
    const node: Made<ts.EnumMember> = {
      kind: SyntaxKind.EnumMember,
      pos,
      end: this.pos,
      parent: undefined,
      name,
      initializer,
    };
    adopt(node, name);
    adoptIfAny(node, initializer);
    return node as ts.EnumMember;
  }
}

/** Words that may begin statements that are not for us, but are names, too. */
function startsOther(token: ts.SyntaxKind): boolean {
  switch (token) {
    case SyntaxKind.AbstractKeyword:
    case SyntaxKind.AccessorKeyword:
    case SyntaxKind.AsyncKeyword:
    case SyntaxKind.AwaitKeyword:
    case SyntaxKind.DeferKeyword:
    case SyntaxKind.GlobalKeyword:
    case SyntaxKind.ModuleKeyword:
    case SyntaxKind.NamespaceKeyword:
    case SyntaxKind.ReadonlyKeyword:
      return true;
    default:
      return false;
  }
}

/** `type in x`, `type as x` */
function isOperatorWord(token: ts.SyntaxKind): boolean {
  switch (token) {
    case SyntaxKind.AsKeyword:
    case SyntaxKind.InKeyword:
    case SyntaxKind.InstanceOfKeyword:
    case SyntaxKind.SatisfiesKeyword:
      return true;
    default:
      return false;
  }
}
