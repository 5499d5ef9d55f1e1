/*
 * The shell's state, in one place.
 */

import { exit } from '../lib/crt.ts';
import { type StringList } from '../lib/strings.ts';

/** `$1` and so on. */
export class Parameters {
  list: StringList;
  count: u32;
  /** The heap memory that holds them, if `set` made them. */
  block: Ptr<u8> | null;
}

export class Shell {
  /** Exit status of the last command: `$?`. */
  status: i32;
  /** Status of the last command substitution within the command that is being expanded. */
  substitutionStatus: i32;
  /** Commands come from a terminal: there are prompts and job control. */
  interactive: boolean;
  /** Process id of the shell: `$$`. Subshells keep it. */
  pid: i32;
  /** This process is a subshell. */
  isSubshell: boolean;
  /** The group that the shell itself is in, to which the terminal returns. */
  group: i32;
  /** Process id of the last background command: `$!`; 0 if there was none. */
  lastBackground: i32;
  /** `$0`. */
  name: Ptr<u8>;
  parameters: Inline<Parameters>;
  /** Options of `set`, one bit each (options.ts). */
  options: u32;
  /** Conditions that are being run: in them, a command that fails does not end the shell. */
  conditions: u32;
  /** ^C: drop the line that is being run. */
  interrupted: Volatile<boolean>;
  /** An error in an expansion or a special builtin: drop the line that is being run. */
  aborted: boolean;
  /** `return`: leave the function or the file that is being run. */
  returning: boolean;
  /** Functions and files that are being run. */
  calls: u32;
  /** Loops that `break` and `continue` are to leave; of the last one, whether to go on with it. */
  leaving: u32;
  continuing: boolean;
  /** Loops that are being run. */
  loops: u32;
  /** Runs a text. Set by execute.ts, which needs the files that use this. */
  runText: (text: Ptr<u8>, length: u32, isInput: boolean) => i32;
  /** What is to be done before the shell ends. Set by traps.ts. */
  atExit: (status: i32) => i32;
}

export const shell = zeroed<Inline<Shell>>();

/** Is the shell on its way out of something, so that the rest of it is not to be run? */
export function unwinding(): boolean {
  return shell.interrupted || shell.aborted || shell.returning || shell.leaving > 0;
}

/** Ends the shell, or this subshell, in order. */
export function leave(status: i32): never {
  exit(shell.atExit(status));
}

/** After an error that a script does not survive: ends the shell, or if it is interactive drops the line. */
export function abort(status: i32): void {
  shell.status = status;
  if (!shell.interactive) leave(status);
  shell.aborted = true;
}
