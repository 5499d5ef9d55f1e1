/*
 * Many schedules of one race: how it ends by each, and whether that is as it should be.
 */
import { Random } from '../../emulator/random.ts';
import { RACE_NONE } from '../../kernel/abi/races.ts';
import type { Outcome, OutcomeKind } from './judge.ts';
import type { Race } from './races1999.ts';
import { randomSchedule, type Step } from './schedule.ts';
import type { RaceWindow } from './window.ts';

/** Memory is looked at from outside after one run in so many: that takes longer than the run. */
const INSPECTED = 50;

/** How the race ended by random schedules, seed after seed. */
export interface Exploration {
  /** By kind, how many of them. */
  readonly counts: ReadonlyMap<OutcomeKind, number>;
  /** By kind, the first. */
  readonly firsts: ReadonlyMap<OutcomeKind, { readonly seed: number; readonly outcome: Outcome }>;
}

/** The schedule that belongs to a seed. */
export function scheduleOf(window: RaceWindow, seed: number): Step[] {
  return randomSchedule(new Random(seed), window.length);
}

/** Runs the race that `window` stands before by the schedules of `count` seeds from `seed` on, with race `open` open. */
export function explore(window: RaceWindow, open: number, seed: number, count: number): Exploration {
  const counts = new Map<OutcomeKind, number>();
  const firsts = new Map<OutcomeKind, { seed: number; outcome: Outcome }>();
  for (let i = 0; i < count; i++) {
    const outcome = window.run(open, scheduleOf(window, seed + i), seed + i, i % INSPECTED === 0);
    counts.set(outcome.kind, (counts.get(outcome.kind) ?? 0) + 1);
    if (!firsts.has(outcome.kind)) firsts.set(outcome.kind, { seed: seed + i, outcome });
  }
  return { counts, firsts };
}

/** Everything about one race: each `open` with the mistake made, each `closed` by the same schedules without. */
export interface Demonstration {
  readonly scripted: { readonly open: Outcome; readonly closed: Outcome };
  readonly random: { readonly open: Exploration; readonly closed: Exploration };
  /** What is not as it should be, with the command that repeats it; empty: all is. */
  readonly troubles: readonly string[];
}

/** Brings `window` before the race, and shows it: by its own schedule, and by those of `count` seeds from `seed` on. */
export function demonstrate(
  window: RaceWindow,
  race: Race,
  steps: readonly Step[],
  seed: number,
  count: number,
): Demonstration {
  window.approach(race.number);
  const scripted = { open: window.run(race.number, steps, seed), closed: window.run(RACE_NONE, steps, seed) };
  const random = {
    open: explore(window, race.number, seed, count),
    closed: explore(window, RACE_NONE, seed, count),
  };
  const troubles: string[] = [];
  const expectKind = (how: string, { kind, text }: Outcome, expected: OutcomeKind, command: string): void => {
    if (kind !== expected)
      troubles.push(`${race.name}, ${how}: ${kind} (${text}), not ${expected}. Repeat: ${command}`);
  };
  const command = `npx pagewright races ${race.name}`;
  expectKind('open, by its schedule', scripted.open, race.outcome, `${command} --schedules 0`);
  expectKind('closed, by its schedule', scripted.closed, 'clean', `${command} --schedules 0`);
  for (const { seed: at, outcome } of random.open.firsts.values()) {
    const again = `${command} --schedules 1 --seed ${at}`;
    if (outcome.kind !== 'clean') expectKind('open, at random', outcome, race.outcome, again);
  }
  for (const { seed: at, outcome } of random.closed.firsts.values()) {
    expectKind('closed, at random', outcome, 'clean', `${command} --schedules 1 --seed ${at}`);
  }
  return { scripted, random, troubles };
}
