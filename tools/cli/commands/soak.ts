/*
 * pagewright soak: boots machine after machine, of all sizes and under all policies, and lets programs torture the kernel
 * on them, with the lock checker on, until the time is over or one of them fails.
 *
 * Programs' memory is looked at from outside at random moments and at the end: whatever is wrong there ends the soak as well.
 * With --vm, all machines are of one kind, and have much less memory than the programs want.
 *
 * With --replay, it is the machine that is tested: runs with random input are recorded and replayed (run/soakReplays.ts).
 *
 * Which machines these are depends on the first seed and on nothing else; how many, on the time. A run that fails is shown
 * with the command that repeats it.
 */
import type { Machine, RunResult } from '../../../emulator/machine.ts';
import { Random } from '../../../emulator/random.ts';
import { type Command, type OptionValues, type Output, parseCount, stringOption, UsageError } from '../command.ts';
import { linuxTrouble, randomLinuxRun } from '../run/linuxSoak.ts';
import { createMachine, openParts, type Parts } from '../run/machine.ts';
import { runChecked } from '../run/memoryChecks.ts';
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
    vm: {
      type: 'boolean',
      help: 'put memory under pressure: three times as much is wanted as there is, the rest is swap',
    },
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
    const kinds = [linux !== undefined, values['replay'] === true, values['vm'] === true];
    if (kinds.filter(Boolean).length > 1) throw new UsageError('give one of --linux, --replay and --vm');
    const random = new Random(seed);
    const end = performance.now() + minutes * 60_000;
    let count = 0;
    for (; count < runs && performance.now() < end; count++) {
      const isWell =
        values['replay'] === true
          ? await soakReplay(random, root, output)
          : await succeeds(nextRun(random, seed + count, values), root, output);
      if (!isWell) return 1;
    }
    output.write(`soak: ${count} runs, all well\n`);
    return 0;
  },
};

/** The options of `pagewright run` for the next machine of the kind that is wanted. */
function nextRun(random: Random, seed: number, values: OptionValues): OptionValues {
  const linux = stringOption(values, 'linux');
  if (linux !== undefined) return randomLinuxRun(random, linux);
  return values['vm'] === true ? pressureRun(seed) : randomRun(random);
}

/** A machine with a third of the memory that the program on it works with. */
function pressureRun(seed: number): OptionValues {
  return {
    cpus: '4',
    memory: '16M',
    swap: '64M',
    seed: String(seed),
    check: true,
    exec: ['torture --vm 40M --threads 6 --instructions 300M'],
  };
}

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
    check: true,
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
    const { text, trouble } = await runParts(machine, parts, () => Buffer.concat(pieces).toString());
    const isWell = trouble === undefined;
    output.write(`${isWell ? 'ok' : 'FAILED'}  ${text}  ${command}\n`);
    const console = Buffer.concat(pieces).toString();
    if (!isWell) output.error(`${console}\nsoak: ${trouble}. To repeat:\n${command}`);
    return isWell;
  } finally {
    await machine.destroy();
    parts.disks.close();
  }
}

/** Runs a machine to its end: what it was, and what was wrong with it, if anything. */
async function runParts(
  machine: Machine,
  { settings, layout }: Parts,
  console: () => string,
): Promise<{ text: string; trouble: string | undefined }> {
  const { limit = LIMIT, until, cpus, seed } = settings;
  const millions = () => `${Math.round(machine.instructions / 1e6)}M instructions`;
  if (layout === null) {
    await machine.run({
      instructions: limit,
      ...(until === undefined ? {} : { untilOutput: { port: 0, pattern: until } }),
    });
    return { text: millions(), trouble: linuxTrouble(console(), cpus) };
  }
  const { result, findings, full, partial } = await runChecked(machine, layout, seed, limit);
  const trouble = findings.length > 0 ? `memory is not in order:\n${findings.join('\n')}\n` : shellTrouble(result);
  return { text: `${millions()}, memory looked at ${full + partial} times, ${full} in full`, trouble };
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
