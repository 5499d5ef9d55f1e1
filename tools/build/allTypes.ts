/*
 * The types of everything, looked at by the native tsc while this process makes code.
 *
 * It begins early, and has until the code is done. So it may have no more of the computer than the others leave: of two
 * processors, it and the threads that V8 optimises and collects garbage in would take a third of a second away from ours.
 */
import type { AreAllTypesRight } from '../compiler/incremental/checking.ts';
import { diskFiles } from './diskFiles.ts';
import { nativeTsc, startedCheck } from './nativeTypes.ts';

const POLITELY = ['nice', '-n', '19'];

/** For files on the disk. Undefined where nobody can be asked. */
export function allTypesCheck(): AreAllTypesRight | undefined {
  const program = nativeTsc();
  if (program === null) return undefined;
  return (roots) => {
    const check = startedCheck((started) => started.start([...POLITELY, program], roots, ['--listFiles']));
    return (texts) => {
      const findings = check?.finish() ?? null;
      return findings?.status === 0 && haveBeenSeen(texts, new Set(findings.lines));
    };
  };
}

/** Whether these texts are in files that have been looked at. What such a file has now, it had then, or had before and after. */
function haveBeenSeen(texts: ReadonlyMap<string, string>, seen: ReadonlySet<string>): boolean {
  return [...texts].every(([path, text]) => seen.has(path) && diskFiles.readFile(path) === text);
}
