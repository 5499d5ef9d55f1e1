/*
 * `pagewright build --check`: says what is wrong, and writes no image.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programText, SmallProject } from '../support/smallProject.ts';

let project: SmallProject;

beforeAll(() => {
  project = new SmallProject();
  project.write('kernel/user/right.ts', programText('return 2;'));
  project.write('kernel/user/wrong.ts', programText('return two;'));
});

afterAll(() => rmSync(project.folder, { recursive: true }));

function check(...args: readonly string[]) {
  const command = [project.command, 'build', '--check', ...args];
  const { status, stderr, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stderr, stdout };
}

test('images by their names, or all of them', () => {
  expect(check('right', 'kernel')).toEqual({ status: 0, stderr: '', stdout: 'no faults in 2 images\n' });
  expect(check('right', '--json').stdout).toBe('{"ok":true,"images":["right"]}\n');
  const wrong = check();
  expect(wrong.stderr).toMatch(/wrong\.ts:4:\d+[^]*'two'[^]*the build found 1 error\n$/);
  expect(wrong).toMatchObject({ status: 1, stdout: '' });
  expect(check('wrong', '--fresh')).toEqual(wrong);
  expect(existsSync(join(project.folder, 'dist'))).toBe(false);
});

test.each([
  [['nobody'], /there is no image 'nobody'; the images are kernel, one, right, wrong\n/],
  [['-o', 'k.elf'], /--check writes nothing/],
  [['--web'], /--check writes nothing/],
])('%j is refused', (args, message) => {
  expect(check(...args)).toMatchObject({ status: 2, stderr: expect.stringMatching(message) as string });
});

test('names are for --check alone', () => {
  const { status, stderr } = spawnSync(process.execPath, [project.command, 'build', 'right'], { encoding: 'utf8' });
  expect(stderr).toMatch(/unexpected argument 'right': names are for --check\n/);
  expect(status).toBe(2);
});
