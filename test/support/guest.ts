/*
 * Boots the kernel for a test, with commands to run and files to find.
 *
 * Everything that a run depends on is in its GuestOptions, so a failure replays by the command that `replayCommand` gives.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { checkMemory, type Findings } from '../../emulator/inspect/invariants.ts';
import { KernelReader, type KernelLayout } from '../../emulator/inspect/kernelReader.ts';
import { MemoryState } from '../../emulator/inspect/memoryState.ts';
import { Disk, Machine, type BootModule, type MachineOptions, type RunResult } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { RandomSlices } from '../../emulator/policies/random-slices.ts';
import { S_IFREG } from '../../kernel/abi/stat.ts';
import { commandsArchive } from '../../tools/image/initramfs.ts';
import { writeArchive } from '../../tools/image/newc.ts';
import { swapImage } from '../../tools/image/swapImage.ts';

export interface GuestOptions {
  /** Another kernel than the one that was built for all tests. */
  readonly kernel?: Uint8Array;
  readonly memoryBytes?: number;
  readonly seed?: number;
  readonly cpus?: number;
  readonly mode?: 'fast' | 'exact';
  /** Slices of random lengths up to this, for CPUs in random order, instead of the default policy. */
  readonly longestSlice?: number;
  /** Commands for the guest's shell; the guest switches itself off after the last one. */
  readonly exec?: readonly string[];
  /** More files for the root file system: absolute path to contents. All of them are executable. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** One more archive for the root file system, as it is. */
  readonly archive?: Uint8Array;
  readonly commandLine?: string;
  /** Bytes of swap space, in use from the start. */
  readonly swapBytes?: number;
}

export interface GuestRun {
  /** Exit status of the last command. Not there if the run did not get that far. */
  readonly status: number | undefined;
  readonly output: string;
  readonly result: RunResult;
  /** What is wrong with the kernel's memory management at the end, when all is quiet. */
  readonly findings: Findings;
}

const DEFAULT_MEMORY = 16 << 20;
/** Far more than any command of a test needs; ends a guest that hangs. */
const DEFAULT_LIMIT = 4e9;

/** A file that the build before the tests made: `kernel.elf`, `initrd.cpio`, `bin/sh`, ... */
export function builtFile(name: string): Uint8Array {
  return readFileSync(join(inject('imageFolder'), name));
}

function policyOf({ longestSlice }: GuestOptions): Pick<MachineOptions, 'policy'> {
  return longestSlice === undefined ? {} : { policy: (random) => new RandomSlices(random, longestSlice) };
}

/** A machine with the kernel loaded; nothing has run yet. The caller destroys it. */
export async function createGuest(options: GuestOptions = {}): Promise<Machine> {
  const modules: BootModule[] = [{ data: builtFile('initrd.cpio'), commandLine: 'initrd.cpio' }];
  if (options.files !== undefined) {
    const entries = [...options.files].map(([path, data]) => ({ path: path.slice(1), mode: S_IFREG | 0o755, data }));
    modules.push({ data: writeArchive(entries), commandLine: 'files.cpio' });
  }
  if (options.archive !== undefined) modules.push({ data: options.archive, commandLine: 'more.cpio' });
  if (options.exec !== undefined) modules.push({ data: commandsArchive(options.exec), commandLine: 'exec.cpio' });
  const quiet = options.exec === undefined ? '' : 'quiet';
  const swap = options.swapBytes === undefined ? '' : 'swap=/dev/hdd';
  return Machine.create({
    wasm: readCore,
    memoryBytes: options.memoryBytes ?? DEFAULT_MEMORY,
    seed: options.seed ?? 1,
    cpus: options.cpus ?? 1,
    mode: options.mode ?? 'fast',
    ...policyOf(options),
    kernel: options.kernel ?? builtFile('kernel.elf'),
    commandLine: `${quiet} ${swap} ${options.commandLine ?? ''}`.trim(),
    modules,
    disks:
      options.swapBytes === undefined ? [] : [undefined, undefined, undefined, new Disk(swapImage(options.swapBytes))],
  });
}

/** Boots, runs the commands, and tells what came of it. `limit` is in guest instructions. */
export async function runGuest(options: GuestOptions, limit = DEFAULT_LIMIT): Promise<GuestRun> {
  return withGuest(options, (machine) => runToEnd(machine, limit));
}

/** Like `runGuest`; tells the hash of the whole machine at the end, too. */
export async function runAndHash(options: GuestOptions): Promise<GuestRun & { readonly stateHash: string }> {
  return withGuest(options, async (machine) => {
    const run = await runToEnd(machine, DEFAULT_LIMIT);
    return { ...run, stateHash: machine.stateHash() };
  });
}

async function withGuest<T>(options: GuestOptions, body: (machine: Machine) => Promise<T>): Promise<T> {
  const machine = await createGuest(options);
  try {
    return await body(machine);
  } finally {
    await machine.destroy();
  }
}

async function runToEnd(machine: Machine, limit: number): Promise<GuestRun> {
  const pieces: Uint8Array[] = [];
  machine.serial(0).onOutput((bytes) => pieces.push(bytes.slice()));
  const result = await machine.run({ instructions: limit });
  const status = result.reason === 'exit' ? (result.exitCode ?? 0) & 0xff : undefined;
  const output = Buffer.concat(pieces).toString();
  return { status, output, result, findings: checkMemory(memoryState(machine), status !== undefined) };
}

/** The guest's memory management, seen from outside. */
export function memoryState(machine: Machine): MemoryState {
  return new MemoryState(new KernelReader(machine, builtLayout()));
}

/** Read once: every run looks at memory through it. */
const layouts = new Map<string, KernelLayout>();

function builtLayout(): KernelLayout {
  const folder = inject('imageFolder');
  const known = layouts.get(folder);
  if (known !== undefined) return known;
  const layout = JSON.parse(Buffer.from(builtFile('kernel.layout.json')).toString()) as KernelLayout;
  layouts.set(folder, layout);
  return layout;
}

/** The command that repeats a run by hand, for the message of a failing test. */
export function replayCommand(options: GuestOptions): string {
  const cpus = options.cpus === undefined ? '' : ` --cpus ${options.cpus}`;
  const memory = `--memory ${(options.memoryBytes ?? DEFAULT_MEMORY) >> 20}M`;
  const swap = options.swapBytes === undefined ? '' : ` --swap ${options.swapBytes >> 10}K`;
  const commands = (options.exec ?? []).map((command) => `--exec '${command.replaceAll("'", "'\\''")}'`);
  const exact = options.mode === 'exact' ? ' --exact' : '';
  const policy = options.longestSlice === undefined ? '' : ` --policy random-slices:${options.longestSlice}`;
  const words = options.commandLine === undefined ? '' : ` --append '${options.commandLine}'`;
  const machine = `${cpus} ${memory} --seed ${options.seed ?? 1}${swap}${exact}${policy}${words}`;
  return `npx pagewright run${machine} ${commands.join(' ')}`.trim();
}
