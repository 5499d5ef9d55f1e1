/*
 * The shell's state, in one place.
 */

import { type StringList } from '../lib/strings.ts';

export class Shell {
  /** Exit status of the last command: `$?`. */
  status: i32;
  /** Commands come from a terminal: there are prompts and job control. */
  interactive: boolean;
  /** Process id of the shell: `$$`. Subshells keep it. */
  pid: i32;
  /** The group that the shell itself is in, to which the terminal returns. */
  group: i32;
  /** Process id of the last background command: `$!`; 0 if there was none. */
  lastBackground: i32;
  /** `$0`, and `$1` and so on. */
  name: Ptr<u8>;
  parameters: StringList;
  parameterCount: u32;
  /** `set -e`: end when a command fails, unless its failure is being asked for (conditions that are being run). */
  exitOnError: boolean;
  conditions: u32;
  /** ^C: drop the line that is being run. */
  interrupted: Volatile<boolean>;
  /** Loops that `break` and `continue` are to leave; of the last one, whether to go on with it. */
  leaving: u32;
  continuing: boolean;
  /** Loops that are being run. */
  loops: u32;
}

export const shell = zeroed<Inline<Shell>>();
