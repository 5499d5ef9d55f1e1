/*
 * What the assembler reports: all mistakes of a body at once, each with its place in the source.
 */

import type { SourceLocation } from '../../ir/types.ts';

export interface AssemblyProblem {
  readonly location: SourceLocation;
  readonly message: string;
}

/** The assembly of a naked function is faulty. */
export class AssemblyError extends Error {
  readonly problems: readonly AssemblyProblem[];

  constructor(problems: readonly AssemblyProblem[]) {
    super(problems.map(({ location, message }) => `${location.file}:${location.line}: ${message}`).join('\n'));
    this.name = 'AssemblyError';
    this.problems = problems;
  }
}

/** Thrown inside the assembler; becomes a problem of the line at hand. */
export class LineError extends Error {}
