/*
 * The start and the end of a program.
 *
 * The kernel enters a program at `start` with, on the stack, argc, the addresses of the arguments, a null, those of the
 * environment's strings, a null, and the auxiliary vector (System V i386 ABI, "Process Initialization"). Each program
 * has its own `start`, which passes the stack pointer and the program's `main` to `run`.
 */

import { exitNow } from './processCalls.ts';
import { flush, initOutput, stderr, stdout } from './output.ts';
import type { StringList } from './strings.ts';

/** What a program defines: gets its arguments and environment, gives its exit status. */
export type Main = (argc: u32, argv: StringList, envp: StringList) => i32;

/** Runs a program: `stack` is the stack pointer at its entry. */
export function run(stack: Ptr<u32>, main: Main): never {
  const argc = stack[0];
  initOutput(stdout, 1);
  initOutput(stderr, 2);
  exit(main(argc, ptr(stack.add(1)), ptr(stack.add(argc + 2))));
}

/** Ends the program. If its output could not be written, an exit status of 0 turns into 1. */
export function exit(status: i32): never {
  const error = flush(stdout);
  exitNow(status === 0 && error !== 0 ? 1 : status);
}
