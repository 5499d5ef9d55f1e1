/*
 * Everything that has been lowered, each thing once, as records. Programs are put together from these; what they have in
 * common they share.
 */

import { Encoder } from '../ir/codec.ts';
import { ReferenceTable } from '../ir/outline.ts';
import type { IrData, IrFunction, Relocation } from '../ir/types.ts';
import { hashText } from '../hash.ts';
import { textOf, type ts } from '../syntax/index.ts';
import { giveUpFunction } from './declarations.ts';
import type { FunctionInfo } from './entities.ts';
import { reportFailure } from './failure.ts';
import type { FunctionInstance } from './instances.ts';
import { lowerFunction } from './lower-function.ts';
import type { AddressTarget, Global, Operand } from './operand.ts';
import { Recorder } from './recorder.ts';
import type {
  ClassNeed,
  ClassRecord,
  FunctionNeed,
  FunctionRecord,
  GlobalNeed,
  GlobalRecord,
  Need,
  TextNeed,
} from './records.ts';
import type { ClassType, Type } from './types.ts';
import { unitOf } from './units.ts';
import type { World } from './world.ts';

export class Catalogue {
  readonly #world: World;
  readonly #improve: (fn: IrFunction) => void;
  // Each need is one object, however often it turns up.
  readonly #globalNeeds = new Map<Global, GlobalNeed>();
  readonly #classNeeds = new Map<string, ClassNeed>();
  /** By the ids of needs: what is needed. */
  readonly #instances = new Map<string, FunctionInstance>();
  readonly #globals = new Map<string, Global>();
  readonly #classes = new Map<string, ClassType>();
  /** By id; null for what could not be lowered, which has been reported. */
  readonly #functionRecords = new Map<string, FunctionRecord | null>();
  readonly #globalRecords = new Map<string, GlobalRecord>();
  readonly #texts = new Map<string, TextNeed>();
  readonly #references = new ReferenceTable();
  readonly #encoder = new Encoder();

  /** `improve`: what is done to functions, as long as nothing is wrong with the program, before they are encoded. */
  constructor(world: World, improve: (fn: IrFunction) => void) {
    this.#world = world;
    this.#improve = improve;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Needs

  needOf(target: Exclude<AddressTarget, { kind: 'linker' }>): Need {
    switch (target.kind) {
      case 'function':
        return this.functionNeed(target.instance);
      case 'global':
        return this.globalNeed(target.global);
      case 'text':
        return this.#textNeed(target.text);
    }
  }

  functionNeed(instance: FunctionInstance): FunctionNeed {
    if (instance.need === null) {
      const { info, key: id, symbolName: symbol } = instance;
      const unit = unitOf(info.declaration);
      instance.need = { kind: 'function', id, symbol, unit, classes: unitsOfClasses(instance.typeArguments) };
      this.#instances.set(id, instance);
    }
    return instance.need;
  }

  globalNeed(global: Global): GlobalNeed {
    let need = this.#globalNeeds.get(global);
    if (need === undefined) {
      const unit = unitOf(global.declaration);
      const id = `${unit} ${global.symbolName}`;
      need = { kind: 'global', id, symbol: global.symbolName, unit, classes: noUnits };
      this.#globalNeeds.set(global, need);
      this.#globals.set(id, global);
    }
    return need;
  }

  classNeed(type: ClassType): ClassNeed {
    const { args, info, key: id, name: symbol } = type;
    let need = this.#classNeeds.get(id);
    if (need === undefined) {
      need = { kind: 'class', id, symbol, unit: unitOf(info.declaration), classes: unitsOfClasses(args) };
      this.#classNeeds.set(id, need);
      this.#classes.set(id, type);
    }
    return need;
  }

  /** Strings are named by what is in them: a function means the same one whatever program it is in. */
  #textNeed(text: string): TextNeed {
    let need = this.#texts.get(text);
    if (need === undefined) {
      const id = hashText(text);
      need = { kind: 'text', id, symbol: `.string${id}`, text };
      this.#texts.set(text, need);
    }
    return need;
  }

