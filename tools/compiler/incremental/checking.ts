/*
 * Who may look at types in place of the tsc in this process. Both are quick to say that nothing is wrong; what is wrong, the
 * tsc here tells.
 */

/**
 * Starts to find out whether somebody finds nothing wrong with the types in the files that `roots` bring in, and gives what waits
 * for the answer. `texts`: those files without the library, by path; if they are not what has been looked at, the answer is no.
 */
export type AreAllTypesRight = (roots: readonly string[]) => (texts: ReadonlyMap<string, string>) => boolean;

/**
 * Starts to find out whether somebody quick finds nothing wrong with the types in the files `paths`, and gives what waits for the
 * answer. `texts`: all that these need, by path; what is wrong elsewhere in there does not count. If the answer is no, tsc looks
 * at them here.
 */
export type AreTypesRight = (texts: ReadonlyMap<string, string>, paths: readonly string[]) => () => boolean;
