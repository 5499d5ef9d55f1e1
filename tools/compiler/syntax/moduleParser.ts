/*
 * The parser of whole files, and of what makes modules of them: imports and exports.
 */

import type ts from 'typescript';
import { endOfBlock } from './blockEnd.ts';
import { DeclarationParser } from './declarationParser.ts';
import { NodeFlags } from './flags.ts';
import { SyntaxKind } from './kinds.ts';
import { makeLaterBlock, UnfamiliarBody, type ReadStatements } from './laterBlock.ts';
import { hasModifier } from './modifiers.ts';
import { adopt, adoptAll, adoptIfAny, makeToken, nodeArray, type Made } from './nodes.ts';
import { mismatch, refusal } from './scanner.ts';
import type { WordTable } from './wordTable.ts';

export class ModuleParser extends DeclarationParser {
  readonly #laterStatements: ReadStatements | null;

  /** `withLaterBodies`: those of functions are parsed when somebody looks into them. */
  constructor(text: string, words: WordTable, withLaterBodies: boolean) {
    super(text, words);
    this.#laterStatements = withLaterBodies ? (pos, end): ts.NodeArray<ts.Statement> => this.#read(pos, end) : null;
    this.next();
  }

  /** file = statement* */
  file(path: string, isDeclarationFile: boolean, referencedFiles: readonly ts.FileReference[]): ts.SourceFile {
    const statements: ts.Statement[] = [];
    while (this.token !== SyntaxKind.EndOfFileToken) statements.push(this.statement());
    const endOfFileToken = makeToken(SyntaxKind.EndOfFileToken, this.pos, this.text.length) as ts.EndOfFileToken;
    // Without imports and exports, only a declaration file is a script (`moduleDetection: force`).
    const externalModuleIndicator = isDeclarationFile && !statements.some(makesModule) ? undefined : true;
    const node: Made<ts.SourceFile> & { externalModuleIndicator: true | undefined } = {
      kind: SyntaxKind.SourceFile,
      flags: NodeFlags.None,
      pos: 0,
      end: this.text.length,
      parent: undefined,
      fileName: path,
      text: this.text,
      statements: nodeArray(statements),
      endOfFileToken,
      isDeclarationFile,
      externalModuleIndicator,
      referencedFiles,
    };
    adoptAll(node, statements);
    adopt(node, endOfFileToken);
    return node as ts.SourceFile;
  }

  protected laterBlock(): ts.Block | null {
    const { pos, start } = this;
    const end = this.#laterStatements === null ? -1 : endOfBlock(this.text, start);
    if (end < 0) return null;
    const block = makeLaterBlock(pos, end, this.#laterStatements!);
    this.rewind(end);
    return block;
  }

  /** '{' statement* '}' */
  #read(pos: number, end: number): ts.NodeArray<ts.Statement> {
    try {
      this.rewind(pos);
      const { statements } = this.block();
      if (this.pos !== end) this.mismatch();
      return statements;
    } catch (error) {
      if (error === mismatch || error === refusal) throw new UnfamiliarBody();
      throw error;
    }
  }

  protected module(): ts.Statement | null {
    return this.token === SyntaxKind.ImportKeyword ? this.#import() : this.#export();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Imports

  /** 'import' (importClause 'from')? string ';' */
  #import(): ts.ImportDeclaration {
    const { pos } = this;
    this.next();
    const importClause = this.token === SyntaxKind.StringLiteral ? undefined : this.#importClause();
    if (importClause !== undefined) this.expect(SyntaxKind.FromKeyword);
    const moduleSpecifier = this.#specifier();
    this.semicolon();
    const node: Made<ts.ImportDeclaration> = {
      kind: SyntaxKind.ImportDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      importClause,
      moduleSpecifier,
    };
    adoptIfAny(node, importClause);
    adopt(node, moduleSpecifier);
    return node as ts.ImportDeclaration;
  }

