/*
 * Bits of the control registers (SDM vol. 3A, 2.5).
 */

/** The FPU's instructions wait for its errors. */
export const CR0_MP: u32 = 0x00000002;
/** There is no FPU: its instructions trap. */
export const CR0_EM: u32 = 0x00000004;
/** A task switch happened: FPU instructions trap. */
export const CR0_TS: u32 = 0x00000008;
/** FPU errors are exceptions, not interrupts. */
export const CR0_NE: u32 = 0x00000020;
/** Read-only pages are read-only for the kernel, too. */
export const CR0_WP: u32 = 0x00010000;
export const CR0_PG: u32 = 0x80000000;

/** 4 MiB pages. */
export const CR4_PSE: u32 = 0x010;
/** Global pages. */
export const CR4_PGE: u32 = 0x080;
/** The system saves SSE registers by FXSAVE. */
export const CR4_OSFXSR: u32 = 0x200;
/** SSE errors are exceptions of their own. */
export const CR4_OSXMMEXCPT: u32 = 0x400;
