/*
 * The parser of names of types, and of the arguments that types and functions have.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { adopt, adoptAll, nodeArray, type Made } from './nodes.ts';
import { TokenParser } from './tokenParser.ts';

export abstract class NameParser extends TokenParser {
  protected abstract type(): ts.TypeNode;

  /** 'typeof' entityName typeArguments? */
  protected query(): ts.TypeQueryNode {
    const { pos } = this;
    this.next();
    const exprName = this.#entityName();
    const typeArguments = this.#typeArgumentsIfAny();
    const node: Made<ts.TypeQueryNode> = {
      kind: SyntaxKind.TypeQuery,
      pos,
      end: this.pos,
      parent: undefined,
      exprName,
      typeArguments,
    };
    adopt(node, exprName);
    adoptAll(node, typeArguments);
    return node as ts.TypeQueryNode;
  }

  /** entityName typeArguments? */
  protected reference(): ts.TypeReferenceNode {
    const { pos } = this;
    const typeName = this.#entityName();
    const typeArguments = this.#typeArgumentsIfAny();
    const node: Made<ts.TypeReferenceNode> = {
      kind: SyntaxKind.TypeReference,
      pos,
      end: this.pos,
      parent: undefined,
      typeName,
      typeArguments,
    };
    adopt(node, typeName);
    adoptAll(node, typeArguments);
    return node as ts.TypeReferenceNode;
  }

  /** entityName = name ('.' word)* */
  #entityName(): ts.EntityName {
    const { pos } = this;
    if (this.isWord() ? !this.isName() || this.token === SyntaxKind.AssertsKeyword : isOddType(this.token))
      this.refuse();
    let name: ts.EntityName = this.identifier();
    while (this.skip(SyntaxKind.DotToken)) {
      if (this.isAfterBreak) this.refuse();
      const left: ts.EntityName = name;
      const right = this.word();
      const node: Made<ts.QualifiedName> = {
        kind: SyntaxKind.QualifiedName,
        pos,
        end: this.pos,
        parent: undefined,
        left,
        right,
      };
      adopt(node, left);
      adopt(node, right);
      name = node as ts.QualifiedName;
    }
    return name;
  }

  #typeArgumentsIfAny(): ts.NodeArray<ts.TypeNode> | undefined {
    if (this.token === SyntaxKind.LessThanLessThanToken && !this.isAfterBreak) this.refuse(); // T<<U>() => V>
    return this.token === SyntaxKind.LessThanToken && !this.isAfterBreak ? this.typeArguments() : undefined;
  }

  /** '<' type (',' type)* '>' */
  protected typeArguments(): ts.NodeArray<ts.TypeNode> {
    this.next();
    const types = this.typeList();
    this.expect(SyntaxKind.GreaterThanToken);
    return types;
  }

  /** type (',' type)* */
  protected typeList(): ts.NodeArray<ts.TypeNode> {
    const types = [this.type()];
    while (this.skip(SyntaxKind.CommaToken)) types.push(this.type());
    return nodeArray(types);
  }
}

/** What types begin with in JSDoc, and templates. */
function isOddType(token: ts.SyntaxKind): boolean {
  switch (token) {
    case SyntaxKind.AsteriskEqualsToken:
    case SyntaxKind.AsteriskToken:
    case SyntaxKind.ExclamationToken:
    case SyntaxKind.NoSubstitutionTemplateLiteral:
    case SyntaxKind.QuestionQuestionToken:
    case SyntaxKind.QuestionToken:
    case SyntaxKind.TemplateHead:
      return true;
    default:
      return false;
  }
}
