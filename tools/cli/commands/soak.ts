/*
 * pagewright soak: boots machine after machine, of all sizes and under all policies, and lets programs torture the kernel
 * on them, with the lock checker on, until the time is over or one of them fails.
 *
 * With --replay, it is the machine that is tested: runs with random input are recorded and replayed (run/soakReplays.ts).
 *
 * Which machines these are depends on the first seed and on nothing else; how many, on the time. A run that fails is shown
 * with the command that repeats it.
 */
import type { RunResult } from '../../../emulator/machine.ts';
import { Random } from '../../../emulator/random.ts';
import { type Command, type OptionValues, type Output, parseCount, stringOption, UsageError } from '../command.ts';
import { linuxTrouble, randomLinuxRun } from '../run/linuxSoak.ts';
import { createMachine, openParts } from '../run/machine.ts';
import { soakReplay } from '../run/soakReplays.ts';

/** Instructions that a run may take: many times what it needs. */
const LIMIT = 6e9;

export const soakCommand: Command = {
  name: 'soak',
  summary: 'Torture the kernel on random machines until the time is over; a failure shows the command that repeats it.',
  options: {
    minutes: { type: 'string', value: 'N', help: 'how long (default 10)' },
    runs: { type: 'string', value: 'N', help: 'end after so many runs, whatever the time' },
    seed: { type: 'string', value: 'N', help: 'which machines these are (default 1)' },
    replay: { type: 'boolean', help: 'type at their shells at random instead, and replay what was recorded' },
    linux: {
      type: 'string',
      value: 'FOLDER',
      help: 'boot stock Linux instead, as images/linux/build.sh made it there',
    },
  },
  async run(values, _operands, root, output) {
    const minutes = Number(stringOption(values, 'minutes') ?? '10');
    if (!(minutes > 0)) throw new UsageError('--minutes takes a number greater than 0');
    const runs = parseCount(stringOption(values, 'runs') ?? '1000000', 'runs');
    const seed = parseCount(stringOption(values, 'seed') ?? '1', 'seed');
    const linux = stringOption(values, 'linux');
    if (linux !== undefined && values['replay'] === true) throw new UsageError('give either --linux or --replay');
    const random = new Random(seed);
    const end = performance.now() + minutes * 60_000;
    let count = 0;
    for (; count < runs && performance.now() < end; count++) {
      const options = () => (linux === undefined ? randomRun(random) : randomLinuxRun(random, linux));
      const isWell =
        values['replay'] === true ? await soakReplay(random, root, output) : await succeeds(options(), root, output);
      if (!isWell) return 1;
    }
    output.write(`soak: ${count} runs, all well\n`);
    return 0;
  },
};

/** The options of `pagewright run` for a machine and what it is to do. */
function randomRun(random: Random): OptionValues {
  const pick = <T>(...items: readonly T[]): T => items[random.below(items.length)]!;
  const cpus = 1 + random.below(8);
  const isExact = random.below(4) === 0;
  const exec = pick(
    () => [`torture --iterations 1 --jobs ${2 + random.below(5)} --seed ${random.next32() >>> 8}`],
    () => [`torture --iterations 1 --jobs ${1 + random.below(3)} --threads ${2 + random.below(7)}`],
    () => ['torture --iterations 1 --jobs 2 & torture --iterations 1 --threads 4 --jobs 1 && wait', 'ps | cat'],
    () => ['torture --bomb processes', 'torture --iterations 1 --jobs 2'],
    () => ['torture --bomb memory', 'torture --iterations 1 --jobs 2'],
    () => ['ls -lR / | cat | cat | wc', `torture --iterations 1 --jobs ${2 + random.below(7)}`, 'cat /proc/interrupts'],
  )();
  return {
    exec,
    cpus: String(cpus),
    seed: String(random.next32()),
    memory: pick('8M', '16M', '16M', '32M'),
    policy: `${pick('round-robin', 'random-slices')}:${pick(20, 100, 500, 3000, 20_000, 100_000)}`,
    limit: String(LIMIT),
    ...(isExact ? { exact: true } : {}),
  };
}

async function succeeds(options: OptionValues, root: string, output: Output): Promise<boolean> {
  const command = commandFor(options);
  output.progress(command);
  const parts = openParts(options, root, output);
  if (parts === null) return false;
  const machine = await createMachine(parts);
  try {
    const pieces: Uint8Array[] = [];
    machine.serial(0).onOutput((bytes) => pieces.push(bytes.slice()));
    const { limit = LIMIT, until, cpus } = parts.settings;
    const untilOutput = until === undefined ? {} : { untilOutput: { port: 0, pattern: until } };
    const result = await machine.run({ instructions: limit, ...untilOutput });
    const console = Buffer.concat(pieces).toString();
    const trouble = until === undefined ? shellTrouble(result) : linuxTrouble(console, cpus);
    const isWell = trouble === undefined;
    output.write(`${isWell ? 'ok' : 'FAILED'}  ${Math.round(result.instructions / 1e6)}M instructions  ${command}\n`);
    if (!isWell) output.error(`${console}\nsoak: ${trouble}. To repeat:\n${command}`);
    return isWell;
  } finally {
    await machine.destroy();
    parts.disks.close();
  }
}

function shellTrouble({ reason, exitCode }: RunResult): string | undefined {
  if (reason === 'exit') return exitCode === 0 ? undefined : `ended with status ${exitCode}`;
  return `ended by ${reason}`;
}

/** The command that makes the same run. */
function commandFor(options: OptionValues): string {
  const words = Object.entries(options).flatMap(([name, value]) => {
    const values = typeof value === 'object' ? value : [value];
    return values.map((item) => (item === true ? `--${name}` : `--${name} ${quoted(String(item))}`));
  });
  return `npx pagewright run ${words.join(' ')}`;
}

function quoted(text: string): string {
  return /^[\w:.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
