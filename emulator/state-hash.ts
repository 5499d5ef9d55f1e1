/*
 * One number for the whole state of the machine: two machines with the same hash will do the same from here on.
 *
 * It covers RAM, the architectural state of every CPU, and the devices. What the core keeps for its own speed (caches,
 * arithmetic flags that are not computed yet) is left out or brought to its canonical form.
 */

import type { Board } from './board.ts';
import type { RamPages } from './ram-pages.ts';
import { Sha256 } from './sha256.ts';
import { type Stateful, storeState } from './state.ts';
import { CPU_TSC_OFFSET } from './v86/core.ts';
import { layout } from './v86/layout.ts';

/** The state of a machine as hashes, SHA-256 in hexadecimal. */
export interface StateDigest {
  /** Of the whole. */
  readonly hash: string;
  readonly cpus: readonly string[];
  /** Of everything but CPUs and RAM. */
  readonly devices: string;
  /** The hash of each page of RAM; null for zeros. Of a page that has not changed, the same object. */
  readonly pages: readonly (Uint8Array | null)[];
}

/** `machine` passes on what is neither RAM nor in a CPU's block. */
export function digestMachine(board: Board, ram: RamPages, machine: Stateful): StateDigest {
  const cpus = board.cpus.map((cpu) => hashCpu(cpu.block()));
  const { numbers, blobs } = storeState(machine);
  const rest = new Sha256().updateNumbers(numbers);
  for (const blob of blobs) rest.update(blob);
  const devices = rest.updateNumbers([board.core.completed]).digest();
  const pages = ram.hashes();
  const whole = new Sha256().update(new TextEncoder().encode([...cpus, devices].join()));
  for (const [page, hash] of pages.entries()) {
    if (hash !== null) whole.updateNumbers([page]).update(hash);
  }
  return { hash: whole.digest(), cpus, devices, pages };
}

/** Regions of the CPU's block that are architectural: offset and length. */
const ARCHITECTURAL: readonly (readonly [number, number])[] = [
  [layout.registers, 32],
  [layout.eflags, 4],
  [layout.segmentAccess, 8],
  [layout.instructionPointer, 4],
  [layout.idtLimit, 16], // IDT and GDT
  [layout.controlRegisters, 32],
  [layout.privilegeLevel, 1],
  [layout.halted, 1],
  [layout.sysenter, 12],
  [layout.selectors, 16],
  [layout.debugRegisters, 32],
  [layout.segmentIsNull, 8],
  [layout.segmentBases, 32],
  [layout.segmentLimits, 32],
  [layout.fpuTags, 1],
  [layout.mxcsr, 4],
  [layout.xmm, 128],
  [layout.fpuStackTop, 1],
  [layout.fpuControlWord, 2],
  [layout.fpuStatusWord, 2],
  [layout.fpuStack, 128],
];

function hashCpu(block: Uint8Array): string {
  const hash = new Sha256();
  for (const [offset, length] of ARCHITECTURAL) {
    const start = offset - layout.cpuStart;
    hash.update(block.subarray(start, start + length));
  }
  return hash.update(block.subarray(CPU_TSC_OFFSET)).digest();
}
