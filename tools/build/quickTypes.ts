/*
 * The types of what an edit touches, looked at by the native tsc while this process makes code. It is given no more than what
 * the files at hand need, which takes it some hundredths of a second: less than to load the other tsc.
 *
 * A build waits for nothing but answers, so that no event tells when a program has ended. A shell therefore writes the
 * status down, which is looked for when it is wanted.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { AreTypesRight } from '../compiler/incremental/checking.ts';
import { commandLine, environment, nativeTsc } from './nativeTypes.ts';

/** In milliseconds: how long tsc may take before somebody else is asked, and how often to look whether it is done. */
const PATIENCE = 120_000;
const INTERVAL = 2;

/** The status appears whole: under another name first. */
const SCRIPT = '"$0" "$@" >.output 2>&1; echo $? >.draft; mv .draft .status';

/** Undefined where nobody can be asked. A path with a drive has no place below a folder, and there is no shell. */
export function quickTypesCheck(): AreTypesRight | undefined {
  const program = process.platform === 'win32' ? null : nativeTsc();
  return program === null ? undefined : (texts, paths) => start(program, texts, paths);
}

function start(program: string, texts: ReadonlyMap<string, string>, paths: readonly string[]): () => boolean {
  let check: QuickCheck | null = null;
  try {
    check = new QuickCheck(program, texts, paths);
  } catch {
    // No room for files, perhaps.
  }
  return () => check?.finish() ?? false;
}

class QuickCheck {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), 'pagewright-types-')));
  readonly #roots: readonly string[];
  readonly #isRunning: boolean;
  readonly #remove = (): void => rmSync(this.#folder, { recursive: true, force: true });

  constructor(program: string, texts: ReadonlyMap<string, string>, paths: readonly string[]) {
    process.once('exit', this.#remove); // a build may end without asking
    this.#roots = paths.map((path) => join(this.#folder, path));
    for (const [path, text] of texts) {
      mkdirSync(dirname(join(this.#folder, path)), { recursive: true });
      writeFileSync(join(this.#folder, path), text);
    }
    const args = ['-c', SCRIPT, program, ...commandLine(this.#roots), '--pretty', 'false'];
    const child = spawn('/bin/sh', args, { cwd: this.#folder, env: environment(), stdio: 'ignore' });
    child.on('error', () => undefined); // it is not running then
    child.unref();
    this.#isRunning = child.pid !== undefined;
  }

  /** Waits for tsc. False: there may be faults; look closer. */
  finish(): boolean {
    try {
      return this.#isRunning && this.#isRight(this.#status());
    } catch {
      return false;
    } finally {
      process.off('exit', this.#remove);
      this.#remove();
    }
  }

  #status(): number {
    const file = join(this.#folder, '.status');
    const clock = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; !existsSync(file); waited += INTERVAL) {
      if (waited > PATIENCE) return -1;
      Atomics.wait(clock, 0, 0, INTERVAL);
    }
    return Number(readFileSync(file, 'latin1'));
  }

  /** Faults in other files do not count. What a signal has ended, the shell tells by a larger status. */
  #isRight(status: number): boolean {
    if (status === 0) return true;
    const lines = readFileSync(join(this.#folder, '.output'), 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    return status > 0 && status < 128 && lines.length > 0 && lines.every((line) => this.#isAboutOther(line));
  }

  /** A line of tsc's output that is about another file, or goes on with what the line before has begun. */
  #isAboutOther(line: string): boolean {
    if (/^\s/.test(line)) return true;
    const path = /^(.+)\(\d+,\d+\): error TS/.exec(line)?.[1];
    return path !== undefined && !this.#roots.includes(resolve(this.#folder, path));
  }
}
