/*
 * Redirections: of a command in a process of its own for good, of a command within the shell until it is done.
 */

import { EBADF, EEXIST } from '../../abi/errno.ts';
import { FD_CLOEXEC, O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../abi/fcntl.ts';
import { SIG_DFL, SIGPIPE } from '../../abi/signal.ts';
import { S_IFMT, S_IFREG, type Stat64 } from '../../abi/stat.ts';
import { MINUS } from '../lib/characters.ts';
import { errorText } from '../lib/errors.ts';
import { close, dup2, dupAtLeast, open, pipe, setDescriptorFlags, stat } from '../lib/fileCalls.ts';
import { flush, printError, stdout, writeAll } from '../lib/output.ts';
import { exitNow, fork, setSignal } from '../lib/processCalls.ts';
import { parseNumber, stringLength } from '../lib/strings.ts';
import { expandDocument, expandOne } from './expand.ts';
import { isSet, ShellOption } from './options.ts';
import { RedirectKind, type Redirection } from './tree.ts';

/** Copies of descriptors that the shell still needs are at this number or above. */
const SAFE_FD = 10;
const MAX_SAVED: u32 = 16;
/** A here-document of up to this many bytes fits into a pipe before anybody reads. */
const PIPE_SIZE: u32 = 4096;

/** Descriptors as they were. */
export class Saved {
  count: u32;
  fds: FixedArray<i32, 16>;
  /** Where each was copied to, or -1 if it was closed. */
  copies: FixedArray<i32, 16>;
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
  if (r.kind === RedirectKind.Document) return redirectDocument(r);
  const target = expandOne(r.target);
  if (r.kind === RedirectKind.Copy) return copyDescriptor(r.fd, target);
  const fd = openTarget(target, r.kind);
  if (fd < 0) {
    printError('sh: %s: %s\n', target, errorText(-fd));
    return false;
  }
  moveDescriptor(fd, r.fd);
  return true;
}

function moveDescriptor(from: i32, to: i32): void {
  if (from === to) return;
  dup2(from, to);
  close(from);
}

/** Under `set -C`, `>` opens a file only if it is a new one, or none that could be lost. */
function openTarget(target: Ptr<u8>, kind: i32): i32 {
  if (kind !== RedirectKind.Out || !isSet(ShellOption.NoClobber)) return open(target, openFlags(kind), 0o666);
  const status = zeroed<Inline<Stat64>>();
  if (stat(target, status) !== 0) return open(target, O_WRONLY | O_CREAT | O_EXCL, 0o666);
  return (status.st_mode & S_IFMT) === S_IFREG ? -EEXIST : open(target, O_WRONLY, 0);
}

/** The text comes through a pipe. What does not fit into it at once is written by a process of its own. */
function redirectDocument(r: Redirection): boolean {
  const text = r.isLiteral ? r.target : expandDocument(r.target);
  const length = stringLength(text);
  const ends = zeroed<FixedArray<i32, 2>>();
  const error = pipe(ends);
  if (error < 0) {
    printError('sh: pipe: %s\n', errorText(-error));
    return false;
  }
  if (length <= PIPE_SIZE) writeAll(ends[1], text, length);
  else {
    const pid = fork();
    if (pid === 0) {
      close(ends[0]);
      setSignal(SIGPIPE, SIG_DFL, 0, 0);
      writeAll(ends[1], text, length);
      exitNow(0);
    }
    if (pid < 0) printError('sh: fork: %s\n', errorText(-pid));
  }
  close(ends[1]);
  moveDescriptor(ends[0], r.fd);
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

function openFlags(kind: i32): u32 {
  switch (kind) {
    case RedirectKind.In:
      return O_RDONLY;
    case RedirectKind.Out:
    case RedirectKind.Clobber:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case RedirectKind.Append:
      return O_WRONLY | O_CREAT | O_APPEND;
    default:
      return O_RDWR | O_CREAT;
  }
}
