/*
 * The kernel's command line: options separated by blanks, `name` or `name=value`. Read-only after boot.
 */

import { strlcpy, strlen, strncmp } from './string.ts';

const SPACE = 0x20;
const EQUALS = 0x3d;
const COMMAND_LINE_SIZE: u32 = 1024;

const commandLine = zeroed<FixedArray<u8, 1024>>();

/** Keeps a copy; what does not fit is cut off. */
export function setCommandLine(text: Ptr<u8>): void {
  strlcpy(commandLine, text, COMMAND_LINE_SIZE);
}

/** The whole of it, NUL-terminated. */
export function getCommandLine(): Ptr<u8> {
  return commandLine;
}

/** Is there `name` or `name=...`? */
export function hasOption(name: string): boolean {
  return findOption(bytes(name)) !== null;
}

/**
 * Copies the value of the last `name=value` to `buffer`, ended by NUL, cut to `size` bytes. Returns its full length; 0
 * for `name` alone; -1 if the option is not given.
 */
export function getOption(name: string, buffer: Ptr<u8>, size: u32): i32 {
  const found = findOption(bytes(name));
  if (found === null) return -1;
  const value = found[0] === EQUALS ? found.add(1) : found;
  let length: u32 = 0;
  while (value[length] !== 0 && value[length] !== SPACE) length++;
  const copied = length < size ? length : size - 1;
  copyBytes(buffer, value, copied);
  buffer[copied] = 0;
  return i32(length);
}

/** What follows the name in the last option of that name: `=`, a blank or the end. */
function findOption(name: Ptr<u8>): Ptr<u8> | null {
  const length = strlen(name);
  let found: Ptr<u8> | null = null;
  let at: Ptr<u8> = commandLine;
  while (at[0] !== 0) {
    const after = at.add(length);
    if (strncmp(at, name, length) === 0 && (after[0] === 0 || after[0] === SPACE || after[0] === EQUALS)) found = after;
    while (at[0] !== 0 && at[0] !== SPACE) at = at.add(1);
    while (at[0] === SPACE) at = at.add(1);
  }
  return found;
}
