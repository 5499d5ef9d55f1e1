/*
 * What all parts of the parser share: expecting and skipping tokens, names, literals, how deep it is, and trying out.
 *
 * In expressions, `a < b` may be a comparison or the beginning of type arguments. `attempt` finds out as TypeScript does: by
 * parsing types, and seeing what comes behind. TypeScript goes on after errors, though, and so may find type arguments with
 * errors in them where we find none. What decides is the token that could not be there: if TypeScript could go on with
 * it, we do not know, and refuse.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';
import { bigintText, numberText, unescape } from './literals.ts';
import { makeIdentifier, makeLiteral, makeToken, nodeArray } from './nodes.ts';
import { mismatch, Scanner } from './scanner.ts';

/** Sources that nest deeper are left to TypeScript, whose stack may suffice. */
const deepest = 200;

export abstract class TokenParser extends Scanner {
  #depth = 0;
  readonly #stack: ts.Node[] = [];
  #top = 0;
  /** Within lists of parameters or members TypeScript goes on after an unexpected token, so that we cannot follow it. */
  protected listDepth = 0;
  /** What is being parsed may turn out to be something else. */
  protected isAttempt = false;
  /** An attempt has met `T!`, which is a type for TypeScript, although a wrong one. */
  protected isOdd = false;

  // -------------------------------------------------------------------------------------------------------------------
  // Tokens

  protected expect(kind: ts.SyntaxKind): void {
    if (this.token !== kind) this.mismatch();
    this.next();
  }

  /** Skips the token if it is of a kind. */
  protected skip(kind: ts.SyntaxKind): boolean {
    if (this.token !== kind) return false;
    this.next();
    return true;
  }

  /** Whether a statement or a member may end here without a semicolon. */
  protected canEnd(): boolean {
    const { token } = this;
    return token === SyntaxKind.CloseBraceToken || token === SyntaxKind.EndOfFileToken || this.isAfterBreak;
  }

  /** A semicolon, or what may stand for one. */
  protected semicolon(): void {
    if (!this.skip(SyntaxKind.SemicolonToken) && !this.canEnd()) this.mismatch();
  }

  /** The kind of the token after this one. */
  protected peek(): ts.SyntaxKind {
    const { pos } = this;
    this.next();
    const { token } = this;
    this.rewind(pos);
    return token;
  }

  /** The token itself as a node. */
  protected tokenNode(): ts.Node {
    const node = makeToken(this.token, this.pos, this.end);
    this.next();
    return node;
  }

  /** The same for a token that must be there. */
  protected required(kind: ts.SyntaxKind): ts.Node {
    if (this.token !== kind) this.mismatch();
    return this.tokenNode();
  }

  protected tokenIf(kind: ts.SyntaxKind): ts.Node | undefined {
    return this.token === kind ? this.tokenNode() : undefined;
  }

  /** list = (item (',' item)* ','?)? closing */
  protected list<T extends ts.Node>(closing: ts.SyntaxKind, item: () => T): ts.NodeArray<T> {
    if (this.skip(closing)) return nodeArray<T>([]);
    const first = item();
    if (this.skip(closing)) return nodeArray([first]);
    const start = this.begin();
    this.add(first);
    while (this.skip(SyntaxKind.CommaToken) && this.token !== closing) this.add(item());
    this.expect(closing);
    return this.taken<T>(start);
  }

  // Lists are made on a stack, of what has been read of them: one that grows on its own takes room for 17, most have one or two.

  /** Where the list begins. */
  protected begin(): number {
    return this.#top;
  }

  protected add(node: ts.Node): void {
    this.#stack[this.#top++] = node;
  }

  /** What has been added since. */
  protected taken<T extends ts.Node>(start: number): ts.NodeArray<T> {
    const nodes = this.#stack.slice(start, this.#top);
    this.#top = start;
    return nodes as readonly ts.Node[] as ts.NodeArray<T>;
  }

  /** Whether the token can be the name of something: no word that is reserved somewhere. */
  protected isName(): boolean {
    const { token } = this;
    if (token === SyntaxKind.Identifier) return true;
    if (token < SyntaxKind.AbstractKeyword) return false;
    return token !== SyntaxKind.AsyncKeyword && token !== SyntaxKind.AwaitKeyword;
  }

  /** Whether the token is a word of any kind. */
  protected isWord(): boolean {
    return this.token >= SyntaxKind.Identifier;
  }

  /** The name that something is given, or the name of something. */
  protected identifier(): ts.Identifier {
    if (!this.isName()) this.mismatch();
    return this.word();
  }

  /** A name where keywords are names as well. */
  protected word(): ts.Identifier {
    if (!this.isWord()) this.mismatch();
    const node = makeIdentifier(this.name(), this.pos, this.end);
    this.next();
    return node;
  }

  protected enter(): void {
    if (++this.#depth > deepest) this.refuse();
  }

  protected leave(): void {
    this.#depth--;
  }

  /** Parses what may turn out to be something else. If it is, which `parse` tells by null, nothing has been read. */
  protected attempt<T>(parse: () => T | null): T | null {
    const { pos } = this;
    const { isAttempt: isOuter, isOdd, listDepth } = this;
    const depth = this.#depth;
    const top = this.#top;
    this.isAttempt = true;
    this.isOdd = false;
    this.listDepth = 0;
    let result: T | null = null;
    try {
      result = parse();
      if (result !== null) this.#refuseOdd();
    } catch (error) {
      // TypeScript would find the same, unless it goes on behind what it misses.
      if (error !== mismatch || this.listDepth > 0 || mayGoOn(this.token)) throw error;
    }
    this.#depth = depth;
    this.#top = top;
    this.listDepth = listDepth;
    this.isAttempt = isOuter;
    this.isOdd = isOdd;
    if (result === null) this.rewind(pos);
    return result;
  }

  #refuseOdd(): void {
    if (this.isOdd) this.refuse();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Literals

  /** A number, a string, or a template without substitutions. */
  protected literal(): ts.LiteralLikeNode {
    const text = this.#literalText();
    if (text === null) this.refuse();
    const node = makeLiteral(this.token, text, this.pos, this.end);
    this.next();
    return node;
  }

  #literalText(): string | null {
    const { end, start, text, token } = this;
    switch (token) {
      case SyntaxKind.NumericLiteral:
        return numberText(text.slice(start, end));
      case SyntaxKind.BigIntLiteral:
        return bigintText(text.slice(start, end - 1));
      case SyntaxKind.TemplateHead:
      case SyntaxKind.TemplateMiddle:
        return unescape(text.slice(start + 1, end - 2));
      default:
        return unescape(text.slice(start + 1, end - 1));
    }
  }
}

/** Tokens that TypeScript may go on with although something else was expected. */
function mayGoOn(token: ts.SyntaxKind): boolean {
  switch (token) {
    case SyntaxKind.AmpersandToken:
    case SyntaxKind.BarToken:
    case SyntaxKind.CloseBracketToken:
    case SyntaxKind.CloseParenToken:
    case SyntaxKind.CommaToken:
    case SyntaxKind.DotToken:
    case SyntaxKind.EqualsGreaterThanToken:
    case SyntaxKind.GreaterThanToken:
    case SyntaxKind.LessThanToken:
    case SyntaxKind.OpenBraceToken:
    case SyntaxKind.OpenBracketToken:
      return true;
    default:
      return false;
  }
}
