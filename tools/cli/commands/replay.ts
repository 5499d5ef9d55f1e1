/*
 * pagewright replay: makes a recorded run again and checks that it is the same, at every checkpoint and at the end.
 */
import type { Machine } from '../../../emulator/machine.ts';
import type { Recording } from '../../../emulator/recording.ts';
import { replay, type ReplayResult } from '../../../emulator/replay.ts';
import { SnapshotError } from '../../../emulator/snapshot.ts';
import {
  type Command,
  type OptionValues,
  type Output,
  parseCount,
  RunError,
  stringOption,
  UsageError,
} from '../command.ts';
import { createMachine, openParts } from '../run/machine.ts';
import { loadRecording, saveSnapshot } from '../run/stateFiles.ts';

const CONSOLE = 0;

export const replayCommand: Command = {
  name: 'replay',
  summary: 'Make a recorded run again, and check that it is the same; status 1 if it is not.',
  operands: 'FILE',
  options: {
    show: { type: 'boolean', help: 'show what the guest writes to the console' },
    until: { type: 'string', value: 'INSTRUCTIONS', help: 'stop there instead of at the end' },
    snapshot: { type: 'string', value: 'FILE', help: 'write a snapshot where the replay stops' },
    json: { type: 'boolean', help: 'print the result as JSON' },
  },
  async run(values, operands, root, output) {
    const [path, ...others] = operands;
    if (path === undefined || others.length > 0)
      throw new UsageError('give one FILE, as `pagewright run --record` wrote it');
    const { recording, host } = loadRecording(path);
    const parts = openParts(host.options, root, output);
    if (parts === null) return 1;
    try {
      const machine = await createMachine(parts);
      try {
        const result = await play(machine, recording, values, output, `${path}: `, host.source);
        const snapshotPath = stringOption(values, 'snapshot');
        if (snapshotPath !== undefined && result.divergence === undefined) saveSnapshot(snapshotPath, machine);
        report(result, recording, values['json'] === true, output);
        return result.divergence === undefined ? 0 : 1;
      } finally {
        await machine.destroy();
      }
    } finally {
      parts.disks.close();
    }
  },
};

async function play(
  machine: Machine,
  recording: Recording,
  values: OptionValues,
  output: Output,
  prefix: string,
  source: string,
): Promise<ReplayResult> {
  const until = stringOption(values, 'until');
  if (values['show'] === true) machine.serial(CONSOLE).onOutput((bytes) => output.write(bytes.slice()));
  try {
    return await replay(machine, recording, {
      ...(until === undefined ? {} : { instructions: parseCount(until, 'until') }),
      onProgress: (share) => output.progress(`replayed ${Math.floor(100 * share)} %`),
    });
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    const how =
      source === ''
        ? 'build from the sources with which it was recorded'
        : `the sources were at ${source}: check that out (git checkout ${source.replace(/-dirty$/, '')})` +
          (source.endsWith('-dirty') ? ', with the changes that it had then' : '');
    throw new RunError(`${prefix}${error.message}; ${how}`);
  } finally {
    output.progress('');
  }
}

function report(result: ReplayResult, recording: Recording, asJson: boolean, output: Output): void {
  const { divergence, checkpoints, at } = result;
  const { reason, exitCode } = recording.result ?? {};
  if (asJson) {
    output.write(
      `${JSON.stringify({ same: divergence === undefined, checkpoints, at, divergence, reason, exitCode })}\n`,
    );
    return;
  }
  if (divergence === undefined) {
    const ending = exitCode === undefined ? (reason ?? 'end of the recording') : `exit ${exitCode}`;
    const isEnd = at.instructions === recording.checkpoints.at(-1)!.at.instructions;
    output.write(
      `the same: ${at.instructions} instructions, ${recording.inputs.length} inputs, ` +
        `${checkpoints} checkpoints${isEnd ? `, ${ending}` : ''}\n`,
    );
    return;
  }
  const { after, before, differences, repeats } = divergence;
  output.error(`pagewright replay: the run differs from the recording`);
  output.error(`  between ${after.instructions} and ${before.instructions} instructions`);
  for (const line of differences) output.error(`  ${line}`);
  output.error(
    repeats
      ? '  run again, this stretch comes out the same: what made the recording was different'
      : '  run again, this stretch comes out differently each time: the machine is at fault',
  );
}
