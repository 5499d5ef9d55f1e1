/*
 * Parallel moves in sequence.
 *
 * Given moves that all happen at once (to1, to2, ... = from1, from2, ...), finds an order that gives the same. A move may
 * go as soon as nobody still needs what is in its destination. What is left when none may go are cycles; saving one
 * register of a cycle to a temporary opens it.
 */

export interface Move<Source> {
  readonly to: number;
  readonly from: Source;
}

/**
 * The moves in an order that is safe one after the other. `registerIn` tells the register that a source reads, or -1;
 * `newTemporary` supplies a register that is not otherwise used, `asSource` makes a source of it. No two moves may have
 * the same destination.
 */
export function sequentialize<Source>(
  moves: readonly Move<Source>[],
  registerIn: (source: Source) => number,
  newTemporary: () => number,
  asSource: (register: number) => Source,
): Move<Source>[] {
  let pending = moves.filter(({ to, from }) => registerIn(from) !== to);
  if (pending.length < 2) return pending;
  const sequence: Move<Source>[] = [];
  // How many pending moves read each register.
  const readers = new Map<number, number>();
  const count = (source: Source, change: number): void => {
    const register = registerIn(source);
    if (register >= 0) readers.set(register, (readers.get(register) ?? 0) + change);
  };
  for (const { from } of pending) count(from, 1);
  while (pending.length > 0) {
    const blocked: Move<Source>[] = [];
    for (const move of pending) {
      if ((readers.get(move.to) ?? 0) > 0) {
        blocked.push(move);
        continue;
      }
      sequence.push(move);
      count(move.from, -1);
    }
    if (blocked.length === pending.length) {
      // Only cycles are left: move the first destination's old value out of the way.
      const temporary = newTemporary();
      const saved = blocked[0]!.to;
      sequence.push({ to: temporary, from: asSource(saved) });
      readers.set(saved, 0);
      for (const [n, move] of blocked.entries()) {
        if (registerIn(move.from) === saved) blocked[n] = { to: move.to, from: asSource(temporary) };
      }
    }
    pending = blocked;
  }
  return sequence;
}
