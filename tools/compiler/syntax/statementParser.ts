/*
 * The parser of statements, but for what only stands at the top of a module or declares types.
 */

import type ts from 'typescript';
import { NodeFlags } from './flags.ts';
import { SyntaxKind } from './kinds.ts';
import { adopt, adoptAll, adoptIfAny, nodeArray, type Made } from './nodes.ts';
import { OperatorParser } from './operatorParser.ts';

export abstract class StatementParser extends OperatorParser {
  /** A declaration of anything but variables; null if that is not what begins here. */
  protected abstract declaration(): ts.Statement | null;

  /** statement = block | variables | declaration | if | while | do | for | jump | switch | labelled | expression ';' | ';' */
  protected statement(): ts.Statement {
    this.enter();
    const statement = this.#simpleStatement() ?? this.declaration() ?? this.#expressionStatement();
    this.leave();
    return statement;
  }

  /** What its first token tells. */
  #simpleStatement(): ts.Statement | null {
    switch (this.token) {
      case SyntaxKind.SemicolonToken:
        return this.#empty();
      case SyntaxKind.OpenBraceToken:
        return this.block();
      case SyntaxKind.LetKeyword:
      case SyntaxKind.VarKeyword:
        return this.variables(this.pos, undefined);
      case SyntaxKind.ConstKeyword:
        return this.peek() === SyntaxKind.EnumKeyword ? null : this.variables(this.pos, undefined);
      case SyntaxKind.UsingKeyword:
        return this.variables(this.pos, undefined);
      case SyntaxKind.IfKeyword:
        return this.#if();
      case SyntaxKind.WhileKeyword:
        return this.#while();
      case SyntaxKind.DoKeyword:
        return this.#do();
      case SyntaxKind.ForKeyword:
        return this.#for();
      case SyntaxKind.BreakKeyword:
        return this.#jump(SyntaxKind.BreakStatement);
      case SyntaxKind.ContinueKeyword:
        return this.#jump(SyntaxKind.ContinueStatement);
      case SyntaxKind.ReturnKeyword:
        return this.#return();
      case SyntaxKind.SwitchKeyword:
        return this.#switch();
      default:
        return null;
    }
  }

  #empty(): ts.EmptyStatement {
    const { pos } = this;
    this.next();
    return {
      kind: SyntaxKind.EmptyStatement,
      pos,
      end: this.pos,
      parent: undefined,
    } as unknown as ts.EmptyStatement;
  }

  /** block = '{' statement* '}' */
  protected block(): ts.Block {
    const { pos } = this;
    this.expect(SyntaxKind.OpenBraceToken);
    const statements = this.statements();
    this.next();
    const node: Made<ts.Block> = {
      kind: SyntaxKind.Block,
      pos,
      end: this.pos,
      parent: undefined,
      statements,
    };
    adoptAll(node, statements);
    return node as ts.Block;
  }

  /** The statements up to a closing brace. */
  protected statements(): ts.NodeArray<ts.Statement> {
    const start = this.begin();
    while (this.token !== SyntaxKind.CloseBraceToken) this.add(this.statement());
    return this.taken<ts.Statement>(start);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Variables

  /** variables = ('var' | 'let' | 'const' | 'using') variable (',' variable)* ';' */
  protected variables(pos: number, modifiers: ts.NodeArray<ts.Modifier> | undefined): ts.VariableStatement {
    const declarationList = this.#variableList();
    this.semicolon();
    const node: Made<ts.VariableStatement> = {
      kind: SyntaxKind.VariableStatement,
      pos,
      end: this.pos,
      parent: undefined,
      modifiers,
      declarationList,
    };
    adoptAll(node, modifiers);
    adopt(node, declarationList);
    return node as ts.VariableStatement;
  }

  #variableList(): ts.VariableDeclarationList {
    const { pos } = this;
    const flags = this.#variableFlags();
    this.next();
    if (flags === NodeFlags.Using && this.isAfterBreak) this.refuse();
    const declarations = [this.#variable()];
    while (this.skip(SyntaxKind.CommaToken)) declarations.push(this.#variable());
    const node: Made<ts.VariableDeclarationList> = {
      kind: SyntaxKind.VariableDeclarationList,
      flags,
      pos,
      end: this.pos,
      parent: undefined,
      declarations: nodeArray(declarations),
    };
    adoptAll(node, declarations);
    return node as ts.VariableDeclarationList;
  }

  #variableFlags(): ts.NodeFlags {
    switch (this.token) {
      case SyntaxKind.LetKeyword:
        return NodeFlags.Let;
      case SyntaxKind.ConstKeyword:
        return NodeFlags.Const;
      case SyntaxKind.UsingKeyword:
        return NodeFlags.Using;
      default:
        return NodeFlags.None;
    }
  }

  /** variable = name '!'? typeAnnotation? initializer? */
  #variable(): ts.VariableDeclaration {
    const { pos } = this;
    const name = this.#variableName();
    const isDefinite = this.token === SyntaxKind.ExclamationToken && !this.isAfterBreak;
    if (isDefinite && this.isForInitializer) this.refuse();
    const exclamationToken = isDefinite ? (this.tokenNode() as ts.ExclamationToken) : undefined;
    const type = this.typeAnnotation();
    const initializer = this.initializer();
    const node: Made<ts.VariableDeclaration> = {
      kind: SyntaxKind.VariableDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      name,
      exclamationToken,
      type,
      initializer,
    };
    adopt(node, name);
    adoptIfAny(node, exclamationToken);
    adoptIfAny(node, type);
    adoptIfAny(node, initializer);
    return node as ts.VariableDeclaration;
  }

  #variableName(): ts.Identifier {
    const isLoop = this.isForInitializer && this.token === SyntaxKind.OfKeyword;
    if (!this.isName() || isLoop) this.refuse(); // a pattern, or no declaration at all
    return this.identifier();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Conditions and loops

  /** '(' expression ')' */
  #parenthesizedCondition(): ts.Expression {
    this.expect(SyntaxKind.OpenParenToken);
    const expression = this.expression();
    this.expect(SyntaxKind.CloseParenToken);
    return expression;
  }

  /** 'if' '(' expression ')' statement ('else' statement)? */
  #if(): ts.IfStatement {
    const { pos } = this;
    this.next();
    const expression = this.#parenthesizedCondition();
    const thenStatement = this.statement();
    const elseStatement = this.skip(SyntaxKind.ElseKeyword) ? this.statement() : undefined;
    const node: Made<ts.IfStatement> = {
      kind: SyntaxKind.IfStatement,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      thenStatement,
      elseStatement,
    };
    adopt(node, expression);
    adopt(node, thenStatement);
    adoptIfAny(node, elseStatement);
    return node as ts.IfStatement;
  }

  /** 'while' '(' expression ')' statement */
  #while(): ts.WhileStatement {
    const { pos } = this;
    this.next();
    const expression = this.#parenthesizedCondition();
    const statement = this.statement();
    const node: Made<ts.WhileStatement> = {
      kind: SyntaxKind.WhileStatement,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      statement,
    };
    adopt(node, expression);
    adopt(node, statement);
    return node as ts.WhileStatement;
  }

  /** 'do' statement 'while' '(' expression ')' ';'? */
  #do(): ts.DoStatement {
    const { pos } = this;
    this.next();
    const statement = this.statement();
    this.expect(SyntaxKind.WhileKeyword);
    const expression = this.#parenthesizedCondition();
    this.skip(SyntaxKind.SemicolonToken);
    const node: Made<ts.DoStatement> = {
      kind: SyntaxKind.DoStatement,
      pos,
      end: this.pos,
      parent: undefined,
      statement,
      expression,
    };
    adopt(node, statement);
    adopt(node, expression);
    return node as ts.DoStatement;
  }

  /** 'for' '(' (variables | expression)? ';' expression? ';' expression? ')' statement */
  #for(): ts.ForStatement {
    const { pos } = this;
    this.next();
    this.expect(SyntaxKind.OpenParenToken);
    const initializer = this.token === SyntaxKind.SemicolonToken ? undefined : this.#forInitializer();
    this.expect(SyntaxKind.SemicolonToken);
    const condition = this.token === SyntaxKind.SemicolonToken ? undefined : this.expression();
    this.expect(SyntaxKind.SemicolonToken);
    const incrementor = this.token === SyntaxKind.CloseParenToken ? undefined : this.expression();
    this.expect(SyntaxKind.CloseParenToken);
    const statement = this.statement();
    const node: Made<ts.ForStatement> = {
      kind: SyntaxKind.ForStatement,
      pos,
      end: this.pos,
      parent: undefined,
      initializer,
      condition,
      incrementor,
      statement,
    };
    adoptIfAny(node, initializer);
    adoptIfAny(node, condition);
    adoptIfAny(node, incrementor);
    adopt(node, statement);
    return node as ts.ForStatement;
  }

  #forInitializer(): ts.ForInitializer {
    const { isForInitializer: isOuter, token } = this;
    this.isForInitializer = true;
    if (token === SyntaxKind.UsingKeyword) this.refuse();
    const isList =
      token === SyntaxKind.VarKeyword || token === SyntaxKind.LetKeyword || token === SyntaxKind.ConstKeyword;
    const initializer = isList ? this.#variableList() : this.expression();
    this.isForInitializer = isOuter;
    return initializer;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Jumps

  /** ('break' | 'continue') name? ';' */
  #jump(kind: ts.SyntaxKind): ts.BreakOrContinueStatement {
    const { pos } = this;
    this.next();
    const hasLabel = this.token !== SyntaxKind.SemicolonToken && !this.canEnd();
    const label = hasLabel ? this.identifier() : undefined;
    this.semicolon();
    const node = { kind, pos, end: this.pos, parent: undefined, label };
    adoptIfAny(node, label);
    return node as unknown as ts.BreakOrContinueStatement;
  }

  /** 'return' expression? ';' */
  #return(): ts.ReturnStatement {
    const { pos } = this;
    this.next();
    const isEmpty = this.token === SyntaxKind.SemicolonToken || this.canEnd();
    const expression = isEmpty ? undefined : this.expression();
    this.semicolon();
    const node: Made<ts.ReturnStatement> = {
      kind: SyntaxKind.ReturnStatement,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adoptIfAny(node, expression);
    return node as ts.ReturnStatement;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Cases

  /** 'switch' '(' expression ')' '{' clause* '}' */
  #switch(): ts.SwitchStatement {
    const { pos } = this;
    this.next();
    const expression = this.#parenthesizedCondition();
    const caseBlock = this.#caseBlock();
    const node: Made<ts.SwitchStatement> = {
      kind: SyntaxKind.SwitchStatement,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
      caseBlock,
    };
    adopt(node, expression);
    adopt(node, caseBlock);
    return node as ts.SwitchStatement;
  }

  #caseBlock(): ts.CaseBlock {
    const { pos } = this;
    this.expect(SyntaxKind.OpenBraceToken);
    const clauses: ts.CaseOrDefaultClause[] = [];
    while (this.token !== SyntaxKind.CloseBraceToken) clauses.push(this.#clause());
    this.next();
    const node: Made<ts.CaseBlock> = {
      kind: SyntaxKind.CaseBlock,
      pos,
      end: this.pos,
      parent: undefined,
      clauses: nodeArray(clauses),
    };
    adoptAll(node, clauses);
    return node as ts.CaseBlock;
  }

  /** clause = ('case' expression | 'default') ':' statement* */
  #clause(): ts.CaseOrDefaultClause {
    const { pos } = this;
    const isDefault = this.skip(SyntaxKind.DefaultKeyword);
    if (!isDefault) this.expect(SyntaxKind.CaseKeyword);
    const expression = isDefault ? undefined : this.expression();
    this.expect(SyntaxKind.ColonToken);
    const statements: ts.Statement[] = [];
    while (!this.#endsClause()) statements.push(this.statement());
    const node = isDefault
      ? { kind: SyntaxKind.DefaultClause, pos, end: this.pos, parent: undefined, statements }
      : { kind: SyntaxKind.CaseClause, pos, end: this.pos, parent: undefined, expression, statements };
    adoptIfAny(node, expression);
    adoptAll(node, statements);
    return node as unknown as ts.CaseOrDefaultClause;
  }

  #endsClause(): boolean {
    const { token } = this;
    return (
      token === SyntaxKind.CaseKeyword || token === SyntaxKind.DefaultKeyword || token === SyntaxKind.CloseBraceToken
    );
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Expressions

  /** name ':' statement | expression ';' */
  #expressionStatement(): ts.Statement {
    const { pos } = this;
    const expression = this.expression();
    if (this.token === SyntaxKind.ColonToken && expression.kind === SyntaxKind.Identifier)
      return this.#labelled(pos, expression as ts.Identifier);
    this.semicolon();
    const node: Made<ts.ExpressionStatement> = {
      kind: SyntaxKind.ExpressionStatement,
      pos,
      end: this.pos,
      parent: undefined,
      expression,
    };
    adopt(node, expression);
    return node as ts.ExpressionStatement;
  }

  #labelled(pos: number, label: ts.Identifier): ts.LabeledStatement {
    this.next();
    const statement = this.statement();
    const node: Made<ts.LabeledStatement> = {
      kind: SyntaxKind.LabeledStatement,
      pos,
      end: this.pos,
      parent: undefined,
      label,
      statement,
    };
    adopt(node, label);
    adopt(node, statement);
    return node as ts.LabeledStatement;
  }
}
