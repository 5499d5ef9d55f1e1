/*
 * `pagewright build --watch`.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Diagnostic } from '../../tools/compiler/frontend/index.ts';
import { programText, SmallProject } from '../support/smallProject.ts';

/** What a build prints as JSON. */
interface Report {
  readonly ok: boolean;
  readonly programs: Readonly<Record<string, number>>;
  readonly diagnostics: readonly Diagnostic[];
}

let project: SmallProject;
let child: ChildProcessWithoutNullStreams;
let lines: Interface;
let errors = '';

beforeAll(() => {
  project = new SmallProject();
  child = spawn(process.execPath, [project.command, 'build', '--watch', '--json']);
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  lines = createInterface(child.stdout);
});

afterAll(() => {
  child.kill('SIGKILL');
  rmSync(project.folder, { recursive: true });
});

/** What the first build says that gives something of this kind: a save may count as two changes. */
async function report(isExpected: (report: Report) => boolean): Promise<Report> {
  for (;;) {
    const [line] = (await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error(`the watch has ended: ${errors}`))),
    ])) as [string];
    const found = JSON.parse(line) as Report;
    if (isExpected(found)) return found;
  }
}

const programFile = (name: string): Buffer => readFileSync(join(project.folder, 'dist', 'bin', name));

test('builds again after every change, until the compiler itself is another', async () => {
  await report(({ ok, programs }) => ok && Object.keys(programs).join() === 'one');
  const first = programFile('one');
  const isFirst = (): boolean => programFile('one').equals(first);

  project.write('kernel/user/one.ts', programText('return 2;'));
  await report(({ ok }) => ok && !isFirst());

  project.save('kernel/user/one.ts', programText('return two;'));
  const { diagnostics } = await report(({ ok }) => !ok);
  expect(diagnostics.map(({ message }) => message)).toEqual([expect.stringContaining("'two'")]);

  project.save('kernel/user/one.ts', programText('return 1;'));
  await report(({ ok }) => ok && isFirst());

  project.write('kernel/lib/new/three.ts', 'export function three(): u32 { return 3; }');
  project.write(
    'kernel/user/two.ts',
    `import { three } from '../lib/new/three.ts';\n${programText('return three();')}`,
  );
  await report(({ ok, programs }) => ok && Object.keys(programs).join() === 'one,two');
  const second = programFile('two');
  project.write('kernel/lib/new/three.ts', 'export function three(): u32 { return 33; }');
  await report(({ ok }) => ok && !programFile('two').equals(second));

  const ended = once(child, 'exit');
  const hash = readFileSync(join(project.folder, 'tools/compiler/hash.ts'), 'utf8');
  project.save('tools/compiler/hash.ts', `${hash}\n// new\n`);
  expect(await ended).toEqual([1, null]);
  expect(errors).toBe('pagewright build: the compiler itself has changed; start anew\n');
});
