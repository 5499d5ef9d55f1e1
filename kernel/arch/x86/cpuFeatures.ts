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
export const FEATURE_CLFLUSH: u32 = 0x00080000;
export const FEATURE_FXSR: u32 = 0x01000000;
export const FEATURE_SSE: u32 = 0x02000000;
const FEATURE_PAE: u32 = 0x00000040;
const FEATURE_HTT: u32 = 0x10000000;

const registers = zeroed<FixedArray<u32, 4>>();
let features: u32 = 0;
let signature: u32 = 0;
let second: u32 = 0;
/** Leaf 1, EBX: APIC id, CPUs per package, CLFLUSH line, brand index. */
let miscellany: u32 = 0;
let level: u32 = 0;
let extendedLevel: u32 = 0;
let extended: u32 = 0;
/** Leaf 4, EAX: bits 31-26 are one less than the cores of a package. */
let caches: u32 = 0;
let addressSizes: u32 = 0;
/** Leaves 80000002 to 80000004: 48 characters, and a NUL. */
const brand = zeroed<FixedArray<u32, 13>>();
const vendor = zeroed<FixedArray<u32, 4>>(); // twelve characters and a NUL

/** Asks once; the first thing that the boot does. */
export function initCpuFeatures(): void {
  cpuid(0, 0, registers);
  level = registers[0];
  vendor[0] = registers[1];
  vendor[1] = registers[3];
  vendor[2] = registers[2];
  cpuid(1, 0, registers);
  signature = registers[0];
  miscellany = registers[1];
  second = registers[2];
  features = registers[3];
  if (level >= 4) {
    cpuid(4, 0, registers);
    caches = registers[0];
  }
  readExtended();
}

/** What the leaves from 80000000 on tell, if they exist: the answer of the first is then one of them. */
function readExtended(): void {
  cpuid(0x80000000, 0, registers);
  if (registers[0] < 0x80000001 || registers[0] > 0x8000ffff) return;
  extendedLevel = registers[0];
  cpuid(0x80000001, 0, registers);
  extended = registers[3];
  for (let i: u32 = 0; i < 3 && extendedLevel >= 0x80000004; i++) cpuid(0x80000002 + i, 0, ptr<u32>(brand).add(4 * i));
  if (extendedLevel < 0x80000008) return;
  cpuid(0x80000008, 0, registers);
  addressSizes = registers[0];
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

/** CPUID leaf 1, ECX. */
export function secondFeatures(): u32 {
  return second;
}

/** CPUID leaf 80000001, EDX. */
export function extendedFeatures(): u32 {
  return extended;
}

/** The highest leaf of CPUID. */
export function cpuidLevel(): u32 {
  return level;
}

/** What the maker calls it, without the spaces in front; empty: nothing. */
export function brandString(): Ptr<u8> {
  let text = ptr<u8>(brand);
  while (text[0] === 0x20) text = text.add(1);
  return text;
}

/** Bytes that CLFLUSH flushes. */
export function flushLineSize(): u32 {
  return ((miscellany >>> 8) & 0xff) * 8;
}

/** Bits of a physical address. */
export function physicalAddressBits(): u32 {
  if (addressSizes !== 0) return addressSizes & 0xff;
  return hasFeature(FEATURE_PAE) ? 36 : 32;
}

/** Cores of a package, of CPUs of this kind. */
export function coresPerPackage(): u32 {
  return (caches >>> 26) + 1;
}

/** The package that the CPU with this APIC id is in: CPUs of one package differ in the low bits of their ids alone. */
export function packageOf(apicId: u32): u32 {
  if (!hasFeature(FEATURE_HTT)) return apicId;
  const count = (miscellany >>> 16) & 0xff;
  return count <= 1 ? apicId : apicId >>> (bsr(count - 1) + 1);
}
