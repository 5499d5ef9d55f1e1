/*
 * Programs in the guest: builds the project, boots it with files added to its tree, runs shell commands, and tells what
 * they printed and how the last one ended.
 */

import { fileURLToPath } from 'node:url';
import { S_IFDIR, S_IFREG } from '../../kernel/abi/stat.ts';
import { Machine, type BootModule } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { projectCompiler } from '../../tools/build/buildProject.ts';
import { packImages, type ProjectImages } from '../../tools/build/images.ts';
import { commandsArchive } from '../../tools/image/initramfs.ts';
import { writeArchive } from '../../tools/image/newc.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** More than any test needs; a guest that hangs ends here. */
const INSTRUCTION_LIMIT = 20e9;

export interface GuestRun {
  readonly images: ProjectImages;
  /** Each runs in the guest's shell; the last one's exit status is the run's. */
  readonly commands: readonly string[];
  /** Executables for the guest's folder /test, by name. */
  readonly programs?: ReadonlyMap<string, Uint8Array>;
  /** Default: 16 MiB. */
  readonly memoryBytes?: number;
  /** Interpret instead of compiling. */
  readonly exact?: boolean;
}

export interface GuestResult {
  /** All that appeared on the console. */
  readonly output: string;
  /** Of the last command; null if the machine did not get that far. */
  readonly status: number | null;
}

/** Compiles kernel and programs. */
export function buildImages(): ProjectImages {
  return packImages(ROOT, projectCompiler(ROOT).build());
}

/** Boots a machine and runs the commands in it. */
export async function runGuest(run: GuestRun): Promise<GuestResult> {
  const machine = await Machine.create({
    wasm: readCore,
    memoryBytes: run.memoryBytes ?? 16 << 20,
    seed: 1,
    mode: run.exact === true ? 'exact' : 'fast',
    kernel: run.images.kernel,
    commandLine: 'quiet',
    modules: modulesOf(run),
  });
  const decoder = new TextDecoder();
  let output = '';
  machine.serial(0).onOutput((bytes) => (output += decoder.decode(bytes, { stream: true })));
  try {
    const result = await machine.run({ instructions: INSTRUCTION_LIMIT });
    const status = result.reason === 'exit' ? (result.exitCode ?? 0) & 0xff : null;
    return { output: output.replaceAll('\r\n', '\n'), status };
  } finally {
    await machine.destroy();
  }
}

function modulesOf({ images, commands, programs }: GuestRun): BootModule[] {
  const entries = [...(programs ?? [])].map(([name, data]) => {
    return { path: `test/${name}`, mode: S_IFREG | 0o755, data };
  });
  return [
    { data: images.initrd, commandLine: 'initrd.cpio' },
    { data: writeArchive([{ path: 'test', mode: S_IFDIR | 0o755 }, ...entries]), commandLine: 'test.cpio' },
    { data: commandsArchive(commands), commandLine: 'exec.cpio' },
  ];
}
