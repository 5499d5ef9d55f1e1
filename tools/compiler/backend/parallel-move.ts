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
): readonly Move<Source>[] {
  if (moves.length === 0) return moves;
  const pending = moves.slice();
  let count = 0;
  for (let n = 0; n < moves.length; n++) if (registerIn(moves[n]!.from) !== moves[n]!.to) pending[count++] = moves[n]!;
  pending.length = count;
  if (count < 2) return pending;
  const sequence: Move<Source>[] = [];
  while (pending.length > 0) {
    let blocked = 0;
    for (let n = 0; n < pending.length; n++) {
      const move = pending[n]!;
      // what is pending still: those that are blocked, and those that come
      if (
        isRead(move.to, pending, 0, blocked, registerIn) ||
        isRead(move.to, pending, n + 1, pending.length, registerIn)
      ) {
        pending[blocked++] = move;
      } else {
        sequence.push(move);
      }
    }
    if (blocked === pending.length) {
      // Only cycles are left: move the first destination's old value out of the way.
      const temporary = newTemporary();
      const saved = pending[0]!.to;
      sequence.push({ to: temporary, from: asSource(saved) });
      for (let n = 0; n < blocked; n++) {
        const { to, from } = pending[n]!;
        if (registerIn(from) === saved) pending[n] = { to, from: asSource(temporary) };
      }
    }
    pending.length = blocked;
  }
  return sequence;
}

/** Some move from number `start` up to `end` reads the register. Moves are few: counting readers takes a table. */
function isRead<Source>(
  register: number,
  moves: readonly Move<Source>[],
  start: number,
  end: number,
  registerIn: (source: Source) => number,
): boolean {
  for (let n = start; n < end; n++) if (registerIn(moves[n]!.from) === register) return true;
  return false;
}
