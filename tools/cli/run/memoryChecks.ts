/*
 * Looking at the kernel's memory management from outside while a machine runs (emulator/inspect/invariants.ts): at random
 * moments, and at the end.
 */
import { checkMemory, type Findings } from '../../../emulator/inspect/invariants.ts';
import { KernelReader } from '../../../emulator/inspect/kernelReader.ts';
import { MemoryState } from '../../../emulator/inspect/memoryState.ts';
import { isQuiet } from '../../../emulator/inspect/quiet.ts';
import type { Machine, RunResult } from '../../../emulator/machine.ts';
import { Random } from '../../../emulator/random.ts';
import type { LayoutFile } from '../../compiler/output/index.ts';

/** Instructions from one look to the next, at most. */
const INTERVAL = 40e6;
/** How often, and for how many instructions, to wait for a moment when nobody is in the middle of anything. */
const PATIENCE = 200;
const STEP = 3000;

export interface CheckedRun {
  readonly result: RunResult;
  /** What was wrong when somebody looked, the moment first; empty: nothing ever was. */
  readonly findings: Findings;
  /** How often everything was looked at, and how often only what holds at any moment. */
  readonly full: number;
  readonly partial: number;
}

/** Runs to the end, or to the first moment when something is wrong. `seed` says which moments are looked at. */
export async function runChecked(
  machine: Machine,
  layout: LayoutFile,
  seed: number,
  instructions: number,
): Promise<CheckedRun> {
  const random = new Random(seed);
  const looks = { full: 0, partial: 0 };
  const end = machine.instructions + instructions;
  for (;;) {
    const left = end - machine.instructions;
    const result = await machine.run({ instructions: Math.min(left, 1 + random.below(INTERVAL)) });
    const isOver = result.reason !== 'limit' || machine.instructions >= end;
    const ending = isOver ? result : await settle(machine, layout);
    const findings = look(machine, layout, looks);
    if (isOver || ending.reason !== 'limit' || findings.length > 0) return { result: ending, findings, ...looks };
  }
}

/** What is wrong at the end of a run. */
export function checkAtEnd(machine: Machine, layout: LayoutFile): Findings {
  return look(machine, layout, { full: 0, partial: 0 });
}

function look(machine: Machine, layout: LayoutFile, looks: { full: number; partial: number }): Findings {
  const state = stateOf(machine, layout);
  const quiet = isQuiet(state, machine);
  if (quiet) looks.full++;
  else looks.partial++;
  const moment = `after ${machine.instructions} instructions`;
  return checkMemory(state, quiet).map((finding) => `${moment}: ${finding}`);
}

/** Goes on for a moment, until all is quiet, if it ever is. */
async function settle(machine: Machine, layout: LayoutFile): Promise<RunResult> {
  let result = await machine.run({ instructions: STEP });
  for (let i = 0; i < PATIENCE && result.reason === 'limit' && !isQuiet(stateOf(machine, layout), machine); i++) {
    result = await machine.run({ instructions: STEP });
  }
  return result;
}

function stateOf(machine: Machine, layout: LayoutFile): MemoryState {
  return new MemoryState(new KernelReader(machine, layout));
}
