/*
 * The native tsc (package `typescript-native`) looks at types about eight times as fast as the one in this process, and
 * beside it. What it says about faults is worded differently, and so all that it is asked is whether there are any:
 * where it finds none, nobody has to look again; where it finds something, the tsc of this process has the last word.
 * The sources have to be right under both (`npm run check` sees to that).
 *
 * It is to use little of the computer, not to be done early: the code takes longer. So it works in one thread, and does not
 * collect its garbage, which is less than what its threads would take: 0.4 s of CPU for the project instead of 0.7.
 *
 * After an edit it is given no more than what the files at hand need, which takes it some hundredths of a second: less than
 * to load the other one.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { checkOptions } from '../compiler/frontend/options.ts';

/** The program; null where the package has none for this kind of computer, or is not installed. */
function nativeTsc(): string | null {
  const { arch, platform } = process;
  try {
    const wrapper = createRequire(import.meta.url).resolve('typescript-native/package.json');
    const found = createRequire(wrapper).resolve(`@typescript/typescript-${platform}-${arch}/package.json`);
    return join(dirname(found), 'lib', platform === 'win32' ? 'tsc.exe' : 'tsc');
  } catch {
    return null;
  }
}

function commandLine(roots: readonly string[]): string[] {
  const options = Object.entries(checkOptions).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return ['--ignoreConfig', '--singleThreaded', ...options, ...roots];
}

/** The files that the roots bring in, if nothing is wrong with the types in them. Null: there may be; look closer. */
export function filesWithoutFaults(roots: readonly string[]): string[] | null {
  const program = nativeTsc();
  if (program === null) return null;
  const { lines, status } = run(program, '.', ['--listFiles'], roots);
  return status === 0 ? lines : null;
}

/**
 * Whether there are no faults in the types of the files `paths`. `texts`: those, and all that they need, by path; faults in
 * there do not count. False: there may be some; look closer.
 */
export function areTypesRight(texts: ReadonlyMap<string, string>, paths: readonly string[]): boolean {
  const program = nativeTsc();
  if (program === null || process.platform === 'win32') return false; // a path with a drive has no place below a folder
  let folder: string | null = null;
  try {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pagewright-types-')));
    return areRightBelow(folder, program, texts, paths);
  } catch {
    return false; // no room for files, perhaps
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

function areRightBelow(
  folder: string,
  program: string,
  texts: ReadonlyMap<string, string>,
  paths: readonly string[],
): boolean {
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const roots = paths.map((path) => join(folder, path));
  const { lines, status } = run(program, folder, ['--pretty', 'false'], roots);
  if (status === 0) return true;
  return status !== null && lines.length > 0 && lines.every((line) => isAboutOther(line, folder, roots));
}

/** A line of tsc's output that is about another file than these, or goes on with what the line before has begun. */
function isAboutOther(line: string, folder: string, roots: readonly string[]): boolean {
  if (/^\s/.test(line)) return true;
  const path = /^(.+)\(\d+,\d+\): error TS/.exec(line)?.[1];
  return path !== undefined && !roots.includes(resolve(folder, path));
}

/** The lines are those of both outputs. `status`: null if it has not come to an end by itself. */
function run(program: string, folder: string, options: readonly string[], roots: readonly string[]) {
  const { status, stderr, stdout } = spawnSync(program, [...commandLine(roots), ...options], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, GOGC: 'off' },
  });
  const output = status === null ? '' : stdout + stderr;
  return { status, lines: output.split('\n').filter((line) => line !== '') };
}
