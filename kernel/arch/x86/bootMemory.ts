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
