/*
 * The native tsc (package `typescript-native`), which looks at types about eight times as fast as the one in this process, and
 * beside it. What it says about faults is worded differently, and so all that it is asked is whether there are any: where it
 * finds none, nobody has to look again; where it finds something, the tsc of this process has the last word. The sources have
 * to be right under both (`npm run check` sees to that).
 *
 * A build waits for nothing but answers, so that no event tells when a program has ended. A shell therefore writes the
 * status down, which is looked for when it is wanted.
 *
 * It is to use little of the computer, not to be done early: the code takes longer. So it works in one thread, and does not
 * collect its garbage, which is less than what its threads would take: 0.4 s of CPU for the project instead of 0.7.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkOptions } from '../compiler/frontend/options.ts';

/** In milliseconds: how long tsc may take before somebody else is asked, and how often to look whether it is done. */
const PATIENCE = 120_000;
const INTERVAL = 2;

const SCRIPT = '"$0" "$@" >.output 2>&1; echo $? >.status';

/** What a run has come to. What a signal has ended, the shell tells by a status over 128. */
export interface NativeFindings {
  readonly status: number;
  /** All that it has printed, without empty lines. */
  readonly lines: readonly string[];
}

/** The program; null where the package has none for this kind of computer, is not installed, or there is no shell. */
export function nativeTsc(): string | null {
  const { arch, platform } = process;
  if (platform === 'win32') return null;
  try {
    const wrapper = createRequire(import.meta.url).resolve('typescript-native/package.json');
    const found = createRequire(wrapper).resolve(`@typescript/typescript-${platform}-${arch}/package.json`);
    return join(dirname(found), 'lib', 'tsc');
  } catch {
    return null;
  }
}

/** A run of tsc beside this process, with a folder of its own below the one for temporary files. */
export class NativeCheck {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'pagewright-types-')));
  #isRunning = false;
  /** Again, should the shell write something down in between. */
  readonly #remove = (): void => rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });

  constructor() {
    process.once('exit', this.#remove); // a build may end without asking
  }

  /** `command`: tsc, or what runs it. */
  start(command: readonly string[], roots: readonly string[], more: readonly string[] = []): void {
    const options = Object.entries(checkOptions).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const words = [
      ...command,
      '--ignoreConfig',
      '--singleThreaded',
      '--pretty',
      'false',
      ...options,
      ...more,
      ...roots,
    ];
    const env = { ...process.env, GOGC: 'off' };
    const child = spawn('/bin/sh', ['-c', SCRIPT, ...words], { cwd: this.folder, env, stdio: 'ignore' });
    child.on('error', () => undefined); // it is not running then
    child.unref();
    this.#isRunning = child.pid !== undefined;
  }

  /** Waits for tsc. Null: nobody knows what it has found. */
  finish(): NativeFindings | null {
    try {
      const status = this.#isRunning ? this.#status() : null;
      if (status === null) return null;
      const output = readFileSync(join(this.folder, '.output'), 'utf8');
      return { status, lines: output.split('\n').filter((line) => line !== '') };
    } catch {
      return null;
    } finally {
      process.off('exit', this.#remove);
      this.#remove();
    }
  }

  #status(): number | null {
    const file = join(this.folder, '.status');
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; waited <= PATIENCE; waited += INTERVAL) {
      const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
      if (text.endsWith('\n')) return Number(text); // all of it
      Atomics.wait(clock, 0, 0, INTERVAL);
    }
    return null;
  }
}

/** Starts a check by `begin`; null if that cannot be, perhaps because there is no room for files. */
export function startedCheck(begin: (check: NativeCheck) => void): NativeCheck | null {
  try {
    const check = new NativeCheck();
    begin(check);
    return check;
  } catch {
    return null;
  }
}
