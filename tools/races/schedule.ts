/*
 * Schedules: which CPU runs, and how far, step by step. As text, a line for each step:
 *
 *   # why
 *   1 until mm/vma:findVma        until it is about to execute the first instruction of this function
 *   1 until mm/vma:findVma x2     the second time
 *   1 until mm/vma:findVma returns    until it is back from there
 *   0 until change                until the word has changed that the test watches
 *   0 until sleep                 until it has nothing to do
 *   1 for 120                     so many instructions
 *
 * A step also ends when its CPU has nothing to do. Places make a schedule that says what it means, and outlives changes to
 * the kernel; instructions make one that can be drawn at random. What follows the last step, another policy decides.
 */
import type { Random } from '../../emulator/random.ts';

export type Goal =
  | { readonly kind: 'instructions'; readonly count: number }
  | { readonly kind: 'function'; readonly name: string; readonly times: number; readonly returns: boolean }
  | { readonly kind: 'change' }
  | { readonly kind: 'sleep' };

export interface Step {
  readonly cpu: number;
  readonly goal: Goal;
}

/** A text is no schedule. The message tells the line, and what a line may say. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

/** Throws ScheduleError. `name` is that of the file, for the message. */
export function parseSchedule(text: string, name: string): Step[] {
  return text.split('\n').flatMap((line, i) => {
    const words = line.replace(/#.*/, '').trim();
    if (words === '') return [];
    const match = /^([0-7]) (?:for ([1-9]\d*)|until (\S+?)( returns)?(?: x([1-9]\d*))?)$/.exec(words);
    if (match !== null)
      return [{ cpu: Number(match[1]), goal: goalOf(match[2], match[3], match[4] !== undefined, match[5]) }];
    const forms =
      "'CPU for INSTRUCTIONS', 'CPU until FUNCTION [returns] [xTIMES]', 'CPU until change' or 'CPU until sleep'";
    throw new ScheduleError(`${name}:${i + 1}: a line of a schedule is ${forms}, not '${words}'`);
  });
}

function goalOf(count: string | undefined, place: string | undefined, returns: boolean, times = '1'): Goal {
  if (count !== undefined) return { kind: 'instructions', count: Number(count) };
  if (place === 'change' || place === 'sleep') return { kind: place };
  return { kind: 'function', name: place!, times: Number(times), returns };
}

/** The text of a schedule. */
export function formatSchedule(steps: readonly Step[]): string {
  return steps.map(({ cpu, goal }) => `${cpu} ${formatGoal(goal)}\n`).join('');
}

function formatGoal(goal: Goal): string {
  switch (goal.kind) {
    case 'instructions':
      return `for ${goal.count}`;
    case 'function':
      return `until ${goal.name}${goal.returns ? ' returns' : ''}${goal.times === 1 ? '' : ` x${goal.times}`}`;
    default:
      return `until ${goal.kind}`;
  }
}

/** At most so many changes from one CPU to the other. */
const MOST_SWITCHES = 4;

/**
 * A schedule for two CPUs, drawn at random: few switches, anywhere within a race of about `length` instructions, and after
 * the last one the other CPU runs for as long as the whole race takes. (Most races need one or two switches at the right
 * place: a schedule with fewer of them has each of them there more often.)
 */
export function randomSchedule(random: Random, length: number): Step[] {
  const switches = 1 + random.below(MOST_SWITCHES);
  const places = Array.from({ length: switches }, () => 1 + random.below(length)).sort((a, b) => a - b);
  const first = random.below(2);
  const counts = places.map((place, i) => place - (places[i - 1] ?? 0));
  return [...counts, length].flatMap((count, i) =>
    count === 0 ? [] : [{ cpu: (first + i) % 2, goal: { kind: 'instructions', count } as const }],
  );
}
