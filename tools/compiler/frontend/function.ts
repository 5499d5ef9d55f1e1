/*
 * The state of lowering one function (or one constant initial value), and what all parts of the lowering share.
 *
 * The parts (expressions, calls, statements, ...) are plain functions whose first argument is this object. It also ties
 * them together: `f.expression(node)` and `f.statement(node)` reach every kind of node without import cycles.
 */

import type { Instruction, IrFunction } from '../ir/types.ts';
import { sourceOf, type ts } from '../syntax/index.ts';
import { SsaBuilder, type Variable } from './builder.ts';
import type { CodeName } from './codes.ts';
import type { RelatedNode } from './diagnostics.ts';
import type { Entity, FunctionInfo } from './entities.ts';
import { lowerExpression } from './expressions.ts';
import type { FunctionInstance } from './instances.ts';
import type { Recorder } from './recorder.ts';
import { errorOperand, type Operand } from './operand.ts';
import type { TypeEnv } from './resolve-type.ts';
import { Scope } from './scope.ts';
import { lowerStatement, type JumpTarget } from './statements.ts';
import { checkSyntax } from './syntax.ts';
import { valueTypeOf, type ClassType, type Type } from './types.ts';
import type { World } from './world.ts';

/** What a name of the function stands for. */
export type Local =
  /** `known` is there for a variable that never changes: what is known of its value. */
  | { readonly kind: 'register'; readonly type: Type; readonly variable: Variable; readonly known: Operand | null }
  | { readonly kind: 'slot'; readonly type: Type; readonly slot: number }
  | { readonly kind: 'words'; readonly address: Variable; readonly count: Variable }
  /** A constant, or something without a run-time value. */
  | { readonly kind: 'constant'; readonly operand: Operand };

/** Where the code that is being lowered stands: a function, or the initial value of a module variable. */
export interface Surroundings {
  readonly key: string;
  readonly symbolName: string;
  readonly module: string;
  readonly env: TypeEnv;
  readonly receiver: ClassType | null;
  readonly result: Type;
  /** Null for an initial value. */
  readonly instance: FunctionInstance | null;
  /** The names of the function around this one: only its constants may be used. */
  readonly outer: ReadonlyMap<string, Local> | null;
}

/** How deeply expressions and statements may nest in each other. */
const maximumDepth = 500;

export class FunctionLowering {
  readonly world: World;
  readonly recorder: Recorder;
  readonly surroundings: Surroundings;
  readonly builder: SsaBuilder;
  /** The scopes around the current place, the function's own first. */
  readonly scopes: Scope[] = [new Scope()];
  /** What break and continue may leave, innermost last. */
  readonly jumps: JumpTarget[] = [];
  /** The value of `this`. */
  receiver: Operand | null = null;
  /** The slot that all calls with rest arguments share, and its size in words. */
  restSlot: { readonly index: number; words: number } | null = null;
  /** Null in an arrow, where a name may be one that the function around it declares further down. */
  readonly #moduleNames: Map<string, Entity> | null;
  /** Declarations of locals that must live in memory. Hardly any function has some. */
  #addressTaken: Set<ts.Node> | null = null;
  #depth = 0;
  #isTooDeep = false;

  constructor(world: World, recorder: Recorder, surroundings: Surroundings, fn: IrFunction) {
    this.world = world;
    this.recorder = recorder;
    this.surroundings = surroundings;
    this.builder = new SsaBuilder(fn);
    const { instance, outer } = surroundings;
    const isOfModule = instance !== null && outer === null;
    this.#moduleNames = isOfModule ? world.entities.namesIn(sourceOf(instance.info.declaration)) : null;
  }

  get env(): TypeEnv {
    return this.surroundings.env;
  }

  /** The function whose code this is; null in an initial value. */
  get info(): FunctionInfo | null {
    return this.surroundings.instance?.info ?? null;
  }

  report(node: ts.Node, code: CodeName, values: readonly string[] = [], related: readonly RelatedNode[] = []): void {
    this.world.reporter.report(node, code, values, related);
  }

  /** What this node gives has been found faulty: it is left out, and somebody must have said so in the end. */
  followError(node: ts.Node): void {
    if (!this.builder.isDead) this.world.reporter.followError(node);
  }

