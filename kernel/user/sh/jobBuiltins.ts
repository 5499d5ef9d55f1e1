/*
 * Builtins on jobs: jobs, fg, bg, wait, kill.
 */

import { PERCENT, PLUS, MINUS } from '../lib/characters.ts';
import { killCommand } from '../lib/killCommand.ts';
import { printError } from '../lib/output.ts';
import { isDigit, parseNumber, stringsEqual, type StringList } from '../lib/strings.ts';
import {
  findJob,
  findJobByText,
  type Job,
  jobOfProcess,
  JobList,
  listJobs,
  resumeJob,
  waitBackground,
} from './jobs.ts';

/** jobs [-l|-p]: with process ids, or nothing but those. */
export function showJobs(argc: u32, argv: StringList): i32 {
  const long = argc > 1 && stringsEqual(argv[1]!, bytes('-l'));
  const plain = argc > 1 && stringsEqual(argv[1]!, bytes('-p'));
  listJobs(plain ? JobList.Processes : long ? JobList.Long : JobList.Short);
  return 0;
}

/** fg [JOB...] */
export function toForeground(argc: u32, argv: StringList): i32 {
  return resume(argc, argv, true);
}

/** bg [JOB...] */
export function toBackground(argc: u32, argv: StringList): i32 {
  return resume(argc, argv, false);
}

function resume(argc: u32, argv: StringList, foreground: boolean): i32 {
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc || i === 1; i++) {
    const job = i < argc ? jobArgument(argv[i]!) : findJob(0);
    if (job === null || job.group === 0) {
      printError('sh: %s: no such job\n', argv[0]);
      return 2;
    }
    status = resumeJob(job, foreground);
  }
  return status;
}

/** `%2` is a job's number, `%%` and `%+` the current one, `%-` the one before, `%word` one that begins so; or a pid. */
function jobArgument(text: Ptr<u8>): Job | null {
  const number = zeroed<FixedArray<i32, 1>>();
  if (text[0] !== PERCENT) return parseNumber(text, number) && number[0] > 0 ? jobOfProcess(number[0]) : null;
  const name = text.add(1);
  if (name[0] === 0 || name[0] === PERCENT || name[0] === PLUS) return findJob(0);
  if (name[0] === MINUS) return findJobByText(null);
  if (isDigit(name[0])) return parseNumber(name, number) && number[0] > 0 ? findJob(u32(number[0])) : null;
  return findJobByText(name);
}

/** wait [JOB...]: for all by default. */
export function waitForJobs(argc: u32, argv: StringList): i32 {
  if (argc === 1) return waitBackground(null);
  let status: i32 = 0;
  for (let i: u32 = 1; i < argc; i++) {
    const job = jobArgument(argv[i]!);
    status = job === null ? 127 : waitBackground(job);
  }
  return status;
}

/** kill, as the program; a process may also be a job. */
export function killBuiltin(argc: u32, argv: StringList): i32 {
  return killCommand(argc, argv, processOfJob);
}

/** The group of a job, negated as kill has it, or its process if it has none of its own. 0: no such job. */
function processOfJob(text: Ptr<u8>): i32 {
  const job = text[0] === PERCENT ? jobArgument(text) : null;
  if (job === null || job.count === 0) return 0;
  return job.group !== 0 ? -job.group : job.members[0].pid;
}
