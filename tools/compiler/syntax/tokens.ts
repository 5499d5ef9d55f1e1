/*
 * How keywords and operators are written.
 */

import type ts from 'typescript';
import { SyntaxKind } from './kinds.ts';

/** Keywords, and words that are keywords in some places. */
const keywords: ReadonlyMap<string, ts.SyntaxKind> = new Map<string, ts.SyntaxKind>([
  ['break', SyntaxKind.BreakKeyword],
  ['case', SyntaxKind.CaseKeyword],
  ['catch', SyntaxKind.CatchKeyword],
  ['class', SyntaxKind.ClassKeyword],
  ['const', SyntaxKind.ConstKeyword],
  ['continue', SyntaxKind.ContinueKeyword],
  ['debugger', SyntaxKind.DebuggerKeyword],
  ['default', SyntaxKind.DefaultKeyword],
  ['delete', SyntaxKind.DeleteKeyword],
  ['do', SyntaxKind.DoKeyword],
  ['else', SyntaxKind.ElseKeyword],
  ['enum', SyntaxKind.EnumKeyword],
  ['export', SyntaxKind.ExportKeyword],
  ['extends', SyntaxKind.ExtendsKeyword],
  ['false', SyntaxKind.FalseKeyword],
  ['finally', SyntaxKind.FinallyKeyword],
  ['for', SyntaxKind.ForKeyword],
  ['function', SyntaxKind.FunctionKeyword],
  ['if', SyntaxKind.IfKeyword],
  ['import', SyntaxKind.ImportKeyword],
  ['in', SyntaxKind.InKeyword],
  ['instanceof', SyntaxKind.InstanceOfKeyword],
  ['new', SyntaxKind.NewKeyword],
  ['null', SyntaxKind.NullKeyword],
  ['return', SyntaxKind.ReturnKeyword],
  ['super', SyntaxKind.SuperKeyword],
  ['switch', SyntaxKind.SwitchKeyword],
  ['this', SyntaxKind.ThisKeyword],
  ['throw', SyntaxKind.ThrowKeyword],
  ['true', SyntaxKind.TrueKeyword],
  ['try', SyntaxKind.TryKeyword],
  ['typeof', SyntaxKind.TypeOfKeyword],
  ['var', SyntaxKind.VarKeyword],
  ['void', SyntaxKind.VoidKeyword],
  ['while', SyntaxKind.WhileKeyword],
  ['with', SyntaxKind.WithKeyword],
  ['implements', SyntaxKind.ImplementsKeyword],
  ['interface', SyntaxKind.InterfaceKeyword],
  ['let', SyntaxKind.LetKeyword],
  ['package', SyntaxKind.PackageKeyword],
  ['private', SyntaxKind.PrivateKeyword],
  ['protected', SyntaxKind.ProtectedKeyword],
  ['public', SyntaxKind.PublicKeyword],
  ['static', SyntaxKind.StaticKeyword],
  ['yield', SyntaxKind.YieldKeyword],
  ['abstract', SyntaxKind.AbstractKeyword],
  ['accessor', SyntaxKind.AccessorKeyword],
  ['as', SyntaxKind.AsKeyword],
  ['asserts', SyntaxKind.AssertsKeyword],
  ['assert', SyntaxKind.AssertKeyword],
  ['any', SyntaxKind.AnyKeyword],
  ['async', SyntaxKind.AsyncKeyword],
  ['await', SyntaxKind.AwaitKeyword],
  ['boolean', SyntaxKind.BooleanKeyword],
  ['constructor', SyntaxKind.ConstructorKeyword],
  ['declare', SyntaxKind.DeclareKeyword],
  ['get', SyntaxKind.GetKeyword],
  ['infer', SyntaxKind.InferKeyword],
  ['intrinsic', SyntaxKind.IntrinsicKeyword],
  ['is', SyntaxKind.IsKeyword],
  ['keyof', SyntaxKind.KeyOfKeyword],
  ['module', SyntaxKind.ModuleKeyword],
  ['namespace', SyntaxKind.NamespaceKeyword],
  ['never', SyntaxKind.NeverKeyword],
  ['out', SyntaxKind.OutKeyword],
  ['readonly', SyntaxKind.ReadonlyKeyword],
  ['require', SyntaxKind.RequireKeyword],
  ['number', SyntaxKind.NumberKeyword],
  ['object', SyntaxKind.ObjectKeyword],
  ['satisfies', SyntaxKind.SatisfiesKeyword],
  ['set', SyntaxKind.SetKeyword],
  ['string', SyntaxKind.StringKeyword],
  ['symbol', SyntaxKind.SymbolKeyword],
  ['type', SyntaxKind.TypeKeyword],
  ['undefined', SyntaxKind.UndefinedKeyword],
  ['unique', SyntaxKind.UniqueKeyword],
  ['unknown', SyntaxKind.UnknownKeyword],
  ['using', SyntaxKind.UsingKeyword],
  ['from', SyntaxKind.FromKeyword],
  ['global', SyntaxKind.GlobalKeyword],
  ['bigint', SyntaxKind.BigIntKeyword],
  ['override', SyntaxKind.OverrideKeyword],
  ['of', SyntaxKind.OfKeyword],
  ['defer', SyntaxKind.DeferKeyword],
]);

