/*
 * Lowering asks for what a function or variable uses, here: it gets a name or a layout, and the need is written down.
 */

import type { ClassLayout } from './layout.ts';
import type { AddressTarget } from './operand.ts';
import type { Need } from './records.ts';
import type { ClassType } from './types.ts';
import type { World } from './world.ts';

export class Recorder {
  readonly #world: World;
  /** Made when there is one: small functions and variables have none. */
  #needs: Set<Need> | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** In the order in which they turned up, each once. */
  get needs(): Need[] {
    return this.#needs === null ? [] : [...this.#needs];
  }

  add(need: Need): void {
    (this.#needs ??= new Set()).add(need);
  }

  /** The layout of a class, which is thereby one that the program uses. */
  layoutOf(type: ClassType): ClassLayout {
    this.add(this.#world.catalogue.classNeed(type));
    return this.#world.layouts.layoutOf(type);
  }

  /** The name to refer to something by. Makes sure that it will be in the program. */
  symbolOf(target: AddressTarget): string {
    if (target.kind === 'linker') return target.name;
    const need = this.#world.catalogue.needOf(target);
    this.add(need);
    return need.symbol;
  }
}
