/*
 * The launcher of the command line bundles it when a source has changed, and everybody finds a whole bundle.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programText, SmallProject } from '../support/smallProject.ts';

const execute = promisify(execFile);
const source = 'tools/cli/commands/build.ts';

let project: SmallProject;

beforeAll(() => {
  project = new SmallProject();
});

afterAll(() => rmSync(project.folder, { recursive: true }));

/** The summary that `pagewright build --help` has of itself. */
async function summary(command: 'run' | 'build'): Promise<string> {
  const { stdout } = await execute(process.execPath, [project.command, command, '--help']);
  return stdout;
}

function changeSummary(text: string): void {
  const before = readFileSync(join(project.folder, source), 'utf8');
  project.save(source, before.replace(/summary: '.*'/, `summary: '${text}'`));
}

/** Tells of the scripts that are loaded with V8's cache. */
const hook = `
  const vm = require('node:vm');
  vm.Script = class extends vm.Script {
    constructor(text, options) {
      super(text, options);
      console.error(options.filename, 'is loaded');
    }
  };`;

test('several that start at once after a change all run what is new', async () => {
  changeSummary('First.');
  const first = await Promise.all((['build', 'run', 'build', 'run'] as const).map(summary));
  expect(first[0]).toContain('First.');
  expect(first[2]).toBe(first[0]);
  expect(first[3]).toBe(first[1]);
  changeSummary('Second.');
  const second = await Promise.all((['build', 'run', 'build'] as const).map(summary));
  expect(second).toEqual([second[0], first[1], second[0]]);
  expect(second[0]).toContain('Second.');
});

test('what npm ci runs makes the bundles, compiles one ahead, and tells the version', async () => {
  const cache = join(project.folder, '.cache');
  rmSync(cache, { recursive: true });
  project.write('kernel/user/sh.ts', programText('return 0;')); // which is what is compiled
  const { scripts, version } = JSON.parse(readFileSync(join(project.folder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
    version: string;
  };
  const { stdout } = await execute('sh', ['-c', scripts['prepare']!], { cwd: project.folder });
  expect(stdout).toBe(`pagewright ${version}\n`);
  const bundles = ['build.cjs', 'main.mjs'].map((name) => join(cache, 'cli', name));
  const made = bundles.map((path) => statSync(path).mtimeMs);
  await Promise.all((['build', 'run'] as const).map(summary));
  expect(bundles.map((path) => statSync(path).mtimeMs)).toEqual(made);
  const codes = readdirSync(join(cache, 'cli')).filter((name) => /^bundle-.*\.code$/.test(name));
  expect(codes).toEqual([expect.stringMatching(/\.2\.code$/)]); // and no build will make it again
  expect(existsSync(join(cache, 'build'))).toBe(false);
});

test('a record of the sources that is damaged counts as none', async () => {
  project.write('.cache/cli/build.cjs.json', '["tools/cli');
  changeSummary('Third.');
  expect(await summary('build')).toContain('Third.');
});

test('a build loads TypeScript when it needs something of it', async () => {
  project.write('hook.cjs', hook);
  const scriptsOf = async (...args: readonly string[]): Promise<string[]> => {
    const { stderr } = await execute(process.execPath, ['--require', './hook.cjs', project.command, 'build', ...args], {
      cwd: project.folder,
    });
    return stderr.match(/[\w.]+js(?= is loaded)/g) ?? [];
  };
  expect(await scriptsOf('--help')).toEqual(['build.cjs']);
  // So few files are not worth anybody else who looks at their types.
  expect(await scriptsOf('--json')).toEqual(['build.cjs', 'typescript.js']);
});
