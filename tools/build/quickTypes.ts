/*
 * The types of what an edit touches, looked at by the native tsc while this process makes code. It is given no more than what
 * the files at hand need, which takes it some hundredths of a second: less than to load the other tsc.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { AreTypesRight } from '../compiler/incremental/checking.ts';
import { nativeTsc, startedCheck, type NativeCheck, type NativeFindings } from './nativeTypes.ts';

/** Undefined where nobody can be asked. (A path with a drive would have no place below a folder.) */
export function quickTypesCheck(): AreTypesRight | undefined {
  const program = nativeTsc();
  if (program === null) return undefined;
  return (texts, paths) => {
    const check = startedCheck((started) => {
      writeTexts(started, texts);
      started.start([program], rootsIn(started, paths));
    });
    return () => {
      const findings = check?.finish() ?? null;
      return findings !== null && isRight(findings, check!.folder, rootsIn(check!, paths));
    };
  };
}

function rootsIn({ folder }: NativeCheck, paths: readonly string[]): string[] {
  return paths.map((path) => join(folder, path));
}

function writeTexts({ folder }: NativeCheck, texts: ReadonlyMap<string, string>): void {
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Faults in other files do not count. */
function isRight({ lines, status }: NativeFindings, folder: string, roots: readonly string[]): boolean {
  if (status === 0) return true;
  return status < 128 && lines.length > 0 && lines.every((line) => isAboutOther(line, folder, roots));
}

/** A line of tsc's output that is about another file, or goes on with what the line before has begun. */
function isAboutOther(line: string, folder: string, roots: readonly string[]): boolean {
  if (/^\s/.test(line)) return true;
  const path = /^(.+)\(\d+,\d+\): error TS/.exec(line)?.[1];
  return path !== undefined && !roots.includes(resolve(folder, path));
}
