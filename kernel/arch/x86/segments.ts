/*
 * Segment selectors. The numbers are those of Linux i386, which user programs get to see: __USER_CS and __USER_DS in
 * signal frames and core files, and the TLS entries 6 to 8 as the answers of set_thread_area.
 */

export const GDT_ENTRIES: u32 = 32;

export const GDT_TLS_FIRST: u32 = 6;
export const GDT_TLS_COUNT: u32 = 3;
export const GDT_KERNEL_CODE: u32 = 12;
export const GDT_KERNEL_DATA: u32 = 13;
export const GDT_USER_CODE: u32 = 14;
export const GDT_USER_DATA: u32 = 15;
export const GDT_TSS: u32 = 16;
/** Base: this CPU's Cpu. Loaded in GS while in the kernel. */
export const GDT_PER_CPU: u32 = 27;
export const GDT_DOUBLE_FAULT: u32 = 31;

export const KERNEL_CS: u16 = 0x60;
export const KERNEL_DS: u16 = 0x68;
export const USER_CS: u16 = 0x73;
export const USER_DS: u16 = 0x7b;
export const TSS_SELECTOR: u16 = 0x80;
export const PER_CPU_SELECTOR: u16 = 0xd8;
export const DOUBLE_FAULT_SELECTOR: u16 = 0xf8;
