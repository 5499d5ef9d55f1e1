/*
 * pagewright replay: makes a recorded run again and checks that it is the same, at every checkpoint and at the end.
 */
import { type Command, type Output, parseCount, stringOption, UsageError } from '../command.ts';
import { replayFile, type ReplayedFile } from '../run/replayFile.ts';
import { checkWritable, saveSnapshot } from '../run/stateFiles.ts';

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
    const [until, snapshot] = ['until', 'snapshot'].map((name) => stringOption(values, name));
    if (snapshot !== undefined) checkWritable(snapshot);
    const replayed = await replayFile(
      path,
      {},
      {
        ...(until === undefined ? {} : { instructions: parseCount(until, 'until') }),
        onProgress: (share) => output.progress(`replayed ${Math.floor(100 * share)} %`),
        onStart: (machine) => {
          if (values['show'] === true) machine.serial(CONSOLE).onOutput((bytes) => output.write(bytes.slice()));
        },
        onEnd: (machine) => {
          if (snapshot !== undefined) saveSnapshot(snapshot, machine);
        },
      },
      root,
      output,
    );
    output.progress('');
    if (replayed === null) return 1;
    report(replayed, values['json'] === true, output);
    return replayed.result.divergence === undefined ? 0 : 1;
  },
};

function report({ recording, result }: ReplayedFile, asJson: boolean, output: Output): void {
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