const operators: ReadonlyMap<string, ts.SyntaxKind> = new Map<string, ts.SyntaxKind>([
  ['{', SyntaxKind.OpenBraceToken],
  ['}', SyntaxKind.CloseBraceToken],
  ['(', SyntaxKind.OpenParenToken],
  [')', SyntaxKind.CloseParenToken],
  ['[', SyntaxKind.OpenBracketToken],
  [']', SyntaxKind.CloseBracketToken],
  ['.', SyntaxKind.DotToken],
  ['...', SyntaxKind.DotDotDotToken],
  [';', SyntaxKind.SemicolonToken],
  [',', SyntaxKind.CommaToken],
  ['?.', SyntaxKind.QuestionDotToken],
  ['<', SyntaxKind.LessThanToken],
  ['</', SyntaxKind.LessThanSlashToken],
  ['>', SyntaxKind.GreaterThanToken],
  ['<=', SyntaxKind.LessThanEqualsToken],
  ['>=', SyntaxKind.GreaterThanEqualsToken],
  ['==', SyntaxKind.EqualsEqualsToken],
  ['!=', SyntaxKind.ExclamationEqualsToken],
  ['===', SyntaxKind.EqualsEqualsEqualsToken],
  ['!==', SyntaxKind.ExclamationEqualsEqualsToken],
  ['=>', SyntaxKind.EqualsGreaterThanToken],
  ['+', SyntaxKind.PlusToken],
  ['-', SyntaxKind.MinusToken],
  ['*', SyntaxKind.AsteriskToken],
  ['**', SyntaxKind.AsteriskAsteriskToken],
  ['/', SyntaxKind.SlashToken],
  ['%', SyntaxKind.PercentToken],
  ['++', SyntaxKind.PlusPlusToken],
  ['--', SyntaxKind.MinusMinusToken],
  ['<<', SyntaxKind.LessThanLessThanToken],
  ['>>', SyntaxKind.GreaterThanGreaterThanToken],
  ['>>>', SyntaxKind.GreaterThanGreaterThanGreaterThanToken],
  ['&', SyntaxKind.AmpersandToken],
  ['|', SyntaxKind.BarToken],
  ['^', SyntaxKind.CaretToken],
  ['!', SyntaxKind.ExclamationToken],
  ['~', SyntaxKind.TildeToken],
  ['&&', SyntaxKind.AmpersandAmpersandToken],
  ['||', SyntaxKind.BarBarToken],
  ['?', SyntaxKind.QuestionToken],
  [':', SyntaxKind.ColonToken],
  ['@', SyntaxKind.AtToken],
  ['??', SyntaxKind.QuestionQuestionToken],
  ['`', SyntaxKind.BacktickToken],
  ['=', SyntaxKind.EqualsToken],
  ['+=', SyntaxKind.PlusEqualsToken],
  ['-=', SyntaxKind.MinusEqualsToken],
  ['*=', SyntaxKind.AsteriskEqualsToken],
  ['**=', SyntaxKind.AsteriskAsteriskEqualsToken],
  ['/=', SyntaxKind.SlashEqualsToken],
  ['%=', SyntaxKind.PercentEqualsToken],
  ['<<=', SyntaxKind.LessThanLessThanEqualsToken],
  ['>>=', SyntaxKind.GreaterThanGreaterThanEqualsToken],
  ['>>>=', SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken],
  ['&=', SyntaxKind.AmpersandEqualsToken],
  ['|=', SyntaxKind.BarEqualsToken],
  ['||=', SyntaxKind.BarBarEqualsToken],
  ['&&=', SyntaxKind.AmpersandAmpersandEqualsToken],
  ['??=', SyntaxKind.QuestionQuestionEqualsToken],
  ['^=', SyntaxKind.CaretEqualsToken],
]);

