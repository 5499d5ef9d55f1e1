/*
 * The races of 1999, opened again (kernel/mm/locking.md): each does the harm that it is known for, by the schedule that is
 * kept for it and by some that are drawn at random; closed, it does none. `npm run races` does the same for 10,000
 * schedules each.
 *
 * All are shown by one image, which has poisoned memory as well: what that notices is tested here, too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT_STATUS_PANIC } from '../../kernel/abi/bootInfo.ts';
import { buildKernel } from '../../tools/build/buildProject.ts';
import { demonstrate } from '../../tools/races/explore.ts';
import { raceDefines, RACES_1999 } from '../../tools/races/races1999.ts';
import { formatSchedule, parseSchedule, ScheduleError } from '../../tools/races/schedule.ts';
import { type RaceImages, RaceWindow } from '../../tools/races/window.ts';
import { builtFile, runGuest } from '../support/guest.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'test/kernel/races/1999');
/** Drawn at random for each race, open and closed. */
const SCHEDULES = 100;

let images: RaceImages;
beforeAll(() => {
  images = { ...buildKernel(root, raceDefines(RACES_1999)), initrd: builtFile('initrd.cpio') };
});

describe('each race', () => {
  let window: RaceWindow;
  beforeAll(async () => {
    window = await RaceWindow.open(images);
  });
  afterAll(() => window.close());

  test.each(RACES_1999)('$name: open, $outcome; closed, nothing', (race) => {
    const path = join(folder, `${race.name}.txt`);
    const steps = parseSchedule(readFileSync(path, 'utf8'), path);
    const { scripted, random, troubles } = demonstrate(window, race, steps, 1, SCHEDULES);
    expect(troubles).toEqual([]);
    expect(scripted.open.kind).toBe(race.outcome);
    expect(scripted.closed.kind).toBe('clean');
    expect(random.closed.counts.get('clean')).toBe(SCHEDULES);
  });

  test('the same schedule always has the same end', () => {
    const split = RACES_1999.find(({ name }) => name === 'split')!;
    window.approach(split.number);
    const ends = Array.from({ length: 3 }, () =>
      window.run(split.number, parseSchedule('0 for 700\n1 for 900', ''), 7),
    );
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).toEqual(ends[0]);
  });

  test('a place that does not exist is an error that names it', () => {
    window.approach(RACES_1999[0]!.number);
    expect(() => window.run(0, parseSchedule('1 until mm/vma:noSuchFunction', ''), 1)).toThrow(
      /mm\/vma:noSuchFunction/,
    );
  });
});

describe('poisoned memory', () => {
  test.each([
    ['slab-after-free', /was written to after it was freed/],
    ['slab-behind', /somebody wrote behind the object/],
  ])('%s is noticed', async (kind, report) => {
    const { kernel } = images;
    const { output, result } = await runGuest({ kernel, cpus: 2, exec: ['sleep 1'], commandLine: `mm-test=${kind}` });
    expect(output).toMatch(report);
    expect(result.exitCode).toBe(EXIT_STATUS_PANIC);
  });

  test('who keeps the rules has no trouble with it', async () => {
    const { kernel } = images;
    const exec = ['torture --iterations 1 --jobs 2 --seed 5'];
    const { status, output } = await runGuest({ kernel, cpus: 2, exec, commandLine: 'mm-test=slab' });
    expect(output).not.toContain('panic');
    expect(status).toBe(0);
  });
});

describe('schedules', () => {
  test('their text says all about them', () => {
    const text =
      '0 for 12\n1 until mm/vma:findVma x2\n0 until change\n1 until sleep\n0 until mm/vma:freeVma returns\n1 until f returns x3\n';
    expect(formatSchedule(parseSchedule(text, 'a'))).toBe(text);
    expect(parseSchedule('# nothing\n\n 1 for 3 # some', 'a')).toEqual([
      { cpu: 1, goal: { kind: 'instructions', count: 3 } },
    ]);
  });

  test.each(['8 for 3', '0 for 0', '0 until', '1 for ever', '1 until a b'])('%s is none', (line) => {
    expect(() => parseSchedule(`0 for 1\n${line}`, 'file')).toThrow(ScheduleError);
    expect(() => parseSchedule(`0 for 1\n${line}`, 'file')).toThrow(/^file:2: .*'CPU for INSTRUCTIONS'/);
  });
});

test('locking.md names each race, its flag, what it does, and the command that shows it', () => {
  const text = readFileSync(join(root, 'kernel/mm/locking.md'), 'utf8');
  for (const { name, flag, outcome } of RACES_1999) {
    const row = text.split('\n').find((line) => line.includes(`\`${flag}\``));
    expect(row, flag).toContain(`\`npx pagewright races ${name}\``);
    expect(row).toContain(outcome);
  }
  expect(readdirSync(folder).sort()).toEqual(RACES_1999.map(({ name }) => `${name}.txt`).sort());
});

test('nothing of the races is in an ordinary kernel', () => {
  const layout = JSON.parse(Buffer.from(builtFile('kernel.layout.json')).toString()) as {
    readonly symbols: readonly { readonly name: string }[];
  };
  const words = /mm\/race|swapOutOf|writeHolding|makeLateMistakes|insertAndMerge|flagsAfterMerge/;
  expect(layout.symbols.filter(({ name }) => words.test(name))).toEqual([]);
});
