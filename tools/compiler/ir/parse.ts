/*
 * Reads the textual form of the IR (syntax.ts shows it) and gives a module.
 *
 * Idea. Recursive descent over the lexer's tokens for what stands at the top level; function bodies are read by
 * FunctionParser. The first mistake ends the parse with an IrSyntaxError that tells line, column and what was expected.
 * A text that parses need not make sense: dominance, types and arities are the verifier's business.
 */

import { FunctionParser } from './parse-function.ts';
import { Lexer } from './lexer.ts';
import { parseLocation, parseName, parseNumber, parseSignedNumber, parseType } from './parse-common.ts';
import { defaultDebugName, defaultFunctionAlign } from './syntax.ts';
import {
  type FunctionOptions,
  type IrData,
  IrFunction,
  IrModule,
  type Relocation,
  type SourceLocation,
  type StructLayout,
  type ValueType,
} from './types.ts';

/** Parses a whole module. Throws IrSyntaxError. */
export function parseModule(text: string): IrModule {
  const lexer = new Lexer(text);
  const module = new IrModule();
  while (lexer.next.kind !== 'end') parseItem(lexer, module);
  return module;
}

function parseItem(lexer: Lexer, module: IrModule): void {
  if (lexer.accept('entry')) {
    module.entry = parseSymbol(lexer);
  } else if (lexer.accept('constant')) {
    parseConstant(lexer, module.constants);
  } else if (lexer.accept('struct')) {
    declare(lexer, module.structs, parseStruct);
  } else if (lexer.accept('data')) {
    declare(lexer, module.data, parseData);
  } else if (lexer.accept('function')) {
    declare(lexer, module.functions, parseFunction);
  } else {
    lexer.fail('"entry", "constant", "struct", "data" or "function"');
  }
}

/** Parses a named item and enters it; each name can be declared once. */
function declare<T extends { readonly name: string }>(
  lexer: Lexer,
  table: Map<string, T>,
  parse: (lexer: Lexer, name: string) => T,
): void {
  const { start } = lexer.next;
  const name = parseSymbol(lexer);
  if (table.has(name)) lexer.failAt(start, `@${name} is declared twice`);
  table.set(name, parse(lexer, name));
}

function parseSymbol(lexer: Lexer): string {
  return lexer.expectKind('symbol', 'a symbol');
}

function parseConstant(lexer: Lexer, constants: Map<string, number | bigint>): void {
  const name = parseSymbol(lexer);
  lexer.expect('=');
  const sign = lexer.accept('-') ? '-' : '';
  const digits = sign + lexer.expectKind('number', 'a number');
  constants.set(name, digits.endsWith('n') ? BigInt(digits.slice(0, -1)) : Number(digits));
}

function parseSizeAndAlign(lexer: Lexer): { size: number; align: number } {
  lexer.expect('size');
  const size = parseNumber(lexer);
  lexer.expect('align');
  return { size, align: parseNumber(lexer) };
}

function parseStruct(lexer: Lexer, name: string): StructLayout {
  const { size, align } = parseSizeAndAlign(lexer);
  const fields: StructLayout['fields'][number][] = [];
  lexer.expect('{');
  while (!lexer.accept('}')) {
    const field = parseName(lexer);
    lexer.expect(':');
    const type = parseName(lexer);
    lexer.expect('at');
    const offset = parseNumber(lexer);
    lexer.expect('size');
    fields.push({ name: field, offset, type, size: parseNumber(lexer) });
  }
  return { name, size, align, fields };
}

function parseData(lexer: Lexer, name: string): IrData {
  const { size, align } = parseSizeAndAlign(lexer);
  const isConstant = lexer.accept('constant');
  const section = lexer.accept('section') ? lexer.expectKind('string', 'a section name in quotes') : null;
  const isExported = lexer.accept('exported');
  const head = { name, size, align, isConstant, section, isExported };
  if (!lexer.accept('{')) return { ...head, bytes: null, relocations: [] };
  const bytes = new Uint8Array(size);
  const relocations: Relocation[] = [];
  while (!lexer.accept('}')) {
    if (lexer.accept('bytes')) parseBytes(lexer, bytes);
    else if (lexer.accept('address')) relocations.push(parseRelocation(lexer));
    else lexer.fail('"bytes", "address" or "}"');
  }
  return { ...head, bytes, relocations };
}

function parseBytes(lexer: Lexer, bytes: Uint8Array): void {
  const at = parseNumber(lexer);
  lexer.expect(':');
  const { start } = lexer.next;
  const digits = lexer.expectKind('string', 'hexadecimal digits in quotes');
  if (!/^([0-9a-f]{2})*$/.test(digits)) lexer.failAt(start, 'expected pairs of hexadecimal digits');
  const row = Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
  if (at + row.length > bytes.length) lexer.failAt(start, `more bytes than the size, ${bytes.length}`);
  bytes.set(row, at);
}

function parseRelocation(lexer: Lexer): Relocation {
  const at = parseNumber(lexer);
  lexer.expect(':');
  const symbol = parseSymbol(lexer);
  return { at, symbol, addend: parseSignedNumber(lexer) };
}

function parseFunction(lexer: Lexer, name: string): IrFunction {
  const parameters: ValueType[] = [];
  lexer.expect('(');
  while (!lexer.accept(')')) {
    parameters.push(parseType(lexer));
    if (lexer.next.text !== ')') lexer.expect(',');
  }
  lexer.expect(':');
  const returns = parseType(lexer);
  const options: FunctionOptions = {
    section: lexer.accept('section') ? lexer.expectKind('string', 'a section name in quotes') : null,
    align: lexer.accept('align') ? parseNumber(lexer) : defaultFunctionAlign,
    inline: lexer.accept('inline') ? true : lexer.accept('noinline') ? false : null,
    isExported: lexer.accept('exported'),
  };
  const isNaked = lexer.accept('naked');
  const plainName = lexer.accept('named') ? parseName(lexer) : defaultDebugName(name);
  const location: SourceLocation = parseLocation(lexer, '') ?? { file: '', line: 0, column: 0 };
  const fn = new IrFunction(name, parameters, returns, options, { name: plainName, location });
  new FunctionParser(lexer, fn).parseBody(isNaked);
  return fn;
}
