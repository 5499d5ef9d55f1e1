/*
 * The shell's options: `set -e`, `set -o errexit`, and `$-`.
 */

import { contains, stringsEqual } from '../lib/strings.ts';
import { print } from '../lib/output.ts';
import { shell } from './state.ts';

export enum ShellOption {
  /** -a: export whatever is set */
  AllExport,
  /** -e: end when a command fails, unless its failure is being asked for */
  ErrorExit,
  /** -f: no patterns of file names */
  NoGlob,
  /** -n: parse only */
  NoExec,
  /** -u: parameters that are not set are errors */
  NoUnset,
  /** -v: show what is read, as it is read */
  Verbose,
  /** -x: show commands before they are run */
  Trace,
  /** -C: `>` does not overwrite files */
  NoClobber,
  Count,
}

const letters = table<string, 8>('a', 'e', 'f', 'n', 'u', 'v', 'x', 'C');
const names = table<string, 8>('allexport', 'errexit', 'noglob', 'noexec', 'nounset', 'verbose', 'xtrace', 'noclobber');

export function isSet(option: i32): boolean {
  return ((shell.options >>> u32(option)) & 1) !== 0;
}

function setTo(option: u32, on: boolean): void {
  if (on) shell.options |= u32(1) << option;
  else shell.options &= ~(u32(1) << option);
}

/** Sets an option by its letter. Returns false if there is none such. */
export function setByLetter(letter: u8, on: boolean): boolean {
  for (let i: u32 = 0; i < ShellOption.Count; i++) {
    if (!contains(bytes(letters[i]), letter)) continue;
    setTo(i, on);
    return true;
  }
  return false;
}

/** Sets an option by its long name. Returns false if there is none such. */
export function setByName(name: Ptr<u8>, on: boolean): boolean {
  for (let i: u32 = 0; i < ShellOption.Count; i++) {
    if (!stringsEqual(bytes(names[i]), name)) continue;
    setTo(i, on);
    return true;
  }
  return false;
}

/** `set -o`; as commands that would set them, for `set +o`. */
export function printOptions(asCommands: boolean): void {
  for (let i: u32 = 0; i < ShellOption.Count; i++) {
    const on = isSet(i32(i));
    if (asCommands) print('set %co %s\n', on ? 0x2d : 0x2b, names[i]);
    else print('%-16s%s\n', names[i], on ? 'on' : 'off');
  }
}

/** `$-`: the letters of those that are on, into `target`, ended by a zero. */
export function optionLetters(target: Ptr<u8>): void {
  let length: u32 = 0;
  for (let i: u32 = 0; i < ShellOption.Count; i++) {
    if (!isSet(i32(i))) continue;
    target[length] = bytes(letters[i])[0];
    length++;
  }
  if (shell.interactive) {
    target[length] = 0x69; // i
    length++;
  }
  target[length] = 0;
}
