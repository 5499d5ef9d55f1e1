/**
 * The FPU and SSE registers of a task: 512 bytes as FXSAVE lays them out (or 108 as FNSAVE does).
 * @align 16
 */
export class FpuState {
  area: FixedArray<u8, 512>;
}
/** Fresh state. */
export declare function fpuInit(state: FpuState): void;
/** CPU -> state. */
export declare function fpuSave(state: FpuState): void;
/** state -> CPU. */
export declare function fpuRestore(state: FpuState): void;
export declare function fpuCopy(target: FpuState, source: FpuState): void;
/** FXSAVE available (AT_HWCAP: cpuid 1 EDX). */
export declare function cpuFeatures(): u32;
