/*
 * Who may look at types in place of the tsc in this process. Both are quick to say that nothing is wrong; what is wrong, the
 * tsc here tells, or one like it.
 */

import type { Diagnostic, KernelTsOptions } from '../frontend/index.ts';

/** Waits for tsc's findings in some files, by path their texts. Null: there are none, or about other texts. */
type WaitForTypes = (texts: ReadonlyMap<string, string>) => readonly Diagnostic[] | null;

/** Starts to look at the types of all files elsewhere. */
export type CheckTypes = (
  request: Pick<KernelTsOptions, 'entries' | 'root' | 'libraryFiles' | 'defines'>,
) => WaitForTypes;

/**
 * Starts to find out whether somebody quick finds nothing wrong with the types in the files `paths`, and gives what waits for the
 * answer. `texts`: all that these need, by path; what is wrong elsewhere in there does not count. If the answer is no, tsc looks
 * at them here.
 */
export type AreTypesRight = (texts: ReadonlyMap<string, string>, paths: readonly string[]) => () => boolean;
