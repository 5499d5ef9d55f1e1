/*
 * How big things are and where fields lie: C's rules of the i386 ABI.
 *
 * Fields stand in the order of the source, each aligned to its size, but to 4 at most; a struct is as aligned as its most
 * aligned field and as long as a multiple of that. `@packed` drops padding; `@align N` on a class or field raises.
 */

import type { StructLayout } from '../ir/types.ts';
import type { Reporter } from './diagnostics.ts';
import type { FieldInfo } from './entities.ts';
import { envOf, type TypeResolver } from './resolve-type.ts';
import * as types from './types.ts';
import type { ClassType, Type } from './types.ts';

interface Extent {
  readonly size: number;
  readonly align: number;
}

interface Field {
  readonly info: FieldInfo;
  readonly offset: number;
  readonly type: Type;
}

export interface ClassLayout extends Extent {
  readonly type: ClassType;
  readonly fields: ReadonlyMap<string, Field>;
}

const word: Extent = { size: 4, align: 4 };

/** No object is larger: 256 MiB. A frame holds less. */
export const maximumSize = 0x10000000;
export const maximumFrameObject = 0x100000;

export class Layouts {
  readonly #resolver: TypeResolver;
  readonly #reporter: Reporter;
  /** null while a layout is being made: a class that contains itself meets that. */
  readonly #classes = new Map<string, ClassLayout | null>();

  constructor(resolver: TypeResolver, reporter: Reporter) {
    this.#resolver = resolver;
    this.#reporter = reporter;
  }

  extentOf(type: Type): Extent {
    switch (type.kind) {
      case 'int':
        return { size: type.bits / 8, align: Math.min(4, type.bits / 8) };
      case 'bool':
        return { size: 1, align: 1 };
      case 'volatile':
        return this.extentOf(type.of);
      case 'inline':
        return this.layoutOf(type.of);
      case 'array': {
        const element = this.extentOf(type.element);
        const length = type.length.kind === 'length' ? type.length.value : 0;
        return { size: element.size * length, align: element.align };
      }
      case 'witness':
        return type.nullable ? { size: 1, align: 1 } : { size: 0, align: 1 };
      case 'words':
        return { size: 8, align: 4 };
      case 'void':
      case 'never':
      case 'unknown':
      case 'phantom':
        return { size: 0, align: 1 };
      default:
        return word;
    }
  }

  layoutOf(type: ClassType): ClassLayout {
    const known = this.#classes.get(type.key);
    if (known !== undefined && known !== null) return known;
    if (known === null) {
      this.#reporter.report(type.info.declaration.name ?? type.info.declaration, 'containsItself', [type.name]);
      return { type, size: 0, align: 1, fields: new Map() };
    }
    this.#classes.set(type.key, null);
    const layout = this.#compute(type);
    this.#classes.set(type.key, layout);
    return layout;
  }

  #compute(type: ClassType): ClassLayout {
    const { isPacked, align: wanted } = type.info.tags;
    const env = envOf(type);
    const fields = new Map<string, Field>();
    let end = 0;
    let align = wanted ?? 1;
    for (const info of type.info.fields) {
      const node = info.declaration.type;
      if (node === undefined) continue; // reported where classes are checked
      const fieldType = this.#resolver.field(node, env);
      const extent = this.extentOf(fieldType);
      const fieldAlign = Math.max(isPacked ? 1 : extent.align, info.tags.align ?? 1);
      const offset = roundUp(end, fieldAlign);
      fields.set(info.name, { info, offset, type: fieldType });
      end = offset + extent.size;
      align = Math.max(align, fieldAlign);
    }
    return { type, size: roundUp(end, align), align, fields };
  }

  /** The layout as the rest of the compiler and the host see it. */
  describe(type: ClassType): StructLayout {
    const layout = this.layoutOf(type);
    const fields = [...layout.fields.values()].map((field) => ({
      name: field.info.name,
      offset: field.offset,
      type: field.type.name,
      size: this.extentOf(field.type).size,
    }));
    return { name: types.symbolOf(type), size: layout.size, align: layout.align, fields };
  }
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}
