/** A kernel stack of KERNEL_STACK_SIZE bytes with an unmapped page below it: its lowest address; 0: no memory. */
export declare function allocKernelStack(): u32;
/** Never the stack that is in use. */
export declare function freeKernelStack(lowest: u32): void;
