/*
 * The soak of recording and replaying: machines at whose shells somebody types whatever comes to mind, whenever the host
 * gets to it, and each run made again from its recording, compiled or interpreted. A replay that goes astray ends the soak
 * and leaves its recording behind.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Machine, RunResult } from '../../../emulator/machine.ts';
import type { Random } from '../../../emulator/random.ts';
import { Recorder } from '../../../emulator/recording.ts';
import type { OptionValues, Output } from '../command.ts';
import { createMachine, openParts } from './machine.ts';
import { replayFile, type ReplayedFile } from './replayFile.ts';
import { saveRecording } from './stateFiles.ts';

/** What is typed; control characters and half lines are part of it. */
const LINES = [
  'ls -l /bin | cat\n',
  'ps; cat /proc/interrupts\n',
  'torture --iterations 1 --jobs 2 &\n',
  'torture --iterations 1 --threads 3 --jobs 1\n',
  'echo half of a ',
  'line\n',
  'wrong\u007f\u007f\u0015echo killed\n',
  'sleep 0.01; echo slept\n',
  '\u0003',
  'cat /bin/sh | wc\n',
];
const CONSOLE = 0;
const MODES = [{}, { exact: true }];

/** Records one run and replays it. Whether it came out the same. */
export async function soakReplay(random: Random, root: string, output: Output): Promise<boolean> {
  const options: OptionValues = {
    cpus: String(random.below(4) === 0 ? 1 + random.below(8) : 4),
    seed: String(random.next32()),
    policy: `${['round-robin', 'random-slices'][random.below(2)]!}:${[100, 3000, 100_000][random.below(3)]!}`,
    ...MODES[random.below(MODES.length)],
  };
  const path = join(root, 'dist', 'soak.recording');
  mkdirSync(join(root, 'dist'), { recursive: true });
  if (!(await record(path, options, random, root, output))) return false;
  const replayed = await replayFile(path, MODES[random.below(MODES.length)]!, {}, root, output);
  return replayed !== null && tell(replayed, path, options, output);
}

async function record(
  path: string,
  options: OptionValues,
  random: Random,
  root: string,
  output: Output,
): Promise<boolean> {
  const parts = openParts(options, root, output);
  if (parts === null) return false;
  const machine = await createMachine(parts);
  try {
    const recorder = new Recorder(machine);
    const instructions = parts.settings.isExact ? 30e6 : 20e6 + random.below(100e6);
    const result = await typeAtRandom(machine, random, instructions);
    saveRecording(path, recorder, options, root, result);
    return true;
  } finally {
    await machine.destroy();
    parts.disks.close();
  }
}

/** Types while the machine runs, at moments that nobody can know beforehand. */
async function typeAtRandom(machine: Machine, random: Random, instructions: number): Promise<RunResult> {
  const state = { isOver: false };
  const run = machine.run({ instructions, waitForInput: true }).finally(() => (state.isOver = true));
  while (!state.isOver) {
    await setTimeout(random.below(40));
    machine.serial(CONSOLE).send(new TextEncoder().encode(LINES[random.below(LINES.length)]));
  }
  return run;
}

function tell(replayed: ReplayedFile, path: string, options: OptionValues, output: Output): boolean {
  const { recording, result } = replayed;
  const machine = `${String(options['cpus'])} CPUs, ${String(options['policy'])}`;
  const amount = `${Math.round(result.at.instructions / 1e6)}M instructions, ${recording.inputs.length} inputs`;
  const { divergence } = result;
  output.write(`${divergence === undefined ? 'ok' : 'FAILED'}  ${amount}, ${machine}\n`);
  if (divergence === undefined) return true;
  output.error(`soak: ${divergence.differences.join('; ')}. To repeat:\nnpx pagewright replay ${path}`);
  return false;
}
