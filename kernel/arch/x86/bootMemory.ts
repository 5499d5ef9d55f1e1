/*
 * The memory that the boot needs before there is any allocator: part of the image, zero at the start.
 */

/**
 * The first page directory (see boot.ts).
 *
 * @align 4096
 */
export const bootDirectory = zeroed<FixedArray<u32, 1024>>();

/**
 * The stack of the boot, and of the first CPU's idle task after it: 8 KiB, and a page below that becomes a hole as soon
 * as there are page tables.
 *
 * @align 4096
 */
export const bootStack = zeroed<FixedArray<u8, 12288>>();

/** Null, code and data, flat: for a CPU on its way from real mode. */
export const bootDescriptors = table<u64, 3>(0n, 0x00cf9b000000ffffn, 0x00cf93000000ffffn);

/** The kernel's page directory, once it is built (mm/kernelMap.ts): for CPUs that start, and that leave another one. */
export const kernelCr3 = zeroed<FixedArray<u32, 1>>();

/** Where a CPU that starts goes once it has a stack: a function of no arguments that does not return. */
export const startEntry = zeroed<FixedArray<u32, 1>>();

/** The top of the stack for the CPU that is being started; 0: none is (see trampoline.ts). */
export const offeredStack = zeroed<FixedArray<u32, 1>>();
