/*
 * The registers of the FPU and of SSE.
 *
 * They are saved and restored on every switch between programs ("eagerly"): one instruction each. The lazy way, which
 * waits for the first use after a switch, saves nothing when every libc uses SSE to copy, and has leaked secrets.
 * The kernel itself has no floating point.
 */

import { CR0_EM, CR0_MP, CR0_NE, CR0_TS, CR4_OSFXSR, CR4_OSXMMEXCPT } from './controlRegisters.ts';
import { FEATURE_FXSR, FEATURE_SSE, hasFeature } from './cpuFeatures.ts';

/**
 * A task's registers: 512 bytes as FXSAVE lays them out, or 108 as FNSAVE does on a CPU without it.
 *
 * @align 16
 */
export class FpuState {
  area: FixedArray<u8, 512>;
}

/** The masks of all exceptions set, 64-bit precision: what FNINIT sets, and the i386 ABI promises to a program. */
const INITIAL_CONTROL_WORD: u32 = 0x037f;
/** SSE: all exceptions masked. */
const INITIAL_MXCSR: u32 = 0x1f80;

let hasFxsave = false;

/** Turns FPU and SSE on, on this CPU. */
export function initFpu(): void {
  writeCr0((readCr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
  hasFxsave = hasFeature(FEATURE_FXSR);
  if (hasFxsave) writeCr4(readCr4() | CR4_OSFXSR | (hasFeature(FEATURE_SSE) ? CR4_OSXMMEXCPT : 0));
  fninit();
}

/** The state that a program starts with. */
export function fpuInit(state: FpuState): void {
  fillBytes(state.area, 0, 512);
  const words = ptr<u32>(state.area);
  if (hasFxsave) {
    words[0] = INITIAL_CONTROL_WORD; // the abridged tag word behind it: 0 is empty
    words[6] = INITIAL_MXCSR;
  } else {
    words[0] = 0xffff0000 | INITIAL_CONTROL_WORD;
    words[1] = 0xffff0000;
    words[2] = 0xffffffff; // tags: empty
  }
}

/** From the CPU to memory. */
export function fpuSave(state: FpuState): void {
  if (hasFxsave) fxsave(state.area);
  else fnsave(state.area);
}

/** From memory to the CPU. */
export function fpuRestore(state: FpuState): void {
  if (hasFxsave) fxrstor(state.area);
  else frstor(state.area);
}