const texts: string[] = [];
for (const [text, kind] of [...keywords, ...operators]) texts[kind] = text;

/** How a keyword or an operator is written; empty for other kinds. */
export function tokenText(kind: ts.SyntaxKind): string {
  return texts[kind] ?? '';
}

/** A word of small letters: a keyword, or else a name. */
export function keywordKind(word: string): ts.SyntaxKind {
  return keywords.get(word) ?? SyntaxKind.Identifier;
}

/** An operator of up to three characters; more are only those that begin with `>`. */
export interface OperatorToken {
  readonly kind: ts.SyntaxKind;
  readonly length: number;
  /** Codes of its characters, if there are so many. */
  readonly second: number;
  readonly third: number;
}

const byFirst: OperatorToken[][] = [];
for (const [text, kind] of operators) {
  if (text.startsWith('>') && text !== '>') continue;
  if (text.startsWith('.') || text === '</' || text === '@' || text === '`') continue;
  const [first, second, third] = [0, 1, 2].map((index) => text.charCodeAt(index));
  (byFirst[first!] ??= []).push({ kind, length: text.length, second: second!, third: third! });
}
for (const some of byFirst) (some as OperatorToken[] | undefined)?.sort((a, b) => b.length - a.length);

/** The operators that begin with a character, the longest first. */
export function operatorsFrom(code: number): readonly OperatorToken[] {
  return byFirst[code] ?? [];
}

/** By character: the operator that it is, if no longer one begins with it. */
export const singles: (ts.SyntaxKind | undefined)[] = [];
for (const [code, some] of byFirst.entries()) {
  const [only, other] = (some as OperatorToken[] | undefined) ?? [];
  if (only !== undefined && other === undefined) singles[code] = only.kind;
}

/** Words that may be modifiers. */
export function isModifier(token: ts.SyntaxKind): boolean {
  return modifiers.has(token);
}

const modifiers: ReadonlySet<ts.SyntaxKind> = new Set([
  SyntaxKind.AbstractKeyword,
  SyntaxKind.AccessorKeyword,
  SyntaxKind.AsyncKeyword,
  SyntaxKind.ConstKeyword,
  SyntaxKind.DeclareKeyword,
  SyntaxKind.DefaultKeyword,
  SyntaxKind.ExportKeyword,
  SyntaxKind.InKeyword,
  SyntaxKind.OutKeyword,
  SyntaxKind.OverrideKeyword,
  SyntaxKind.PrivateKeyword,
  SyntaxKind.ProtectedKeyword,
  SyntaxKind.PublicKeyword,
  SyntaxKind.ReadonlyKeyword,
  SyntaxKind.StaticKeyword,
]);
