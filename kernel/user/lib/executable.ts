/*
 * Finding the file of a command in PATH, for programs that run others.
 */

import { ENOENT } from '../../abi/errno.ts';
import { X_OK } from '../../abi/fcntl.ts';
import { S_IFMT, S_IFREG, type Stat64 } from '../../abi/stat.ts';
import { COLON, SLASH } from './characters.ts';
import { complain } from './errors.ts';
import { access, stat } from './fileCalls.ts';
import { joinPath } from './files.ts';
import { execve } from './processCalls.ts';
import { contains, copyString, startsWith, type StringList } from './strings.ts';

const PATH_SIZE: u32 = 4096;

const found = zeroed<FixedArray<u8, 4096>>();
const directory = zeroed<FixedArray<u8, 4096>>();

/** Writes the path of a command's file to `target` (4096 bytes). Returns false if there is none. */
export function findExecutable(name: Ptr<u8>, envp: StringList, target: Ptr<u8>): boolean {
  copyString(target, name, PATH_SIZE);
  if (contains(name, SLASH)) return isExecutable(target);
  const path = searchPath(envp);
  let at: u32 = 0;
  while (true) {
    let length: u32 = 0;
    for (; path[at] !== 0 && path[at] !== COLON; at++) {
      if (length + 1 < PATH_SIZE) {
        directory[length] = path[at];
        length++;
      }
    }
    directory[length] = 0;
    joinPath(target, PATH_SIZE, directory, name);
    if (isExecutable(target)) return true;
    if (path[at] === 0) return false;
    at++;
  }
}

/** Turns the process into the program that `argv` names. Returns 126 or 127, after a complaint, if that fails. */
export function executeFound(program: string, argv: StringList, envp: StringList): i32 {
  const error = findExecutable(argv[0]!, envp, found) ? execve(found, argv, envp) : -ENOENT;
  complain(program, argv[0]!, error);
  return error === -ENOENT ? 127 : 126;
}

function isExecutable(path: Ptr<u8>): boolean {
  const status = zeroed<Inline<Stat64>>();
  return stat(path, status) === 0 && (status.st_mode & S_IFMT) === S_IFREG && access(path, X_OK) === 0;
}

function searchPath(envp: StringList): Ptr<u8> {
  for (let i: u32 = 0; envp[i] !== null; i++) {
    if (startsWith(envp[i]!, bytes('PATH='))) return envp[i]!.add(5);
  }
  return bytes('/bin');
}
