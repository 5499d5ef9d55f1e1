/*
 * A run of the machine from its start to its end, in one of three ways: commands that the guest runs by itself, this
 * terminal as the console, or input from a pipe. And what the end of a run means for the exit status:
 *
 *   the guest wrote to the exit port     what it wrote
 *   the text of --until was written      0
 *   the terminal was left (Ctrl-])       0
 *   the guest reset the machine, or sleeps for ever after its input has ended    0, unless commands or --until
 *   anything else                        1, with a line that says what
 */
import { setImmediate } from 'node:timers/promises';
import type { Findings } from '../../../emulator/inspect/invariants.ts';
import type { Machine, RunOptions, RunResult } from '../../../emulator/machine.ts';
import { OutputPattern } from '../../../emulator/output-pattern.ts';
import type { LayoutFile } from '../../compiler/output/index.ts';
import type { Output } from '../command.ts';
import { attachTerminal } from '../terminal.ts';
import { PipedInput, SILENCE_INSTRUCTIONS } from './input.ts';
import { checkAtEnd, runChecked } from './memoryChecks.ts';
import type { Settings } from './settings.ts';

/** Guest instructions that a run of commands may take unless --limit says otherwise. */
const DEFAULT_LIMIT = 20e9;
const CONSOLE = 0;
/** So many things that are wrong are shown. */
const FINDINGS = 20;

/** When to look at the memory of our own kernel, which `layout` describes: at the end, or all along. */
export interface MemoryChecks {
  readonly layout: LayoutFile;
  readonly throughout: boolean;
}

/**
 * Runs, shows what the guest writes, and tells how it ended; `onEnd` hears of it first. Gives the exit status: 1 if `checks`
 * find something.
 */
export async function runSession(
  machine: Machine,
  settings: Settings,
  output: Output,
  onEnd: (result: RunResult) => void,
  checks?: MemoryChecks,
): Promise<number> {
  const transcript: Uint8Array[] = [];
  machine.serial(CONSOLE).onOutput((bytes) => {
    if (settings.asJson) transcript.push(bytes.slice());
    else output.write(bytes.slice());
  });
  const isInteractive = settings.commands.length === 0 && process.stdin.isTTY;
  const { result, findings } = await runAndCheck(machine, settings, isInteractive, checks);
  onEnd(result);
  const stateHash = settings.wantsHash ? machine.stateHash() : undefined;
  const status = findings.length > 0 ? 1 : statusOf(result, settings);
  if (settings.asJson) {
    const { instructions, nanoseconds } = machine;
    const text = Buffer.concat(transcript).toString();
    output.write(
      `${JSON.stringify({ status, reason: result.reason, instructions, nanoseconds, stateHash, output: text })}\n`,
    );
  } else if (stateHash !== undefined) output.write(`state-hash ${stateHash}\n`);
  const message =
    findings.length > 0
      ? `memory is not in order:\n${findings.slice(0, FINDINGS).join('\n')}`
      : explain(result, settings);
  if (message !== undefined) output.error(`${isInteractive ? '\n' : ''}pagewright run: ${message}`);
  return status;
}

async function runAndCheck(
  machine: Machine,
  settings: Settings,
  isInteractive: boolean,
  checks: MemoryChecks | undefined,
): Promise<{ result: RunResult; findings: Findings }> {
  if (checks?.throughout === true) return runChecked(machine, checks.layout, settings.seed, limitOf(settings));
  const result = await start(machine, settings, isInteractive);
  return { result, findings: checks === undefined ? [] : checkAtEnd(machine, checks.layout) };
}

function limitOf({ limit, commands }: Settings): number {
  return limit ?? (commands.length > 0 ? DEFAULT_LIMIT : Number.POSITIVE_INFINITY);
}

function start(machine: Machine, settings: Settings, isInteractive: boolean): Promise<RunResult> {
  const limit = limitOf(settings);
  const options = {
    instructions: limit,
    ...(settings.until === undefined ? {} : { untilOutput: { port: CONSOLE, pattern: settings.until } }),
  };
  if (settings.commands.length > 0) return machine.run(options);
  return isInteractive ? runInteractive(machine, options) : runPiped(machine, limit, settings);
}

async function runInteractive(machine: Machine, options: RunOptions): Promise<RunResult> {
  const detach = attachTerminal({
    onInput: (bytes) => machine.serial(CONSOLE).send(bytes),
    onLeave: () => machine.stop(),
  });
  try {
    return await machine.run({ ...options, waitForInput: true, realTime: true });
  } finally {
    detach();
  }
}

/**
 * The end of the input does not end a guest: it may have much to do with it. Our own shell gets a ^D then, and when it ends
 * the machine powers off with its status (the word `once` on the command line).
 */
async function runPiped(machine: Machine, limit: number, { until, isOwn }: Settings): Promise<RunResult> {
  const console = machine.serial(CONSOLE);
  let arrived: () => void = () => undefined;
  const input = await PipedInput.open(console, process.stdin, isOwn, () => arrived());
  const pattern = new OutputPattern(until ?? '');
  const unlisten = console.onByte((byte) => {
    if (until !== undefined && pattern.next(byte)) machine.stop();
  });
  const start = machine.instructions;
  try {
    for (;;) {
      const left = limit - (machine.instructions - start);
      const { reason, ...result } = await machine.run({ instructions: Math.min(left, SILENCE_INSTRUCTIONS) });
      const sleeps = reason === 'halted';
      const goesOn = sleeps ? !input.isOver : reason === 'limit' && left > result.instructions;
      if (!goesOn) {
        const ending = reason === 'stopped' ? 'output' : reason;
        return { ...result, reason: ending, instructions: machine.instructions - start };
      }
      if (sleeps && !input.isWaiting) await new Promise<void>((resolve) => (arrived = resolve));
      await setImmediate(); // lets input in
      input.type(sleeps);
    }
  } finally {
    unlisten();
    input.close();
  }
}

function statusOf(result: RunResult, settings: Settings): number {
  switch (result.reason) {
    case 'exit':
      return (result.exitCode ?? 0) & 0xff;
    case 'output':
    case 'stopped':
      return 0;
    case 'halted':
    case 'reset':
      return settings.commands.length > 0 || settings.until !== undefined ? 1 : 0;
    default:
      return 1;
  }
}

/** Why a run ended otherwise than by its own or the user's will. */
function explain(result: RunResult, settings: Settings): string | undefined {
  const after = `after ${result.instructions} instructions`;
  switch (result.reason) {
    case 'exit':
    case 'output':
    case 'stopped':
      return undefined;
    case 'limit':
      return settings.limit === undefined
        ? `the commands did not end ${after}; give a larger --limit if they need more`
        : `the limit of ${settings.limit} instructions is used up`;
    case 'halted':
      return `the guest sleeps for ever: nothing but input could wake it, and there is none`;
    case 'reset':
      return `the guest reset the machine`;
    default:
      return `the CPU shut down ${after}: ${result.message ?? 'triple fault'}`;
  }
}
