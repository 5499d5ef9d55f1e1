/*
 * Redirections: of a command in a process of its own for good, of a command within the shell until it is done.
 */

import { EBADF } from '../../abi/errno.ts';
import { FD_CLOEXEC, O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../abi/fcntl.ts';
import { MINUS } from '../lib/characters.ts';
import { errorText } from '../lib/errors.ts';
import { close, dup2, dupAtLeast, open, setDescriptorFlags } from '../lib/fileCalls.ts';
import { flush, printError, stdout } from '../lib/output.ts';
import { parseNumber } from '../lib/strings.ts';
import { expandOne } from './expand.ts';
import { type Redirection, REDIRECT_APPEND, REDIRECT_BOTH, REDIRECT_COPY, REDIRECT_IN, REDIRECT_OUT } from './tree.ts';

/** Copies of descriptors that the shell still needs are at this number or above. */
const SAFE_FD = 10;
const MAX_SAVED: u32 = 8;

/** Descriptors as they were. */
export class Saved {
  count: u32;
  fds: FixedArray<i32, 8>;
  /** Where each was copied to, or -1 if it was closed. */
  copies: FixedArray<i32, 8>;
}

/**
 * Carries out redirections in order. With `saved`, what they replace can be put back by `restore`, also if one of them
 * fails. Returns false if one did; it has been reported.
 */
export function redirect(first: Redirection | null, saved: Saved | null): boolean {
  for (let r = first; r !== null; r = r.next) {
    if (saved !== null && !save(r.fd, saved)) return false;
    if (!redirectOne(r)) return false;
  }
  return true;
}

/** Undoes redirections, the last one first. */
export function restore(saved: Saved): void {
  flush(stdout);
  for (let i = saved.count; i > 0; i--) {
    const copy = saved.copies[i - 1];
    const fd = saved.fds[i - 1];
    if (copy < 0) {
      close(fd);
      continue;
    }
    dup2(copy, fd);
    close(copy);
  }
  saved.count = 0;
}

function save(fd: i32, saved: Saved): boolean {
  if (saved.count === MAX_SAVED) {
    printError('sh: too many redirections\n');
    return false;
  }
  flush(stdout);
  const copy = dupAtLeast(fd, SAFE_FD);
  if (copy >= 0) setDescriptorFlags(copy, FD_CLOEXEC);
  saved.fds[saved.count] = fd;
  saved.copies[saved.count] = copy;
  saved.count++;
  return true;
}

function redirectOne(r: Redirection): boolean {
  const target = expandOne(r.target);
  if (r.kind === REDIRECT_COPY) return copyDescriptor(r.fd, target);
  const fd = open(target, openFlags(r.kind), 0o666);
  if (fd < 0) {
    printError('sh: %s: %s\n', target, errorText(-fd));
    return false;
  }
  if (fd === r.fd) return true;
  dup2(fd, r.fd);
  close(fd);
  return true;
}

/** `2>&1`; `2>&-` closes. */
function copyDescriptor(fd: i32, target: Ptr<u8>): boolean {
  const source = zeroed<FixedArray<i32, 1>>();
  if (target[0] === MINUS && target[1] === 0) {
    close(fd);
    return true;
  }
  const error = parseNumber(target, source) ? dup2(source[0], fd) : -EBADF;
  if (error < 0) printError('sh: %s: %s\n', target, errorText(-error));
  return error >= 0;
}

function openFlags(kind: u32): u32 {
  switch (kind) {
    case REDIRECT_IN:
      return O_RDONLY;
    case REDIRECT_OUT:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case REDIRECT_APPEND:
      return O_WRONLY | O_CREAT | O_APPEND;
    case REDIRECT_BOTH:
    default:
      return O_RDWR | O_CREAT;
  }
}