  #specifier(): ts.StringLiteral {
    if (this.token !== SyntaxKind.StringLiteral) this.mismatch();
    const specifier = this.literal() as ts.StringLiteral;
    const next = this.token as ts.SyntaxKind;
    if (next === SyntaxKind.WithKeyword || next === SyntaxKind.AssertKeyword) this.refuse();
    return specifier;
  }

  /** importClause = 'type'? ('*' 'as' name | namedImports) */
  #importClause(): ts.ImportClause {
    const { pos } = this;
    const isTypeOnly = this.skip(SyntaxKind.TypeKeyword);
    const namedBindings = this.token === SyntaxKind.AsteriskToken ? this.#namespaceImport() : this.#namedImports();
    const node: Made<ts.ImportClause> = {
      kind: SyntaxKind.ImportClause,
      pos,
      end: this.pos,
      parent: undefined,
      phaseModifier: isTypeOnly ? SyntaxKind.TypeKeyword : undefined,
      name: undefined,
      namedBindings,
    };
    adopt(node, namedBindings);
    return node as ts.ImportClause;
  }

  #namespaceImport(): ts.NamespaceImport {
    const { pos } = this;
    this.next();
    this.expect(SyntaxKind.AsKeyword);
    const name = this.identifier();
    const node: Made<ts.NamespaceImport> = {
      kind: SyntaxKind.NamespaceImport,
      pos,
      end: this.pos,
      parent: undefined,
      name,
    };
    adopt(node, name);
    return node as ts.NamespaceImport;
  }

  /** '{' (specifier (',' specifier)* ','?)? '}' */
  #namedImports(): ts.NamedImports {
    const { pos } = this;
    if (this.token !== SyntaxKind.OpenBraceToken) this.refuse(); // a default import
    const elements = this.#specifiers(SyntaxKind.ImportSpecifier) as ts.NodeArray<ts.ImportSpecifier>;
    const node: Made<ts.NamedImports> = {
      kind: SyntaxKind.NamedImports,
      pos,
      end: this.pos,
      parent: undefined,
      elements,
    };
    adoptAll(node, elements);
    return node as ts.NamedImports;
  }

  #specifiers(kind: ts.SyntaxKind): ts.NodeArray<ts.ImportSpecifier | ts.ExportSpecifier> {
    this.next();
    return this.list(SyntaxKind.CloseBraceToken, () => this.#importOrExport(kind));
  }

  /** specifier = 'type'? (word 'as')? word */
  #importOrExport(kind: ts.SyntaxKind): ts.ImportSpecifier | ts.ExportSpecifier {
    const { pos } = this;
    const isTypeOnly = this.token === SyntaxKind.TypeKeyword && this.#isBeforeExport();
    if (isTypeOnly) this.next();
    let isName = this.isName();
    let name = this.word();
    let propertyName: ts.Identifier | undefined;
    if (this.skip(SyntaxKind.AsKeyword)) {
      propertyName = name;
      isName = this.isName();
      name = this.word();
    }
    if (!isName && kind === SyntaxKind.ImportSpecifier) this.refuse();
    const node = { kind, pos, end: this.pos, parent: undefined, isTypeOnly, propertyName, name };
    adoptIfAny(node, propertyName);
    adopt(node, name);
    return node as unknown as ts.ImportSpecifier;
  }

  /** After `type`: whether it is said of the name that follows, and is not the name itself. */
  #isBeforeExport(): boolean {
    const next = this.peek();
    if (next === SyntaxKind.AsKeyword || next === SyntaxKind.StringLiteral) this.refuse();
    return next !== SyntaxKind.CommaToken && next !== SyntaxKind.CloseBraceToken;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Exports

  /** 'export' 'type'? ('*' ('as' word)? 'from' string | namedExports ('from' string)?) ';' */
  #export(): ts.ExportDeclaration | null {
    const { pos } = this;
    this.next();
    const isTypeOnly = this.token === SyntaxKind.TypeKeyword && this.#isExportedType();
    if (isTypeOnly) this.next();
    switch (this.token) {
      case SyntaxKind.OpenBraceToken:
      case SyntaxKind.AsteriskToken:
        return this.#exportFrom(pos, isTypeOnly);
      case SyntaxKind.AsKeyword:
      case SyntaxKind.AtToken:
      case SyntaxKind.DefaultKeyword:
      case SyntaxKind.EqualsToken:
      case SyntaxKind.ImportKeyword:
        return this.refuse();
      default:
        this.rewind(pos);
        return null;
    }
  }

  #isExportedType(): boolean {
    const next = this.peek();
    if (next === SyntaxKind.AsKeyword) this.refuse();
    return next === SyntaxKind.OpenBraceToken || next === SyntaxKind.AsteriskToken;
  }

  #exportFrom(pos: number, isTypeOnly: boolean): ts.ExportDeclaration {
    const isStar = this.token === SyntaxKind.AsteriskToken;
    const exportClause = isStar ? this.#star() : this.#namedExports();
    const hasModule = isStar || this.token === SyntaxKind.FromKeyword;
    if (!hasModule && this.token === SyntaxKind.StringLiteral) this.refuse();
    if (hasModule) this.expect(SyntaxKind.FromKeyword);
    const moduleSpecifier = hasModule ? this.#specifier() : undefined;
    this.semicolon();
    const node: Made<ts.ExportDeclaration> = {
      kind: SyntaxKind.ExportDeclaration,
      pos,
      end: this.pos,
      parent: undefined,
      isTypeOnly,
      exportClause,
      moduleSpecifier,
    };
    adoptIfAny(node, exportClause);
    adoptIfAny(node, moduleSpecifier);
    return node as ts.ExportDeclaration;
  }

  /** '*' ('as' word)? */
  #star(): ts.NamespaceExport | undefined {
    const { pos } = this;
    this.next();
    if (!this.skip(SyntaxKind.AsKeyword)) return undefined;
    const name = this.word();
    const node: Made<ts.NamespaceExport> = {
      kind: SyntaxKind.NamespaceExport,
      pos,
      end: this.pos,
      parent: undefined,
      name,
    };
    adopt(node, name);
    return node as ts.NamespaceExport;
  }

  #namedExports(): ts.NamedExports {
    const { pos } = this;
    const elements = this.#specifiers(SyntaxKind.ExportSpecifier) as ts.NodeArray<ts.ExportSpecifier>;
    const node: Made<ts.NamedExports> = {
      kind: SyntaxKind.NamedExports,
      pos,
      end: this.pos,
      parent: undefined,
      elements,
    };
    adoptAll(node, elements);
    return node as ts.NamedExports;
  }
}

/** Whether a file is a module because of one of its statements. */
function makesModule(statement: ts.Statement): boolean {
  const { kind } = statement;
  const isLink = kind === SyntaxKind.ImportDeclaration || kind === SyntaxKind.ExportDeclaration;
  return isLink || hasModifier(statement, SyntaxKind.ExportKeyword);
}
