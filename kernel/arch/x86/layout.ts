/*
 * The map of virtual addresses.
 *
 *   00000000 - BFFFFFFF  the process
 *   C0000000 - EFFFFFFF  direct map: physical memory from 0, 4 KiB pages
 *   F0000000 - F7FFFFFF  vmalloc: pages that are scattered in memory, side by side here
 *   F8000000 - F9FFFFFF  kernel stacks, each with a hole below it (mm/kernelStack.ts)
 *   FFC00000 - FFFFFFFF  registers of devices (mapDevice)
 */

export const PAGE_SHIFT: u32 = 12;
export const PAGE_SIZE: u32 = 4096;
export const PAGE_MASK: u32 = 0xfffff000;

/** Where the kernel begins, and user space ends. */
export const KERNEL_BASE: u32 = 0xc0000000;
export const USER_END: u32 = KERNEL_BASE;
/** Memory beyond this many bytes is not used: it has no place in the direct map. */
export const DIRECT_MAP_SIZE: u32 = 0x30000000;
export const VMALLOC_START: u32 = 0xf0000000;
export const VMALLOC_END: u32 = 0xf8000000;
export const STACK_AREA_START: u32 = 0xf8000000;
export const STACK_AREA_END: u32 = 0xfa000000;
export const DEVICE_AREA_START: u32 = 0xffc00000;

export const KERNEL_STACK_SIZE: u32 = 8192;

/** An address in the machine's memory, as page tables and DMA have it. */
export type PhysAddr = u32 & { readonly __space?: 'physical' };
/** An address that code uses. */
export type VirtAddr = u32 & { readonly __space?: 'virtual' };

/** @inline */
export function physToVirt(address: PhysAddr): VirtAddr {
  return u32(address) + KERNEL_BASE;
}

/** Of an address in the direct map. @inline */
export function virtToPhys(address: VirtAddr): PhysAddr {
  return u32(address) - KERNEL_BASE;
}

/** Rounded down and up to whole pages. @inline */
export function pageFloor(address: u32): u32 {
  return address & PAGE_MASK;
}

/** @inline */
export function pageCeil(address: u32): u32 {
  return (address + PAGE_SIZE - 1) & PAGE_MASK;
}
