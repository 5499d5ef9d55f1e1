/*
 * The machine's speed in guest instructions per second: against v86's own loop on the same image, of several CPUs against
 * one, and with the finest of schedules. What is compared is measured in turns, in one run, and the best of all turns
 * counts: whatever else the host does can only slow a turn down. Seconds are those of the processor.
 */
import { measureMachine, measureV86, type SpeedOptions } from '../../emulator/bench.ts';
import type { MachineOptions } from '../../emulator/machine.ts';
import { readCore } from '../../emulator/node/wasm.ts';
import { RoundRobin } from '../../emulator/policies/round-robin.ts';
import { buildMachineKernel } from './machineKernel.ts';
import { atLeast, type BenchRow } from './rows.ts';

const FAST = { warmUp: 100e6, instructions: 700e6 };
const EXACT = { warmUp: 2e6, instructions: 20e6 };
const SWITCHING = { warmUp: 1e6, instructions: 5e6 };
const TURNS = 3;

export async function machineRows(root: string): Promise<BenchRow[]> {
  const common = { wasm: readCore, kernel: buildMachineKernel(root), memoryBytes: 16 << 20, seconds: processorSeconds };
  const machine = (amount: Pick<SpeedOptions, 'warmUp' | 'instructions'>, options: Partial<MachineOptions>) => () =>
    measureMachine({ ...common, ...amount, ...options });
  const slices = (mean: number): Partial<MachineOptions> => {
    return { mode: 'exact', cpus: 2, policy: (random) => new RoundRobin(random, mean) };
  };
  const [v86, one, two, four, eight] = await best([
    () => measureV86({ ...common, ...FAST }),
    ...[1, 2, 4, 8].map((cpus) => machine(FAST, { cpus })),
  ]);
  const [exact, each, fifty] = await best([
    machine(EXACT, { mode: 'exact' }),
    machine(SWITCHING, slices(1)),
    machine(EXACT, slices(50)),
  ]);
  const row = (name: string, perSecond: number, ...against: [string, number] | []) => {
    const [other, reference] = against;
    const unit = 'M instructions/s';
    const value = perSecond / 1e6;
    return other === undefined
      ? { group: 'machine', name, value, unit }
      : { group: 'machine', name, value, unit, against: other, ratio: perSecond / reference! };
  };
  return [
    row("v86's own loop", v86!),
    atLeast(row('fast mode, 1 CPU', one!, "v86's own loop", v86!), 0.95),
    ...[two!, four!, eight!].map((speed, i) => atLeast(row(`fast mode, ${2 << i} CPUs`, speed, '1 CPU', one!), 0.85)),
    row('exact mode, 1 CPU', exact!),
    atLeast(row('exact mode, switching after every instruction', each!), 1.5),
    atLeast(row('exact mode, switching after 50 instructions', fifty!), 15),
  ];
}

/** Runs the measurements in turns; the best result of each. */
async function best(measurements: readonly (() => Promise<number>)[]): Promise<number[]> {
  const results = measurements.map(() => 0);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, measure] of measurements.entries()) results[i] = Math.max(results[i]!, await measure());
  }
  return results;
}

export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
