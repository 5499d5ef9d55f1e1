/*
 * pagewright run: boots the kernel on the machine.
 *
 * With --exec it runs shell commands and ends with the status of the last one: the commands travel in a second archive
 * that init finds, so that a run depends on nothing but its arguments. Without, this terminal becomes the console.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootError, Machine, type BootModule, type RunResult } from '../../../emulator/machine.ts';
import { readCore } from '../../../emulator/node/wasm.ts';
import type { ProjectImages } from '../../build/buildProject.ts';
import { commandsArchive } from '../../image/initramfs.ts';
import {
  listOption,
  parseCount,
  parseDefines,
  parseSize,
  RunError,
  stringOption,
  UsageError,
  type Command,
  type OptionValues,
  type Output,
} from '../command.ts';
import { attachTerminal } from '../terminal.ts';
import { buildOrExplain } from './build.ts';

const SMALLEST_MEMORY = 8 << 20;
const LARGEST_MEMORY = 1 << 30;
/** Guest instructions that a run of commands may take unless --limit says otherwise. */
const DEFAULT_LIMIT = 20e9;

export const runCommand: Command = {
  name: 'run',
  summary: 'Boot the kernel, and run commands in it or give it this terminal (Ctrl-] leaves).',
  options: {
    exec: {
      type: 'string',
      short: 'e',
      multiple: true,
      value: 'COMMANDS',
      help: "run these in the guest's shell; the last one's status is ours",
    },
    cpus: { type: 'string', value: 'N', help: 'CPUs of the machine, 1 to 8 (default 1)' },
    memory: { type: 'string', short: 'm', value: 'SIZE', help: 'RAM of the guest, 8M to 1G (default 16M)' },
    seed: { type: 'string', value: 'N', help: 'what all chance in the machine comes from (default 1)' },
    exact: { type: 'boolean', help: 'interpret instead of compiling; the guest cannot tell' },
    limit: { type: 'string', value: 'INSTRUCTIONS', help: 'stop, and fail, after so many guest instructions' },
    'state-hash': { type: 'boolean', help: 'print the hash over memory, CPUs and devices at the end' },
    append: { type: 'string', value: 'TEXT', help: "words for the kernel's command line" },
    define: { type: 'string', multiple: true, value: 'N=V', help: 'set a build constant: true, false or a number' },
    qemu: { type: 'boolean', help: 'run the same images under qemu-system-i386 instead' },
    json: { type: 'boolean', help: 'print output, status, instructions and hash as JSON' },
  },
  async run(values, _operands, root, output) {
    const settings = readSettings(values);
    const images = buildOrExplain(root, { defines: parseDefines(listOption(values, 'define')) }, output);
    if (images === null) return 1;
    if (values['qemu'] === true) return runQemu(root, images, settings);
    const machine = await createMachine(images, settings);
    try {
      return settings.commands.length > 0
        ? await runCommands(machine, settings, values, output)
        : await runInteractive(machine, settings, output);
    } finally {
      await machine.destroy();
    }
  },
};

interface Settings {
  readonly commands: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly seed: number;
  readonly isExact: boolean;
  readonly limit: number | undefined;
  readonly commandLine: string;
}

function readSettings(values: OptionValues): Settings {
  const commands = listOption(values, 'exec');
  const memoryBytes = parseSize(stringOption(values, 'memory') ?? '16M', 'memory');
  if (memoryBytes < SMALLEST_MEMORY || memoryBytes > LARGEST_MEMORY || memoryBytes % (1 << 20) !== 0) {
    throw new UsageError('--memory takes 8M to 1G, in whole megabytes');
  }
  const cpusText = stringOption(values, 'cpus') ?? '1';
  if (!/^[1-8]$/.test(cpusText)) throw new UsageError('--cpus takes a number from 1 to 8');
  const seedText = stringOption(values, 'seed') ?? '1';
  const seed = Number(seedText);
  if (!/^\d+$/.test(seedText) || seed > 0xffff_ffff) throw new UsageError('--seed takes a number from 0 to 4294967295');
  const limitText = stringOption(values, 'limit');
  const append = stringOption(values, 'append');
  const words = [...(commands.length > 0 ? ['quiet'] : []), ...(append === undefined ? [] : [append])];
  return {
    commands,
    cpus: Number(cpusText),
    memoryBytes,
    seed,
    isExact: values['exact'] === true,
    limit: limitText === undefined ? undefined : parseCount(limitText, 'limit'),
    commandLine: words.join(' '),
  };
}

