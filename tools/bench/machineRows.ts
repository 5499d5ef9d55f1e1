/*
 * The machine's speed in guest instructions per second, against v86's own loop on the same image in the same run.
 */
import { join } from 'node:path';
import { measureMachine, measureV86 } from '../../emulator/bench.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { buildBare } from '../build/bare.ts';
import type { VirtualFileSystem } from '../compiler/frontend/index.ts';
import { diskFiles } from '../build/diskFiles.ts';
import type { BenchRow } from './rows.ts';

/** A guest that computes for ever. */
const endless = `
const data = zeroed<FixedArray<u32, 1024>>();

export function main(): u32 {
  let state: u32 = 1;
  for (;;) {
    for (let i: u32 = 0; i < 1024; i++) {
      state = state * 1664525 + 1013904223;
      data[i] = data[i] ^ (state >>> 7);
    }
  }
}
`;

const FAST = { warmUp: 100e6, instructions: 1500e6 };
const EXACT = { warmUp: 5e6, instructions: 60e6 };

export async function machineRows(root: string): Promise<BenchRow[]> {
  const program = '/bench/endless.ts';
  const files: VirtualFileSystem = {
    readFile: (path) => (path === program ? endless : diskFiles.readFile(path)),
  };
  const kernel = buildBare({ files, program, library: join(root, 'tools', 'compiler', 'library'), kind: 'kernel' }).elf;
  const options = { wasm: readCore, kernel, memoryBytes: 16 << 20 };
  const v86 = await measureV86({ ...options, ...FAST });
  const fast = await measureMachine({ ...options, ...FAST, mode: 'fast', cpus: 1 });
  const exact = await measureMachine({ ...options, ...EXACT, mode: 'exact', cpus: 1 });
  const row = (name: string, perSecond: number): BenchRow => {
    return {
      group: 'machine',
      name,
      value: perSecond / 1e6,
      unit: 'M instructions/s',
      against: "v86's own loop",
      ratio: perSecond / v86,
    };
  };
  return [row("v86's own loop", v86), row('fast mode', fast), row('exact mode', exact)];
}