  /** Where a thing is declared; undefined if nobody has asked for it here. */
  declarationOf(need: Need): ts.Node | undefined {
    if (need.kind === 'function') return this.#instances.get(need.id)?.info.declaration;
    return need.kind === 'global' ? this.#globals.get(need.id)?.declaration : undefined;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Records. Undefined: nobody has asked for such a thing here, so that it is not known.

  hasLowered(instance: FunctionInstance): boolean {
    return this.#functionRecords.has(instance.key);
  }

  /** Somebody has asked for the function. */
  knows(need: FunctionNeed): boolean {
    return this.#instances.has(need.id);
  }

  /** Null, and reported, if the function could not be lowered. */
  function(need: FunctionNeed): FunctionRecord | null | undefined {
    const known = this.#functionRecords.get(need.id);
    if (known !== undefined) return known;
    const instance = this.#instances.get(need.id);
    if (instance === undefined) return undefined;
    const record = this.#lower(instance);
    if (isLoweredOnce(instance)) giveUpFunction(instance.info.declaration);
    this.#functionRecords.set(need.id, record);
    return record;
  }

  /** Whatever the sources do to the compiler, its user gets a diagnostic. */
  #lower(instance: FunctionInstance): FunctionRecord | null {
    const { reporter } = this.#world;
    try {
      const recorder = new Recorder(this.#world);
      const fn = lowerFunction(this.#world, recorder, instance);
      if (reporter.isEmpty) this.#improve(fn);
      return { code: this.#encoder.encode(fn), references: this.#references.of(fn), needs: recorder.needs };
    } catch (error) {
      const { declaration }: FunctionInfo = instance.info;
      reportFailure(reporter, declaration.name ?? declaration, error);
      return null;
    }
  }

  global(need: GlobalNeed): GlobalRecord | undefined {
    const known = this.#globalRecords.get(need.id);
    if (known !== undefined) return known;
    const global = this.#globals.get(need.id);
    if (global === undefined) return undefined;
    const recorder = new Recorder(this.#world);
    const record = { data: this.#dataOf(global, recorder), needs: recorder.needs };
    this.#globalRecords.set(need.id, record);
    return record;
  }

  class(need: ClassNeed): ClassRecord | undefined {
    const type = this.#classes.get(need.id);
    if (type === undefined) return undefined;
    const fields = [...this.#world.layouts.layoutOf(type).fields.values()];
    const needs = fields.flatMap((field) => classesIn(field.type)).map((of) => this.classNeed(of));
    return { layout: this.#world.layouts.describe(type), needs };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Data

  #dataOf(global: Global, recorder: Recorder): IrData {
    const extent = this.#world.layouts.extentOf(global.type);
    noteClasses(global.type, recorder);
    const { symbolName: name, isConstant, section, isExported } = global;
    const align = Math.max(extent.align, global.align ?? 1);
    const { bytes, relocations } = this.#contents(global, extent.size, recorder);
    return { name, size: extent.size, align, isConstant, section, bytes, relocations, isExported };
  }

  #contents(global: Global, size: number, recorder: Recorder): Pick<IrData, 'bytes' | 'relocations'> {
    if (global.initial.length === 0) return { bytes: null, relocations: [] };
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    const relocations: Relocation[] = [];
    for (const { offset, type, value } of global.initial) {
      if (value.address !== null) {
        const symbol = recorder.symbolOf(value.address.target);
        relocations.push({ at: offset, symbol, addend: value.address.offset });
      } else {
        writeConstant(view, offset, this.#world.layouts.extentOf(type).size, value);
      }
    }
    const isZero = relocations.length === 0 && bytes.every((byte) => byte === 0);
    return { bytes: isZero && !global.isConstant ? null : bytes, relocations };
  }
}

/** Neither for other types, nor when a function in it is needed. */
function isLoweredOnce({ info, typeArguments }: FunctionInstance): boolean {
  const { body } = info.declaration;
  if (body === undefined || typeArguments.length > 0) return false;
  const text = textOf(body);
  return !text.includes('=>') && !text.includes('function');
}

/** Remembers the classes that lie in a variable. */
function noteClasses(type: Type, recorder: Recorder): void {
  if (type.kind === 'inline') recorder.layoutOf(type.of);
  else if (type.kind === 'array') noteClasses(type.element, recorder);
  else if (type.kind === 'volatile') noteClasses(type.of, recorder);
}

function writeConstant(view: DataView, offset: number, size: number, value: Operand): void {
  const constant = value.constant ?? 0n;
  if (size === 1) view.setUint8(offset, Number(BigInt.asUintN(8, constant)));
  else if (size === 2) view.setUint16(offset, Number(BigInt.asUintN(16, constant)), true);
  else if (size === 8) view.setBigUint64(offset, BigInt.asUintN(64, constant), true);
  else if (size === 4) view.setUint32(offset, Number(BigInt.asUintN(32, constant)), true);
}

/** The classes of things that a field of the type holds or points at. */
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

const noUnits: readonly string[] = [];

/** The declarations of all classes that the types name, however deep. */
function unitsOfClasses(list: readonly Type[]): readonly string[] {
  if (list.length === 0) return noUnits;
  const units = new Set<string>();
  const visit = (type: Type): void => {
    switch (type.kind) {
      case 'class':
        units.add(unitOf(type.info.declaration));
        type.args.forEach(visit);
        break;
      case 'inline':
      case 'volatile':
      case 'witness':
        visit(type.of);
        break;
      case 'pointer':
        visit(type.element);
        break;
      case 'array':
        visit(type.element);
        visit(type.length);
        break;
      case 'function':
        [...type.parameters, type.result].forEach(visit);
        break;
      default:
    }
  };
  list.forEach(visit);
  return [...units];
}
