/*
 * Builds the test kernels with gcc and runs them, on the machine and under QEMU.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Machine, type MachineOptions, type RunOptions, type RunResult } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';

const SOURCES = join(import.meta.dirname, 'kernels');
const COMPILER_FLAGS = [
  '-m32',
  '-O1',
  '-ffreestanding',
  '-fno-pic',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fcf-protection=none',
  '-mno-sse',
  '-mfpmath=387',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-nostdlib',
  '-static',
];
const LINKER_FLAGS = [
  '-Wl,--build-id=none',
  '-Wl,-z,noexecstack',
  '-Wl,--no-warn-rwx-segments',
  `-Wl,-T,${join(SOURCES, 'link.ld')}`,
];

export const MEMORY_BYTES = 16 * 2 ** 20;
/** Every test kernel ends long before. */
const INSTRUCTION_LIMIT = 200_000_000;

/** Builds kernels/NAME.c and the library, or kernels/NAME.S alone, and hands the file's path to `use`. */
export function withKernel<T>(name: string, use: (path: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'kernel-'));
  try {
    const path = join(directory, name);
    const sources = name.endsWith('.S') ? [name] : ['start.S', 'library.c', `${name}.c`];
    const files = sources.map((file) => join(SOURCES, file));
    execFileSync('gcc', [...COMPILER_FLAGS, ...LINKER_FLAGS, ...files, '-o', path], { stdio: 'pipe' });
    return use(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The ELF image of a test kernel. */
export function buildKernel(name: string): Uint8Array {
  return withKernel(name, (path) => readFileSync(path));
}

/** A machine with a kernel and the sizes that tests use. */
export function createMachine(kernel: Uint8Array, options: Partial<MachineOptions> = {}): Promise<Machine> {
  return Machine.create({ wasm: readCore, memoryBytes: MEMORY_BYTES, seed: 1, kernel, ...options });
}

export interface Outcome extends RunResult {
  readonly output: string;
  readonly hash: string;
}

/** Runs a kernel to its end. */
export async function runKernel(
  kernel: Uint8Array,
  options: Partial<MachineOptions> = {},
  run: RunOptions = {},
): Promise<Outcome> {
  const machine = await createMachine(kernel, options);
  const output = collectOutput(machine, 0);
  const result = machine.runSync({ instructions: INSTRUCTION_LIMIT, ...run });
  const outcome = { ...result, output: output(), hash: machine.stateHash() };
  await machine.destroy();
  return outcome;
}

/** Collects what the guest writes to a port. The function returns it so far. */
export function collectOutput(machine: Machine, port: number): () => string {
  const decoder = new TextDecoder();
  let text = '';
  machine.serial(port).onOutput((bytes) => {
    text += decoder.decode(bytes, { stream: true });
  });
  return () => text;
}

/** What the same kernel prints under QEMU, with the same number of CPUs, and `more` options. */
export function runUnderQemu(name: string, cpus = 1, more: readonly string[] = []): string {
  return withKernel(name, (path) => {
    const devices = [
      '-display',
      'none',
      '-serial',
      'stdio',
      '-serial',
      'null',
      '-device',
      'isa-debug-exit,iobase=0xf4,iosize=4',
      '-no-reboot',
    ];
    const result = spawnSync(
      'qemu-system-i386',
      ['-kernel', path, '-m', '16', '-smp', String(cpus), ...devices, ...more],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    if (result.error !== undefined) throw result.error;
    return result.stdout;
  });
}
