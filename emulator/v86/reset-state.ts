/*
 * The state in which a CPU is after power-on and after INIT, by the manual: v86's reset leaves out what PC software seldom
 * looks at. But a processor that STARTUP starts may well look.
 *
 * An INIT does not touch the FPU, the vector registers, the MSRs and the TSC, nor the cache bits of CR0.
 *
 * Source: Intel SDM vol. 3A, table 10-1.
 */

import { layout } from './layout.ts';

/** What CPUID leaf 1 says of family, model and stepping; EDX has it after a reset. */
export const CPU_SIGNATURE = 0x0673;

const EDX = 2;
const ESP = 4;
const SS = 2;
const SEGMENTS = 6;
const REAL_MODE_LIMIT = 0xffff;
/** NW and CD. */
const CR0_CACHE = 0x6000_0000;

/** Bytes of the state that INIT leaves as they are: from, to. */
const SURVIVES_INIT: readonly (readonly [number, number])[] = [
  [layout.sysenter, layout.sysenter + 12],
  [layout.fpuTags, layout.fpuTags + 4],
  [layout.mxcsr, layout.mxcsr + 4],
  [layout.xmm, layout.xmm + 128],
  [layout.fpuStackTop, layout.fpuPointersEnd],
  [layout.fpuStack, layout.fpuStack + 128],
  [layout.cpuEnd, layout.cpuEnd + 8], // the TSC's offset
];

/** Makes of the state in which v86's reset leaves a CPU, addressed as `layout` less `cpuStart`, that after power-on. */
export function completeReset(block: Uint8Array): void {
  const view = viewOf(block);
  const put = (address: number, value: number) => view.setUint32(address - layout.cpuStart, value, true);
  put(layout.registers + 4 * EDX, CPU_SIGNATURE);
  put(layout.registers + 4 * ESP, 0);
  put(layout.idtLimit, REAL_MODE_LIMIT);
  put(layout.gdtLimit, REAL_MODE_LIMIT);
  view.setUint16(layout.selectors + 2 * SS - layout.cpuStart, 0, true);
  put(layout.segmentBases + 4 * SS, 0);
  for (let segment = 0; segment < SEGMENTS; segment++) put(layout.segmentLimits + 4 * segment, REAL_MODE_LIMIT);
}

/** Turns the state of a CPU into that after INIT. `powerOn`: that after power-on. */
export function initialise(block: Uint8Array, powerOn: Uint8Array): void {
  const before = block.slice();
  block.set(powerOn);
  for (const [start, end] of SURVIVES_INIT) {
    const at = start - layout.cpuStart;
    block.set(before.subarray(at, end - layout.cpuStart), at);
  }
  const cr0 = layout.controlRegisters - layout.cpuStart;
  const cache = viewOf(before).getUint32(cr0, true) & CR0_CACHE;
  viewOf(block).setUint32(cr0, (viewOf(powerOn).getUint32(cr0, true) & ~CR0_CACHE) | cache, true);
}

function viewOf(block: Uint8Array): DataView {
  return new DataView(block.buffer, block.byteOffset, block.length);
}
