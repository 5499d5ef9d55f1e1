/*
 * What the CPU can do, as CPUID tells (SDM vol. 2A, CPUID).
 */

// Leaf 1, EDX.
export const FEATURE_FPU: u32 = 0x00000001;
export const FEATURE_PSE: u32 = 0x00000008;
export const FEATURE_TSC: u32 = 0x00000010;
export const FEATURE_MSR: u32 = 0x00000020;
export const FEATURE_CX8: u32 = 0x00000100;
export const FEATURE_APIC: u32 = 0x00000200;
export const FEATURE_PGE: u32 = 0x00002000;
export const FEATURE_FXSR: u32 = 0x01000000;
export const FEATURE_SSE: u32 = 0x02000000;

const registers = zeroed<FixedArray<u32, 4>>();
let features: u32 = 0;
let signature: u32 = 0;
const vendor = zeroed<FixedArray<u32, 4>>(); // twelve characters and a NUL

/** Asks once; the first thing that the boot does. */
export function initCpuFeatures(): void {
  cpuid(0, 0, registers);
  vendor[0] = registers[1];
  vendor[1] = registers[3];
  vendor[2] = registers[2];
  cpuid(1, 0, registers);
  signature = registers[0];
  features = registers[3];
}

/** Are all these features there? */
export function hasFeature(feature: u32): boolean {
  return (features & feature) === feature;
}

/** CPUID leaf 1, EDX: what AT_HWCAP tells programs. */
export function cpuFeatures(): u32 {
  return features;
}

/** CPUID leaf 1, EAX: family, model, stepping. */
export function cpuSignature(): u32 {
  return signature;
}

/** "GenuineIntel" and the like. */
export function cpuVendor(): Ptr<u8> {
  return ptr<u8>(vendor);
}
