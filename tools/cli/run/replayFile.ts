/*
 * Replays a recording from a file on a machine that is made as it was made for the recording.
 */
import type { Machine } from '../../../emulator/machine.ts';
import type { Recording } from '../../../emulator/recording.ts';
import { replay, type ReplayOptions, type ReplayResult } from '../../../emulator/replay.ts';
import { SnapshotError } from '../../../emulator/snapshot.ts';
import { type OptionValues, type Output, RunError } from '../command.ts';
import { createMachine, openParts } from './machine.ts';
import { loadRecording } from './stateFiles.ts';

export interface ReplayedFile {
  readonly recording: Recording;
  readonly result: ReplayResult;
}

export interface ReplayFileOptions extends ReplayOptions {
  /** Called before the replay, and after it if there is no divergence. */
  readonly onStart?: (machine: Machine) => void;
  readonly onEnd?: (machine: Machine) => void;
}

/**
 * `changed` replaces options of the recorded run that make no difference to it. Null if our own kernel does not compile.
 * Throws RunError if the recording cannot be used, or is of other images: then it says which, and from which sources.
 */
export async function replayFile(
  path: string,
  changed: OptionValues,
  options: ReplayFileOptions,
  root: string,
  output: Output,
): Promise<ReplayedFile | null> {
  const { recording, host } = loadRecording(path);
  const parts = openParts({ ...host.options, ...changed }, root, output);
  if (parts === null) return null;
  try {
    const machine = await createMachine(parts);
    try {
      options.onStart?.(machine);
      const result = await explainedReplay(machine, recording, options, path, host.source);
      if (result.divergence === undefined) options.onEnd?.(machine);
      return { recording, result };
    } finally {
      await machine.destroy();
    }
  } finally {
    parts.disks.close();
  }
}

async function explainedReplay(
  machine: Machine,
  recording: Recording,
  options: ReplayOptions,
  path: string,
  source: string,
): Promise<ReplayResult> {
  try {
    return await replay(machine, recording, options);
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new RunError(`${path}: ${error.message}; ${howToRebuild(source)}`);
  }
}

function howToRebuild(source: string): string {
  if (source === '') return 'build from the sources with which it was recorded';
  const commit = source.replace(/-dirty$/, '');
  const changes = source === commit ? '' : ', with the changes that it had then';
  return `the sources were at ${source}: check that out (git checkout ${commit})${changes}`;
}
