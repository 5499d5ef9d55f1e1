/*
 * Snapshots and recordings on disk, for the commands that write and read them.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Machine, type RunResult, SnapshotError } from '../../../emulator/machine.ts';
import { zlib } from '../../../emulator/node/compression.ts';
import { readRecording, type Recorder, type Recording, writeRecording } from '../../../emulator/recording.ts';
import { readSnapshot, writeSnapshot } from '../../../emulator/snapshot-file.ts';
import { type OptionValues, RunError } from '../command.ts';

/** What a recording keeps besides the run: how the machine was asked for. */
interface RecordedHost {
  /** The options of `pagewright run`. */
  readonly options: OptionValues;
  /** The state of the sources, as `git describe` tells it, or '' without git. */
  readonly source: string;
}

/** Options that are about files of the run, and not about what it depends on. */
const NOT_RECORDED = ['record', 'json', 'state-hash', 'snapshot'];

export function saveRecording(
  path: string,
  recorder: Recorder,
  options: OptionValues,
  root: string,
  result: RunResult | undefined,
): void {
  const kept = Object.fromEntries(Object.entries(options).filter(([name]) => !NOT_RECORDED.includes(name)));
  const host: RecordedHost = { options: kept, source: sourceState(root) };
  writeFile(path, writeRecording(recorder.finish(host, result), zlib));
}

/** Throws RunError. */
export function loadRecording(path: string): { recording: Recording; host: RecordedHost } {
  const recording = explained(path, () => readRecording(readFile(path), zlib));
  return { recording, host: recording.host as RecordedHost };
}

/** Throws RunError. */
export function saveSnapshot(path: string, machine: Machine): void {
  const snapshot = explained(path, () => machine.snapshot());
  writeFile(path, writeSnapshot(snapshot, zlib));
}

/** Puts the machine into the state of a snapshot. Throws RunError. */
export function restoreSnapshot(path: string, machine: Machine): void {
  explained(path, () => machine.restore(readSnapshot(readFile(path), zlib)));
}

/** What makes a SnapshotError of the machine's an error that is told without its trace, with the file's name. */
export function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof SnapshotError) throw new RunError(`${path}: ${error.message}`);
    throw error;
  }
}

/** Whether a file can be written when the run has ended is better found out before it. Throws RunError if it cannot. */
export function checkWritable(path: string): void {
  explainWriting(path, () => {
    if (existsSync(path)) closeSync(openSync(path, 'r+'));
    else accessSync(dirname(path), constants.W_OK);
  });
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new RunError(`cannot read ${path}: ${(error as Error).message}`);
  }
}

function writeFile(path: string, data: Uint8Array): void {
  explainWriting(path, () => writeFileSync(path, data));
}

function explainWriting(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new RunError(`cannot write ${path}: ${(error as Error).message}`);
  }
}

function sourceState(root: string): string {
  const { status, stdout } = spawnSync('git', ['-C', root, 'describe', '--always', '--dirty'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}