  /** The instructions that follow come from this node. */
  at(node: ts.Node): void {
    this.builder.at(node);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Names

  /** Lets a name stand for a local from here to the end of the innermost scope. */
  bind(name: string, local: Local): void {
    this.scopes.at(-1)?.bind(name, local);
  }

  /** Lets a local that is still to be declared live in memory. */
  takeAddress(declaration: ts.Node): void {
    (this.#addressTaken ??= new Set()).add(declaration);
  }

  isAddressTaken(declaration: ts.Node): boolean {
    return this.#addressTaken?.has(declaration) ?? false;
  }

  /**
   * What a name means here; null if tsc does not know it either, and has said so. What has been bound goes before what
   * the syntax tree says, which takes longer to find out.
   */
  meaningOf(name: ts.Identifier): Local | Entity | null {
    const { text } = name;
    for (let index = this.scopes.length - 1; index >= 0; index--) {
      const local = this.scopes[index]!.names.get(text);
      if (local !== undefined) return local;
    }
    const { outer } = this.surroundings;
    const around = outer?.get(text);
    // Witnesses are no constants: the arrow may run when the lock is free again.
    if (around?.kind === 'constant' && around.operand.type.kind !== 'witness') return around;
    const { entities } = this.world;
    return this.#moduleNames === null ? entities.entityAt(name) : entities.moduleEntity(name, this.#moduleNames);
  }

  /** All locals that can be named here. */
  visible(): Map<string, Local> {
    const all = new Map(this.surroundings.outer);
    for (const { names } of this.scopes) for (const [name, local] of names) all.set(name, local);
    return all;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Syntax

  expression(node: ts.Expression, expected?: Type): Operand {
    if (!this.#enter(node)) return errorOperand;
    const operand = lowerExpression(this, node, expected);
    this.#depth--;
    return operand;
  }

  statement(node: ts.Statement): void {
    if (!this.#enter(node)) return;
    lowerStatement(this, node);
    this.#depth--;
  }

  /** What is not lowered is looked at all the same: it must be kernel TS. */
  leaveOut(node: ts.Node): void {
    checkSyntax(this.world.reporter, node);
  }

  /** Does something that may recur, unless it has recurred too often. */
  nested(node: ts.Node, action: () => void): void {
    if (!this.#enter(node)) return;
    action();
    this.#depth--;
  }

  /** Sources must not be able to overflow the compiler's stack. */
  #enter(node: ts.Node): boolean {
    if (this.#depth < maximumDepth) {
      this.#depth++;
      return true;
    }
    if (!this.#isTooDeep) this.report(node, 'tooDeep');
    this.#isTooDeep = true;
    return false;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Types, values, storage

  /** The type that a type node names here; reports types that no value can have. */
  storageType(node: ts.TypeNode): Type {
    return this.world.resolver.storage(node, this.env);
  }

  /** The type that a type node names here, whatever it is. */
  resolveType(node: ts.TypeNode): Type {
    return this.world.resolver.resolve(node, this.env);
  }

  sizeOf(type: Type): number {
    return this.world.layouts.extentOf(type).size;
  }

  /** The operand in a register. */
  value(operand: Operand): Instruction {
    if (operand.value !== null) return operand.value;
    if (operand.address !== null) {
      const symbol = this.recorder.symbolOf(operand.address.target);
      return this.builder.emit('symbol', 'i32', [], { symbol, offset: operand.address.offset });
    }
    const type = valueTypeOf(operand.type);
    return this.builder.constant(type === 'i64' ? 'i64' : 'i32', operand.constant ?? 0n);
  }

  /** Room in the frame. Gives its address. */
  slot(name: string, type: Type): Instruction {
    return this.slotAddress(this.createSlot(name, type));
  }

  createSlot(name: string, type: Type): number {
    const { size, align } = this.world.layouts.extentOf(type);
    return this.builder.fn.slots.push({ name, size, align }) - 1;
  }

  slotAddress(index: number): Instruction {
    return this.builder.emit('slot', 'i32', [], { index });
  }

  /** Ends the path here: what was called does not come back. */
  endPath(): void {
    const { builder } = this;
    if (builder.block !== builder.fn.blocks[0]) builder.block.isCold = true;
    builder.unreachable();
  }
}
