/*
 * Commands in processes of their own: programs, subshells, background commands, the stages of pipelines, and commands
 * whose output becomes part of a word.
 */

import { NEWLINE } from '../lib/characters.ts';
import { complain } from '../lib/errors.ts';
import { close, pipe, read } from '../lib/fileCalls.ts';
import { flush, print, stdout } from '../lib/output.ts';
import { type StringList } from '../lib/strings.ts';
import { take } from './arena.ts';
import { dropJob, type Job, makeJob, waitForeground } from './jobs.ts';
import { forkMember, moveTo } from './launch.ts';
import { leave, shell } from './state.ts';
import { type Node, NodeKind } from './tree.ts';

/** Runs a command in a process that was made for it. `argv` if it is a program and has been expanded already. */
export type Body = (node: Node, argv: StringList | null) => never;

/** Runs one command in a process. */
export function runAlone(node: Node, argv: StringList | null, foreground: boolean, body: Body): i32 {
  const job = makeJob(node.source, node.sourceLength, foreground);
  const pid = forkMember(job);
  if (pid === 0) body(node, argv);
  if (pid < 0) {
    dropJob(job);
    return 2;
  }
  if (foreground) return waitForeground(job);
  announce(job, pid);
  return 0;
}

/** A background job has started. */
function announce(job: Job, pid: i32): void {
  shell.lastBackground = pid;
  if (!shell.interactive) return;
  print('[%u] %d\n', job.number, pid);
  flush(stdout);
}

/** The stages of a pipeline run side by side; its status is the last one's. */
export function runPipeline(node: Node, body: Body): i32 {
  let count: u32 = 1;
  for (let n: Node = node; n.kind === NodeKind.Pipe; n = n.left!) count++;
  const stages = ptr<Node>(take(count * 4));
  let rest: Node = node;
  for (let i = count; i > 1; i--) {
    stages[i - 1] = rest.right!;
    rest = rest.left!;
  }
  stages[0] = rest;
  const job = makeJob(node.source, node.sourceLength, true);
  return startStages(job, stages, count, body) ? waitForeground(job) : 2;
}

/** Starts all stages. If that fails half-way, those that run see the ends of their pipes and finish; false. */
function startStages(job: Job, stages: Ptr<Node>, count: u32, body: Body): boolean {
  let input: i32 = -1;
  for (let i: u32 = 0; i < count; i++) {
    const ends = zeroed<FixedArray<i32, 2>>();
    const last = i + 1 === count;
    if (!last) {
      const error = pipe(ends);
      if (error < 0) return abandon(job, input, complain('sh', bytes('pipe'), error));
    }
    const pid = forkMember(job);
    if (pid === 0) {
      if (input >= 0) moveTo(input, 0);
      if (!last) {
        close(ends[0]);
        moveTo(ends[1], 1);
      }
      body(stages[i], null);
    }
    if (input >= 0) close(input);
    if (!last) close(ends[1]);
    input = last ? -1 : ends[0];
    if (pid < 0) return abandon(job, input, 2);
  }
  return true;
}

function abandon(job: Job, input: i32, _status: i32): boolean {
  if (input >= 0) close(input);
  if (job.count > 0) waitForeground(job);
  else dropJob(job);
  return false;
}

/** The output of a command, in the arena, without the newlines at its end. Zero bytes are left out. */
export function substitute(command: Ptr<u8>, length: u32): Ptr<u8> {
  const ends = zeroed<FixedArray<i32, 2>>();
  const job = makeJob(command, length, true);
  const error = pipe(ends);
  const pid = error < 0 ? error : forkMember(job);
  if (pid === 0) {
    close(ends[0]);
    moveTo(ends[1], 1);
    leave(shell.runText(command, length, false));
  }
  if (pid < 0) {
    dropJob(job);
    if (error === 0) close(ends[0]);
    if (error === 0) close(ends[1]);
    return bytes('');
  }
  close(ends[1]);
  const output = collectOutput(ends[0]);
  close(ends[0]);
  shell.substitutionStatus = waitForeground(job);
  return output;
}

/** Reads to the end. The arena hands out adjacent pieces, as nothing else takes from it meanwhile. */
function collectOutput(fd: i32): Ptr<u8> {
  const text = take(4);
  const chunk = zeroed<FixedArray<u8, 512>>();
  let length: u32 = 0;
  let room: u32 = 4;
  while (true) {
    const got = read(fd, chunk, 512);
    if (got <= 0) break;
    for (let i: i32 = 0; i < got; i++) {
      if (chunk[i] === 0) continue;
      if (length + 1 === room) {
        take(512);
        room += 512;
      }
      text[length] = chunk[i];
      length++;
    }
  }
  while (length > 0 && text[length - 1] === NEWLINE) length--;
  text[length] = 0;
  return text;
}