function modulesOf(images: ProjectImages, settings: Settings): Required<BootModule>[] {
  const modules = [{ data: images.initrd, commandLine: 'initrd.cpio' }];
  if (settings.commands.length > 0)
    modules.push({ data: commandsArchive(settings.commands), commandLine: 'exec.cpio' });
  return modules;
}

async function createMachine(images: ProjectImages, settings: Settings): Promise<Machine> {
  try {
    return await Machine.create({
      wasm: readCore,
      cpus: settings.cpus,
      memoryBytes: settings.memoryBytes,
      seed: settings.seed,
      mode: settings.isExact ? 'exact' : 'fast',
      kernel: images.kernel,
      commandLine: settings.commandLine,
      modules: modulesOf(images, settings),
    });
  } catch (error) {
    if (error instanceof BootError) throw new RunError(error.message);
    throw error;
  }
}

async function runCommands(
  machine: Machine,
  settings: Settings,
  values: OptionValues,
  output: Output,
): Promise<number> {
  const asJson = values['json'] === true;
  const transcript: Uint8Array[] = [];
  machine.serial(0).onOutput((bytes) => {
    if (asJson) transcript.push(bytes.slice());
    else output.write(bytes.slice());
  });
  const result = await machine.run({ instructions: settings.limit ?? DEFAULT_LIMIT });
  const stateHash = values['state-hash'] === true ? machine.stateHash() : undefined;
  const status = result.reason === 'exit' ? (result.exitCode ?? 0) & 0xff : 1;
  if (asJson) {
    const { instructions, nanoseconds } = machine;
    const text = Buffer.concat(transcript).toString();
    output.write(
      `${JSON.stringify({ status, reason: result.reason, instructions, nanoseconds, stateHash, output: text })}\n`,
    );
  } else if (stateHash !== undefined) output.write(`state-hash ${stateHash}\n`);
  if (result.reason !== 'exit') output.error(`pagewright run: ${explain(result, settings)}`);
  return status;
}

/** Why a run ended before its commands did. */
function explain(result: RunResult, settings: Settings): string {
  const after = `after ${result.instructions} instructions`;
  switch (result.reason) {
    case 'limit':
      return settings.limit === undefined
        ? `the commands did not end ${after}; give a larger --limit if they need more`
        : `the limit of ${settings.limit} instructions is used up`;
    case 'halted':
      return `the guest sleeps for ever ${after}: nothing but input could wake it, and there is none`;
    case 'shutdown':
      return `the CPU shut down ${after}: ${result.message ?? 'triple fault'}`;
    default:
      return `the run ended ${after} (${result.reason})`;
  }
}

async function runInteractive(machine: Machine, settings: Settings, output: Output): Promise<number> {
  const console = machine.serial(0);
  console.onOutput((bytes) => output.write(bytes.slice()));
  const detach = attachTerminal({
    onInput: (bytes) => console.send(bytes),
    onLeave: () => machine.stop(),
  });
  try {
    const limit = settings.limit === undefined ? {} : { instructions: settings.limit };
    const result = await machine.run({ ...limit, waitForInput: true, realTime: true });
    if (result.reason === 'stopped') return 0;
    if (result.reason === 'exit') return (result.exitCode ?? 0) & 0xff;
    output.error(`\npagewright run: ${explain(result, settings)}`);
    return 1;
  } finally {
    detach();
  }
}

/** The same kernel and archives under QEMU, with the console on this terminal. */
function runQemu(root: string, images: ProjectImages, settings: Settings): number {
  const folder = join(root, 'dist');
  mkdirSync(folder, { recursive: true });
  const file = (name: string, data: Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, data);
    return path;
  };
  const kernel = file('kernel.elf', images.kernel);
  const initrds = modulesOf(images, settings).map((module) => file(module.commandLine, module.data));
  const args = ['-kernel', kernel, '-initrd', initrds.join(','), '-append', settings.commandLine];
  args.push(
    '-smp',
    `${settings.cpus}`,
    '-m',
    `${settings.memoryBytes >> 20}`,
    '-display',
    'none',
    '-no-reboot',
    '-serial',
    'mon:stdio',
  );
  args.push('-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04');
  const result = spawnSync('qemu-system-i386', args, { stdio: 'inherit' });
  if (result.error !== undefined) {
    throw new RunError(`cannot start qemu-system-i386 (${result.error.message}); Debian's package is qemu-system-x86`);
  }
  // isa-debug-exit ends QEMU with 2 * status + 1.
  const status = result.status ?? 1;
  return status % 2 === 1 ? status >> 1 : status;
}
