/*
 * One program's IrModule: everything that can be reached from its roots, and nothing else.
 *
 * Lowering a function asks for the symbols that it uses (`symbolOf`); each question for something new puts that on the
 * worklist. So a program contains what it uses, whatever else is in the modules that it imports.
 */

import { IrModule, type IrData, type Relocation } from '../ir/types.ts';
import { reportFailure } from './failure.ts';
import type { ClassLayout } from './layout.ts';
import type { FunctionInstance } from './instances.ts';
import { lowerFunction } from './lower-function.ts';
import type { AddressTarget, Global, Operand } from './operand.ts';
import type { ts } from './typescript.ts';
import type { ClassType, Type } from './types.ts';
import type { World } from './world.ts';

export class ModuleLowering {
  readonly ir = new IrModule();
  readonly #world: World;
  readonly #pending: FunctionInstance[] = [];
  readonly #requested = new Map<string, FunctionInstance | Global>();
  readonly #texts = new Map<string, string>();
  readonly #classes = new Map<string, ClassType>();
  readonly #encoder = new TextEncoder();

  constructor(world: World) {
    this.#world = world;
  }

  /** Asks for a function that shall be there although nothing may refer to it. */
  addRoot(instance: FunctionInstance): void {
    this.symbolOf({ kind: 'function', instance });
  }

  /** The layout of a class, which is thereby one that the module uses. */
  layoutOf(type: ClassType): ClassLayout {
    if (!this.#classes.has(type.key)) this.#classes.set(type.key, type);
    return this.#world.layouts.layoutOf(type);
  }

  /** The name to refer to something by. Makes sure that it will be in the module. */
  symbolOf(target: AddressTarget): string {
    switch (target.kind) {
      case 'linker':
        return target.name;
      case 'text':
        return this.#text(target.text);
      case 'function':
        if (this.#isNew(target.instance.symbolName, target.instance, target.instance.info.declaration)) {
          this.#pending.push(target.instance);
        }
        return target.instance.symbolName;
      case 'global':
        if (this.#isNew(target.global.symbolName, target.global, target.global.declaration)) {
          this.#addGlobal(target.global);
        }
        return target.global.symbolName;
    }
  }

  #isNew(name: string, what: FunctionInstance | Global, node: ts.Node): boolean {
    const known = this.#requested.get(name);
    if (known === undefined) {
      this.#requested.set(name, what);
      return true;
    }
    const isOther = 'key' in known && 'key' in what ? known.key !== what.key : known !== what;
    if (isOther) this.#world.reporter.report(node, 'duplicateSymbol', [name]);
    return false;
  }

  /** Lowers until nothing is asked for any more. */
  run(): void {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.#lower(next);
      this.#world.lowered.add(next.key);
    }
  }

  /** Whatever the sources do to the compiler, its user gets a diagnostic. */
  #lower(instance: FunctionInstance): void {
    try {
      this.ir.functions.set(instance.symbolName, lowerFunction(this.#world, this, instance));
    } catch (error) {
      const { declaration } = instance.info;
      reportFailure(this.#world.reporter, declaration.name ?? declaration, error);
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Data

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const name = `.string${this.#texts.size}`;
    this.#texts.set(text, name);
    const bytes = this.#encoder.encode(`${text}\0`);
    this.#addData({
      name,
      size: bytes.length,
      align: 1,
      isConstant: true,
      section: null,
      bytes,
      relocations: [],
      isExported: false,
    });
    return name;
  }

  #addData(data: IrData): void {
    this.ir.data.set(data.name, data);
  }

  #addGlobal(global: Global): void {
    const extent = this.#world.layouts.extentOf(global.type);
    this.#noteClasses(global.type);
    const { symbolName: name, isConstant, section, isExported } = global;
    const align = Math.max(extent.align, global.align ?? 1);
    const contents = this.#contents(global, extent.size);
    this.#addData({ name, size: extent.size, align, isConstant, section, isExported, ...contents });
  }

  #contents(global: Global, size: number): Pick<IrData, 'bytes' | 'relocations'> {
    if (global.initial.length === 0) return { bytes: null, relocations: [] };
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    const relocations: Relocation[] = [];
    for (const { offset, type, value } of global.initial) {
      if (value.address !== null) {
        relocations.push({ at: offset, symbol: this.symbolOf(value.address.target), addend: value.address.offset });
      } else {
        writeConstant(view, offset, this.#world.layouts.extentOf(type).size, value);
      }
    }
    const isZero = relocations.length === 0 && bytes.every((byte) => byte === 0);
    return { bytes: isZero && !global.isConstant ? null : bytes, relocations };
  }

  /** Remembers the classes that lie in a variable. */
  #noteClasses(type: Type): void {
    if (type.kind === 'inline') this.layoutOf(type.of);
    else if (type.kind === 'array') this.#noteClasses(type.element);
    else if (type.kind === 'volatile') this.#noteClasses(type.of);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What the host wants to know

  /** Fills in the layouts of all classes that the module uses, also those that only a field points at. */
  describeClasses(): void {
    const work = [...this.#classes.values()];
    for (let type = work.pop(); type !== undefined; type = work.pop()) {
      const layout = this.#world.layouts.describe(type);
      if (this.ir.structs.has(layout.name)) continue;
      this.ir.structs.set(layout.name, layout);
      for (const field of this.#world.layouts.layoutOf(type).fields.values()) work.push(...classesIn(field.type));
    }
  }
}

function writeConstant(view: DataView, offset: number, size: number, value: Operand): void {
  const constant = value.constant ?? 0n;
  if (size === 1) view.setUint8(offset, Number(BigInt.asUintN(8, constant)));
  else if (size === 2) view.setUint16(offset, Number(BigInt.asUintN(16, constant)), true);
  else if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, constant), true);
  else if (size === 4) view.setUint32(offset, Number(BigInt.asUintN(32, constant)), true);
}

function classesIn(type: Type): ClassType[] {
  switch (type.kind) {
    case 'class':
      return [type];
    case 'inline':
    case 'volatile':
      return classesIn(type.of);
    case 'pointer':
    case 'array':
      return classesIn(type.element);
    default:
      return [];
  }
}
