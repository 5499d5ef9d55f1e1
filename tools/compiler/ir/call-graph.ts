/*
 * Who calls whom.
 *
 * Strongly connected components (Tarjan 1972) tell recursive functions from others, and come out bottom-up: callees
 * before callers.
 */

import type { FunctionOutline, ModuleOutline } from './outline.ts';

export interface CallGraph {
  /** All functions; each after those that it calls, except within a recursion. */
  readonly bottomUp: readonly FunctionOutline[];
  /** The function can reach itself by direct calls. */
  isRecursive(name: string): boolean;
  /** One direct call is all that refers to the function. */
  hasOneUse(name: string): boolean;
}

export function callGraph(module: ModuleOutline): CallGraph {
  const callees = new Map<FunctionOutline, readonly FunctionOutline[]>();
  /** By name: how often it is named. A name that is not called directly counts twice, as used elsewhere. */
  const uses = new Map<string, number>();
  const use = (name: string, count: number): void => void uses.set(name, (uses.get(name) ?? 0) + count);
  for (const fn of module.functions.values()) {
    if (fn.options.isExported || module.entry === fn.name) use(fn.name, 2);
    callees.set(fn, collectCallees(fn, module, use));
  }
  for (const data of module.data.values()) {
    for (const { symbol } of data.relocations) use(symbol, 2);
  }
  const { bottomUp, recursive } = components([...callees.keys()], callees);
  return {
    bottomUp,
    isRecursive: (name) => recursive.has(name),
    hasOneUse: (name) => uses.get(name) === 1,
  };
}

function collectCallees(
  fn: FunctionOutline,
  module: ModuleOutline,
  use: (name: string, count: number) => void,
): FunctionOutline[] {
  const callees = new Set<FunctionOutline>();
  for (const { symbol, isCall } of fn.references) {
    use(symbol, isCall ? 1 : 2);
    const callee = isCall ? module.functions.get(symbol) : undefined;
    if (callee !== undefined) callees.add(callee);
  }
  return [...callees];
}

/** Tarjan's algorithm, with its own stack: call chains can be long. */
function components(
  functions: readonly FunctionOutline[],
  callees: ReadonlyMap<FunctionOutline, readonly FunctionOutline[]>,
): { bottomUp: FunctionOutline[]; recursive: Set<string> } {
  const bottomUp: FunctionOutline[] = [];
  const recursive = new Set<string>();
  const numbers = new Map<FunctionOutline, number>();
  const lowest = new Map<FunctionOutline, number>();
  const open: FunctionOutline[] = [];
  const isOpen = new Set<FunctionOutline>();
  const close = (root: FunctionOutline): void => {
    const members = open.splice(open.indexOf(root));
    for (const member of members) isOpen.delete(member);
    bottomUp.push(...members.reverse());
    if (members.length > 1 || callees.get(root)!.includes(root)) members.forEach(({ name }) => recursive.add(name));
  };
  const walk: { fn: FunctionOutline; next: number }[] = [];
  const enter = (fn: FunctionOutline): void => {
    numbers.set(fn, numbers.size);
    lowest.set(fn, numbers.get(fn)!);
    open.push(fn);
    isOpen.add(fn);
    walk.push({ fn, next: 0 });
  };
  const lower = (fn: FunctionOutline, to: number): void => void lowest.set(fn, Math.min(lowest.get(fn)!, to));
  for (const start of functions) {
    if (!numbers.has(start)) enter(start);
    for (let top = walk[walk.length - 1]; top !== undefined; top = walk[walk.length - 1]) {
      const callee = callees.get(top.fn)![top.next++];
      if (callee === undefined) {
        walk.pop();
        const caller = walk[walk.length - 1];
        if (caller !== undefined) lower(caller.fn, lowest.get(top.fn)!);
        if (lowest.get(top.fn) === numbers.get(top.fn)) close(top.fn);
      } else if (!numbers.has(callee)) {
        enter(callee);
      } else if (isOpen.has(callee)) {
        lower(top.fn, numbers.get(callee)!);
      }
    }
  }
  return { bottomUp, recursive };
}
