/*
 * Rounds about bytes on their way: through pipes between processes, and through files.
 */

import { ENOENT } from '../../abi/errno.ts';
import { O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, SEEK_END, SEEK_SET } from '../../abi/fcntl.ts';
import { close, open, pipe, read, seek, unlink } from '../lib/fileCalls.ts';
import { initOutput, type Output, printTo, putByte, writeAll } from '../lib/output.ts';
import { exitNow, fork } from '../lib/processCalls.ts';
import { expectEnd, expectEqual, expectPattern, fillPattern, type Job, random, succeeded } from './job.ts';

/** More than any pipe holds, so that both ends must wait for each other. */
const BUFFER: u32 = 16384;
const REPEATS: u32 = 6;

const buffer = zeroed<FixedArray<u8, 16384>>();

/** A child writes, in pieces; the parent reads in pieces of another size, until the end. */
export function pipeRound(job: Job): void {
  const ends = zeroed<FixedArray<i32, 2>>();
  if (!succeeded(job, 'pipe', pipe(ends))) return;
  const key = random(job, 1000000);
  const piece = 1 + random(job, BUFFER);
  const pid = fork();
  if (pid === 0) {
    close(ends[0]);
    exitNow(send(ends[1], key));
  }
  close(ends[1]);
  if (succeeded(job, 'fork', pid)) {
    expectEqual(job, 'bytes through a pipe', receive(job, ends[0], piece, key), REPEATS * BUFFER);
    expectEnd(job, 'the writer of a pipe', pid, 0);
  }
  close(ends[0]);
}

/** Three processes in a row: the middle one passes on what it reads. */
export function pipelineRound(job: Job): void {
  const first = zeroed<FixedArray<i32, 2>>();
  const second = zeroed<FixedArray<i32, 2>>();
  if (!succeeded(job, 'pipe', pipe(first)) || !succeeded(job, 'pipe', pipe(second))) return;
  const key = random(job, 1000000);
  const source = fork();
  if (source === 0) {
    close(first[0]);
    close(second[0]);
    close(second[1]);
    exitNow(send(first[1], key));
  }
  const middle = fork();
  if (middle === 0) {
    close(first[1]);
    close(second[0]);
    exitNow(passOn(first[0], second[1]));
  }
  close(first[0]);
  close(first[1]);
  close(second[1]);
  const made = succeeded(job, 'fork', source) && succeeded(job, 'fork', middle);
  if (made) expectEqual(job, 'bytes through two pipes', receive(job, second[0], BUFFER, key), REPEATS * BUFFER);
  close(second[0]);
  // If only one of the two was made, nobody reads what it writes, or nobody writes what it reads: either way it ends.
  if (source > 0 && made) expectEnd(job, 'the source of a pipeline', source, 0);
  if (middle > 0 && made) expectEnd(job, 'the middle of a pipeline', middle, 0);
}

/** Writes the pattern REPEATS times. Returns an exit status. */
function send(fd: i32, key: u32): i32 {
  fillPattern(buffer, BUFFER, key);
  for (let i: u32 = 0; i < REPEATS; i++) {
    if (writeAll(fd, buffer, BUFFER) < 0) return 1;
  }
  return 0;
}

function passOn(from: i32, to: i32): i32 {
  while (true) {
    const got = read(from, buffer, 1000);
    if (got === 0) return 0;
    if (got < 0 || writeAll(to, buffer, u32(got)) < 0) return 1;
  }
}

/** Reads to the end in pieces; what comes must be the pattern, over and over. Returns the number of bytes. */
function receive(job: Job, fd: i32, piece: u32, key: u32): u32 {
  let total: u32 = 0;
  while (true) {
    const at = total % BUFFER;
    const room = BUFFER - at;
    const got = read(fd, buffer, piece < room ? piece : room);
    if (got === 0 || !succeeded(job, 'read', got)) return total;
    expectPattern(job, 'the contents of a pipe', buffer, u32(got), key + at);
    total += u32(got);
  }
}

/** A file holds what was written to it, at any offset; removed, it is gone. */
export function fileRound(job: Job): void {
  const name = zeroed<Inline<Output>>();
  initOutput(name, -1);
  printTo(name, '/tmp/torture-%u-%u', job.number, random(job, 1000000));
  putByte(name, 0);
  const path = name.buffer;
  const length = 1 + random(job, BUFFER);
  const key = random(job, 1000000);
  let fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600);
  if (!succeeded(job, 'open', fd)) return;
  fillPattern(buffer, length, key);
  const wrote = writeAll(fd, buffer, length);
  close(fd);
  if (succeeded(job, 'write', wrote)) {
    fd = open(path, O_RDONLY, 0);
    expectFile(job, fd, length, key);
    close(fd);
  }
  expectEqual(job, 'unlink', u32(unlink(path)), 0);
  expectEqual(job, 'open of a file that is gone', u32(open(path, O_RDONLY, 0)), u32(-ENOENT));
}

function expectFile(job: Job, fd: i32, length: u32, key: u32): void {
  const result = zeroed<FixedArray<i64, 1>>();
  expectEqual(job, 'lseek', u32(seek(fd, 0n, SEEK_END, result)), 0);
  expectEqual(job, 'the length of a file', u32(result[0]), length);
  const from = random(job, length);
  expectEqual(job, 'lseek', u32(seek(fd, i64(from), SEEK_SET, result)), 0);
  let at = from;
  while (at < length) {
    const got = read(fd, buffer, 1 + random(job, 5000));
    if (got <= 0) expectEqual(job, 'read of a file', u32(got), length - at);
    expectPattern(job, 'the contents of a file', buffer, u32(got), key + at);
    at += u32(got);
  }
  expectEqual(job, 'read at the end', u32(read(fd, buffer, 1)), 0);
}
