/*
 * The machine that the options of `pagewright run` describe: what boots, its disks, its size. A recording stores the
 * options, and a replay creates the machine by them again.
 */
import { BootError, Machine } from '../../../emulator/machine.ts';
import { readCore } from '../../../emulator/node/wasm.ts';
import { listOption, type OptionValues, type Output, parseDefines, RunError } from '../command.ts';
import { buildOrExplain } from '../commands/build.ts';
import { openDisks, type OpenDisks } from './disks.ts';
import type { LayoutFile } from '../../compiler/output/index.ts';
import { type BootImages, namesOtherKernel, ownImages, readOtherImages } from './images.ts';
import { readSettings, type Settings } from './settings.ts';

export interface Parts {
  readonly settings: Settings;
  readonly images: BootImages;
  /** What lies where in our own kernel; null for kernels of others. */
  readonly layout: LayoutFile | null;
  readonly disks: OpenDisks;
}

/**
 * Builds or reads what boots and opens the disks, which the caller closes; null if our own kernel does not compile: that
 * has been explained. Throws UsageError and RunError.
 */
export function openParts(values: OptionValues, root: string, output: Output): Parts | null {
  const settings = readSettings(values, !namesOtherKernel(values));
  if (namesOtherKernel(values)) {
    return { settings, images: readOtherImages(values), layout: null, disks: openDisks(values) };
  }
  const built = buildOrExplain(root, { defines: parseDefines(listOption(values, 'define')) }, output);
  if (built === null) return null;
  return { settings, images: ownImages(built, values), layout: built.layout, disks: openDisks(values) };
}

/** The caller destroys it. Throws RunError if the kernel cannot be booted. */
export async function createMachine({ settings, images, disks }: Parts): Promise<Machine> {
  try {
    return await Machine.create({
      wasm: readCore,
      cpus: settings.cpus,
      memoryBytes: settings.memoryBytes,
      seed: settings.seed,
      mode: settings.isExact ? 'exact' : 'fast',
      ...(settings.policy === undefined ? {} : { policy: settings.policy }),
      ...images,
      disks: disks.disks,
    });
  } catch (error) {
    if (error instanceof BootError) throw new RunError(error.message);
    throw error;
  }
}
