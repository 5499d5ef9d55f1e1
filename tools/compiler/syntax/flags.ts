/*
 * The flags of nodes, modifiers and symbols, as far as anybody here asks about them. The numbers are TypeScript's.
 */

/* eslint-disable @typescript-eslint/no-unsafe-enum-assignment -- that each number is the enum's own, tsc sees to */

import type ts from 'typescript';

const nodeFlags = {
  None: 0,
  Let: 1,
  Const: 2,
  Using: 4,
  BlockScoped: 7,
} satisfies Partial<typeof ts.NodeFlags>;

const modifierFlags = {
  None: 0,
  Export: 32,
  Ambient: 128,
  Default: 2048,
} satisfies Partial<typeof ts.ModifierFlags>;

/** What a name may mean, and what must not have the same name (`...Excludes`). */
const symbolFlags = {
  None: 0,
  FunctionScopedVariable: 1,
  BlockScopedVariable: 2,
  Property: 4,
  EnumMember: 8,
  Function: 16,
  Class: 32,
  Interface: 64,
  RegularEnum: 256,
  TypeParameter: 262144,
  TypeAlias: 524288,
  Alias: 2097152,
  ValueModule: 512,
  Variable: 3,
  Module: 1536,
  Value: 111551,
  Type: 788968,
  Namespace: 1920,
  All: -1,
  FunctionScopedVariableExcludes: 111550,
  BlockScopedVariableExcludes: 111551,
  ParameterExcludes: 111551,
  EnumMemberExcludes: 900095,
  FunctionExcludes: 110991,
  ClassExcludes: 899503,
  InterfaceExcludes: 788872,
  RegularEnumExcludes: 899327,
  ValueModuleExcludes: 110735,
  TypeParameterExcludes: 526824,
  TypeAliasExcludes: 788968,
  AliasExcludes: 2097152,
} satisfies Partial<typeof ts.SymbolFlags>;

export type NodeFlags = ts.NodeFlags;
export const NodeFlags: { readonly [K in keyof typeof nodeFlags]: (typeof ts.NodeFlags)[K] } = nodeFlags;

export type ModifierFlags = ts.ModifierFlags;
export const ModifierFlags: { readonly [K in keyof typeof modifierFlags]: (typeof ts.ModifierFlags)[K] } =
  modifierFlags;

export type SymbolFlags = ts.SymbolFlags;
export const SymbolFlags: { readonly [K in keyof typeof symbolFlags]: (typeof ts.SymbolFlags)[K] } = symbolFlags;
