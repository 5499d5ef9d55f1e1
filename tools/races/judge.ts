/*
 * What became of a run: the name of the bad outcome, or that there was none.
 *
 * The guest tells it itself where it can (kernel/mm/raceTest.ts), or in a panic. Of a run that does not end, the locks and
 * the memory tell why.
 */
import type { MemoryState } from '../../emulator/inspect/memoryState.ts';
import type { RunResult } from '../../emulator/machine.ts';
import type { Cpu } from '../../kernel/arch/x86/cpu.ts';
import type { Mm } from '../../kernel/mm/types.ts';

/** The bad outcomes by their names in locking.md; `clean`; and what nobody has foreseen. */
export type OutcomeKind =
  | 'clean'
  | 'use after free'
  | 'torn VMA'
  | 'deadlock'
  | 'lost page'
  | 'lost update'
  | 'panic'
  | 'hang'
  | 'broken invariant';

export interface Outcome {
  readonly kind: OutcomeKind;
  /** In the guest's words, or in ours. */
  readonly text: string;
}

/** What the slab fills freed memory with (kernel/mm/slabDebug.ts). */
const POISON = 0x6b6b6b6b;
const TOLD = /^race: (use after free|torn VMA|lost page|lost update): ?(.*)$/;
/**
 * Panics of somebody who has used what was free: an address made of poison, a lock in memory that is another's now, and
 * what the slab itself finds.
 */
const USED_FREE =
  /use after free|6b6b6b[0-9a-f]{2}|free already|after it was freed|released while held by|by another than its owner/;

/** `line` is what the guest has said last: `race: ...` or `panic: ...`, or undefined if the run did not end. */
export function judge(line: string | undefined, result: RunResult, state: MemoryState): Outcome {
  if (line === undefined) return judgeEndless(result, state);
  if (line === 'race: clean') return { kind: 'clean', text: 'clean' };
  const told = TOLD.exec(line);
  if (told !== null) return { kind: told[1] as OutcomeKind, text: told[2]! };
  return { kind: USED_FREE.test(line) ? 'use after free' : 'panic', text: line };
}

/** The run has not come to an end: who waits for what? */
function judgeEndless(result: RunResult, state: MemoryState): Outcome {
  const mm = state.reader.pointed<Mm>('Mm', 'mm/raceTest:victim');
  if (mm === null) return { kind: 'hang', text: `ended by ${result.reason}` };
  if (mm.mmapSem.guard.holder === POISON || mm.vmlistLock.holder === POISON) {
    return { kind: 'use after free', text: 'a CPU spins for a lock in memory that is free' };
  }
  if (mm.vmlistLock.holder !== 0 && isIdle(mm.vmlistLock.holder - 1, state)) {
    return { kind: 'deadlock', text: 'a CPU spins for vmlistLock, whose holder sleeps' };
  }
  return { kind: 'hang', text: `ended by ${result.reason}` };
}

/** Has the CPU nothing to do? */
function isIdle(cpu: number, { reader }: MemoryState): boolean {
  return reader.at<Cpu>('Cpu', reader.symbol('arch/x86/cpu:cpus') + cpu * reader.sizeOf('Cpu')).current.isIdle;
}
