/*
 * torture [--iterations N] [--jobs N] [--threads N] [--seed N]: exercises fork, exec, wait, pipes, memory, files, names,
 * signals, tracing and alarms in loops, and checks every answer; with --threads, threads as well, N in each job
 * (torture/threads.ts).
 * torture --vm SIZE [--threads N] [--instructions N] [--seed N]: puts memory under pressure (torture/pressure.ts).
 * torture --bomb processes, torture --bomb memory: takes all there is (torture/bombs.ts).
 *
 * Each job is a process with a random sequence of its own that the seed determines; each iteration of it goes through
 * all the rounds below. The first mismatch is reported and ends the job with status 1; torture's own status is 0 only if
 * all went well. A kernel that is out of processes or memory says so, and the round is skipped: what is tested here is
 * that answers are true, not that there are resources.
 */

import { SLASH } from './lib/characters.ts';
import { run } from './lib/crt.ts';
import { joinPath } from './lib/files.ts';
import { complain } from './lib/errors.ts';
import { print, printError, flush, stdout } from './lib/output.ts';
import { exitNow, fork, wait4 } from './lib/processCalls.ts';
import { contains, parseNumber, stringLength, stringsEqual, type StringList } from './lib/strings.ts';
import { memoryBomb, processBomb } from './torture/bombs.ts';
import { type Job, seedJob } from './torture/job.ts';
import { childProgram, execRound, forkRound, killRound, treeRound } from './torture/processes.ts';
import { breakRound, copyOnWriteRound, mapRound, protectRound } from './torture/memory.ts';
import { runPressure } from './torture/pressure.ts';
import { nameRound } from './torture/names.ts';
import { alarmRound, stopRound, traceRound } from './torture/stops.ts';
import { conditionRound, groupRound, MAX_THREADS, threadRound } from './torture/threads.ts';
import { fileRound, pipeRound, pipelineRound } from './torture/transfers.ts';

class Settings {
  iterations: i32;
  jobs: i32;
  threads: i32; // in each job, besides its first; 0: no rounds of threads
  seed: i32;
  vm: i32; // bytes for --vm; 0: not asked for
  instructions: i32; // how long --vm takes
}

const path = zeroed<FixedArray<u8, 256>>();
const settings = zeroed<Inline<Settings>>();

/**
 * The program's entry.
 * @naked
 * @export
 */
export function start(): void {
  asm`xor ebp, ebp
      mov eax, esp
      lea edx, [${main}]
      call ${run}`;
}

function main(argc: u32, argv: StringList): i32 {
  if (argc > 2 && stringsEqual(argv[1]!, bytes('--child'))) return childProgram(argc, argv);
  if (argc === 3 && stringsEqual(argv[1]!, bytes('--bomb'))) {
    return stringsEqual(argv[2]!, bytes('memory')) ? memoryBomb() : processBomb();
  }
  settings.iterations = 10;
  settings.jobs = 2;
  settings.seed = 1;
  settings.instructions = 100000000;
  if (!readSettings(argc, argv)) {
    printError('usage: torture [--iterations N] [--jobs N] [--threads N] [--seed N]\n');
    printError('       torture --vm SIZE [--threads N] [--instructions N] [--seed N]\n');
    return 2;
  }
  if (settings.vm !== 0) return pressure();
  for (let number: i32 = 0; number < settings.jobs; number++) {
    const pid = fork();
    if (pid === 0) exitNow(runJob(number, programPath(argv[0]!)));
    if (pid < 0) {
      printError('torture: cannot fork job %d\n', number);
      settings.jobs = number;
    }
  }
  let failed: i32 = settings.jobs === 0 ? 1 : 0;
  const status = zeroed<FixedArray<u32, 1>>();
  while (wait4(-1, status, 0) > 0) {
    if (status[0] !== 0) failed++;
  }
  if (failed === 0) print('torture: %d jobs, %d iterations, all well\n', settings.jobs, settings.iterations);
  else printError('torture: %d of %d jobs failed\n', failed, settings.jobs);
  return failed === 0 ? 0 : 1;
}

/** The path that this program was started by. The shell looks in /bin for a name without a slash. */
function programPath(name: Ptr<u8>): Ptr<u8> {
  if (contains(name, SLASH)) return name;
  joinPath(path, 256, bytes('/bin'), name);
  return path;
}

function readSettings(argc: u32, argv: StringList): boolean {
  for (let i: u32 = 1; i < argc; i += 2) {
    if (i + 1 === argc) return false;
    const name = argv[i]!;
    const value = argv[i + 1]!;
    if (stringsEqual(name, bytes('--iterations'))) {
      if (!parseNumber(value, addrOf(settings.iterations))) return false;
    } else if (stringsEqual(name, bytes('--jobs'))) {
      if (!parseNumber(value, addrOf(settings.jobs))) return false;
    } else if (stringsEqual(name, bytes('--threads'))) {
      if (!parseNumber(value, addrOf(settings.threads)) || u32(settings.threads) > MAX_THREADS) return false;
    } else if (stringsEqual(name, bytes('--vm'))) {
      if (!parseSize(value, addrOf(settings.vm)) || settings.vm === 0) return false;
    } else if (stringsEqual(name, bytes('--instructions'))) {
      if (!parseSize(value, addrOf(settings.instructions))) return false;
    } else if (!stringsEqual(name, bytes('--seed')) || !parseNumber(value, addrOf(settings.seed))) return false;
  }
  return true;
}

/** A number, with K, M or G behind it for 2^10, 2^20 or 2^30. */
function parseSize(value: Ptr<u8>, result: Ptr<i32>): boolean {
  const length = stringLength(value);
  if (length === 0) return false;
  let shift: u32 = 0;
  const unit = value[length - 1];
  if (unit === 0x4b) shift = 10;
  else if (unit === 0x4d) shift = 20;
  else if (unit === 0x47) shift = 30;
  if (shift !== 0) value[length - 1] = 0;
  if (!parseNumber(value, result) || result[0] < 0 || result[0] >> i32(31 - shift) !== 0) return false;
  result[0] <<= i32(shift);
  return true;
}

/** torture --vm. Returns the exit status. */
function pressure(): i32 {
  const threads: u32 = settings.threads === 0 ? 1 : u32(settings.threads);
  const error = runPressure(u32(settings.vm), threads, u32(settings.instructions), u32(settings.seed));
  if (error !== 0) return complain('torture', bytes('--vm'), error);
  print('torture: %u threads under pressure, all well\n', threads);
  return 0;
}

/** All iterations of one job. Returns its exit status. */
function runJob(number: i32, program: Ptr<u8>): i32 {
  const job = zeroed<Inline<Job>>();
  seedJob(job, u32(settings.seed), u32(number), program);
  for (job.iteration = 0; job.iteration < u32(settings.iterations); job.iteration++) {
    forkRound(job);
    treeRound(job);
    execRound(job);
    killRound(job);
    mapRound(job);
    copyOnWriteRound(job);
    protectRound(job);
    breakRound(job);
    pipeRound(job);
    pipelineRound(job);
    fileRound(job);
    nameRound(job);
    stopRound(job);
    traceRound(job);
    alarmRound(job);
    if (settings.threads > 0) {
      threadRound(job, u32(settings.threads));
      conditionRound(job, u32(settings.threads));
      groupRound(job, u32(settings.threads));
    }
  }
  flush(stdout);
  return 0;
}
