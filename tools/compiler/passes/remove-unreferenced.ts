/*
 * Removal of functions and data that nothing refers to.
 *
 * Needs: nothing but valid IR. Guarantees: what is left is the entry, what is exported, data with a section of its own,
 * and everything that these refer to: by calls, addresses, relocations, operands of assembly. A reference to
 * `__start_NAME` or `__stop_NAME` keeps the whole section NAME. A module with neither entry nor exported functions is a
 * library, of which every function may be called.
 *
 *   before  entry @main                          after  entry @main
 *           function @main(): void { ... }              function @main(): void { ... }
 *           function @unused(): void { ... }
 */

import { isLibrary, type ModuleOutline, outlineOf } from '../ir/outline.ts';
import type { IrModule } from '../ir/types.ts';

export function removeUnreferenced(module: IrModule): void {
  const live = liveNames(outlineOf(module));
  for (const name of module.functions.keys()) if (!live.has(name)) module.functions.delete(name);
  for (const name of module.data.keys()) if (!live.has(name)) module.data.delete(name);
}

/** The names of everything that is to stay. */
export function liveNames(module: ModuleOutline): ReadonlySet<string> {
  const live = new Set(roots(module));
  const add = ({ symbol }: { readonly symbol: string }): void => void live.add(symbol);
  for (const name of live) {
    const references = module.functions.get(name)?.references ?? module.data.get(name)?.relocations;
    if (references === undefined) for (const member of membersOf(name, module)) live.add(member);
    else references.forEach(add);
  }
  return live;
}

function roots(module: ModuleOutline): string[] {
  const exported = [...module.functions.values()].filter(({ options }) => options.isExported);
  const functions = isLibrary(module) ? [...module.functions.values()] : exported;
  const data = [...module.data.values()].filter(({ isExported, section }) => isExported || section !== null);
  const names = [...functions, ...data].map(({ name }) => name);
  return module.entry === null ? names : [module.entry, ...names];
}

/** What a name of the linker stands for: it is where a section begins or ends. */
function membersOf(name: string, module: ModuleOutline): string[] {
  const section = /^__(?:start|stop)_(.+)$/.exec(name)?.[1];
  if (section === undefined) return [];
  const functions = [...module.functions.values()].filter(({ options }) => options.section === section);
  const data = [...module.data.values()].filter((item) => item.section === section);
  return [...functions, ...data].map(({ name }) => name);
}
