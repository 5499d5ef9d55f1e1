/*
 * Where the plan of an image starts from, and what of the image is not what it was when the plan was made.
 *
 * Only files that have changed, or what their names mean, are looked at. In these, functions may have other bodies; if
 * anything else is different (a variable, a class, what a function needs and in which order), the plan is of no use.
 */

import { constantsIn, rootsOf, type ProgramImage } from '../frontend/program-image.ts';
import type {
  ClassNeed,
  FileFacts,
  FunctionNeed,
  FunctionRecord,
  GlobalNeed,
  Need,
  TextNeed,
} from '../frontend/records.ts';
import type { Keys } from './keys.ts';
import { isSame, type ChangedFunction, type ImagePlan, type PlanBasis, type PlannedImage } from './plan.ts';
import type { CompileStore } from './store.ts';

/** For an image that has been put together. `facts` are those of its modules, the entry's first. */
export function basisOf(image: ProgramImage, facts: readonly FileFacts[], keys: Keys): PlanBasis {
  const keyed = <T extends GlobalNeed | ClassNeed>(needs: ReadonlyMap<string, T>) =>
    Array.from(needs.values(), (need) => ({ need, key: keys.of(need)! }));
  const globals = keyed(image.globalNeeds);
  const classes = keyed(image.classNeeds);
  const paths = new Set<string>();
  const note = ({ need }: { readonly need: Exclude<Need, TextNeed> }): void => {
    paths.add(keys.pathOf(need.unit)!);
    need.classes.forEach((unit) => paths.add(keys.pathOf(unit)!));
  };
  image.functions.forEach(note);
  globals.forEach(note);
  classes.forEach(note);
  const files = [...paths].map((path) => [path, keys.stateOf(path)!] as const);
  return { files, roots: rootsOf(facts).needs, globals, classes };
}

export interface ChangeSource {
  readonly keys: Keys;
  readonly store: CompileStore;
  /** The function as it is now; null if that cannot be told from here. */
  readonly record: (need: FunctionNeed) => FunctionRecord | null;
}

/** Null: the plan does not fit. */
export function findChanges(
  plan: ImagePlan,
  facts: readonly FileFacts[],
  { keys, record, store }: ChangeSource,
): PlannedImage | null {
  const { basis, functions } = plan;
  const { entry, needs } = rootsOf(facts);
  if (entry !== plan.entry || !isSame(needs, basis.roots)) return null;
  const files = basis.files.map(([path]) => [path, keys.stateOf(path)] as const);
  const touched = files.filter(([, state], n) => state !== basis.files[n]![1]).map(([path]) => `${path}#`);
  const isTouched = ({ classes, unit }: { readonly unit: string; readonly classes: readonly string[] }): boolean =>
    touched.some((path) => unit.startsWith(path) || classes.some((name) => name.startsWith(path)));
  for (const { key, need } of [...basis.globals, ...basis.classes]) {
    if (isTouched(need) && keys.of(need) !== key) return null;
  }
  const changed = new Map<number, ChangedFunction>();
  for (const [number, { key: before, need }] of functions.entries()) {
    const key = isTouched(need) ? keys.of(need) : before;
    if (key === before) continue;
    const known = store.functions.find(before);
    const now = key === undefined || known === undefined ? null : record(need);
    if (now === null || !hasSameOutside(now, known!)) return null;
    changed.set(number, { key: key!, record: now });
  }
  return { plan, files: files as PlanBasis['files'], changed, constants: constantsIn(facts) };
}

/** Whether others, and the image as a whole, cannot tell one from the other without looking at the body. */
function hasSameOutside(a: FunctionRecord, b: FunctionRecord): boolean {
  const { asm, debug, name, options, parameters, returns } = a.code;
  return (
    isSame(a.needs, b.needs) &&
    isSame(a.references, b.references) &&
    isSame(
      [name, options, parameters, returns, debug.name],
      [b.code.name, b.code.options, b.code.parameters, b.code.returns, b.code.debug.name],
    ) &&
    (asm === null) === (b.code.asm === null)
  );
}
