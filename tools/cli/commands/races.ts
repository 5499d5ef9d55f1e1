/*
 * pagewright races: opens the races of 1999 again, one after the other, and shows what they do (kernel/mm/locking.md).
 *
 * The kernel is built with the flags of the races that are named. Each race is run with its mistake made, and by the same
 * schedules without: by the schedule that is kept in test/kernel/races/1999, which names places in the kernel, and by
 * schedules drawn at random. With one random schedule, that is printed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildKernel } from '../../build/buildProject.ts';
import { demonstrate, type Demonstration, type Exploration, scheduleOf } from '../../races/explore.ts';
import { raceDefines, RACES_1999, type Race } from '../../races/races1999.ts';
import { formatSchedule, parseSchedule, ScheduleError } from '../../races/schedule.ts';
import { RaceWindow } from '../../races/window.ts';
import { type Command, parseCount, RunError, stringOption, UsageError } from '../command.ts';
import { buildOrExplain } from './build.ts';

/** Where the schedules are kept. */
const FOLDER = 'test/kernel/races/1999';

export const racesCommand: Command = {
  name: 'races',
  summary: 'Open the races of 1999 again, and show by what schedules they do harm, and that without them nothing does.',
  operands: '[RACE...]',
  options: {
    schedules: { type: 'string', value: 'N', help: 'schedules drawn at random for each race (default 10000)' },
    seed: { type: 'string', value: 'N', help: 'the seed of the first of them (default 1)' },
    schedule: { type: 'string', value: 'FILE', help: `the schedule for a race, instead of that in ${FOLDER}` },
  },
  async run(values, operands, root, output) {
    const count = parseCount(stringOption(values, 'schedules') ?? '10000', 'schedules');
    const seed = parseCount(stringOption(values, 'seed') ?? '1', 'seed');
    const races = operands.length === 0 ? RACES_1999 : operands.map(raceNamed);
    const file = stringOption(values, 'schedule');
    if (file !== undefined && races.length !== 1) throw new UsageError('--schedule goes with one RACE');
    const built = buildOrExplain(root, {}, output);
    if (built === null) return 1;
    output.progress('building the kernel with its races open');
    const { kernel, layout } = buildKernel(root, raceDefines(races));
    const window = await RaceWindow.open({ kernel, layout, initrd: built.initrd });
    try {
      let troubles = 0;
      for (const race of races) {
        output.progress(`${race.name}: ${count} schedules, twice`);
        const path = file ?? join(root, FOLDER, `${race.name}.txt`);
        const steps = parseSchedule(readFileSync(path, 'utf8'), path);
        const shown = demonstrate(window, race, steps, seed, count);
        output.write(describe(race, shown, count));
        if (count === 1) output.write(`the random schedule:\n${formatSchedule(scheduleOf(window, seed))}`);
        for (const trouble of shown.troubles) output.error(`pagewright races: ${trouble}`);
        troubles += shown.troubles.length;
      }
      return troubles === 0 ? 0 : 1;
    } catch (error) {
      if (error instanceof ScheduleError) throw new RunError(error.message);
      throw error;
    } finally {
      await window.close();
    }
  },
};

function raceNamed(name: string): Race {
  const found = RACES_1999.find((race) => race.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`there is no race '${name}'; the races are ${RACES_1999.map((race) => race.name).join(', ')}`);
}

function describe(race: Race, { scripted, random }: Demonstration, count: number): string {
  const { open, closed } = scripted;
  const lines = [
    `${race.name} (${race.flag})`,
    `  by its schedule    open: ${open.kind}${open.kind === 'clean' ? '' : ` (${open.text})`}; closed: ${closed.kind}`,
  ];
  if (count > 0)
    lines.push(`  ${count} at random`, `    open    ${tally(random.open)}`, `    closed  ${tally(random.closed)}`);
  return `${lines.join('\n')}\n`;
}

function tally({ counts, firsts }: Exploration): string {
  return [...counts]
    .map(([kind, number]) => `${number} ${kind}${kind === 'clean' ? '' : ` (first: seed ${firsts.get(kind)!.seed})`}`)
    .join(', ');
}
