/*
 * Rounds about names: a file that moves between directories while others look for it, and is removed while it is open; a
 * symbolic link that comes and goes while somebody reads it.
 */

import { ENOENT } from '../../abi/errno.ts';
import { O_CREAT, O_RDONLY, O_WRONLY } from '../../abi/fcntl.ts';
import { close, mkdir, open, read, readlink, rename, rmdir, symlink, unlink } from '../lib/fileCalls.ts';
import { initOutput, type Output, printTo, putByte, writeAll } from '../lib/output.ts';
import { exitNow, fork, getpid, schedYield } from '../lib/processCalls.ts';
import { expectEnd, expectEqual, expectPattern, fillPattern, type Job, random, succeeded } from './job.ts';

const SIZE: u32 = 64;
const MOVES: u32 = 12;
/** Looks at both places of a file that moves back and forth, one of which finds it. */
const LOOKS: u32 = 5000;

class Path {
  text: Inline<Output>;
}

/** The name of something of this process. Returns the text. */
function name(path: Path, pattern: string): Ptr<u8> {
  initOutput(path.text, -1);
  printTo(path.text, pattern, getpid());
  putByte(path.text, 0);
  return path.text.buffer;
}

const first = zeroed<Inline<Path>>();
const second = zeroed<Inline<Path>>();
const here = zeroed<Inline<Path>>();
const there = zeroed<Inline<Path>>();
const link = zeroed<Inline<Path>>();
const buffer = zeroed<FixedArray<u8, 64>>();

/** The child's part: moves the file to and fro, and makes and removes a link. Returns an exit status. */
function move(from: Ptr<u8>, to: Ptr<u8>, place: Ptr<u8>): i32 {
  for (let i: u32 = 0; i < MOVES; i++) {
    if (rename(from, to) !== 0) return 1;
    const made = symlink(from, place);
    if (rename(to, from) !== 0) return 2;
    if (made === 0 && unlink(place) !== 0) return 3;
  }
  return 0;
}

/** Opens the file wherever it is now. */
function openSomewhere(job: Job, one: Ptr<u8>, other: Ptr<u8>): i32 {
  for (let look: u32 = 0; look < LOOKS; look++) {
    const fd = open((look & 1) === 0 ? one : other, O_RDONLY, 0);
    if (fd !== -ENOENT) return fd;
    if (random(job, 4) === 0) schedYield();
  }
  return -ENOENT;
}

function expectContents(job: Job, fd: i32, key: u32): void {
  expectEqual(job, 'read of a file that moves', u32(read(fd, buffer, SIZE)), SIZE);
  expectPattern(job, 'a file that moves', buffer, SIZE, key);
}

/** Looks at the link: it leads where the file is at home, or it is not there. */
function lookAtLink(job: Job, place: Ptr<u8>, target: Ptr<u8>, length: u32): void {
  const got = readlink(place, buffer, SIZE);
  if (got === -ENOENT || !succeeded(job, 'readlink', got)) return;
  expectEqual(job, 'the length of a link', u32(got), length);
  for (let i: u32 = 0; i < length; i++) expectEqual(job, 'the target of a link', buffer[i], target[i]);
}

function watch(job: Job, key: u32): void {
  const one = name(here, '/tmp/a-%d/file');
  const other = name(there, '/tmp/b-%d/file');
  const place = name(link, '/tmp/b-%d/link');
  const length = here.text.used - 1;
  const pid = fork();
  if (pid === 0) exitNow(move(one, other, place));
  if (!succeeded(job, 'fork', pid)) return;
  for (let i: u32 = 0; i < MOVES; i++) {
    const fd = openSomewhere(job, one, other);
    if (succeeded(job, 'open of a file that moves', fd)) expectContents(job, fd, key);
    close(fd);
    lookAtLink(job, place, one, length);
  }
  expectEnd(job, 'a process that moves a file', pid, 0);
}

/** Makes the file, has it moved, and removes it while it is open. */
function moveFile(job: Job): void {
  const key = random(job, 1000000);
  const path = name(here, '/tmp/a-%d/file');
  let fd = open(path, O_WRONLY | O_CREAT, 0o600);
  if (!succeeded(job, 'open', fd)) return;
  fillPattern(buffer, SIZE, key);
  const wrote = writeAll(fd, buffer, SIZE);
  close(fd);
  if (succeeded(job, 'write', wrote)) {
    watch(job, key);
    fd = open(path, O_RDONLY, 0);
    expectEqual(job, 'unlink of an open file', u32(unlink(path)), 0);
    if (succeeded(job, 'open', fd)) expectContents(job, fd, key);
    close(fd);
  } else unlink(path);
}

export function nameRound(job: Job): void {
  const one = name(first, '/tmp/a-%d');
  const other = name(second, '/tmp/b-%d');
  if (!succeeded(job, 'mkdir', mkdir(one, 0o700))) return;
  if (succeeded(job, 'mkdir', mkdir(other, 0o700))) {
    moveFile(job);
    expectEqual(job, 'rmdir', u32(rmdir(other)), 0);
  }
  expectEqual(job, 'rmdir', u32(rmdir(one)), 0);
}
